"""A rate limit is a token bucket on the test's clock."""

from __future__ import annotations

import contextlib
import inspect
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from fractions import Fraction

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from freezegun import freeze_time
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sample import DOMAIN, ENTITY, location

from pytest_datazone_ts import faults, mock_datazone_ts

START = "2024-01-01"


@pytest.fixture
def admitted(make_client, post):
    """Post once without retries; return whether it was admitted."""
    client = make_client(attempts=1)

    def admitted(**keywords):
        try:
            post(client, **keywords)
        except client.exceptions.ThrottlingException as error:
            assert error.response["Error"]["Message"] == "Rate exceeded"  # noqa: PT017
            return False
        return True

    return admitted


@settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rate=st.sampled_from([10, 3, 0.1, 0.7, 2.5, 1000, 1 / 3]),
    burst=st.sampled_from([1, 2, 5, 1.5]),
    steps=st.lists(
        st.sampled_from([0, 1, 99_999, 100_000, 100_001, 333_333, 333_334, 1_000_000, 10_000_000])
        | st.integers(0, 3_000_000),
        max_size=20,
    ),
)
@example(rate=10, burst=1, steps=[100_000] * 20)
@example(rate=10, burst=1, steps=[0, *[10_000] * 20])
@example(rate=0.7, burst=1, steps=[10_000_000] * 3)
@example(rate=1, burst=1, steps=[0, 999_999, 1])
@example(rate=1_000_000, burst=1, steps=[0, 0, 1])
def test_it_is_exactly_a_token_bucket(admitted, rate, burst, steps):
    tokens = Fraction(str(burst))
    with freeze_time(START) as clock, mock_datazone_ts() as ts:
        limit = ts.rate_limit(rate, burst=burst)
        for microseconds in steps:
            clock.tick(timedelta(microseconds=microseconds))
            refill = Fraction(str(rate)) * microseconds / 1_000_000
            tokens = min(Fraction(str(burst)), tokens + refill)
            assert admitted() is (tokens >= 1)
            if tokens >= 1:
                tokens -= 1
        assert limit.throttled == len(steps) - len(ts.data_points)
        assert (limit.rate, limit.burst) == (rate, burst)


def test_a_loop_of_50_posts_at_10_a_second_is_throttled_and_passes_when_it_backs_off(
    datazone_ts, admitted
):
    datazone_ts.rate_limit(10)
    with freeze_time(START) as clock:
        for number in range(50):
            while not admitted(formName=f"form {number}"):
                clock.tick(timedelta(milliseconds=50))
    assert [point.form_name for point in datazone_ts.data_points] == [
        f"form {n}" for n in range(50)
    ]
    # One at once, then each after its second backoff.
    throttled = [call for call in datazone_ts.calls if call.error_code == "ThrottlingException"]
    assert len(throttled) == 49 * 2
    first, last = datazone_ts.data_points[0], datazone_ts.data_points[-1]
    assert last.posted_at - first.posted_at == timedelta(seconds=4.9)


def test_code_that_does_not_back_off_is_throttled(datazone_ts, admitted):
    datazone_ts.rate_limit(10)
    with freeze_time(START):
        assert [admitted() for _ in range(50)] == [True] + [False] * 49


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_botocores_backoff_passes_the_limit(mode, datazone_ts, make_client, post):
    client = make_client(mode, attempts=10)
    limit = datazone_ts.rate_limit(10)
    for _ in range(50):
        post(client)
    assert len(datazone_ts.data_points) == 50
    # At 10 per second, 50 posts take 4.9 seconds; all other attempts were too early.
    took = datazone_ts.data_points[-1].posted_at - datazone_ts.data_points[0].posted_at
    assert took >= timedelta(seconds=4.8)
    assert limit.throttled == sum(len(call.attempts) - 1 for call in datazone_ts.calls) > 0
    assert datazone_ts.sleeps


def test_a_burst_is_let_through_at_once(datazone_ts, admitted):
    datazone_ts.rate_limit(1, burst=3)
    with freeze_time(START) as clock:
        assert [admitted() for _ in range(5)] == [True, True, True, False, False]
        clock.tick(2)
        assert [admitted() for _ in range(3)] == [True, True, False]
        clock.tick(3600)
        assert [admitted() for _ in range(4)] == [True, True, True, False]


def test_a_clock_moved_back_refills_nothing_and_goes_on_from_there(datazone_ts, admitted):
    with freeze_time(START) as clock:
        datazone_ts.rate_limit(1)
        assert admitted()
        clock.move_to("2023-01-01")
        assert not admitted()
        clock.tick(0.5)
        assert not admitted()
        clock.tick(0.5)
        assert admitted()


def test_it_limits_only_its_operation(datazone_ts, admitted, make_client):
    datazone_ts.rate_limit(1, operation="ListTimeSeriesDataPoints")
    client = make_client(attempts=1)

    def list_points():
        return client.list_time_series_data_points(
            domainIdentifier=DOMAIN,
            entityIdentifier=ENTITY,
            entityType="ASSET",
            formName="completeness",
        )

    with freeze_time(START):
        list_points()
        with pytest.raises(client.exceptions.ThrottlingException):
            list_points()
        assert admitted()
        assert admitted()


def test_each_region_has_a_limit_of_its_own(datazone_ts, session, post):
    limit = datazone_ts.rate_limit(1)
    with freeze_time(START):
        for region in ("eu-west-1", "us-east-1"):
            client = session.client("datazone", region, config=Config(retries={"mode": "legacy"}))
            post(client)
    assert limit.throttled == 0
    assert [len(call.attempts) for call in datazone_ts.calls] == [1, 1]


def test_a_new_limit_replaces_the_old_one_and_cancel_lifts_it(datazone_ts, admitted):
    with freeze_time(START):
        old = datazone_ts.rate_limit(0.001)
        assert [admitted(), admitted()] == [True, False]
        new = datazone_ts.rate_limit(0.001, burst=2)
        assert [admitted(), admitted(), admitted()] == [True, True, False]
        assert (old.throttled, new.throttled) == (1, 1)
        new.cancel()
        assert admitted()


def test_a_throttled_attempt_has_its_limit_and_no_injected_fault(datazone_ts, admitted):
    limit = datazone_ts.rate_limit(0.001)
    line = inspect.currentframe().f_lineno - 1
    assert admitted()
    assert not admitted()
    free, limited = (call.attempts[0] for call in datazone_ts.calls)
    assert (limited.status_code, limited.error_code) == (429, "ThrottlingException")
    assert limited.fault is None
    assert free.armed_at is None
    assert limited.armed_at == limit.armed_at == location(__file__, line)


def test_a_slow_service_is_limited_too(datazone_ts, admitted):
    datazone_ts.inject(faults.Latency(0.05), times=None)
    datazone_ts.rate_limit(10)
    with freeze_time(START):
        assert [admitted() for _ in range(5)] == [True, False, True, False, True]


def test_an_attempt_that_never_reaches_the_service_takes_no_token(datazone_ts, make_client, post):
    datazone_ts.rate_limit(0.001)
    datazone_ts.inject("ReadTimeout")
    with freeze_time(START):
        with pytest.raises(ReadTimeoutError):
            post(make_client(attempts=1))
        post(make_client(attempts=1))


def test_threads_get_no_more_than_the_burst(datazone_ts, make_client, post):
    clients = [make_client(attempts=1) for _ in range(8)]
    datazone_ts.rate_limit(0.000_001, burst=13)

    def run(client):
        for _ in range(5):
            with contextlib.suppress(ClientError):
                post(client)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, clients))
    assert len(datazone_ts.data_points) == 13


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), True, "10", None])
def test_a_rate_is_a_number_above_0(rate, datazone_ts):
    with pytest.raises(ValueError, match="rate_limit") as caught:
        datazone_ts.rate_limit(rate)
    assert str(caught.value) == (
        f"rate_limit(rate=...) takes a number, above 0 calls a second, not {rate!r}"
    )


@pytest.mark.parametrize("burst", [0, 0.5, -1, float("inf"), True, "1", None])
def test_a_burst_is_1_or_more(burst, datazone_ts):
    with pytest.raises(ValueError, match="rate_limit") as caught:
        datazone_ts.rate_limit(1, burst=burst)
    assert str(caught.value) == f"rate_limit(burst=...) takes a number, 1 or more, not {burst!r}"
