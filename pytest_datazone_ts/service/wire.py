"""The wire: HTTP requests read into parameters, results written as HTTP responses.

The protocol is AWS's rest-json, driven by the shapes of botocore's service model.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from pytest_datazone_ts.service import codec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_datazone_ts.service.model import Operation, Shape


@dataclass(slots=True)  # not frozen: that would take it three times as long to make
class Request:
    """An HTTP request for one operation, free of any transport."""

    operation: str
    """The operation's API name."""
    url: str
    headers: Mapping[str, str | bytes]
    """Asked for by lower-case names."""
    body: bytes
    region: str
    read_timeout: float = math.inf
    """How many seconds the client will wait for the response."""
    invocation_id: str | None = None
    """The same for every attempt of one call."""
    real_time: bool = False
    """Whether the client waits for the response in real time."""


@dataclass(slots=True)
class Response:
    """An HTTP response."""

    status_code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    """How many seconds late it is, for a client that waits in real time."""


class SerializationError(Exception):
    """The request is not one that the operation's shapes can be read from."""


def decode(operation: Operation, request: Request) -> dict[str, Any]:
    """Read the operation's parameters, in boto3's form, from a request."""
    try:
        return _decode(operation, request)
    except codec.Misfit as misfit:
        raise SerializationError(str(misfit)) from misfit
    except RecursionError:
        message = "the request body is nested too deeply"
        raise SerializationError(message) from None


def _decode(operation: Operation, request: Request) -> dict[str, Any]:
    try:
        url = urlsplit(request.url)
    except ValueError as error:
        message = f"{request.url!r} is not a URL: {error}"
        raise SerializationError(message) from error
    parameters: dict[str, Any] = {**_decode_path(operation, url.path)}
    if operation.members["querystring"]:
        parameters |= _decode_query(operation, url.query)
    for name, shape in operation.members["header"].items():
        if (value := request.headers.get(codec.wire_name(name, shape).lower())) is not None:
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            parameters[name] = _from_text(shape, text, name)
    payload = operation.input.serialization.get("payload")
    if payload is not None:
        parameters[payload] = request.body
    elif operation.members["body"]:
        parameters |= _body_reader(operation)(_parse_json(request.body))
    return parameters


@lru_cache
def _decode_path(operation: Operation, path: str) -> Mapping[str, object]:
    """Read what a path holds: most requests have that of an earlier one."""
    labels = operation.labels(path)
    if labels is None:
        message = f"{path} is not the path of {operation.name}"
        raise SerializationError(message)
    return {
        name: _from_text(shape, labels[codec.wire_name(name, shape)], name)
        for name, shape in operation.members["uri"].items()
    }


def _decode_query(operation: Operation, text: str) -> dict[str, Any]:
    query = parse_qs(text, keep_blank_values=True)
    parameters: dict[str, Any] = {}
    for name, shape in operation.members["querystring"].items():
        if values := query.get(codec.wire_name(name, shape)):
            parameters[name] = (
                [_from_text(shape.member, value, name) for value in values]
                if shape.type_name == "list"
                else _from_text(shape, values[-1], name)
            )
    return parameters


def _from_text(shape: Shape, text: str, name: str) -> object:
    try:
        return codec.from_text(shape, text)
    except codec.Misfit as misfit:
        misfit.steps.append(name)
        raise


@cache
def _body_reader(operation: Operation) -> codec.Reader:
    return codec.members_reader(lambda: operation.members["body"])


def encode(
    operation: Operation, output: Mapping[str, Any], *, request_id: str, at: float
) -> Response:
    """Write an operation's output, in boto3's form, as its response."""
    shape = operation.output
    headers = _headers(request_id, at)
    body: bytes = b""
    if shape is not None and operation.success != 204:  # noqa: PLR2004 - No Content
        in_headers, write_body = _output_writers(shape)
        for name, member in in_headers.items():
            if name in output:
                headers[codec.wire_name(name, member).lower()] = codec.to_text(member, output[name])
        payload = shape.serialization.get("payload")
        if payload is not None:
            body = codec.to_bytes(output.get(payload, b""))
        else:
            body = _to_json(write_body(output)).encode()
    headers["content-length"] = str(len(body))
    return Response(operation.success, headers, body)


@cache
def _output_writers(shape: Shape) -> tuple[Mapping[str, Shape], codec.Writer]:
    """Return the members that go into headers, and what writes the others."""
    members: dict[str, Shape] = {**shape.members}
    in_headers = {
        name: members.pop(name)
        for name, member in shape.members.items()
        if member.serialization.get("location") == "header"
    }
    return in_headers, codec.members_writer(lambda: members)


def encode_error(
    code: str,
    message: str,
    *,
    status: int,
    request_id: str,
    at: float,
    extra_headers: Mapping[str, str] | None = None,
) -> Response:
    """Write an error as AWS's rest-json services do."""
    body = json.dumps({"message": message}).encode()
    headers = {
        **_headers(request_id, at),
        "x-amzn-errortype": code,
        "content-length": str(len(body)),
        **(extra_headers or {}),
    }
    return Response(status, headers, body)


def _headers(request_id: str, at: float) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "date": _date(math.floor(at)),
        "x-amzn-requestid": request_id,
    }


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _parse_json(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        value = _JSON.decode(body.decode())
    except ValueError as error:
        message = f"the request body is not JSON: {error}"
        raise SerializationError(message) from error
    if not isinstance(value, dict):
        message = f"the request body must be a JSON object, not {codec.json_type(value)}"
        raise SerializationError(message)
    return value


_to_json = json.JSONEncoder(check_circular=False).encode  # what was just written is a tree


def _reject_constant(text: str) -> object:
    message = f"{text} is not a JSON number"
    raise ValueError(message)


_JSON = json.JSONDecoder(parse_constant=_reject_constant)
