"""A test whose working directory is deleted."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps it")


def test_messages_show_paths_as_they_are(run_pytest, pytester):
    result = run_pytest(
        """
        import os
        import shutil
        import boto3
        import pytest
        from pytest_datazone_ts import sweep

        CLIENT = boto3.client("datazone", region_name="us-east-1")

        @pytest.fixture(autouse=True)
        def gone(tmp_path, monkeypatch):
            monkeypatch.chdir(tmp_path)
            shutil.rmtree(tmp_path)

        def publish():
            CLIENT.post_time_series_data_points(
                domainIdentifier="dzd_5oo7xzoqltu8mf", entityIdentifier="a", entityType="ASSET",
                forms=[{"formName": "f", "typeIdentifier": "t", "timestamp": 1704067200}],
            )

        def test_inject(datazone_ts):
            datazone_ts.inject("ThrottlingException")
            publish()
            with pytest.raises(AssertionError):
                datazone_ts.assert_not_posted()

        def test_unused(datazone_ts):
            datazone_ts.inject("ThrottlingException")

        def test_fails(datazone_ts):
            datazone_ts.inject("ThrottlingException")
            publish()
            datazone_ts.assert_posted(form_name="g")

        def test_sweep():
            assert sweep(publish).cells
        """,
        "--datazone-ts-report=report.html",
        "-p",
        "no:cacheprovider",
    )
    result.assert_outcomes(passed=3, failed=1, errors=1)
    file = pytester.path / "test_it.py"
    result.stdout.fnmatch_lines([f"*{file}:*", "*datazone_ts*", f"*{file}:*"])
    assert (pytester.path / "report.html").is_file()


def test_inject(datazone_ts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(tmp_path)
    with pytest.raises(FileNotFoundError):
        os.getcwd()  # noqa: PTH109
    datazone_ts.inject("ThrottlingException").cancel()
