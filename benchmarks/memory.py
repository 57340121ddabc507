"""The memory that a stored point keeps beside its content, and that the call keeps beside both."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from typing import TYPE_CHECKING

from benchmarks import sample
from benchmarks.table import Goal, Row
from pytest_datazone_ts import DataZoneTimeSeries, mock_datazone_ts
from pytest_datazone_ts.double import exchange_behind
from pytest_datazone_ts.service import model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POST = model.operation("PostTimeSeriesDataPoints")


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield a row for each; every point is posted in a call of its own."""
    posts = 50 if quick else 4_000
    service = exchange_behind(DataZoneTimeSeries()).service  # it stores without recording
    client = sample.make_client()

    def store(second: int) -> None:
        content = sample.CONTENT.replace("8", "9")  # a copy, as each request brings one
        forms = [{**sample.form(second), "content": content}]
        service.handle(POST, "us-east-1", {**sample.ENTITY, "forms": forms})

    stored = _kept(store, posts)
    with mock_datazone_ts():
        both = _kept(lambda second: sample.post(client, first=second)(), posts)
    yield Row(
        measured="a point but its content",
        ours=stored - sys.getsizeof(sample.CONTENT),
        unit="B",
    )
    yield Row(measured="the call that posted it", ours=both - stored, unit="B")
    yield Row(
        measured="both",
        ours=both - sys.getsizeof(sample.CONTENT),
        unit="B",
        goal=Goal(1200, of="ours"),
    )


def _kept(post: Callable[[int], object], posts: int) -> float:
    """Return by how many bytes a post of one point lets the memory grow."""
    for second in range(posts):
        post(second)
    gc.collect()
    tracemalloc.start()
    for second in range(posts, 2 * posts):
        post(second)
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return kept / posts
