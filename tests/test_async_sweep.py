"""Sweeps of coroutine functions that use aiobotocore."""

from __future__ import annotations

import asyncio
import functools

import pytest
from sample import location

from pytest_datazone_ts import sweep

AioSession = pytest.importorskip("aiobotocore.session").AioSession
AioConfig = pytest.importorskip("aiobotocore.config").AioConfig

pytestmark = pytest.mark.usefixtures("machine_with_keys")


@functools.cache
def session():
    return AioSession()  # which keeps DataZone's model


def connect():
    retries = {"mode": "standard", "total_max_attempts": 2}
    config = AioConfig(retries=retries)
    return session().create_client("datazone", region_name="us-east-1", config=config)


def outcomes(report):
    return {(cell.fault, cell.mode, cell.call): cell.outcome for cell in report.cells}


async def publish(post, *, suppress=False):
    async with connect() as client:
        posts = [post(client, entityIdentifier=asset) for asset in ("asset1", "asset2")]
        await asyncio.gather(*posts, return_exceptions=suppress)


def test_a_correct_pipeline(post):
    report = sweep(lambda: publish(post))

    assert not report.failures
    assert outcomes(report)["ThrottlingException", "attempt", 1] == "ok"
    assert outcomes(report)["ThrottlingException", "call", 2] == "loud"


def test_the_site_is_the_users_line_where_there_is_one(post):
    async def post_one(client):
        await post(client)

    async def publish():
        async with connect() as client:
            await post(client)
            await asyncio.gather(post_one(client))
            await asyncio.gather(post(client))

    awaited = publish.__code__.co_firstlineno + 2
    gathered = post_one.__code__.co_firstlineno + 1
    assert {cell.site for cell in sweep(publish).cells} == {
        location(__file__, awaited),
        location(__file__, gathered),
        "asyncio.events",
    }


def test_one_that_loses_points(post):
    report = sweep(lambda: publish(post, suppress=True))

    assert outcomes(report)["AccessDeniedException", "attempt", 1] == "LOST"
    assert outcomes(report)["ReadTimeout", "attempt", 2] == "ok"
    assert outcomes(report)["ReadTimeout", "outage", 2] == "LOST"


def test_one_that_doubles_points(post):
    async def publish_again():
        async with connect() as client:
            try:
                await post(client)
            except Exception:  # noqa: BLE001
                await post(client)

    report = sweep(publish_again)

    assert outcomes(report)["ResponseLost", "attempt", 1] == "ok"
    assert outcomes(report)["ResponseLost", "call", 1] == "DOUBLED"
    assert outcomes(report)["MalformedResponse", "attempt", 1] == "DOUBLED"


def test_in_a_coroutine(post):
    async def test():
        return sweep(lambda: publish(post))

    assert not asyncio.run(test()).failures
