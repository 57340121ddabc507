"""Test a pipeline with the ``datazone_ts`` fixture and check what it posted."""

import csv
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from penguin_quality import client, publish_scores, read_table

DOMAIN = "dzd_5oo7xzoqltu8mf"
ASSET = "4wyh64k2n8czaf"
TABLE = Path(__file__).with_name("penguins.csv").read_text(encoding="utf-8")
ROWS = list(csv.DictReader(TABLE.splitlines()))


def test_publishes_scores(datazone_ts, capsys):
    publish_scores(DOMAIN, ASSET, ROWS)

    point = datazone_ts.data_points.where(form_name="completeness").one()
    assert point.entity_identifier == ASSET
    assert point.json()["passingPercentage"] == 87.5
    with capsys.disabled():
        print(f"\nposted to {ASSET}: {point.form_name} {point.json()['passingPercentage']}%")


def test_reports_the_failed_rule(datazone_ts):
    publish_scores(DOMAIN, ASSET, ROWS)

    point = datazone_ts.data_points.where(form_name="completeness").one()
    failed = [rule for rule in point.json()["evaluations"] if rule["status"] == "FAIL"]
    assert [rule["description"] for rule in failed] == ['Completeness "sex" >= 0.99']


def test_measurements_are_in_range(datazone_ts):
    publish_scores(DOMAIN, ASSET, ROWS)

    datazone_ts.assert_posted(
        count=1, form_name="ranges", content={"evaluationsCount": 4, "passingPercentage": 100}
    )


def test_survives_throttling(datazone_ts):
    datazone_ts.inject("ThrottlingException", times=2)  # real retries, no real sleeping

    publish_scores(DOMAIN, ASSET, ROWS)

    attempts = datazone_ts.calls.one().attempts
    assert [attempt.error_code for attempt in attempts] == [
        "ThrottlingException",
        "ThrottlingException",
        None,
    ]
    datazone_ts.assert_posted(count=2)


def test_denied_access_is_not_swallowed(datazone_ts):
    datazone_ts.inject("AccessDeniedException")

    with pytest.raises(client.exceptions.AccessDeniedException):
        publish_scores(DOMAIN, ASSET, ROWS)

    datazone_ts.assert_not_posted()


@mock_aws
def test_together_with_moto(datazone_ts):
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="landing-zone")
    s3.put_object(Bucket="landing-zone", Key="penguins.csv", Body=TABLE)
    sts = boto3.client("sts", region_name="us-east-1")
    assert sts.get_caller_identity()["Account"] == "123456789012"  # moto's account, not yours

    publish_scores(DOMAIN, ASSET, read_table("landing-zone", "penguins.csv"))

    datazone_ts.assert_posted(count=2, entity_identifier=ASSET)


def test_nothing_is_lost_or_doubled(datazone_ts_sweep):
    datazone_ts_sweep(lambda: publish_scores(DOMAIN, ASSET, ROWS))
