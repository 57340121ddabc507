"""The wire format: AWS's rest-json protocol, driven by the shapes of botocore's service model."""

from __future__ import annotations

import json
import math
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from pytest_datazone_ts.message import Response
from pytest_datazone_ts.service import codec
from pytest_datazone_ts.service.codec import DecodeError
from pytest_datazone_ts.service.model import kept_by_argument

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_datazone_ts.message import Request
    from pytest_datazone_ts.service.model import Operation, Shape


def decode(operation: Operation, request: Request) -> dict[str, Any]:
    """Return a request's parameters, in boto3's form.

    Raises:
        DecodeError: The request does not decode into the operation's input shape.
    """
    try:
        return _decode(operation, request)
    except RecursionError:
        message = "the request body is nested too deeply"
        raise DecodeError(message) from None


def _decode(operation: Operation, request: Request) -> dict[str, Any]:
    try:
        url = urlsplit(request.url)
    except ValueError as error:
        message = f"{request.url!r} is not a URL: {error}"
        raise DecodeError(message) from error
    parameters = {**_path_reader(operation)(url.path)}
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


@kept_by_argument
def _path_reader(operation: Operation) -> Callable[[str], Mapping[str, Any]]:
    """Return a function that reads the parameters in a path of the operation."""

    @lru_cache  # most requests repeat a path
    def read(path: str) -> Mapping[str, Any]:
        labels = operation.labels(path)
        if labels is None:
            message = f"{path} is not the path of {operation.name}"
            raise DecodeError(message)
        return {
            name: _from_text(shape, labels[codec.wire_name(name, shape)], name)
            for name, shape in operation.members["uri"].items()
        }

    return read


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
    except DecodeError as error:
        error.path.append(name)
        raise


@kept_by_argument
def _body_reader(operation: Operation) -> codec.Reader:
    return codec.build_members_reader(operation.members["body"])


def encode(
    operation: Operation, output: Mapping[str, Any], *, request_id: str, at: float
) -> Response:
    """Return an operation's output as a response.

    Args:
        operation: The operation.
        output: Its output, in boto3's form.
        request_id: The id of the request.
        at: The time of the response, in epoch seconds.
    """
    shape = operation.output
    headers = _headers(request_id, at)
    body: bytes = b""
    if shape is not None and operation.success != 204:  # noqa: PLR2004 - No Content
        in_headers, write_body = _output_writers(operation)
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


@kept_by_argument
def _output_writers(operation: Operation) -> tuple[Mapping[str, Shape], codec.Writer]:
    """Return the members of an output that go into headers, and a writer for the others."""
    shape: Shape = operation.output
    members: dict[str, Shape] = {**shape.members}
    in_headers = {
        name: members.pop(name)
        for name, member in shape.members.items()
        if member.serialization.get("location") == "header"
    }
    return in_headers, codec.build_members_writer(members)


def encode_error(
    code: str,
    message: str,
    *,
    status: int,
    request_id: str,
    at: float,
    extra_headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error response in the form of AWS's rest-json services.

    Args:
        code: The AWS error code, such as ``"ValidationException"``.
        message: The error message.
        status: The HTTP status.
        request_id: The id of the request.
        at: The time of the response, in epoch seconds.
        extra_headers: Headers to add.
    """
    body = json.dumps({"message": message}).encode()
    headers = {
        **_headers(request_id, at),
        "x-amzn-errortype": code,
        "content-length": str(len(body)),
        **(extra_headers or {}),
    }
    return Response(status, headers, body, error_code=code)


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
        raise DecodeError(message) from error
    if not isinstance(value, dict):
        message = f"the request body must be a JSON object, not {codec.json_type(value)}"
        raise DecodeError(message)
    return value


_to_json = json.JSONEncoder(check_circular=False).encode  # the result of a writer has no cycles


def _reject_constant(text: str) -> object:
    message = f"{text} is not a JSON number"
    raise ValueError(message)


_JSON = json.JSONDecoder(parse_constant=_reject_constant)
