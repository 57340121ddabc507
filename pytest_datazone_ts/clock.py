"""The clock of a double.

It follows the time that freezegun or time-machine sets, and a virtual sleep advances their clock.
If neither is active, the clock is the real time plus all virtual sleeps.
"""

from __future__ import annotations

import math
import sys
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

from pytest_datazone_ts import location

__tracebackhide__: location.Predicate = location.raised_on_purpose

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - freezegun's times are naive, in UTC
_LATEST = (datetime(9999, 1, 2) - _EPOCH).total_seconds()  # noqa: DTZ001 - as above


def require_seconds(what: str, value: object) -> None:
    """Raise a ``ValueError`` unless a value is a number of seconds that can pass."""
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not math.isfinite(value)
        or value < 0
    ):
        error = f"{what} takes a finite number of seconds, 0 or more, not {value!r}"
        raise ValueError(error)


class Clock:
    """The time that the test sees."""

    def __init__(self) -> None:
        self.passed: float = 0.0
        """The seconds that have passed without waiting."""
        self._ahead = 0.0
        self._lock = threading.Lock()

    def time(self) -> float:
        """Return seconds since the epoch."""
        return self.now().timestamp()

    def now(self) -> datetime:
        """Return the time as an aware datetime in UTC."""
        freezegun = _freezegun()
        if freezegun is not None:
            # Not datetime.now(): for modules on freezegun's ignore list it returns the real time.
            frozen: datetime = freezegun()
            return frozen.replace(tzinfo=timezone.utc)
        if not self._ahead or _traveller() is not None:
            return _now()
        return _now() + timedelta(seconds=self._ahead)

    def advance(self, seconds: float) -> None:
        """Advance the clock without waiting, up to the latest time that a datetime can hold."""
        with self._lock:
            self.passed += seconds
            freezegun, traveller = _freezegun(), _traveller()
            if freezegun is not None:
                # Not tick(), which discards the real time that a ticking clock has counted; and
                # no call to freezegun(), which would advance an auto-ticking clock.
                frozen = (freezegun.time_to_freeze - _EPOCH).total_seconds()
                freezegun.time_to_freeze += timedelta(seconds=_until_latest(seconds, frozen))
            elif traveller is not None:
                traveller.shift(_until_latest(seconds, _now().timestamp()))
            else:
                self._ahead += _until_latest(seconds, self.time())

    @property
    def held(self) -> bool:
        """Whether freezegun or time-machine controls it."""
        return _freezegun() is not None or _traveller() is not None


def _now() -> datetime:
    """Return the time that time-machine sets, or else the real time.

    A test may have patched ``time.time`` with a limited number of results, so it is not called.
    """
    return datetime.now(timezone.utc)


def _until_latest(seconds: float, now: float) -> float:
    """Return ``seconds``, or less if a datetime could not hold the time after them."""
    return max(0.0, min(seconds, _LATEST - now))


def _freezegun() -> Any:
    """Return freezegun's innermost time factory, if it is active."""
    return _innermost(getattr(sys.modules.get("freezegun.api"), "freeze_factories", None))


def _traveller() -> Any:
    """Return time-machine's innermost traveller, if it is active."""
    loaded = sys.modules.get("time_machine")
    before_3_0 = getattr(loaded, "coordinates_stack", None)
    return _innermost(getattr(loaded, "traveller_stack", before_3_0))


def _innermost(stack: list[Any] | None) -> Any:
    return stack[-1] if stack else None


@contextmanager
def frozen_time_restored() -> Iterator[None]:
    """Restore the time of freezegun or time-machine on exit, if one of them is active."""
    freezegun, traveller = _freezegun(), _traveller()
    before = (None if freezegun is None else freezegun.time_to_freeze, _now())
    try:
        yield
    finally:
        if freezegun is not None:
            freezegun.time_to_freeze = before[0]
        elif traveller is not None:
            traveller.shift(before[1] - _now())
