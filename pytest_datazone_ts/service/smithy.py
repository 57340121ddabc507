"""Smithy shapes, which yield both the Smithy model of a form type and the check of its content."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Mismatch(NamedTuple):
    """A part of a JSON value that does not conform to its shape."""

    path: str
    value: object
    expected: str


class Shape(NamedTuple):
    """A shape, built by one of the functions below."""

    name: str
    mismatches: Callable[[Any], Iterable[Mismatch]]
    """Takes a parsed JSON value and returns the parts that do not conform to the shape."""
    model: str = ""
    """The Smithy definitions of the shape and of the shapes that it refers to."""
    trait: str = ""
    """The trait of a member with this shape."""


def simple(name: str, expected: str, accepts: Callable[[Any], bool], *, trait: str = "") -> Shape:
    """Return a shape that Smithy itself defines."""
    return Shape(
        name,
        lambda value: () if accepts(value) else [Mismatch("", value, expected)],
        trait=trait,
    )


def number(minimum: int, maximum: int) -> Shape:
    """Return the shape of a number in a range."""
    return simple(
        "Double",
        f"a number from {minimum} to {maximum}",
        lambda value: type(value) in {int, float} and minimum <= value <= maximum,
        trait=f"@range(min: {minimum}, max: {maximum})",
    )


STRING = simple("String", "a string", lambda value: isinstance(value, str))
# Not isinstance: bool is a subclass of int.
COUNT = simple("Integer", "an integer, 0 or more", lambda value: type(value) is int and value >= 0)


def enum(name: str, *values: str) -> Shape:
    """Return the shape of a string that is one of ``values``."""
    expected = " or ".join(map(json.dumps, values))
    return Shape(
        name,
        lambda value: () if value in values else [Mismatch("", value, expected)],
        _definition("enum", name, values),
    )


def list_of(name: str, member: Shape) -> Shape:
    """Return the shape of a list."""

    def mismatches(value: object) -> Iterable[Mismatch]:
        if not isinstance(value, list):
            return [Mismatch("", value, "a list")]
        return [
            Mismatch(f"[{index}]{path}", part, expected)
            for index, item in enumerate(value)
            for path, part, expected in member.mismatches(item)
        ]

    return Shape(name, mismatches, _model("list", name, {"member": member}))


def map_of(name: str, member: Shape) -> Shape:
    """Return the shape of an object with any keys."""

    def mismatches(value: object) -> Iterable[Mismatch]:
        if not isinstance(value, dict):
            return [Mismatch("", value, "an object")]
        return [
            Mismatch(f"{_step(key)}{path}", part, expected)
            for key, item in value.items()
            for path, part, expected in member.mismatches(item)
        ]

    return Shape(name, mismatches, _model("map", name, {"key": STRING, "value": member}))


def structure(name: str, **members: Shape) -> Shape:
    """Return the shape of an object with known keys, each of which may be missing."""

    def mismatches(value: object) -> Iterable[Mismatch]:
        if not isinstance(value, dict):
            return [Mismatch("", value, "an object")]
        return [
            Mismatch(f"{_step(key)}{path}", part, expected)
            for key, item in value.items()
            if key in members
            for path, part, expected in members[key].mismatches(item)
        ]

    return Shape(name, mismatches, _model("structure", name, members))


def _model(keyword: str, name: str, members: Mapping[str, Shape]) -> str:
    lines = []
    for member_name, member in members.items():
        if member.trait:
            lines.append(member.trait)
        lines.append(f"{member_name}: {member.name}")
    references = "".join(member.model for member in members.values())
    return _definition(keyword, name, lines) + references


def _definition(keyword: str, name: str, lines: Iterable[str]) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f"{keyword} {name} {{\n{body}}}\n"


def _step(key: str) -> str:
    return f".{key}" if key.isidentifier() else f"[{json.dumps(key)}]"
