"""boto3 in a child process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

STORY = Path(__file__).with_name("story.py")
PIPELINE = Path(__file__).with_name("pipeline.py")


def test_every_operation_an_exception_and_a_retry(check_story, run):
    check_story(lambda: run(sys.executable, str(STORY)))


def test_a_complete_pipeline(check_pipeline, run):
    check_pipeline(lambda: run(sys.executable, str(PIPELINE)))


def test_a_child_process_needs_only_the_inherited_environment(datazone_ts, datazone_ts_server):
    code = (
        "import boto3; boto3.client('datazone').list_time_series_data_points(domainIdentifier='d', "
        "entityIdentifier='e', entityType='ASSET', formName='f')"
    )
    assert datazone_ts_server.endpoint_url == os.environ["AWS_ENDPOINT_URL_DATAZONE"]

    finished = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )

    assert "ValidationException" in finished.stderr
    assert datazone_ts.calls.one().error_code == "ValidationException"
