"""Conversion of values between boto3's form and JSON or text, driven by botocore's shapes.

A reader or a writer is a function that is built once for a shape, so that reading or writing a
value does not inspect the shape again.
"""

from __future__ import annotations

import base64
import math
import re
import sys
from datetime import datetime, timedelta, timezone
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.utils import parse_to_aware_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from pytest_datazone_ts.service.model import Shape

    Reader: TypeAlias = Callable[[Any], Any]
    """Takes a JSON value and returns the value in boto3's form."""
    Writer: TypeAlias = Callable[[Any], Any]
    """Takes a value in boto3's form and returns the JSON value."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class DecodeError(Exception):
    """A request does not decode into the operation's shapes. Its ``str`` is the full message.

    Args:
        problem: The part of the message before the location of the value, if it has one.
        detail: The part after it.
    """

    def __init__(self, problem: str, detail: str = "") -> None:
        super().__init__(problem, detail)
        self.path: list[str] = []
        """The location of the value, extended from the inside out as the error propagates."""

    def __str__(self) -> str:
        problem, detail = self.args
        location = f" at '{'.'.join(reversed(self.path))}'" if self.path else ""
        return f"{problem}{location}{detail}"


def wire_name(name: str, shape: Shape) -> str:
    """Return the name of a member on the wire."""
    wire_name: str = shape.serialization.get("name", name)
    return wire_name


def build_reader(shape: Shape) -> Reader:
    """Return a reader for a shape's JSON values. It raises :class:`DecodeError`."""
    build = _READER_BUILDERS.get(shape.type_name)
    return _READERS[shape.type_name] if build is None else build(shape)


def build_members_reader(members: Mapping[str, Shape]) -> Reader:
    """Return a reader for JSON objects with these members. It skips other members, and nulls."""
    readers: list[tuple[str, str, Reader]] | None = None

    def read(value: object) -> dict[str, Any]:
        nonlocal readers
        if readers is None:  # built on first use, because a structure may contain itself
            readers = [
                (name, wire_name(name, shape), build_reader(shape))
                for name, shape in members.items()
            ]
        if not isinstance(value, dict):
            raise _wrong_type(value, "an object")
        result, name = {}, ""
        try:
            for name, key, read_member in readers:
                if (item := value.get(key)) is not None:
                    result[name] = read_member(item)
        except DecodeError as error:
            error.path.append(name)
            raise
        return result

    return read


def _list_reader(shape: Shape) -> Reader:
    read_member = build_reader(shape.member)

    def read(value: object) -> list[Any]:
        if not isinstance(value, list):
            raise _wrong_type(value, "a list")
        items: list[Any] = []
        try:
            for item in value:
                items.append(read_member(item))  # noqa: PERF401 - an error needs the index
        except DecodeError as error:
            error.path.append(f"{len(items) + 1}.member")
            raise
        return items

    return read


def _map_reader(shape: Shape) -> Reader:
    read_item = build_reader(shape.value)

    def read(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong_type(value, "an object")
        result, key = {}, None
        try:
            for key, item in value.items():
                result[key] = read_item(item)
        except DecodeError as error:
            error.path.append(f"{key}.value")
            raise
        return result

    return read


def _read_string(value: object) -> str:
    if not isinstance(value, str):
        raise _wrong_type(value, "a string")
    return value


_INTEGERS = {"integer": range(-(2**31), 2**31), "long": range(-(2**63), 2**63)}


def _read_integer(kind: str, value: object) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong_type(value, "an integer")
    if value not in _INTEGERS[kind]:
        raise _too_large()
    return value


def _read_float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong_type(value, "a number")
    if not abs(value) <= sys.float_info.max:
        raise _too_large()
    return float(value)


def _read_boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(value, "a boolean")
    return value


def _read_blob(value: object) -> bytes:
    try:
        return base64.b64decode(_read_string(value), validate=True)
    except ValueError as error:
        problem, detail = "the value", f" is not base64: {error}"
        raise DecodeError(problem, detail) from error


def _timestamp_reader(shape: Shape) -> Reader:
    if shape.serialization.get("timestampFormat") != "iso8601":
        return _read_epoch
    return lambda value: from_text(shape, value) if isinstance(value, str) else _read_epoch(value)


def _read_epoch(value: object) -> datetime:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong_type(value, "epoch seconds")
    try:
        return _EPOCH + timedelta(seconds=value)
    except OverflowError as error:
        problem, detail = "the number", " is not a time between the years 1 and 9999"
        raise DecodeError(problem, detail) from error


_READERS: dict[str, Reader] = {
    "string": _read_string,
    "integer": partial(_read_integer, "integer"),
    "long": partial(_read_integer, "long"),
    "float": _read_float,
    "double": _read_float,
    "boolean": _read_boolean,
    "blob": _read_blob,
}
_READER_BUILDERS: dict[str, Callable[[Shape], Reader]] = {
    "structure": lambda shape: build_members_reader(shape.members),
    "list": _list_reader,
    "map": _map_reader,
    "timestamp": _timestamp_reader,
}


def _too_large() -> DecodeError:
    return DecodeError("the number", " is too large")


def _wrong_type(value: object, expected: str) -> DecodeError:
    return DecodeError(f"expected {expected}", f", found {json_type(value)}")


def json_type(value: object) -> str:
    """Return the JSON type of a parsed value, with its article."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")


def from_text(shape: Shape, text: str) -> object:
    """Read a value from a path, a query string or a header.

    Raises:
        DecodeError: The text is not a value of the shape.
    """
    try:
        return _TEXT_READERS[shape.type_name](text)
    except (ValueError, OverflowError) as error:
        raise DecodeError(repr(text), f" cannot be read as {shape.type_name}") from error


def _text_boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


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


def read_date_time(text: str) -> datetime:
    """Return the time that a text in RFC 3339's format contains, in UTC.

    Raises:
        ValueError: The text has another format, or there is no such time.
        OverflowError: In UTC, the time is not between the years 1 and 9999.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    # Python 3.10 parses neither "Z" nor fractions of any length.
    moment = datetime.fromisoformat(match["seconds"] + match["zone"].replace("Z", "+00:00"))
    microsecond = int((match["fraction"] or "").ljust(6, "0")[:6])
    return _utc(moment.replace(microsecond=microsecond))


_TEXT_READERS: dict[str, Callable[[str], object]] = {
    "string": str,
    "integer": partial(_text_integer, "integer"),
    "long": partial(_text_integer, "long"),
    "float": _text_float,
    "double": _text_float,
    "boolean": _text_boolean,
    "timestamp": read_date_time,
}


def build_writer(shape: Shape) -> Writer | None:
    """Return a writer for a shape's values, or ``None`` if JSON represents them unchanged."""
    build = _WRITER_BUILDERS.get(shape.type_name)
    return None if build is None else build(shape)


def build_members_writer(members: Mapping[str, Shape]) -> Writer:
    """Return a writer for structures with these members. It skips other members."""
    writers: list[tuple[str, str, Writer | None]] | None = None

    def write(value: Mapping[str, Any]) -> dict[str, Any]:
        nonlocal writers
        if writers is None:  # built on first use, because a structure may contain itself
            writers = [
                (name, wire_name(name, shape), build_writer(shape))
                for name, shape in members.items()
            ]
        result = {}
        for name, key, write_member in writers:
            if name in value:
                item = value[name]
                result[key] = item if write_member is None else write_member(item)
        return result

    return write


def _list_writer(shape: Shape) -> Writer | None:
    write_member = build_writer(shape.member)
    if write_member is None:
        return None
    return lambda value: [write_member(item) for item in value]


def _map_writer(shape: Shape) -> Writer | None:
    write_item = build_writer(shape.value)
    if write_item is None:
        return None
    return lambda value: {key: write_item(item) for key, item in value.items()}


def _write_blob(value: bytes | bytearray | str) -> str:
    return base64.b64encode(to_bytes(value)).decode()


def _timestamp_writer(shape: Shape) -> Writer:
    return _write_iso if shape.serialization.get("timestampFormat") == "iso8601" else _write_epoch


def _write_iso(value: Any) -> str:
    return _utc(parse_to_aware_datetime(value)).isoformat().replace("+00:00", "Z")


def _write_epoch(value: Any) -> float:
    zone = getattr(value, "tzinfo", None)
    moment = parse_to_aware_datetime(value) if zone is None else value
    seconds: float = (moment - _EPOCH).total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


_WRITER_BUILDERS: dict[str, Callable[[Shape], Writer | None]] = {
    "structure": lambda shape: build_members_writer(shape.members),
    "list": _list_writer,
    "map": _map_writer,
    "blob": lambda _: _write_blob,
    "timestamp": _timestamp_writer,
}


def to_text(shape: Shape, value: Any) -> str:
    """Write a value as the text of a header."""
    if shape.type_name == "timestamp":
        moment = _utc(parse_to_aware_datetime(value))
        return formatdate(moment.timestamp(), usegmt=True)
    return str(value)


def to_bytes(value: bytes | bytearray | str) -> bytes:
    """Return the bytes of a blob, which boto3 also accepts as ``bytearray`` or ``str``."""
    return value.encode() if isinstance(value, str) else bytes(value)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc)
