"""The matrix of a sweep, and the message of its failure."""

from __future__ import annotations

import textwrap
from collections import Counter
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.audit import listed
from pytest_datazone_ts.reporting import timeline
from pytest_datazone_ts.text import counted, escape, excerpt, without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_datazone_ts.records import DataPoint
    from pytest_datazone_ts.sweep_cell import SweepCell

_COLUMNS = 72
"""The maximum width of a line; pytest indents it by 8 characters."""
_FAULT = 30
_MODE = 14
"""The widths of the columns."""
_ERROR = 400
"""The number of characters of an error that are shown."""
_MODES = ("attempt", "call", "outage")
_OUTCOMES = ("LOST", "DOUBLED", "HUNG", "UNEXPECTED", "loud", "ok")
"""The worst first."""


def render(cells: Sequence[SweepCell]) -> str:
    """Return the call sites, numbered, and the outcome of each fault in each mode there."""
    numbers = _numbers(cells)
    lines = [f"{counted(len(cells), 'cell')}: {_summary(cells)}", "", *_legend(numbers)]
    lines += ["", _row("fault", *_MODES)]
    for fault in dict.fromkeys(cell.fault for cell in cells):
        columns = []
        for mode in _MODES:
            outcomes: dict[str, list[int]] = {}
            for cell in cells:
                if (cell.fault, cell.mode) == (fault, mode):
                    number = numbers[cell.operation, cell.site, cell.call]
                    outcomes.setdefault(_mark(cell), []).append(number)
            columns.append([*_entry(outcomes)])
        rows = zip_longest([fault], *columns, fillvalue="")
        lines += [_row(*row) for row in rows]
    for reason in _reasons(cells):
        lines += textwrap.wrap(f"* allowed: {reason}", _COLUMNS, subsequent_indent="  ")
    return "\n".join(lines)


def table(cells: Sequence[SweepCell], limit: int) -> dict[str, Any]:
    """Return the matrix as JSON, with a column for each mode at each call site.

    Args:
        cells: The cells of the sweep.
        limit: The maximum number of call sites.
    """
    numbers = _numbers(cells)
    sites = list(numbers)[:limit]
    marks: dict[tuple[object, ...], str] = {
        (cell.fault, cell.mode, cell.operation, cell.site, cell.call): _mark(cell) for cell in cells
    }
    return {
        "summary": f"{counted(len(cells), 'cell')}: {_summary(cells)}",
        "outcomes": [each for each in _OUTCOMES if any(cell.outcome == each for cell in cells)],
        "sites": [f"{operation} at {site}, call {call}" for operation, site, call in sites],
        "sites_omitted": len(numbers) - len(sites),
        "modes": _MODES,
        "rows": [
            (fault, [[marks.get((fault, mode, *site), "") for site in sites] for mode in _MODES])
            for fault in dict.fromkeys(cell.fault for cell in cells)
        ],
        "allowed": [escape(str(reason)) for reason in _reasons(cells)],
        "failures": [
            without_credentials(escape("\n".join(lines), keep="\n")).split("\n", 1)
            for lines in _failures(cells)
        ],
    }


def describe(cells: Sequence[SweepCell]) -> str:
    """Return the matrix, and the first failing cell of each outcome."""
    failures = [cell for cell in cells if cell.failed]
    if not failures:
        return render(cells)
    lines = [f"the sweep found {_summary(failures)}", render(cells)]
    for failure in _failures(cells):
        lines += ["", *failure]
    return "\n".join(lines)


def describe_cell(cell: SweepCell) -> str:
    """Return what happened in a failing cell."""
    return "\n".join(_first([cell]))


def describe_difference(
    title: str,
    points: Sequence[DataPoint],
    others: Sequence[DataPoint],
    calls: Mapping[tuple[str, str], int],
    other_calls: Mapping[tuple[str, str], int],
    *,
    timestamps: bool,
) -> str:
    """Return how two runs without a fault differ; ``""`` if they do not.

    Args:
        title: What the difference contradicts.
        points: The data points of the first run alone.
        others: Those of the second run alone.
        calls: The calls of the first run alone, counted by operation and site.
        other_calls: Those of the second run alone.
        timestamps: Whether points with different timestamps are different.
    """
    lines = []
    for which, made, stored in (("first", calls, points), ("second", other_calls, others)):
        if made:
            lines.append(f"only the {which} run called")
            lines += [
                f"  {operation} at {site} ({counted(times, 'time')})"
                for (operation, site), times in made.items()
            ]
        if stored:
            found = listed(stored, timestamps=timestamps)
            lines += [f"only the {which} run stored", *found]
    if not lines:
        return ""
    advice = "Freeze the time, seed what is random, and keep nothing from one run for the next."
    return "\n".join([*textwrap.wrap(title, _COLUMNS), *lines, *textwrap.wrap(advice, _COLUMNS)])


def _numbers(cells: Iterable[SweepCell]) -> dict[tuple[str, str, int], int]:
    """Return the number of each call, from 1."""
    numbers: dict[tuple[str, str, int], int] = {}
    for cell in cells:
        numbers.setdefault((cell.operation, cell.site, cell.call), len(numbers) + 1)
    return numbers


def _reasons(cells: Iterable[SweepCell]) -> Iterable[str | None]:
    """Return the reasons why outcomes are allowed."""
    return dict.fromkeys(cell.allowed for cell in cells if _mark(cell).endswith("*"))


def _summary(cells: Iterable[SweepCell]) -> str:
    counts = Counter(_mark(cell) for cell in cells)
    order = [*_OUTCOMES[:4], *(f"{outcome}*" for outcome in _OUTCOMES[:4]), *_OUTCOMES[4:]]
    return ", ".join(f"{counts[mark]} {mark}" for mark in order if counts[mark])


def _mark(cell: SweepCell) -> str:
    """Return the outcome of a cell, with an asterisk if only ``allow`` keeps it from failing."""
    is_allowed = cell.allowed is not None and cell.outcome not in {"ok", "loud"}
    return f"{cell.outcome}*" if is_allowed else cell.outcome


def _legend(numbers: Mapping[tuple[str, str, int], int]) -> Iterator[str]:
    lines: dict[tuple[str, str], tuple[list[int], list[int]]] = {}
    for (operation, site, call), number in numbers.items():
        here, calls = lines.setdefault((operation, site), ([], []))
        here.append(number)
        calls.append(call)
    labels = [_ranges(here) for here, _ in lines.values()]
    width = max(map(len, labels), default=0)
    for label, ((operation, site), (_, calls)) in zip(labels, lines.items(), strict=True):
        noun = "call" if len(calls) == 1 else "calls"
        yield from textwrap.wrap(
            f"{label:<{width}}  {operation} at {site}, {noun} {_ranges(calls)}",
            _COLUMNS,
            subsequent_indent=" " * (width + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )


def _row(fault: str, *columns: str) -> str:
    return f"{fault:<{_FAULT}}{''.join(f'{column:<{_MODE}}' for column in columns)}".rstrip()


def _entry(outcomes: Mapping[str, Sequence[int]]) -> Iterator[str]:
    """Yield the lines of a field: the outcomes with their sites, and the best without them."""
    marks = sorted(outcomes, key=lambda mark: _OUTCOMES.index(mark.rstrip("*")))
    pieces = [f"{mark} {_ranges(outcomes[mark])}" for mark in marks[:-1]] + marks[-1:]
    yield from textwrap.wrap(", ".join(pieces), _MODE - 1, break_on_hyphens=False)


def _failures(cells: Sequence[SweepCell]) -> Iterator[Iterable[str]]:
    """Yield the lines about the first failing cell of each outcome."""
    for outcome in _OUTCOMES:
        alike = [cell for cell in cells if cell.failed and cell.outcome == outcome]
        if alike:
            yield _first(alike)


def _ranges(numbers: Sequence[int]) -> str:
    """Return ascending numbers as in ``1-3, 5``."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    return ", ".join("-".join(map(str, each)) for each in ranges)


def _first(cells: Sequence[SweepCell]) -> Iterator[str]:
    cell = cells[0]
    others = f" (the first of {len(cells)})" if len(cells) > 1 else ""
    yield f"{cell.outcome}: {cell.fault}, {cell.mode}{others}"
    yield from textwrap.wrap(
        f"at call {cell.call} of {cell.operation}, {cell.site}",
        _COLUMNS,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from textwrap.wrap(
        _ending(cell),
        _COLUMNS,
        initial_indent="  ",
        subsequent_indent="    ",
        break_on_hyphens=False,
    )
    for points, what in ((cell.lost, "lost"), (cell.doubled, "too many")):
        if points:
            yield f"  {counted(len(points), 'data point')} {what}:"
            yield from (f"  {line}" for line in listed(points, _COLUMNS - 2))
    if cell.calls:
        yield from timeline.render_calls(cell.calls, _COLUMNS)
    yield "replay it:"
    yield from (f"  {line}" for line in cell.replay.splitlines())


def _ending(cell: SweepCell) -> str:
    if cell.outcome == "HUNG":
        return (
            f"ended after {cell.error}. A limit that the code sets to its own time, such as "
            "tenacity's stop_after_delay, takes effect only on a clock that freezegun has frozen"
        )
    error = excerpt(cell.error or "", _ERROR)
    ending = f"it raised {error}" if error else "it ended normally"
    if cell.returned is not None:
        ending += f", and returned {cell.returned}"
        if cell.outcome == "LOST":
            ending += ". If that reports a failure, reported=... must return true for it"
    expected = f"expected {cell.expected}, but " if cell.outcome == "UNEXPECTED" else ""
    return f"{expected}{ending}"
