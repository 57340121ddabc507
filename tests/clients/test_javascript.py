"""The AWS SDK for JavaScript, version 3."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

STORY = Path(__file__).with_name("story.cjs")
PIPELINE = Path(__file__).with_name("pipeline.cjs")


@pytest.fixture
def node(installed, run):
    """Run node, with the SDK where it looks for modules."""
    program = shutil.which("node")
    modules = installed / "js" / "node_modules"
    if program is None or not modules.exists():
        pytest.skip("node is not on this machine, or npm could not install the SDK")
    return lambda *arguments: run(program, *arguments, NODE_PATH=str(modules))


def test_a_script_posts(datazone_ts, node):
    node(
        "-e",
        """
        const { DataZone } = require("@aws-sdk/client-datazone");
        new DataZone().postTimeSeriesDataPoints({
          domainIdentifier: "dzd_5oo7xzoqltu8mf",
          entityIdentifier: "4wyh64k2n8czaf",
          entityType: "ASSET",
          forms: [{
            formName: "completeness",
            typeIdentifier: "amazon.datazone.DataQualityResultFormType",
            timestamp: new Date("2024-01-01T00:00:00.250Z"),
            content: JSON.stringify({ passingPercentage: 87.5 }),
          }],
        });
        """,
    )

    point = datazone_ts.data_points.one()
    assert point.form_name == "completeness"
    assert point.timestamp.isoformat() == "2024-01-01T00:00:00.250000+00:00"
    assert point.json() == {"passingPercentage": 87.5}


def test_every_operation_an_exception_and_a_retry(check_story, node):
    check_story(lambda: node(str(STORY)))


def test_a_complete_pipeline(check_pipeline, node):
    check_pipeline(lambda: node(str(PIPELINE)))


def test_a_script_steers_the_double(datazone_ts, node):
    told = json.loads(node(str(STORY.with_name("control.cjs"))))

    assert told["wrong"].startswith("400 inject() got 'Throttling', which is not a fault of ")
    assert [each["error_code"] for each in told["attempts"]] == ["ThrottlingException", None]
    assert [each["content"] for each in told["points"]] == [{"passingPercentage": 87.5}]
    assert told["audit"] == {"doubled": [], "unacknowledged": [], "unstored": []}
    assert told["name"] == "penguins"
    assert told["left"] == []
    assert not datazone_ts.data_points
