"""Whatever the server receives, it answers as AWS does or closes the connection, and goes on."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import tracemalloc
import uuid
from contextlib import contextmanager, nullcontext

import pytest
from freezegun import freeze_time
from hypothesis import given, settings
from hypothesis import strategies as st
from internals import LARGEST_BODY, new_double, serve
from sample import DOMAIN, ENTITY, PATIENCE, await_end

PATH = f"/v2/domains/{DOMAIN}/entities/ASSET/{ENTITY}/time-series-data-points"
CHUNKED = "Transfer-Encoding: chunked\r\n"
BODY = b'{"forms": [{"formName": "f", "typeIdentifier": "t", "timestamp": 0}]}'
SIGNED = b"Authorization: Credential=key/20240101/us-east-1/datazone/aws4_request\r\n"


def message(body=BODY, *, line=f"POST {PATH} HTTP/1.1", headers=None):
    """Return a request as bytes, signed for DataZone."""
    framing = f"Content-Length: {len(body)}\r\n" if headers is None else headers
    return f"{line}\r\nHost: localhost\r\n{framing}".encode("latin-1") + SIGNED + b"\r\n" + body


@contextmanager
def connected(endpoint_url):
    port = int(endpoint_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        yield connection


def received(connection):
    """Return everything received until the server closes the connection."""
    pieces = []
    try:
        while piece := connection.recv(2**16):
            pieces.append(piece)
    except ConnectionError:
        pass
    return b"".join(pieces)


def answers(text):
    """Parse the responses in ``text``: their statuses, headers and bodies."""
    found = []
    while text:
        head, end, text = text.partition(b"\r\n\r\n")
        assert end
        first, *lines = head.decode("ascii").split("\r\n")
        status = int(re.fullmatch(r"HTTP/1\.1 (\d{3}) [A-Za-z -]*", first)[1])
        headers = dict(line.split(": ", 1) for line in lines)
        length = int(headers.get("content-length", 0))
        assert len(text) >= length
        found.append((status, headers, text[:length]))
        text = text[length:]
    return found


def say(endpoint_url, text):
    """Send ``text`` and nothing else; return the responses."""
    with connected(endpoint_url) as connection:
        try:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server closed the connection already
        return answers(received(connection))


@pytest.fixture(scope="module")
def endpoint_url():
    """A server shared by all tests here, which nothing sent to it may end."""
    double = new_double()
    with serve(double) as url:
        yield url
        assert [status for status, _, _ in say(url, message())] == [201]


def test_pipelined_requests_are_answered_in_turn(endpoint_url):
    missing = message(b"", line="GET /v2/domains/x/y HTTP/1.1")
    statuses = [status for status, _, _ in say(endpoint_url, message() * 3 + missing + message())]
    assert statuses == [201, 201, 201, 404]


@pytest.mark.parametrize(
    "headers",
    [
        "Connection: close\r\n",
        "Connection: Keep-Alive\r\n",
        "",
    ],
)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_connection_is_closed_when_its_protocol_says_so(endpoint_url, version, headers):
    length = f"Content-Length: {len(BODY)}\r\n"
    request = message(line=f"POST {PATH} HTTP/{version}", headers=headers + length)

    found = say(endpoint_url, request * 2)

    closed = version == "1.0" or "close" in headers
    assert len(found) == (1 if closed else 2)
    assert found[0][1].get("connection") == ("close" if closed else None)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"%x\r\n%s\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n"),
        (
            b"%x;name=value\r\n%s\r\n0\r\nTrailer: x\r\nAnother: y\r\n\r\n",
            "Transfer-Encoding: Chunked\r\n",
        ),
        (b"%x\n%s\n0\n\n", "TRANSFER-ENCODING: chunked\r\n"),
    ],
)
def test_every_spelling_of_chunks_is_accepted(endpoint_url, body, headers):
    request = message(body % (len(BODY), BODY), headers=headers)
    assert [status for status, _, _ in say(endpoint_url, request * 2)] == [201, 201]


def test_trailers_can_end_with_the_connection(endpoint_url):
    body = b"%x\r\n%s\r\n0\r\nTrailer: x\r\n" % (len(BODY), BODY)
    request = message(body, headers=CHUNKED)
    assert [status for status, _, _ in say(endpoint_url, request)] == [201]


def test_a_client_can_wait_for_100_continue(endpoint_url):
    headers = f"Content-Length: {len(BODY)}\r\nExpect: 100-continue\r\n"
    with connected(endpoint_url) as connection:
        connection.sendall(message(b"", headers=headers))
        assert connection.recv(2**10) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        connection.shutdown(socket.SHUT_WR)
        assert answers(received(connection))[0][0] == 201


def test_there_is_no_100_continue_for_a_body_that_is_rejected(endpoint_url):
    headers = f"Content-Length: {2**40}\r\nExpect: 100-continue\r\n"
    ((status, _, _),) = say(endpoint_url, message(b"", headers=headers))
    assert status == 413


def test_the_target_can_be_an_absolute_url(endpoint_url):
    request = message(line=f"POST http://LOCALHOST:80{PATH}?x=y HTTP/1.1")
    assert say(endpoint_url, request)[0][0] == 201


@pytest.mark.parametrize("empty", [b"\r\n", b"\n", b"\r\n\n\r\n" * 2, b"\r\n" * 8])
def test_empty_lines_before_a_request_are_skipped(endpoint_url, empty):
    found = say(endpoint_url, (empty + message()) * 2)
    assert [status for status, _, _ in found] == [201, 201]


OURS = (
    *("localhost", "LOCALHOST:80", "localhost.", "127.0.0.1", "127.0.0.1:65535", "[::1]"),
    *("[::1]:80", "bucket.localhost:80", "a.bucket_1.127.0.0.1", "data-localhost", " localhost"),
    *("123456789012.s3-control.localhost", "api.127.0.0.1:80", "bucket.s3.localhost"),
)
FOREIGN = (
    *("evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example"),
    *("evillocalhost", "", "127.0.0.1@evil.example", "evil.example#localhost", "[::2]", "0.0.0.0"),  # noqa: S104
    *("localhost:x", "evil.example/localhost", "127.0.0.2", "x y.localhost"),
)
SIGNED_FOR = {
    service: SIGNED.replace(b"datazone", service.encode()) for service in ("s3", "sts", "glue")
}


@pytest.mark.parametrize("host", OURS)
def test_a_name_of_this_machine_is_accepted(endpoint_url, host):
    request = message().replace(b"Host: localhost", f"Host: {host}".encode())
    page = f"Host: localhost\r\nSec-Fetch-Site: cross-site\r\nOrigin: http://{host.strip()}"
    browser = message().replace(b"Host: localhost", page.encode())
    unnamed = message().replace(b"Host: localhost\r\n", b"")
    found = say(endpoint_url, request + browser + unnamed)
    assert [status for status, _, _ in found] == [201, 201, 201]


@pytest.mark.parametrize("host", FOREIGN)
def test_any_other_host_name_is_rejected(host):
    double = new_double()
    with serve(double) as url:
        requests = [
            message().replace(b"Host: localhost", f"Host: {host}".encode()),
            message().replace(b"Host: localhost", f"Host: localhost\r\nHost: {host}".encode()),
        ]
        if " " not in host and "/" not in host:
            requests.append(message(line=f"POST http://{host}{PATH} HTTP/1.1"))
        for request in requests:
            ((status, headers, body),) = say(url, request + message())
            assert (status, headers["x-amzn-errortype"]) == (403, "ForbiddenException")
            assert json.loads(body) == {
                "message": f"the request is for the host '{host}', and the server only answers "
                "as 127.0.0.1 and localhost: under another name a web page could reach it (DNS "
                f"rebinding). Use {url} as the endpoint"
            }
    assert not double.calls


PAGES = {
    "Origin: https://evil.example": "of the origin 'https://evil.example'",
    "Origin: null": "of the origin 'null'",
    "Origin: http://localhost.evil.example:80": "of the origin 'http://localhost.evil.example:80'",
    "Origin: http://localhost\r\nOrigin: http://x": "of the origin 'http://x'",
    # The request for an image or a link has no Origin.
    "Sec-Fetch-Site: cross-site": "of another site (Sec-Fetch-Site)",
}


@pytest.mark.parametrize("header", PAGES)
def test_a_web_page_of_another_site_is_rejected(header):
    double = new_double()
    with serve(double) as url:
        request = message().replace(b"Host: ", f"{header}\r\nHost: ".encode())
        ((status, headers, body),) = say(url, request)
    assert (status, headers["x-amzn-errortype"]) == (403, "ForbiddenException")
    assert json.loads(body)["message"] == (
        f"the request is from a web page {PAGES[header]}, and any page could change what the "
        "server holds. Send it from a program, or from a page that is served on localhost"
    )
    assert not double.calls


@pytest.mark.parametrize("line", ["POST / HTTP/1.1", "GET /?Action=CreateUser HTTP/1.1"])
@pytest.mark.parametrize("header", ["Host: evil.example", "Origin: null"])
@pytest.mark.parametrize("service", [None, *SIGNED_FOR])
def test_web_pages_cannot_reach_other_services(endpoint_url, line, header, service):
    signed = SIGNED_FOR.get(service, b"")
    request = message(line=line).replace(SIGNED, signed + f"{header}\r\n".encode())
    ((status, headers, body),) = say(endpoint_url, request)
    assert (status, headers["x-amzn-errortype"]) == (403, "ForbiddenException")
    kind = "application/xml" if service == "s3" else "application/json"
    assert headers["content-type"] == kind
    assert b"the request is f" in body


def bad_request(text):
    return 400, "BadRequestException", text


NO_VERSION = "the request line has no version of HTTP that is served"
NOT_JSON = "the request body is not JSON: "
REJECTED = {
    "no such path": (
        message(line="GET /v2/domains/x/nothing HTTP/1.1"),
        (
            404,
            "UnknownOperationException",
            "Amazon DataZone has no operation at /v2/domains/x/nothing",
        ),
    ),
    "no path is that long": (
        message(line=f"GET {'/v2/domains/x' * 9} HTTP/1.1"),
        (
            *(404, "UnknownOperationException"),
            f"Amazon DataZone has no operation at {'/v2/domains/x' * 9}",
        ),
    ),
    "no such path, unsigned": (
        b"GET /v2/domains/ HTTP/1.1\r\n\r\n",
        (404, "UnknownOperationException", "Amazon DataZone has no operation at /v2/domains/"),
    ),
    "signed for DataZone, elsewhere": (
        message(line="POST / HTTP/1.1"),
        (404, "UnknownOperationException", "Amazon DataZone has no operation at /"),
    ),
    "no such method": (
        message(line="PATCH /v2/domains HTTP/1.1"),
        (405, "MethodNotAllowedException", "/v2/domains takes GET, POST, not PATCH"),
    ),
    "a method of nobody's": (
        message(line="B\xe9PATCH /v2/domains HTTP/1.1"),
        (405, "MethodNotAllowedException", "/v2/domains takes GET, POST, not B\xe9PATCH"),
    ),
    "not a path": (
        message(line="OPTIONS * HTTP/1.1"),
        bad_request("* is not a path"),
    ),
    "not JSON": (
        message(b'{"forms": '),
        (400, "SerializationException", NOT_JSON + "Expecting value: line 1 column 11 (char 10)"),
    ),
    "not UTF-8": (
        message(b'{"forms": "\xff"}'),
        (
            *(400, "SerializationException", NOT_JSON),
            "'utf-8' codec can't decode byte 0xff in position 11: invalid start byte",
        ),
    ),
    "compressed": (
        message(b"\x1f\x8b", headers="Content-Length: 2\r\nContent-Encoding: gzip\r\n"),
        (
            *(415, "UnsupportedMediaTypeException"),
            "the body's content-encoding, 'gzip', is not supported",
        ),
    ),
    "too large": (
        message(b"", headers=f"Content-Length: {LARGEST_BODY + 1}\r\n"),
        (413, "RequestEntityTooLargeException", "the body is too large"),
    ),
    "too large, in chunks": (
        message(b"1\r\n \r\n%x\r\n" % LARGEST_BODY, headers=CHUNKED),
        (413, "RequestEntityTooLargeException", "the body is too large"),
    ),
    "too short": (
        message(BODY[:-1], headers=f"Content-Length: {len(BODY)}\r\n"),
        bad_request("the body ended early"),
    ),
    "a negative length": (
        message(headers="Content-Length: -1\r\n"),
        bad_request("the content-length is malformed"),
    ),
    "a length that only Python reads": (
        message(headers="Content-Length: 6_9\r\n"),
        bad_request("the content-length is malformed"),
    ),
    "a length in other digits": (
        message(headers="Content-Length: \xb2\r\n"),
        bad_request("the content-length is malformed"),
    ),
    "two lengths": (
        message(headers="Content-Length: 1\r\nContent-Length: 2\r\n"),
        bad_request("the content-length is malformed"),
    ),
    "a length and chunks": (
        message(headers="Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
        bad_request("the transfer-encoding is not chunked alone"),
    ),
    "another transfer-encoding": (
        message(headers="Transfer-Encoding: gzip, chunked\r\n"),
        bad_request("the transfer-encoding is not chunked alone"),
    ),
    "chunks without a size": (
        message(b"\r\n\r\n", headers=CHUNKED),
        bad_request("the chunked body is malformed"),
    ),
    "chunks that are longer than they say": (
        message(b"1\r\n{}\r\n0\r\n\r\n", headers=CHUNKED),
        bad_request("the chunked body is malformed"),
    ),
    "a chunk's line that is too long": (
        message(b"1;%s\r\n{" % (b"x" * 2**16), headers=CHUNKED),
        bad_request("the chunked body is malformed"),
    ),
    "malformed headers": (
        message(headers="Content-Length\r\n"),
        bad_request("the headers are malformed"),
    ),
    "too many headers": (
        message(headers="A: b\r\n" * 101),
        (431, "BadRequestException", "got more than 100 headers"),
    ),
    "a header that is too long": (
        message(headers=f"A: {'b' * 2**16}\r\n"),
        (431, "BadRequestException", "got more than 65536 bytes when reading header line"),
    ),
    "the longest line": (
        message(line=f"GET /{'x' * (2**16 - 16)} HTTP/1.1"),
        (
            *(404, "UnknownOperationException"),
            f"Amazon DataZone has no operation at /{'x' * 1941}... (65557 characters)",
        ),
    ),
    "a target that is too long": (
        message(line=f"GET /{'x' * 2**16} HTTP/1.1"),
        (414, "BadRequestException", "the request line is too long"),
    ),
    "no HTTP": (
        b"EHLO example.com\r\n",
        bad_request(NO_VERSION),
    ),
    "HTTP/0.9": (
        b"GET /\r\n",
        bad_request(NO_VERSION),
    ),
    "HTTP/0.9 by its name": (
        message(line=f"POST {PATH} HTTP/0.9"),
        bad_request(NO_VERSION),
    ),
    "one word": (
        b"GET\r\n",
        bad_request(NO_VERSION),
    ),
    "no word": (
        b" \r\n",
        bad_request(NO_VERSION),
    ),
    "empty lines": (
        b"\r\n" * 9 + message(),
        bad_request("there are too many empty lines before the request"),
    ),
    "HTTP/2": (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        (505, "BadRequestException", "Invalid HTTP version (2.0)"),
    ),
}


@pytest.mark.parametrize("case", REJECTED)
def test_it_rejects_as_aws_does(endpoint_url, case):
    sent, (status, code, *text) = REJECTED[case]

    found = say(endpoint_url, sent)

    ((found_status, headers, body),) = found
    assert (found_status, headers["x-amzn-errortype"]) == (status, code)
    assert json.loads(body) == {"message": "".join(text)}
    assert headers["content-type"] == "application/json"
    assert uuid.UUID(headers["x-amzn-requestid"])
    if status == 405:
        assert headers["allow"] == "GET, POST"


def test_each_request_is_logged_on_one_line():
    double = new_double()
    lines = []
    for fault in ("ThrottlingException", "ConnectionClosed"):
        double.inject(fault)
    with serve(double, log=lines.append) as url:
        for text in (
            *[message()] * 3,
            message(line="GET /v2/domains/\xe9\x1b HTTP/1.1"),
            b"EHLO example.com\r\n",
        ):
            say(url, text)
    assert [line.partition("): ")[0] for line in lines] == [
        f"PostTimeSeriesDataPoints 429 ThrottlingException (POST {PATH}",
        f"PostTimeSeriesDataPoints no response (ConnectionClosedError) (POST {PATH})",
        f"PostTimeSeriesDataPoints 201 (POST {PATH}",
        r"400 UnansweredOperationError (GET /v2/domains/\xe9\x1b",
        "400 BadRequestException (malformed",
    ]
    assert [line.partition("): ")[2][:27] for line in lines] == [
        "Rate exceeded",
        "",
        "f",
        "unhandled DataZone operatio",
        "the request line has no ver",
    ]


def test_a_log_that_fails_leaves_no_client_waiting():
    def log(line):
        raise ValueError(line)

    double = new_double()
    with serve(double, log=log) as url:
        for text, status in ((message(), 201), (b"EHLO example.com\r\n", 400)):
            assert [found for found, _, _ in say(url, text)] == [status]
    assert len(double.data_points) == 1


def test_an_error_response_to_head_has_no_body(endpoint_url):
    ((status, headers, body),) = [
        (int(head.split()[1]), head, body)
        for head, _, body in [
            raw(endpoint_url, b"HEAD /v2/domains HTTP/1.1\r\n\r\n").partition(b"\r\n\r\n")
        ]
    ]
    assert (status, body) == (405, b"")
    assert b"content-length: 52" in headers


def raw(endpoint_url, text):
    with connected(endpoint_url) as connection:
        connection.sendall(text)
        return received(connection)


@contextmanager
def memory_below(limit):
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


def test_a_body_that_is_too_large_is_not_kept(endpoint_url):
    """A client that sends it anyway gets the response."""
    piece = b" " * 2**16
    with memory_below(LARGEST_BODY), connected(endpoint_url) as connection:
        connection.sendall(message(b"", headers=f"Content-Length: {2**30}\r\n"))
        for _ in range(512):
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        assert answers(received(connection))[0][0] == 413


@pytest.mark.parametrize(
    ("before", "status"),
    [(b"%x;", 400), (b"%x\r\n%s", 400), (b"%x\r\n%s\r\n0\r\nTrailer: ", 201)],
    ids=["a chunk's first", "a chunk's end", "a trailer"],
)
def test_a_line_of_a_chunked_body_is_not_kept_whole(endpoint_url, before, status):
    say(endpoint_url, message())  # loads the service model, which would count
    body = before % ((len(BODY), BODY)[: before.count(b"%")])
    with memory_below(LARGEST_BODY), connected(endpoint_url) as connection:
        connection.sendall(message(body, headers=CHUNKED))
        for _ in range(256):
            connection.sendall(b"x" * 2**16)
        connection.shutdown(socket.SHUT_WR)
        assert answers(received(connection))[0][0] == status


def test_no_memory_is_allocated_for_a_body_that_is_only_announced(endpoint_url):
    say(endpoint_url, message())  # loads the service model, which would count
    headers = f"Content-Length: {LARGEST_BODY}\r\n"
    with memory_below(LARGEST_BODY / 2), connected(endpoint_url) as connection:
        connection.sendall(message(BODY, headers=headers))
        connection.shutdown(socket.SHUT_WR)
        assert answers(received(connection))[0][0] == 400


TIMED_OUT = [(408, "RequestTimeoutException", {"message": "the body did not arrive in time"})]
SLOW = {
    "silent": (b"", []),
    "in the first line": (b"POST /v2", []),
    "in the headers": (b"POST /v2/domains HTTP/1.1\r\nHost: localhost\r\n", []),
    "in the body": (message(BODY[:5], headers=f"Content-Length: {len(BODY)}\r\n"), TIMED_OUT),
    "in a chunk": (message(b"5\r\n{", headers=CHUNKED), TIMED_OUT),
}


@pytest.mark.parametrize("case", SLOW)
def test_other_clients_are_answered_while_one_stalls(endpoint_url, case):
    with connected(endpoint_url) as slow:
        slow.sendall(SLOW[case][0])
        assert say(endpoint_url, message())[0][0] == 201


@pytest.mark.parametrize("case", SLOW)
def test_a_client_that_stalls_is_disconnected(case):
    sent, answer = SLOW[case]
    with serve(new_double(), patience=0.5) as url, connected(url) as slow:
        slow.sendall(sent)
        found = answers(received(slow))
    assert [
        (status, headers["x-amzn-errortype"], json.loads(body)) for status, headers, body in found
    ] == answer


DRIPPING = {
    "in the first line": (b"POST /v2", []),
    "in spaces": (b"", []),
    "in the headers": (b"POST /v2/domains HTTP/1.1\r\nA: ", []),
    "in the body": (message(b"", headers=f"Content-Length: {2**20}\r\n"), TIMED_OUT),
    "in a chunk": (message(b"FFFFF\r\n", headers=CHUNKED), TIMED_OUT),
}


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("case", DRIPPING)
def test_a_client_that_drips_is_disconnected(case, frozen):
    sent, answer = DRIPPING[case]
    freeze = freeze_time("2020-02-02") if frozen else nullcontext()
    with serve(new_double(), deadline=0.5) as url, freeze, connected(url) as slow:
        slow.sendall(sent)
        slow.settimeout(0.02)
        reply = b""
        for _ in range(500):  # each comes long before the server's patience ends
            try:
                slow.sendall(b"x" if sent else b" ")
                piece = slow.recv(2**16)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            reply += piece
            if not piece:
                break
        else:
            raise AssertionError
    assert [
        (status, headers["x-amzn-errortype"], json.loads(body))
        for status, headers, body in answers(reply)
    ] == answer


def test_nothing_is_read_after_the_deadline():
    with serve(new_double(), deadline=0) as url:
        assert say(url, message()) == []


def test_a_client_that_keeps_dripping_after_a_rejection_is_disconnected():
    with serve(new_double()) as url, connected(url) as slow:
        slow.sendall(message(b"", headers=f"Content-Length: {2**40}\r\n"))
        slow.settimeout(0.05)
        with pytest.raises(ConnectionError):  # noqa: PT012 - when is the server's to say
            for _ in range(200):
                slow.sendall(b"x")
                time.sleep(0.05)


def test_a_connection_is_kept_for_longer_than_a_request_may_take():
    with serve(new_double(), deadline=1) as url, connected(url) as connection:
        for pause in (0.6, 0.6, 0):
            connection.sendall(message())
            assert connection.recv(2**16).startswith(b"HTTP/1.1 201 ")
            time.sleep(pause)


def test_a_client_that_does_not_read_is_disconnected():
    double = new_double()
    double.respond("ListDomains", lambda _: {"items": [], "nextToken": "x" * 2**25})
    with serve(double, patience=0.5) as url:
        before = {*threading.enumerate()}
        with connected(url) as deaf:
            deaf.sendall(b"GET /v2/domains HTTP/1.1\r\n\r\n")
            while not double.calls:
                time.sleep(0.001)
            await_end(before)


def test_a_client_that_goes_away_is_forgotten(endpoint_url, capfd):
    for text in (b"", b"POST", message(b"{", headers="Content-Length: 9\r\n"), message()):
        with connected(endpoint_url) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.sendall(text)  # and reset, with what was sent unread
    assert say(endpoint_url, message())[0][0] == 201
    assert capfd.readouterr() == ("", "")


requests = st.builds(
    lambda method, path, version, headers, body: (
        b" ".join([method, path, version])
        + b"\r\n"
        + b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        + SIGNED
        + b"\r\n"
        + body
    ),
    st.sampled_from([b"POST", b"GET", b"DELETE", b"HEAD", b"PUT", b""]) | st.binary(max_size=4),
    st.sampled_from([PATH.encode(), b"/v2/domains", b"/tags/x", b"*", b"//"])
    | st.binary(max_size=20).map(lambda tail: b"/v2/domains/" + tail)
    | st.binary(max_size=20).map(lambda tail: PATH.encode() + b"?formName=" + tail),
    st.sampled_from([*[b"HTTP/1.1"] * 7, b"HTTP/1.0", b"HTTP/9.9", b""]),
    st.lists(
        st.tuples(
            st.sampled_from(
                [b"Content-Length", b"Transfer-Encoding", b"Content-Encoding", b"Expect"]
            )
            | st.binary(max_size=8),
            st.sampled_from(
                [
                    *[b"%d" % len(BODY)] * 5,
                    b"0",
                    b"1",
                    b"5",
                    b"chunked",
                    b"gzip",
                    b"100-continue",
                    b"-1",
                ]
            )
            | st.binary(max_size=8),
        ),
        max_size=2,
    ),
    st.sampled_from([BODY, b"{}", b"[]", b"5\r\n{}   \r\n0\r\n\r\n", b"1e999\r\n", b""])
    | st.binary(max_size=40),
)


@st.composite
def damaged(draw):
    """A valid request in which bytes were lost, added or replaced."""
    text = bytearray(message())
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 5)))
        text[start:end] = draw(st.binary(max_size=5))
    return bytes(text)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(text=requests | damaged() | st.binary(max_size=100))
def test_hostile_bytes_get_an_answer_or_a_closed_connection(endpoint_url, text):
    found = raw_answers(endpoint_url, text)

    for status, headers, _ in found:
        assert status < 500 or status in (501, 505)
        if status >= 400 and "application/json" in headers.get("content-type", ""):
            assert headers["x-amzn-errortype"]


def raw_answers(endpoint_url, text):
    """Return the responses to arbitrary bytes, which may be a HEAD request."""
    with connected(endpoint_url) as connection:
        try:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        replies = received(connection).replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
    assert b"Traceback" not in replies
    assert replies == b"" or replies.startswith(b"HTTP/1.1 ")
    if text.startswith(b"HEAD"):
        return []
    return answers(replies)
