"""Every operation with boto3; prints what came of them as JSON."""

import json
from pathlib import Path

import boto3
from botocore.config import Config

config = Config(retries={"mode": "standard", "total_max_attempts": 2})
client = boto3.client("datazone", config=config)
form = json.loads(Path(__file__).with_name("form.json").read_text())
entity = {
    "domainIdentifier": "dzd_5oo7xzoqltu8mf",
    "entityIdentifier": "4wyh64k2n8czaf",
    "entityType": "ASSET",
}
series = {**entity, "formName": form["formName"]}


def post():
    return client.post_time_series_data_points(**entity, forms=[form])["forms"][0]["id"]


def items():
    pages = client.get_paginator("list_time_series_data_points").paginate(**series)
    return [item["id"] for page in pages for item in page["items"]]


posted = [post(), post()]
listed = items()
got = client.get_time_series_data_point(**series, identifier=listed[0])["form"]
client.delete_time_series_data_points(**series)
left = items()
try:
    post()
except client.exceptions.AccessDeniedException as error:
    caught = str(error)
results = {"posted": posted, "listed": listed, "got": got, "left": left, "caught": caught}
print(json.dumps(results, default=str))  # noqa: T201
