"""The sweep fixture: the message of its failure, and where its matrix is shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from xml.etree import ElementTree as ET

import pytest
from sample import UTCNOW

SCORES = """
import logging
import boto3
from botocore.config import Config

FORM = {"formName": "completeness", "typeIdentifier": "team.Type", "timestamp": 0, "content": "{}"}
client = boto3.client(
    "datazone",
    region_name="us-east-1",
    config=Config(retries={"mode": "standard", "total_max_attempts": 2}),
)

def post(asset):
    client.post_time_series_data_points(
        domainIdentifier="dzd_1", entityType="ASSET", entityIdentifier=asset, forms=[FORM]
    )

def publish():
    post("asset1")

def publish_and_log():
    for asset in ("asset1", "asset2"):
        try:
            post(asset)
        except Exception:
            print("could not post")
            logging.exception("could not post")

def publish_again():
    try:
        post("asset1")
    except Exception:
        post("asset1")
"""


@pytest.fixture
def run(run_pytest):
    return lambda source, *arguments, **keywords: run_pytest(
        textwrap.dedent(source), "-W", UTCNOW, *arguments, scores=SCORES, **keywords
    )


def test_code_that_survives(run):
    result = run(
        """
        import scores

        def test_it(datazone_ts_sweep):
            report = datazone_ts_sweep(scores.publish)
            assert {cell.outcome for cell in report.cells} == {"ok", "loud"}
        """
    )
    result.assert_outcomes(passed=1)


def test_a_failure_shows_the_matrix_and_the_first_cell_of_each_kind(run):
    result = run(
        """
        import scores

        def test_it(datazone_ts_sweep):
            datazone_ts_sweep(scores.publish_and_log)
        """
    )
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert max(len(line) for line in result.outlines if line.startswith("E")) <= 80
    result.stdout.fnmatch_lines(
        [
            "    def test_it(datazone_ts_sweep):",
            ">       datazone_ts_sweep(scores.publish_and_log)",
            "E       AssertionError: the sweep found 64 LOST",
            "E       102 cells: 64 LOST, 38 ok",
            "E       ",
            "E       1-2  PostTimeSeriesDataPoints at scores.py:*, calls 1-2",
            "E       ",
            "E       fault                         attempt       call          outage",
            "E       InternalServerException       ok            LOST          LOST",
            "E       ResponseLost                  ok            ok            ok",
            "E       LOST: InternalServerException, call (the first of 64)",
            "E         at call 1 of PostTimeSeriesDataPoints, scores.py:*",
            "E         it ended normally",
            "E         1 data point lost:",
            "E           1. 'completeness' of ASSET asset1 in us-east-1",
            "E              {}",
            "E       2 calls (1 failed), 3 attempts, 1 data point stored, backed off * s",
            "E       1. PostTimeSeriesDataPoints of ASSET asset1, domain dzd_1, us-east-1,",
            "E          attempt 1: 500 InternalServerException, injected at test_it.py:4,",
            "E       replay it:",
            'E         datazone_ts.inject("InternalServerException", call=1)',
            "test_it.py:4: AssertionError",
        ],
        consecutive=False,
    )
    assert "sweeps.py" not in text
    assert "could not post" not in text  # neither printed nor logged, once for each cell
    assert "-- datazone_ts --" not in text


def test_two_kinds_of_failure(run):
    result = run(
        """
        import scores

        def test_it(datazone_ts_sweep):
            expected = {"ThrottlingException": "loud"}
            datazone_ts_sweep(scores.publish_again, expect=expected)
        """
    )
    text = result.stdout.str()
    assert "the sweep found 9 DOUBLED, 2 UNEXPECTED\n" in text
    assert re.search(r"E +DOUBLED: ResponseLost, call \(the first of \d+\)", text)
    assert re.search(r"E +UNEXPECTED: ThrottlingException, attempt \(the first of 2\)", text)
    assert re.search(r"E +1 data point too many:", text)
    assert re.search(r"E +expected loud, but it ended normally", text)
    assert max(len(line) for line in result.outlines if line.startswith("E")) <= 80


def test_different_sites_are_distinguished(run):
    result = run(
        """
        import scores

        def publish():
            scores.post("asset1")
            try:
                scores.client.list_time_series_data_points(
                    domainIdentifier="dzd_1",
                    entityType="ASSET",
                    entityIdentifier="asset1",
                    formName="completeness",
                )
            except Exception:
                return
            scores.post("asset2")

        def test_it(datazone_ts_sweep):
            datazone_ts_sweep(publish)
        """
    )
    result.stdout.fnmatch_lines(
        [
            "E       1, 3  PostTimeSeriesDataPoints at scores.py:13, calls 1-2",
            "E       2     ListTimeSeriesDataPoints at test_it.py:6, call 1",
            "E       AccessDeniedException         LOST 2, loud  LOST 2, loud  LOST 2, loud",
            "E       ThrottlingException           ok            LOST 2, loud  LOST 2, loud",
            "E       ConflictException             loud          loud          loud",
        ],
        consecutive=False,
    )


def test_a_baseline_that_fails_shows_where(run):
    result = run(
        """
        def test_it(datazone_ts_sweep):
            datazone_ts_sweep(lambda: 1 / 0)
        """
    )
    text = result.stdout.str()
    assert ">       datazone_ts_sweep(lambda: 1 / 0)" in text
    assert "SweepError: without a fault the code raises ZeroDivisionError: division by" in text
    assert "sweeps.py" not in text


def test_the_markers_options_are_those_of_the_doubles(run):
    result = run(
        """
        import pytest, scores

        @pytest.mark.datazone_ts(content_check="error")
        def test_it(datazone_ts_sweep):
            seen = []
            datazone_ts_sweep(scores.publish, setup=lambda ts: seen.append(ts.options))
            assert {(each.content_check, each.retry_sleep) for each in seen} == {
                ("error", "virtual")
            }
            datazone_ts_sweep(
                scores.publish, content_check="off", setup=lambda ts: seen.append(ts.options)
            )
            assert seen[-1].content_check == "off"

        @pytest.mark.datazone_ts("error")
        def test_positional(datazone_ts_sweep):
            pass
        """
    )
    result.assert_outcomes(passed=1, errors=1)


def test_junit_has_the_matrix(run, pytester):
    run(
        """
        import scores

        def test_it(datazone_ts_sweep):
            datazone_ts_sweep(scores.publish)

        def test_that_fails(datazone_ts_sweep):
            datazone_ts_sweep(scores.publish_and_log)
        """,
        "--junitxml=junit.xml",
    )
    both = [*ET.parse(pytester.path / "junit.xml").iter("property")]  # noqa: S314
    assert [each.get("name") for each in both] == ["datazone_ts_sweep"] * 2
    passed, failed = (each.get("value") for each in both)
    assert passed.startswith("51 cells: 41 loud, 10 ok\n")
    assert failed.startswith("102 cells: 64 LOST, 38 ok\n")


def test_log_records_reach_caplog(run):
    result = run(
        """
        import logging
        import scores

        def test_it(datazone_ts_sweep, caplog):
            def publish():
                caplog.clear()
                scores.publish_and_log()

            report = datazone_ts_sweep(publish, reported=lambda _: caplog.records)
            assert not report.failures
            logging.getLogger().error("afterwards")
            assert 0
        """
    )
    result.stdout.fnmatch_lines(["*Captured log call*", "*afterwards*"])
    assert "could not post" not in result.stdout.str()


@pytest.mark.parametrize("plugin", ["logging", "terminal", "capture"])
def test_it_works_without_pytests_builtin_plugins(plugin, run):
    result = run(
        """
        import scores

        def test_it(datazone_ts_sweep):
            datazone_ts_sweep(scores.publish)
        """,
        "-p",
        f"no:{plugin}",
    )
    assert result.ret == 0


def test_cells_as_subtests(run):
    pytest.importorskip("pytest", "9")
    result = run(
        """
        import scores

        def test_it(datazone_ts_sweep, subtests):
            report = datazone_ts_sweep(scores.publish_again, subtests=subtests)
            assert len(report.cells) == 51
        """,
        "-v",
    )
    text = result.stdout.str()
    name = "[ResponseLost, call, call 1 of PostTimeSeriesDataPoints]"
    assert name in text
    assert "\nDOUBLED: ResponseLost, call\n" in text
    assert "42 subtests passed" in text
    assert "hidden" not in text


def test_a_test_may_show_the_progress_itself(run):
    result = run(
        """
        import scores

        def test_it(datazone_ts_sweep):
            seen = []
            datazone_ts_sweep(scores.publish, progress=lambda *numbers: seen.append(numbers))
            assert seen == [(done, 51) for done in range(51)]
        """
    )
    result.assert_outcomes(passed=1)


@pytest.mark.skipif(sys.platform == "win32", reason="it needs a pseudo-terminal")
def test_a_long_sweep_shows_its_progress_on_a_terminal(pytester, monkeypatch):
    import pty  # noqa: PLC0415 - not on Windows

    pytester.makepyfile(
        scores=SCORES,
        test_it="""
        import pytest
        import scores
        from pytest_datazone_ts import sweep_fixture

        @pytest.mark.parametrize(("patience", "interval"), [(0, 0), (0, 1e9), (1e9, 0)])
        def test_it(patience, interval, monkeypatch, request):
            monkeypatch.setattr(sweep_fixture, "PATIENCE", patience)
            monkeypatch.setattr(sweep_fixture, "INTERVAL", interval)
            request.getfixturevalue("datazone_ts_sweep")(scores.publish)
        """,
    )
    controller, terminal = pty.openpty()
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "pytest", "-W", UTCNOW], stdout=terminal, stdin=subprocess.DEVNULL
    )
    os.close(terminal)
    printed = b""
    with process:
        try:
            while data := os.read(controller, 65536):
                printed += data
        except OSError:  # Linux raises it once the other end is closed
            pass
    os.close(controller)
    text = printed.decode()
    assert process.returncode == 0, text
    shown = [*map(int, re.findall(r"\rdatazone_ts_sweep: (\d+) of 51 cells", text))]
    assert shown == [*range(51), 0]  # all, the first only, none
    assert len(re.findall(r"of 51 cells +\r +\S", text)) == 2  # erased at the end


def test_the_progress_is_shown_only_on_a_terminal(run):
    result = run(
        """
        import scores

        def test_it(datazone_ts_sweep):
            datazone_ts_sweep(scores.publish)
        """,
        in_subprocess=True,
        conftest="from pytest_datazone_ts import sweep_fixture as f\nf.PATIENCE = f.INTERVAL = 0",
    )
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*of 51 cells*")


def test_a_test_with_only_the_sweep_fixture_reaches_no_datazone(run, network):
    result = run(
        """
        import boto3, pytest, scores

        @pytest.fixture(autouse=True)
        def keys(monkeypatch):
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "configured")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "configured")

        def test_called_at_once(datazone_ts_sweep):
            datazone_ts_sweep(scores.publish())

        def test_hidden(datazone_ts_sweep):
            datazone_ts_sweep(scores.publish)
            scores.publish_and_log()

        def test_beside_a_double(datazone_ts, datazone_ts_sweep):
            scores.publish()
            datazone_ts_sweep(scores.publish)
            assert len(datazone_ts.data_points) == 1
        """
    )
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*DataZoneBlockedError: PostTimeSeriesDataPoints was about to go to https://datazone*",
            "*outside the sweep of this test. Pass the function itself, as in*",
        ],
        consecutive=False,
    )
    assert not [request for request in network if "datazone" in request.url]


def test_subtests_must_be_the_fixture(run):
    result = run(
        """
        import scores

        def test_it(datazone_ts_sweep):
            datazone_ts_sweep(scores.publish, subtests=True)
        """
    )
    result.stdout.fnmatch_lines(
        ["E *TypeError: datazone_ts_sweep(subtests=...) takes the fixture subtests, which *"]
    )
