"""A call that is throttled four times and then succeeds, in each of botocore's retry modes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks import sample
from benchmarks.interleaved import Candidate, Figures, measured
from benchmarks.table import Goal, Row
from pytest_datazone_ts import DataZoneTimeSeries, mock_datazone_ts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

ATTEMPTS = 5


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield two rows for each mode: over five plain calls, and over waiting in real time."""
    for mode in ("legacy", "standard", "adaptive"):
        client = sample.make_client({"mode": mode, "total_max_attempts": ATTEMPTS})
        post = sample.post(client)
        slept: list[float] = []
        figures = measured(
            [
                Candidate("ours", _throttled(post), _noting(slept)),
                Candidate("5 plain calls", _plain(post), mock_datazone_ts),
            ],
            seconds=0 if quick else 2,
            calls=1,
            warm_up=0,  # what throttling teaches a client ends with the double
        )
        figures = Figures({**figures.seconds, "the waits, real": slept})
        yield figures.row(f"4 throttles, {mode}", "5 plain calls", unit="ms", goal=Goal(3.0))
        yield figures.row(f"4 throttles, {mode}", "the waits, real", unit="ms")


def _plain(post: Callable[[], object]) -> Callable[[], object]:
    return lambda: [post() for _ in range(ATTEMPTS)]


def _throttled(post: Callable[[], object]) -> Callable[[], object]:
    def call() -> object:
        DataZoneTimeSeries.current().inject("ThrottlingException", times=ATTEMPTS - 1)
        return post()

    return call


def _noting(slept: list[float]) -> Callable[[], AbstractContextManager[None]]:
    """Have a double of its own, and note for how long botocore would have slept."""

    @contextmanager
    def turn() -> Iterator[None]:
        with mock_datazone_ts() as double:
            yield
            slept.append(sum(double.sleeps))

    return turn
