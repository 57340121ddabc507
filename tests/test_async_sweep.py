"""Sweeps of coroutine functions that use aiobotocore."""

from __future__ import annotations

import asyncio
import functools

import pytest
from sample import location

from pytest_datazone_ts import mock_datazone_ts, sweep

AioSession = pytest.importorskip("aiobotocore.session").AioSession
AioConfig = pytest.importorskip("aiobotocore.config").AioConfig

pytestmark = pytest.mark.usefixtures("machine_with_keys")


@functools.cache
def session():
    return AioSession()  # which caches DataZone's model


def connect():
    retries = {"mode": "standard", "total_max_attempts": 2}
    config = AioConfig(retries=retries)
    return session().create_client("datazone", region_name="us-east-1", config=config)


def outcomes(report):
    return {(cell.fault, cell.mode, cell.call): cell.outcome for cell in report.cells}


@pytest.fixture(scope="module")
def client():
    """A client shared by all runs, because making one takes most of the time of a run."""
    loop = asyncio.new_event_loop()
    context = connect()
    with mock_datazone_ts():
        client = loop.run_until_complete(context.__aenter__())
    yield client
    loop.run_until_complete(context.__aexit__(None, None, None))
    loop.close()


async def publish(post, client, *, suppress=False):
    posts = [post(client, entityIdentifier=asset) for asset in ("asset1", "asset2")]
    await asyncio.gather(*posts, return_exceptions=suppress)


def test_the_site_is_the_line_in_the_users_code_if_there_is_one(post, client):
    async def post_one(client):
        await post(client)

    async def publish():
        await post(client)
        await asyncio.gather(post_one(client))
        await asyncio.gather(post(client))

    awaited = publish.__code__.co_firstlineno + 1
    gathered = post_one.__code__.co_firstlineno + 1
    assert {cell.site for cell in sweep(publish).cells} == {
        location(__file__, awaited),
        location(__file__, gathered),
        "asyncio.events",
    }


def test_a_pipeline_that_loses_points(post, client):
    report = sweep(lambda: publish(post, client, suppress=True))

    assert outcomes(report)["AccessDeniedException", "attempt", 1] == "LOST"
    assert outcomes(report)["ReadTimeout", "attempt", 2] == "ok"
    assert outcomes(report)["ReadTimeout", "outage", 2] == "LOST"


def test_a_pipeline_that_doubles_points(post, client):
    async def publish_again():
        try:
            await post(client)
        except Exception:  # noqa: BLE001
            await post(client)

    report = sweep(publish_again)

    assert outcomes(report)["ResponseLost", "attempt", 1] == "ok"
    assert outcomes(report)["ResponseLost", "call", 1] == "DOUBLED"
    assert outcomes(report)["MalformedResponse", "attempt", 1] == "DOUBLED"


def test_a_correct_pipeline_in_a_coroutine(post):
    async def connect_and_publish():
        async with connect() as client:
            await publish(post, client)

    async def test():
        return sweep(connect_and_publish)

    report = asyncio.run(test())

    assert not report.failures
    assert outcomes(report)["ThrottlingException", "attempt", 1] == "ok"
    assert outcomes(report)["ThrottlingException", "call", 2] == "loud"
