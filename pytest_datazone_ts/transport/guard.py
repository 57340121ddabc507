"""The guard, which blocks DataZone calls that no double answers.

Such a call is blocked if the ini setting ``guard`` is on, if the running test requests
``datazone_ts`` and makes the call while its double is not active, or in a child process that was
started while a double was active. Otherwise botocore sends it, with a warning if it bypasses moto's
``mock_aws``, which looks like a safety net.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, NamedTuple, NoReturn
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from pytest_datazone_ts import location
from pytest_datazone_ts.transport import active

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

    from pytest_datazone_ts.errors import DataZoneBlockedError

_ADVICE = "Add the fixture datazone_ts to the test, or wrap the code in mock_datazone_ts()."
_ADVICE_TO_CHILD = (
    "Start this child process, or its pool, in a test that requests datazone_ts_server: its calls "
    "then go to the double over HTTP."
)
_XUNIT = frozenset(
    f"{when}{what}"
    for when in ("setup", "teardown")
    for what in ("", "_method", "_function", "_class", "_module")
) | {"setUp", "tearDown", "setUpClass", "tearDownClass", "setUpModule", "tearDownModule"}


class BlockedCall(NamedTuple):
    """A call that was blocked."""

    test: str | None
    """The id of the test that made it, or that started the thread that did."""
    description: str
    """The location of the call, and why it was blocked."""


class RunningTest(NamedTuple):
    """The test that is running."""

    nodeid: str | None
    """Its id; ``None`` while no test is running."""
    requires_double: bool = False
    """Whether it requests ``datazone_ts``."""
    passes_others_through: Callable[[], bool] = bool
    """Returns whether its double lets operations other than the time-series ones through."""
    sweeps: bool = False
    """Whether its only doubles are those of its sweeps."""


_runs = 0
"""The number of pytest runs in progress, each inside the one before."""
_guards = False
_test = RunningTest(None)
_blocked: list[BlockedCall] = []
_threads: WeakKeyDictionary[threading.Thread, str | None] = WeakKeyDictionary()
"""Threads that outlived the test that started them, with its id."""


def start(*, guards: bool) -> Callable[[], None]:
    """Begin a pytest run.

    Args:
        guards: Whether time-series calls that no double answers are blocked.

    Returns:
        A function that ends the run. The guard stays on until the process ends, unless the run
        was inside another one.
    """
    global _guards, _runs  # noqa: PLW0603 - process-wide state
    before, _guards = _guards, guards or (_runs > 0 and _guards)
    if _runs == 0:
        _blocked.clear()  # calls blocked between two runs belong to neither
    _runs += 1

    def stop() -> None:
        global _guards, _runs  # noqa: PLW0603 - process-wide state
        _runs -= 1
        if _runs:
            _guards = before

    return stop


def is_guarding() -> bool:
    """Return whether calls that no double answers are blocked, or sent to the parent's double."""
    return _guards or active.parent_double() is not None


def begin_test(test: RunningTest) -> RunningTest:
    """Set the running test, and return the one that it runs inside."""
    global _test
    outer, _test = _test, test
    return outer


def end_test(outer: RunningTest) -> None:
    """End the running test, and attribute the threads that it leaves behind to it.

    Args:
        outer: The test that it ran inside.
    """
    global _test  # noqa: PLW0603 - process-wide state
    if _guards:
        for thread in threading.enumerate():
            if thread is not threading.main_thread():
                _threads.setdefault(thread, _test.nodeid)
    _test = outer


def require_double(passes_others_through: Callable[[], bool], *, sweeps: bool) -> None:
    """Stop the calls that the running test makes while its double is not active.

    Args:
        passes_others_through: Returns whether the double lets other operations through.
        sweeps: Whether the only doubles of the test are those of its sweeps.
    """
    global _test  # noqa: PLW0603 - process-wide state
    _test = _test._replace(
        requires_double=True, passes_others_through=passes_others_through, sweeps=sweeps
    )


def take_blocked(test: str | None) -> list[str]:
    """Return the calls of a test that were blocked, and forget them."""
    if not _blocked:
        return []
    with active.lock:
        taken = [call for call in _blocked if call.test == test]
        _blocked[:] = [call for call in _blocked if call.test != test]
    return list(dict.fromkeys(call.description for call in taken))


def take_rest() -> list[str]:
    """Return all other calls that were blocked, and forget them."""
    with active.lock:
        taken = [*_blocked]
        _blocked.clear()
    return [
        call.description if call.test is None else f"{call.test}: {call.description}"
        for call in dict.fromkeys(taken)
    ]


def add_blocked(descriptions: Iterable[str]) -> None:
    """Add calls that were blocked in another process."""
    with active.lock:
        _blocked.extend(BlockedCall(None, description) for description in descriptions)


def check_call(operation: str, url: str) -> None:
    """Stop a call that must not be made, before it is signed or sent.

    Raises:
        DataZoneBlockedError: The call was blocked.
    """
    parent_double = active.parent_double()
    if parent_double is not None:
        if parent_double.endpoint_url is None:
            message = (
                f"{operation} was about to go to {_host(url)} from a child process, where the "
                f"double of the test is not active. {_ADVICE_TO_CHILD}"
            )
            raise _error(message)
        return
    if not (_test.requires_double or _guards):
        return
    from pytest_datazone_ts.service import model  # noqa: PLC0415 - keeps start-up fast

    is_time_series = operation in model.TIME_SERIES_OPERATIONS
    if _test.requires_double and (is_time_series or not _test.passes_others_through()):
        _block(f"{operation} was about to go to {_host(url)} {_advice_outside_double()}")
    if is_time_series and _guards:
        _block(
            f"{operation} was about to go to {_host(url)} while no double is active: the ini "
            f"setting datazone_ts_guard blocked it. {_ADVICE_TO_CHILD if _is_child() else _ADVICE}"
        )


def check_send(operation: str, url: str) -> None:
    """Stop a request that must not be sent, and warn about one that bypasses moto.

    Raises:
        DataZoneBlockedError: The request was blocked.
    """
    check_call(operation, url)
    if active.parent_double() is None and _bypasses_moto(url):
        from pytest_datazone_ts.errors import (  # noqa: PLC0415 - rarely needed
            DataZonePassthroughWarning,
        )

        test = location.current_test()
        location.warn(
            f"{'' if test is None else f'{test}: '}the DataZone call {operation} goes to "
            f"{_host(url)}. moto's mock_aws is active, but moto has no DataZone. {_ADVICE}",
            DataZonePassthroughWarning,
        )


def _block(message: str) -> NoReturn:
    thread = threading.current_thread()
    is_main = thread is threading.main_thread()
    test = _test.nodeid if is_main else _threads.get(thread, _test.nodeid)
    where = location.caller_location()
    if not is_main:
        where += f" in thread {thread.name!r}"
    with active.lock:
        _blocked.append(BlockedCall(test, f"{where}: {message}"))
    raise _error(message)


def _error(message: str) -> DataZoneBlockedError:
    """Return the error for a call that was blocked."""
    from pytest_datazone_ts.errors import DataZoneBlockedError  # noqa: PLC0415 - rarely needed

    return DataZoneBlockedError(message)


def _advice_outside_double() -> str:
    """Return the end of a message: which function called, and how to give it the double."""
    if _test.sweeps:
        return (
            "outside the sweep of this test. Pass the function itself, as in "
            "datazone_ts_sweep(lambda: publish(...)); for calls beside the sweep, have the test "
            "request datazone_ts too."
        )
    name = _test_function()
    if name is None:
        return (
            "while the double of this test is not active. Call it only while the fixture "
            "datazone_ts is."
        )
    if name.rpartition(".")[2] in _XUNIT:
        return (
            f"from {name}, outside the life of this test's double. Replace it with a fixture that "
            "requests datazone_ts, such as @pytest.fixture(autouse=True)."
        )
    return (
        f"from {name}, outside the life of this test's double. Have {name} request datazone_ts: it "
        "is then set up after the double and torn down before it."
    )


def _test_function() -> str | None:
    """Return the user's function that pytest or unittest called, perhaps through a plugin."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - what inspect uses
    name: str | None = None
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        is_runner = module.partition(".")[0] in _RUNNERS and module != "unittest.mock"
        if is_runner and name is not None:
            return name
        if not is_runner and location.is_users(frame):
            name = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)
        frame = frame.f_back
    return None


_RUNNERS = frozenset({"_pytest", "pluggy", "pytest", "unittest"})


def _is_child() -> bool:
    """Return whether ``multiprocessing`` started this process."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


def _bypasses_moto(url: str) -> bool:
    """Return whether moto is active but does not answer requests for a URL."""
    models = sys.modules.get("moto.core.models")
    if models is None or not models.botocore_stubber.enabled:
        return False
    return not _host(url).endswith(".amazonaws.com")  # where moto answers every request


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
