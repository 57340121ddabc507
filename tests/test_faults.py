"""The code under test gets what it would get in production.

Most tests make the same call twice with the same client: to a server on 127.0.0.1 that really
misbehaves, and to a double with the fault injected. Class, text and number of attempts agree.
"""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import sys
import threading
import time
from datetime import timedelta
from http.client import responses
from typing import TYPE_CHECKING, Any, get_args

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.retries.bucket import TokenBucket
from sample import COMMON, DOCUMENTED, DOMAIN, ENTITY, FORM

from pytest_datazone_ts import faults, mock_datazone_ts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODES = ["legacy", "standard", "adaptive"]
RETRIED = {"InternalServerException", "ThrottlingException"}


class Misbehaving:
    """An HTTP server that reads each request and then does what the test configured."""

    def __init__(self, listener: socket.socket) -> None:
        self.answer: bytes | None = b""
        """What is sent before the connection is closed; ``None`` keeps it open and silent."""
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._silent: list[socket.socket] = []
        self._listener = listener
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed at the end
            while True:
                connection, _ = self._listener.accept()
                self._read_request(connection)
                if self.answer is None:
                    self._silent.append(connection)
                else:
                    connection.sendall(self.answer)
                    connection.close()

    @staticmethod
    def _read_request(connection: socket.socket) -> None:
        with connection.makefile("rb") as request:
            length = 0
            while line := request.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            request.read(length)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for connection in self._silent:
            connection.close()


def http(status: int, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} {responses[status]}", "Connection: close"]
    lines += [f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture
def misbehaving() -> Iterator[Misbehaving]:
    server = Misbehaving(socket.create_server(("127.0.0.1", 0)))
    yield server
    server.close()


@pytest.fixture
def unreachable() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def overloaded() -> Iterator[str]:
    """An address that accepts no further connection because its backlog is full."""
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [sockets.enter_context(socket.socket()) for _ in range(4)]
        for each in waiting:
            each.settimeout(0)
            with contextlib.suppress(BlockingIOError):
                each.connect(listener.getsockname())
        select.select([], waiting[:1], [])  # until the kernel has completed the first of them
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def attempts() -> list[str]:
    """The URLs that clients of ``make`` sent requests to."""
    return []


@pytest.fixture
def make(session: Any, attempts: list[str]) -> Callable[..., Any]:
    """Make a client for an address."""

    def make(url: str, mode: str = "standard", **config: Any) -> Any:
        client = session.client(
            "datazone",
            endpoint_url=url,
            config=Config(
                retries={"mode": mode, "total_max_attempts": 3},
                signature_version=UNSIGNED,
                **config,
            ),
        )
        client.meta.events.register(
            "request-created", lambda request, **_: attempts.append(request.url)
        )
        return client

    return make


@pytest.fixture
def outcome(attempts: list[str], post: Callable[..., Any]) -> Callable[..., Any]:
    """Make the call; return the response or exception, and the number of attempts."""

    def outcome(client: Any) -> tuple[Any, int]:
        attempts.clear()
        try:
            return post(client), len(attempts)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            return error, len(attempts)

    return outcome


@pytest.fixture
def real(outcome: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Make the call without a double and without waiting between its attempts."""

    def real(client: Any) -> tuple[Any, int]:
        with monkeypatch.context() as patch:
            patch.setattr(time, "sleep", lambda _: None)
            patch.setattr(TokenBucket, "_acquire", lambda *_, **__: True)
            return outcome(client)

    return real


def assert_same_exception(actual: tuple[Any, int], expected: tuple[Any, int]) -> None:
    assert isinstance(expected[0], Exception)
    assert type(actual[0]) is type(expected[0])
    assert str(actual[0]) == str(expected[0])
    assert actual[1] == expected[1]


TRANSPORT = [
    pytest.param("misbehaving", faults.ReadTimeout(), 0, id="ReadTimeout"),
    pytest.param("misbehaving", faults.ResponseLost(), 1, id="ResponseLost"),
    pytest.param("misbehaving", faults.Latency(0.06), 1, id="Latency"),
    pytest.param("misbehaving", faults.ConnectionClosed(), 0, id="ConnectionClosed"),
    pytest.param("unreachable", faults.EndpointUnreachable(), 0, id="EndpointUnreachable"),
    pytest.param(
        "overloaded",
        faults.ConnectTimeout(),
        0,
        id="ConnectTimeout",
        marks=pytest.mark.skipif(sys.platform != "linux", reason="backlogs differ"),
    ),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("place", "fault", "stored"), TRANSPORT)
def test_a_transport_fault_is_the_real_failure(
    place, fault, stored, mode, request, make, real, outcome
):
    server = request.getfixturevalue(place)
    if isinstance(server, Misbehaving):
        server.answer = b"" if fault == faults.ConnectionClosed() else None
        server = server.url
    # Impatient only where it is to give up waiting: any machine may be slow for a moment.
    waits = fault not in (faults.ConnectionClosed(), faults.EndpointUnreachable())
    timeouts = {"connect_timeout": 0.05, "read_timeout": 0.05} if waits else {}
    client = make(server, mode, **timeouts)
    expected = real(client)
    with mock_datazone_ts() as ts:
        ts.inject(fault, times=3)
        actual = outcome(client)
        attempted = [(each.status_code, each.fault) for each in ts.calls.one().attempts]
        assert len(ts.data_points) == stored  # one clientToken: never more than once
    assert_same_exception(actual, expected)
    assert actual[1] == 3
    assert attempted == [(None, fault)] * 3


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("code", DOCUMENTED)
def test_an_injected_exception_is_the_real_one(code, mode, misbehaving, make, real, outcome):
    message = "what went wrong"
    client = make(misbehaving.url, mode)
    misbehaving.answer = http(
        DOCUMENTED[code],
        json.dumps({"message": message}).encode(),
        content_type="application/json",
        date="Mon, 01 Jan 2024 00:00:00 GMT",
        x_amzn_requestid="the real one",
        x_amzn_errortype=code,
    )
    expected = real(client)
    with mock_datazone_ts() as ts:
        ts.inject(getattr(faults, code)(message), times=3 if code in RETRIED else 1)
        actual = outcome(client)
        last = ts.calls.one().attempts[-1]
        assert not ts.data_points
    assert_same_exception(actual, expected)
    assert type(actual[0]) is getattr(client.exceptions, code)
    response, real_response = actual[0].response, expected[0].response
    metadata, real_metadata = response["ResponseMetadata"], real_response["ResponseMetadata"]
    assert response["Error"] == real_response["Error"] == {"Code": code, "Message": message}
    assert response["message"] == message
    assert metadata.keys() == real_metadata.keys()
    assert {"connection", *metadata["HTTPHeaders"]} == {*real_metadata["HTTPHeaders"]}
    for name in ("HTTPStatusCode", "RetryAttempts", "MaxAttemptsReached"):
        assert metadata.get(name) == real_metadata.get(name)
    assert metadata["RequestId"] == last.request_id
    assert (last.status_code, last.error_code) == (DOCUMENTED[code], code)


OTHER = {
    "SlowDown": 400,
    "RequestTimeout": 400,
    "RequestLimitExceeded": 400,
    "OptInRequired": 403,
    "org.Some_Error1": 418,
    "InternalFailure": 500,
}
"""Errors without a class, and their statuses."""
RETRIED_OTHERS = {"ServiceUnavailableException", "InternalFailure"}
RETRIED_FOR_THEIR_CODE = {"SlowDown", "RequestTimeout", "RequestLimitExceeded"}
"""The codes that standard and adaptive mode retry, and legacy mode does not."""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("code", [*COMMON, *OTHER])
def test_an_error_that_is_not_documented_is_the_real_one(
    code, mode, misbehaving, make, real, outcome
):
    status = {**COMMON, **OTHER}[code]
    retried = RETRIED_OTHERS | (set() if mode == "legacy" else RETRIED_FOR_THEIR_CODE)
    tries = 3 if code in retried else 1
    message = "what went wrong"
    client = make(misbehaving.url, mode)
    misbehaving.answer = http(
        status,
        json.dumps({"message": message}).encode(),
        content_type="application/json",
        x_amzn_errortype=code,
    )
    expected = real(client)
    with mock_datazone_ts() as ts:
        is_common = code in COMMON
        kind = getattr(faults, code) if is_common else faults.AwsError
        fault = kind(message) if is_common else kind(code, status, message)
        ts.inject(fault, times=tries)
        actual = outcome(client)
        attempts = ts.calls.one().attempts
        assert not ts.data_points
    assert_same_exception(actual, expected)
    assert actual[1] == tries
    assert actual[0].response["Error"] == {"Code": code, "Message": message}
    assert [(each.status_code, each.error_code) for each in attempts] == [(status, code)] * tries


@pytest.mark.parametrize("operation", ["PostTimeSeriesDataPoints", "GetDomain", "DeleteDomain"])
@pytest.mark.parametrize("code", COMMON)
def test_every_operation_may_get_a_common_error(code, operation, datazone_ts, make_client, post):
    client = make_client(attempts=1)
    kind = getattr(faults, code)
    ways = {
        "PostTimeSeriesDataPoints": lambda: post(client),
        "GetDomain": lambda: client.get_domain(identifier=DOMAIN),
        "DeleteDomain": lambda: client.delete_domain(identifier=DOMAIN),
    }
    for given in (code, kind, kind(), faults.AwsError(code, COMMON[code], "{operation} failed")):
        datazone_ts.inject(given, operation=operation)
        with pytest.raises(ClientError) as caught:
            ways[operation]()
        error = caught.value.response["Error"]
        own = isinstance(given, faults.AwsError)
        assert error["Code"] == code
        assert error["Message"] == (f"{operation} failed" if own else kind().message)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == COMMON[code]


@pytest.mark.parametrize("how", ["name", "class", "instance"])
@pytest.mark.parametrize("code", DOCUMENTED)
def test_an_exception_is_injected_by_name_class_or_instance(
    code, how, datazone_ts, make_client, post
):
    client = make_client(attempts=1)
    kind = getattr(faults, code)
    datazone_ts.inject({"name": code, "class": kind, "instance": kind()}[how])
    with pytest.raises(getattr(client.exceptions, code)) as caught:
        post(client)
    error = caught.value.response["Error"]
    assert error == {
        "Code": code,
        "Message": kind().message.replace("{operation}", "PostTimeSeriesDataPoints"),
    }
    assert error["Message"]


def test_each_exception_has_its_own_default_message():
    messages = {
        fault.__name__: fault().message
        for fault in faults.ServiceException.__subclasses__()
        if fault is not faults.AccessDeniedException
    }
    assert messages == {
        "InternalServerException": "An internal server error occurred. Try the request again.",
        "ResourceNotFoundException": (
            "The given Asset doesn't exist. Try creating Asset before accessing it."
        ),
        "ThrottlingException": "Rate exceeded",
        "ServiceQuotaExceededException": "The request has exceeded the specified service quota.",
        "ConflictException": "There is a conflict while performing this action.",
        "ValidationException": (
            "The input fails to satisfy the constraints specified by the service."
        ),
        "UnauthorizedException": "You do not have permission to perform this action.",
        "ExpiredTokenException": "The security token included in the request is expired",
        "UnrecognizedClientException": "The security token included in the request is invalid.",
        "InvalidSignatureException": (
            "The request signature we calculated does not match the signature you provided. Check "
            "your AWS Secret Access Key and signing method. Consult the service documentation for "
            "details."
        ),
        "IncompleteSignatureException": "The request signature does not conform to AWS standards.",
        "RequestExpired": "Request has expired.",
        "ServiceUnavailableException": (
            "The service is temporarily unavailable. Try the request again."
        ),
    }
    assert faults.ConflictException("mine").message == "mine"


def test_the_default_message_of_access_denied_is_the_one_aws_sends(datazone_ts, make_client, post):
    datazone_ts.inject("AccessDeniedException")
    with pytest.raises(ClientError) as caught:
        post(make_client())
    assert caught.value.response["Error"]["Message"] == (
        "User is not permitted to perform operation: PostTimeSeriesDataPoints"
    )


def test_each_attempt_has_its_own_request_id(datazone_ts, make_client, post):
    datazone_ts.inject("InternalServerException", times=2)
    response = post(make_client())
    ids = [attempt.request_id for attempt in datazone_ts.calls.one().attempts]
    assert len(set(ids)) == 3
    assert response["ResponseMetadata"]["RequestId"] == ids[-1]
    assert response["ResponseMetadata"]["RetryAttempts"] == 2


@pytest.mark.parametrize("mode", MODES)
def test_retry_after_is_obeyed_where_botocore_obeys_it(
    mode, misbehaving, make, outcome, monkeypatch
):
    client = make(misbehaving.url, mode)
    misbehaving.answer = http(
        429,
        b'{"message": ""}',
        x_amzn_errortype="ThrottlingException",
        retry_after="3",
        x_amz_retry_after="3000",
    )
    requested = []
    with monkeypatch.context() as patch:
        patch.setattr("time.sleep", requested.append)
        patch.setattr(TokenBucket, "_acquire", lambda *_, **__: True)
        outcome(client)
    with mock_datazone_ts() as ts:
        ts.inject(faults.ThrottlingException(retry_after=3), times=3)
        error, _ = outcome(client)
        slept = [attempt.slept for attempt in ts.calls.one().attempts]
    # A backoff of botocore is random and shorter than two seconds.
    assert [seconds == 3 for seconds in slept] == [seconds == 3 for seconds in requested] + [False]
    headers = error.response["ResponseMetadata"]["HTTPHeaders"]
    assert (headers["retry-after"], headers["x-amz-retry-after"]) == ("3", "3000")


def test_retry_after_is_whole_seconds_and_milliseconds_on_the_wire(datazone_ts, make_client, post):
    datazone_ts.inject(faults.ThrottlingException(retry_after=1.25))
    with pytest.raises(ClientError) as caught:
        post(make_client(attempts=1))
    headers = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert (headers["retry-after"], headers["x-amz-retry-after"]) == ("2", "1250")


def test_without_retry_after_there_is_no_such_header(datazone_ts, make_client, post):
    datazone_ts.inject(faults.ThrottlingException())
    with pytest.raises(ClientError) as caught:
        post(make_client(attempts=1))
    headers = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert not headers.keys() & {"retry-after", "x-amz-retry-after"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, ""),
        (501, "<html>no</html>"),
        (502, None),
        (503, ""),
        (504, "<html>late</html>"),
        (400, '{"mess'),
        (403, "<html>blocked by the proxy</html>"),
        (404, None),
        (429, "<html>slow down</html>"),
    ],
)
def test_an_http_error_is_the_real_one(status, body, mode, misbehaving, make, real, outcome):
    client = make(misbehaving.url, mode)
    fault = faults.HttpError(status, body)
    misbehaving.answer = http(status, fault.body.encode(), content_type="text/html")
    expected = real(client)
    with mock_datazone_ts() as ts:
        ts.inject(fault, times=expected[1])
        actual = outcome(client)
        call = ts.calls.one()
        assert not ts.data_points
    assert_same_exception(actual, expected)
    del expected[0].response["ResponseMetadata"]["HTTPHeaders"]["connection"]
    assert actual[0].response == expected[0].response
    assert call.error_code == actual[0].response["Error"]["Code"] == str(status)
    assert [each.status_code for each in call.attempts] == [status] * expected[1]
    assert call.attempts[-1].request_id is None


def test_the_default_http_error_looks_like_a_proxy_error_page():
    page = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
    assert faults.HttpError() == faults.HttpError(502, page)
    assert "<title>599</title>" in faults.HttpError(599).body


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("body", "met"),
    [
        (None, UnicodeDecodeError),
        (b"[]", AttributeError),
        (b"null", TypeError),
        (b'{"domainId": "dzd_', dict),
        (b"<html></html>", dict),
        (b"", dict),
    ],
)
def test_a_malformed_response_is_the_real_one(body, met, mode, misbehaving, make, real, outcome):
    fault = faults.MalformedResponse() if body is None else faults.MalformedResponse(body)
    client = make(misbehaving.url, mode)
    misbehaving.answer = http(201, fault.body, content_type="application/json")
    expected = real(client)
    with mock_datazone_ts() as ts:
        ts.inject(fault)
        actual = outcome(client)
        ts.data_points.one()  # the service did its part
        assert ts.calls.one().succeeded
    assert actual[1] == expected[1] == 1
    assert type(actual[0]) is type(expected[0]) is met
    if met is dict:
        assert list(actual[0]) == list(expected[0]) == ["ResponseMetadata"]
        assert actual[0]["ResponseMetadata"]["HTTPStatusCode"] == 201
    else:
        assert str(actual[0]) == str(expected[0])


@pytest.mark.parametrize("mode", MODES)
def test_botocores_own_retry_of_a_lost_response_stores_the_point_once(
    mode, datazone_ts, make_client, post
):
    datazone_ts.inject("ResponseLost")
    response = post(make_client(mode))
    assert response["forms"][0]["id"] == datazone_ts.data_points.one().id
    assert [each.status_code for each in datazone_ts.calls.one().attempts] == [None, 201]


@pytest.mark.parametrize(("tokens", "stored"), [(["one", "two"], 2), (["one", "one"], 1)])
def test_a_retry_in_user_code_stores_the_point_twice_unless_it_keeps_the_token(
    tokens, stored, datazone_ts, make_client, post
):
    client = make_client(attempts=1)
    datazone_ts.inject("ResponseLost")
    with pytest.raises(ReadTimeoutError):
        post(client, clientToken=tokens[0])
    post(client, clientToken=tokens[1])
    assert len(datazone_ts.assert_posted(stored, form_name="completeness")) == stored


@pytest.mark.parametrize(
    ("seconds", "read_timeout", "arrives"),
    [
        (0, 60, True),
        (59.9, 60, True),
        (60, 60, False),
        (60.1, 60, False),
        (1e6, 60, False),
        (0.5, 0.25, False),
        (1e6, None, True),
    ],
)
def test_latency_beyond_the_clients_read_timeout_raises(
    seconds, read_timeout, arrives, datazone_ts, make_client, post
):
    client = make_client(attempts=1, read_timeout=read_timeout)
    datazone_ts.inject(faults.Latency(seconds))
    if arrives:
        post(client)
    else:
        with pytest.raises(ReadTimeoutError):
            post(client)
    post(client)
    before, after = datazone_ts.data_points  # the slow one too is carried out
    passed = after.posted_at - before.posted_at
    expected = timedelta(seconds=seconds if arrives else read_timeout)
    assert expected <= passed < expected + timedelta(seconds=5)
    assert datazone_ts.sleeps == ()


@pytest.mark.parametrize(
    ("read_timeout", "arrives"), [(60, True), (1.0, False), (0.25, False), (None, True)]
)
def test_a_slow_body_beyond_the_clients_read_timeout_raises(
    read_timeout, arrives, datazone_ts, make_client, post
):
    """Its headers say how long the body is, and so how long it takes."""
    client = make_client(attempts=1, read_timeout=read_timeout)
    length = int(post(client)["ResponseMetadata"]["HTTPHeaders"]["content-length"])
    datazone_ts.inject(faults.SlowBody(seconds_per_kilobyte=1024 / length))  # a second
    if arrives:
        post(client)
    else:
        with pytest.raises(ReadTimeoutError):
            post(client)
    post(client)
    _, before, after = datazone_ts.data_points  # the slow one too is carried out
    passed = after.posted_at - before.posted_at
    expected = timedelta(seconds=1 if arrives else read_timeout)
    assert expected <= passed < expected + timedelta(seconds=0.2)


def test_a_slow_body_is_retried_and_stores_nothing_twice(datazone_ts, make_client, post):
    datazone_ts.inject(faults.SlowBody(1_000))
    post(make_client())

    first, second = datazone_ts.calls.one().attempts
    assert (first.status_code, second.status_code) == (None, 201)
    assert first.stored == (datazone_ts.data_points.one(),)
    assert second.stored == ()


def test_latency_delays_a_rejection_too(datazone_ts, make_client, post):
    datazone_ts.inject(faults.Latency(120))
    with pytest.raises(ReadTimeoutError):
        post(make_client(attempts=1), domainIdentifier="not a domain")
    datazone_ts.inject(faults.Latency(12))
    with pytest.raises(ClientError, match="ValidationException"):
        post(make_client(attempts=1), domainIdentifier="not a domain")


@pytest.mark.parametrize(
    ("fault", "met"),
    [
        (
            faults.Latency(1),
            "SerializationException: 'x' at 'maxResults' cannot be read as integer",
        ),
        (faults.ResponseLost(), "ReadTimeoutError"),
        (faults.MalformedResponse(b"{}"), "SerializationException: "),
    ],
)
def test_an_unreadable_request_is_rejected_whatever_the_fault(fault, met, datazone_ts, make_client):
    """It reaches neither the service, nor a canned response, nor a rate limit."""
    datazone_ts.respond("ListDomains", {"items": []})
    datazone_ts.inject(fault, operation="ListDomains")
    limit = datazone_ts.rate_limit(0.001, operation="ListDomains")
    client = make_client(attempts=1, parameter_validation=False)

    with pytest.raises((ClientError, ReadTimeoutError)) as caught:
        client.list_domains(maxResults="x")

    error = (getattr(caught.value, "response", None) or {}).get("Error")
    shown = f"{error['Code']}: {error['Message']}" if error else type(caught.value).__name__
    assert shown == met
    [attempt] = datazone_ts.calls.one().attempts
    assert attempt.fault == fault
    assert client.list_domains()["items"] == []
    assert limit.throttled == 0


OTHERS = {
    "ListTimeSeriesDataPoints": {"formName": FORM["formName"]},
    "GetTimeSeriesDataPoint": {"formName": FORM["formName"], "identifier": "4wyh64k2n8czaf"},
    "DeleteTimeSeriesDataPoints": {"formName": FORM["formName"]},
}


def call(client: Any, operation: str) -> Any:
    method = re.sub("(?<!^)(?=[A-Z])", "_", operation).lower()
    entity = {"domainIdentifier": DOMAIN, "entityIdentifier": ENTITY, "entityType": "ASSET"}
    return getattr(client, method)(**entity, **OTHERS[operation])


@pytest.mark.parametrize("operation", OTHERS)
def test_the_other_operations_take_the_faults_that_they_document(
    operation, datazone_ts, make_client
):
    client = make_client(attempts=1)
    for code in DOCUMENTED.keys() - {"ServiceQuotaExceededException", "ConflictException"}:
        datazone_ts.inject(code, operation=operation)
        with pytest.raises(getattr(client.exceptions, code)):
            call(client, operation)
    datazone_ts.inject("ResponseLost", operation=operation)
    with pytest.raises(ReadTimeoutError):
        call(client, operation)
    datazone_ts.inject("MalformedResponse", operation=operation)
    with pytest.raises(UnicodeDecodeError):
        call(client, operation)


OTHER_NAMES = (
    "AWS's common errors are ExpiredTokenException, UnrecognizedClientException, "
    "InvalidSignatureException, IncompleteSignatureException, RequestExpired, "
    "ServiceUnavailableException, AwsError; "
    "the transport can fail with ConnectTimeout, ReadTimeout, ConnectionClosed, "
    "EndpointUnreachable, ResponseLost, MalformedResponse, HttpError, Latency, SlowBody."
)


@pytest.mark.parametrize("operation", OTHERS)
@pytest.mark.parametrize("code", ["ServiceQuotaExceededException", "ConflictException"])
def test_an_exception_that_the_operation_does_not_document_is_rejected(
    code, operation, datazone_ts
):
    for given in (code, getattr(faults, code), getattr(faults, code)()):
        with pytest.raises(ValueError, match=r"^inject\(\) got ") as caught:
            datazone_ts.inject(given, operation=operation)
        assert str(caught.value) == (
            f"inject() got {given!r}, which is not a fault of {operation}. It documents "
            "InternalServerException, ResourceNotFoundException, AccessDeniedException, "
            f"ThrottlingException, ValidationException, UnauthorizedException; {OTHER_NAMES}"
        )


class ReadTimeout(Exception):  # noqa: N818 - as in requests and httpx
    """A class in another library with the name of a fault."""


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("ThrotlingException", " Did you mean 'ThrottlingException'?"),
        ("throttling", " Did you mean 'ThrottlingException'?"),
        ("read_timeout", " Did you mean 'ReadTimeout'?"),
        ("ExpiredToken", " Did you mean 'ExpiredTokenException'?"),
        ("RequestExpiredException", " Did you mean 'RequestExpired'?"),
        ("ServiceUnavailable", " Did you mean 'ServiceUnavailableException'?"),
        ("boom", ""),
        ("Fault", ""),
        ("TRANSPORT", ""),
        ("documented", ""),
        (faults.ServiceException, ""),
        ("", ""),
        (faults.Fault, ""),
        (faults.TransportFault(), ""),
        (ReadTimeout, ""),
        (502, ""),
    ],
)
def test_an_unknown_fault_is_rejected_with_a_list_of_the_known_ones(given, hint, datazone_ts):
    with pytest.raises(ValueError, match=r"^inject\(\) got ") as caught:
        datazone_ts.inject(given)
    assert str(caught.value) == (
        f"inject() got {given!r}, which is not a fault of PostTimeSeriesDataPoints.{hint} It "
        "documents InternalServerException, ResourceNotFoundException, AccessDeniedException, "
        "ThrottlingException, ServiceQuotaExceededException, ConflictException, "
        f"ValidationException, UnauthorizedException; {OTHER_NAMES}"
    )


def test_a_fault_that_needs_arguments_is_injected_as_an_instance(datazone_ts):
    for name in ("Latency", "SlowBody", "AwsError"):
        for given in (name, getattr(faults, name)):
            with pytest.raises(TypeError) as caught:
                datazone_ts.inject(given)
            assert str(caught.value) == (
                f"{name} takes arguments: inject an instance, such as faults.{name}(...)"
            )


@pytest.mark.parametrize("arguments", [(), ("ThrottlingException",)])
def test_the_base_class_of_the_exceptions_cannot_be_injected(arguments):
    """Its first argument is a message: what looks like a name would be an empty code."""
    with pytest.raises(TypeError) as caught:
        faults.ServiceException(*arguments)
    assert str(caught.value) == (
        "ServiceException is a base class: use one of its subclasses, such as "
        "ThrottlingException(...), or AwsError(code, status_code, message) for any other code"
    )


@pytest.mark.parametrize("operation", [None, *OTHERS, "GetDomain"])
def test_the_documented_exceptions_are_those_of_the_model(operation, session):
    of_model = session.client("datazone").meta.service_model
    described = of_model.operation_model(operation or "PostTimeSeriesDataPoints")
    documented = faults.documented(*[operation] * (operation is not None))
    assert [kind.__name__ for kind in documented] == [
        shape.name for shape in described.error_shapes
    ]
    with mock_datazone_ts() as ts:
        for kind in documented:
            ts.inject(kind, operation=described.name).cancel()


def test_the_documented_exceptions_of_an_unknown_operation_are_rejected():
    with pytest.raises(ValueError, match="Did you mean 'GetDomain'"):
        faults.documented("GetDomian")


def test_every_fault_can_be_parametrized_and_every_name_completed(datazone_ts):
    every = {*faults.documented(), *faults.COMMON, *faults.TRANSPORT}
    for fault in every:
        datazone_ts.inject(fault).cancel()
    kinds = {fault if isinstance(fault, type) else type(fault) for fault in every}
    named = {name for name in faults.__all__ if isinstance(getattr(faults, name), type)}
    abstract = {"Fault", "ServiceException", "TransportFault"}
    assert {kind.__name__ for kind in kinds} == named - abstract - {"AwsError"}
    assert sorted(kind.__name__ for kind in every if isinstance(kind, type)) == list(
        get_args(faults.FaultName)
    )


def test_the_slow_faults_for_parametrize_end_a_call_of_a_default_client(
    datazone_ts, make_client, post
):
    delays = (faults.Latency, faults.SlowBody)
    slow = [fault for fault in faults.TRANSPORT if isinstance(fault, delays)]
    assert len(slow) == len(delays)
    for fault in slow:
        datazone_ts.inject(fault)
        with pytest.raises(ReadTimeoutError):
            post(make_client(attempts=1))


def test_a_parametrized_test_is_named_after_its_fault(run_pytest):
    result = run_pytest(
        """
        import pytest
        from pytest_datazone_ts import faults

        @pytest.mark.parametrize("fault", [*faults.TRANSPORT, faults.AwsError("SlowDown", 503)])
        @pytest.mark.parametrize("number", [1])
        def test_it(fault, number):
            pass
        """,
        "--collect-only",
        "-q",
    )
    result.stdout.fnmatch_lines(
        [
            "test_it.py::test_it[[]1-ConnectTimeout[]]",
            "test_it.py::test_it[[]1-Latency(seconds=3600)[]]",
            "test_it.py::test_it[[]1-AwsError(code='SlowDown', status_code=503)[]]",
        ]
    )


SECONDS = "takes a finite number of seconds, 0 or more"


@pytest.mark.parametrize(
    ("make_fault", "message"),
    [
        (
            lambda: faults.ConflictException(409),
            "ConflictException(message=...) takes a string, not int",
        ),
        (
            lambda: faults.ThrottlingException(retry_after=-1),
            f"ThrottlingException(retry_after=...) {SECONDS}, not -1",
        ),
        (
            lambda: faults.ThrottlingException(retry_after="3"),
            f"ThrottlingException(retry_after=...) {SECONDS}, not '3'",
        ),
        (
            lambda: faults.Latency(float("inf")),
            f"Latency(seconds) {SECONDS}, not inf",
        ),
        (
            lambda: faults.Latency(True),  # noqa: FBT003
            f"Latency(seconds) {SECONDS}, not True",
        ),
        (
            lambda: faults.SlowBody(-1),
            f"SlowBody(seconds_per_kilobyte) {SECONDS}, not -1",
        ),
        (
            lambda: faults.MalformedResponse("{}"),
            "MalformedResponse(body=...) takes bytes, not str",
        ),
        (
            lambda: faults.HttpError(399),
            "HttpError(status=...) takes an HTTP status from 400 to 599, not 399",
        ),
        (
            lambda: faults.HttpError(600),
            "HttpError(status=...) takes an HTTP status from 400 to 599, not 600",
        ),
        (
            lambda: faults.HttpError("502"),
            "HttpError(status=...) takes an HTTP status from 400 to 599, not '502'",
        ),
        *[
            (
                lambda code=code: faults.AwsError(code, 400),
                f"AwsError(code) takes a code such as 'SlowDown', not {code!r}",
            )
            for code in ("", 400, None, "Slow Down", "Slow\n", "4xx", "Über")
        ],
        (
            lambda: faults.AwsError("SlowDown", 200),
            "AwsError(status_code) takes an HTTP status from 400 to 599, not 200",
        ),
        (
            lambda: faults.AwsError("SlowDown", 400, b""),
            "AwsError(message=...) takes a string, not bytes",
        ),
        (lambda: faults.HttpError(502, 1), "HttpError(body=...) takes a string or bytes, not int"),
    ],
)
def test_a_wrong_argument_is_named(make_fault, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        make_fault()
    assert str(caught.value) == message


def test_faults_are_values():
    assert faults.ThrottlingException("slow") == faults.ThrottlingException(message="slow")
    assert faults.ThrottlingException("slow") != faults.ThrottlingException("slow", retry_after=1)
    assert faults.ReadTimeout() == faults.ReadTimeout() != faults.ConnectTimeout()
    assert faults.MalformedResponse() == faults.MalformedResponse(b"\x1f\x8b\x08\x00")
    assert len({faults.ResponseLost(), faults.ResponseLost(), faults.Latency(1)}) == 2
    with pytest.raises(AttributeError):
        faults.Latency(1).seconds = 2


@pytest.mark.parametrize("body", [b"<html>", b"<html>" + b" " * 1_000], ids=["short", "long"])
def test_a_malformed_response_in_process_announces_its_own_length(
    body, datazone_ts, make_client, post
):
    datazone_ts.inject(faults.MalformedResponse(body))

    headers = post(make_client())["ResponseMetadata"]["HTTPHeaders"]
    assert headers["content-length"] == str(len(body))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        (
            "ALL",
            (
                " For parametrize, documented() returns the exceptions that an operation "
                "documents, COMMON has AWS's common errors, and TRANSPORT the failures of the "
                "transport."
            ),
        ),
        ("Throttling", " Did you mean 'ThrottlingException'?"),
        ("nothing", ""),
    ],
)
def test_a_name_that_is_guessed_gets_a_suggestion(name, hint):
    with pytest.raises(AttributeError) as caught:
        getattr(faults, name)
    assert (
        str(caught.value) == f"module 'pytest_datazone_ts.faults' has no attribute {name!r}.{hint}"
    )


def test_a_page_may_be_bytes(datazone_ts, make_client, post):
    page = "<p>\N{SNOWMAN}</p>"
    datazone_ts.inject(faults.HttpError(400, page.encode()))
    datazone_ts.inject(faults.HttpError(400, b""))

    for body in (page, ""):
        with pytest.raises(ClientError) as caught:
            post(make_client())
        assert caught.value.response["Error"]["Message"] == body
