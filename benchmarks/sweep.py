"""A sweep of a pipeline that makes 5 calls from one line, and of one that makes 50.

They go on after an error, so that every run makes all the calls.
"""

from __future__ import annotations

from contextlib import suppress
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import sample
from benchmarks.interleaved import Candidate, measured
from benchmarks.table import Goal, Row
from pytest_datazone_ts import mock_datazone_ts, sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOALS = {5: Goal(1, "ours"), 50: Goal(10, "ours")}
"""Seconds, by the number of calls."""
FEW, MANY = GOALS


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield, for each pipeline, a row over as many plain calls, and the cells in a second."""
    post = sample.post(sample.make_client(), varies=False)
    cells = len(sweep(_calls(post, FEW)).cells)
    sizes = [FEW] if quick else [FEW, MANY]
    figures = measured(
        [
            candidate
            for size in sizes
            for candidate in (
                Candidate(_name(size), _swept(post, size)),
                # Two runs without a fault are the baseline.
                Candidate(_plain(size), _calls(post, size * (cells + 2)), mock_datazone_ts),
            )
        ],
        seconds=0 if quick else 20,
        calls=1,
        warm_up=0,
    )
    for size in sizes:
        name, goal = _name(size), GOALS[size]
        yield figures.row(name, _plain(size), ours=name, unit="s", goal=goal)
        seconds = median(figures.seconds[name])
        yield Row(measured=f"its cells, {size} calls each", unit="/s", ours=cells / seconds)
    if not quick:
        yield figures.row(_name(MANY), _name(FEW), ours=_name(MANY), unit="s")


def _name(size: int) -> str:
    return f"{size} calls swept"


def _plain(size: int) -> str:
    return f"{size} calls, no fault"


def _calls(post: Callable[[], object], size: int) -> Callable[[], object]:
    def calls() -> None:
        for _ in range(size):
            with suppress(Exception):
                post()

    return calls


def _swept(post: Callable[[], object], size: int) -> Callable[[], object]:
    return lambda: sweep(_calls(post, size))
