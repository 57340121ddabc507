"""One call that posts many forms, against the floor that echoes as many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import floor, sample
from benchmarks.interleaved import Candidate, measured
from benchmarks.table import Goal
from pytest_datazone_ts import mock_datazone_ts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.table import Row

FORMS = (1, 10, 100, 1_000)


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield a row for each number of forms."""
    ours = sample.make_client()
    for forms in FORMS[:2] if quick else FORMS:
        with sample.out_of_reach():
            bare = floor.answered(sample.unsigned(sample.make_client()), forms)
        figures = measured(
            [
                Candidate("ours", sample.post(ours, forms), mock_datazone_ts),
                Candidate("floor", sample.post(bare, forms)),
            ],
            seconds=0 if quick else 4,
            calls=max(1, 25 // forms),
        )
        noun = "form" if forms == 1 else "forms"
        unit = "us" if forms < FORMS[2] else "ms"
        goal = Goal(1.25) if forms == FORMS[-1] else None
        yield figures.row(f"{forms:,} {noun} a request", "floor", unit=unit, goal=goal)
