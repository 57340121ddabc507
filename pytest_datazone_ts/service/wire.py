"""The wire: HTTP requests read into parameters, results written as HTTP responses.

The protocol is AWS's rest-json, driven by the shapes of botocore's service model.
"""

from __future__ import annotations

import base64
import json
import math
import re
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from botocore.utils import parse_to_aware_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_datazone_ts.service.model import Operation, Shape


@dataclass(frozen=True)
class Request:
    """An HTTP request for one operation, free of any transport."""

    operation: str
    """The operation's API name."""
    url: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    region: str
    read_timeout: float = math.inf
    """How many seconds the client will wait for the response."""
    invocation_id: str | None = None
    """The same for every attempt of one call."""
    real_time: bool = False
    """Whether the client waits for the response in real time."""


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status_code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    """How many seconds late it is, for a client that waits in real time."""


class SerializationError(Exception):
    """The request is not one that the operation's shapes can be read from."""


_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def decode(operation: Operation, request: Request) -> dict[str, Any]:
    """Read the operation's parameters, in boto3's form, from a request."""
    try:
        return _decode(operation, request)
    except RecursionError:
        message = "the request body is nested too deeply"
        raise SerializationError(message) from None


def _decode(operation: Operation, request: Request) -> dict[str, Any]:
    try:
        url = urlsplit(request.url)
    except ValueError as error:
        message = f"{request.url!r} is not a URL: {error}"
        raise SerializationError(message) from error
    parameters: dict[str, Any] = {}
    labels = operation.labels(url.path)
    if labels is None:
        message = f"{url.path} is not the path of {operation.name}"
        raise SerializationError(message)
    for name, shape in operation.members["uri"].items():
        parameters[name] = _from_text(shape, labels[_wire_name(name, shape)], name)
    if operation.members["querystring"]:
        parameters |= _decode_query(operation, url.query)
    for name, shape in operation.members["header"].items():
        if (text := request.headers.get(_wire_name(name, shape).lower())) is not None:
            parameters[name] = _from_text(shape, text, name)
    payload = operation.input.serialization.get("payload")
    if payload is not None:
        parameters[payload] = request.body
    elif operation.members["body"]:
        parameters |= _decode_body(operation, request.body)
    return parameters


def _decode_query(operation: Operation, text: str) -> dict[str, Any]:
    query = parse_qs(text, keep_blank_values=True)
    parameters: dict[str, Any] = {}
    for name, shape in operation.members["querystring"].items():
        if values := query.get(_wire_name(name, shape)):
            parameters[name] = (
                [_from_text(shape.member, value, name) for value in values]
                if shape.type_name == "list"
                else _from_text(shape, values[-1], name)
            )
    return parameters


def _decode_body(operation: Operation, text: bytes) -> dict[str, Any]:
    body = _parse_json(text)
    return {
        name: _from_json(shape, value, name)
        for name, shape in operation.members["body"].items()
        if (value := body.get(_wire_name(name, shape))) is not None
    }


def encode(
    operation: Operation, output: Mapping[str, Any], *, request_id: str, at: float
) -> Response:
    """Write an operation's output, in boto3's form, as its response."""
    shape = operation.output
    headers = _headers(request_id, at)
    body: bytes = b""
    if shape is not None and operation.success != 204:  # noqa: PLR2004 - No Content
        payload = shape.serialization.get("payload")
        located = {
            name: member
            for name, member in shape.members.items()
            if member.serialization.get("location") == "header"
        }
        for name, member in located.items():
            if name in output:
                headers[_wire_name(name, member).lower()] = _to_text(member, output[name])
        if payload is not None:
            body = _to_bytes(output.get(payload, b""))
        else:
            body = json.dumps(
                {
                    _wire_name(name, shape.members[name]): _to_json(shape.members[name], value)
                    for name, value in output.items()
                    if name not in located
                }
            ).encode()
    headers["content-length"] = str(len(body))
    return Response(operation.success, headers, body)


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
        "date": formatdate(at, usegmt=True),
        "x-amzn-requestid": request_id,
    }


def _wire_name(name: str, shape: Shape) -> str:
    wire_name: str = shape.serialization.get("name", name)
    return wire_name


def _parse_json(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        value = json.loads(body, parse_constant=_reject_constant)
    except ValueError as error:
        message = f"the request body is not JSON: {error}"
        raise SerializationError(message) from error
    if not isinstance(value, dict):
        message = f"the request body must be a JSON object, not {_json_type(value)}"
        raise SerializationError(message)
    return value


def _reject_constant(text: str) -> object:
    message = f"{text} is not a JSON number"
    raise ValueError(message)


def _from_text(shape: Shape, text: str, path: str) -> object:
    """Read a label, a query value or a header."""
    try:
        return _TEXT_READERS[shape.type_name](text)
    except (ValueError, OverflowError) as error:
        message = f"{text!r} at '{path}' cannot be read as {shape.type_name}"
        raise SerializationError(message) from error


def _text_boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


_INTEGERS = {"integer": range(-(2**31), 2**31), "long": range(-(2**63), 2**63)}


def _text_integer(kind: str, text: str) -> int:
    if not re.fullmatch("-?[0-9]{1,19}", text) or int(text) not in _INTEGERS[kind]:
        raise ValueError(text)
    return int(text)


def _text_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


_DATE_TIME = re.compile(
    r"(?P<seconds>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.(?P<fraction>\d+))?(?P<zone>Z|[+-]\d\d:\d\d)",
    re.ASCII,
)


def _text_timestamp(text: str) -> datetime:
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    # Python 3.10 reads neither "Z" nor fractions of any length.
    moment = datetime.fromisoformat(found["seconds"] + found["zone"].replace("Z", "+00:00"))
    microsecond = int((found["fraction"] or "").ljust(6, "0")[:6])
    return _utc(moment.replace(microsecond=microsecond))


_TEXT_READERS: dict[str, Callable[[str], object]] = {
    "string": str,
    "integer": partial(_text_integer, "integer"),
    "long": partial(_text_integer, "long"),
    "float": _text_float,
    "double": _text_float,
    "boolean": _text_boolean,
    "timestamp": _text_timestamp,
}


def _from_json(shape: Shape, value: Any, path: str) -> Any:
    """Read a JSON value that a shape describes."""
    return _JSON_READERS[shape.type_name](shape, value, path)


def _read_structure(shape: Shape, value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(value, "an object", path)
    return {
        name: _from_json(member, value[wire_name], f"{path}.{name}")
        for name, member in shape.members.items()
        if value.get(wire_name := _wire_name(name, member)) is not None
    }


def _read_list(shape: Shape, value: object, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong_type(value, "a list", path)
    member = shape.member
    return [
        _from_json(member, item, f"{path}.{number}.member") for number, item in enumerate(value, 1)
    ]


def _read_map(shape: Shape, value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(value, "an object", path)
    return {
        key: _from_json(shape.value, item, f"{path}.{key}.value") for key, item in value.items()
    }


def _read_string(_shape: Shape, value: object, path: str) -> str:
    if not isinstance(value, str):
        raise _wrong_type(value, "a string", path)
    return value


def _read_integer(shape: Shape, value: object, path: str) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong_type(value, "an integer", path)
    if value not in _INTEGERS[shape.type_name]:
        message = f"the number at '{path}' is too large"
        raise SerializationError(message)
    return value


def _read_float(_shape: Shape, value: object, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong_type(value, "a number", path)
    if not abs(value) <= sys.float_info.max:
        message = f"the number at '{path}' is too large"
        raise SerializationError(message)
    return float(value)


def _read_boolean(_shape: Shape, value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(value, "a boolean", path)
    return value


def _read_blob(_shape: Shape, value: object, path: str) -> bytes:
    try:
        return base64.b64decode(_read_string(_shape, value, path), validate=True)
    except ValueError as error:
        message = f"the value at '{path}' is not base64: {error}"
        raise SerializationError(message) from error


def _read_timestamp(shape: Shape, value: object, path: str) -> datetime:
    if isinstance(value, str):
        if shape.serialization.get("timestampFormat") == "iso8601":
            moment: datetime = _from_text(shape, value, path)  # type: ignore[assignment]
            return moment
        raise _wrong_type(value, "epoch seconds", path)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong_type(value, "epoch seconds", path)
    try:
        return _EPOCH + timedelta(seconds=value)
    except OverflowError as error:
        message = f"the number at '{path}' is not a time between the years 1 and 9999"
        raise SerializationError(message) from error


_JSON_READERS: dict[str, Callable[[Any, Any, str], Any]] = {
    "structure": _read_structure,
    "list": _read_list,
    "map": _read_map,
    "string": _read_string,
    "integer": _read_integer,
    "long": _read_integer,
    "float": _read_float,
    "double": _read_float,
    "boolean": _read_boolean,
    "blob": _read_blob,
    "timestamp": _read_timestamp,
}


def _wrong_type(value: object, expected: str, path: str) -> SerializationError:
    return SerializationError(f"expected {expected} at '{path}', found {_json_type(value)}")


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")


def _to_bytes(value: bytes | bytearray | str) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc)


def _to_json(shape: Shape, value: Any) -> Any:
    """Write a value, in boto3's form, as the JSON that a shape describes."""
    writer = _JSON_WRITERS.get(shape.type_name)
    return value if writer is None else writer(shape, value)


def _write_structure(shape: Shape, value: Mapping[str, Any]) -> dict[str, Any]:
    members = shape.members
    return {
        _wire_name(name, members[name]): _to_json(members[name], item)
        for name, item in value.items()
    }


def _write_list(shape: Shape, value: list[Any]) -> list[Any]:
    return [_to_json(shape.member, item) for item in value]


def _write_map(shape: Shape, value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _to_json(shape.value, item) for key, item in value.items()}


def _write_blob(_shape: Shape, value: bytes | bytearray | str) -> str:
    return base64.b64encode(_to_bytes(value)).decode()


def _write_timestamp(shape: Shape, value: Any) -> float | str:
    moment = parse_to_aware_datetime(value)
    if shape.serialization.get("timestampFormat") == "iso8601":
        return _utc(moment).isoformat().replace("+00:00", "Z")
    seconds = (moment - _EPOCH) / timedelta(seconds=1)
    return int(seconds) if seconds.is_integer() else seconds


_JSON_WRITERS: dict[str, Callable[[Any, Any], Any]] = {
    "structure": _write_structure,
    "list": _write_list,
    "map": _write_map,
    "blob": _write_blob,
    "timestamp": _write_timestamp,
}


def _to_text(shape: Shape, value: Any) -> str:
    if shape.type_name == "timestamp":
        moment = _utc(parse_to_aware_datetime(value))
        return formatdate(moment.timestamp(), usegmt=True)
    return str(value)
