"""``mock_datazone_ts``, and the activation of a double that it shares with the fixtures."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from pytest_datazone_ts import location
from pytest_datazone_ts.double import DataZoneTimeSeries, exchange_behind
from pytest_datazone_ts.ending import Ending
from pytest_datazone_ts.options import Options, run_options
from pytest_datazone_ts.transport import activation

if TYPE_CHECKING:
    import unittest
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from typing_extensions import Unpack

    from pytest_datazone_ts.option_keywords import OptionKeywords

__tracebackhide__: location.Predicate = location.raised_on_purpose

_FIXTURE = ("_fixture_function_marker", "_pytestfixturefunction")
"""The attributes that mark a fixture, in pytest 8.4 and later, and in earlier versions."""
_BLOCK = Ending("the block or function that mock_datazone_ts() was for")

Decorated = TypeVar("Decorated", bound="Callable[..., Any]")


class ActiveDouble:
    """A context manager that activates a fresh double, which answers every DataZone client.

    Args:
        options: The options of the double.
        ending: The end that the double records on exit.
    """

    def __init__(self, options: Options, ending: Ending) -> None:
        self.double: DataZoneTimeSeries = DataZoneTimeSeries(options)
        self._ending = ending

    def __enter__(self) -> DataZoneTimeSeries:
        activation.activate(self.double, exchange_behind(self.double))
        return self.double

    def __exit__(self, *_: object) -> None:
        exchange = exchange_behind(self.double)
        try:
            activation.deactivate(exchange)
        finally:
            exchange.ending = self._ending


def double_for_test(nodeid: str, options: Options) -> ActiveDouble:
    """Return a context manager that activates a fresh double for the running test.

    Once the double has ended, only that test may read it.
    """
    return ActiveDouble(options, Ending(f"the test {nodeid}", test=location.current_test()))


def verify(double: DataZoneTimeSeries) -> None:
    """Apply the option ``strict``.

    Raises:
        AssertionError: A fault was not used up, or the code under test swallowed an error.
    """
    problems = exchange_behind(double).problems() if double.options.strict else []
    if problems:
        raise AssertionError("\n".join(problems))


class MockDataZoneTimeSeries:
    """A context manager and decorator that activates a fresh double each time."""

    def __init__(self, keywords: Mapping[str, Any]) -> None:
        run_options().override(keywords, source="mock_datazone_ts()")  # fail here, not on entry
        self._keywords = keywords
        self._entered: list[tuple[int, ActiveDouble]] = []
        """The active doubles, each with the ID of the thread that started it."""
        self._lock = threading.Lock()

    def start(self) -> DataZoneTimeSeries:
        """Activate a double and return it; :meth:`stop` deactivates it."""
        active = self._new_double()
        double = active.__enter__()
        with self._lock:
            self._entered.append((threading.get_ident(), active))
        return double

    def stop(self) -> None:
        """Deactivate the double that was started last.

        Raises:
            AssertionError: The option ``strict`` found a problem.
            RuntimeError: No double was started.
        """
        verify(self._leave())

    def __enter__(self) -> DataZoneTimeSeries:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        double = self._leave()
        if exc_type is None:
            verify(double)

    async def __aenter__(self) -> DataZoneTimeSeries:
        return self.start()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(exc_type, exc, traceback)

    def _new_double(self) -> ActiveDouble:
        options = run_options().override(self._keywords, source="mock_datazone_ts()")
        return ActiveDouble(options, _BLOCK)

    def _leave(self) -> DataZoneTimeSeries:
        """Deactivate the double that this thread started last, or else the last of any thread.

        Some frameworks run the two halves of a fixture in different threads.
        """
        this_thread = threading.get_ident()
        with self._lock:
            if not self._entered:
                message = "mock_datazone_ts() was stopped, but not started"
                raise RuntimeError(message)
            own = [i for i, (thread, _) in enumerate(self._entered) if thread == this_thread]
            _, active = self._entered.pop(own[-1] if own else -1)
        active.__exit__()
        return active.double

    def __call__(self, target: Decorated) -> Decorated:
        """Decorate a function, a coroutine function or a class of tests."""
        if not isinstance(target, type):
            return cast("Decorated", self._decorate_function(target))
        import unittest  # noqa: PLC0415 - keeps the first use fast

        if issubclass(target, unittest.TestCase):
            self._decorate_test_case(target)
        else:
            self._decorate_class(target)
        return cast("Decorated", target)

    def _decorate_function(self, function: Any) -> Any:
        """Return a function or coroutine function that runs with a double of its own."""
        if isinstance(function, (staticmethod, classmethod)):
            return type(function)(self._decorate_function(function.__func__))
        if not callable(function):
            message = (
                "mock_datazone_ts takes its options by keyword, and decorates functions and "
                f"classes: not {function!r}"
            )
            raise TypeError(message)
        is_fixture = any(hasattr(function, mark) for mark in _FIXTURE)
        if (
            is_fixture
            or inspect.isgeneratorfunction(function)
            or inspect.isasyncgenfunction(function)
        ):
            noun = "fixture" if is_fixture else "generator"
            name = getattr(function, "__qualname__", function)
            message = (
                f"mock_datazone_ts cannot decorate the {noun} {name}: use "
                "`with mock_datazone_ts() as ts: yield ts` inside it"
            )
            raise TypeError(message)
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def async_wrapper(*arguments: Any, **keywords: Any) -> Any:
                __tracebackhide__ = True
                with MockDataZoneTimeSeries(self._keywords):
                    return await function(*arguments, **keywords)

            return async_wrapper

        @functools.wraps(function)
        def wrapper(*arguments: Any, **keywords: Any) -> Any:
            __tracebackhide__ = True
            with MockDataZoneTimeSeries(self._keywords):
                return function(*arguments, **keywords)

        return wrapper

    def _decorate_class(self, decorated: type) -> None:
        """Decorate the methods whose names start with ``test``, as ``mock.patch`` does.

        A ``setup_method`` or ``teardown_method`` of the class shares the double of the test.
        """
        attributes = {
            name: inspect.getattr_static(decorated, name)
            for name in dir(decorated)
            if name.startswith("test")
        }
        methods = {
            name: attribute
            for name, attribute in attributes.items()
            if inspect.isfunction(attribute) or isinstance(attribute, (staticmethod, classmethod))
        }
        if not methods:
            message = (
                "mock_datazone_ts decorates a class's methods whose names start with 'test'; "
                f"{decorated.__qualname__} has none"
            )
            raise TypeError(message)
        if hasattr(decorated, "setup_method") or hasattr(decorated, "teardown_method"):
            self._decorate_setup(decorated)
            return
        for name, method in methods.items():
            setattr(decorated, name, self._decorate_function(method))

    def _decorate_setup(self, decorated: Any) -> None:
        """Activate the double in ``setup_method``, and end it in ``teardown_method``."""
        setup = getattr(decorated, "setup_method", None)
        teardown = getattr(decorated, "teardown_method", None)

        def setup_method(case: object, method: object) -> None:
            __tracebackhide__ = True
            self.__enter__()
            try:
                _call(setup, case, method)
            except BaseException:
                self.__exit__(*sys.exc_info())
                raise

        def teardown_method(case: object, method: object) -> None:
            __tracebackhide__ = True
            try:
                _call(teardown, case, method)
            except BaseException:
                self.__exit__(*sys.exc_info())
                raise
            self.__exit__(None, None, None)

        decorated.setup_method = setup_method
        decorated.teardown_method = teardown_method

    def _decorate_test_case(self, decorated: type[unittest.TestCase]) -> None:
        """Keep one double active during ``setUp``, the test, ``tearDown`` and the clean-ups."""
        run = decorated.run

        @functools.wraps(run)
        def wrapper(case: unittest.TestCase, result: Any = None) -> Any:
            if result is None:
                result = case.defaultTestResult()
            with self._new_double() as double:
                run(case, cast("unittest.TestResult", _VerifyingResult(result, double)))
            return result

        decorated.run = wrapper  # type: ignore[assignment, method-assign]


def _call(function: Callable[..., object] | None, case: object, method: object) -> None:
    """Call a setup or teardown method as pytest does, with ``method`` if it takes it."""
    if function is not None:
        takes_method = len(inspect.signature(function).parameters) > 1
        function(case, method) if takes_method else function(case)


class _VerifyingResult:
    """A unittest result that turns a success into a failure if ``strict`` finds a problem."""

    def __init__(self, result: unittest.TestResult, double: DataZoneTimeSeries) -> None:
        self._result = result
        self._double = double

    def __getattr__(self, name: str) -> Any:
        return getattr(self._result, name)

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802 - the name in unittest
        try:
            verify(self._double)
        except AssertionError:
            self._result.addFailure(test, sys.exc_info())
        else:
            self._result.addSuccess(test)


@overload
def mock_datazone_ts(target: Decorated, /) -> Decorated: ...
@overload
def mock_datazone_ts(**options: Unpack[OptionKeywords]) -> MockDataZoneTimeSeries: ...
def mock_datazone_ts(target: Any = None, /, **options: Any) -> Any:
    """Activate a double, as a context manager or a decorator.

    ``with mock_datazone_ts() as ts:`` yields the :class:`DataZoneTimeSeries`, and so does
    ``async with``; ``start()`` returns it, and ``stop()`` ends it. As a decorator, with or
    without parentheses, it takes functions, ``async def`` functions and classes of tests
    (``unittest.TestCase`` too); decorated code gets the double with
    ``DataZoneTimeSeries.current()``. Doubles nest: the innermost answers.

    Args:
        target: The function or class to decorate, if used without parentheses.
        options: The options of the double. In a pytest run, its ini settings are the defaults.

    Raises:
        TypeError: An option is unknown, or the target cannot be decorated.
        ValueError: The value of an option is not one of its choices.
    """
    mock = MockDataZoneTimeSeries(options)
    return mock if target is None else mock(target)
