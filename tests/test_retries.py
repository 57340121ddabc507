"""botocore's retries of DataZone calls take no real time, and leave nothing behind."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta, timezone
from itertools import count, pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import botocore.endpoint
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import (
    CapacityNotAvailableError,
    ClientError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.retries import bucket
from freezegun import freeze_time
from network import answer
from sample import DOMAIN

from pytest_datazone_ts import mock_datazone_ts

if TYPE_CHECKING:
    from collections.abc import Container

    from botocore.awsrequest import AWSResponse

MODES = ["legacy", "standard", "adaptive"]


def throttle(client: Any, numbers: Container[int]) -> None:
    """Throttle the requests of a client with these numbers, without a double."""
    sent = count()

    def throttle(request: Any, **_: Any) -> AWSResponse:
        if next(sent) not in numbers:
            return answer(request)
        body = b"<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"
        headers = {"x-amzn-errortype": "ThrottlingException"}
        is_xml = "sts" in request.url
        return answer(request, 400 if is_xml else 429, body if is_xml else b"", **headers)

    client.meta.events.register("before-send", throttle)


@pytest.fixture
def throttled_sts(session):
    """A call to another service whose two attempts are both throttled."""

    def call(mode):
        config = Config(retries={"mode": mode, "total_max_attempts": 2}, signature_version=UNSIGNED)
        client = session.client("sts", config=config)
        throttle(client, range(2))
        with pytest.raises(ClientError, match="Throttling"):
            client.get_caller_identity()

    return call


@pytest.fixture
def waits(monkeypatch):
    """The real waits: ``time.sleep`` and token buckets only record them here."""
    waits = []

    class Condition(threading.Condition):
        def wait(self, timeout=None):
            waits.append(timeout)
            now[0] += timeout + 1e-6  # a float's share of it may be nothing

    now = [time.time()]
    fake_threading = SimpleNamespace(Lock=threading.Lock, Condition=Condition)
    fake_time = SimpleNamespace(time=lambda: now[0])
    monkeypatch.setattr(time, "sleep", waits.append)
    monkeypatch.setattr(bucket, "threading", fake_threading)
    monkeypatch.setattr(bucket, "time", fake_time)
    return waits


@pytest.mark.parametrize("mode", MODES)
def test_a_throttled_call_takes_no_real_time(mode, waits, datazone_ts, make_client, post):
    datazone_ts.inject("ThrottlingException", times=4)
    post(make_client(mode, attempts=5))
    assert waits == []
    attempts = datazone_ts.calls.one().attempts
    assert len(attempts) == 5
    slept = [attempt.slept for attempt in attempts]
    assert all(0 < seconds < 2**n for n, seconds in enumerate(slept[:4]))
    assert slept[4] == 0
    backoffs = [seconds for seconds in datazone_ts.sleeps if seconds in slept]
    assert backoffs == slept[:4]
    assert (len(datazone_ts.sleeps) > 4) is (mode == "adaptive")
    for before, after in pairwise(attempts):
        assert after.at - before.at >= timedelta(seconds=before.slept, milliseconds=-1)


@pytest.mark.parametrize(
    "fault", ["ReadTimeout", "ConnectionClosed", "InternalServerException", "HttpError"]
)
@pytest.mark.parametrize("mode", MODES)
def test_retries_of_any_fault_take_no_real_time(mode, fault, waits, datazone_ts, make_client, post):
    datazone_ts.inject(fault, times=2)
    post(make_client(mode))
    assert waits == []
    assert len(datazone_ts.sleeps) == 2


@pytest.mark.parametrize("mode", ["legacy", "standard"])  # adaptive mode also waits for tokens
def test_waits_before_and_after_an_unsent_request_belong_to_the_previous_attempt(
    mode, make_client, post
):
    requests = count(1)

    def fail_the_second(request, **_):
        if next(requests) == 2:
            raise EndpointConnectionError(endpoint_url=request.url)

    client = make_client(mode, attempts=4)
    client.meta.events.register("before-send.datazone", fail_the_second)
    with mock_datazone_ts() as ts:
        ts.inject("ThrottlingException")
        post(client)

        assert [attempt.slept for attempt in ts.calls.one().attempts] == [sum(ts.sleeps), 0]


@pytest.mark.parametrize("mode", MODES)
def test_the_recorded_waits_are_those_that_botocore_would_have_made(
    mode, make_client, post, monkeypatch
):
    """The reference is botocore alone, in simulated time."""
    throttled = {0, 1, 2, 3, 20, 21, 30}

    def run(client, clock):
        random.seed(1)
        for _ in range(30):
            post(client)
            clock.tick(0.02)
        return time.time()

    requested = []
    with freeze_time("2024-01-01") as clock, monkeypatch.context() as patch:

        def pass_time(seconds):
            requested.append(seconds)
            clock.tick(seconds)

        class Condition(threading.Condition):
            def wait(self, timeout=None):
                pass_time(timeout)
                clock.tick(timedelta(microseconds=1))

        fake_threading = SimpleNamespace(Lock=threading.Lock, Condition=Condition)
        patch.setattr(time, "sleep", pass_time)
        patch.setattr(bucket, "threading", fake_threading)
        client = make_client(mode, attempts=6, signature_version=UNSIGNED)
        throttle(client, throttled)
        ended = run(client, clock)

    with freeze_time("2024-01-01") as clock, mock_datazone_ts() as ts:
        numbers = count()
        ts.inject("ThrottlingException", times=None, where=lambda _: next(numbers) in throttled)
        client = make_client(mode, attempts=6, signature_version=UNSIGNED)
        assert run(client, clock) == pytest.approx(ended, abs=1e-3)
        assert list(ts.sleeps) == pytest.approx(requested, abs=1e-4)
    assert len(requested) >= len(throttled)


@pytest.mark.parametrize("mode", MODES)
def test_retries_in_threads_take_no_real_time(mode, waits, datazone_ts, make_client, post):
    client = make_client(mode)
    datazone_ts.inject("ThrottlingException", times=16, where=lambda call: len(call.attempts) < 2)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: post(client, formName=f"form {n}"), range(8)))
    assert waits == []
    assert len(datazone_ts.data_points) == 8
    assert [len(call.attempts) for call in datazone_ts.calls] == [3] * 8
    slept = [attempt.slept for call in datazone_ts.calls for attempt in call.attempts[:2]]
    assert not Counter(slept) - Counter(datazone_ts.sleeps)


@pytest.mark.parametrize("fault", [None, "ThrottlingException", "ReadTimeout"])
@pytest.mark.parametrize("mode", MODES)
def test_time_sleep_itself_is_untouched(mode, fault, datazone_ts, make_client, post, monkeypatch):
    original = time.sleep
    client = make_client(mode)
    datazone_ts.inject("ThrottlingException", times=2)
    if fault is not None:
        datazone_ts.inject(fault)
    with nullcontext() if fault is None else pytest.raises((ClientError, ReadTimeoutError)):
        post(client)
    assert time.sleep is original
    assert botocore.endpoint.time.time is time.time
    called_with = []
    monkeypatch.setattr(time, "sleep", called_with.append)
    time.sleep(3)
    botocore.endpoint.time.sleep(4)
    assert called_with == [3, 4]


@pytest.mark.parametrize("mode", MODES)
def test_other_services_really_wait(mode, throttled_sts, waits, datazone_ts, make_client, post):
    throttled_sts(mode)
    expected = len(waits)
    assert expected == (2 if mode == "adaptive" else 1)
    datazone_ts.inject("ThrottlingException")
    post(make_client(mode))
    recorded = datazone_ts.sleeps
    assert len(waits) == expected
    throttled_sts(mode)
    assert len(waits) == 2 * expected
    assert datazone_ts.sleeps == recorded != ()


@pytest.mark.parametrize("mode", MODES)
def test_other_services_really_wait_after_a_failed_call(
    mode, throttled_sts, waits, datazone_ts, make_client, post
):
    datazone_ts.inject("ReadTimeout", times=3)
    with pytest.raises(ReadTimeoutError):
        post(make_client(mode))
    assert waits == []
    throttled_sts("standard")
    assert len(waits) == 1


@pytest.mark.parametrize("event", ["request-created.datazone", "before-send.datazone"])
def test_other_services_really_wait_during_a_datazone_call(
    event, throttled_sts, waits, datazone_ts, make_client, post
):
    client = make_client()
    client.meta.events.register(event, lambda **_: throttled_sts("standard"))
    datazone_ts.inject("ThrottlingException", times=2)
    post(client)
    assert len(waits) == 3  # one in each of its attempts
    assert len(datazone_ts.sleeps) == 2


def test_a_passthrough_operation_really_waits(waits, make_client):
    client = make_client(signature_version=UNSIGNED)
    throttle(client, range(3))
    with mock_datazone_ts(unstubbed="passthrough") as ts:
        with pytest.raises(ClientError, match="ThrottlingException"):
            client.get_domain(identifier=DOMAIN)
        assert len(waits) == 2
        assert ts.sleeps == ()


def test_other_token_buckets_are_left_alone(datazone_ts):  # noqa: ARG001 - active
    tokens = bucket.TokenBucket(max_rate=1, clock=bucket.Clock())
    with pytest.raises(CapacityNotAvailableError):
        tokens.acquire(amount=2, block=False)


@pytest.mark.parametrize("mode", MODES)
def test_real_retries_really_sleep(mode, waits, make_client, post):
    with mock_datazone_ts(retry_sleep="real") as ts:
        ts.inject("ThrottlingException", times=2)
        post(make_client(mode))
        assert waits == list(ts.sleeps)
        attempts = ts.calls.one().attempts
        slept = [attempt.slept for attempt in attempts]
        assert [seconds for seconds in waits if seconds in slept] == slept[:2]
        # The sleeps are stubbed here, so no time has passed: it is not counted twice.
        assert attempts[-1].at - attempts[0].at < timedelta(seconds=5)
    assert len(waits) == (4 if mode == "adaptive" else 2)


def test_real_retries_on_a_frozen_clock_do_not_wait_for_a_token_indefinitely(
    make_client, post, monkeypatch
):
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    with freeze_time("2024-01-01"), mock_datazone_ts(retry_sleep="real") as ts:
        ts.inject("ThrottlingException", times=2)
        post(make_client("adaptive"))
        assert waits == [attempt.slept for attempt in ts.calls.one().attempts[:2]]
        assert len(ts.sleeps) == 4


def test_adaptive_mode_waits_for_a_token_before_the_attempt(datazone_ts, make_client, post):
    with freeze_time("2024-01-01") as frozen:
        began = frozen().replace(tzinfo=timezone.utc)
        datazone_ts.inject("ThrottlingException", times=3)
        post(make_client("adaptive", attempts=4))

    waited = timedelta(seconds=sum(datazone_ts.sleeps))
    assert len(datazone_ts.sleeps) > 3
    assert abs(datazone_ts.data_points.one().posted_at - began - waited) < timedelta(seconds=1e-3)


@pytest.mark.parametrize("mode", ["standard", "adaptive"])
@pytest.mark.parametrize("fault", ["ThrottlingException", "ReadTimeout"])
def test_a_client_throttled_in_one_test_is_retried_in_full_in_the_next(
    mode, fault, make_client, post
):
    client = make_client(mode)

    def failing_calls(ts, count):
        with ts.inject(fault, times=None):
            for _ in range(count):
                with pytest.raises((ClientError, ReadTimeoutError)):
                    post(client)
        return [len(call.attempts) for call in ts.calls]

    with mock_datazone_ts() as ts:
        attempts = failing_calls(ts, 60)
        assert (attempts[0], attempts[-1]) == (3, 1)  # the retry quota is used up
    with mock_datazone_ts() as ts:
        assert failing_calls(ts, 2) == [3, 3]
        with mock_datazone_ts() as inner:
            assert failing_calls(inner, 60)[-1] == 1
        assert failing_calls(ts, 2) == [3, 3, 3, 3]
    with mock_datazone_ts() as ts:
        post(client)
        assert ts.sleeps == ()  # adaptive mode no longer limits the rate


@pytest.mark.parametrize("mode", ["standard", "adaptive"])
def test_reset_clears_the_retry_state_of_clients(mode, make_client, post):
    client = make_client(mode)
    with mock_datazone_ts() as ts:  # like a session-scoped fixture
        with ts.inject("ThrottlingException", times=None):
            for _ in range(60):
                with pytest.raises(ClientError):
                    post(client)
        assert len(ts.calls[-1].attempts) == 1
        ts.reset()
        post(client)
        assert ts.sleeps == ()
        ts.inject("ThrottlingException", times=2)
        post(client)
        assert [len(call.attempts) for call in ts.calls] == [1, 3]


def test_a_reset_between_two_attempts_removes_the_first(datazone_ts, make_client, post):
    client = make_client()
    client.meta.events.register("needs-retry", lambda **_: datazone_ts.reset())
    datazone_ts.inject("ThrottlingException")
    post(client)
    assert len(datazone_ts.calls) == 0
    assert datazone_ts.sleeps == ()


def test_a_process_without_aiobotocore_works(make_client, post, monkeypatch):
    for name in ("aiobotocore.endpoint", "aiobotocore.retries.bucket"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with mock_datazone_ts() as ts:
        ts.inject("ThrottlingException")
        post(make_client())
        assert len(ts.sleeps) == 1


def test_every_replaced_name_is_restored(make_client, post):
    def names():
        return botocore.endpoint.time, bucket.TokenBucket._acquire  # noqa: SLF001

    before = names()
    with mock_datazone_ts():
        during = names()
        with mock_datazone_ts() as ts:
            ts.inject("ThrottlingException")
            post(make_client("adaptive"))
            assert names() == during
        assert names() == during
    assert names() == before
    assert before[0] is time
    assert not set(before) & set(during)


def test_a_replacement_of_time_by_the_user_is_used_and_restored(throttled_sts, monkeypatch):
    waits = []
    mine = SimpleNamespace(sleep=waits.append)
    monkeypatch.setattr(botocore.endpoint, "time", mine)
    with mock_datazone_ts():
        throttled_sts("standard")
    assert len(waits) == 1
    assert botocore.endpoint.time is mine


@pytest.mark.parametrize("mode", MODES)
def test_two_equal_posts_under_a_patched_uuid4_are_two_calls(make_client, post, monkeypatch, mode):
    monkeypatch.setattr("uuid.uuid4", lambda: UUID(int=1))
    client = make_client(mode)
    with mock_datazone_ts() as ts:
        post(client)
        ts.inject("ThrottlingException")
        post(client)
        post(client)
        assert [len(call.attempts) for call in ts.calls] == [1, 2, 1]


def test_two_equal_posts_over_http_are_two_calls(datazone_ts, datazone_ts_server):
    modes = dict(zip(MODES, ["us-east-1", "us-east-2", "us-west-2"], strict=True))
    for region in modes.values():
        datazone_ts.inject("ThrottlingException", after=1, region=region)
    code = f"""
import time, uuid
time.sleep, uuid.uuid4 = lambda _: None, lambda: uuid.UUID(int=1)
import boto3
from botocore.config import Config
for mode, region in {modes}.items():
    config = Config(retries={{"mode": mode}})
    client = boto3.client("datazone", region_name=region, config=config)
    for _ in range(3):
        client.post_time_series_data_points(
            domainIdentifier="dzd_5oo7xzoqltu8mf", entityIdentifier="asset", entityType="ASSET",
            forms=[{{"formName": "f", "typeIdentifier": "t", "timestamp": 1704067200}}],
        )
"""
    environ = {**os.environ, **datazone_ts_server.environ}
    subprocess.run([sys.executable, "-c", code], env=environ, check=True)  # noqa: S603
    for region in modes.values():
        calls = datazone_ts.calls.where(region=region)
        assert [len(call.attempts) for call in calls] == [1, 2, 1]
