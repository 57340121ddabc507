"""What becomes of a DataZone call while no double is active.

It is botocore's to send. But with the ini setting ``guard`` a time-series operation is not
sent, and one that goes past moto, which people take for a net, comes with a warning.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from pytest_datazone_ts import location
from pytest_datazone_ts.errors import DataZoneBlockedError, DataZonePassthroughWarning

if TYPE_CHECKING:
    from collections.abc import Callable

_blocked: list[str] | None = None
"""What was stopped and not reported yet; ``None``: nothing is to be stopped."""

_WAY_OUT = "Add the fixture datazone_ts to the test, or wrap the code in mock_datazone_ts()."


def start() -> Callable[[], None]:
    """Stop time-series calls from here on; return what ends that."""
    global _blocked
    before, _blocked = _blocked, []

    def stop() -> None:
        global _blocked  # noqa: PLW0603
        _blocked = before

    return stop


def take_blocked() -> list[str]:
    """Return what was stopped since this was last asked, with the lines that called."""
    if not _blocked:
        return []
    blocked = list(dict.fromkeys(_blocked))
    _blocked.clear()
    return blocked


def let_pass(operation: str, url: str) -> None:
    """Consider a call that no double answers; a ``DataZoneBlockedError`` if it must not go out."""
    from pytest_datazone_ts.service import model  # noqa: PLC0415 - heavy

    if _blocked is not None and operation in model.TIME_SERIES_OPERATIONS:
        _block(operation, url, _blocked)
    if _is_past_moto(url):
        test = location.current_test()
        location.warn(
            f"{'' if test is None else f'{test}: '}the DataZone call {operation} goes to "
            f"{_host(url)}. moto's mock_aws is active, but moto has no DataZone. {_WAY_OUT}",
            DataZonePassthroughWarning,
        )


def _block(operation: str, url: str, blocked: list[str]) -> NoReturn:
    message = (
        f"{operation} was about to go to {_host(url)} while no double is active: the ini setting "
        f"datazone_ts_guard stopped it. {_WAY_OUT}"
    )
    blocked.append(f"{location.caller_location()}: {message}")
    raise DataZoneBlockedError(message)


def _is_past_moto(url: str) -> bool:
    """Tell whether moto is active and, like everybody else, will not answer this."""
    models = sys.modules.get("moto.core.models")
    if models is None or not models.botocore_stubber.enabled:
        return False
    return not _host(url).endswith(".amazonaws.com")  # there moto answers whatever it has not


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
