"""The guard, which blocks DataZone calls that no double answers.

Such a call is blocked if the ini setting ``guard`` is on, if the running test requests
``datazone_ts`` and makes the call while its double is not active, or if it comes from a child
process that was started while a double was active. Otherwise botocore sends it, with a warning if
it bypasses moto's ``mock_aws``, which looks like a safety net.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from pytest_datazone_ts import guarded_run, location
from pytest_datazone_ts.transport import active

if TYPE_CHECKING:
    from types import FrameType

    from pytest_datazone_ts.errors import DataZoneBlockedError

_ADVICE = "Add the fixture datazone_ts to the test, or wrap the code in mock_datazone_ts()."
_ADVICE_TO_CHILD = (
    "Start this child process, or its pool, in a test that requests datazone_ts_server: the "
    "child's calls then go to the double over HTTP. If the process does not inherit the test's "
    "environment, update its os.environ with datazone_ts_server.environ, for example in the pool's "
    "initializer."
)
_XUNIT = frozenset(
    f"{when}{what}"
    for when in ("setup", "teardown")
    for what in ("", "_method", "_function", "_class", "_module")
) | {"setUp", "tearDown", "setUpClass", "tearDownClass", "setUpModule", "tearDownModule"}


def is_guarding() -> bool:
    """Return whether calls that no double answers are blocked, or sent to the parent's double."""
    parent = active.parent()
    return guarded_run.has_guard() or (parent is not None and parent.has_double)


def check_call(operation: str, url: str) -> None:
    """Stop a call that must not be made, before it is signed or sent.

    Raises:
        DataZoneBlockedError: The call was blocked.
    """
    parent = active.parent()
    if parent is not None:
        server_url = active.server_url()
        if server_url is not None and (parent.has_double or url.startswith(server_url)):
            return
        if parent.has_double:
            message = (
                f"{operation} was about to go to {_host(url)} from a child process, where the "
                f"double of the test is not active. {_ADVICE_TO_CHILD}"
            )
            raise _error(message)
    test = guarded_run.running_test()
    if not (test.requires_double or guarded_run.has_guard()):
        return
    from pytest_datazone_ts.service import model  # noqa: PLC0415 - keeps start-up fast

    is_time_series = operation in model.TIME_SERIES_OPERATIONS
    if test.requires_double and (is_time_series or not test.passes_others_through()):
        _block(f"{operation} was about to go to {_host(url)} {_advice_outside_double()}")
    if is_time_series and guarded_run.has_guard():
        advice = _ADVICE if parent is None else _ADVICE_TO_CHILD
        _block(
            f"{operation} was about to go to {_host(url)} while no double is active: the ini "
            f"setting datazone_ts_guard blocked it. {advice}"
        )


def check_send(operation: str, url: str) -> None:
    """Stop a request that must not be sent, and warn about one that bypasses moto.

    Raises:
        DataZoneBlockedError: The request was blocked.
    """
    check_call(operation, url)
    if active.server_url() is None and _bypasses_moto(url):
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
    where = location.caller_location()
    if thread is not threading.main_thread():
        where += f" in thread {thread.name!r}"
    guarded_run.add_blocked(f"{where}: {message}")
    raise _error(message)


def _error(message: str) -> DataZoneBlockedError:
    """Return the error for a call that was blocked."""
    from pytest_datazone_ts.errors import DataZoneBlockedError  # noqa: PLC0415 - rarely needed

    return DataZoneBlockedError(message)


def _advice_outside_double() -> str:
    """Return the end of a message: which function called, and how to give it the double."""
    if guarded_run.running_test().sweeps:
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


def _bypasses_moto(url: str) -> bool:
    """Return whether moto is active but does not answer requests for a URL."""
    models = sys.modules.get("moto.core.models")
    if models is None or not models.botocore_stubber.enabled:
        return False
    return not _host(url).endswith(".amazonaws.com")  # where moto answers every request


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
