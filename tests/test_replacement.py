"""Names that both the package and a test replace in other modules."""

from __future__ import annotations

import sys
import time
from itertools import permutations
from unittest import mock

import boto3
import botocore.endpoint
import pytest
from botocore.credentials import InstanceMetadataProvider
from botocore.session import Session

from pytest_datazone_ts import DataZoneTimeSeries, mock_datazone_ts

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


@pytest.mark.usefixtures("bare_machine")
def test_a_class_that_is_mocked_in_one_double_has_its_stand_ins_in_the_next():
    original = Session.get_credentials
    own = type("Own", (Session,), {})
    with mock.patch("botocore.session.Session"), mock_datazone_ts():
        pass
    with mock_datazone_ts():
        with mock.patch("botocore.session.Session", own), mock_datazone_ts():
            assert own().get_config_variable("region") == "us-east-1"
        with mock_datazone_ts():
            assert boto3.client("datazone").meta.region_name == "us-east-1"
    assert own.get_credentials is Session.get_credentials is original


def test_a_mock_that_is_started_again_in_the_double_stays():
    own = mock.Mock()
    patch = mock.patch.object(InstanceMetadataProvider, "load", own)
    patch.start()
    with mock_datazone_ts():
        patch.stop()
        patch.start()
        with mock_datazone_ts():
            assert InstanceMetadataProvider.load is own
    patch.stop()


def test_a_double_that_fails_to_start_is_not_active():
    original = Session.get_credentials
    with mock.patch("botocore.session.Session", type("Own", (), {})):  # without the methods
        with pytest.raises(AttributeError, match="get_credentials"):
            mock_datazone_ts().start()
        with pytest.raises(RuntimeError, match="no DataZone double is active here"):
            DataZoneTimeSeries.current()
    with mock_datazone_ts():
        pass
    assert Session.get_credentials is original


@pytest.mark.usefixtures("bare_machine")
def test_a_package_that_the_test_declares_missing_is_left_out(monkeypatch):
    for name in ("credentials", "endpoint", "session", "utils"):
        monkeypatch.setitem(sys.modules, f"aiobotocore.{name}", None)
    with mock_datazone_ts():
        assert boto3.client("datazone").meta.region_name == "us-east-1"


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
