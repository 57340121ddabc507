"""The double over HTTP: the fixture, what clients get, and faults that really happen."""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from urllib.request import getproxies_environment

import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from freezegun import freeze_time
from internals import new_double, serve
from sample import (
    DOMAIN,
    ENTITY,
    FORM,
    PATIENCE,
    connected,
    service,
)
from sample import ask as ask_for

from pytest_datazone_ts import (
    DataZoneServer,
    UnansweredOperationError,
    faults,
    mock_datazone_ts,
)

PATH = f"/v2/domains/{DOMAIN}/entities/ASSET/{ENTITY}/time-series-data-points"
BODY = json.dumps({"forms": [{**FORM, "timestamp": 1704067200.25}]})
SERIES = {"domainIdentifier": DOMAIN, "entityIdentifier": ENTITY, "entityType": "ASSET"}
SCOPE = "AWS4-HMAC-SHA256 Credential=key/20240101/{}/aws4_request, SignedHeaders=host, Signature=0"


def ask(endpoint_url, method="POST", path=PATH, body=BODY, headers=()):
    """Post, unless it says something else."""
    return ask_for(endpoint_url, method, path, body, headers)


@pytest.fixture
def client_of(session):
    """Make a boto3 client for an endpoint. No double is active, so it uses the network."""

    def client_of(endpoint_url, attempts=1, **config):
        retries = {"mode": "standard", "total_max_attempts": attempts}
        return session.client(
            "datazone",
            endpoint_url=endpoint_url,
            aws_access_key_id="key",
            aws_secret_access_key="secret",  # noqa: S106
            config=Config(retries=retries, **config),
        )

    return client_of


@pytest.fixture
def served():
    """A double that clients in this process reach only by its endpoint."""
    double = new_double()
    with serve(double) as endpoint_url:
        yield double, endpoint_url


# The fixture


def test_the_server_answers_for_the_double_of_the_same_test(datazone_ts, datazone_ts_server):
    status, _, answer = ask(datazone_ts_server.endpoint_url)

    assert status == 201
    point = datazone_ts.data_points.one()
    assert answer["forms"][0]["id"] == point.id
    assert point.form_name == "completeness"
    assert point.timestamp == FORM["timestamp"] + timedelta(milliseconds=250)
    assert datazone_ts.calls.one().attempts[0].status_code == 201


def test_a_client_in_the_same_process_is_recorded_once(
    datazone_ts_client, datazone_ts, datazone_ts_server, make_client, post
):
    made_later = make_client()

    post(datazone_ts_client)
    post(made_later)

    assert made_later.meta.endpoint_url == datazone_ts_server.endpoint_url
    assert len(datazone_ts.calls) == len(datazone_ts.data_points) == 2


def test_the_fixture_is_an_immutable_value(datazone_ts_server):
    assert type(datazone_ts_server) is DataZoneServer
    assert datazone_ts_server.endpoint_url.startswith("http://127.0.0.1:")
    with pytest.raises(AttributeError):
        datazone_ts_server.endpoint_url = "http://localhost"


@pytest.mark.usefixtures("bare_machine")
def test_a_child_process_gets_everything_an_sdk_needs(request):
    server = request.getfixturevalue("datazone_ts_server")

    assert dict(server.environ) == {
        "AWS_ENDPOINT_URL": server.endpoint_url,
        "AWS_ENDPOINT_URL_DATAZONE": server.endpoint_url,
        "AWS_ACCESS_KEY_ID": "stand-in",
        "AWS_SECRET_ACCESS_KEY": "stand-in",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
    }
    in_process = {name: value for name, value in server.environ.items() if name in os.environ}
    assert {**server.environ, **in_process} == dict(server.environ)
    assert server.environ.keys() - in_process == {"AWS_ENDPOINT_URL"}


@pytest.mark.parametrize(
    ("configured", "regions"),
    [
        ({"AWS_REGION": "eu-west-1"}, ("eu-west-1", "eu-west-1")),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, ("eu-west-1", "eu-west-1")),
        ({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "x"}, ("eu-west-1", "x")),
        ({"AWS_PROFILE": "work"}, ("ap-south-1", "ap-south-1")),
        ({"AWS_DEFAULT_REGION": "", "AWS_PROFILE": "none"}, ("us-east-1", "us-east-1")),
    ],
)
def test_a_child_process_uses_the_configured_region(
    request, bare_machine, monkeypatch, configured, regions
):
    (bare_machine / "config").write_text("[profile work]\nregion = ap-south-1\n")
    for name, value in configured.items():
        monkeypatch.setenv(name, value)

    environ = request.getfixturevalue("datazone_ts_server").environ

    assert (environ["AWS_DEFAULT_REGION"], environ["AWS_REGION"]) == regions


@pytest.mark.usefixtures("bare_machine")
def test_a_child_process_gets_no_real_credentials(request, monkeypatch):
    real = {
        "AWS_ACCESS_KEY_ID": "a-real-key",
        "AWS_SECRET_ACCESS_KEY": "a-real-secret",
        "AWS_SESSION_TOKEN": "a-real-token",
        "AWS_SECURITY_TOKEN": "a-real-token",
        "AWS_PROFILE": "a-real-profile",
        "AWS_DEFAULT_PROFILE": "a-real-profile",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    }
    for name, value in real.items():
        monkeypatch.setenv(name, value)

    environ = request.getfixturevalue("datazone_ts_server").environ

    child = {**os.environ, **environ}
    assert {name: child.get(name) for name in real} == {
        **dict.fromkeys(real),
        "AWS_ACCESS_KEY_ID": "stand-in",
        "AWS_SECRET_ACCESS_KEY": "stand-in",
    }


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize(
    ("exempt", "expected"), [("", "127.0.0.1"), ("internal", "internal,127.0.0.1")]
)
def test_a_child_process_uses_no_proxy_for_the_server(request, monkeypatch, exempt, expected):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("NO_PROXY", exempt)

    environ = request.getfixturevalue("datazone_ts_server").environ

    assert environ["NO_PROXY"] == environ["no_proxy"] == expected
    assert getproxies_environment()["no"] == expected


TRACELESS = """
    import os, socket, threading
    import pytest

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(item):
        before = dict(os.environ), set(threading.enumerate())
        yield
        assert (dict(os.environ), set(threading.enumerate())) == before
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", item.config.port)) != 0
        item.config.checked = getattr(item.config, "checked", 0) + 1

    def pytest_unconfigure(config):
        print("checked", config.checked)

    @pytest.fixture(autouse=True)
    def changes_before(monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "mine")

    @pytest.fixture
    def held():
        connections = []
        yield connections
        for connection in connections:
            connection.close()

    @pytest.fixture(autouse=True)
    def note_port(request, held, datazone_ts_server):
        request.config.port = int(datazone_ts_server.endpoint_url.rpartition(":")[2])
"""


def test_the_server_leaves_nothing_behind(pytester, monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    pytester.makeconftest(TRACELESS)
    pytester.makepyfile(
        """
        import os, socket, urllib.request
        import pytest
        from moto import mock_aws
        from pytest_datazone_ts import faults

        NAMES = ["AWS_ENDPOINT_URL_DATAZONE", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"]

        def test_a_quiet_one():
            pass

        def test_a_failing_one():
            assert 0

        @pytest.mark.parametrize("name", NAMES)
        def test_changes_after(monkeypatch, name):
            monkeypatch.setenv(name, "mine")

        @pytest.mark.parametrize("name", NAMES)
        def test_changes_without_undoing(name):
            os.environ[name] = "mine"
            os.environ.pop("AWS_DEFAULT_REGION")

        def test_moto_within():
            with mock_aws():
                pass

        @pytest.fixture
        def moto_around():
            with mock_aws():
                yield

        def test_moto_around(moto_around):
            pass

        @pytest.mark.parametrize("fault", [faults.ReadTimeout(), faults.Latency(3600)])
        def test_clients_that_are_still_there(datazone_ts, datazone_ts_server, held, fault):
            address = "127.0.0.1", int(datazone_ts_server.endpoint_url.rpartition(":")[2])
            idle, waiting = (socket.create_connection(address) for _ in "12")
            held += idle, waiting
            datazone_ts.inject(fault, operation="GetTimeSeriesDataPoint")
            path = "/v2/domains/dzd_x/entities/ASSET/x/time-series-data-points/x?formName=x"
            waiting.sendall(f"GET {path} HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n".encode())
            while not datazone_ts.calls:
                pass
        """
    )
    result = pytester.runpytest_inprocess("-W", "error")

    result.assert_outcomes(passed=11, failed=1)
    result.stdout.fnmatch_lines(["checked 12"])


def test_the_server_waits_for_the_request_that_it_is_answering():
    double = new_double()
    answering, stopping = threading.Event(), threading.Event()

    def answer(_):
        answering.set()
        stopping.wait(PATIENCE)
        return {"items": []}

    double.respond("ListDomains", answer)
    before = {*threading.enumerate()}
    with ExitStack() as connections:
        with serve(double) as endpoint_url:
            connection = connections.enter_context(connected(endpoint_url))
            connection.request("GET", "/v2/domains")
            answering.wait()
            closed = threading.Thread(target=await_close, args=(connection, stopping))
            closed.start()
        assert {*threading.enumerate()} - {closed} == before
        closed.join()


def await_close(connection, stopping):
    """Set ``stopping`` once the server closes the connection."""
    connection.sock.recv(1)
    stopping.set()


# What clients meet


def test_a_client_over_http_gets_what_a_client_in_process_gets(
    served, client_of, make_client, post
):
    _, endpoint_url = served
    over_http = client_of(endpoint_url)
    in_process = make_client(attempts=1)

    def outcome(call, *arguments, **keywords):
        try:
            answer = call(*arguments, **keywords)
        except ClientError as error:
            answer = error.response
        metadata = answer.pop("ResponseMetadata")
        moment = metadata["HTTPHeaders"].pop("date")
        assert moment
        # 204 has no content-length on the wire.
        metadata["HTTPHeaders"].pop("content-length", None)
        return answer, metadata

    def story(client):
        token = {"clientToken": "a" * 32}
        yield outcome(post, client, **token)
        yield outcome(post, client, **token)
        yield outcome(post, client, formName="ranges", **token)
        yield outcome(post, client, domainIdentifier="not one", entityIdentifier="né/è ?#%")
        listing = {**SERIES, "formName": "completeness"}
        yield outcome(
            client.list_time_series_data_points,
            **listing,
            startedAt=FORM["timestamp"],
            endedAt=FORM["timestamp"] + timedelta(milliseconds=1),
            maxResults=1,
        )
        items = client.list_time_series_data_points(**listing)["items"]
        yield outcome(client.get_time_series_data_point, **listing, identifier=items[0]["id"])
        yield outcome(client.delete_time_series_data_points, **listing)
        yield outcome(client.get_time_series_data_point, **listing, identifier=items[0]["id"])

    story_over_http = list(story(over_http))
    with mock_datazone_ts():
        assert list(story(in_process)) == story_over_http
    assert [metadata["HTTPStatusCode"] for _, metadata in story_over_http] == [
        *(201, 201, 409, 400, 200, 200, 204, 404)
    ]


def test_the_region_is_taken_from_the_signature(served, session, post):
    double, endpoint_url = served
    client = session.client(
        "datazone",
        region_name="eu-central-1",
        endpoint_url=endpoint_url,
        aws_access_key_id="key",
        aws_secret_access_key="secret",  # noqa: S106
    )

    post(client)

    assert double.data_points.one().region == "eu-central-1"


@pytest.mark.parametrize(
    ("authorization", "region"),
    [
        ({}, "us-east-1"),
        ({"Authorization": "Bearer x"}, "us-east-1"),
        ({"Authorization": "Credential=x"}, "us-east-1"),
        ({"Authorization": SCOPE.format("eu-west-1/datazone")}, "eu-west-1"),
        # Signature version 4A is not of one region.
        ({"Authorization": SCOPE.format("datazone")}, "us-east-1"),
    ],
)
def test_a_request_needs_no_signature(served, authorization, region):
    double, endpoint_url = served

    assert ask(endpoint_url, headers=authorization)[0] == 201

    assert double.data_points.one().region == region


def test_every_operation_is_found_by_its_method_and_path(served):
    double, endpoint_url = served
    names = service().operation_names
    assert len(names) > 100
    signed = {"Authorization": SCOPE.format("us-east-1/datazone")}
    for name in names:
        http = service().operation_model(name).http
        path = re.sub(r"\{\w+\}", "x", http["requestUri"])
        ask(endpoint_url, http["method"], path, None, signed)
    assert [call.operation for call in double.calls] == names


needs_lineage = pytest.mark.skipif(
    "GetLineageEvent" not in service().operation_names,
    reason="this botocore has no operation yet that has headers of its own",
)


@needs_lineage
def test_header_names_are_case_insensitive(served):
    double, endpoint_url = served
    double.respond("PostLineageEvent", {})

    path = f"/v2/domains/{DOMAIN}/lineage/events"
    ask(endpoint_url, path=path, body="event", headers={"CLIENT-Token": "token"})

    assert double.calls.one().parameters == {
        "domainIdentifier": DOMAIN,
        "event": b"event",
        "clientToken": "token",
    }


@needs_lineage
def test_invalid_characters_in_a_header_are_replaced(served):
    double, endpoint_url = served
    double.respond("GetLineageEvent", {"createdBy": "☃ a\r\nb é", "event": b"{}"})

    path = f"/v2/domains/{DOMAIN}/lineage/events/4wyh64k2n8czaf"
    _, headers, _ = ask(endpoint_url, "GET", path, None)

    assert headers["created-by"] == "? a b é"


def test_the_status_line_has_a_reason_phrase_if_there_is_one(served):
    double, endpoint_url = served
    double.inject(faults.HttpError(599))
    phrases = []
    with connected(endpoint_url) as connection:
        for _ in range(2):
            connection.request("POST", PATH, BODY)
            response = connection.getresponse()
            response.read()
            phrases.append((response.status, response.reason))
    assert phrases == [(599, ""), (201, "Created")]


def test_members_that_an_asset_does_not_have_are_absent_from_the_response(served):
    double, endpoint_url = served
    double.add_asset(ENTITY, domain_identifier=DOMAIN, name="penguins")
    _, _, asset = ask(endpoint_url, "GET", f"/v2/domains/{DOMAIN}/assets/{ENTITY}", None)
    assert asset["id"] == ENTITY
    assert None not in asset.values()


def test_a_body_can_arrive_in_many_pieces(served):
    double, endpoint_url = served
    content = json.dumps([f"{number:07}" for number in range(30_000)])
    form = {"formName": "f", "typeIdentifier": "t", "timestamp": 0, "content": content}
    body = json.dumps({"forms": [form]})

    assert ask(endpoint_url, body=body)[0] == 201

    assert double.data_points.one().content == content


def test_attempts_with_the_same_invocation_id_are_one_call(served, client_of, post):
    double, endpoint_url = served
    double.inject("ThrottlingException")

    answer = post(client_of(endpoint_url, attempts=2))

    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    attempts = double.calls.one().attempts
    assert [attempt.error_code for attempt in attempts] == ["ThrottlingException", None]
    assert len(double.data_points) == 1


def test_a_connection_is_reused_for_the_next_request(served):
    double, endpoint_url = served
    with connected(endpoint_url) as connection:
        connection.connect()
        socket = connection.sock
        for _ in range(3):
            connection.request("POST", PATH, BODY)
            assert connection.getresponse().read()
            assert connection.sock is socket
        connection.request("DELETE", f"{PATH}?formName=completeness")
        response = connection.getresponse()
        assert (response.status, response.headers.get("content-length")) == (204, None)
        response.read()
        connection.request("GET", f"{PATH}?formName=completeness")
        assert json.loads(connection.getresponse().read()) == {"items": []}
        assert connection.sock is socket
    assert len(double.calls) == 5


def test_a_chunked_body_is_accepted(served):
    double, endpoint_url = served
    with connected(endpoint_url) as connection:
        for _ in range(2):
            pieces = (BODY[start : start + 7].encode() for start in range(0, len(BODY), 7))
            connection.request("POST", PATH, pieces, encode_chunked=True)
            assert connection.getresponse().read()
    assert len(double.data_points) == 2


def test_many_concurrent_clients_are_answered(served):
    double, endpoint_url = served

    with ThreadPoolExecutor(40) as pool:
        statuses = list(pool.map(lambda _: ask(endpoint_url)[0], range(120)))

    assert statuses == [201] * 120
    assert len({point.id for point in double.data_points}) == 120


def test_the_server_follows_frozen_time(served):
    double, endpoint_url = served
    with freeze_time("2020-02-02"):
        _, headers, _ = ask(endpoint_url)
    assert headers["date"] == "Sun, 02 Feb 2020 00:00:00 GMT"
    assert double.data_points.one().posted_at.isoformat() == "2020-02-02T00:00:00+00:00"


# Operations that are the test's to answer


def test_an_unhandled_operation_is_an_error_and_fails_the_test(make_client):
    with (
        pytest.raises(AssertionError) as failure,
        mock_datazone_ts() as double,
        serve(double) as endpoint_url,
    ):
        status, headers, answer = ask(endpoint_url, "GET", "/v2/domains", None)

    message = (
        "unhandled DataZone operation ListDomains. Answer it in the test, such as "
        "datazone_ts.respond('ListDomains', {'items': []}), or let it through to the network or "
        "moto with the option unstubbed='passthrough'."
    )
    assert status == 400
    assert headers["x-amzn-errortype"] == "UnansweredOperationError"
    assert answer == {"message": message}
    assert str(failure.value).endswith(f"\n  {message}")  # without a line of the test
    with mock_datazone_ts(strict=False), pytest.raises(UnansweredOperationError) as raised:
        make_client().list_domains()
    assert str(raised.value) == message


def test_a_canned_response_is_sent_over_http(served, client_of):
    double, endpoint_url = served
    domain = {"id": DOMAIN, "name": "d", "arn": "a", "managedAccountId": "1", "status": "AVAILABLE"}
    created = FORM["timestamp"]
    double.respond("ListDomains", {"items": [{**domain, "createdAt": created}]})
    double.respond("TagResource", lambda parameters: {} if parameters["tags"] else {"no": "tags"})
    client = client_of(endpoint_url)

    assert client.list_domains()["items"] == [{**domain, "createdAt": created}]
    client.tag_resource(resourceArn="arn:aws:datazone:us-east-1:1:domain/x", tags={"a": "b"})
    with pytest.raises(ClientError, match="does not fit its output shape") as raised:
        client.tag_resource(resourceArn="arn:aws:datazone:us-east-1:1:domain/x", tags={})
    assert raised.value.response["Error"]["Code"] == "ValueError"


# Faults


@pytest.mark.parametrize(
    "name",
    [shape.name for shape in service().operation_model("PostTimeSeriesDataPoints").error_shapes],
)
def test_a_documented_exception_over_http(served, client_of, post, name):
    double, endpoint_url = served
    double.inject(name)
    client = client_of(endpoint_url)

    with pytest.raises(getattr(client.exceptions, name)) as raised:
        post(client)

    attempt = double.calls.one().attempts[0]
    response = raised.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == attempt.status_code
    assert response["ResponseMetadata"]["RequestId"] == attempt.request_id
    assert response["Error"]["Message"] == double.calls.one().attempts[0].fault.message.replace(
        "{operation}", "PostTimeSeriesDataPoints"
    )
    assert not double.data_points


def test_a_closed_connection_is_really_closed(served, client_of, post):
    double, endpoint_url = served
    double.inject(faults.ConnectionClosed)

    with pytest.raises(ConnectionClosedError):
        post(client_of(endpoint_url, read_timeout=10))  # sooner than the server's patience ends

    assert not double.data_points
    assert double.calls.one().attempts[0].status_code is None
    post(client_of(endpoint_url))


@pytest.mark.parametrize(("fault", "stored"), [(faults.ReadTimeout, 0), (faults.ResponseLost, 1)])
def test_a_response_that_never_comes(client_of, post, fault, stored):
    double = new_double()
    double.inject(fault)

    with serve(double) as endpoint_url, pytest.raises(ReadTimeoutError):
        post(client_of(endpoint_url, read_timeout=0.2))

    assert len(double.data_points) == stored
    assert double.calls.one().attempts[0].fault == fault()


def test_a_client_that_waits_indefinitely_is_disconnected_at_the_end():
    double = new_double()
    double.inject(faults.ReadTimeout)
    with serve(double, hold=0.1) as endpoint_url, pytest.raises(http.client.RemoteDisconnected):
        ask(endpoint_url)


@pytest.mark.parametrize("frozen", [False, True])
def test_latency_is_real_over_http(served, frozen):
    double, endpoint_url = served
    double.inject(faults.Latency(0.3))
    started = time.monotonic()

    if frozen:
        with freeze_time("2020-02-02"):
            status, _, _ = ask(endpoint_url)
    else:
        status, _, _ = ask(endpoint_url)

    assert status == 201
    assert time.monotonic() - started >= 0.3


def test_a_slow_body_comes_after_its_headers(served):
    double, endpoint_url = served
    double.inject(faults.SlowBody(1))
    with connected(endpoint_url) as connection:
        started = time.monotonic()
        connection.request("POST", PATH, BODY)
        response = connection.getresponse()
        headers_after = time.monotonic() - started
        body = response.read()
        body_after = time.monotonic() - started

    assert response.status == 201
    assert json.loads(body)["entityId"] == ENTITY
    assert body_after >= len(body) / 1024 > headers_after


def test_a_slow_body_beyond_the_clients_read_timeout_is_a_read_timeout(served, client_of, post):
    double, endpoint_url = served
    double.inject(faults.SlowBody(3600))

    with pytest.raises(ReadTimeoutError):
        post(client_of(endpoint_url, read_timeout=0.2))

    assert len(double.data_points) == 1


def test_latency_over_http_does_not_advance_the_tests_clock(served, client_of, post):
    double, endpoint_url = served
    double.inject(faults.Latency(3600))

    with pytest.raises(ReadTimeoutError):
        post(client_of(endpoint_url, read_timeout=0.2))
    while not double.data_points:
        time.sleep(0.001)

    ask(endpoint_url)
    first, second = double.data_points
    assert second.posted_at - first.posted_at < timedelta(seconds=3600)


def test_a_malformed_response_over_http(served):
    double, endpoint_url = served
    double.inject(faults.MalformedResponse(b'{"domainId": "dzd_5oo7x'))
    with connected(endpoint_url) as connection:
        connection.request("POST", PATH, BODY)
        response = connection.getresponse()
        assert (response.status, response.headers["connection"]) == (201, "close")
        with pytest.raises(http.client.IncompleteRead) as cut_short:
            response.read()
    assert cut_short.value.partial == b'{"domainId": "dzd_5oo7x'
    assert len(double.data_points) == 1


def test_a_malformed_response_that_is_longer_over_http(served):
    double, endpoint_url = served
    body = b"<html>" + b" " * 1_000
    double.inject(faults.MalformedResponse(body))
    with connected(endpoint_url) as connection:
        connection.request("POST", PATH, BODY)
        response = connection.getresponse()
        assert (response.status, response.read()) == (201, body)


def test_a_proxys_error_over_http(served):
    double, endpoint_url = served
    double.inject(faults.HttpError(502, "<h1>Bad Gateway</h1>"))
    with connected(endpoint_url) as connection:
        connection.request("POST", PATH, BODY)
        response = connection.getresponse()
        assert response.read() == b"<h1>Bad Gateway</h1>"
        assert (response.status, response.headers["content-type"]) == (502, "text/html")


@pytest.mark.parametrize("fault", ["ConnectTimeout", "EndpointUnreachable"])
def test_faults_that_are_impossible_over_http_cannot_be_injected(fault):
    double = new_double()
    message = (
        f"{fault} cannot be injected: the double is served over HTTP, and a client that reaches "
        "the server has connected. Inject ConnectionClosed or ReadTimeout instead, or test it "
        "without datazone_ts_server."
    )

    with serve(double), pytest.raises(ValueError, match=fault) as at_once:
        double.inject(fault)
    injection = double.inject(fault)
    with pytest.raises(ValueError, match=fault) as before, serve(double):
        pass
    injection.cancel()
    double.inject(fault).cancel()
    with serve(double):
        pass

    assert str(at_once.value) == str(before.value) == message


def test_the_endpoint_is_unreachable_once_the_server_is_gone(client_of, post):
    with serve(new_double()) as endpoint_url:
        pass
    with pytest.raises(EndpointConnectionError):
        post(client_of(endpoint_url))


# The other services, where what moto's server needs is not installed


@pytest.fixture(params=["flask", "flask_cors"])
def without_moto(request, served, monkeypatch):
    monkeypatch.setitem(sys.modules, request.param, None)  # as if it were not installed
    return served


INSTALL = (
    "moto's server answers it here once it is installed: pip install 'pytest-datazone-ts[server]'"
)


@pytest.mark.parametrize(
    ("service", "operation", "keywords"),
    [("s3", "list_buckets", {}), ("sts", "get_caller_identity", {}), ("glue", "get_databases", {})],
)
def test_a_request_for_another_service_says_what_to_install(
    without_moto, session, service, operation, keywords
):
    client = session.client(
        service,
        endpoint_url=without_moto[1],
        aws_access_key_id="key",
        aws_secret_access_key="secret",  # noqa: S106
    )

    with pytest.raises(ClientError) as raised:
        getattr(client, operation)(**keywords)

    assert raised.value.response["Error"]["Code"] == "NotInstalled"
    assert raised.value.response["Error"]["Message"] == f"this request is for {service}. {INSTALL}"
    assert raised.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_an_unsigned_request_for_another_service_says_what_to_install(without_moto):
    with connected(without_moto[1]) as connection:
        connection.request("GET", "/v2/domainnames")
        response = connection.getresponse()
        assert response.status == 400
        assert f"for an AWS service other than DataZone. {INSTALL}" in response.read().decode()


def test_a_datazone_path_signed_for_another_service_goes_to_that_service(without_moto):
    double, endpoint_url = without_moto
    scope = SCOPE.format("us-east-1/s3")
    with connected(endpoint_url) as connection:
        connection.request("PUT", PATH, "", {"Authorization": scope})
        response = connection.getresponse()
        assert response.headers["content-type"] == "application/xml"
        assert b"<Code>NotInstalled</Code>" in response.read()
    assert not double.calls


def test_passthrough_over_http_says_what_to_install(monkeypatch):
    with (
        mock_datazone_ts(unstubbed="passthrough") as double,
        serve(double) as endpoint_url,
        monkeypatch.context() as until_it_stops,
    ):
        until_it_stops.setitem(sys.modules, "flask", None)
        scope = SCOPE.format("us-east-1/datazone")
        status, headers, answer = ask(
            endpoint_url, "GET", "/v2/domains", None, {"Authorization": scope}
        )
        assert not double.calls
        assert ask(endpoint_url)[0] == 201
    assert (status, headers["x-amzn-errortype"]) == (400, "NotInstalled")
    assert answer == {
        "__type": "NotInstalled",
        "message": f"this request is for datazone. {INSTALL}",
    }
    assert len(double.calls) == 1
