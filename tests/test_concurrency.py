"""Eight concurrent threads: nothing is lost or doubled, and each thread keeps its order.

These tests find most on a free-threaded build; on others, threads switch after every few steps.
"""

from __future__ import annotations

import contextlib
import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import pytest
from botocore import endpoint
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session
from freezegun import freeze_time
from sample import FORM, PATIENCE, SERIES

import pytest_datazone_ts
from pytest_datazone_ts import DataZoneTimeSeries, mock_datazone_ts

PACKAGE = str(Path(pytest_datazone_ts.__file__).parent)
THREADS = 8
# With the GIL, threads wait for each other, so rounds are slow, and the first few almost always
# find what later ones would.
ROUNDS = 4 if getattr(sys, "_is_gil_enabled", lambda: True)() else 10
REGIONS = ["us-east-1", "eu-west-1"]
PLAIN = {**FORM, "typeIdentifier": "team.FormType"}


@pytest.fixture(autouse=True)
def short_turns():
    """Switch threads as often as possible, and at calls within the package.

    Otherwise a switch between two given lines would occur once in thousands of runs.
    """
    chance = random.Random(0).random  # noqa: S311 - not for security

    def give_way(frame, _event, _argument):
        if chance() < 0.03 and frame.f_code.co_filename.startswith(PACKAGE):
            time.sleep(1e-4)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threading.setprofile(give_way)
    yield
    threading.setprofile(None)
    sys.setswitchinterval(interval)


@pytest.fixture
def clients(session):
    """A client for each thread, in alternating regions, that yields at every step of a call."""
    retries = Config(retries={"mode": "standard", "total_max_attempts": 100})
    clients = [
        session.client("datazone", region_name=REGIONS[number % 2], config=retries)
        for number in range(THREADS)
    ]
    for client in clients:
        for step in ("request-created", "before-send.datazone", "needs-retry"):
            client.meta.events.register_last(step, lambda **_: time.sleep(1e-5))
    return clients


def at_once(work, count=THREADS):
    """Start threads together; return their results, or raise the exception of one."""
    start = threading.Barrier(count)

    def begin(number):
        start.wait(PATIENCE)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return [*pool.map(begin, range(count))]


def forms_of(thread, number):
    """Return one to three forms that identify their thread and number."""
    return [
        {**PLAIN, "formName": f"{thread}", "timestamp": number, "content": f"[{number}, {form}]"}
        for form in range(1 + number % 3)
    ]


def test_no_point_is_lost_or_doubled_and_each_thread_keeps_its_order(datazone_ts, clients, post):
    calls = 3 * ROUNDS
    datazone_ts.inject("ThrottlingException", times=20, after=5)
    datazone_ts.inject("ResponseLost", times=20, after=40)
    datazone_ts.inject("ConnectionClosed", times=20, region="eu-west-1")

    def work(thread):
        return [
            post(clients[thread], forms=forms_of(thread, number), clientToken=f"{thread}-{number}")
            for number in range(calls)
        ]

    answers = at_once(work)

    points = datazone_ts.data_points
    assert len({point.id for point in points}) == len(points)
    metadata_by_token = {}
    for thread, posted in enumerate(answers):
        mine = points.where(form_name=f"{thread}")
        assert {point.region for point in mine} == {REGIONS[thread % 2]}
        assert [(point.id, point.json()) for point in mine] == [
            (form["id"], [number, index])
            for number, answer in enumerate(posted)
            for index, form in enumerate(answer["forms"])
        ]
        assert [len(answer["forms"]) for answer in posted] == [1, 2, 3] * (calls // 3)
        metadata_by_token |= {
            f"{thread}-{n}": answer["ResponseMetadata"] for n, answer in enumerate(posted)
        }
    assert len(points) == THREADS * calls * 2
    # The forms of a request are stored together.
    together = [(point.form_name, point.timestamp) for point in points]
    runs = [
        pair for pair, before in zip(together, [None, *together], strict=False) if pair != before
    ]
    assert len(runs) == THREADS * calls

    assert len(datazone_ts.calls) == len(metadata_by_token) == THREADS * calls
    for call in datazone_ts.calls:
        metadata = metadata_by_token.pop(call.parameters["clientToken"])
        assert [attempt.number for attempt in call.attempts] == [
            *range(1, metadata["RetryAttempts"] + 2)
        ]
        assert call.attempts[-1].request_id == metadata["RequestId"]
    attempts = [attempt for call in datazone_ts.calls for attempt in call.attempts]
    assert Counter(type(attempt.fault).__name__ for attempt in attempts) == {
        "ThrottlingException": 20,
        "ResponseLost": 20,
        "ConnectionClosed": 20,
        "NoneType": THREADS * calls,
    }
    ids = [attempt.request_id for attempt in attempts if attempt.request_id is not None]
    assert len({*ids}) == len(ids) == THREADS * calls + 20
    assert sorted(datazone_ts.sleeps) == sorted(
        attempt.slept for attempt in attempts if attempt.error_code or attempt.request_id is None
    )


def test_a_token_shared_by_many_threads_stores_once(datazone_ts, clients, post):
    """Equal requests with one token are stored once; of different ones, only the first."""
    conflict = clients[
        0
    ].exceptions.ConflictException  # concurrent first accesses create two classes

    def work(thread):
        same = [post(clients[0], clientToken=f"same-{n}") for n in range(2 * ROUNDS)]
        ours = []
        for number in range(2 * ROUNDS):
            with contextlib.suppress(conflict):
                ours.append(post(clients[0], formName=f"{thread}", clientToken=f"other-{number}"))
        return [answer["forms"][0]["id"] for answer in same], ours

    answers = at_once(work)

    assert len({tuple(same) for same, _ in answers}) == 1
    ours = [answer["forms"][0]["id"] for _, ours in answers for answer in ours]
    assert len(ours) == 2 * ROUNDS
    assert sorted(point.id for point in datazone_ts.data_points) == sorted([*answers[0][0], *ours])


def test_an_injected_fault_occurs_exactly_as_often_as_requested(datazone_ts, clients, post):
    injections = [
        datazone_ts.inject("ThrottlingException", times=2, after=number % 3) for number in range(30)
    ]

    at_once(lambda thread: [post(clients[thread]) for _ in range(2 * ROUNDS)])

    assert {(each.hits, each.remaining, each.let_through) for each in injections} == {(2, 0, 0)}
    assert len(datazone_ts.data_points) == THREADS * 2 * ROUNDS
    attempts = [attempt for call in datazone_ts.calls for attempt in call.attempts]
    assert len(attempts) == THREADS * 2 * ROUNDS + 60


def test_the_waits_of_all_threads_advance_the_clock(datazone_ts, clients, post):
    """The clock advances by the sum of all waits."""
    datazone_ts.inject("ThrottlingException", times=20 * ROUNDS)

    with freeze_time("2024-01-01"):
        began = datetime.now(timezone.utc)
        at_once(lambda thread: [post(clients[thread]) for _ in range(ROUNDS)])
        passed = datetime.now(timezone.utc) - began

    assert len(datazone_ts.sleeps) == 20 * ROUNDS
    # Datetimes round each of them to a microsecond.
    assert passed.total_seconds() == pytest.approx(sum(datazone_ts.sleeps), abs=200e-6)


def test_concurrent_reads_are_consistent(datazone_ts, clients, post):
    """Half of the threads post and half read; each read is a state that existed."""
    writers = [*range(0, THREADS, 2)]

    def write(thread):
        try:
            for number in range(4 * ROUNDS):
                forms = [{**PLAIN, "timestamp": number % 7, "content": f"{thread}"}] * 2
                post(clients[0], forms=forms)
        finally:
            writers.remove(thread)
        return [], []

    def read(_thread):
        points, pages = [], []
        while writers:
            points.append([point.id for point in datazone_ts.data_points])
            assert all(call.succeeded for call in datazone_ts.calls if call.attempts)
            paginator = clients[0].get_paginator("list_time_series_data_points")
            found = paginator.paginate(**SERIES, PaginationConfig={"PageSize": 7})
            pages.append([(item["timestamp"], item["id"]) for p in found for item in p["items"]])
        return points, pages

    answers = at_once(lambda thread: (read if thread % 2 else write)(thread))

    stored = [point.id for point in datazone_ts.data_points]
    assert len(stored) == THREADS // 2 * 4 * ROUNDS * 2
    posts = datazone_ts.calls.where(where=lambda call: "forms" in call.parameters)
    assert len(posts) == THREADS // 2 * 4 * ROUNDS
    for points, pages in answers:
        for seen in points:
            assert seen == stored[: len(seen)]
            assert len(seen) % 2 == 0
        for seen in pages:
            assert len({*seen}) == len(seen)
            assert seen == sorted(seen, key=lambda item: (item[0], stored.index(item[1])))[::-1]


def test_concurrent_deletions_are_seen_everywhere(datazone_ts, clients, post):
    def work(thread):
        for number in range(3 * ROUNDS):
            post(clients[thread], clientToken=f"{thread}-{number}")
            if number % 3 == thread % 3:
                clients[thread].delete_time_series_data_points(**SERIES)

    at_once(work)

    for client, region in zip(clients, REGIONS, strict=False):
        pages = client.get_paginator("list_time_series_data_points").paginate(**SERIES)
        listed = [item["id"] for page in pages for item in page["items"]]
        there = datazone_ts.data_points.where(region=region)
        assert listed[::-1] == [point.id for point in there]
    assert {point.region for point in datazone_ts.data_points} <= {*REGIONS}


def test_doubles_started_in_several_threads_answer_every_call_once(clients, post):
    """The innermost double in the process answers, whichever thread started it."""
    with mock_datazone_ts() as outer:

        def work(thread):
            doubles, answers = [outer], []
            for _ in range(ROUNDS):
                with mock_datazone_ts() as ts:
                    answers += [post(clients[thread]) for _ in range(3)]
                assert DataZoneTimeSeries.current() is not ts
                doubles.append(ts)
            return doubles, answers

        worked = at_once(work)

        assert DataZoneTimeSeries.current() is outer
    doubles = {double for doubles, _ in worked for double in doubles}
    ids = Counter(point.id for double in doubles for point in double.data_points)
    assert ids == Counter(answer["forms"][0]["id"] for _, answers in worked for answer in answers)
    assert ids.total() == THREADS * ROUNDS * 3
    assert all(call.succeeded for double in doubles for call in double.calls)


def test_doubles_started_in_several_threads_restore_everything(clients, post):
    """The first double replaces names in botocore, and the last one restores them."""
    before = replaced()

    def work(thread):
        for _ in range(ROUNDS * 3 // 2):
            with mock_datazone_ts(strict=False) as ts:
                ts.inject("ThrottlingException")
                post(clients[thread])

    at_once(work)

    with pytest.raises(RuntimeError, match="no DataZone double is active"):
        DataZoneTimeSeries.current()
    assert replaced() == before


def replaced():
    return endpoint.time, Session.get_credentials, Session.get_config_variable


def test_a_limit_admits_exactly_its_burst(datazone_ts, session, post):
    limit = datazone_ts.rate_limit(1e-9, burst=5 * ROUNDS)
    once = Config(retries={"total_max_attempts": 1})
    clients = [session.client("datazone", config=once) for _ in range(THREADS)]

    def work(thread):
        for _ in range(2 * ROUNDS):
            with contextlib.suppress(ClientError):
                post(clients[thread])

    at_once(work)

    assert len(datazone_ts.data_points) == 5 * ROUNDS
    assert limit.throttled == THREADS * 2 * ROUNDS - 5 * ROUNDS
