"""S3, STS, Glue and the rest answer on the same endpoint, through moto."""

from __future__ import annotations

import http.client
import json
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from threading import Thread

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from internals import LARGEST_FOREIGN_BODY, new_double, serve
from moto import mock_aws

pytest.importorskip("flask", reason="the extra 'server' is not installed")
pytest.importorskip("flask_cors", reason="the extra 'server' is not installed")

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.server import ThreadedMotoServer
from werkzeug.serving import make_server


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


def test_unsigned_requests_are_routed_by_other_hints(client, datazone_ts_server):
    unsigned = Config(signature_version=UNSIGNED)
    client("glue").create_database(DatabaseInput={"Name": "penguins"})

    [database] = client("glue", config=unsigned).get_databases()["DatabaseList"]
    assert database["Name"] == "penguins"
    assert client("sts", config=unsigned).get_caller_identity()["Account"] == "123456789012"
    topic = client("sns", config=unsigned).create_topic(Name="scores")["TopicArn"]
    assert client("sns").list_topics()["Topics"] == [{"TopicArn": topic}]
    assert client("dynamodb", config=unsigned).list_tables()["TableNames"] == []
    assert client("ec2", config=unsigned).describe_vpcs()["Vpcs"]
    # A request without any hint is for S3.
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, buckets = ask(datazone_ts_server.endpoint_url, "POST", "/", form)
    assert (status, b"<ListAllMyBucketsResult" in buckets) == (200, True)


def test_repeated_headers_are_joined(client):
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


def test_moto_is_imported_once_by_concurrent_first_requests(client):
    s3 = client("s3")
    with ThreadPoolExecutor(8) as pool:
        assert all("Buckets" in answer for answer in pool.map(lambda _: s3.list_buckets(), "x" * 8))


@pytest.mark.parametrize("number", [1, 2])
def test_nothing_is_kept_for_the_next_test(client, number):
    s3 = client("s3")
    assert s3.list_buckets()["Buckets"] == []
    s3.create_bucket(Bucket=f"bucket-{number}")


@contextmanager
def s3_of(endpoint_url):
    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "region_name": "us-east-1"}
    s3 = boto3.client("s3", endpoint_url=endpoint_url, **keys)
    yield s3
    s3.close()


@contextmanager
def users_server():
    """A server of the user's own, which moto has in the same process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with s3_of(f"http://{host}:{port}") as s3:
        yield s3
        server.stop()


@contextmanager
def users_application():
    """moto's application in a server of the user's own, which is not one of moto's servers."""
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with s3_of(f"http://127.0.0.1:{server.port}") as s3:
        yield s3
    server.shutdown()
    thread.join()
    server.server_close()


def buckets(s3):
    return [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


@pytest.fixture
def empty_moto():
    """Leave moto as empty as it was found."""
    with mock_aws():
        pass
    yield
    with mock_aws():
        pass


@pytest.mark.usefixtures("empty_moto")
@pytest.mark.parametrize("first", ["before", "meanwhile"])
def test_the_state_of_another_server_in_the_process_is_left_alone(first):
    with users_server() as users:
        if first == "before":
            users.create_bucket(Bucket="made-once")
        with serve(new_double()) as endpoint_url, s3_of(endpoint_url) as ours:
            if first == "meanwhile":
                users.create_bucket(Bucket="made-once")
            assert buckets(ours) == ["made-once"]
        assert buckets(users) == ["made-once"]


@pytest.mark.usefixtures("empty_moto")
def test_state_that_was_there_before_is_left_alone():
    with users_application() as users:
        users.create_bucket(Bucket="made-once")
        with serve(new_double()) as endpoint_url, s3_of(endpoint_url) as ours:
            assert buckets(ours) == ["made-once"]
        assert buckets(users) == ["made-once"]


@pytest.mark.usefixtures("empty_moto")
def test_the_last_of_two_servers_clears_the_state():
    with serve(new_double()) as outer, s3_of(outer) as s3:
        with serve(new_double()) as inner, s3_of(inner) as other:
            other.create_bucket(Bucket="made-once")
        assert buckets(s3) == ["made-once"]
    with serve(new_double()) as endpoint_url, s3_of(endpoint_url) as s3:
        assert buckets(s3) == []


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
def test_an_operation_missing_in_moto_is_an_error_in_the_protocol_of_the_client(
    client, headers, kind
):
    url = client("s3").meta.endpoint_url
    scope = "AWS4-HMAC-SHA256 Credential=k/20240101/us-east-1/nothing/aws4_request, Signature=0"
    status, answered, body = ask(url, "POST", "/", {**headers, "Authorization": scope})
    assert (status, answered["content-type"]) == (400, kind)
    assert answered["x-amzn-errortype"].endswith("Error")
    assert not any(nothing in body for nothing in (b"Traceback", b'"None"', b">None<"))


@pytest.mark.parametrize(
    ("service", "operation", "lack"),
    [
        ("waf", "list_rules", "this service"),
        ("cloudsearch", "list_domain_names", "this service"),
        ("lakeformation", "list_resources", "this lakeformation operation"),
    ],
)
def test_a_service_missing_in_moto_is_named_to_the_client_and_in_the_log(
    service, operation, lack, capfd
):
    lines = []
    with serve(new_double(), log=lines.append) as endpoint_url:
        path = "/nothing" if service == "lakeformation" else ""
        keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
        client = boto3.client(
            service, endpoint_url=f"{endpoint_url}{path}", region_name="us-east-1", **keys
        )
        with pytest.raises(ClientError) as raised:
            getattr(client, operation)()
    message = (
        f"moto cannot answer this request: it does not support {lack}. Mock the call, or give its "
        "client another endpoint"
    )
    assert raised.value.response["Error"]["Message"] == message
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert lines[0].startswith(f"{service} 400 (POST /")
    assert lines[0].endswith(f"): {message}")
    assert "".join(capfd.readouterr()) == ""


def test_a_bucket_can_be_in_the_host_name(client):
    s3 = client("s3")
    s3.create_bucket(Bucket="scores")
    s3.put_object(Bucket="scores", Key="key", Body=b"87.5", ACL="public-read")
    port = s3.meta.endpoint_url.rpartition(":")[2]
    for name in ("localhost", "127.0.0.1", "s3.localhost"):
        headers = {"Host": f"scores.{name}:{port}"}
        status, _, body = ask(s3.meta.endpoint_url, "GET", "/key", headers)
        assert (status, body) == (200, b"87.5")


S3 = "AWS4-HMAC-SHA256 Credential=k/20240101/us-east-1/s3/aws4_request, Signature=0"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_too_large_for_moto_is_not_kept(client, chunked):
    url = client("s3").meta.endpoint_url
    ask(url, "GET", "/", {"Authorization": S3})  # loads moto, which would count
    length = {} if chunked else {"Content-Length": str(LARGEST_FOREIGN_BODY + 1)}
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    tracemalloc.start()
    try:
        connection.putrequest("PUT", "/scores/key")
        connection.putheader("Authorization", S3)
        for name, value in (length or {"Transfer-Encoding": "chunked"}).items():
            connection.putheader(name, value)
        connection.endheaders()
        for _ in range(LARGEST_FOREIGN_BODY // 2**20 if chunked else 0):
            connection.send(b"100000\r\n" + b"x" * 2**20 + b"\r\n")
        connection.send(b"1\r\n" if chunked else b"")
        response = connection.getresponse()
        body = response.read()
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()
        connection.close()
    assert (response.status, response.headers["content-type"]) == (413, "application/xml")
    assert b"<Message>the body is too large</Message>" in body


def test_an_s3_client_shows_why_it_is_rejected(client):
    s3 = client("s3")
    s3.meta.events.register(
        "before-send.s3", lambda request, **_: request.headers.update({"Origin": "null"})
    )
    with pytest.raises(ClientError, match="from a web page of the origin 'null'") as raised:
        s3.list_buckets()
    assert raised.value.response["Error"]["Code"] == "ForbiddenException"
    assert raised.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]


def test_the_log_names_the_service_of_a_request():
    lines = []
    with serve(new_double(), log=lines.append) as endpoint_url:
        for config in (Config(), Config(signature_version=UNSIGNED)):
            keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
            s3 = boto3.client("s3", endpoint_url=endpoint_url, config=config, **keys)
            s3.list_buckets()
    assert lines == ["s3 200 (GET /)", "unsigned 200 (GET /)"]


def test_a_passthrough_operation_goes_to_moto():
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
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert not double.calls


def ask(endpoint_url, method, path, headers):
    connection = http.client.HTTPConnection(endpoint_url.removeprefix("http://"), timeout=20)
    try:
        connection.request(method, path, json.dumps({}), headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


@pytest.mark.datazone_ts(mock_aws=True)
@pytest.mark.usefixtures("datazone_ts")
def test_with_the_option_mock_aws_this_process_shares_what_the_server_has(client):
    client("s3").create_bucket(Bucket="scores")

    assert [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]] == ["scores"]


def test_an_extra_that_is_not_installed_is_named(client, monkeypatch):
    def answer(*_):
        raise ModuleNotFoundError(name="pyparsing")

    monkeypatch.setattr("pytest_datazone_ts.transport.other_services.answer", answer)
    with pytest.raises(ClientError, match=r"needs the module pyparsing .*'moto\[glue\]'$"):
        client("glue").get_tables(DatabaseName="raw")
