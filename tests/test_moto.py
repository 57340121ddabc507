"""Together with moto's mock_aws: the double answers DataZone, and moto everything else."""

from __future__ import annotations

import os
from contextlib import ExitStack

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from pytest_datazone_ts import DataZoneTimeSeries, mock_datazone_ts

LEFT_OVER = "a-real-session-token"
AMAZONAWS = "https://datazone.us-east-1.amazonaws.com"


@pytest.fixture(autouse=True)
def environment(bare_machine, network, monkeypatch):  # noqa: ARG001
    """A machine with a region and a stale session token, and no other AWS configuration."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_SESSION_TOKEN", LEFT_OVER)
    network.body = b'{"items": []}'


def use_other_services():
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="scores")
    s3.put_object(Bucket="scores", Key="today", Body=b"87.5")
    assert s3.get_object(Bucket="scores", Key="today")["Body"].read() == b"87.5"
    assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"


ORDERS = {
    "moto first": (mock_aws, mock_datazone_ts),
    "moto last": (mock_datazone_ts, mock_aws),
    "moto twice": (mock_aws, mock_datazone_ts, mock_aws),
    "double twice": (mock_datazone_ts, mock_aws, mock_datazone_ts),
}
any_order = pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)


@any_order
def test_each_service_is_answered_by_its_own_double_once(order, post, network):
    environ = dict(os.environ)
    with ExitStack() as stack:
        clients = [boto3.client("datazone", aws_access_key_id="a", aws_secret_access_key="b")]  # noqa: S106
        for mock in order:
            stack.enter_context(mock())
            clients += [boto3.client("datazone"), boto3.client("datazone", endpoint_url=AMAZONAWS)]
        ts = DataZoneTimeSeries.current()
        ts.inject("ThrottlingException", times=2)
        use_other_services()
        for client in clients:
            post(client)

        assert len(ts.data_points) == len(ts.calls) == len(clients)
        assert len(ts.calls[0].attempts) == 3
        assert {len(call.attempts) for call in ts.calls[1:]} == {1}
    assert {key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"} == {
        key: value for key, value in environ.items() if key != "PYTEST_CURRENT_TEST"
    }
    assert not network


@pytest.mark.parametrize("first_out", ["moto", "double"])
@pytest.mark.parametrize("first_in", ["moto", "double"])
def test_mocks_can_be_left_in_any_order(first_in, first_out, post, network):
    mocks = {"moto": mock_aws(), "double": mock_datazone_ts()}
    entered = {first_in: mocks[first_in].__enter__()}
    for name in mocks.keys() - entered.keys():
        entered[name] = mocks[name].__enter__()
    client = boto3.client("datazone", endpoint_url=AMAZONAWS)
    secrets = boto3.client("secretsmanager")

    mocks.pop(first_out).__exit__(None, None, None)
    if first_out == "moto":
        post(client)
        assert len(entered["double"].calls) == 1
        assert not network
        secrets.list_secrets()
        assert len(network) == 1  # moto is no longer active
    else:
        secrets.create_secret(Name="key", SecretString="value")
        assert not network
        with pytest.raises(ClientError, match="404"):  # moto claims all of amazonaws.com
            post(client)
        assert not entered["double"].calls
    mocks.popitem()[1].__exit__(None, None, None)

    before = len(network)
    boto3.client("datazone", aws_access_key_id="a", aws_secret_access_key="b").list_domains()  # noqa: S106
    assert len(network) == before + 1


@mock_aws
@mock_datazone_ts
def test_decorated_with_moto_outside(post):
    use_other_services()
    post(boto3.client("datazone"))

    assert len(DataZoneTimeSeries.current().calls) == 1


@mock_datazone_ts
@mock_aws
def test_decorated_with_moto_inside(post):
    use_other_services()
    post(boto3.client("datazone"))

    assert len(DataZoneTimeSeries.current().calls) == 1


@mock_aws
def test_decorated_beside_the_fixture(datazone_ts, datazone_ts_client, post):
    use_other_services()
    post(boto3.client("datazone"))
    post(datazone_ts_client)

    assert len(datazone_ts.calls) == 2


def test_a_role_assumed_from_moto_posts(sent_headers):
    """The token of a role is not the stale one."""
    with mock_aws(), mock_datazone_ts(sign=True) as ts:
        role = boto3.client("sts").assume_role(
            RoleArn="arn:aws:iam::123456789012:role/scores", RoleSessionName="test"
        )["Credentials"]
        session = boto3.Session(
            aws_access_key_id=role["AccessKeyId"],
            aws_secret_access_key=role["SecretAccessKey"],
            aws_session_token=role["SessionToken"],
        )
        sent = sent_headers(session.client("datazone"))

        assert f"Credential={role['AccessKeyId']}/" in sent["authorization"]
        assert sent["x-amz-security-token"] == role["SessionToken"]
        assert len(ts.calls) == 1


@any_order
@pytest.mark.parametrize("sign", [False, True], ids=["unsigned", "signed"])
def test_a_real_session_token_is_never_sent(order, sign, sent_headers):
    """moto leaves it with its keys, and boto3 would use it as one of them."""
    with ExitStack() as stack:
        clients = []
        for mock in order:
            stack.enter_context(mock() if mock is mock_aws else mock(sign=sign))
            clients.append(boto3.client("datazone"))
        for client in clients:
            sent = sent_headers(client)

            assert ("authorization" in sent) is sign
            assert LEFT_OVER not in str(sent)


def test_passthrough_calls_reach_moto_or_the_network(post, network):
    with mock_aws(), mock_datazone_ts(unstubbed="passthrough") as ts:
        with pytest.raises(ClientError, match="404"):
            boto3.client("datazone", endpoint_url=AMAZONAWS).list_domains()
        assert not network
        boto3.client("datazone", endpoint_url="https://datazone.us-east-1.api.aws").list_domains()
        assert len(network) == 1
        post(boto3.client("datazone"))

        assert ts.calls.one().operation == "PostTimeSeriesDataPoints"
