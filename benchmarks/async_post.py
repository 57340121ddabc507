"""One call that posts one form with an asynchronous client, beside its floor and beside boto3."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from benchmarks import floor, sample
from benchmarks.interleaved import Candidate, Figures, measured
from pytest_datazone_ts import mock_datazone_ts

try:
    from aiobotocore.awsrequest import AioAWSResponse
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session
except ImportError:
    get_session = None

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from benchmarks.table import Row

POSTS = 10
"""How many are timed together: entering the event loop takes a while too."""


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield a row for each comparison."""
    figures = Figures({}) if get_session is None else _figures(0 if quick else 8)
    for beside in ("floor, aiobotocore", "ours, boto3"):
        yield figures.row("one form, aiobotocore", beside)


def _figures(seconds: float) -> Figures:
    loop = asyncio.new_event_loop()
    stack = AsyncExitStack()

    def make_client() -> Any:
        return loop.run_until_complete(stack.enter_async_context(_client()))

    def awaited(post: Callable[[], Awaitable[object]]) -> Callable[[], object]:
        async def posts() -> None:
            for _ in range(POSTS):
                await post()

        return lambda: loop.run_until_complete(posts())

    def called(post: Callable[[], object]) -> Callable[[], object]:
        return lambda: [post() for _ in range(POSTS)]

    ours = make_client()
    with sample.out_of_reach():
        bare = sample.unsigned(make_client())
    floor.answered(bare, response=AioAWSResponse, raw=_Raw)
    figures = measured(
        [
            Candidate("ours", awaited(sample.post(ours)), mock_datazone_ts),
            Candidate("floor, aiobotocore", awaited(sample.post(bare))),
            Candidate("ours, boto3", called(sample.post(sample.make_client())), mock_datazone_ts),
        ],
        seconds=seconds,
        calls=2,
        warm_up=1,
        each=POSTS,
    )
    loop.run_until_complete(stack.aclose())
    loop.close()
    return figures


def _client() -> Any:
    return get_session().create_client(
        "datazone",
        region_name="us-east-1",
        aws_access_key_id="stand-in",
        aws_secret_access_key="stand-in",  # noqa: S106 - it opens nothing
        config=AioConfig(retries=sample.RETRIES),
    )


class _Raw:
    """What a response is read from by aiobotocore."""

    raw_headers = ()  # up to aiobotocore 2.20

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self) -> bytes:
        """Return the body."""
        return self._body
