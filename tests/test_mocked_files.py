"""Files that a test mocks or takes away, around the first thing that a process does."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

SETUP = """
import boto3
import pytest
from unittest.mock import mock_open, patch

CLIENT = boto3.client("datazone", region_name="us-east-1")  # at import, as a Lambda makes it

def publish(client):
    client.post_time_series_data_points(
        domainIdentifier="dzd_5oo7xzoqltu8mf", entityIdentifier="asset", entityType="ASSET",
        forms=[{"formName": "f", "typeIdentifier": "t", "timestamp": 1704067200}],
    )

def use(ts, what):
    if what == "inject":
        ts.inject("ThrottlingException").cancel()
    elif what == "respond":
        ts.respond("GetDomain", lambda _: {})
    elif what == "add_asset":
        ts.add_asset("4wyh64k2n8czaf", domain_identifier="dzd_5oo7xzoqltu8mf", name="n")
    elif what == "fail":
        publish(CLIENT)
        ts.assert_posted(form_name="g")
    else:
        publish(CLIENT)
"""
WHAT = ["call", "inject", "respond", "add_asset", "fail"]


def run(run_pytest, source, what):
    result = run_pytest(SETUP + source.replace("WHAT", repr(what)), apart=True)
    if what == "fail":
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*form_name*", "*expected 'g'*", "*1 data point stored*"])
    else:
        result.assert_outcomes(passed=1)


@pytest.mark.parametrize("what", WHAT)
def test_mock_open(run_pytest, what):
    source = """
def test_it(datazone_ts, monkeypatch):
    monkeypatch.setattr("builtins.open", mock_open(read_data="asset"))
    use(datazone_ts, WHAT)
"""
    run(run_pytest, source, what)


@pytest.mark.skipif(find_spec("pyfakefs") is None, reason="pyfakefs is not installed")
@pytest.mark.parametrize("what", WHAT)
def test_pyfakefs(run_pytest, what):
    source = """
def test_it(datazone_ts, fs):
    use(datazone_ts, WHAT)

def test_the_next(datazone_ts):
    publish(CLIENT)
    assert len(datazone_ts.calls) == 1
"""
    plugin = ("-p", "pyfakefs.pytest_plugin")
    result = run_pytest(SETUP + source.replace("WHAT", repr(what)), *plugin, apart=True)
    failed = int(what == "fail")
    result.assert_outcomes(passed=2 - failed, failed=failed)


def test_a_model_that_a_client_loaded_is_not_loaded_again(run_pytest):
    source = """
def test_it(monkeypatch):
    from botocore.loaders import JSONFileLoader
    from pytest_datazone_ts import mock_datazone_ts
    monkeypatch.setattr(JSONFileLoader, "load_file", None)
    with mock_datazone_ts():
        publish(CLIENT)
"""
    run(run_pytest, source, "call")
