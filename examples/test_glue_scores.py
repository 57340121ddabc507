"""Test a pipeline end to end: its role, the catalogue, and what it posts and reads back."""

from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError
from glue_scores import assume, publish
from moto import mock_aws

DOMAIN = "dzd_5oo7xzoqltu8mf"
ASSET = "4wyh64k2n8czaf"
ROLE = "arn:aws:iam::123456789012:role/scores"
TABLES = "arn:aws:glue:us-east-1:123456789012:table/zoo"
MONDAY = datetime(2024, 1, 1, tzinfo=timezone.utc)
RESULT = {
    "RulesetName": "nightly",
    "Score": 0.5,
    "CompletedOn": MONDAY,
    "RuleResults": [
        {"Description": 'IsComplete "species"', "Result": "PASS"},
        {
            "Description": 'IsComplete "sex"',
            "Result": "FAIL",
            "EvaluationMessage": "Value: 0.968 does not meet the constraint requirement!",
        },
    ],
}


@pytest.fixture(autouse=True)
def aws():
    with mock_aws():  # moto answers STS
        yield


def add_assets(ts):
    for asset, table in {"5n3abx1d7qjw2k": "keepers", ASSET: "penguins"}.items():
        ts.add_asset(
            asset,
            domain_identifier=DOMAIN,
            name=table,
            forms={"GlueTableForm": {"tableArn": f"{TABLES}/{table}"}},
        )


@pytest.fixture(autouse=True)
def catalogue(datazone_ts):
    add_assets(datazone_ts)


def test_publishes_end_to_end(datazone_ts):
    tuesday = {**RESULT, "Score": 1.0, "CompletedOn": MONDAY + timedelta(days=1)}

    assert publish(assume(ROLE), DOMAIN, f"{TABLES}/penguins", RESULT) == [50.0]
    assert publish(assume(ROLE), DOMAIN, f"{TABLES}/penguins", tuesday) == [100.0, 50.0]

    first, second = datazone_ts.data_points
    assert first.entity_identifier == second.entity_identifier == ASSET
    assert first.timestamp == MONDAY
    assert [rule["status"] for rule in first.json()["evaluations"]] == ["PASS", "FAIL"]
    assert [call.operation for call in datazone_ts.calls[:4]] == [
        "SearchListings",
        "PostTimeSeriesDataPoints",
        "GetAsset",
        "ListTimeSeriesDataPoints",
    ]


def test_a_rule_that_cannot_be_evaluated_fails(datazone_ts):
    unknown_column = {"Description": 'IsComplete "wings"', "Result": "ERROR"}

    publish(assume(ROLE), DOMAIN, f"{TABLES}/penguins", {**RESULT, "RuleResults": [unknown_column]})

    (rule,) = datazone_ts.data_points.one().json()["evaluations"]
    assert rule["status"] == "FAIL"


def test_a_table_without_an_asset_is_an_error(datazone_ts):
    with pytest.raises(LookupError, match="no asset of dzd_5oo7xzoqltu8mf was published from"):
        publish(assume(ROLE), DOMAIN, f"{TABLES}/whales", RESULT)

    datazone_ts.assert_not_posted()


def test_a_role_without_permission_to_search_is_an_error(datazone_ts):
    datazone_ts.inject("AccessDeniedException", operation="SearchListings")

    with pytest.raises(ClientError, match="not permitted to perform operation: SearchListings"):
        publish(assume(ROLE), DOMAIN, f"{TABLES}/penguins", RESULT)

    datazone_ts.assert_not_posted()


def test_nothing_is_lost_or_doubled(datazone_ts_sweep):
    client = assume(ROLE)

    datazone_ts_sweep(
        lambda: publish(client, DOMAIN, f"{TABLES}/penguins", RESULT),
        setup=add_assets,
        expect={"ThrottlingException": "loud", ("ThrottlingException", "attempt"): "ok"},
    )
