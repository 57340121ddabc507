"""The one clock of a double.

It follows whatever the test does to time with freezegun or time-machine. A virtual sleep
advances the clock that one of them holds; where neither is active, the clock runs ahead of
the real one by what was slept.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - freezegun's times are naive, in UTC
_LATEST = (datetime(9999, 1, 1) - _EPOCH).total_seconds()  # noqa: DTZ001 - as above


class Clock:
    """Seconds since the epoch as the test sees them."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._lock = threading.Lock()

    def time(self) -> float:
        """Return seconds since the epoch."""
        freezegun = _freezegun()
        if freezegun is not None:
            # Asked itself: to the callers on its ignore list, time.time() is the real one.
            seconds: float = (freezegun() - _EPOCH).total_seconds()
            return seconds
        return _time() if _traveller() is not None else _time() + self._ahead

    def now(self) -> datetime:
        """Return the time as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.time(), timezone.utc)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass without waiting, but not beyond what a datetime can tell."""
        with self._lock:
            freezegun, traveller = _freezegun(), _traveller()
            if freezegun is not None:
                # Its tick() forgets the real time that a ticking clock has counted.
                # Its time is not asked for either: that would move a stepping clock.
                frozen = (freezegun.time_to_freeze - _EPOCH).total_seconds()
                freezegun.time_to_freeze += timedelta(seconds=_until_latest(seconds, frozen))
            elif traveller is not None:
                traveller.shift(_until_latest(seconds, _time()))
            else:
                self._ahead += _until_latest(seconds, _time() + self._ahead)

    @property
    def held(self) -> bool:
        """Whether freezegun or time-machine holds it."""
        return _freezegun() is not None or _traveller() is not None


def _time() -> float:
    """Return what time-machine shows, or else the real time: a patch of ``time.time`` is not used.

    It may have a limited number of results, and they are the test's.
    """
    return datetime.now(timezone.utc).timestamp()


def _until_latest(seconds: float, now: float) -> float:
    """Return as much of ``seconds`` as a datetime has room for."""
    return max(0.0, min(seconds, _LATEST - now))


def _freezegun() -> Any:
    """Return what makes freezegun's times, if it is active."""
    return _innermost(getattr(sys.modules.get("freezegun.api"), "freeze_factories", None))


def _traveller() -> Any:
    """Return what moves time-machine's time, if it is active."""
    loaded = sys.modules.get("time_machine")
    before_3_0 = getattr(loaded, "coordinates_stack", None)
    return _innermost(getattr(loaded, "traveller_stack", before_3_0))


def _innermost(stack: list[Any] | None) -> Any:
    return stack[-1] if stack else None


@contextmanager
def frozen_time_restored() -> Iterator[None]:
    """Have freezegun or time-machine show the same time afterwards, if one of them is active."""
    freezegun, traveller = _freezegun(), _traveller()
    before = (None if freezegun is None else freezegun.time_to_freeze, _time())
    try:
        yield
    finally:
        if freezegun is not None:
            freezegun.time_to_freeze = before[0]
        elif traveller is not None:
            traveller.shift(before[1] - _time())
