"""What the tests of other clients share: programs that run beside the test."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

FORM = {
    "formName": "completeness",
    "typeIdentifier": "amazon.datazone.DataQualityResultFormType",
    "timestamp": 1704067200,
    "content": '{"evaluationsCount": 8, "passingPercentage": 87.5, "evaluations": []}',
}


@pytest.fixture
def installed():
    """Where the clients are that are not of Python's, or not of this environment's."""
    folder = os.environ.get("DATAZONE_TS_CLIENTS")
    if folder is None:
        pytest.skip("tox installs the other clients, in its environment 'clients'")
    return Path(folder)


@pytest.fixture
def run(datazone_ts_server, tmp_path):
    """Run a program with all that the fixture gives a child process; return what it prints."""

    def run(*command, **environ):
        machine = {"AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_EC2_METADATA_DISABLED": "true"}
        finished = subprocess.run(  # noqa: S603
            command,
            env={**os.environ, **machine, **datazone_ts_server.environ, **environ},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    return run


@pytest.fixture
def tells_the_story(datazone_ts):
    """Let a program use every operation, and check what it met and what was recorded.

    The program posts, posts again and is throttled once, lists, gets the first item, deletes,
    and posts once more, which is rejected. It prints, as JSON, the ids that it was given, those
    that it listed, the form that it got, what is left, and the exception that it caught.
    """

    def tells_the_story(program):
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

    return tells_the_story
