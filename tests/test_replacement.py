"""Names that both the package and a test replace in other modules."""

from __future__ import annotations

import time
from itertools import permutations
from unittest import mock

import botocore.endpoint
import pytest
from botocore.session import Session

from pytest_datazone_ts import mock_datazone_ts

each_replaced_name = pytest.mark.parametrize(
    ("owner", "name"), [(botocore.endpoint, "time"), (Session, "get_credentials")]
)


@each_replaced_name
def test_a_mock_outlives_the_double(owner, name):
    original = getattr(owner, name)
    patch = mock.patch.object(owner, name)
    with mock_datazone_ts():
        mocked = patch.start()
        with mock_datazone_ts():
            assert getattr(owner, name) is mocked
    try:
        assert getattr(owner, name) is mocked
    finally:
        patch.stop()  # this puts back what it found, which was the double's

    with mock_datazone_ts():
        pass
    assert getattr(owner, name) is original


@each_replaced_name
def test_a_mock_can_last_until_the_next_double(owner, name):
    original = getattr(owner, name)
    patch = mock.patch.object(owner, name)
    with mock_datazone_ts():
        mocked = patch.start()
    with mock_datazone_ts():
        assert getattr(owner, name) is not mocked
    try:
        assert getattr(owner, name) is mocked
    finally:
        patch.stop()
        setattr(owner, name, original)


def test_a_backoff_after_a_mock_is_recorded_once(make_client, post):
    patch = mock.patch.object(botocore.endpoint, "time")
    with mock_datazone_ts():
        patch.start()
    patch.stop()
    with mock_datazone_ts() as ts:
        ts.inject("ThrottlingException")
        post(make_client())

        assert len(ts.sleeps) == 1


ORDERS = [
    order
    for order in permutations(["mock", "unmock", "outer", "outer ends", "inner", "inner ends"])
    if order.index("mock") < order.index("unmock")
    and order.index("outer") < order.index("inner")
    and order.index("inner ends") < order.index("outer ends")
    and order.index("inner") < order.index("inner ends")
]


@pytest.mark.parametrize("order", ORDERS, ids=", ".join)
def test_a_mock_can_start_and_stop_at_any_time(make_client, post, monkeypatch, order):
    real_sleep = mock.Mock()
    monkeypatch.setattr(time, "sleep", real_sleep)
    patch, client = mock.patch("botocore.endpoint.time"), make_client()
    doubles = {"outer": mock_datazone_ts(), "inner": mock_datazone_ts()}
    active = []
    for step in order:
        if step == "mock":
            patch.start()
        elif step == "unmock":
            patch.stop()
        elif step in doubles:
            active.append(doubles[step].start())
        else:
            doubles[step.split()[0]].stop()
            active.pop()
        if active and step != "mock":
            waited = len(active[-1].sleeps)
            active[-1].inject("ThrottlingException")
            post(client)
            is_mocked = order.index("mock") <= order.index(step) < order.index("unmock")
            assert is_mocked or len(active[-1].sleeps) == waited + 1
    with mock_datazone_ts():
        pass
    assert botocore.endpoint.time is time
    assert not real_sleep.called
