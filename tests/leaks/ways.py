"""Every way to get a double; one test fails, and one has an error at teardown."""

from __future__ import annotations

import asyncio
import unittest

import boto3
import pytest
from botocore.config import Config
from freezegun import freeze_time

from pytest_datazone_ts import DataZoneTimeSeries, faults, mock_datazone_ts

try:
    import time_machine
except ImportError:
    time_machine = None
try:
    import moto
except ImportError:
    moto = None
try:
    import aiobotocore.config
    import aiobotocore.session
except ImportError:
    aiobotocore = None

POST = {
    "domainIdentifier": "dzd_5oo7xzoqltu8mf",
    "entityIdentifier": "4wyh64k2n8czaf",
    "entityType": "ASSET",
    "forms": [{"formName": "score", "typeIdentifier": "team.FormType", "timestamp": 0}],
}
MODES = ["legacy", "standard", "adaptive"]


def client_of(mode="standard", **keywords):
    config = Config(retries={"mode": mode, "total_max_attempts": 4})
    return boto3.client("datazone", config=config, **keywords)


def post(ts=None, mode="standard", **keywords):
    if ts is not None:
        ts.inject("ThrottlingException", times=2)
        ts.inject(faults.Latency(0.5))
    client = client_of(mode, **keywords)
    client.post_time_series_data_points(**POST)
    client.close()


def test_that_fails(datazone_ts):
    datazone_ts.inject("ThrottlingException")
    assert datazone_ts.calls != []


def test_with_an_unused_injection(datazone_ts):
    datazone_ts.inject("ThrottlingException")


@pytest.mark.parametrize("mode", MODES)
def test_fixture(datazone_ts, mode):
    post(datazone_ts, mode)


def test_client(datazone_ts, datazone_ts_client):
    datazone_ts.add_asset("4wyh64k2n8czaf", domain_identifier="dzd_5oo7xzoqltu8mf", name="penguins")
    datazone_ts.rate_limit(1)
    datazone_ts_client.post_time_series_data_points(**POST)
    datazone_ts_client.get_asset(domainIdentifier="dzd_5oo7xzoqltu8mf", identifier="4wyh64k2n8czaf")
    datazone_ts.reset()


@pytest.mark.datazone_ts(sign=True)
def test_signed(datazone_ts):
    post(datazone_ts)


@pytest.mark.parametrize("mode", MODES)
def test_time_that_stands_still(datazone_ts, mode):
    with freeze_time("2024-01-01"):
        post(datazone_ts, mode)
    if time_machine is not None:
        with time_machine.travel("2024-01-01", tick=False):
            post(datazone_ts, mode)


@pytest.mark.usefixtures("datazone_ts_server")
def test_server(datazone_ts):
    datazone_ts.inject("ConnectionClosed")
    post(region_name="eu-west-1")
    datazone_ts.assert_posted(count=1)


@pytest.mark.skipif(moto is None, reason="moto")
def test_server_with_moto(datazone_ts_server):
    pytest.importorskip("flask")
    sts = boto3.client("sts", endpoint_url=datazone_ts_server.endpoint_url)
    assert sts.get_caller_identity()["Account"]
    sts.close()


def test_context_managers():
    with mock_datazone_ts(), mock_datazone_ts() as inner:
        post(inner)
    with pytest.raises(ZeroDivisionError), mock_datazone_ts():
        raise ZeroDivisionError
    with pytest.raises(AssertionError), mock_datazone_ts() as ts:
        ts.inject("ThrottlingException")
    with pytest.raises(RuntimeError):
        DataZoneTimeSeries.current()


@mock_datazone_ts
def test_decorator():
    post(DataZoneTimeSeries.current())


@mock_datazone_ts(strict=False)
class TestClass:
    def setup_method(self):
        post(DataZoneTimeSeries.current())

    def test_post(self):
        post(DataZoneTimeSeries.current())


@mock_datazone_ts
class TestCase(unittest.TestCase):
    def setUp(self):
        post(DataZoneTimeSeries.current())

    def test_post(self):
        post(DataZoneTimeSeries.current())


def test_coroutine():
    @mock_datazone_ts
    async def coroutine():
        post(DataZoneTimeSeries.current())

    asyncio.run(coroutine())


@pytest.mark.skipif(aiobotocore is None, reason="aiobotocore")
@pytest.mark.parametrize("mode", MODES)
def test_aiobotocore(datazone_ts, mode):
    datazone_ts.inject("ThrottlingException")
    config = aiobotocore.config.AioConfig(retries={"mode": mode, "total_max_attempts": 4})

    async def main():
        session = aiobotocore.session.get_session()
        async with session.create_client("datazone", config=config) as client:
            await client.post_time_series_data_points(**POST)

    asyncio.run(main())


@pytest.mark.skipif(moto is None, reason="moto")
@pytest.mark.parametrize("double_first", [True, False])
def test_moto(double_first):
    mocks = [mock_datazone_ts(), moto.mock_aws()][:: 1 if double_first else -1]
    with mocks[0], mocks[1]:
        post(DataZoneTimeSeries.current())
        sts = boto3.client("sts", region_name="us-east-1")
        assert sts.get_caller_identity()["Account"]
        sts.close()
