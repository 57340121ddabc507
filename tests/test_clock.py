"""The double follows the clock of the test: freezegun's, time-machine's or the real one."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from types import SimpleNamespace
from unittest import mock

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.retries import bucket
from freezegun import freeze_time

from pytest_datazone_ts import DataZoneTimeSeries, faults, mock_datazone_ts

try:
    import time_machine as time_machine_
except ImportError:  # on the lowest dependencies
    time_machine_ = None

MODES = ["legacy", "standard", "adaptive"]
START = datetime(2024, 1, 1, tzinfo=timezone.utc)

needs_time_machine = pytest.mark.skipif(not time_machine_, reason="needs time-machine")


def freezegun_stopped(start=START):
    return freeze_time(start)


def freezegun_ticking(start=START):
    return freeze_time(start, tick=True)


def freezegun_stepping(start=START):
    return freeze_time(start, auto_tick_seconds=2)


def time_machine_stopped(start=START):
    return time_machine_.travel(start, tick=False)


def time_machine_ticking(start=START):
    return time_machine_.travel(start, tick=True)


TIME_MACHINES = [
    pytest.param(time_machine_stopped, marks=needs_time_machine),
    pytest.param(time_machine_ticking, marks=needs_time_machine),
]
STOPPED = [freezegun_stopped, TIME_MACHINES[0]]
TICKING = [freezegun_ticking, TIME_MACHINES[1]]
ALL = [freezegun_stopped, freezegun_ticking, freezegun_stepping, *TIME_MACHINES]


@pytest.fixture(autouse=True)
def no_real_wait(monkeypatch):
    """Fail a test that sleeps or waits for a token, instead of letting it hang."""

    def fail(seconds):
        pytest.fail(f"waited for {seconds} s of real time")

    class Condition(threading.Condition):
        def wait(self, timeout=None):
            fail(timeout)

    monkeypatch.setattr(time, "sleep", fail)
    fake_threading = SimpleNamespace(Lock=threading.Lock, Condition=Condition)
    monkeypatch.setattr(bucket, "threading", fake_threading)


def utc_now():
    return datetime.now(timezone.utc)


@pytest.mark.parametrize("held", STOPPED)
@pytest.mark.parametrize("mode", MODES)
def test_a_frozen_clock_advances_by_exactly_the_virtual_sleeps(
    mode, held, datazone_ts, make_client, post
):
    datazone_ts.inject("ThrottlingException", times=3)
    with held():
        client = make_client(mode, attempts=4)
        post(client)
        ended = utc_now()
    attempts = datazone_ts.calls.one().attempts
    assert attempts[0].at == START
    assert abs(ended - START - timedelta(seconds=sum(datazone_ts.sleeps))) < timedelta(seconds=1e-4)
    for number in range(3):
        passed = attempts[number + 1].at - attempts[number].at
        assert passed >= timedelta(seconds=attempts[number].slept - 1e-5)
    assert datazone_ts.data_points.one().posted_at == attempts[-1].at


@pytest.mark.parametrize("held", TICKING)
@pytest.mark.parametrize("mode", MODES)
def test_a_ticking_clock_keeps_the_elapsed_real_time(mode, held, datazone_ts, make_client, post):
    datazone_ts.inject("ThrottlingException", times=2)
    with held():
        utc_now()  # time-machine's ticks from the first reading on
        client = make_client(mode)  # takes some milliseconds
        before = utc_now()
        post(client)
        after = utc_now()
    assert before > START
    assert after - before >= timedelta(seconds=sum(datazone_ts.sleeps) - 1e-4)
    assert before <= datazone_ts.calls.one().attempts[0].at
    assert before < datazone_ts.data_points.one().posted_at < after


def test_a_stepping_clock_advances_with_every_reading_and_every_sleep(
    datazone_ts, make_client, post
):
    client = make_client()
    datazone_ts.inject("ThrottlingException")
    with freeze_time(START, auto_tick_seconds=2):
        before = utc_now()
        post(client)
        post(client)
        after = utc_now()
    throttled, retried = datazone_ts.calls[0].attempts
    first, second = datazone_ts.data_points
    step = timedelta(seconds=2)
    assert before + step <= throttled.at
    assert retried.at - throttled.at >= step + timedelta(seconds=throttled.slept)
    assert retried.at + step <= first.posted_at
    assert first.posted_at + step <= second.posted_at
    assert second.posted_at + step <= after
    steps, rest = divmod((after - before).total_seconds() - throttled.slept, 2)
    assert steps < 50
    assert min(rest, 2 - rest) < 1e-4  # a sleep does not step the clock


@pytest.mark.parametrize("held", ALL)
@pytest.mark.parametrize("mode", MODES)
def test_no_retry_mode_hangs_on_a_frozen_clock(mode, held, datazone_ts, make_client, post):
    made_before = make_client(mode)
    with held():
        for client in (made_before, make_client(mode)):
            for _ in range(3):
                datazone_ts.inject("ThrottlingException", times=2)
                post(client)
    post(made_before)
    assert len(datazone_ts.data_points) == 7


@pytest.mark.parametrize("held", ALL)
def test_latency_advances_a_frozen_clock(held, datazone_ts, make_client, post):
    client = make_client(attempts=1, read_timeout=60)
    datazone_ts.inject(faults.Latency(42.5))
    datazone_ts.inject(faults.Latency(600))
    with held():
        before = utc_now()
        post(client)
        between = utc_now()
        with pytest.raises(ReadTimeoutError):
            post(client)
        after = utc_now()
    slack = timedelta(seconds=20)  # for the stepping clock
    assert timedelta(seconds=42.5) <= between - before < timedelta(seconds=42.5) + slack
    assert timedelta(seconds=60) <= after - between < timedelta(seconds=60) + slack
    assert [call.attempts[0].at >= before for call in datazone_ts.calls] == [True, True]


@pytest.mark.parametrize("held", STOPPED)
def test_the_rate_limit_follows_a_frozen_clock(held, datazone_ts, make_client, post):
    client = make_client(attempts=20)
    limit = datazone_ts.rate_limit(1)
    with held():
        post(client)
        post(client)
        post(client)
    points = datazone_ts.data_points
    for before, after in pairwise(points):
        assert after.posted_at - before.posted_at >= timedelta(seconds=1)
    assert limit.throttled == len(datazone_ts.sleeps) >= 2


@pytest.mark.parametrize("held", STOPPED)
def test_only_the_innermost_clock_advances(held, datazone_ts, make_client, post):
    client = make_client()
    with held():
        datazone_ts.inject("ThrottlingException", times=2)
        with held(START + timedelta(days=1)):
            post(client)
            slept = timedelta(seconds=sum(datazone_ts.sleeps))
            passed = utc_now() - START - timedelta(days=1)
            assert abs(passed - slept) < timedelta(seconds=1e-4)
        assert utc_now() == START
        post(client)
    assert [point.posted_at.day for point in datazone_ts.data_points] == [2, 1]


def test_a_freezer_that_the_user_moves_is_followed(datazone_ts, make_client, post):
    client = make_client()
    with freeze_time(START) as freezer:
        post(client)
        freezer.tick(timedelta(minutes=5))
        post(client)
        freezer.move_to("2030-06-15 12:00:00")
        post(client)
    assert [point.posted_at for point in datazone_ts.data_points] == [
        START,
        START + timedelta(minutes=5),
        datetime(2030, 6, 15, 12, tzinfo=timezone.utc),
    ]


def test_a_users_time_zone_makes_no_difference(datazone_ts, make_client, post):
    with freeze_time(START, tz_offset=-5):
        post(make_client())
    assert datazone_ts.data_points.one().posted_at == START


def test_what_freezegun_ignores_makes_no_difference(datazone_ts, make_client, post):
    client = make_client()
    with freeze_time(START, ignore=["botocore", "pytest_datazone_ts"]):
        post(client)
    assert datazone_ts.data_points.one().posted_at == START


@freeze_time("2024-02-29 12:34:56.789", as_kwarg="frozen")
def test_freezegun_as_a_decorator(datazone_ts, make_client, post, frozen):
    datazone_ts.inject("ThrottlingException")
    post(make_client("adaptive"))
    assert datazone_ts.calls.one().attempts[0].at == datetime(
        2024, 2, 29, 12, 34, 56, 789_000, tzinfo=timezone.utc
    )
    assert utc_now() == frozen().replace(tzinfo=timezone.utc)
    assert sum(datazone_ts.sleeps) > 0


@pytest.fixture
def frozen():
    """As users of freezegun and its pytest plugins write it."""
    with freeze_time(START) as freezer:
        yield freezer


def test_freezegun_in_a_fixture(frozen, datazone_ts, make_client, post):
    datazone_ts.inject("ThrottlingException")
    post(make_client())
    assert datazone_ts.calls.one().attempts[0].at == START
    assert frozen().replace(tzinfo=timezone.utc) == utc_now() > START


@needs_time_machine
def test_the_fixture_of_time_machine(datazone_ts, make_client, post, time_machine):
    client = make_client("adaptive")
    time_machine.move_to(START, tick=False)
    post(client)
    datazone_ts.inject("ThrottlingException")
    post(client)
    time_machine.shift(3600)
    post(client)
    first, second, third = (point.posted_at for point in datazone_ts.data_points)
    assert first == START
    slept = timedelta(seconds=sum(datazone_ts.sleeps))
    assert abs(third - START - timedelta(hours=1) - slept) < timedelta(seconds=1e-4)
    assert second > START


@pytest.mark.parametrize("held", STOPPED)
def test_threads_see_the_frozen_clock(held, datazone_ts, make_client, post):
    client = make_client()
    with held(), ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: post(client), range(16)))
    assert {point.posted_at for point in datazone_ts.data_points} == {START}


@pytest.mark.parametrize("held", STOPPED)
def test_sleeps_of_many_threads_add_up(held, datazone_ts, make_client, post):
    client = make_client()
    datazone_ts.inject("ThrottlingException", times=8, where=lambda call: not call.attempts)
    with held():
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: post(client), range(8)))
        passed = utc_now() - START
    assert abs(passed.total_seconds() - sum(datazone_ts.sleeps)) < 1e-4
    assert len(datazone_ts.sleeps) == 8


@pytest.mark.parametrize("held", ALL)
@pytest.mark.parametrize("mode", MODES)
def test_freezing_in_the_middle_of_a_test(mode, held, datazone_ts, make_client, post):
    client = make_client(mode)
    for context in (nullcontext(), held(), nullcontext(), held(START - timedelta(days=9000))):
        datazone_ts.inject("ThrottlingException", times=2)
        with context:
            before = utc_now()
            post(client)
            after = utc_now()
        point = datazone_ts.data_points.latest()
        # With no library to move it, the clock runs ahead of the real one by what was slept.
        ahead = timedelta(seconds=sum(datazone_ts.sleeps) + 1e-3)
        assert before < point.posted_at < after + ahead
    assert len(datazone_ts.data_points) == 4


@pytest.mark.parametrize("mode", MODES)
def test_a_clock_moved_backwards_breaks_nothing(mode, datazone_ts, make_client, post):
    client = make_client(mode, attempts=8)  # a backoff may be shorter than the limit's 10 ms
    datazone_ts.rate_limit(100)
    with freeze_time(START) as freezer:
        for year in (2024, 1999, 2030, 2010, 2010):
            freezer.move_to(f"{year}-01-01")
            datazone_ts.inject("ThrottlingException", times=2)
            post(client)
            post(client)
            assert utc_now() - datetime(year, 1, 1, tzinfo=timezone.utc) < timedelta(minutes=1)
    years = [point.posted_at.year for point in datazone_ts.data_points]
    assert years == [2024, 2024, 1999, 1999, 2030, 2030, 2010, 2010, 2010, 2010]
    assert all(0 <= seconds < 10 for seconds in datazone_ts.sleeps)


@pytest.mark.parametrize("mode", MODES)
def test_a_client_works_after_the_clock_moved_backwards(mode, make_client, post):
    client = make_client(mode)
    with mock_datazone_ts() as ts, freeze_time("1980-01-01"):
        ts.inject("ThrottlingException", times=2)
        post(client)
    with mock_datazone_ts() as ts:
        ts.inject("ThrottlingException", times=2)
        post(client)
        assert sum(ts.sleeps) < 10
        assert len(ts.calls.one().attempts) == 3


@pytest.mark.parametrize("held", [nullcontext, *ALL])
def test_no_wait_advances_the_clock_beyond_the_year_9999(held, datazone_ts, make_client, post):
    datazone_ts.inject("ThrottlingException", times=55)  # legacy mode's waits double: 2**54 s
    with held():
        post(make_client("legacy", attempts=56))
    assert datazone_ts.data_points.one().posted_at.year == 9999
    assert len(datazone_ts.sleeps) == 55


def test_without_a_frozen_clock_it_runs_ahead_of_the_real_one(datazone_ts, make_client, post):
    before = utc_now()
    datazone_ts.inject(faults.Latency(30))
    datazone_ts.inject("ThrottlingException")
    post(make_client())
    post(make_client())
    slept = timedelta(seconds=30 + sum(datazone_ts.sleeps))
    posted_at = datazone_ts.data_points.latest().posted_at
    assert before + slept <= posted_at <= utc_now() + slept
    with mock_datazone_ts():
        post(make_client())
        assert DataZoneTimeSeries.current().data_points.one().posted_at <= utc_now()


@pytest.mark.parametrize(
    "time_of_day",
    [mock.Mock(side_effect=[1.0, 2.0]), mock.Mock(return_value=0.0)],
    ids=["a list", "a constant"],
)
def test_a_patch_of_time_is_not_used(make_client, post, monkeypatch, time_of_day):
    client = make_client()
    with mock_datazone_ts() as ts:
        ts.rate_limit(1)
        ts.inject("ThrottlingException")
        with monkeypatch.context() as patch:
            patch.setattr("time.time", time_of_day)
            before = utc_now()
            post(client)
        assert not time_of_day.called
        throttled, *_, answered = ts.calls.one().attempts
        assert before <= throttled.at < answered.at


@pytest.mark.parametrize("start", ["freeze_time", "travel"])
def test_a_patch_of_time_beside_a_frozen_clock(make_client, post, monkeypatch, start):
    client = make_client()
    frozen = pytest.importorskip("time_machine" if start == "travel" else "freezegun")
    with mock_datazone_ts() as ts, getattr(frozen, start)(START):
        monkeypatch.setattr("time.time", mock.Mock(side_effect=[]))
        post(client)
        assert ts.data_points.one().posted_at - START < timedelta(minutes=1)


@pytest.mark.parametrize("start", ["freezegun.freeze_time", "time_machine.travel"])
def test_a_clock_that_is_frozen_before_the_package_is_imported(start):
    module, _, function = start.partition(".")
    pytest.importorskip(module)
    code = f"""
import {module}
from datetime import datetime, timedelta, timezone
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
with {module}.{function}(START):
    from pytest_datazone_ts.clock import Clock
    clock = Clock()
    assert clock.now() - START < timedelta(minutes=1)
assert clock.now() - START > timedelta(days=365)
"""
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - this test's
