"""One run of a sweep: the code, a fresh double, and the fault of one cell."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

import pytest

from pytest_datazone_ts import faults, location, sweep_code
from pytest_datazone_ts.audit import identity
from pytest_datazone_ts.clock import frozen_time_restored
from pytest_datazone_ts.double import exchange_behind
from pytest_datazone_ts.ending import Ending
from pytest_datazone_ts.errors import SweepError
from pytest_datazone_ts.faults import TransportFault
from pytest_datazone_ts.injections import Injection, Injections
from pytest_datazone_ts.match import Match
from pytest_datazone_ts.mock import ActiveDouble
from pytest_datazone_ts.reporting import matrix, messages, timeline
from pytest_datazone_ts.sweep_code import HungError
from pytest_datazone_ts.text import excerpt
from pytest_datazone_ts.views import DataPoints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_datazone_ts.clock import Clock
    from pytest_datazone_ts.double import DataZoneTimeSeries
    from pytest_datazone_ts.entries import CallEntry
    from pytest_datazone_ts.faults import Fault
    from pytest_datazone_ts.options import Options
    from pytest_datazone_ts.records import Call, DataPoint
    from pytest_datazone_ts.sweep_cell import Mode

__tracebackhide__: location.Predicate = location.raised_on_purpose

_ENDING = Ending("the run of a sweep")
_MAX_REASONS = 3
"""The maximum number of reasons shown for code that has no effect."""
_REASON = 400
"""The number of characters of a reason that are shown."""


class Site(NamedTuple):
    """A call of the baseline."""

    operation: str
    call: int
    """Its number among those of the operation, from 1."""
    location: str


class Step(NamedTuple):
    """The fault, the call and the mode of one cell."""

    site: Site
    fault: Fault
    mode: Mode

    @property
    def name(self) -> str:
        """The name of the fault."""
        return type(self.fault).__name__

    def __str__(self) -> str:
        operation, call, where = self.site
        return f"{self.name}, {self.mode}, at call {call} of {operation}, {where}"


def _can_meet(operation: str, fault: Fault) -> bool:
    """Return whether a fault can happen to an operation."""
    return isinstance(fault, TransportFault) or type(fault) in faults.documented(operation)


class _Watch(Injections):
    """The injections of one run, which count its calls and make those of a cell fail."""

    def __init__(self, step: Step | None, max_calls: float) -> None:
        super().__init__()
        self.sites: list[Site] = []
        """The calls of the code, in order."""
        self.hung: str | None = None
        """Why the run was ended."""
        self.failed: dict[str, int] = {}
        """The operations that failed, with the number of their attempts that were let through."""
        self._step = step
        self._injection = None if step is None else _injection(step)
        self._max_calls = max_calls
        self._watching = False
        self._calls: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()
        self._counting = threading.Lock()

    def __bool__(self) -> bool:
        return True

    def begin(self) -> None:
        """Start to watch: earlier calls were not made by the code."""
        self._watching = True

    def hang(self, reason: str) -> None:
        """End the run as hung, once: if the code catches even that, all further calls succeed."""
        if self.hung is None:
            self.hung = reason
            raise HungError

    def take(self, entry: CallEntry) -> Injection | None:
        """Return the injection for the next attempt of a call: the cell's, or one of the test."""
        if not self._watching:
            return super().take(entry)
        if self.hung is not None:
            return None
        with self._counting:
            number = 0 if entry.attempts else self._begin(entry.operation)
            if self._is_to_fail(entry, number):
                self.failed.setdefault(entry.operation, self._attempts[entry.operation])
                return self._injection
            self._attempts[entry.operation] += 1
        return super().take(entry)

    def _begin(self, operation: str) -> int:
        """Note a new call, and return its number."""
        if len(self.sites) >= self._max_calls:
            self.hang(f"more than {self._max_calls} calls")
        self._calls[operation] += 1
        number = self._calls[operation]
        self.sites.append(Site(operation, number, location.user_location(sweep_code.run.__code__)))
        return number

    def _is_to_fail(self, call: CallEntry, number: int) -> bool:
        """Return whether the next attempt of a call must fail; ``number`` is 0 for a retry."""
        if self._step is None or self._injection is None:
            return False
        site, fault, mode = self._step
        if (call.operation, number) == site[:2]:
            return True
        if mode == "call":
            return bool(call.attempts) and call.attempts[0].fault is fault
        return mode == "outage" and bool(self.failed) and _can_meet(call.operation, fault)


def _injection(step: Step) -> Injection:
    return Injection(
        step.fault, operation=step.site.operation, match=Match(), times=None, after=0, call=None
    )


class _Sleepers(WeakSet[object]):
    """The threads and tasks that sleep virtually in a run: also threads that it starts."""

    def __init__(self) -> None:
        super().__init__()
        self._others = {*threading.enumerate()} - {threading.current_thread()}

    def __contains__(self, item: object) -> bool:
        return super().__contains__(item) or (
            isinstance(item, threading.Thread) and item not in self._others
        )


class Run(NamedTuple):
    """What happened in one run."""

    points: Sequence[DataPoint]
    calls: Sequence[Call]
    sites: Sequence[Site]
    sleeps: tuple[float, ...]
    failed: Mapping[str, int]
    """The operations that failed, with the number of their attempts that were let through."""
    hung: str | None
    """The limit that the run exceeded, if any."""
    error: BaseException | None
    result: object
    """What the code returned."""
    reported: bool
    """Whether what the code returned reports a failure."""


class Runner:
    """Runs the code, each time with a fresh double."""

    def __init__(
        self,
        code: Callable[[], Any],
        *,
        setup: Callable[[DataZoneTimeSeries], object] | None,
        reported: Callable[[Any], object] | None,
        timeout: float,
        options: Options,
    ) -> None:
        self._code = code
        self._setup = setup
        self._reported = reported
        self._timeout = timeout
        self._options = options

    def baseline(self, *, max_calls: float, timestamps: bool) -> Run:
        """Run the code twice without a fault, and return the first run.

        Raises:
            SweepError: The code fails, makes no call or has no effect, or its two runs differ.
        """
        run = self._run(None, max_calls=max_calls)
        if run.error is not None:
            message = f"without a fault the code raises {sweep_code.describe_error(run.error)}"
            raise SweepError(message) from run.error
        reason = (
            f"without a fault the code hangs: {run.hung}"
            if run.hung is not None
            else "without a fault, reported(...) is already true of what the code returned: "
            f"{sweep_code.describe_result(run.result)}"
            if run.reported
            else "the code makes no DataZone call, so nothing can fail. Calls that a double of its "
            "own answers, or that another process makes, do not count"
            if not run.sites
            else _describe_no_effect(run.calls)
        )
        if reason:
            raise SweepError(reason)
        self.require_same(
            run,
            "without a fault the code does not do the same in two runs:",
            max_calls=max_calls,
            timestamps=timestamps,
        )
        return run

    def require_same(
        self, baseline: Run, title: str, *, max_calls: float, timestamps: bool
    ) -> None:
        """Run the code without a fault once more.

        Args:
            baseline: The first such run.
            title: How to say that the code did not do the same.
            max_calls: The number of calls from which on it hangs.
            timestamps: Whether points with different timestamps are different.

        Raises:
            SweepError: It does not do the same.
        """
        with sweep_code.silence():
            again = self._run(None, max_calls=max_calls)
        calls, calls_again = (
            Counter((site.operation, site.location) for site in each.sites)
            for each in (baseline, again)
        )
        difference = matrix.describe_difference(
            title,
            surplus(baseline.points, again.points, timestamps=timestamps),
            surplus(again.points, baseline.points, timestamps=timestamps),
            calls - calls_again,
            calls_again - calls,
            timestamps=timestamps,
        )
        if difference:
            raise SweepError(difference)

    def run(self, step: Step, *, max_calls: int) -> Run:
        """Run the code for one cell.

        Raises:
            SweepError: The code does not make the call that must fail, or ends the test.
        """
        try:
            with sweep_code.silence():
                run = self._run(step, max_calls=max_calls)
        except (pytest.fail.Exception, pytest.skip.Exception) as error:
            reason = sweep_code.describe_error(error)
            message = (
                f"with {step}, something ended the test while the code ran: {reason}. If the code "
                "did it itself, have it raise an exception instead"
            )
            raise SweepError(message) from error
        if not run.failed:
            site = step.site
            message = (
                f"the code made call {site.call} of {site.operation} at {site.location} in two "
                "runs and not in another: what it does must not depend on earlier runs"
            )
            raise SweepError(message)
        return run

    def _run(self, step: Step | None, *, max_calls: float) -> Run:
        watch = _Watch(step, max_calls)
        with frozen_time_restored(), ActiveDouble(self._options, _ENDING) as double:
            exchange = exchange_behind(double)
            exchange.injections = watch
            if self._setup is not None:
                self._setup(double)
            already = len(exchange.log.calls())
            exchange.sleepers = _Sleepers()
            watch.begin()
            _limit(exchange.clock, self._timeout, watch.hang)
            result, error = sweep_code.run(self._code)
            if exchange.errors:
                raise SweepError(messages.swallowed_errors(exchange.errors)) from error
            return Run(
                points=exchange.service.store.points(),
                calls=exchange.log.calls()[already:],
                sites=watch.sites,
                sleeps=tuple(exchange.sleeps),
                failed=watch.failed,
                hung=watch.hung,
                error=error,
                result=result,
                reported=error is None
                and watch.hung is None
                and self._reported is not None
                and bool(self._reported(result)),
            )


def _limit(clock: Clock, seconds: float, hang: Callable[[str], None]) -> None:
    """Call ``hang`` once more than ``seconds`` have passed on a clock."""
    limit = seconds
    deadline = clock.time() + limit
    advance = clock.advance

    def limited(seconds: float) -> None:
        advance(seconds)
        if clock.time() > deadline:
            hang(f"more than {limit:g} seconds of the test's clock")

    clock.advance = limited  # type: ignore[method-assign]


def _describe_no_effect(calls: Sequence[Call]) -> str:
    """Return why no fault can do harm to the calls of a run, or ``""`` if one can.

    Code that only reads is accepted if it finds something to read.
    """
    writes = [call for call in calls if not call.operation.startswith(("Get", "List", "Search"))]
    decisive = writes or [call for call in calls if call.operation.startswith("Search")]
    if not decisive or any(map(_has_effect, decisive)):
        return ""
    reasons = dict.fromkeys(
        f"  {call.operation}: {excerpt(timeline.without_secrets(attempt.reason, call), _REASON)}"
        for call in decisive
        for attempt in call.attempts
        if attempt.reason is not None
    )
    title = "without a fault, the code stored no data point, so no fault can lose or double one"
    return "\n".join([f"{title}:" if reasons else title, *[*reasons][:_MAX_REASONS]])


def _has_effect(call: Call) -> bool:
    """Return whether a write stored or changed something, or a search found something."""
    if any(attempt.stored for attempt in call.attempts):
        return True  # even if no response arrived
    return call.succeeded and call.attempts[-1].reason is None


def surplus(
    points: Iterable[DataPoint], others: Iterable[DataPoint], *, timestamps: bool
) -> DataPoints:
    """Return the points that are not, or not as often, among the others."""
    left = Counter(identity(point, timestamps=timestamps) for point in others)
    found = []
    for point in points:
        key = identity(point, timestamps=timestamps)
        if left[key]:
            left[key] -= 1
        else:
            found.append(point)
    return DataPoints(found)
