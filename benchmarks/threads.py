"""A post when eight threads post at once, with one client.

Python's lock lets one of them run at a time, so they cannot be faster than one thread alone; nor
should they be slower.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import process_time
from typing import TYPE_CHECKING

from benchmarks import floor, sample
from benchmarks.interleaved import Candidate, measured
from pytest_datazone_ts import mock_datazone_ts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.table import Row

THREADS = 8
POSTS = 20
"""By each thread."""


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield a row over one thread, and one over the floor in as many threads."""
    ours = sample.post(sample.make_client())
    with sample.out_of_reach():
        bare = sample.post(floor.answered(sample.unsigned(sample.make_client())))
    with ThreadPoolExecutor(THREADS) as pool:
        figures = measured(
            [
                Candidate("ours", _shared(pool, ours), mock_datazone_ts, process_time),
                Candidate("ours, 1 thread", _alone(ours), mock_datazone_ts, process_time),
                Candidate("floor, 8 threads", _shared(pool, bare), clock=process_time),
                Candidate("floor, 1 thread", _alone(bare), clock=process_time),
            ],
            seconds=0 if quick else 10,
            calls=1,
            warm_up=1,
            each=THREADS * POSTS,
        )
    for beside in ("ours, 1 thread", "floor, 8 threads"):
        yield figures.row("one form, 8 threads", beside)
    yield figures.row("floor, 8 threads", "floor, 1 thread", ours="floor, 8 threads")


def _alone(post: Callable[[], object]) -> Callable[[], object]:
    return lambda: [post() for _ in range(THREADS * POSTS)]


def _shared(pool: ThreadPoolExecutor, post: Callable[[], object]) -> Callable[[], object]:
    def posts(_: int) -> None:
        for _ in range(POSTS):
            post()

    return lambda: list(pool.map(posts, range(THREADS)))
