"""A complete pipeline with boto3; prints what it read back, as JSON."""

import json
from pathlib import Path

import boto3

domain = {"domainIdentifier": "dzd_5oo7xzoqltu8mf"}
form = json.loads(Path(__file__).with_name("form.json").read_text())
event = Path(__file__).with_name("event.json").read_bytes()
client = boto3.client("datazone")

account = boto3.client("sts").get_caller_identity()["Account"]
glue_table = boto3.client("glue").get_table(DatabaseName="zoo", Name="penguins")["Table"]
bucket, _, key = glue_table["StorageDescriptor"]["Location"].removeprefix("s3://").partition("/")
table = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
arn = f"arn:aws:glue:eu-west-1:{account}:table/zoo/penguins"

[found] = client.search(
    **domain,
    searchScope="ASSET",
    filters={"and": [{"filter": {"attribute": "GlueTableForm.tableArn", "value": arn}}]},
    sort={"attribute": "updatedAt", "order": "DESCENDING"},
)["items"]
asset = found["assetItem"]["identifier"]
revision = client.create_asset_revision(**domain, identifier=asset, name="birds")["revision"]
client.create_listing_change_set(
    **domain,
    entityIdentifier=asset,
    entityType="ASSET",
    entityRevision=revision,
    action="PUBLISH",
)
entity = {**domain, "entityIdentifier": asset, "entityType": "ASSET"}
forms = [form, {**form, "formName": "draft"}]
client.post_time_series_data_points(**entity, forms=forms)
client.delete_time_series_data_points(**entity, formName="draft")
client.post_lineage_event(**domain, event=event)

[listed] = client.search_listings(**domain, searchText="birds")["items"]
listing = client.get_listing(**domain, identifier=listed["assetListing"]["listingId"])
revisions = client.list_asset_revisions(**domain, identifier=asset)["items"]
[latest] = client.get_asset(**domain, identifier=asset)["latestTimeSeriesDataPointFormsOutput"]
series = {**entity, "formName": "completeness"}
points = client.list_time_series_data_points(**series)["items"]
point = client.get_time_series_data_point(**series, identifier=points[0]["id"])["form"]
drafts = client.list_time_series_data_points(**{**series, "formName": "draft"})["items"]
events = client.list_lineage_events(**domain)["items"]
got = client.get_lineage_event(**domain, identifier=events[0]["id"])["event"].read()

results = {
    "table": table,
    "asset": asset,
    "published": [listing["name"], listed["assetListing"]["entityRevision"]],
    "revisions": [each["revision"] for each in revisions],
    "latest": latest["id"],
    "points": [each["id"] for each in points],
    "content": json.loads(point["content"]),
    "drafts": drafts,
    "events": [each["id"] for each in events],
    "event": json.loads(got),
}
print(json.dumps(results))  # noqa: T201
