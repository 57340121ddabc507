"""One run of a sweep: the code, a fresh double, and the fault of one cell."""

from __future__ import annotations

import asyncio
import inspect
import math
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import BufferedWriter, RawIOBase, TextIOWrapper
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from pytest_datazone_ts import faults, location
from pytest_datazone_ts.audit import identity
from pytest_datazone_ts.clock import frozen_time_restored
from pytest_datazone_ts.double import exchange_behind
from pytest_datazone_ts.ending import Ending
from pytest_datazone_ts.errors import SweepError
from pytest_datazone_ts.faults import TransportFault
from pytest_datazone_ts.injections import Injection, Injections
from pytest_datazone_ts.match import Match
from pytest_datazone_ts.mock import active_double
from pytest_datazone_ts.reporting import matrix, messages
from pytest_datazone_ts.views import DataPoints

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_datazone_ts.clock import Clock
    from pytest_datazone_ts.double import DataZoneTimeSeries
    from pytest_datazone_ts.entries import CallEntry
    from pytest_datazone_ts.faults import Fault
    from pytest_datazone_ts.options import Options
    from pytest_datazone_ts.records import Call, DataPoint
    from pytest_datazone_ts.sweep_cell import Mode

__tracebackhide__: location.Predicate = location.raised_on_purpose

_ENDING = Ending("the run of a sweep")


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


def _can_meet(operation: str, fault: Fault) -> bool:
    """Return whether a fault can happen to an operation."""
    return isinstance(fault, TransportFault) or type(fault) in faults.documented(operation)


class _HungError(BaseException):
    """Ends a run that hangs; not an ``Exception``, which code might swallow."""


class _Watch(Injections):
    """The injections of one run, which count its calls and make those of a cell fail."""

    def __init__(self, step: Step | None, max_calls: float) -> None:
        super().__init__()
        self.sites: list[Site] = []
        """The calls of the code, in order."""
        self.hung = False
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

    def hang(self) -> NoReturn:
        """End the run as hung."""
        self.hung = True
        raise _HungError

    def take(self, entry: CallEntry) -> Injection | None:
        """Return the injection for the next attempt of a call: the cell's, or one of the test."""
        if not self._watching:
            return super().take(entry)
        with self._counting:
            number = 0 if entry.attempts else self._begin(entry.operation)
            if self._is_to_fail(entry, number):
                self.failed.setdefault(entry.operation, self._attempts[entry.operation])
                return self._injection
            self._attempts[entry.operation] += 1
        return super().take(entry)

    def _begin(self, operation: str) -> int:
        """Note a new call, and return its number."""
        if self.hung or len(self.sites) >= self._max_calls:
            self.hang()
        self._calls[operation] += 1
        number = self._calls[operation]
        self.sites.append(Site(operation, number, location.user_location(_result.__code__)))
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


class Run(NamedTuple):
    """What happened in one run."""

    points: Sequence[DataPoint]
    calls: Sequence[Call]
    sites: Sequence[Site]
    sleeps: tuple[float, ...]
    failed: Mapping[str, int]
    """The operations that failed, with the number of their attempts that were let through."""
    hung: bool
    error: BaseException | None
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

    def baseline(self, *, timestamps: bool) -> Run:
        """Run the code twice without a fault, and return the first run.

        Raises:
            SweepError: The code fails or makes no call, or its two runs differ.
        """
        run = self._run(None, max_calls=math.inf)
        if run.error is not None:
            message = f"without a fault the code raises {describe_error(run.error)}"
            raise SweepError(message) from run.error
        reason = (
            "without a fault the code hangs"
            if run.hung
            else "without a fault reported=... takes what the code returned for a failure"
            if run.reported
            else "the code makes no DataZone call, so nothing can fail"
            if not run.sites
            else ""
        )
        if reason:
            raise SweepError(reason)
        with _silence():
            again = self._run(None, max_calls=math.inf)
        calls, calls_again = (
            Counter((site.operation, site.location) for site in each.sites) for each in (run, again)
        )
        difference = matrix.describe_difference(
            surplus(run.points, again.points, timestamps=timestamps),
            surplus(again.points, run.points, timestamps=timestamps),
            calls - calls_again,
            calls_again - calls,
        )
        if difference:
            raise SweepError(difference)
        return run

    def run(self, step: Step, *, max_calls: int) -> Run:
        """Run the code for one cell.

        Raises:
            SweepError: The code does not make the call that must fail.
        """
        with _silence():
            run = self._run(step, max_calls=max_calls)
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
        with frozen_time_restored(), active_double(self._options, _ENDING) as double:
            exchange = exchange_behind(double)
            exchange.injections = watch
            if self._setup is not None:
                self._setup(double)
            already = len(exchange.log.calls())
            watch.begin()
            _limit(exchange.clock, self._timeout, watch.hang)
            result, error = _result(self._code, watch)
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
                reported=error is None
                and not watch.hung
                and self._reported is not None
                and bool(self._reported(result)),
            )


def _result(code: Callable[[], Any], watch: _Watch) -> tuple[Any, BaseException | None]:
    """Return the result of the code, or the error that it raises."""
    __tracebackhide__ = True
    try:
        result = code()
        if inspect.isawaitable(result):
            result = _await(result)
    except SystemExit as error:
        return None, error if error.code else None
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - any is an outcome
        return None, error
    except BaseException:
        if not watch.hung:
            raise
        return None, None
    return result, None


def _await(awaitable: Awaitable[Any]) -> Any:
    """Return the result of an awaitable, also while an event loop is running."""

    async def main() -> Any:
        return await awaitable

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(main())
    with ThreadPoolExecutor(1) as pool:  # this thread's loop is busy with the test
        return pool.submit(asyncio.run, main()).result()


def _limit(clock: Clock, seconds: float, hang: Callable[[], None]) -> None:
    """Call ``hang`` once more than ``seconds`` have passed on a clock."""
    deadline = clock.time() + seconds
    advance = clock.advance

    def limited(seconds: float) -> None:
        advance(seconds)
        if clock.time() > deadline:
            hang()

    clock.advance = limited  # type: ignore[method-assign]


class _Nowhere(RawIOBase):
    """A file that discards everything."""

    def writable(self) -> bool:
        return True

    def write(self, text: Any) -> int:
        return len(text)


@contextmanager
def _silence() -> Iterator[None]:
    """Suppress what the code prints, which would be printed once for each cell."""
    # Never closed, because a logging handler may keep it.
    nowhere = TextIOWrapper(BufferedWriter(_Nowhere()), encoding="utf-8", write_through=True)
    with redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


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


def describe_error(error: BaseException) -> str:
    """Return the type and the message of an error."""
    return f"{type(error).__name__}: {error}"
