"""The lines of a sweep replay its cells, and every run gives the same matrix."""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter

import pytest
from sample import SERIES, UTCNOW

from pytest_datazone_ts import faults, mock_datazone_ts, sweep


@pytest.fixture
def client(make_client):
    return make_client(attempts=2)


@pytest.fixture
def publish(client, post):
    """Read and post: lose the first point, double the second, raise for the third."""

    def publish():
        client.list_time_series_data_points(**SERIES)
        with contextlib.suppress(Exception):
            post(client, entityIdentifier="asset1")
        try:
            post(client, entityIdentifier="asset2")
        except Exception:  # noqa: BLE001
            post(client, entityIdentifier="asset2")
        post(client, entityIdentifier="asset3")
        client.list_time_series_data_points(**SERIES)

    return publish


@pytest.fixture
def run(publish):
    """Run the code with the faults that lines inject; return its error and the points' counts."""

    def run(lines=()):
        error = None
        with mock_datazone_ts(sleep="virtual") as datazone_ts:  # strict: each fault is used
            for line in lines:
                exec(line, {"datazone_ts": datazone_ts, "faults": faults})  # noqa: S102
            try:
                publish()
            except Exception as raised:  # noqa: BLE001
                error = f"{type(raised).__name__}: {raised}"
        return error, Counter(point.entity_identifier for point in datazone_ts.data_points)

    return run


def entities(points):
    return Counter(point.entity_identifier for point in points)


def test_the_lines_of_a_cell_and_those_that_a_failure_shows_replay_it(publish, run):
    _, baseline = run()

    report = sweep(publish, sites="all")

    assert {cell.mode for cell in report.cells} == {"attempt", "call", "outage"}
    assert {cell.outcome for cell in report.cells} == {"ok", "loud", "LOST", "DOUBLED"}
    assert {cell.operation for cell in report.cells} == {
        "ListTimeSeriesDataPoints",
        "PostTimeSeriesDataPoints",
    }
    for cell in report.cells:
        error, stored = run(cell.replay.splitlines())
        found = (error, baseline - stored, stored - baseline)
        assert found == (cell.error, entities(cell.lost), entities(cell.doubled)), cell

    shown = re.compile(r"(LOST|DOUBLED): [\s\S]*?\nreplay it:\n((?:  datazone_ts\..*\n?)+)")

    with pytest.raises(AssertionError) as caught:
        report.check()
    lines = {kind: re.findall(r"\S.*", text) for kind, text in shown.findall(str(caught.value))}
    error, stored = run(lines["LOST"])
    assert (error, baseline - stored) == (None, Counter(asset1=1))
    error, stored = run(lines["DOUBLED"])
    assert stored - baseline == Counter(asset2=1)


NIGHTLY = """
import json
import os

import boto3
import pytest
from pytest_datazone_ts import faults

client = boto3.client("datazone", region_name="us-east-1")

def post(asset):
    client.post_time_series_data_points(
        domainIdentifier="dzd_1",
        entityIdentifier=asset,
        entityType="ASSET",
        forms=[{"formName": "nightly", "typeIdentifier": "team.Type", "timestamp": 0}],
    )

def publish(assets):
    for asset in assets:
        try:
            post(asset)
        except Exception:
            post(asset)

TRANSPORT = [getattr(fault, "__name__", type(fault).__name__) for fault in faults.TRANSPORT]
ALLOWED = {
    (fault, mode): "known" for fault in TRANSPORT for mode in ("attempt", "call", "outage")
}

@pytest.mark.parametrize("assets", ["a", "bc"])
def test_it(assets, datazone_ts_sweep):
    report = datazone_ts_sweep(lambda: publish(assets), allow=ALLOWED)
    assert report.where(outcome="DOUBLED")
    with open(os.environ["RUN"] + assets, "w") as file:
        json.dump([report.matrix(), report.as_dicts()], file)
"""


def test_the_matrix_is_the_same_in_every_process_order_and_worker(
    run_pytest, pytester, monkeypatch
):
    pytest.importorskip("xdist")
    runs = {
        "here": ["test_it.py"],
        "workers": ["test_it.py::test_it[bc]", "test_it.py::test_it[a]", "-n", "2"],
    }
    seen = []
    for name, arguments in runs.items():
        monkeypatch.setenv("RUN", name)
        result = run_pytest(NIGHTLY, "-W", UTCNOW, *arguments, in_subprocess=name != "here")
        result.assert_outcomes(passed=2)
        files = (pytester.path / f"{name}{assets}" for assets in ("a", "bc"))
        seen.append([json.loads(file.read_text(encoding="utf-8")) for file in files])

    here, workers = seen
    assert re.match(r"\d+ cells: ", here[1][0])
    assert workers == here
