"""Functions that tests run in child processes."""

from __future__ import annotations

import boto3
from sample import DOMAIN, FORM

from pytest_datazone_ts import mock_datazone_ts


def publish(asset, client=None):
    client = client or boto3.client("datazone")
    client.post_time_series_data_points(
        domainIdentifier=DOMAIN, entityIdentifier=asset, entityType="ASSET", forms=[FORM]
    )


def error_of_publishing(asset, client=None):
    try:
        publish(asset, client)
    except Exception as error:  # noqa: BLE001 - the test checks it
        return type(error).__name__, str(error)


def publish_with_its_own_double(asset):
    with mock_datazone_ts() as ts:
        publish(asset)
        return len(ts.data_points), error_of_publishing("b")
