"""The option mock_aws: moto answers for the other services, and nothing reaches AWS."""

from __future__ import annotations

import os
import sys
import time
from unittest import mock

import boto3
import botocore.endpoint
import pytest
from botocore.endpoint import Endpoint
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import MockAWS

from pytest_datazone_ts import DataZoneTimeSeries, UnansweredOperationError, mock_datazone_ts

SEND = Endpoint._send  # noqa: SLF001 - a double replaces this last step before the network
ELSEWHERE = "https://secretsmanager.us-east-1.api.aws"
BLOCKED = (
    f"the option mock_aws blocked POST {ELSEWHERE}/: moto does not support any service at this "
    "address. Mock this call, for example with botocore's Stubber, give its client an endpoint_url "
    "on this machine, or turn the option off for this test."
)


@pytest.fixture(autouse=True)
def environment(bare_machine, network, monkeypatch):  # noqa: ARG001
    """A machine without any configuration of AWS."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    network.body = b'{"SecretList": []}'


def environ():
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


def store_and_read():
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="scores")
    s3.put_object(Bucket="scores", Key="today", Body=b"87.5")
    return s3.get_object(Bucket="scores", Key="today")["Body"].read()


@pytest.mark.datazone_ts(mock_aws=True)
def test_one_fixture_has_every_service(datazone_ts, post, network):
    assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"
    assert store_and_read() == b"87.5"
    post(boto3.client("datazone"))

    assert len(datazone_ts.data_points) == 1
    assert not network


def test_a_double_has_moto_for_itself(network):
    before = environ()
    for _ in range(2):
        with mock_datazone_ts(mock_aws=True):
            assert environ() == before
            assert store_and_read() == b"87.5"
            assert len(boto3.client("s3").list_buckets()["Buckets"]) == 1
    assert not network
    with mock_datazone_ts():
        boto3.client("secretsmanager").list_secrets()
    assert len(network) == 1


def test_clients_that_are_older_than_moto_are_answered(run_pytest):
    run_pytest(
        """
        import sys
        import boto3
        import pytest

        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        s3 = boto3.client("s3", region_name="us-east-1", **keys)

        def test_without_the_option(datazone_ts):
            assert "moto" not in sys.modules

        @pytest.mark.datazone_ts(mock_aws=True)
        def test_with_it(datazone_ts):
            s3.create_bucket(Bucket="scores")  # twice would be an error, in this region too
            assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["scores"]
        """,
        *("-p", "no:randomly"),
        in_subprocess=True,
    ).assert_outcomes(passed=2)


def test_what_moto_lets_through_is_blocked(network):
    with pytest.raises(AssertionError, match="swallowed errors") as failed:  # noqa: PT012, SIM117
        with mock_datazone_ts(mock_aws=True):
            client = boto3.client("secretsmanager", endpoint_url=ELSEWHERE)
            with pytest.raises(UnansweredOperationError) as raised:
                client.list_secrets()

    assert str(raised.value) == BLOCKED
    assert BLOCKED in str(failed.value)
    assert not network


def test_a_password_in_the_endpoint_is_not_shown():
    with mock_datazone_ts(mock_aws=True, strict=False):
        client = boto3.client("secretsmanager", endpoint_url="https://user:PASS@example.com")
        with pytest.raises(UnansweredOperationError, match=r" POST https://user:") as raised:
            client.list_secrets()
    assert "PASS" not in str(raised.value)


def test_datazone_let_through_is_blocked_too(network):
    with mock_datazone_ts(mock_aws=True, unstubbed="passthrough", strict=False):  # noqa: SIM117
        with pytest.raises(UnansweredOperationError, match=r" GET https://datazone\.us-east-1\."):
            boto3.client("datazone", region_name="us-east-1").list_domains()
    assert not network


@pytest.mark.parametrize(
    ("service", "operation", "message"),
    [
        ("waf", "list_rules", "https://waf.amazonaws.com/: moto does not support any service at "),
        ("cloudsearch", "list_domain_names", ".com/: moto does not support any service at this "),
        (
            "lakeformation",
            "list_resources",
            "/nothing/ListResources: moto does not support this lakeformation request. Mock ",
        ),
    ],
)
def test_a_request_that_moto_does_not_implement_is_blocked(service, operation, message, network):
    endpoint = {"endpoint_url": "https://lakeformation.us-east-1.amazonaws.com/nothing"}
    options = endpoint if service == "lakeformation" else {}
    with pytest.raises(AssertionError, match="swallowed errors") as failed:  # noqa: PT012, SIM117
        with mock_datazone_ts(mock_aws=True):
            client = boto3.client(service, region_name="us-east-1", **options)
            with pytest.raises(UnansweredOperationError) as raised:
                getattr(client, operation)()

    assert message in str(raised.value)
    assert str(raised.value) in str(failed.value)
    assert not network


@pytest.mark.parametrize(
    "endpoint_url",
    ["http://127.0.0.1:9000", "http://localhost:9000", "https://[::1]:9", "http://aws.localhost"],
)
def test_an_endpoint_on_this_machine_is_the_tests_own(endpoint_url, network):
    with mock_datazone_ts(mock_aws=True):
        boto3.client("secretsmanager", endpoint_url=endpoint_url).list_secrets()
    assert len(network) == 1


@pytest.fixture
def no_pyparsing(monkeypatch):
    """moto's plain installation, without what its extra "glue" adds."""
    import moto  # noqa: PLC0415

    for name in [*sys.modules]:
        if name.startswith("moto.glue"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(moto, "glue", raising=False)
    monkeypatch.setitem(sys.modules, "pyparsing", None)


MISSING = (
    "moto needs the module pyparsing to answer glue, and it is not installed: "
    "pip install 'moto[glue]'"
)


@pytest.mark.usefixtures("no_pyparsing")
def test_a_missing_extra_is_named(network):
    with pytest.raises(AssertionError) as failed:  # noqa: PT012, SIM117
        with mock_datazone_ts(mock_aws=True):
            with pytest.raises(ModuleNotFoundError) as raised:
                boto3.client("glue").get_tables(DatabaseName="raw")
            assert raised.value.name == "pyparsing"

    assert str(raised.value) == MISSING
    assert MISSING in str(failed.value)
    assert not network


def test_a_module_of_no_extra_is_in_the_extra_all(monkeypatch):
    def import_backend(_):
        raise ModuleNotFoundError(name="rare")

    with mock_datazone_ts(mock_aws=True, strict=False):
        monkeypatch.setattr("moto.backends.get_backend", import_backend)
        with pytest.raises(ModuleNotFoundError, match=r"rare .*pip install 'moto\[all\]'$"):
            boto3.client("lakeformation").list_permissions()


def both():
    return mock_datazone_ts(mock_aws=True)


ORDERS = {
    "moto outside": (mock_aws, both),
    "moto inside": (both, mock_aws),
    "moto between": (both, mock_aws, both),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("first_out", [0, -1], ids=["the outer first", "the inner first"])
def test_beside_a_mock_aws_of_the_tests_own(order, first_out, post, network):
    before = environ()
    mocks = [build() for build in order]
    for each in mocks:
        each.__enter__()
    post(boto3.client("datazone", region_name="us-east-1"))
    assert len(DataZoneTimeSeries.current().calls) == 1
    assert store_and_read() == b"87.5"
    mocks.pop(first_out).__exit__(None, None, None)
    s3 = boto3.client("s3", region_name="us-east-1")
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["scores"]
    for each in reversed(mocks):
        each.__exit__(None, None, None)

    assert environ() == before
    assert not network
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    boto3.client("secretsmanager", region_name="us-east-1", **keys).list_secrets()
    assert len(network) == 1  # nothing is left of either


def test_a_double_without_it_inside_changes_nothing(network):
    with mock_datazone_ts(mock_aws=True), mock_datazone_ts():
        assert store_and_read() == b"87.5"
    assert not network


def test_a_spy_on_the_last_step_before_the_network_does_not_lift_the_block(network):
    spy = mock.patch.object(Endpoint, "_send", autospec=True, side_effect=SEND)
    with spy, mock_datazone_ts(mock_aws=True, strict=False):
        client = boto3.client("secretsmanager", endpoint_url=ELSEWHERE)
        with pytest.raises(UnansweredOperationError):
            client.list_secrets()
    assert not network


def fail(*_, **__):
    raise OSError


def test_a_double_whose_mock_aws_fails_to_start_is_not_active(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(MockAWS, "start", fail)
        with pytest.raises(OSError):  # noqa: PT011 - raised by fail()
            mock_datazone_ts(mock_aws=True).start()
    with pytest.raises(RuntimeError, match="no DataZone double is active here"):
        DataZoneTimeSeries.current()
    with mock_datazone_ts(mock_aws=True):
        assert store_and_read() == b"87.5"
    assert botocore.endpoint.time is time
    assert Endpoint._send is SEND  # noqa: SLF001 - see above


def test_a_double_whose_mock_aws_fails_to_stop_is_over(monkeypatch):
    double = mock_datazone_ts(mock_aws=True)
    ts = double.start()
    with monkeypatch.context() as patch:
        patch.setattr(MockAWS, "stop", fail)
        with pytest.raises(OSError):  # noqa: PT011 - raised by fail()
            double.stop()
    mock_aws().stop()  # because the double could not

    with pytest.raises(RuntimeError, match=r"^inject\(\) came too late"):
        ts.inject("ThrottlingException")


def test_a_function_that_the_test_has_kept_blocks_nothing_after_the_double(network):
    with mock_datazone_ts(mock_aws=True):
        kept = Endpoint._send, BotocoreStubber.process_request  # noqa: SLF001 - see above
    with mock_datazone_ts(), mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Endpoint, "_send", kept[0])
        patch.setattr(BotocoreStubber, "process_request", kept[1])
        with pytest.raises(ClientError, match="404"):
            boto3.client("waf").list_rules()
        boto3.client("secretsmanager", endpoint_url=ELSEWHERE).list_secrets()
    assert len(network) == 1


def test_moto_can_be_imported_while_a_double_is_active(run_pytest):
    """Old versions of moto create sessions while they are imported."""
    module = """
        import sys

        import boto3
        from pytest_datazone_ts import mock_datazone_ts

        def test_it(datazone_ts):
            assert "moto" not in sys.modules
            with mock_datazone_ts(mock_aws=True):
                assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"
    """
    run_pytest(module, in_subprocess=True).assert_outcomes(passed=1)
