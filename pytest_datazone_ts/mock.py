"""``mock_datazone_ts``, which puts a double in place."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import unittest
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, cast, overload

from pytest_datazone_ts import origin
from pytest_datazone_ts.double import DataZoneTimeSeries
from pytest_datazone_ts.options import Options
from pytest_datazone_ts.transport import hook

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Unpack

__tracebackhide__: origin.Hides = origin.hides_frames

_FIXTURE = ("_fixture_function_marker", "_pytestfixturefunction")
"""What pytest's fixtures have, from 8.4 on and before."""
_BLOCK = "the block or function that mock_datazone_ts() was for"

Decorated = TypeVar("Decorated", bound="Callable[..., Any]")


class OptionKeywords(TypedDict, total=False):
    """The keywords of ``mock_datazone_ts``, and those of the ``datazone_ts`` marker."""

    strict: bool
    unstubbed: Literal["error", "passthrough"]
    retry_sleep: Literal["virtual", "real"]
    content_check: Literal["off", "warn", "error"]
    sign: bool


class MockDataZoneTimeSeries:
    """A context manager and decorator that puts a fresh double in place each time."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._entered: list[tuple[int, DataZoneTimeSeries]] = []
        """Each with the thread that entered it."""
        self._lock = threading.Lock()

    def __enter__(self) -> DataZoneTimeSeries:
        double = DataZoneTimeSeries(self._options)
        hook.activate(double)
        with self._lock:
            self._entered.append((threading.get_ident(), double))
        return double

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        double = self._latest()
        hook.deactivate(double)
        double.end(_BLOCK)
        if exc_type is None:
            double.verify()

    def _latest(self) -> DataZoneTimeSeries:
        """Take out what this thread entered last; if it has nothing, what was entered last.

        Some frameworks run the two halves of a fixture in different threads.
        """
        here = threading.get_ident()
        with self._lock:
            mine = [at for at, (thread, _) in enumerate(self._entered) if thread == here]
            _, double = self._entered.pop(mine[-1] if mine else -1)
        return double

    def __call__(self, target: Decorated) -> Decorated:
        """Decorate a function, a coroutine function or a class of tests."""
        if not isinstance(target, type):
            return cast("Decorated", self._decorate_function(target))
        if issubclass(target, unittest.TestCase):
            self._decorate_test_case(target)
        else:
            self._decorate_class(target)
        return cast("Decorated", target)

    def _decorate_function(self, function: Any) -> Any:
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
                f"mock_datazone_ts can not decorate the {noun} {name}: use "
                "`with mock_datazone_ts() as ts: yield ts` inside it"
            )
            raise TypeError(message)
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def async_wrapper(*arguments: Any, **keywords: Any) -> Any:
                __tracebackhide__ = True
                with MockDataZoneTimeSeries(self._options):
                    return await function(*arguments, **keywords)

            return async_wrapper

        @functools.wraps(function)
        def wrapper(*arguments: Any, **keywords: Any) -> Any:
            __tracebackhide__ = True
            with MockDataZoneTimeSeries(self._options):
                return function(*arguments, **keywords)

        return wrapper

    def _decorate_class(self, decorated: type) -> None:
        """Decorate the methods whose names start with ``test``, as ``mock.patch`` does.

        Where pytest calls a ``setup_method`` or ``teardown_method`` around them, these have the
        same double.
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
        """Have one double around ``setUp``, the test, ``tearDown`` and the clean-ups."""
        run = decorated.run
        options = self._options

        @functools.wraps(run)
        def wrapper(case: unittest.TestCase, result: Any = None) -> Any:
            if result is None:
                result = case.defaultTestResult()
            double = DataZoneTimeSeries(options)
            hook.activate(double)
            try:
                run(case, cast("unittest.TestResult", _VerifyingResult(result, double)))
            finally:
                hook.deactivate(double)
                double.end(_BLOCK)
            return result

        decorated.run = wrapper  # type: ignore[assignment, method-assign]


def _call(function: Callable[..., object] | None, case: object, method: object) -> None:
    """Call a set-up or tear-down method as pytest does: ``method`` is optional."""
    if function is not None:
        takes_method = len(inspect.signature(function).parameters) > 1
        function(case, method) if takes_method else function(case)


class _VerifyingResult:
    """A result of unittest's, for which a test that owes its double something is a failure."""

    def __init__(self, result: unittest.TestResult, double: DataZoneTimeSeries) -> None:
        self._result = result
        self._double = double

    def __getattr__(self, name: str) -> Any:
        return getattr(self._result, name)

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's name
        try:
            self._double.verify()
        except AssertionError:
            self._result.addFailure(test, sys.exc_info())
        else:
            self._result.addSuccess(test)


@overload
def mock_datazone_ts(target: Decorated, /) -> Decorated: ...
@overload
def mock_datazone_ts(**options: Unpack[OptionKeywords]) -> MockDataZoneTimeSeries: ...
def mock_datazone_ts(target: Any = None, /, **options: Any) -> Any:
    """Put a double in place: as a context manager, or as a decorator.

    ``with mock_datazone_ts() as ts:`` gives the :class:`DataZoneTimeSeries`. As a decorator,
    with or without parentheses, it takes functions, ``async def`` functions and classes of
    tests (``unittest.TestCase`` too); decorated code finds the double with
    ``DataZoneTimeSeries.current()``. Doubles nest: the innermost answers.
    """
    mock = MockDataZoneTimeSeries(Options().but(options, source="mock_datazone_ts()"))
    return mock if target is None else mock(target)
