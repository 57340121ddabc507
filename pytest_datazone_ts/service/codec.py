"""Values in boto3's form, to and from the JSON and the text that shapes describe.

What reads or writes the values of a shape is a function that is made of the shape once: the
shape itself is not looked at again for each value.
"""

from __future__ import annotations

import base64
import math
import re
import sys
from datetime import datetime, timedelta, timezone
from email.utils import formatdate
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from botocore.utils import parse_to_aware_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from pytest_datazone_ts.service.model import Shape

    Reader: TypeAlias = Callable[[Any], Any]
    """Takes what came over the wire and returns a value in boto3's form."""
    Writer: TypeAlias = Callable[[Any], Any]
    """Takes a value in boto3's form and returns what goes over the wire."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Misfit(Exception):  # noqa: N818 - it is about a value; a request's is an error
    """A value is not one of its shape's: what there is to say, around where the value is."""

    def __init__(self, before: str, after: str) -> None:
        super().__init__(before, after)
        self.steps: list[str] = []
        """The way to the value, from the inside out."""

    def __str__(self) -> str:
        before, after = self.args
        return f"{before} at '{'.'.join(reversed(self.steps))}'{after}"


def wire_name(name: str, shape: Shape) -> str:
    """Return what a member is called on the wire."""
    found: str = shape.serialization.get("name", name)
    return found


def reader(shape: Shape) -> Reader:
    """Return what reads JSON values; what it can not read is a :class:`Misfit`."""
    make = _READERS_OF.get(shape.type_name)
    return _READERS[shape.type_name] if make is None else make(shape)


def members_reader(members: Callable[[], Mapping[str, Shape]]) -> Reader:
    """Return what reads JSON objects that have these members; others are left out, as is null."""

    @cache
    def readers() -> list[tuple[str, str, Reader]]:  # later: a structure may contain itself
        return [(name, wire_name(name, shape), reader(shape)) for name, shape in members().items()]

    def read(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong_type(value, "an object")
        found, name = {}, ""
        try:
            for name, key, read_member in readers():
                if (item := value.get(key)) is not None:
                    found[name] = read_member(item)
        except Misfit as misfit:
            misfit.steps.append(name)
            raise
        return found

    return read


def _list_reader(shape: Shape) -> Reader:
    read_member = reader(shape.member)

    def read(value: object) -> list[Any]:
        if not isinstance(value, list):
            raise _wrong_type(value, "a list")
        items: list[Any] = []
        try:
            for item in value:
                items.append(read_member(item))  # noqa: PERF401 - a misfit is the next item's
        except Misfit as misfit:
            misfit.steps.append(f"{len(items) + 1}.member")
            raise
        return items

    return read


def _map_reader(shape: Shape) -> Reader:
    read_item = reader(shape.value)

    def read(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong_type(value, "an object")
        found, key = {}, None
        try:
            for key, item in value.items():
                found[key] = read_item(item)
        except Misfit as misfit:
            misfit.steps.append(f"{key}.value")
            raise
        return found

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
        misfit = Misfit("the value", f" is not base64: {error}")
        raise misfit from error


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
        misfit = Misfit("the number", " is not a time between the years 1 and 9999")
        raise misfit from error


_READERS: dict[str, Reader] = {
    "string": _read_string,
    "integer": partial(_read_integer, "integer"),
    "long": partial(_read_integer, "long"),
    "float": _read_float,
    "double": _read_float,
    "boolean": _read_boolean,
    "blob": _read_blob,
}
_READERS_OF: dict[str, Callable[[Shape], Reader]] = {
    "structure": lambda shape: members_reader(lambda: shape.members),
    "list": _list_reader,
    "map": _map_reader,
    "timestamp": _timestamp_reader,
}


def _too_large() -> Misfit:
    return Misfit("the number", " is too large")


def _wrong_type(value: object, expected: str) -> Misfit:
    return Misfit(f"expected {expected}", f", found {json_type(value)}")


def json_type(value: object) -> str:
    """Return what JSON calls the type of a parsed value."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")


def from_text(shape: Shape, text: str) -> object:
    """Read a label, a query value or a header; what is none is a :class:`Misfit`."""
    try:
        return _TEXT_READERS[shape.type_name](text)
    except (ValueError, OverflowError) as error:
        raise Misfit(repr(text), f" cannot be read as {shape.type_name}") from error


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


def writer(shape: Shape) -> Writer | None:
    """Return what writes values as JSON; ``None`` where JSON has them in the same form."""
    make = _WRITERS_OF.get(shape.type_name)
    return None if make is None else make(shape)


def members_writer(members: Callable[[], Mapping[str, Shape]]) -> Writer:
    """Return what writes structures that have these members; others are left out."""

    @cache
    def writers() -> list[tuple[str, str, Writer | None]]:  # later, as above
        return [(name, wire_name(name, shape), writer(shape)) for name, shape in members().items()]

    def write(value: Mapping[str, Any]) -> dict[str, Any]:
        written = {}
        for name, key, write_member in writers():
            if name in value:
                item = value[name]
                written[key] = item if write_member is None else write_member(item)
        return written

    return write


def _list_writer(shape: Shape) -> Writer | None:
    write_member = writer(shape.member)
    if write_member is None:
        return None
    return lambda value: [write_member(item) for item in value]


def _map_writer(shape: Shape) -> Writer | None:
    write_item = writer(shape.value)
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


_WRITERS_OF: dict[str, Callable[[Shape], Writer | None]] = {
    "structure": lambda shape: members_writer(lambda: shape.members),
    "list": _list_writer,
    "map": _map_writer,
    "blob": lambda _: _write_blob,
    "timestamp": _timestamp_writer,
}


def to_text(shape: Shape, value: Any) -> str:
    """Write a value as a header's text."""
    if shape.type_name == "timestamp":
        moment = _utc(parse_to_aware_datetime(value))
        return formatdate(moment.timestamp(), usegmt=True)
    return str(value)


def to_bytes(value: bytes | bytearray | str) -> bytes:
    """Return the bytes of a blob in any of the forms that boto3 takes."""
    return value.encode() if isinstance(value, str) else bytes(value)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc)
