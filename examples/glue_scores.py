"""Publish AWS Glue data quality results for a table to its asset in Amazon DataZone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from botocore.client import BaseClient

FORM_TYPE = "amazon.datazone.DataQualityResultFormType"


def publish(client: BaseClient, domain: str, table: str, result: dict[str, Any]) -> list[float]:
    """Publish a ``glue.get_data_quality_result`` response, and return all scores, newest first.

    ``table`` is the ARN of a Glue table.
    """
    asset = find_asset(client, domain, table)
    form = post_score(client, domain, asset, result)
    if form not in shown_forms(client, domain, asset):
        message = f"asset {asset} does not show {form}"
        raise RuntimeError(message)
    return read_scores(client, domain, asset, result["RulesetName"])


def assume(role: str) -> BaseClient:
    """Return a DataZone client that uses the role in the domain's account."""
    sts = boto3.client("sts")
    response = sts.assume_role(RoleArn=role, RoleSessionName="glue-scores")
    credentials = response["Credentials"]
    return boto3.client(
        "datazone",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def find_asset(client: BaseClient, domain: str, table: str) -> str:
    """Return the ID of the asset published from a Glue table."""
    pages = client.get_paginator("search_listings").paginate(
        domainIdentifier=domain, additionalAttributes=["FORMS"]
    )
    for page in pages:
        for item in page["items"]:
            listing = item["assetListing"]
            forms = json.loads(listing["additionalAttributes"]["forms"])
            if forms.get("GlueTableForm", {}).get("tableArn") == table:
                return listing["entityId"]
    message = f"no asset of {domain} was published from {table}"
    raise LookupError(message)


def post_score(client: BaseClient, domain: str, asset: str, result: dict[str, Any]) -> str:
    """Post a result as one data point; return its ID."""
    evaluations = [
        {
            "description": rule["Description"],
            "types": [rule["Description"].partition(" ")[0]],
            "applicableFields": [],
            # Glue also has ERROR, but DataZone shows a rule only as passed or failed.
            "status": "PASS" if rule["Result"] == "PASS" else "FAIL",
            "details": (
                {"EVALUATION_MESSAGE": rule["EvaluationMessage"]}
                if "EvaluationMessage" in rule
                else {}
            ),
        }
        for rule in result["RuleResults"]
    ]
    content = {
        "evaluationsCount": len(evaluations),
        "passingPercentage": 100 * result["Score"],
        "evaluations": evaluations,
    }
    response = client.post_time_series_data_points(
        domainIdentifier=domain,
        entityType="ASSET",
        entityIdentifier=asset,
        forms=[
            {
                "formName": result["RulesetName"],
                "typeIdentifier": FORM_TYPE,
                "timestamp": result["CompletedOn"],
                "content": json.dumps(content),
            }
        ],
    )
    return response["forms"][0]["id"]


def read_scores(client: BaseClient, domain: str, asset: str, ruleset: str) -> list[float]:
    """Return the scores of a ruleset, newest first."""
    pages = client.get_paginator("list_time_series_data_points").paginate(
        domainIdentifier=domain, entityType="ASSET", entityIdentifier=asset, formName=ruleset
    )
    return [
        json.loads(point["contentSummary"])["passingPercentage"]
        for page in pages
        for point in page["items"]
    ]


def shown_forms(client: BaseClient, domain: str, asset: str) -> list[str]:
    """Return the IDs of the data points shown on the asset's page."""
    response = client.get_asset(domainIdentifier=domain, identifier=asset)
    return [form["id"] for form in response["latestTimeSeriesDataPointFormsOutput"]]
