"""aiobotocore's retries of DataZone calls take no real time, and leave nothing behind."""

from __future__ import annotations

import asyncio
import functools
import time
from collections import Counter
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import botocore.endpoint
import botocore.retries.bucket
import pytest
from botocore import UNSIGNED
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from freezegun import freeze_time

from pytest_datazone_ts import faults, mock_datazone_ts

pytest.importorskip("aiobotocore")

import aiobotocore.endpoint
import aiobotocore.retries.bucket
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

try:
    import time_machine
except ImportError:  # on the lowest dependencies
    time_machine = None

MODES = ["legacy", "standard", "adaptive"]
START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def in_event_loop(test):
    """Run a coroutine function as a test without a plugin."""

    @functools.wraps(test)
    def run(**arguments):
        asyncio.run(test(**arguments))

    return run


@functools.cache
def session():
    """A session shared by all tests, because a new one takes a while to make a client."""
    return get_session()


def make_client(mode="standard", attempts=3, service="datazone", **config):
    config = AioConfig(retries={"mode": mode, "total_max_attempts": attempts}, **config)
    return session().create_client(service, region_name="us-east-1", config=config)


@pytest.fixture
def waits(monkeypatch):
    """The real waits, which are cut short here."""
    waits = []
    yield_once = asyncio.sleep

    async def sleep(seconds, result=None):
        if seconds:
            waits.append(seconds)
        return await yield_once(0, result)

    async def wait_for(change, seconds):
        change.close()
        waits.append(seconds)
        nonlocal ahead
        ahead += seconds + 1e-6  # a float's share of it may be nothing
        raise asyncio.TimeoutError

    now, ahead = time.time(), 0
    fake_asyncio = SimpleNamespace(
        Condition=asyncio.Condition, TimeoutError=asyncio.TimeoutError, wait_for=wait_for
    )
    fake_time = SimpleNamespace(time=lambda: now + ahead)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(time, "sleep", waits.append)
    monkeypatch.setattr(aiobotocore.retries.bucket, "asyncio", fake_asyncio)
    monkeypatch.setattr(botocore.retries.bucket, "time", fake_time)
    return waits


@pytest.mark.parametrize("mode", MODES)
@in_event_loop
async def test_a_throttled_call_takes_no_real_time(mode, waits, datazone_ts, post):
    datazone_ts.inject("ThrottlingException", times=4)
    async with make_client(mode, attempts=5) as client:
        await post(client)
    assert waits == []
    attempts = datazone_ts.calls.one().attempts
    slept = [attempt.slept for attempt in attempts]
    assert [seconds > 0 for seconds in slept] == [True] * 4 + [False]
    assert [seconds for seconds in datazone_ts.sleeps if seconds in slept] == slept[:4]
    assert (len(datazone_ts.sleeps) > 4) is (mode == "adaptive")
    assert attempts[-1].at - attempts[0].at >= timedelta(seconds=sum(slept) - 1e-3)


@pytest.mark.parametrize(
    ("fault", "exception"),
    [
        (faults.ConnectTimeout(), ConnectTimeoutError),
        (faults.ReadTimeout(), ReadTimeoutError),
        (faults.ResponseLost(), ReadTimeoutError),
        (faults.Latency(61), ReadTimeoutError),
        (faults.ConnectionClosed(), ConnectionClosedError),
        (faults.EndpointUnreachable(), EndpointConnectionError),
        (faults.HttpError(503), ClientError),
        (faults.InternalServerException(), ClientError),
    ],
)
@in_event_loop
async def test_every_retried_fault_raises_what_the_sync_client_raises(
    fault, exception, waits, datazone_ts, post
):
    datazone_ts.inject(fault, times=3)
    async with make_client() as client:
        with pytest.raises(exception):
            await post(client)
    assert [each.fault for each in datazone_ts.calls.one().attempts] == [fault] * 3
    assert waits == []


@in_event_loop
async def test_a_malformed_response_raises(datazone_ts, post):
    datazone_ts.inject("MalformedResponse")
    async with make_client() as client:
        with pytest.raises(UnicodeDecodeError):
            await post(client)
    datazone_ts.data_points.one()


@pytest.mark.parametrize("mode", MODES)
@in_event_loop
async def test_concurrent_tasks_keep_their_waits_apart(mode, waits, datazone_ts, post):
    datazone_ts.inject("ThrottlingException", times=16, where=lambda call: len(call.attempts) < 2)
    async with make_client(mode) as client:
        await asyncio.gather(*(post(client, formName=f"form {n}") for n in range(8)))
    assert waits == []
    assert [len(call.attempts) for call in datazone_ts.calls] == [3] * 8
    slept = [attempt.slept for call in datazone_ts.calls for attempt in call.attempts[:2]]
    assert not Counter(slept) - Counter(datazone_ts.sleeps)


@pytest.mark.parametrize("mode", MODES)
@in_event_loop
async def test_real_retries_really_sleep(mode, waits, post):
    with mock_datazone_ts(retry_sleep="real") as ts:
        ts.inject("ThrottlingException", times=2)
        async with make_client(mode) as client:
            await post(client)
        assert len(ts.sleeps) == len(waits) == (4 if mode == "adaptive" else 2)
        assert ts.sleeps == tuple(waits)
        slept = [attempt.slept for attempt in ts.calls.one().attempts]
        assert [seconds for seconds in waits if seconds in slept] == slept[:2]


@pytest.mark.parametrize("mode", MODES)
@in_event_loop
async def test_other_services_really_wait(mode, waits, datazone_ts, post):
    def answer(request, **_):
        from aiobotocore.awsrequest import AioAWSResponse  # noqa: PLC0415

        response = AioAWSResponse(request.url, 400, {}, SimpleNamespace(raw_headers=[]))
        response._content = (  # noqa: SLF001
            b"<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"
        )
        return response

    datazone_ts.inject("ThrottlingException")
    async with (
        make_client(mode) as client,
        make_client(mode, 2, "sts", signature_version=UNSIGNED) as sts,
    ):
        sts.meta.events.register("before-send", answer)
        await post(client)
        recorded = datazone_ts.sleeps
        assert waits == []
        with pytest.raises(ClientError, match="Throttling"):
            await sts.get_caller_identity()
    assert len(waits) == (2 if mode == "adaptive" else 1)
    assert datazone_ts.sleeps == recorded != ()


def clocks():
    yield freeze_time(START)
    yield freeze_time(START, tick=True)
    yield freeze_time(START, auto_tick_seconds=2)
    if time_machine is not None:
        yield time_machine.travel(START, tick=False)
        yield time_machine.travel(START, tick=True)
    yield freeze_time("1980-01-01")


@pytest.mark.parametrize("mode", MODES)
@in_event_loop
async def test_no_retry_mode_hangs_on_a_frozen_clock(mode, waits, datazone_ts, post):
    async with make_client(mode) as client:
        for clock in (nullcontext(), *clocks(), nullcontext()):
            datazone_ts.inject("ThrottlingException", times=2)
            with clock:
                before = datetime.now(timezone.utc)
                await post(client)
                after = datetime.now(timezone.utc)
            slack = timedelta(seconds=sum(datazone_ts.sleeps) + 1)
            assert before <= datazone_ts.data_points.latest().posted_at <= after + slack
    assert waits == []


@in_event_loop
async def test_a_frozen_clock_advances_by_exactly_the_virtual_sleeps(datazone_ts, post):
    datazone_ts.inject("ThrottlingException", times=2)
    async with make_client("adaptive") as client:
        with freeze_time(START):
            await post(client)
            passed = datetime.now(timezone.utc) - START
    assert passed.total_seconds() == pytest.approx(sum(datazone_ts.sleeps), abs=1e-4)
    assert datazone_ts.calls.one().attempts[0].at == START


@pytest.mark.parametrize("mode", ["standard", "adaptive"])
@in_event_loop
async def test_a_client_throttled_in_one_test_is_retried_in_full_in_the_next(mode, post):
    async def failing_calls(client, ts, count):
        with ts.inject("ThrottlingException", times=None):
            for _ in range(count):
                with pytest.raises(ClientError, match="ThrottlingException"):
                    await post(client)
        return [len(call.attempts) for call in ts.calls]

    async with make_client(mode) as client:
        with mock_datazone_ts() as ts:
            attempts = await failing_calls(client, ts, 60)
            assert (attempts[0], attempts[-1]) == (3, 1)
        with mock_datazone_ts() as ts:
            assert await failing_calls(client, ts, 1) == [3]
        with mock_datazone_ts() as ts:
            await post(client)
            assert ts.sleeps == ()


def names():
    return [
        botocore.endpoint.time,
        aiobotocore.endpoint.asyncio,
        aiobotocore.retries.bucket.AsyncTokenBucket._acquire,  # noqa: SLF001
        *[
            each._sleep  # noqa: SLF001
            for each in [getattr(aiobotocore.endpoint, "AnyioEndpoint", None)]
            if each is not None
        ],
    ]


@in_event_loop
async def test_every_replaced_name_is_restored(post):
    before = names()
    with mock_datazone_ts():
        during = names()
        with mock_datazone_ts() as ts:
            ts.inject("ThrottlingException")
            async with make_client("adaptive") as client:
                await post(client)
            assert names() == during
    assert names() == before
    assert before[1] is asyncio
    assert not set(before) & set(during)


@in_event_loop
async def test_asyncio_sleep_itself_is_untouched(datazone_ts, post):
    original = asyncio.sleep
    datazone_ts.inject("ThrottlingException")
    async with make_client() as client:
        await post(client)
    assert asyncio.sleep is original
    assert aiobotocore.endpoint.asyncio.get_running_loop() is asyncio.get_running_loop()
    assert await aiobotocore.endpoint.asyncio.sleep(0, "result") == "result"


@pytest.mark.filterwarnings("ignore:aiobotocore's httpx backend:DeprecationWarning")
@pytest.mark.parametrize("mode", MODES)
@in_event_loop
async def test_a_client_with_the_httpx_backend_takes_no_real_time(mode, datazone_ts, post):
    sessions = pytest.importorskip("aiobotocore.httpxsession")
    if sessions.httpx is None:
        pytest.skip("needs httpx")
    datazone_ts.inject("ThrottlingException", times=2)
    with freeze_time(START):  # on which a real wait would have no end
        async with make_client(mode, http_session_cls=sessions.HttpxSession) as client:
            await post(client)
    slept = [attempt.slept for attempt in datazone_ts.calls.one().attempts]
    assert slept[0] > 0 < slept[1]
    assert [seconds for seconds in datazone_ts.sleeps if seconds in slept] == slept[:2]


@in_event_loop
async def test_an_aiobotocore_without_the_httpx_backend_works(monkeypatch, post):
    monkeypatch.delattr(aiobotocore.endpoint, "AnyioEndpoint", raising=False)
    with mock_datazone_ts() as ts:
        ts.inject("ThrottlingException")
        async with make_client() as client:
            await post(client)
        assert len(ts.sleeps) == 1
