"""Names that both the package and a test replace in other modules."""

from __future__ import annotations

import functools
import sys
import time
from contextlib import ExitStack
from itertools import permutations
from types import FunctionType
from unittest import mock

import boto3
import botocore.endpoint
import pytest
from botocore.credentials import ContainerProvider, Credentials, InstanceMetadataProvider
from botocore.endpoint import Endpoint
from botocore.session import Session
from moto.core.models import botocore_stubber

from pytest_datazone_ts import DataZoneTimeSeries, mock_datazone_ts


def replaced():
    return [Session.get_credentials, Endpoint._send]  # noqa: SLF001 - the double replaces it


ORIGINALS = replaced()

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
        patch.stop()  # this puts back what it found, which was the double's replacement

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
        assert (getattr(owner, name) is mocked) == isinstance(owner, type)  # a method is left alone
    try:
        assert getattr(owner, name) is mocked
    finally:
        patch.stop()
        setattr(owner, name, original)


@pytest.mark.usefixtures("bare_machine")
def test_a_class_mocked_in_one_double_gets_stand_ins_in_the_next():
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


@each_replaced_name
def test_a_mock_can_end_in_the_next_double(owner, name):
    original = getattr(owner, name)
    patch = mock.patch.object(owner, name)
    with mock_datazone_ts():
        patch.start()
    with mock_datazone_ts():
        patch.stop()  # this puts back the stand-in of the first double
    assert getattr(owner, name) is original


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


class ReadOnly(type):
    """A metaclass for classes whose attributes cannot be set."""

    def __setattr__(cls, name, value):
        raise AttributeError(name)


@pytest.mark.parametrize(
    ("class_name", "options"),
    [("botocore.session.Session", {}), ("botocore.endpoint.Endpoint", {"mock_aws": True})],
)
def test_a_double_that_fails_to_start_is_not_active(class_name, options):
    with mock_datazone_ts(**options):
        pass
    methods = {"get_credentials": Session.get_credentials, "_send": Endpoint._send}  # noqa: SLF001
    with mock.patch(class_name, ReadOnly("Own", (), methods)):
        with pytest.raises(AttributeError, match=r"get_credentials|_send"):
            mock_datazone_ts(**options).start()
        with pytest.raises(RuntimeError, match="no DataZone double is active here"):
            DataZoneTimeSeries.current()
    assert not botocore_stubber.enabled
    with mock_datazone_ts(**options):
        pass
    assert replaced() == ORIGINALS


def test_a_class_of_the_tests_own_without_the_attribute_is_left_unchanged():
    own = type("Own", (), {"get_credentials": mock.Mock()})
    with mock.patch("botocore.session.Session", own):
        with mock_datazone_ts():
            del own.get_credentials
        with mock_datazone_ts():
            pass
    assert not hasattr(own, "get_credentials")


@pytest.mark.parametrize("doubles", [1, 2])
@pytest.mark.parametrize(
    ("base", "name", "options"),
    [(Session, "get_credentials", {}), (Endpoint, "_send", {"mock_aws": True})],
)
def test_a_removed_override_of_an_inherited_method_stays_removed(base, name, options, doubles):
    # A different function of botocore's, so that it is not the inherited one.
    own = type("Own", (base,), {name: Session.get_auth_token})
    with ExitStack() as stack:
        for _ in range(doubles - 1):
            stack.enter_context(mock_datazone_ts(**options))
        stack.enter_context(mock.patch(f"{base.__module__}.{base.__name__}", own))
        with mock_datazone_ts(**options):
            delattr(own, name)
        with mock_datazone_ts(**options):
            pass
    assert name not in vars(own)


@pytest.mark.parametrize("when", ["before the double", "inside the double"])
def test_an_attribute_that_the_test_removes_stays_removed(when):
    with pytest.MonkeyPatch.context() as patch:
        if when == "before the double":
            patch.delattr(Endpoint, "_send")
        with mock_datazone_ts(mock_aws=True):
            patch.delattr(Endpoint, "_send", raising=False)
        assert not hasattr(Endpoint, "_send")
    assert not botocore_stubber.enabled
    with mock_datazone_ts(mock_aws=True):
        pass
    assert replaced() == ORIGINALS


def own_credentials(*_):
    return OWN


OWN = Credentials("own", "own")
PATCHES = {
    "mock": mock.Mock(side_effect=own_credentials),
    "autospec": mock.create_autospec(Session.get_credentials, return_value=OWN),
    "function": own_credentials,
    "wrapper": functools.wraps(Session.get_credentials)(own_credentials),
    "static": staticmethod(own_credentials),
    "class": classmethod(own_credentials),
    "property": property(lambda _: own_credentials),
    "without a module": FunctionType(own_credentials.__code__, {"OWN": OWN}),
}


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize(
    ("owner", "name"), [(Session, "get_credentials"), (ContainerProvider, "load")]
)
@pytest.mark.parametrize("own", PATCHES.values(), ids=PATCHES)
def test_a_method_that_the_test_patches_is_left_alone(owner, name, own):
    with mock.patch.object(owner, name, own):
        with mock_datazone_ts():
            assert vars(owner)[name] is own
            assert Session().get_credentials() is OWN
        assert vars(owner)[name] is own


@pytest.mark.usefixtures("bare_machine")
def test_a_subclass_in_place_of_the_class_inherits_the_stand_ins():
    own = type("Own", (Session,), {"get_credentials": own_credentials})
    before = dict(vars(own))
    with mock.patch("botocore.session.Session", own), mock_datazone_ts():
        assert own().get_config_variable("region") == "us-east-1"
        assert own().get_credentials() is OWN
    assert dict(vars(own)) == before
    assert replaced() == ORIGINALS


def test_a_mocked_class_is_left_alone():
    with mock.patch("botocore.session.Session", autospec=True) as mocked, mock_datazone_ts():
        mocked.get_credentials()
        mocked.get_credentials.assert_called_once_with()


def test_a_mocked_module_is_left_alone(monkeypatch):
    mocked = mock.create_autospec(botocore.endpoint)
    monkeypatch.setitem(sys.modules, "botocore.endpoint", mocked)
    monkeypatch.setitem(sys.modules, "aiobotocore.endpoint", object())
    before = mocked.time
    with mock_datazone_ts():
        assert mocked.time is before


@pytest.mark.usefixtures("bare_machine")
def test_a_package_that_the_test_declares_missing_is_left_out(monkeypatch):
    for name in ("credentials", "endpoint", "session", "utils"):
        monkeypatch.setitem(sys.modules, f"aiobotocore.{name}", None)
    with mock_datazone_ts():
        assert boto3.client("datazone").meta.region_name == "us-east-1"


def test_a_mock_with_a_spec_is_left_alone_in_the_double(make_client, post):
    own = mock.Mock(spec=time)
    with mock_datazone_ts() as ts, mock.patch("botocore.endpoint.time", own):
        ts.inject("ThrottlingException", times=2)
        post(make_client())
        assert botocore.endpoint.time is own
    assert own.sleep.call_count == 2


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
