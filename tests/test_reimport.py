"""Tests that remove botocore from ``sys.modules`` and import it again."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest

from pytest_datazone_ts import UnansweredOperationError, mock_datazone_ts

pytestmark = pytest.mark.usefixtures("connections")

PACKAGES = ("aiobotocore", "aioboto3", "boto3", "botocore", "s3transfer")
NEEDED = ("boto3", "botocore.endpoint", "botocore.exceptions", "botocore.retries.bucket")

KEYS = {
    "region_name": "us-east-1",
    "aws_access_key_id": "given",
    "aws_secret_access_key": "given",
}


def modules_of_aws():
    return {name: sys.modules[name] for name in sys.modules if name.split(".")[0] in PACKAGES}


def remove(modules):
    for name in modules:
        del sys.modules[name]


@pytest.fixture(autouse=True)
def original_modules():
    """Return the loaded modules, and restore them after the test."""
    for name in NEEDED:
        import_module(name)
    modules = modules_of_aws()
    yield modules
    remove(modules_of_aws())
    sys.modules.update(modules)


def imported_again():
    remove(modules_of_aws())
    return import_module("boto3")


def client_of(boto3, **keywords):
    config = import_module("botocore.config").Config(
        retries={"mode": "standard", "total_max_attempts": 3}
    )
    return boto3.Session().client("datazone", config=config, **keywords)


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize("first", ["the double", "the client"])
def test_clients_of_the_new_botocore_are_answered_and_retry(first, monkeypatch, post, connections):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    boto3 = imported_again()
    if first == "the client":
        client = client_of(boto3)
    with mock_datazone_ts() as ts:
        if first == "the double":
            client = client_of(boto3)
        ts.inject("ReadTimeout")
        ts.inject("ThrottlingException")
        post(client)

        codes = [(attempt.status_code, attempt.error_code) for attempt in ts.calls.one().attempts]
        assert [code for code, _ in codes] == [None, 429, 201]
        assert len(ts.sleeps) == 2
    assert connections == []


def test_botocore_can_be_imported_while_a_double_is_active(post, connections):
    """The double becomes active after botocore was removed."""
    remove(modules_of_aws())
    with mock_datazone_ts() as ts:
        post(client_of(import_module("boto3"), region_name="us-east-1"))

        assert len(ts.data_points) == 1
    assert connections == []


def test_clients_of_the_old_botocore_are_still_answered(post, connections):
    old_exceptions = import_module("botocore.exceptions")
    old = client_of(import_module("boto3"), **KEYS)
    new = client_of(imported_again(), **KEYS)
    with mock_datazone_ts() as ts:
        post(old)
        post(new)
        assert len(ts.calls) == 2

        ts.inject("ConnectTimeout", times=6)
        with pytest.raises(old_exceptions.ConnectTimeoutError):
            post(old)
        with pytest.raises(import_module("botocore.exceptions").ConnectTimeoutError):
            post(new)
        assert [len(call.attempts) for call in ts.calls] == [1, 1, 3, 3]
    assert connections == []


def places():
    names = ("botocore.endpoint", "botocore.session", "botocore.credentials", "botocore.utils")
    modules = [import_module(name) for name in names]
    classes = [
        import_module("botocore.session").Session,
        import_module("botocore.credentials").ProcessProvider,
        import_module("botocore.credentials").ContainerProvider,
        import_module("botocore.retries.bucket").TokenBucket,
    ]
    return [*map(vars, modules), *map(vars, classes)]


def test_both_botocores_are_restored_after_the_double(post, connections):
    old = places()
    before = [dict(place) for place in old]
    with mock_datazone_ts() as outer:
        boto3 = imported_again()
        new = places()
        untouched = [dict(place) for place in new]
        with mock_datazone_ts() as inner:
            client = client_of(boto3, **KEYS)
            post(client)
            assert [dict(place) for place in new] != untouched
        post(client)
        assert len(outer.calls) == len(inner.calls) == 1

    assert [dict(place) for place in old] == before
    assert [dict(place) for place in new] == untouched
    assert connections == []


def test_it_may_be_removed_and_imported_while_a_double_is_active(post, connections):
    with mock_datazone_ts() as ts:
        client = client_of(imported_again(), region_name="us-east-1")
        ts.inject("ReadTimeout")
        ts.inject("ThrottlingException")
        post(client)

        assert len(ts.calls.one().attempts) == 3
        assert len(ts.sleeps) == 2
    assert connections == []


def test_mock_aws_blocks_clients_of_the_old_and_the_new_botocore(connections):
    def client():
        return import_module("boto3").client("s3", endpoint_url="https://example.com", **KEYS)

    old = client()
    with mock_datazone_ts(mock_aws=True):
        imported_again()
    for each in (old, client()):
        with (
            mock_datazone_ts(mock_aws=True, strict=False),
            pytest.raises(UnansweredOperationError, match="the option mock_aws blocked GET "),
        ):
            each.list_buckets()
    assert connections == []


def test_after_moto_is_reimported_mock_aws_still_blocks_what_moto_does_not_answer(monkeypatch):
    with mock_datazone_ts(mock_aws=True):
        pass
    for name in [name for name in sys.modules if name.partition(".")[0] == "moto"]:
        monkeypatch.delitem(sys.modules, name)
    import_module("moto")
    url = "https://unknown.amazonaws.com"
    with (
        mock_datazone_ts(mock_aws=True, strict=False),
        pytest.raises(UnansweredOperationError, match="the option mock_aws blocked GET "),
    ):
        import_module("boto3").client("s3", endpoint_url=url, **KEYS).list_buckets()


def test_the_guard_stops_its_clients(run_pytest, original_modules, connections):
    module = """
        import sys
        from sample import DOMAIN, ENTITY, FORM

        def test_it():
            for name in [*sys.modules]:
                if name.partition(".")[0] in ("boto3", "botocore"):
                    del sys.modules[name]
            import boto3

            boto3.client("datazone", region_name="us-east-1").post_time_series_data_points(
                domainIdentifier=DOMAIN, entityIdentifier=ENTITY, entityType="ASSET", forms=[FORM]
            )
    """
    result = run_pytest(module, "-o", "datazone_ts_guard=true")
    sys.modules.update(original_modules)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *DataZoneBlockedError: PostTimeSeriesDataPoints was about *"])
    assert connections == []
