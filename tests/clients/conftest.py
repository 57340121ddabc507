"""Fixtures for the tests of other clients, which run programs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import boto3
import pytest

DOMAIN = "dzd_5oo7xzoqltu8mf"
ASSET = "4wyh64k2n8czaf"
FORM = {
    "formName": "completeness",
    "typeIdentifier": "amazon.datazone.DataQualityResultFormType",
    "timestamp": 1704067200,
    "content": '{"evaluationsCount": 8, "passingPercentage": 87.5, "evaluations": []}',
}


@pytest.fixture
def installed():
    """The directory of the clients that are not in Python, or not in this environment."""
    folder = os.environ.get("DATAZONE_TS_CLIENTS")
    if folder is None:
        pytest.skip("tox installs the other clients, in its environment 'clients'")
    return Path(folder)


@pytest.fixture
def run(datazone_ts_server, tmp_path):
    """Run a program with the environment for child processes; return what it prints."""

    def run(*command, **environ):
        machine = {"AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_EC2_METADATA_DISABLED": "true"}
        finished = subprocess.run(  # noqa: S603
            command,
            env={**os.environ, **machine, **datazone_ts_server.environ, **environ},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    return run


@pytest.fixture
def check_story(datazone_ts):
    """Run a program that uses every operation, and check what it printed and what was recorded.

    The program posts, posts again and is throttled once, lists, gets the first item, deletes,
    and posts once more, which is rejected. It prints, as JSON, the ids that it was given, those
    that it listed, the form that it got, what is left, and the exception that it caught.
    """

    def check_story(program):
        datazone_ts.inject("ThrottlingException", after=1)
        datazone_ts.inject("AccessDeniedException", after=2)
        results = json.loads(program())

        assert datazone_ts.data_points == []
        listed, got = results["listed"], results["got"]
        assert sorted(listed) == sorted(results["posted"])
        assert got["id"] == listed[0]
        assert {name: got[name] for name in ("formName", "content")} == {
            name: FORM[name] for name in ("formName", "content")
        }
        assert results["left"] == []
        message = "User is not permitted to perform operation: PostTimeSeriesDataPoints"
        assert "AccessDeniedException" in results["caught"]
        assert message in results["caught"]
        assert [
            (call.operation, [attempt.error_code for attempt in call.attempts])
            for call in datazone_ts.calls
        ] == [
            ("PostTimeSeriesDataPoints", [None]),
            ("PostTimeSeriesDataPoints", ["ThrottlingException", None]),
            ("ListTimeSeriesDataPoints", [None]),
            ("GetTimeSeriesDataPoint", [None]),
            ("DeleteTimeSeriesDataPoints", [None]),
            ("ListTimeSeriesDataPoints", [None]),
            ("PostTimeSeriesDataPoints", ["AccessDeniedException"]),
        ]

    return check_story


@pytest.fixture
def check_pipeline(datazone_ts, datazone_ts_server):
    """Run a program that is a complete pipeline, and check what it did and read back.

    The program looks up a table in Glue and reads it from S3, finds its asset, adds a revision,
    publishes it, posts scores and a lineage event, deletes one of the scores, and reads everything
    back.
    """
    pytest.importorskip("flask", reason="the extra 'server' is not installed")
    arn = "arn:aws:glue:eu-west-1:123456789012:table/zoo/penguins"
    for asset, table in ((ASSET, arn), ("keepers", f"{arn}_keepers")):
        forms = {"GlueTableForm": {"tableArn": table}}
        datazone_ts.add_asset(asset, domain_identifier=DOMAIN, name="penguins", forms=forms)
    endpoint = {"endpoint_url": datazone_ts_server.endpoint_url}
    s3, glue = boto3.client("s3", **endpoint), boto3.client("glue", **endpoint)
    s3.create_bucket(Bucket="landing-zone")
    s3.put_object(Bucket="landing-zone", Key="penguins.csv", Body="Gentoo,female")
    glue.create_database(DatabaseInput={"Name": "zoo"})
    location = {"Location": "s3://landing-zone/penguins.csv"}
    table = {"Name": "penguins", "StorageDescriptor": location}
    glue.create_table(DatabaseName="zoo", TableInput=table)

    def check_pipeline(program):
        results = json.loads(program())

        point = datazone_ts.assert_posted(count=1, entity_identifier=ASSET).one()
        assert (point.form_name, point.json()) == ("completeness", json.loads(FORM["content"]))
        event = datazone_ts.lineage_events.one()
        assert results == {
            "table": "Gentoo,female",
            "asset": ASSET,
            "published": ["birds", "2"],
            "revisions": ["2", "1"],
            "latest": point.id,
            "points": [point.id],
            "content": point.json(),
            "drafts": [],
            "events": [event.id],
            "event": event.json(),
        }
        assert event.job_name == "score"
        assert {
            "Search",
            "CreateAssetRevision",
            "CreateListingChangeSet",
            "PostTimeSeriesDataPoints",
            "DeleteTimeSeriesDataPoints",
            "PostLineageEvent",
            "SearchListings",
            "GetListing",
            "ListAssetRevisions",
            "GetAsset",
            "ListTimeSeriesDataPoints",
            "GetTimeSeriesDataPoint",
            "ListLineageEvents",
            "GetLineageEvent",
        } == {call.operation for call in datazone_ts.calls}
        assert all(len(call.attempts) == 1 and call.succeeded for call in datazone_ts.calls)
        assert not datazone_ts.audit()

    return check_pipeline
