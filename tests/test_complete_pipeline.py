"""A complete pipeline: find, revise, publish, score, report lineage, read everything back."""

from __future__ import annotations

import json

import pytest
from sample import DOMAIN, ENTITY, FORM, service

pytestmark = pytest.mark.skipif(
    "PostLineageEvent" not in service().operation_names,
    reason="this botocore is older than lineage events",
)

ARN = "arn:aws:glue:eu-west-1:123456789012:table/zoo/penguins"
EVENT = {
    "eventType": "COMPLETE",
    "eventTime": "2024-01-01T12:00:00Z",
    "run": {"runId": "3b452093-782c-4ef2-9c0c-aafe2aa6f34d"},
    "job": {"namespace": "zoo", "name": "score"},
}


def pipeline(client):
    domain = {"domainIdentifier": DOMAIN}
    by_table = {"attribute": "GlueTableForm.tableArn", "value": ARN}
    [item] = client.search(
        **domain,
        searchScope="ASSET",
        filters={"and": [{"filter": by_table}]},
        sort={"attribute": "updatedAt", "order": "DESCENDING"},
    )["items"]
    asset = item["assetItem"]["identifier"]
    revision = client.create_asset_revision(**domain, identifier=asset, name="birds")["revision"]
    client.create_listing_change_set(
        **domain,
        entityIdentifier=asset,
        entityType="ASSET",
        entityRevision=revision,
        action="PUBLISH",
    )
    client.post_time_series_data_points(
        **domain, entityIdentifier=asset, entityType="ASSET", forms=[FORM]
    )
    client.post_lineage_event(**domain, event=json.dumps(EVENT).encode())


def test_all_of_it_is_read_back(datazone_ts, datazone_ts_client):
    for asset, table in ((ENTITY, ARN), ("keepers", f"{ARN}_keepers")):
        forms = {"GlueTableForm": {"tableArn": table}}
        datazone_ts.add_asset(asset, domain_identifier=DOMAIN, name="penguins", forms=forms)

    pipeline(datazone_ts_client)

    domain = {"domainIdentifier": DOMAIN}
    [listed] = datazone_ts_client.search_listings(**domain, searchText="birds")["items"]
    assert listed["assetListing"]["entityRevision"] == "2"
    asset = datazone_ts_client.get_asset(**domain, identifier=ENTITY)
    [score] = asset["latestTimeSeriesDataPointFormsOutput"]
    assert score["id"] == datazone_ts.assert_posted(count=1, entity_identifier=ENTITY).one().id
    [event] = datazone_ts_client.list_lineage_events(**domain)["items"]
    got = datazone_ts_client.get_lineage_event(**domain, identifier=event["id"])
    assert json.loads(got["event"].read()) == datazone_ts.lineage_events.one().json() == EVENT
    assert all(call.succeeded for call in datazone_ts.calls)
