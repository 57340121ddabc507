"""The sweep, which shows what code does when anything fails anywhere.

It first runs the code without faults, as the baseline, and then once for each cell: for each fault
at each call in each mode. Every run has a fresh double.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from pytest_datazone_ts import faults, location, spelling
from pytest_datazone_ts.clock import require_seconds
from pytest_datazone_ts.count import require_count
from pytest_datazone_ts.listeners import listeners, listeners_muted
from pytest_datazone_ts.options import NAMES, run_options
from pytest_datazone_ts.service.operations import POST
from pytest_datazone_ts.sweep_cell import Mode, Outcome, SweepCell
from pytest_datazone_ts.sweep_code import describe_error, describe_result
from pytest_datazone_ts.sweep_report import SweepReport
from pytest_datazone_ts.sweep_run import Run, Runner, Site, Step, surplus
from pytest_datazone_ts.transport import code_sleeps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from typing_extensions import Unpack

    from pytest_datazone_ts.double import DataZoneTimeSeries
    from pytest_datazone_ts.faults import Fault
    from pytest_datazone_ts.option_keywords import OptionKeywords
    from pytest_datazone_ts.views import DataPoints

    Key: TypeAlias = str | tuple[str, str] | tuple[str, str, str]
    """A fault, in a mode, at a call site."""

__tracebackhide__: location.Predicate = location.raised_on_purpose

_MODES: tuple[Mode, ...] = get_args(Mode)
_VIRTUAL = {"retry_sleep": "virtual", "sleep": "virtual"}
"""The options with which no wait takes real time."""
_DAY = 86_400


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
    """Run code with each fault at each of its DataZone calls, and compare what is stored.

    A key of ``expect`` or ``allow`` is the name of a fault, for the modes ``attempt`` and
    ``call``; ``(name, mode)``; or ``(name, mode, site)``, with the site as the matrix shows it:
    the file and line of the call, such as ``"job.py:98"``. The most specific key wins.

    Args:
        code: A function or coroutine function without parameters.
        setup: Called with the fresh double before each run, for example to add assets.
        reported: Called with what the code returned; returns whether that reports a failure.
        expect: The outcome that a fault must have, ``"ok"`` or ``"loud"``.
        allow: The reason why a cell may fail without failing the sweep.
        sites: Whether to take the first and the last of the calls from one line
            (``"distinct"``), or each (``"all"``).
        timestamps: Whether points with different timestamps are different.
        max_calls: The number of calls after which a run counts as hung; by default 100 more than
            ten times the number in the baseline.
        timeout: The number of seconds on the test's clock after which a run counts as hung.
        progress: Called before each run with the number of cells that are done, and of all cells.
        options: The options of the doubles. Whatever they are, no wait takes real time.

    Returns:
        The report, with a cell for each run.

    Raises:
        SweepError: Without a fault, the code fails or makes no call, all its writes fail, it
            writes nothing and all its searches find nothing, or two of its runs differ.
        TypeError: The code is not a function, or a keyword is unknown.
        ValueError: An argument has an invalid value.
    """
    _require_keywords(options)
    _require_arguments(
        code,
        expect=expect or {},
        allow=allow or {},
        sites=sites,
        max_calls=max_calls,
        timeout=timeout,
    )
    runner = Runner(
        code,
        setup=setup,
        reported=reported,
        timeout=timeout,
        options=run_options().override({**options, **_VIRTUAL}, source="sweep()"),
    )
    expectations = _ByCell("expect", expect or {})
    allowances = _ByCell("allow", allow or {})
    with listeners_muted(), code_sleeps.kept():
        baseline = runner.baseline(
            max_calls=math.inf if max_calls is None else max_calls, timestamps=timestamps
        )
        if max_calls is None:
            max_calls = 100 + 10 * len(baseline.sites)
        plan = [*_plan(baseline.sites, sites)]
        known = dict.fromkeys(step.site.location for step in plan)
        expectations.require_sites(known)
        allowances.require_sites(known)
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
            if cell.failed and not explained:
                runner.require_same(
                    baseline,
                    f"the run with {step}, left something behind: in a second run without a fault "
                    "the code does not do what it did in the first:",
                    max_calls=max_calls,
                    timestamps=timestamps,
                )
            if cell.failed and cell.outcome not in explained:
                explained.add(cell.outcome)
                returned = None if run.result is None else describe_result(run.result)
                cell = replace(cell, calls=tuple(run.calls), returned=returned)
            cells.append(cell)
    for listener in listeners:
        listener.swept(cells)
    return SweepReport(cells=tuple(cells), timestamps=timestamps)


def _plan(seen: Sequence[Site], sites: str) -> Iterator[Step]:
    by_line: dict[tuple[str, str], list[Site]] = {}
    for site in seen:
        by_line.setdefault((site.operation, site.location), []).append(site)
    ends = {site for line in by_line.values() for site in (line[0], line[-1])}
    for site in seen:
        if sites == "all" or site in ends:
            for fault in _faults(site.operation):
                for mode in _MODES:
                    yield Step(site, fault, mode)


def _faults(operation: str) -> list[Fault]:
    """Return the faults that sweeps try for an operation."""
    every = (*faults.documented(operation), *faults.TRANSPORT)
    return [fault() if isinstance(fault, type) else fault for fault in every]


def _require_keywords(options: Mapping[str, object]) -> None:
    known = [*[*inspect.signature(sweep).parameters][1:-1], *NAMES]
    for name in options:
        if name not in NAMES:
            raise TypeError(spelling.unknown_keyword("sweep", name, known))


def _require_arguments(
    code: object,
    *,
    expect: Mapping[Key, object],
    allow: Mapping[Key, object],
    sites: object,
    max_calls: object,
    timeout: object,
) -> None:
    if not callable(code):
        message = f"sweep() takes a function to call, such as lambda: publish(...), not {code!r}"
        raise TypeError(message)
    if sites not in {"distinct", "all"}:
        message = f"sweep(sites=...) takes 'distinct' or 'all', not {sites!r}"
        raise ValueError(message)
    for outcome in expect.values():
        if outcome not in {"ok", "loud"}:
            message = (
                f"sweep(expect=...) takes the outcomes 'ok' and 'loud', not {outcome!r}. To accept "
                "another one, give a reason with allow=..."
            )
            raise ValueError(message)
    if max_calls is not None:
        require_count("sweep(max_calls=...) takes 1 or more, or None", max_calls, 1)
    require_seconds("sweep(timeout=...)", timeout)
    for reason in allow.values():
        if not isinstance(reason, str) or not reason.strip():
            message = f"sweep(allow=...) takes a reason for each key, not {reason!r}"
            raise ValueError(message)


class _ByCell:
    """The values that the test gave for some cells."""

    def __init__(self, argument: str, values: Mapping[Any, Any]) -> None:
        self._argument = argument
        self._values: dict[tuple[str, ...], Any] = {}
        names = [type(fault).__name__ for fault in _faults(POST)]
        for key, value in values.items():
            parts = (key,) if isinstance(key, str) else key
            if not isinstance(parts, tuple) or len(parts) not in {1, 2, 3}:
                message = (
                    f"sweep({argument}=...) takes as a key the name of a fault, (name, mode) or "
                    f"(name, mode, site), not {key!r}"
                )
                raise ValueError(message)
            valid = (("faults", names), ("modes", _MODES))
            for part, (what, known) in zip(parts, valid, strict=False):
                if part not in known:
                    message = (
                        f"sweep({argument}=...) got the key {key!r}.{spelling.hint(part, known)} "
                        f"Valid {what}: {', '.join(known)}."
                    )
                    raise ValueError(message)
            self._values[parts] = value

    def require_sites(self, known: Iterable[str]) -> None:
        """Require that the code has each site that a key names.

        Raises:
            ValueError: It does not.
        """
        for key in self._values:
            for site in key[2:]:
                if site not in known:
                    message = (
                        f"sweep({self._argument}=...) got the key {key!r}, but the code makes no "
                        "call there. Valid sites, the files and lines of its calls: "
                        f"{', '.join(known)}."
                    )
                    raise ValueError(message)

    def get(self, step: Step) -> Any:
        """Return the value of the most specific key for a cell; ``None`` if there is none."""
        keys: list[tuple[str, ...]] = [
            (step.name, step.mode, step.site.location),
            (step.name, step.mode),
        ]
        if step.mode != "outage":
            keys.append((step.name,))
        return next((self._values[key] for key in keys if key in self._values), None)


def _cell(
    step: Step,
    run: Run,
    baseline: Run,
    *,
    expected: str | None,
    allowed: str | None,
    timestamps: bool,
) -> SweepCell:
    lost = surplus(baseline.points, run.points, timestamps=timestamps)
    doubled = surplus(run.points, baseline.points, timestamps=timestamps)
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
        error=run.hung or (None if run.error is None else describe_error(run.error)),
        lost=lost,
        doubled=doubled,
        sleeps=run.sleeps,
        replay="\n".join(_replay(step, run)),
    )


def _outcome(run: Run, lost: DataPoints, doubled: DataPoints) -> Outcome:
    is_loud = run.error is not None or run.reported
    if run.hung is not None:
        return "HUNG"
    if lost and not is_loud:
        return "LOST"
    if doubled:
        return "DOUBLED"
    return "loud" if is_loud else "ok"


def _replay(step: Step, run: Run) -> Iterator[str]:
    """Yield lines that inject the same fault; for an outage, one for each operation that failed."""
    has_arguments = repr(step.fault) != step.name
    fault = f"faults.{step.fault!r}" if has_arguments else f'"{step.name}"'
    operations = run.failed if step.mode == "outage" else {step.site.operation: 0}
    for operation, let_through in operations.items():
        arguments = [fault]
        if operation != POST:
            arguments.append(f'operation="{operation}"')
        if step.mode == "outage":
            arguments += [f"after={let_through}"] if let_through else []
            arguments.append("times=None")
        else:
            arguments.append(f"call={step.site.call}")
            arguments += ["times=1"] if step.mode == "attempt" else []
        yield f"datazone_ts.inject({', '.join(arguments)})"
