"""A test that mocks files before the package has loaded everything that it needs."""

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
        domainIdentifier="dzd_5oo7xzoqltu8mf", entityIdentifier="4wyh64k2n8czaf",
        entityType="ASSET",
        forms=[{"formName": "f", "typeIdentifier": "t", "timestamp": 1704067200}],
    )

USES = {
    "call": lambda ts: publish(CLIENT),
    "inject": lambda ts: ts.inject("ThrottlingException").cancel(),
    "respond": lambda ts: ts.respond("GetDomain", lambda _: {}),
    "add_asset": lambda ts: ts.add_asset(
        "4wyh64k2n8czaf", domain_identifier="dzd_5oo7xzoqltu8mf", name="penguins"
    ),
}

def use_and_fail(ts, names):
    for name in names:
        USES[name](ts)
    publish(CLIENT)
    ts.assert_posted(form_name="g")
"""
USES = ["call", "inject", "respond", "add_asset"]
both_orders = pytest.mark.parametrize("uses", [USES, USES[::-1]], ids=["call first", "call last"])


def run_in_new_process(run_pytest, source, *arguments):
    """Run pytest in a process that has loaded nothing yet."""
    return run_pytest(SETUP + source, *arguments, in_subprocess=True)


def shows_the_failure(result, **outcomes):
    result.assert_outcomes(failed=1, **outcomes)
    result.stdout.fnmatch_lines(["*form_name*", "*expected 'g'*", "*2 data points stored*"])


@both_orders
def test_mock_open(run_pytest, uses):
    source = f"""
def test_it(datazone_ts, monkeypatch):
    monkeypatch.setattr("builtins.open", mock_open(read_data="asset"))
    use_and_fail(datazone_ts, {uses})
"""
    shows_the_failure(run_in_new_process(run_pytest, source))


@pytest.mark.skipif(find_spec("pyfakefs") is None, reason="pyfakefs is not installed")
@both_orders
def test_pyfakefs(run_pytest, uses):
    source = f"""
def test_it(datazone_ts, fs):
    use_and_fail(datazone_ts, {uses})

def test_the_next_test_has_its_files_back(datazone_ts):
    publish(CLIENT)
    assert len(datazone_ts.calls) == 1
"""
    plugin = ("-p", "pyfakefs.pytest_plugin")
    shows_the_failure(run_in_new_process(run_pytest, source, *plugin), passed=1)


@pytest.mark.parametrize("session", ["boto3", "boto3.Session()"])
def test_a_model_that_a_client_loaded_is_not_loaded_again(run_pytest, session):
    source = f"""
CLIENT = {session}.client("datazone", region_name="us-east-1")

def test_it(monkeypatch):
    import gc
    gc.collect()  # the session may be gone
    from botocore.loaders import JSONFileLoader
    from pytest_datazone_ts import mock_datazone_ts
    monkeypatch.setattr(JSONFileLoader, "load_file", None)
    with mock_datazone_ts():
        publish(CLIENT)
"""
    run_in_new_process(run_pytest, source).assert_outcomes(passed=1)
