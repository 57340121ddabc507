"""The AWS CLI, which no hook in the process reaches."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

STORY = Path(__file__).with_name("story.sh")
PIPELINE = Path(__file__).with_name("pipeline.sh")


@pytest.fixture
def shell(installed, run):
    """Run a shell script that finds the AWS CLI as ``aws``."""
    folder = installed / "cli" / "bin"
    if not (folder / "aws").exists() or not (sh := shutil.which("sh")):
        pytest.skip("there is no AWS CLI here, or no shell")

    def shell(*arguments):
        path = f"{folder}{os.pathsep}{os.environ['PATH']}"
        return run(sh, *arguments, PATH=path, AWS_RETRY_MODE="standard", AWS_MAX_ATTEMPTS="2")

    return shell


def test_a_shell_script_posts(datazone_ts, shell):
    shell(
        "-c",
        """
        set -eu
        aws datazone post-time-series-data-points \
            --domain-identifier dzd_5oo7xzoqltu8mf \
            --entity-identifier 4wyh64k2n8czaf \
            --entity-type ASSET \
            --forms '[{
                "formName": "completeness",
                "typeIdentifier": "amazon.datazone.DataQualityResultFormType",
                "timestamp": "2024-01-01T00:00:00Z",
                "content": "{\\"passingPercentage\\": 87.5}"
            }]'
        """,
    )

    point = datazone_ts.data_points.one()
    assert point.form_name == "completeness"
    assert point.timestamp.isoformat() == "2024-01-01T00:00:00+00:00"
    assert point.json() == {"passingPercentage": 87.5}


def test_every_operation_an_exception_and_a_retry(check_story, shell):
    check_story(lambda: shell(str(STORY)))


def test_a_complete_pipeline(check_pipeline, shell):
    check_pipeline(lambda: shell(str(PIPELINE)))
