"""The faults that a test injects, and the rate limits that it sets."""

from __future__ import annotations

import math
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_datazone_ts import location, spelling, text
from pytest_datazone_ts.count import require_count, require_times
from pytest_datazone_ts.match import call_matches
from pytest_datazone_ts.service import model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from typing_extensions import Self

    from pytest_datazone_ts.clock import Clock
    from pytest_datazone_ts.entries import CallEntry
    from pytest_datazone_ts.faults import Fault
    from pytest_datazone_ts.match import Match
    from pytest_datazone_ts.records import Call

__tracebackhide__: location.Predicate = location.raised_on_purpose


def resolve_fault(fault: Fault | type[Fault] | str, operation: str) -> Fault:
    """Return the fault that an instance, a class or a name stands for.

    Raises:
        ValueError: It is not a fault of the operation.
        TypeError: It is a class whose instances need arguments.
    """
    from pytest_datazone_ts import faults  # noqa: PLC0415 - keeps the first use fast

    documented = model.operation(operation).errors
    common = [*(kind.__name__ for kind in faults.COMMON), "AwsError"]
    transport = [_class(fault).__name__ for fault in faults.TRANSPORT]
    known = [*documented, *common, *transport]
    named: object = fault
    if isinstance(fault, str) and fault in known:
        # A client's own model may document exceptions that have no class here.
        named = getattr(faults, fault, None) or faults.AwsError(fault, documented[fault])
    kind = _class(named)
    if not issubclass(kind, faults.Fault) or kind.__name__ not in known:
        is_misspelt = isinstance(fault, str) and fault not in faults.__all__
        hint = spelling.hint(fault, known) if is_misspelt else ""
        message = (
            f"inject() got {fault!r}, which is not a fault of {operation}.{hint} "
            f"It documents {', '.join(documented)}; "
            f"AWS's common errors are {', '.join(common)}; "
            f"the transport can fail with {', '.join(transport)}."
        )
        raise ValueError(message)
    if isinstance(named, faults.Fault):
        return named
    try:
        return kind()
    except TypeError:
        message = (
            f"{kind.__name__} takes arguments: inject an instance, such as "
            f"faults.{kind.__name__}(...)"
        )
        raise TypeError(message) from None


def _class(fault: object) -> type:
    return fault if isinstance(fault, type) else type(fault)


class Injection:
    """A fault injected with ``DataZoneTimeSeries.inject``.

    As a context manager it cancels itself on exit.
    """

    def __init__(
        self,
        fault: Fault,
        *,
        operation: str,
        match: Match,
        times: int | None,
        after: int,
        call: int | None = None,
    ) -> None:
        require_times("inject", times)
        require_count("inject(after=...) takes 0 or more attempts", after, 0)
        if call is not None:
            require_count("inject(call=...) takes 1 for the first call, 2 for the next", call, 1)
        self.fault = fault
        self.operation = operation
        self.times = times
        self.match = match
        self.call = call
        """The number of the matching call that it applies to, from 1; ``None`` for all of them."""
        self.armed_at: str = location.caller_location()
        """Where the test injected it: ``file:line``."""
        self.hits: int = 0
        """The number of attempts that it was used on."""
        self.let_through: int = after
        """The number of matching attempts that it lets through before it is used."""
        self._matched: list[CallEntry] = []
        """The first matching calls, up to the one that it applies to."""
        self._cancelled = False
        self._lock = threading.Lock()

    @property
    def remaining(self) -> int | None:
        """The number of attempts that it will still be used on; ``None`` for all of them."""
        if self._cancelled:
            return 0
        return None if self.times is None else self.times - self.hits

    def cancel(self) -> None:
        """Let all further attempts through; ``strict`` no longer expects it to be used."""
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
        target = self.operation if self.call is None else f"call {self.call} of {self.operation}"
        return (
            f"<Injection {self.fault!r} on {target}: {text.counted(self.hits, 'hit')}, "
            f"{'unlimited' if self.remaining is None else self.remaining} remaining, "
            f"injected at {self.armed_at}>"
        )

    def _matches(self, entry: CallEntry, call: Call) -> bool:
        """Return whether the fault applies to the next attempt of a call, and count the call."""
        # Once used up, do not call the test's ``where``: what it looks at may be gone.
        if self.operation != call.operation or self.remaining == 0:
            return False
        if not call_matches(self.match, call):
            return False
        if self.call is None:
            return True
        with self._lock:
            if entry not in self._matched and len(self._matched) < self.call:
                self._matched.append(entry)
            return len(self._matched) == self.call and self._matched[-1] is entry

    def _take(self) -> bool:
        """Use the fault on an attempt, unless it lets the attempt through."""
        with self._lock:
            if self.remaining == 0:  # by another thread, or by ``where``
                return False
            if self.let_through:
                self.let_through -= 1
                return False
            self.hits += 1
            return True


class RateLimit:
    """A token bucket in each region on the test's clock, set with ``rate_limit``."""

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
        """The number of calls that may be made at once."""
        self.armed_at: str = location.caller_location()
        """Where the test set it: ``file:line``."""
        self.throttled: int = 0
        """The number of attempts that it throttled."""
        self._clock = clock
        from fractions import Fraction  # noqa: PLC0415 - keeps the first use fast

        # Fractions, as 0.1 s at 10 calls a second does not always add up to one token in floats.
        self._per_microsecond = Fraction(str(rate)) / 1_000_000
        self._burst = Fraction(str(burst))
        self._buckets: dict[str, tuple[Fraction, int]] = {}
        """The tokens in each region's bucket, and when it was last refilled."""
        self._cancelled = False
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """Lift the limit."""
        self._cancelled = True

    def _admit(self, region: str) -> bool:
        """Take a token from a region's bucket, if one is available."""
        with self._lock:
            if self._cancelled:
                return True
            now = self._microseconds()
            tokens, refilled_at = self._buckets.get(region, (self._burst, now))
            # The test may have moved its clock back.
            elapsed = max(0, now - refilled_at)
            tokens = min(self._burst, tokens + elapsed * self._per_microsecond)
            is_admitted = tokens >= 1
            if is_admitted:
                tokens -= 1
            else:
                self.throttled += 1
            self._buckets[region] = (tokens, now)
            return is_admitted

    def _microseconds(self) -> int:
        return round(self._clock.time() * 1_000_000)


class Injections:
    """The faults and rate limits of one double."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._injections: list[Injection] = []
        self._rate_limits: dict[str, RateLimit] = {}
        self._over_http = False

    def add(self, injection: Injection) -> None:
        """Add a fault, which is used after those added earlier.

        Raises:
            ValueError: The double is served over HTTP, where the fault cannot happen.
        """
        self._require_possible(injection.fault)
        with self._lock:
            self._injections.append(injection)

    def limit(self, operation: str, limit: RateLimit) -> None:
        """Set the rate limit of an operation."""
        with self._lock:
            self._rate_limits[operation] = limit

    def has_fault(self, operation: str) -> bool:
        """Return whether a fault may still be used on an operation."""
        return any(
            injection.operation == operation and injection.remaining != 0
            for injection in self._injections
        )

    def take(self, entry: CallEntry) -> Injection | None:
        """Return the injection that is used on the next attempt of a call, if any."""
        call = entry.record()
        taken = None
        for injection in tuple(self._injections):
            # An attempt gets only one fault, but its call counts for all of them.
            if taken is not None and injection.call is None:
                continue
            matches = injection._matches(entry, call)  # noqa: SLF001 - not for tests
            if matches and taken is None and injection._take():  # noqa: SLF001 - not for tests
                taken = injection
        return taken

    def exceeded(self, operation: str, region: str) -> RateLimit | None:
        """Take a token for the next attempt; return the rate limit if that throttles it."""
        limit = self._rate_limits.get(operation)
        if limit is None or limit._admit(region):  # noqa: SLF001 - not for tests
            return None
        return limit

    def unused(self) -> list[Injection]:
        """Return the injections that were not used up."""
        return [injection for injection in self._injections if is_unused(injection)]

    @contextmanager
    def over_http(self) -> Iterator[None]:
        """Reject the faults that cannot happen over HTTP while the double is served.

        Raises:
            ValueError: Such a fault was injected before.
        """
        self._over_http = True
        try:
            for injection in tuple(self._injections):
                if injection.remaining != 0:
                    self._require_possible(injection.fault)
            yield
        finally:
            self._over_http = False

    def clear(self) -> None:
        """Forget every fault and rate limit."""
        with self._lock:
            self._injections.clear()
            self._rate_limits.clear()

    def _require_possible(self, fault: Fault) -> None:
        """Raise a ``ValueError`` if a fault cannot happen over HTTP, and the double is served."""
        from pytest_datazone_ts.faults.base import impossible_over_http  # noqa: PLC0415 - keeps the first use fast

        reason = impossible_over_http(fault) if self._over_http else ""
        if reason:
            message = f"{type(fault).__name__} cannot be injected: {reason}"
            raise ValueError(message)

    def __bool__(self) -> bool:
        return bool(self._injections)


def is_unused(injection: Injection) -> bool:
    """Return whether an injection has a number of ``times`` and was not used up."""
    if injection.remaining is None:
        return injection.call is not None and not injection.hits
    return injection.remaining > 0
