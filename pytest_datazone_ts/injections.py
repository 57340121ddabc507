"""Faults that a test armed, and the rate limits it set."""

from __future__ import annotations

import math
import threading
from fractions import Fraction
from typing import TYPE_CHECKING

from pytest_datazone_ts import match as matching
from pytest_datazone_ts import origin, text

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from pytest_datazone_ts.clock import Clock
    from pytest_datazone_ts.faults import Fault
    from pytest_datazone_ts.match import Match
    from pytest_datazone_ts.records import Call

__tracebackhide__: origin.Hides = origin.hides_frames


class Injection:
    """A fault armed with ``DataZoneTimeSeries.inject``.

    As a context manager it cancels itself on exit.
    """

    def __init__(
        self, fault: Fault, *, operation: str, match: Match, times: int | None, after: int
    ) -> None:
        self.fault = fault
        self.operation = operation
        self.times = times
        self.armed_at: str = origin.calling()
        """Where the test armed it: ``file:line``."""
        self.hits: int = 0
        """How many attempts it was used on."""
        self.match = match
        self.let_through: int = after
        """How many more matching attempts go through first."""
        self._cancelled = False
        self._lock = threading.Lock()

    @property
    def remaining(self) -> int | None:
        """How many more attempts it will be used on; ``None``: all of them."""
        if self._cancelled:
            return 0
        return None if self.times is None else self.times - self.hits

    @property
    def owed(self) -> bool:
        """Whether the test expected more attempts than came: what ``strict`` looks at."""
        return not self._cancelled and self.times is not None and self.hits < self.times

    def cancel(self) -> None:
        """Let every further attempt through; ``strict`` no longer expects it to be used."""
        self._cancelled = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cancel()

    def __repr__(self) -> str:
        return (
            f"<Injection {self.fault!r} on {self.operation}: {text.counted(self.hits, 'hit')}, "
            f"{'unlimited' if self.remaining is None else self.remaining} remaining, "
            f"armed at {self.armed_at}>"
        )

    def take(self, call: Call) -> bool:
        """Tell whether this attempt of ``call`` gets the fault, and count it."""
        # One that is over is not asked: the test's own ``where`` may look at what is gone.
        if self.operation != call.operation or self.remaining == 0:
            return False
        if not matching.call_matches(self.match, call):
            return False
        with self._lock:
            if self.remaining == 0:  # another thread took the last, or ``where`` cancelled it
                return False
            if self.let_through:
                self.let_through -= 1
                return False
            self.hits += 1
            return True


class RateLimit:
    """A token bucket on the test's clock, set with ``DataZoneTimeSeries.rate_limit``."""

    def __init__(self, rate: float, *, burst: float, clock: Clock) -> None:
        arguments: tuple[tuple[str, object, int], ...] = (("rate", rate, 0), ("burst", burst, 1))
        for name, value, least in arguments:
            if (
                isinstance(value, bool)
                or not isinstance(value, (int, float))
                or not math.isfinite(value)
                or value < least
                or value == 0
            ):
                bound = "above 0 calls a second" if least == 0 else "1 or more"
                message = f"rate_limit({name}=...) takes a number, {bound}, not {value!r}"
                raise ValueError(message)
        self.rate = rate
        """Calls a second."""
        self.burst = burst
        """How many calls may come at once."""
        self.armed_at: str = origin.calling()
        """Where the test set it: ``file:line``."""
        self.throttled: int = 0
        """How many attempts it refused."""
        self._clock = clock
        # Fractions of what was written: as floats, 0.1 s at 10 a second is not always a token.
        self._per_microsecond = Fraction(str(rate)) / 1_000_000
        self._burst = Fraction(str(burst))
        self._tokens = self._burst
        self._refilled_at = self._microseconds()
        self._cancelled = False
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """Lift the limit."""
        self._cancelled = True

    def admit(self) -> bool:
        """Take a token if there is one."""
        with self._lock:
            if self._cancelled:
                return True
            now = self._microseconds()
            # A clock that the test moved back refills nothing and breaks nothing.
            elapsed = max(0, now - self._refilled_at)
            self._refilled_at = now
            self._tokens = min(self._burst, self._tokens + elapsed * self._per_microsecond)
            if self._tokens < 1:
                self.throttled += 1
                return False
            self._tokens -= 1
            return True

    def _microseconds(self) -> int:
        return round(self._clock.time() * 1_000_000)
