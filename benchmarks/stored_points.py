"""What a long series costs: a post to it, and a page of it, with a million points stored.

A point that is older than all others is put in front of them. That moves a million references, so
it has no goal.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from benchmarks import sample
from benchmarks.interleaved import Candidate, measured
from benchmarks.table import Goal, Row
from pytest_datazone_ts import DataZoneTimeSeries, mock_datazone_ts
from pytest_datazone_ts.double import exchange_behind
from pytest_datazone_ts.options import Options
from pytest_datazone_ts.service import model
from pytest_datazone_ts.transport import activation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

FEW, MANY = 10_000, 1_000_000
FLAT = Goal(1.10)
POSTS = {"newest": (2 * MANY, FLAT), "oldest": (-1, None)}
"""When the points are whose posts are timed, in seconds, and what they may cost."""

POST = model.operation("PostTimeSeriesDataPoints")


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield a row for each call, over the same with fewer points or none."""
    client = sample.make_client()
    few, many = (_filled(size // 50 if quick else size) for size in (FEW, MANY))
    seconds = 0 if quick else 6
    for name, (second, goal) in POSTS.items():
        post = sample.post(client, first=second)
        candidates = [
            Candidate("none", post, mock_datazone_ts),
            Candidate("few", post, _active(few)),
            Candidate("many", post, _active(many)),
        ]
        figures = measured(candidates, seconds=seconds, calls=25)
        for ours, size in (("few", FEW), ("many", MANY)):
            label = f"{name} post, {size:,}"
            yield figures.row(label, "with none stored", ours=ours, theirs="none", goal=goal)
    some, most = _pages(client, few), _pages(client, many)
    for name in most:
        candidates = [
            Candidate("few", some[name], _active(few)),
            Candidate("many", most[name], _active(many)),
        ]
        figures = measured(candidates, seconds=seconds, calls=25)
        label, beside = f"{name} page, {MANY:,}", f"with {FEW:,} stored"
        yield figures.row(label, beside, ours="many", theirs="few", goal=FLAT)


def _active(double: DataZoneTimeSeries) -> Callable[[], AbstractContextManager[None]]:
    @contextmanager
    def turn() -> Iterator[None]:
        activation.activate(double, exchange_behind(double))
        try:
            yield
        finally:
            activation.deactivate(exchange_behind(double))

    return turn


def _filled(size: int) -> DataZoneTimeSeries:
    """Return a double that holds so many points, one a second."""
    double = DataZoneTimeSeries(Options(content_check="off"))
    service = exchange_behind(double).service  # recorded calls would take as much memory again
    gc.disable()  # a million new objects, none of them garbage
    for first in range(0, size, 1_000):
        forms = [sample.form(second) for second in range(first, min(first + 1_000, size))]
        service.handle(POST, "us-east-1", {**sample.ENTITY, "forms": forms})
    gc.enable()
    return double


def _pages(client: Any, double: DataZoneTimeSeries) -> dict[str, Callable[[], object]]:
    """Return calls for pages of 50."""
    keywords = {**sample.ENTITY, "formName": sample.FORM_NAME, "maxResults": 50}
    seconds = len(double.data_points) // 2
    middle = {**keywords, "endedAt": sample.START + timedelta(seconds=seconds)}
    with _active(double)():
        token = client.list_time_series_data_points(**middle)["nextToken"]
    return {
        "newest": lambda: client.list_time_series_data_points(**keywords),
        "middle": lambda: client.list_time_series_data_points(**middle),
        "next": lambda: client.list_time_series_data_points(**middle, nextToken=token),
    }
