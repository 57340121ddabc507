"""S3, STS, Glue and the rest answer on the same endpoint, through moto."""

from __future__ import annotations

import http.client
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from internals import new_double, serve
from moto import mock_aws

pytest.importorskip("flask", reason="the extra 'server' is not installed")
pytest.importorskip("flask_cors", reason="the extra 'server' is not installed")


@pytest.fixture
def client(datazone_ts_server):
    def client(service, **keywords):
        endpoint_url = datazone_ts_server.endpoint_url
        return boto3.client(service, endpoint_url=endpoint_url, **keywords)

    return client


def test_s3(client):
    s3 = client("s3")
    s3.create_bucket(Bucket="scores")
    key = "a folder/é+%2F?.json"
    content = bytes(range(256)) * 40_000

    s3.upload_fileobj(BytesIO(content), "scores", key, ExtraArgs={"Metadata": {"row_count": "5"}})

    assert s3.get_object(Bucket="scores", Key=key)["Body"].read() == content
    head = s3.head_object(Bucket="scores", Key=key)
    assert (head["ContentLength"], head["Metadata"]) == (len(content), {"row_count": "5"})
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="scores")["Contents"]] == [key]
    s3.delete_object(Bucket="scores", Key=key)
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="scores", Key=key)


def test_sts_and_glue_and_datazone_together(datazone_ts, client, run):
    role = client("sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/publisher", RoleSessionName="test"
    )
    glue = client("glue")
    glue.create_database(DatabaseInput={"Name": "penguins"})

    name = run(
        sys.executable,
        "-c",
        "import boto3; print(boto3.client('glue').get_databases()['DatabaseList'][0]['Name'])",
    )

    assert role["Credentials"]["AccessKeyId"]
    assert name == "penguins\n"
    assert not datazone_ts.calls


def test_requests_that_are_not_signed(client):
    s3 = client("s3", config=Config(signature_version=UNSIGNED))
    s3.create_bucket(Bucket="scores")
    s3.put_object(Bucket="scores", Key="v2/domains", Body=b"x", ACL="public-read")
    got = s3.get_object(Bucket="scores", Key="v2/domains")
    assert (got["Body"].read(), got["ContentType"]) == (b"x", "binary/octet-stream")
    status, headers, _ = ask(s3.meta.endpoint_url, "HEAD", "/scores/v2/domains", {})
    assert (status, headers["content-length"], headers.get("connection")) == (200, "1", None)
    web_identity = client("sts").assume_role_with_web_identity(
        RoleArn="arn:aws:iam::123456789012:role/x",
        RoleSessionName="test",
        WebIdentityToken="x" * 20,
    )
    assert web_identity["Credentials"]["AccessKeyId"]


def test_requests_that_are_not_signed_say_in_other_ways_which_service_they_are_for(
    client, datazone_ts_server
):
    unsigned = Config(signature_version=UNSIGNED)
    client("glue").create_database(DatabaseInput={"Name": "penguins"})

    [database] = client("glue", config=unsigned).get_databases()["DatabaseList"]
    assert database["Name"] == "penguins"
    assert client("sts", config=unsigned).get_caller_identity()["Account"] == "123456789012"
    topic = client("sns", config=unsigned).create_topic(Name="scores")["TopicArn"]
    assert client("sns").list_topics()["Topics"] == [{"TopicArn": topic}]
    assert client("dynamodb", config=unsigned).list_tables()["TableNames"] == []
    assert client("ec2", config=unsigned).describe_vpcs()["Vpcs"]
    # What does not say so is for S3.
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, buckets = ask(datazone_ts_server.endpoint_url, "POST", "/", form)
    assert (status, b"<ListAllMyBucketsResult" in buckets) == (200, True)


def test_a_header_that_comes_twice_is_one_with_both_values(client):
    s3 = client("s3")
    s3.create_bucket(Bucket="scores")
    connection = http.client.HTTPConnection(s3.meta.endpoint_url.removeprefix("http://"))
    connection.putrequest("PUT", "/scores/key")
    for value in ("a", "b"):
        connection.putheader("x-amz-meta-k", value)
    connection.putheader("content-length", "0")
    connection.endheaders()
    assert connection.getresponse().status == 200
    connection.close()
    assert s3.head_object(Bucket="scores", Key="key")["Metadata"] == {"k": "a,b"}


def test_moto_is_imported_once_however_many_ask_first(client):
    s3 = client("s3")
    with ThreadPoolExecutor(8) as pool:
        assert all("Buckets" in answer for answer in pool.map(lambda _: s3.list_buckets(), "x" * 8))


@pytest.mark.parametrize("number", [1, 2])
def test_nothing_is_kept_for_the_next_test(client, number):
    s3 = client("s3")
    assert s3.list_buckets()["Buckets"] == []
    s3.create_bucket(Bucket=f"bucket-{number}")


@mock_aws
def test_mock_aws_in_the_same_process_has_the_same_buckets():
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="shared")
    with serve(new_double()) as endpoint_url:
        through_the_server = boto3.client("s3", endpoint_url=endpoint_url, region_name="us-east-1")
        through_the_server.put_object(Bucket="shared", Key="k", Body=b"x")
    objects = boto3.client("s3", region_name="us-east-1").list_objects_v2(Bucket="shared")
    assert [item["Key"] for item in objects["Contents"]] == ["k"]


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({}, "application/json"),
        ({"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, "text/xml"),
    ],
)
def test_what_moto_does_not_have_is_an_error_in_the_clients_own_protocol(client, headers, kind):
    url = client("s3").meta.endpoint_url
    scope = "AWS4-HMAC-SHA256 Credential=k/20240101/us-east-1/nothing/aws4_request, Signature=0"
    status, answered, body = ask(url, "POST", "/", {**headers, "Authorization": scope})
    assert (status, answered["content-type"]) == (501, kind)
    assert answered["x-amzn-errortype"].endswith("Error")
    assert not any(nothing in body for nothing in (b"Traceback", b'"None"', b">None<"))


def test_the_log_says_which_service_a_request_is_for():
    lines = []
    with serve(new_double(), log=lines.append) as endpoint_url:
        for config in (Config(), Config(signature_version=UNSIGNED)):
            keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
            s3 = boto3.client("s3", endpoint_url=endpoint_url, config=config, **keys)
            s3.list_buckets()
    assert lines == ["s3 200 (GET /)", "unsigned 200 (GET /)"]


def test_an_operation_that_is_let_through_is_motos():
    double = new_double(unstubbed="passthrough")
    with serve(double) as endpoint_url:
        datazone = boto3.client(
            "datazone",
            endpoint_url=endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="k",
            aws_secret_access_key="s",  # noqa: S106
        )
        with pytest.raises(ClientError) as raised:
            datazone.list_domains()
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert not double.calls


def ask(endpoint_url, method, path, headers):
    connection = http.client.HTTPConnection(endpoint_url.removeprefix("http://"), timeout=20)
    try:
        connection.request(method, path, json.dumps({}), headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()
