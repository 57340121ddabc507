"""Score the Palmer penguins table and publish the scores to Amazon DataZone."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timezone
from typing import Any

import boto3
from botocore.config import Config

FORM_TYPE = "amazon.datazone.DataQualityResultFormType"
GAP = "NA"
COMPLETE_ENOUGH = 0.99
RANGES = {
    "bill_length_mm": (30, 60),
    "bill_depth_mm": (13, 22),
    "flipper_length_mm": (170, 235),
    "body_mass_g": (2500, 6500),
}

Row = dict[str, str]
Evaluation = dict[str, Any]

# boto3's default number of attempts depends on its version, so set it explicitly.
client = boto3.client(
    "datazone", config=Config(retries={"mode": "standard", "total_max_attempts": 4})
)


def read_table(bucket: str, key: str) -> list[Row]:
    """Read a CSV file from S3."""
    body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
    return list(csv.DictReader(body.read().decode().splitlines()))


def completeness(rows: list[Row]) -> list[Evaluation]:
    """Check that almost no values are missing in each column."""
    evaluations = []
    for column in rows[0]:
        share = sum(row[column] != GAP for row in rows) / len(rows)
        rule = f'Completeness "{column}" >= {COMPLETE_ENOUGH}'
        found = f"{share:.3f} of the values are present"
        evaluations.append(_evaluation(rule, column, found, passed=share >= COMPLETE_ENOUGH))
    return evaluations


def ranges(rows: list[Row]) -> list[Evaluation]:
    """Check that the values in each measured column are plausible for a penguin."""
    evaluations = []
    for column, (low, high) in RANGES.items():
        values = [float(row[column]) for row in rows if row[column] != GAP]
        rule = f'ColumnValues "{column}" between {low} and {high}'
        found = f"the values are between {min(values):g} and {max(values):g}"
        passed = low <= min(values) and max(values) <= high
        evaluations.append(_evaluation(rule, column, found, passed=passed))
    return evaluations


def publish_scores(domain: str, asset: str, rows: list[Row]) -> None:
    """Post one data-quality result for each ruleset."""
    now = datetime.now(timezone.utc)
    rule_sets = {"completeness": completeness(rows), "ranges": ranges(rows)}
    client.post_time_series_data_points(
        domainIdentifier=domain,
        entityType="ASSET",
        entityIdentifier=asset,
        forms=[
            {
                "formName": name,
                "typeIdentifier": FORM_TYPE,
                "timestamp": now,
                "content": json.dumps(_result(evaluations)),
            }
            for name, evaluations in rule_sets.items()
        ],
    )


def _evaluation(rule: str, column: str, found: str, *, passed: bool) -> Evaluation:
    return {
        "description": rule,
        "types": [rule.partition(" ")[0]],
        "applicableFields": [column],
        "status": "PASS" if passed else "FAIL",
        "details": {"EVALUATION_MESSAGE": found},
    }


def _result(evaluations: list[Evaluation]) -> dict[str, Any]:
    passed = sum(evaluation["status"] == "PASS" for evaluation in evaluations)
    return {
        "evaluationsCount": len(evaluations),
        "passingPercentage": 100 * passed / len(evaluations),
        "evaluations": evaluations,
    }
