"""Publish what AWS Glue's data quality found in a table to the table's asset in Amazon DataZone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from botocore.client import BaseClient

FORM_TYPE = "amazon.datazone.DataQualityResultFormType"


def publish(client: BaseClient, domain: str, table: str, result: dict[str, Any]) -> list[float]:
    """Publish a result of ``glue.get_data_quality_result``; return all scores, newest first.

    ``table`` is an ARN.
    """
    asset = find_asset(client, domain, table)
    form = post_score(client, domain, asset, result)
    if form not in shown_forms(client, domain, asset):
        message = f"asset {asset} does not show {form}"
        raise RuntimeError(message)
    return read_scores(client, domain, asset, result["RulesetName"])


def assume(role: str) -> BaseClient:
    """Make a DataZone client with the role of the account that the domain is in."""
    sts = boto3.client("sts")
    answer = sts.assume_role(RoleArn=role, RoleSessionName="glue-scores")
    credentials = answer["Credentials"]
    return boto3.client(
        "datazone",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def find_asset(client: BaseClient, domain: str, table: str) -> str:
    """Find the id of the asset that was published from a Glue table."""
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
    """Post a result as one data point; return its id."""
    evaluations = [
        {
            "description": rule["Description"],
            "types": [rule["Description"].partition(" ")[0]],
            "applicableFields": [],
            # Glue knows ERROR too; DataZone shows rules that passed and rules that did not.
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
    answer = client.post_time_series_data_points(
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
    return answer["forms"][0]["id"]


def read_scores(client: BaseClient, domain: str, asset: str, ruleset: str) -> list[float]:
    """Read the scores of a rule set, newest first."""
    pages = client.get_paginator("list_time_series_data_points").paginate(
        domainIdentifier=domain, entityType="ASSET", entityIdentifier=asset, formName=ruleset
    )
    return [
        json.loads(point["contentSummary"])["passingPercentage"]
        for page in pages
        for point in page["items"]
    ]


def shown_forms(client: BaseClient, domain: str, asset: str) -> list[str]:
    """Read the ids of the data points that the asset's page shows."""
    answer = client.get_asset(domainIdentifier=domain, identifier=asset)
    return [form["id"] for form in answer["latestTimeSeriesDataPointFormsOutput"]]
