"""The sweep: what code does when anything fails anywhere.

It runs the code without faults, which is the baseline, and then once for each cell: each fault at
each call, in each mode. Every run has a fresh double.
"""

from __future__ import annotations

import asyncio
import inspect
import math
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from io import BufferedWriter, RawIOBase, TextIOWrapper
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn, get_args

from pytest_datazone_ts import faults, location, spelling
from pytest_datazone_ts.audit import identity
from pytest_datazone_ts.clock import frozen_time_restored
from pytest_datazone_ts.double import exchange_behind
from pytest_datazone_ts.errors import SweepError
from pytest_datazone_ts.exchange import Ending
from pytest_datazone_ts.faults import Fault, TransportFault
from pytest_datazone_ts.injections import Injection, Injections
from pytest_datazone_ts.listeners import unheard
from pytest_datazone_ts.match import Match
from pytest_datazone_ts.mock import active_double
from pytest_datazone_ts.options import run_options
from pytest_datazone_ts.reporting import matrix, messages
from pytest_datazone_ts.service import model
from pytest_datazone_ts.service.operations import POST
from pytest_datazone_ts.sweep_report import Mode, Outcome, SweepCell, SweepReport
from pytest_datazone_ts.views import DataPoints

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from typing_extensions import Unpack

    from pytest_datazone_ts.clock import Clock
    from pytest_datazone_ts.double import DataZoneTimeSeries
    from pytest_datazone_ts.entries import CallEntry
    from pytest_datazone_ts.options import OptionKeywords, Options
    from pytest_datazone_ts.records import Call, DataPoint

    Key: TypeAlias = str | tuple[str, str] | tuple[str, str, str]
    """A fault, in a mode, at a call site."""

__tracebackhide__: location.Predicate = location.raised_on_purpose

_MODES: tuple[Mode, ...] = get_args(Mode)
_VIRTUAL = {"retry_sleep": "virtual"}
"""The options with which no wait takes real time."""
_ENDING = Ending("the run of a sweep")
_DAY = 86_400
_HOUR = 3_600
_ARGUMENTS: Mapping[type[Fault], tuple[Any, ...]] = {
    faults.Latency: (_HOUR,),  # beyond any read_timeout
    faults.SlowBody: (10 * _HOUR,),  # the same for a body of less than a kilobyte
}
_TRANSPORT = [
    (fault if isinstance(fault, type) else type(fault)).__name__ for fault in faults.TRANSPORT
]
_CONCRETE = [*get_args(faults.FaultName), *_TRANSPORT]


def sweep(
    code: Callable[[], Any],
    *,
    setup: Callable[[DataZoneTimeSeries], object] | None = None,
    reported: Callable[[Any], object] | None = None,
    expect: Mapping[Key, Literal["ok", "loud"]] | None = None,
    allow: Mapping[Key, str] | None = None,
    sites: Literal["distinct", "all"] = "distinct",
    timestamps: bool = False,
    max_calls: int | None = None,
    timeout: float = _DAY,
    progress: Callable[[int, int], object] | None = None,
    **options: Unpack[OptionKeywords],
) -> SweepReport:
    """Run code with each fault at each of its DataZone calls, and look at what is stored.

    A key of ``expect`` or ``allow`` is the name of a fault, for the modes ``attempt`` and
    ``call``; ``(name, mode)``; or ``(name, mode, site)``, with the site as the matrix has it.
    The closest key wins.

    Args:
        code: A function or coroutine function without parameters.
        setup: Called with the fresh double before each run, for example to add assets.
        reported: Called with what the code returned: whether that tells of a failure.
        expect: The outcome that a fault must have, ``"ok"`` or ``"loud"``.
        allow: Why a cell that would fail the sweep does not.
        sites: Whether to take the first and the last of the calls from one line
            (``"distinct"``), or each (``"all"``).
        timestamps: Whether points with different timestamps are different.
        max_calls: The number of calls from which on a run counts as hung; by default 100 more
            than ten times those of the baseline.
        timeout: The same in seconds of the test's clock.
        progress: Called before each run with the number of cells that are done, and of all.
        options: The options of the doubles; no wait takes real time, whatever they are.

    Raises:
        SweepError: The code fails without a fault, or does not do the same twice.
        TypeError: An option is unknown.
        ValueError: An argument does not take its value.
    """
    if sites not in {"distinct", "all"}:
        message = f"sweep(sites=...) takes 'distinct' or 'all', not {sites!r}"
        raise ValueError(message)
    for outcome in (expect or {}).values():
        if outcome not in {"ok", "loud"}:
            message = (
                f"sweep(expect=...) takes the outcomes 'ok' and 'loud', not {outcome!r}. To accept "
                "another one, give a reason with allow=..."
            )
            raise ValueError(message)
    runner = _Runner(
        code,
        setup=setup,
        reported=reported,
        timeout=timeout,
        options=run_options().override({**options, **_VIRTUAL}, source="sweep()"),
    )
    expectations = _ByCell("expect", expect or {})
    allowances = _ByCell("allow", allow or {})
    with unheard():
        baseline = runner.baseline(timestamps=timestamps)
        if max_calls is None:
            max_calls = 100 + 10 * len(baseline.sites)
        plan = [*_plan(baseline.sites, sites)]
        cells: list[SweepCell] = []
        explained: set[Outcome] = set()
        for done, step in enumerate(plan):
            if progress is not None:
                progress(done, len(plan))
            run = runner.run(step, max_calls=max_calls)
            cell = _cell(
                step,
                run,
                baseline,
                expected=expectations.get(step),
                allowed=allowances.get(step),
                timestamps=timestamps,
            )
            if cell.failed and cell.outcome not in explained:
                explained.add(cell.outcome)
                cell = replace(cell, calls=tuple(run.calls))
            cells.append(cell)
    return SweepReport(cells=tuple(cells), timestamps=timestamps)


class _Site(NamedTuple):
    """A call of the baseline."""

    operation: str
    call: int
    """Its number among those of the operation, from 1."""
    location: str


class _Step(NamedTuple):
    """What one cell is to try."""

    site: _Site
    fault: Fault
    mode: Mode

    @property
    def name(self) -> str:
        return type(self.fault).__name__


def _plan(seen: Sequence[_Site], sites: str) -> Iterator[_Step]:
    by_line: dict[tuple[str, str], list[_Site]] = {}
    for site in seen:
        by_line.setdefault((site.operation, site.location), []).append(site)
    ends = {site for line in by_line.values() for site in (line[0], line[-1])}
    for site in seen:
        if sites == "all" or site in ends:
            for name in (*model.operation(site.operation).errors, *_TRANSPORT):
                kind = getattr(faults, name)
                for mode in _MODES:
                    yield _Step(site, kind(*_ARGUMENTS.get(kind, ())), mode)


def _can_meet(operation: str, fault: Fault) -> bool:
    name = type(fault).__name__
    return isinstance(fault, TransportFault) or name in model.operation(operation).errors


class _ByCell:
    """What the test gives for some cells."""

    def __init__(self, argument: str, values: Mapping[Any, Any]) -> None:
        self._values: dict[tuple[str, ...], Any] = {}
        for key, value in values.items():
            parts = (key,) if isinstance(key, str) else key
            if not isinstance(parts, tuple) or len(parts) not in {1, 2, 3}:
                message = (
                    f"sweep({argument}=...) takes as a key the name of a fault, (name, mode) or "
                    f"(name, mode, site), not {key!r}"
                )
                raise ValueError(message)
            for part, known in zip(parts, (_CONCRETE, _MODES), strict=False):
                if part not in known:
                    message = (
                        f"sweep({argument}=...) got the key {key!r}.{spelling.hint(part, known)} "
                        f"Known are {', '.join(known)}."
                    )
                    raise ValueError(message)
            self._values[parts] = value

    def get(self, step: _Step) -> Any:
        """Return the value of the closest key; ``None`` if none is about the cell."""
        keys: list[tuple[str, ...]] = [
            (step.name, step.mode, step.site.location),
            (step.name, step.mode),
        ]
        if step.mode != "outage":
            keys.append((step.name,))
        return next((self._values[key] for key in keys if key in self._values), None)


class _HungError(BaseException):
    """Ends a run that does not end by itself; not an ``Exception``, which code may swallow."""


class _Watch(Injections):
    """The injections of one run: it counts the calls, and makes those of a cell fail."""

    def __init__(self, step: _Step | None, max_calls: float) -> None:
        super().__init__()
        self.sites: list[_Site] = []
        """The calls of the code, in order."""
        self.hung = False
        self.failed: dict[str, int] = {}
        """The operations that failed, and how many attempts of them were let through before."""
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
        """Watch from now on: what was called so far was not the code's."""
        self._watching = True

    def hang(self) -> NoReturn:
        """End the run."""
        self.hung = True
        raise _HungError

    def take(self, call: CallEntry) -> Injection | None:
        """Return what the next attempt of a call meets: the cell's fault, or the test's own."""
        if not self._watching:
            return super().take(call)
        with self._counting:
            number = 0 if call.attempts else self._begin(call.operation)
            if self._is_to_fail(call, number):
                self.failed.setdefault(call.operation, self._attempts[call.operation])
                return self._injection
            self._attempts[call.operation] += 1
        return super().take(call)

    def _begin(self, operation: str) -> int:
        """Note a new call, and return its number."""
        if self.hung or len(self.sites) >= self._max_calls:
            self.hang()
        self._calls[operation] += 1
        number = self._calls[operation]
        self.sites.append(_Site(operation, number, location.user_location(_result.__code__)))
        return number

    def _is_to_fail(self, call: CallEntry, number: int) -> bool:
        """Return whether the next attempt of a call is to fail; ``number``: 0 for a retry."""
        if self._step is None or self._injection is None:
            return False
        site, fault, mode = self._step
        if (call.operation, number) == site[:2]:
            return True
        if mode == "call":
            return bool(call.attempts) and call.attempts[0].fault is fault
        return mode == "outage" and bool(self.failed) and _can_meet(call.operation, fault)


def _injection(step: _Step) -> Injection:
    return Injection(
        step.fault, operation=step.site.operation, match=Match(), times=None, after=0, call=None
    )


class _Run(NamedTuple):
    """What happened in one run."""

    points: Sequence[DataPoint]
    calls: Sequence[Call]
    sites: Sequence[_Site]
    sleeps: tuple[float, ...]
    failed: Mapping[str, int]
    """The operations that met the fault, and how many of their attempts had not before."""
    hung: bool
    error: BaseException | None
    reported: bool
    """Whether what the code returned tells of a failure."""


class _Runner:
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

    def baseline(self, *, timestamps: bool) -> _Run:
        """Run the code twice without a fault, and return the first run.

        Raises:
            SweepError: It fails, makes no call, or does not do the same twice.
        """
        run = self._run(None, max_calls=math.inf)
        if run.error is not None:
            message = f"without a fault the code raises {_describe(run.error)}"
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
            _surplus(run.points, again.points, timestamps=timestamps),
            _surplus(again.points, run.points, timestamps=timestamps),
            calls - calls_again,
            calls_again - calls,
        )
        if difference:
            raise SweepError(difference)
        return run

    def run(self, step: _Step, *, max_calls: int) -> _Run:
        """Run the code for one cell.

        Raises:
            SweepError: It does not make the call that is to fail.
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

    def _run(self, step: _Step | None, *, max_calls: float) -> _Run:
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
            return _Run(
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
    """Return what code returns, or the error that it raises."""
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
    """A file that keeps nothing."""

    def writable(self) -> bool:
        return True

    def write(self, text: Any) -> int:
        return len(text)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what the code prints from being printed once for each cell."""
    # Never closed: a logging handler may keep it.
    nowhere = TextIOWrapper(BufferedWriter(_Nowhere()), encoding="utf-8", write_through=True)
    with redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


def _surplus(
    points: Iterable[DataPoint], others: Iterable[DataPoint], *, timestamps: bool
) -> DataPoints:
    """Return the points that are not, or not as often, among others."""
    left = Counter(identity(point, timestamps=timestamps) for point in others)
    surplus = []
    for point in points:
        key = identity(point, timestamps=timestamps)
        if left[key]:
            left[key] -= 1
        else:
            surplus.append(point)
    return DataPoints(surplus)


def _cell(
    step: _Step,
    run: _Run,
    baseline: _Run,
    *,
    expected: str | None,
    allowed: str | None,
    timestamps: bool,
) -> SweepCell:
    lost = _surplus(baseline.points, run.points, timestamps=timestamps)
    doubled = _surplus(run.points, baseline.points, timestamps=timestamps)
    outcome = _outcome(run, lost, doubled)
    if expected is not None and outcome in {"ok", "loud"} and outcome != expected:
        outcome = "UNEXPECTED"
    return SweepCell(
        site=step.site.location,
        operation=step.site.operation,
        call=step.site.call,
        fault=step.name,
        mode=step.mode,
        outcome=outcome,
        expected=expected,
        allowed=allowed,
        error=None if run.error is None else _describe(run.error),
        lost=lost,
        doubled=doubled,
        sleeps=run.sleeps,
        replay="\n".join(_replay(step, run)),
    )


def _outcome(run: _Run, lost: DataPoints, doubled: DataPoints) -> Outcome:
    is_loud = run.error is not None or run.reported
    if run.hung:
        return "HUNG"
    if lost and not is_loud:
        return "LOST"
    if doubled:
        return "DOUBLED"
    return "loud" if is_loud else "ok"


def _replay(step: _Step, run: _Run) -> Iterator[str]:
    """Yield what arms the same fault; for an outage, a line for each operation that met it."""
    fault = f"faults.{step.fault!r}" if type(step.fault) in _ARGUMENTS else f'"{step.name}"'
    operations = run.failed if step.mode == "outage" else {step.site.operation: 0}
    for operation, let_through in operations.items():
        arguments = [fault]
        if operation != POST:
            arguments.append(f'operation="{operation}"')
        if step.mode == "outage":
            arguments += [*[f"after={let_through}"] * bool(let_through), "times=None"]
        else:
            arguments += [f"call={step.site.call}", *["times=1"] * (step.mode == "attempt")]
        yield f"datazone_ts.inject({', '.join(arguments)})"


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
