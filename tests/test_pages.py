"""Pages: however a list is divided, nothing is missing and nothing is repeated."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from sample import DOMAIN, service

from pytest_datazone_ts import mock_datazone_ts

ENTITY = {"domainIdentifier": "dzd_a", "entityIdentifier": "a", "entityType": "ASSET"}


@pytest.fixture(scope="module")
def client(session):
    return session.client("datazone")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    # Few different times: pages end among equal ones.
    times=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    size=st.integers(1, 5),
    bounds=st.fixed_dictionaries(
        {}, optional={"startedAt": st.integers(0, 3), "endedAt": st.integers(0, 3)}
    ),
)
def test_the_pages_together_are_the_whole_list(client, times, size, bounds):
    form = {"formName": "score", "typeIdentifier": "team.ScoreFormType"}
    with mock_datazone_ts():
        posted = [
            client.post_time_series_data_points(**ENTITY, forms=[{**form, "timestamp": time}])
            for time in times
        ]
        pages = [
            [point["id"] for point in page["items"]]
            for page in client.get_paginator("list_time_series_data_points").paginate(
                **ENTITY, formName="score", **bounds, PaginationConfig={"PageSize": size}
            )
        ]
    newest_first = sorted([(time, number) for number, time in enumerate(times)], reverse=True)
    selected = range(bounds.get("startedAt", 0), bounds.get("endedAt", 3) + 1)
    expected = [
        posted[number]["forms"][0]["id"] for time, number in newest_first if time in selected
    ]
    assert [identifier for page in pages for identifier in page] == expected
    full, rest = divmod(len(expected), size)
    assert [len(page) for page in pages] == ([size] * full + [rest] * (rest > 0) or [0])


@pytest.fixture
def publish(datazone_ts_client):
    """Create and publish assets, and return their ids."""

    def publish(number):
        identifiers = [
            datazone_ts_client.create_asset(
                domainIdentifier=DOMAIN,
                name=f"penguins {count}",
                typeIdentifier="amazon.datazone.GlueTableAssetType",
                owningProjectIdentifier="zoo",
            )["id"]
            for count in range(number)
        ]
        for identifier in identifiers:
            change_listing(datazone_ts_client, identifier, "PUBLISH")
        return identifiers

    return publish


def change_listing(client, identifier, action):
    client.create_listing_change_set(
        domainIdentifier=DOMAIN, entityIdentifier=identifier, entityType="ASSET", action=action
    )


def test_a_search_continues_in_the_catalogue_of_its_first_page(
    datazone_ts, datazone_ts_client, publish
):
    identifiers = publish(5)
    pages = datazone_ts_client.get_paginator("search_listings").paginate(
        domainIdentifier=DOMAIN, PaginationConfig={"PageSize": 2}
    )
    found = []
    for page in pages:
        assert page["totalMatchCount"] == 5
        found += [item["assetListing"]["entityId"] for item in page["items"]]
        for identifier in identifiers:
            change_listing(datazone_ts_client, identifier, "UNPUBLISH")
    assert found == identifiers
    assert not any(call.attempts[0].reason for call in datazone_ts.calls)
    again = datazone_ts_client.search_listings(domainIdentifier=DOMAIN)
    assert (again["items"], again["totalMatchCount"]) == ([], 0)


def test_a_revision_added_while_paging_repeats_none(datazone_ts_client, publish):
    [identifier] = publish(1)
    asset = {"domainIdentifier": DOMAIN, "identifier": identifier}
    datazone_ts_client.create_asset_revision(**asset, name="birds")
    pages = datazone_ts_client.get_paginator("list_asset_revisions").paginate(
        **asset, PaginationConfig={"PageSize": 1, "MaxItems": 9}
    )
    revisions = []
    for page in pages:
        revisions += [item["revision"] for item in page["items"]]
        datazone_ts_client.create_asset_revision(**asset, name="birds")
    assert revisions == ["2", "1"]


@pytest.mark.skipif(
    "PostLineageEvent" not in service().operation_names,
    reason="this botocore is older than lineage events",
)
def test_a_token_of_another_operation_is_rejected(datazone_ts_client, publish):
    publish(2)
    for _ in range(2):
        datazone_ts_client.post_lineage_event(domainIdentifier=DOMAIN, event=b"{}")
    first_page = {"domainIdentifier": DOMAIN, "maxResults": 1}
    of_search = datazone_ts_client.search_listings(**first_page)["nextToken"]
    of_lineage = datazone_ts_client.list_lineage_events(**first_page)["nextToken"]

    with pytest.raises(ClientError, match="Invalid nextToken"):
        datazone_ts_client.search_listings(**first_page, nextToken=of_lineage)
    with pytest.raises(ClientError, match="Invalid nextToken"):
        datazone_ts_client.list_lineage_events(**first_page, nextToken=of_search)
