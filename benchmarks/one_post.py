"""One call that posts one form, against the floor and against the other ways to answer it.

Every candidate has a client and a session of its own, made from the same configuration, and is in
place during its turn alone. Our handlers are on every session that is made once the package is
imported: the candidates' sessions are made while they are not, and one more floor is made with
them, to show what a client pays for them where no double is active. moto's handler is on its own
client only. The HTTP server works in another process, so its figure is real time.
"""

from __future__ import annotations

from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

from botocore.stub import Stubber

from benchmarks import floor, sample, served
from benchmarks.interleaved import Candidate, measured
from benchmarks.table import Goal, Row
from pytest_datazone_ts import mock_datazone_ts

try:
    from benchmarks import moto_datazone
except ImportError:  # there is no moto, or one without what its newer services are written with
    moto_datazone = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

CALLS = 25
GOALS = {
    "floor": Goal(1.15),
    "floor, ours inert": None,
    "moto, newer style": None,
    "moto, older style": None,
    "Stubber": None,
    "HTTP server": None,
}


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield a row for each candidate, unsigned and signed."""
    with served.elsewhere() as endpoint_url:
        for how in ("unsigned", "signed"):
            candidates = _candidates(endpoint_url, sign=how == "signed")
            figures = measured(candidates, seconds=0 if quick else 15, calls=CALLS)
            for candidate, goal in GOALS.items():
                yield figures.row(f"one form, {how}", candidate, goal=goal)


def _candidates(endpoint_url: str, *, sign: bool) -> Iterator[Candidate]:
    def make_client(**keywords: Any) -> Any:
        client = sample.make_client(**keywords)
        return client if sign else sample.unsigned(client)

    ours, inert = sample.make_client(), floor.answered(make_client())
    with sample.out_of_reach():
        bare = floor.answered(make_client())
        stubbed = sample.make_client()  # Stubber answers before anything is signed
        remote = make_client(endpoint_url=endpoint_url)
        moto = make_client()
    yield Candidate("ours", sample.post(ours), lambda: mock_datazone_ts(sign=sign))
    yield Candidate("floor", sample.post(bare))
    yield Candidate("floor, ours inert", sample.post(inert))
    yield Candidate("Stubber", sample.post(stubbed), _stubbing(stubbed, sample.post(bare)()))
    yield Candidate("HTTP server", sample.post(remote), clock=perf_counter)
    if moto_datazone is not None:
        post = sample.post(moto_datazone.reached(moto))
        yield Candidate("moto, newer style", post, moto_datazone.newer)
        yield Candidate("moto, older style", post, moto_datazone.older)


def _stubbing(client: Any, response: object) -> Callable[[], AbstractContextManager[None]]:
    @contextmanager
    def turn() -> Iterator[None]:
        with Stubber(client) as stubber:
            for _ in range(CALLS + 2):
                stubber.add_response("post_time_series_data_points", response)
            yield

    return turn
