"""Emitters that run handlers elsewhere: aiomoto's, a task for each event, and one for each handler.

What an event learns travels with the request, so the double finds it in any task.
"""

from __future__ import annotations

import asyncio
import inspect
from contextlib import contextmanager, nullcontext

import pytest
from sample import DOMAIN, ENTITY, FORM

from pytest_datazone_ts import UnansweredOperationError, mock_datazone_ts

pytest.importorskip("aiobotocore")

from aiobotocore.config import AioConfig
from aiobotocore.hooks import AioHierarchicalEmitter
from aiobotocore.session import get_session

MODES = ["legacy", "standard", "adaptive"]


def a_client(mode="standard", attempts=3):
    return get_session().create_client(
        "datazone",
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",  # noqa: S106 - it opens nothing
        config=AioConfig(retries={"mode": mode, "total_max_attempts": attempts}),
    )


async def post(client):
    await client.post_time_series_data_points(
        domainIdentifier=DOMAIN, entityIdentifier=ENTITY, entityType="ASSET", forms=[FORM]
    )


@contextmanager
def task_per_event():
    real = AioHierarchicalEmitter._emit  # noqa: SLF001 - aiomoto does the same

    def emit(self, event_name, **kwargs):
        coroutine = real(self, event_name, kwargs, stop_on_response=False)
        return asyncio.get_running_loop().create_task(coroutine)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AioHierarchicalEmitter, "emit", emit)
        yield


@contextmanager
def task_per_handler():
    async def emit(self, event_name, **kwargs):
        return [
            (handler, await asyncio.create_task(run(handler, event_name, kwargs)))
            for handler in self._handlers.prefix_search(event_name)
        ]

    async def run(handler, event_name, kwargs):
        response = handler(event_name=event_name, **kwargs)
        return await response if inspect.isawaitable(response) else response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AioHierarchicalEmitter, "emit", emit)
        yield


@contextmanager
def aiomoto():
    context = pytest.importorskip("aiomoto").mock_aws()
    with context:
        yield


@pytest.fixture(params=[nullcontext, task_per_event, task_per_handler, aiomoto])
def emitter(request):
    with request.param():
        yield


@pytest.mark.usefixtures("emitter")
def test_a_post_is_answered(datazone_ts, network):
    async def main():
        async with a_client() as client:
            await post(client)

    asyncio.run(main())
    assert datazone_ts.data_points.one().entity_identifier == ENTITY
    assert not network


@pytest.mark.usefixtures("emitter")
def test_an_unhandled_operation_is_rejected(network):
    async def main():
        async with a_client() as client:
            await client.get_domain(identifier=DOMAIN)

    with mock_datazone_ts(strict=False) as ts:
        with pytest.raises(UnansweredOperationError):
            asyncio.run(main())
        assert ts.calls.one().operation == "GetDomain"
    assert not network


@pytest.mark.usefixtures("emitter")
@pytest.mark.parametrize("mode", MODES)
def test_retries_take_no_real_time(datazone_ts, monkeypatch, mode):
    slept = []
    real = asyncio.sleep

    async def sleep(seconds, result=None):
        slept.append(seconds)
        return await real(0, result)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    datazone_ts.inject("ThrottlingException", times=3)

    async def main():
        async with a_client(mode, attempts=4) as client:
            await post(client)

    asyncio.run(main())
    attempts = datazone_ts.calls.one().attempts
    assert [attempt.error_code for attempt in attempts] == ["ThrottlingException"] * 3 + [None]
    assert all(attempt.slept > 0 for attempt in attempts[:-1])
    assert not any(slept)


def test_a_request_that_lost_its_call_is_rejected_and_fails_the_test(network):
    """An active double never lets a request be sent, whatever a handler does to it."""

    event = "before-send.datazone.PostTimeSeriesDataPoints"

    def strip(request, **_):
        request.url = "".join(request.url)
        vars(request).pop("context", None)

    async def main():
        async with a_client() as client:
            client.meta.events.register_first(event, strip)
            await post(client)

    mock = mock_datazone_ts()
    ts = mock.start()
    with pytest.raises(UnansweredOperationError, match="was about to go to https://"):
        asyncio.run(main())
    assert not ts.calls
    with pytest.raises(AssertionError, match="does not carry"):
        mock.stop()
    assert not network
