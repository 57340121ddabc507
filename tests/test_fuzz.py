"""Hostile requests by the thousand: each is answered as AWS would, and nothing else happens.

A bounded run is part of the tests. ``DATAZONE_TS_FUZZ=100000 pytest tests/test_fuzz.py`` is the
whole one: so many requests to ``exchange``, and so many connections to the server, in some ten
minutes. ``DATAZONE_TS_FUZZ_SEED=1`` makes other ones; the same seed makes the same again. A failure
names the seed, the number of the input and the input itself.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import re
import socket
import struct
import threading
import time
from collections import Counter
from typing import get_args
from urllib.parse import quote, urlencode

import pytest
from botocore.parsers import create_parser
from internals import exchange, new_double, serve
from sample import COMMON, DOMAIN, ENTITY, PATIENCE, await_end, service

from pytest_datazone_ts import UnansweredOperationError, faults

REQUESTS, CONNECTIONS = [int(os.environ.get("DATAZONE_TS_FUZZ") or n) for n in (2_000, 300)]
SEED = os.environ.get("DATAZONE_TS_FUZZ_SEED", "0")
SLOW = 5.0
"""Seconds of CPU: a response takes less than a hundredth of it unless its cost explodes."""

SERVICE = service()
POST = "PostTimeSeriesDataPoints"
TIME_SERIES = [name for name in SERVICE.operation_names if "TimeSeriesDataPoint" in name]
CATALOGUE = [
    "SearchListings",
    "Search",
    "GetAsset",
    "GetListing",
    "GetFormType",
    "CreateAsset",
    "CreateAssetRevision",
    "ListAssetRevisions",
    "CreateListingChangeSet",
    *(name for name in service().operation_names if "LineageEvent" in name),
]
OTHERS = ["ListDomains", "CreateAsset", "TagResource"]
DATA_QUALITY = "amazon.datazone.DataQualityResultFormType"


# Values: what a request should hold, and what it should not


def nested(rng):
    """JSON that is nested about as deeply as the recursion limit, or far beyond."""
    depth = rng.choice([2, 50, 200, rng.randrange(200, 400), rng.randrange(900, 1100), 30_000])
    opened, closed = rng.choice([("[", "]"), ('{"a":', "}"), ('{"and":[', "]}"), ("[", "")])
    return opened * depth + "1" + closed * depth


FRAGMENTS = [
    *("null", "true", "[]", "{}", "[[]]", "[null]", "{}{}", "", "undefined", "// x", "0 0"),
    *("0", "-0", "1", "2", "50", "51", "-1", "1.0", "1.5", "1704067200", "1704067200.25"),
    *("01", "1.", ".5", "+1", "0x10", "1e3", "1e400", "-1e999", "1e-999", "NaN", "-Infinity"),
    *("9" * 400, "9" * 5000, f"0.{'9' * 5000}", "2147483648", "9223372036854775808"),
    *("253402300799.9999999", "253402300800", "-62135596800", "-62135596801", "1e308"),
    *('""', '"a"', '"a.b"', '".a"', '"a b"', '"a\\n"', "'a'", '"', '"\n"', '"\\x"', '"\\u12"'),
    *('"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\ud800"', '"\\u0660"'),
    *('"{}"', '"null"', '"NaN"', '"[\\"evaluations\\"]"', '"{\\"evaluations\\": \\"\\ud800\\"}"'),
    *('"ASSET"', '"asset"', '"LISTING"', '"FORMS"', '"2024-01-01T00:00:00Z"'),
    *(f'"{"a" * length}"' for length in (36, 37, 64, 65, 128, 129, 385, 386, 20_001)),
]
TEXTS = [
    *(
        "",
        " ",
        "a",
        "a b",
        "null",
        "\0",
        "\n",
        "\r\n",
        "\t",
        "%",
        "%zz",
        "%2F",
        "..",
        "/",
        "?",
        "#",
    ),
    *(
        "[",
        "]",
        "&",
        "=",
        ";",
        "+",
        "é",
        "\u0660",
        "\ud800",
        "\U0001f600",
        "\ufeff",
        "\x85",
        "\u2028",
    ),
    *(
        "0",
        "1",
        "50",
        "51",
        "-1",
        "1.5",
        "0x1",
        "1_0",
        "\u0661",
        "9" * 19,
        "9" * 5000,
        "NaN",
        "true",
    ),
    *("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.9999999Z", "2024-01-01T00:00:60Z"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2024-13-01T00:00:00Z"),
    *("2024-01-01T00:00:00+24:00", "2024-01-01", "1704067200", "x" * 37, "x" * 129, "x" * 400),
]


def content(rng):
    """The content of a form: JSON in JSON."""
    if rng.random() < 0.2:
        return nested(rng)
    score = {
        "evaluationsCount": 1,
        "passingPercentage": 87.5,
        "evaluations": [
            {"description": "d", "types": ["t"], "status": "PASS", "details": {"k": "v"}}
        ],
    }
    return hostile_json(rng, score, rng.choice([0, 0.1, 0.3]))


def a_body(rng):
    """A request's body, in plain Python."""
    return {
        "forms": [
            {
                "formName": rng.choice(["score", "other"]),
                "typeIdentifier": rng.choice(["a.b", "team.Schema", "team.Callable", DATA_QUALITY]),
                "timestamp": rng.choice([0, 1704067200, 1704067200.25, -1.5]),
                **rng.choice([{}, {"typeRevision": "8"}]),
                **({"content": content(rng)} if rng.random() < 0.8 else {}),
            }
            for _ in range(rng.choice([0, 1, 1, 2, 5]))
        ],
        **rng.choice([{}, {"clientToken": rng.choice("ab")}]),
    }


def a_search(rng):
    clause = {"filter": {"attribute": "name", "value": "a"}}
    return {
        "searchScope": "ASSET",
        "searchText": rng.choice(["", "peng"]),
        "maxResults": rng.choice([1, 50]),
        "additionalAttributes": ["FORMS", "TIME_SERIES_DATA_POINT_FORMS"],
        **rng.choice([{}, {"filters": {"and": [clause]}}]),
    }


def hostile_json(rng, value, chance):
    """Write a value as JSON whose parts may be replaced, missing or repeated."""
    if rng.random() < chance:
        return nested(rng) if rng.random() < 0.05 else rng.choice(FRAGMENTS)
    if isinstance(value, dict):
        members = []
        for name, item in value.items():
            times = rng.choice([0, 2]) if rng.random() < chance else 1
            key = json.dumps(name if rng.random() > chance / 4 else rng.choice(TEXTS))
            members += [f"{key}: {hostile_json(rng, item, chance)}" for _ in range(times)]
        return f"{{{', '.join(members)}}}"
    if isinstance(value, list):
        return f"[{', '.join(hostile_json(rng, item, chance) for item in value)}]"
    return json.dumps(value)


def damaged(rng, text):
    """Damage bytes: some are lost, added, replaced or repeated."""
    text = bytearray(text)
    for _ in range(rng.choice([1, 1, 2, 8])):
        start = rng.randrange(len(text) + 1)
        end = min(len(text), start + rng.choice([0, 0, 1, 1, 4, 64]))
        text[start:end] = rng.choice(
            [b"", rng.randbytes(rng.choice([1, 4])), b"\0", b"\xff", b"\r\n", text[start:end] * 2]
        )
    return bytes(text)


def hostile_body(rng, value, chance):
    text = hostile_json(rng, value, chance)
    if rng.random() >= chance:
        return text.encode("utf-8", "surrogatepass")
    encoding = rng.choice(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gzip", "noise"])
    if encoding == "noise":
        return rng.randbytes(rng.randrange(200))
    if encoding == "gzip":
        return gzip.compress(text.encode("utf-8", "replace"))
    return damaged(rng, text.encode(encoding, "surrogatepass"))


def hostile_path(rng, operation, chance):
    """The path of an operation with arbitrary labels."""

    def label(found):
        good = {"domainIdentifier": DOMAIN, "entityType": "ASSET", "entityIdentifier": ENTITY}
        text = good.get(found[1], rng.choice(["gone", IDENTIFIER, ENTITY]))
        if rng.random() >= chance:
            return quote(text, safe="")
        odd = rng.choice([*TEXTS, "asset", "LISTING"])
        return odd if rng.random() < 0.3 else quote(odd, safe="", errors="surrogatepass")

    path = re.sub(r"\{(\w+)\}", label, SERVICE.operation_model(operation).http["requestUri"])
    if rng.random() < chance / 4:
        at = rng.randrange(len(path) + 1)
        path = path[:at] + rng.choice([*TEXTS, "//", "/x/", "/../"]) + path[at:]
    return path


IDENTIFIER = "8nqi1xrs0f2jm4"
"""A valid id; some requests replace it with that of a stored point."""


def hostile_query(rng, operation, chance):
    """The query of an operation whose values may be replaced, missing or repeated."""
    members = SERVICE.operation_model(operation).input_shape.members
    pairs = []
    for name, shape in members.items():
        if shape.serialization.get("location") != "querystring":
            continue
        if name not in ("formName", "maxResults") and rng.random() < 0.7:
            continue
        good = {"formName": rng.choice(["score", "other"]), "maxResults": "2", "clientToken": "a"}
        for _ in range(rng.choice([0, 2]) if rng.random() < chance else 1):
            odd = rng.random() < chance or name not in good
            value = rng.choice(TEXTS) if odd else good[name]
            raw = rng.random() < chance / 4
            text = value if raw else quote(value, safe="", errors="surrogatepass")
            pairs.append(f"{shape.serialization.get('name', name)}={text}")
    if rng.random() < chance / 4:
        pairs.append(rng.choice(TEXTS))
    return "".join(rng.choice("&&&;") + pair for pair in pairs)[1:]


def hostile_request(rng):
    operation = rng.choice([*TIME_SERIES * 8, *CATALOGUE, *OTHERS])
    chance = rng.choice([0, 0, 0.02, 0.1, 0.5])
    posting = SERVICE.operation_model(operation).http["method"] in ("POST", "PUT", "PATCH")
    body = a_search(rng) if operation.startswith("Search") else a_body(rng)
    query = hostile_query(rng, operation, chance)
    return {
        "operation": operation,
        "url": "".join(
            [
                rng.choice(["https://datazone.us-east-1.api.aws", "", "http://[::1]/prefix"]),
                hostile_path(rng, operation, chance),
                f"?{query}" if query else "",
            ]
        ),
        "headers": {name: rng.choice(TEXTS) for name in ["content-type", "x-amz-client-token"]},
        "body": hostile_body(rng, body, chance) if posting or rng.random() < chance else b"",
        "region": rng.choice(["us-east-1", "eu-west-1", "", "\0"]),
        "read_timeout": rng.choice([60, 0.1, float("inf")]),
        "invocation_id": rng.choice([None, None, str(rng.random()), "same", ""]),
        "attempt": rng.choice([None, 1, 2]),
    }


# exchange


def a_double(rng):
    """A double in one of the states that tests set up."""
    ts = new_double(content_check=rng.choice(["off", "warn", "error"]))
    if rng.random() < 0.5:
        for number in range(3):
            ts.add_asset(
                ENTITY if number == 0 else f"asset{number}",
                domain_identifier=DOMAIN,
                name="penguins",
                forms={"GlueTableForm": {"tableArn": "arn"}},
            )
    if rng.random() < 0.5:
        ts.register_form_type("team.Callable", lambda content: isinstance(content, dict))
    if rng.random() < 0.5:
        with contextlib.suppress(ImportError):  # jsonschema is not everywhere
            ts.register_form_type("team.Schema", {"items": {"$ref": "#"}, "maxItems": 1})
    if rng.random() < 0.5:
        ts.respond("ListDomains", {"items": []})
        ts.respond("Search", lambda _: {"items": []}, times=2)
    if rng.random() < 0.2:
        ts.rate_limit(1_000, burst=20)
    if rng.random() < 0.3:
        for _ in range(10):
            kind = getattr(faults, rng.choice(sorted(FAULTS)))
            fault = kind(rng.choice([0, 1, 1e300])) if kind in DELAYS else kind
            operation = rng.choice(TIME_SERIES)
            with contextlib.suppress(ValueError):  # it does not document every exception
                ts.inject(fault, operation=operation, after=rng.randrange(4), content={"a": 1})
                ts.inject(fault, operation=operation, after=rng.randrange(4))
    return ts


CODES = ("SerializationException", "ValidationException", "ResourceNotFoundException")
DELAYS = (faults.Latency, faults.SlowBody)
FAULTS = {*get_args(faults.FaultName), *(kind.__name__ for kind in DELAYS)}


def reject(constant):
    raise AssertionError(constant)


def outcome_of(name, reply):
    """Summarize a response; require one that AWS could send and botocore can parse."""
    if (exception := getattr(reply, "exception", None)) is not None:
        return exception
    head = [f"{name}: {value}" for name, value in reply.headers.items()]
    assert all(line.isascii() and line.isprintable() for line in head)
    code = reply.headers.get("x-amzn-errortype")
    operation = SERVICE.operation_model(name)
    if "x-amzn-requestid" not in reply.headers:
        assert (reply.status_code, reply.body) == (502, faults.HttpError().body.encode())
        return "HttpError"
    if reply.body == faults.MalformedResponse().body:
        return "MalformedResponse"
    parsed = create_parser(SERVICE.protocol).parse(
        {
            "status_code": reply.status_code,
            "headers": reply.headers,
            "body": reply.body,
            "context": {},
        },
        operation.output_shape,
    )
    assert int(reply.headers["content-length"]) == len(reply.body)
    if code is None:
        assert reply.status_code == operation.http["responseCode"]
        if reply.status_code == 204:
            assert reply.body == b""
        else:
            assert isinstance(json.loads(reply.body, parse_constant=reject), dict)
        return "success"
    documented = {shape.name: shape.metadata["error"] for shape in operation.error_shapes}
    statuses = {name: error["httpStatusCode"] for name, error in documented.items()}
    assert reply.status_code == {**statuses, **COMMON, "SerializationException": 400}[code]
    assert parsed["Error"]["Code"] == code
    assert parsed["Error"]["Message"] == json.loads(reply.body)["message"]
    return code


@pytest.mark.filterwarnings("ignore::pytest_datazone_ts.DataZoneContentWarning")
def test_any_request_is_answered_as_aws_would():
    rng = random.Random(f"exchange {SEED}")  # noqa: S311 - the same again is what it is for
    outcomes = Counter()
    for number in range(REQUESTS):
        if number % 40 == 0:
            ts, attempts = a_double(rng), 0
        request = hostile_request(rng)
        before = ts.data_points
        if before and rng.random() < 0.5:
            request["url"] = request["url"].replace(IDENTIFIER, before.latest().id)
        started = time.thread_time()
        try:
            try:
                reply = exchange(ts, **request)
            except UnansweredOperationError:
                assert request["operation"] not in TIME_SERIES
                outcome = "unanswered"
            else:
                outcome = outcome_of(request["operation"], reply)
            assert time.thread_time() - started < SLOW
            attempts += 1
            assert sum(len(call.attempts) for call in ts.calls) == attempts
            new = [point.id for point in ts.data_points if point not in before]
            if outcome == "success" and request["operation"] == POST:
                echoed = [form["id"] for form in json.loads(reply.body)["forms"]]
                assert new in (echoed, [])  # nothing: where the clientToken is known
            elif outcome not in ("ReadTimeoutError", "MalformedResponse"):
                assert not new
        except Exception as error:
            message = f"input {number} of seed {SEED}: {request!r:.3000}"
            raise AssertionError(message) from error
        outcomes[outcome] += 1
    print(dict(outcomes.most_common()))  # noqa: T201 - what the whole run is looked at for
    for outcome in ("success", "unanswered", "ConflictException", *CODES):
        assert outcomes[outcome] >= REQUESTS // 1_000


# Each odd thing in each place: what chance would miss in a bounded run


def each_in_each_place():
    """Yield operations, paths, queries and bodies with one oddity each."""
    rng = random.Random(0)  # noqa: S311 - with no chance that anything else is odd
    form = {"formName": "score", "typeIdentifier": "a.b", "timestamp": 0, "typeRevision": "1"}
    form |= {"content": "{}"}
    for operation in TIME_SERIES:
        path = hostile_path(rng, operation, 0)
        good = {"formName": "score"}
        for text in [*TEXTS, "[", "//["]:
            odd = quote(text, safe="", errors="surrogatepass")
            for name in ("formName", "maxResults", "nextToken", "startedAt", "clientToken"):
                yield operation, path, urlencode({**good, name: text}, errors="replace"), b"{}"
            for label in (DOMAIN, "ASSET", ENTITY):
                yield operation, path.replace(label, odd), "formName=score", b"{}"
            yield operation, text, text, b""
    path = hostile_path(rng, POST, 0)
    for fragment in [*FRAGMENTS, *("[" * depth for depth in (50, 1_000, 30_000))]:
        yield POST, path, "", fragment.encode("utf-8", "surrogatepass")
        for name in [*form, "forms", "clientToken"]:
            body = {**form, name: "ODD"} if name in form else form
            whole = {"forms": [body], "clientToken": str(rng.random())}
            if name not in form:
                whole[name] = "ODD"
            text = json.dumps(whole).replace('"ODD"', fragment)
            yield POST, path, "", text.encode("utf-8", "surrogatepass")
    # About as deep as Python goes, each step: where it gives up is not the same everywhere.
    for depth in (*range(20, 1_200, 20), 30_000):
        for opened, closed in (("[", "]"), ('{"a":', "}")):
            content = json.dumps(f"{opened * depth}1{closed * depth}")
            text = json.dumps({"forms": [{**form, "content": "ODD"}]}).replace('"ODD"', content)
            yield POST, path, "", text.encode()
            yield "ListTimeSeriesDataPoints", path, "formName=score&maxResults=1", b""
        clause = '{"and":[' * depth + '{"filter":{"attribute":"a","value":"b"}}' + "]}" * depth
        text = f'{{"searchScope": "ASSET", "filters": {clause}}}'
        yield "Search", hostile_path(rng, "Search", 0), "", text.encode()


def test_each_oddity_in_each_place_is_answered_as_aws_would():
    ts = new_double(content_check="off")
    for number, (operation, path, query, body) in enumerate(each_in_each_place()):
        if number % 20 == 0:
            ts.reset()
            ts.respond("Search", lambda _: {"items": []})
        url = f"{path}?{query}" if query else path
        try:
            outcome_of(operation, exchange(ts, operation, url, body))
        except Exception as error:
            message = f"input {number}: {operation} {url!r:.3000} {body!r:.3000}"
            raise AssertionError(message) from error
        assert len(ts.calls[-1].attempts) == 1


# The server


METHODS = ["POST", "GET", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "post", "BREW", "", "\0"]
SCOPES = ["us-east-1/datazone", "us-east-1/s3", "datazone", "\xff/datazone", "us-east-1/sts"]
HEADERS = [
    *("Content-Length: -1", "Content-Length: 0x5", "Content-Length: 5, 5", "Content-Length: 1e3"),
    *("Content-Length: ", "Content-Length: +5", f"Content-Length: {'9' * 18}", "Content-Length: 5"),
    *(f"Content-Length: {'9' * 5000}", f"Content-Length: {10 * 2**20 + 1}", "Content-Length: \xb2"),
    *("Transfer-Encoding: gzip, chunked", "Transfer-Encoding: identity", "Transfer-Encoding:\tx"),
    *("Content-Encoding: gzip", "Content-Encoding: identity", "Expect: 100-continue", "Expect: x"),
    *("Connection: close", "Connection: keep-alive", "Connection: upgrade", "Upgrade: websocket"),
    *("amz-sdk-invocation-id: same", "amz-sdk-invocation-id: \xff", "amz-sdk-request: \0"),
    *(
        "no colon",
        ": no name",
        " folded",
        "a\0b: c",
        "a b: c",
        "x-\xff: \xff",
        "Host: [",
        "Host: x",
        "Origin: http://x",
        "\r\n",
    ),
    *(
        f"x: {'y' * 70_000}",
        "A: b\r\n" * 101,
        "X-Amz-Target: DataZone.X",
        "Content-Type: a/b; c=\xff",
    ),
]


def chunked(rng, body, chance):
    """A chunked body, whose chunk sizes may be wrong."""
    pieces = []
    while body:
        size = rng.randrange(1, len(body) + 1)
        announced = b"%x" % size
        if rng.random() < chance:
            announced = rng.choice(
                [b"", b"-1", b"0x1", b"f" * 15, b"f" * 16, b"%x;a=b" % size, b"0", b"g"]
            )
        pieces += [announced, rng.choice([b"\r\n"] * 9 + [b"\n"]), body[:size], b"\r\n"]
        body = body[size:]
    end = b"0\r\n\r\n"
    if rng.random() < chance:
        end = rng.choice([b"", b"0\r\n", b"0\r\nA: b\r\n\r\n", b"\r\n", b"00000\r\n\r\n"])
    return b"".join(pieces) + end


def hostile_message(rng):
    """An HTTP request, possibly damaged."""
    operation = rng.choice([*TIME_SERIES * 8, *CATALOGUE, *OTHERS])
    chance = rng.choice([0, 0, 0.02, 0.1, 0.5])
    method = SERVICE.operation_model(operation).http["method"]
    query = hostile_query(rng, operation, chance)
    path = hostile_path(rng, operation, chance) + (f"?{query}" if query else "")
    version = "HTTP/1.1"
    if rng.random() < chance / 2:
        method = rng.choice(METHODS)
    if rng.random() < chance / 4:
        path = rng.choice(
            [
                *TEXTS,
                "//",
                "//evil/v2/domains",
                "http://x/v2/domains",
                "http://localhost/v2/domains",
                "/" * 70_000,
            ]
        )
    if rng.random() < chance / 2:
        version = rng.choice(
            ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.1.1", "HTTP/", "", "SPDY/1"]
        )
    body = hostile_body(rng, a_body(rng), chance) if method == "POST" else b""
    headers = ["Host: localhost"] if rng.random() > chance else []
    if rng.random() > chance / 2:
        scope = SCOPES[0] if rng.random() > chance / 2 else rng.choice(SCOPES)
        headers.append(f"Authorization: Credential=key/20240101/{scope}/aws4_request")
    if rng.random() < 0.2:
        headers.append("Transfer-Encoding: chunked")
        body = chunked(rng, body, chance)
    elif rng.random() > chance / 2:
        lie = rng.choice([-1, 1, 7, 2**31]) if rng.random() < chance / 2 else 0
        headers.append(f"Content-Length: {len(body) + lie}")
    headers += [rng.choice(HEADERS) for _ in range(3) if rng.random() < chance / 2]
    rng.shuffle(headers)
    head = "".join(f"{line}\r\n" for line in [f"{method} {path} {version}", *headers, ""])
    text = head.encode(*rng.choice([("latin-1", "replace"), ("utf-8", "surrogatepass")])) + body
    return damaged(rng, text) if rng.random() < chance / 2 else text


def conversation(rng):
    """The pieces that a client sends, and how it disconnects."""
    if rng.random() < 0.02:
        text = rng.randbytes(rng.randrange(500))
    else:
        text = b"".join(hostile_message(rng) for _ in range(rng.choice([1, 1, 1, 2, 4])))
    if rng.random() < 0.05:
        text = text[: rng.randrange(len(text) + 1)]
    pieces = [text]
    if rng.random() < 0.05:
        cuts = sorted(rng.randrange(len(text) + 1) for _ in range(3))
        pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return pieces, rng.choice([*["half-close"] * 92, "wait", *["close", "reset"] * 3])


def talk(url, pieces, leaving):
    """Send the pieces; return what was received, and whether the server closed cleanly."""
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received = bytearray()
        try:
            for piece in pieces:
                connection.sendall(piece)
                if len(pieces) > 1:
                    time.sleep(0.001)
            if leaving == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if leaving in ("close", "reset"):
                return b"", False
            if leaving == "half-close":
                connection.shutdown(socket.SHUT_WR)
        except TimeoutError:
            raise
        except OSError:  # the server closed the connection already
            pass
        try:
            while piece := connection.recv(2**16):
                received += piece
        except ConnectionError:
            return bytes(received), False
        return bytes(received), leaving not in ("close", "reset")


STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) [A-Za-z -]*")
MOTOS_ADVICE = re.compile(r"Unable to find appropriate backend for .*\n")
"""What moto prints for a service that it does not know."""
LINE = re.compile(
    r"((?P<operation>[\w-]+) )?(?P<status>\d{3})( (?P<code>\w+(Exception|Error)))? \(.*\)(: .*)?"
)


def answers(sent, text, log):
    """Parse responses and summarize each; require them to be complete and valid."""
    log = iter(log)
    while text:
        head, end, text = text.partition(b"\r\n\r\n")
        assert end
        first, *lines = head.split(b"\r\n")
        status = STATUS.fullmatch(first)[1].decode()
        if status == "100":
            yield status
            continue
        headers = dict(line.decode("latin-1").split(": ", 1) for line in lines)
        length = int(headers.get("content-length", 0))
        if b"HEAD" in sent and (not text or text.startswith(b"HTTP/1.1 ")):
            length = 0
        body, text = text[:length], text[length:]
        assert len(body) == length
        logged = LINE.fullmatch(next(log))
        assert logged["status"] == status
        code = headers.get("x-amzn-errortype")
        if logged["operation"] not in (None, *SERVICE.operation_names):
            yield "moto's"
            continue
        assert code == logged["code"]
        assert headers["x-amzn-requestid"]
        assert status in ("200", "201", "204") or (status in ("501", "505") or status[0] == "4")
        if body and headers["content-type"] == "application/json":
            answer = json.loads(body)
            rejected = [["message"], ["__type", "message"]]  # the other is another service's
            assert [*answer] in rejected if code else isinstance(answer, dict)
        elif body:
            assert headers["content-type"] == "application/xml"
            assert body.startswith(f"<Error><Code>{code}</Code>".encode())
        yield f"{status} {code or ''}".strip()
    assert next(log, None) is None


GOOD = (
    f"GET /v2/domains/{DOMAIN}/entities/ASSET/{ENTITY}/time-series-data-points?formName=score "
    "HTTP/1.1\r\n\r\n"
).encode()


def test_any_bytes_sent_to_the_server_are_answered_as_aws_would_or_the_connection_is_closed(capfd):
    rng = random.Random(f"server {SEED}")  # noqa: S311 - as above
    outcomes = Counter()
    log = []
    ts = new_double(content_check="off")
    with (
        serve(ts, patience=PATIENCE, log=log.append) as patient,
        serve(ts, patience=0.2, log=log.append) as impatient,
    ):
        talk(patient, [b"GET / HTTP/1.1\r\n\r\n"], "half-close")  # it loads moto
        log.clear()
        at_rest = {*threading.enumerate()}
        for number in range(CONNECTIONS):
            pieces, leaving = conversation(rng)
            received = b""
            try:
                url = impatient if leaving == "wait" else patient
                received, in_peace = talk(url, pieces, leaving)
                if leaving in ("close", "reset"):  # it may not know of us yet, but before this one
                    assert talk(url, [GOOD], "half-close")[0].startswith(b"HTTP/1.1 200 OK\r\n")
                await_end(at_rest)
                if in_peace:
                    summaries = answers(b"".join(pieces), received, log)
                    outcomes.update([*summaries] or ["closed"])
                else:
                    outcomes[f"we: {leaving}"] += 1
            except Exception as error:
                message = (
                    f"input {number} of seed {SEED}: {leaving} after {pieces!r:.3000}, "
                    f"received {received!r:.3000}, log {log!r:.3000}"
                )
                raise AssertionError(message) from error
            log.clear()
            if number % 100 == 0:
                ts.reset()
    output, errors = capfd.readouterr()
    assert MOTOS_ADVICE.sub("", output) == errors == ""
    print(dict(outcomes.most_common()))  # noqa: T201 - what the whole run is looked at for
    for outcome in ("200", "201", "204", "400 BadRequestException", "400 SerializationException"):
        assert outcomes[outcome] >= CONNECTIONS // 100
