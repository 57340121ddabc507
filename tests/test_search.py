"""``Search`` and ``SearchListings``: filters, sort and searchIn, and why nothing is found."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.config import Config
from freezegun import freeze_time
from sample import DOMAIN, service

from pytest_datazone_ts import UnansweredOperationError

START = datetime(2024, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
DAY = timedelta(days=1)
ARN = "arn:aws:glue:eu-west-1:123456789012:table/zoo"


@pytest.fixture
def zoo(datazone_ts: Any) -> None:
    """Three published assets, added on consecutive days."""
    assets: dict[str, dict[str, Any]] = {
        "penguins": {
            "description": "Three kinds of birds",
            "forms": {
                "GlueTableForm": {
                    "tableArn": f"{ARN}/penguins",
                    "rows": 344,
                    "partitioned": False,
                    "columns": [{"columnName": "year"}, {"columnName": "sex"}],
                }
            },
        },
        "keepers": {
            "owning_project_identifier": "zoo",
            "forms": {"GlueTableForm": {"tableArn": f"{ARN}/keepers", "rows": 9}},
        },
        "Visitors": {
            "type_identifier": "amazon.datazone.RedshiftTableAssetType",
            "external_identifier": "erp/7",
            "forms": {"RedshiftTableForm": {"tableName": "visitors"}},
        },
    }
    with freeze_time(START) as clock:
        for name, about in assets.items():
            datazone_ts.add_asset(name.lower(), domain_identifier=DOMAIN, name=name, **about)
            clock.tick(DAY)


@pytest.fixture(params=["Search", "SearchListings"])
def find(request, datazone_ts_client):
    """Search with either operation, and return the ids of the assets found."""

    def find(**parameters: Any) -> list[str]:
        if request.param == "Search":
            found = datazone_ts_client.search(
                domainIdentifier=DOMAIN, searchScope="ASSET", **parameters
            )
            return [item["assetItem"]["identifier"] for item in found["items"]]
        found = datazone_ts_client.search_listings(domainIdentifier=DOMAIN, **parameters)
        return [item["assetListing"]["entityId"] for item in found["items"]]

    return find


def equal(attribute: str, value: Any, **operator: str) -> dict[str, Any]:
    """A clause of filters; numbers and operators are only in newer models of botocore."""
    members = service().shape_for("Filter").members
    of_a_number = isinstance(value, int)
    if (of_a_number and "intValue" not in members) or (operator and "operator" not in members):
        pytest.skip("this botocore is older than the filter")
    key = "intValue" if of_a_number else "value"
    return {"filter": {"attribute": attribute, key: value, **operator}}


@pytest.mark.usefixtures("zoo")
@pytest.mark.parametrize(
    ("attribute", "value", "found"),
    [
        ("name", "penguins", ["penguins"]),
        ("name", "penguin", []),
        ("description", "Three kinds of birds", ["penguins"]),
        ("typeName", "amazon.datazone.GlueTableAssetType", ["penguins", "keepers"]),
        ("typeName", "GlueTableAssetType", ["penguins", "keepers"]),
        ("typeIdentifier", "RedshiftTableAssetType", ["visitors"]),
        ("externalIdentifier", "erp/7", ["visitors"]),
        ("owningProjectId", "zoo", ["keepers"]),
        ("amazonmetadata.sourceCategory", "asset", ["penguins", "keepers", "visitors"]),
        ("__DataZoneGlossaryTerms", "term", []),
        ("GlueTableForm.tableArn", f"{ARN}/keepers", ["keepers"]),
        ("amazon.datazone.GlueTableFormType.tableArn", f"{ARN}/keepers", ["keepers"]),
        ("GlueTableForm.columns.columnName", "sex", ["penguins"]),
        ("GlueTableForm.partitioned", "false", ["penguins"]),
        ("GlueTableForm.rows", "344", ["penguins"]),
        ("GlueTableForm.rows.more", "344", []),
        ("NoSuchForm.tableArn", f"{ARN}/keepers", []),
        ("creationTime", "2024-02-04T04:05:06Z", ["keepers"]),
        ("lastUpdatedTime", "1707019506", ["keepers"]),
        ("createdAt", "1707019506000", ["keepers"]),
        ("updatedAt", "2024-02-04", []),
        ("createdAt", "2024-02-04T04:05:06", ["keepers"]),
        ("createdAt", "2024-02-04T05:05:06.000+01:00", ["keepers"]),
        ("GlueTableForm.rows", 9, ["keepers"]),
        ("GlueTableForm.partitioned", 0, []),
        ("createdAt", 1707019506, ["keepers"]),
        ("createdAt", 1707019506000, ["keepers"]),
        ("lastUpdatedAt", 1707019506000, ["keepers"]),
    ],
)
def test_a_filter_compares_an_attribute(find, attribute, value, found):
    assert find(filters=equal(attribute, value)) == found


@pytest.mark.usefixtures("zoo")
@pytest.mark.parametrize(
    ("attribute", "operator", "value", "found"),
    [
        ("GlueTableForm.rows", "GT", 9, ["penguins"]),
        ("GlueTableForm.rows", "GE", 9, ["penguins", "keepers"]),
        ("GlueTableForm.rows", "LT", 344, ["keepers"]),
        ("GlueTableForm.rows", "LE", 344, ["penguins", "keepers"]),
        ("creationTime", "GT", 1707019506, ["visitors"]),
        ("creationTime", "LT", "2024-02-04T04:05:06Z", ["penguins"]),
        ("description", "TEXT_SEARCH", "BIRDS kinds", ["penguins"]),
        ("description", "TEXT_SEARCH", '"kinds birds"', ["penguins"]),
        ("createdAt", "TEXT_SEARCH", "2024-02-04", ["keepers"]),
        ("name", "EQ", "keepers", ["keepers"]),
        ("GlueTableForm.rows", "TEXT_SEARCH", 4, ["penguins"]),
    ],
)
def test_a_filter_has_an_operator(find, attribute, operator, value, found):
    assert find(filters=equal(attribute, value, operator=operator)) == found


def test_an_attribute_of_a_form_is_not_the_type_of_the_asset(datazone_ts, find):
    forms = {"typeForm": {"rows": 7, "kind": "amazon.datazone.zoo"}}
    datazone_ts.add_asset("penguins", domain_identifier=DOMAIN, name="penguins", forms=forms)
    assert find(filters=equal("typeForm.rows", "7")) == ["penguins"]
    assert find(filters=equal("typeForm.kind", "zoo")) == []


@pytest.mark.usefixtures("zoo")
def test_filters_are_combined(find):
    glue = equal("typeName", "GlueTableAssetType")
    keepers, visitors = equal("name", "keepers"), equal("name", "Visitors")

    assert find(filters={"and": [glue, keepers]}) == ["keepers"]
    assert find(filters={"and": [keepers, visitors]}) == []
    assert find(filters={"or": [keepers, visitors]}) == ["keepers", "visitors"]
    assert find(filters={"and": [{"or": [keepers, visitors]}, glue]}) == ["keepers"]


@pytest.mark.usefixtures("zoo")
def test_search_in_narrows_the_text(find):
    assert find(searchText="birds") == find(searchText='"birds"') == ["penguins"]
    assert find(searchText="birds", searchIn=[{"attribute": "name"}]) == []
    name_or_form = [{"attribute": "name"}, {"attribute": "GlueTableForm.tableArn"}]
    assert find(searchText="table keepers", searchIn=name_or_form) == ["keepers"]
    assert find(searchText="2024-02-04", searchIn=[{"attribute": "createdAt"}]) == ["keepers"]


@pytest.mark.usefixtures("zoo")
@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ({"attribute": "name"}, ["visitors", "keepers", "penguins"]),
        ({"attribute": "name", "order": "DESCENDING"}, ["penguins", "keepers", "visitors"]),
        ({"attribute": "updatedAt", "order": "DESCENDING"}, ["visitors", "keepers", "penguins"]),
        ({"attribute": "createdAt", "order": "ASCENDING"}, ["penguins", "keepers", "visitors"]),
        ({"attribute": "GlueTableForm.rows"}, ["keepers", "penguins", "visitors"]),
        (
            {"attribute": "GlueTableForm.rows", "order": "DESCENDING"},
            ["penguins", "keepers", "visitors"],
        ),
    ],
)
def test_a_search_is_sorted(find, sort, found):
    assert find(sort=sort) == found


def test_values_of_different_types_are_sorted_apart(datazone_ts, find):
    for number, size in enumerate([7, "big", None, 3, "all"]):
        forms = {"Notes": {"size": size}}
        datazone_ts.add_asset(f"n{number}", domain_identifier=DOMAIN, name="n", forms=forms)
    sort = {"attribute": "Notes.size"}
    assert find(sort=sort) == ["n3", "n0", "n4", "n1", "n2"]


@pytest.mark.usefixtures("zoo")
def test_a_listing_is_searched_as_it_was_published(datazone_ts_client, datazone_ts):
    datazone_ts_client.create_asset_revision(
        domainIdentifier=DOMAIN, identifier="penguins", name="birds"
    )
    by_name = {"domainIdentifier": DOMAIN, "filters": equal("name", "birds")}

    assert datazone_ts_client.search(**by_name, searchScope="ASSET")["totalMatchCount"] == 1
    assert datazone_ts_client.search_listings(**by_name)["totalMatchCount"] == 0
    assert (
        datazone_ts.calls[-1]
        .attempts[0]
        .reason.startswith("0 of 3 assets: penguins: its name is 'penguins'; keepers: ")
    )


# What it rejects


@pytest.mark.usefixtures("zoo")
@pytest.mark.datazone_ts(strict=False)
@pytest.mark.parametrize(
    "parameters",
    [
        {"filters": {"filter": {"attribute": "popularity", "value": "1"}}},
        {"searchIn": [{"attribute": "popularity"}], "searchText": "1"},
        {"sort": {"attribute": "popularity"}},
    ],
)
def test_an_unknown_attribute_is_an_error(find, parameters):
    with pytest.raises(UnansweredOperationError) as caught:
        find(**parameters)
    message = str(caught.value)
    assert "does not implement the attribute 'popularity'. It knows name, descrip" in message
    assert "Answer the call in the test instead: datazone_ts.respond('Search" in message


@pytest.mark.usefixtures("zoo")
@pytest.mark.datazone_ts(strict=False)
@pytest.mark.parametrize(
    ("attribute", "value", "operator"),
    [
        ("createdAt", "yesterday", {}),
        ("createdAt", "May", {}),
        ("createdAt", "9" * 100, {}),
        ("createdAt", 10**18, {}),
        ("createdAt", "0001-01-01T00:00:00+14:00", {}),
        ("GlueTableForm.rows", "100", {"operator": "GT"}),
        ("GlueTableForm.tableArn", 7, {"operator": "LT"}),
    ],
)
def test_values_that_cannot_be_compared_are_an_error(find, attribute, value, operator):
    clause = equal(attribute, value, **operator)
    with pytest.raises(UnansweredOperationError) as caught:
        find(filters=clause)
    assert f"does not implement the filter {json.dumps(clause['filter'])}." in str(caught.value)


@pytest.mark.usefixtures("zoo")
@pytest.mark.datazone_ts(strict=False)
def test_a_filter_without_exactly_one_value_is_an_error(session):
    client = session.client("datazone", config=Config(parameter_validation=False))
    search = {"domainIdentifier": DOMAIN, "searchScope": "ASSET"}
    with pytest.raises(UnansweredOperationError, match="a clause of filters with 0 members"):
        client.search(**search, filters={})
    if "value" in service().shape_for("Filter").required_members:
        return  # in an older model a filter without a value is not valid
    with pytest.raises(UnansweredOperationError, match=r'the filter \{"attribute": "name"\}'):
        client.search(**search, filters={"filter": {"attribute": "name"}})
    with pytest.raises(UnansweredOperationError, match=r'the filter \{"attribute": "name", "va'):
        client.search(
            **search, filters={"filter": {"attribute": "name", "value": "7", "intValue": 7}}
        )


# Why nothing is found


@pytest.mark.parametrize(
    ("about", "parameters", "reason"),
    [
        ({}, {"owningProjectIdentifier": "zoo"}, "its owner is 'standinproject', not 'zoo'"),
        ({}, {"searchText": "penguins whales"}, "its text does not contain 'whales'"),
        ({"domain_identifier": "dzd_other"}, {}, "its domain is 'dzd_other'"),
        ({}, {"filters": equal("name", "whales")}, "its name is 'penguins'"),
        ({}, {"filters": equal("description", "d")}, "it has no description"),
        (
            {"forms": {"F": {"rows": [1, 2]}}},
            {"filters": equal("F.rows", "3")},
            "its F.rows is '1' or '2'",
        ),
        (
            {},
            {"filters": {"or": [equal("name", "a"), equal("description", "b")]}},
            "its name is 'penguins' and it has no description",
        ),
        (
            {},
            {"filters": {"and": [equal("name", "penguins"), equal("description", "b")]}},
            "it has no description",
        ),
    ],
)
def test_a_search_that_finds_nothing_has_a_reason(
    datazone_ts, datazone_ts_client, about, parameters, reason
):
    about = {"domain_identifier": DOMAIN, "name": "penguins", **about}
    datazone_ts.add_asset("asset", **about)

    found = datazone_ts_client.search(domainIdentifier=DOMAIN, searchScope="ASSET", **parameters)

    assert found["items"] == []
    attempt = datazone_ts.calls.one().attempts[0]
    assert attempt.reason == f"0 of 1 asset: {reason}"


def test_the_reason_names_some_of_many_assets(datazone_ts, datazone_ts_client):
    for number in range(5):
        datazone_ts.add_asset(
            f"asset{number}", domain_identifier=DOMAIN, name="penguins", published=number > 0
        )

    datazone_ts_client.search_listings(domainIdentifier=DOMAIN, searchText="whales")

    assert datazone_ts.calls.one().attempts[0].reason == (
        "0 of 5 assets: asset0: it is not published; asset1: its text does not contain 'whales'; "
        "asset2: its text does not contain 'whales'; and 2 more"
    )


def test_the_timeline_of_a_failed_test_shows_the_reason(run_pytest):
    result = run_pytest(
        """
        import boto3

        def test(datazone_ts):
            datazone_ts.add_asset("asset", domain_identifier="dzd_1", name="penguins")
            client = boto3.client("datazone", region_name="us-east-1")
            found = client.search(
                domainIdentifier="dzd_1", searchScope="ASSET", owningProjectIdentifier="zoo"
            )
            assert found["items"]
        """
    )
    result.stdout.fnmatch_lines(
        ["   attempt 1: 200", "     0 of 1 asset: its owner is 'standinproject', not 'zoo'"]
    )
