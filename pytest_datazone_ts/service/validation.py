"""What the service refuses: every violation of the constraints in botocore's model.

botocore's client checks presence, type and least length only. The rest (patterns, enums,
greatest lengths, ranges) reaches the service, which answers with all violations at once, in
the form that AWS's services use.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_datazone_ts.service.model import Shape

_LONGEST_ECHO = 256
"""Characters of a value that a message repeats; AWS does not document a limit."""


def message(shape: Shape, value: Any, path: str = "") -> str | None:
    """Return AWS's message for the violations in ``value``; ``None`` if there are none.

    ``path``: what the message calls the value; parameters are called by their own names.
    """
    found = list(_violations(shape, value, path))
    if not found:
        return None
    noun = "error" if len(found) == 1 else "errors"
    return f"{len(found)} validation {noun} detected: {'; '.join(found)}"


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    check = _CHECKS.get(shape.type_name)
    if check is not None:
        yield from check(shape, value, path)


def _structure(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    for name, member in shape.members.items():
        if name in value:
            yield from _violations(member, value[name], prefix + name)
        elif name in shape.required_members:
            yield _violation("null", prefix + name, "Member must not be null")


def _list(shape: Shape, value: list[Any], path: str) -> Iterator[str]:
    yield from _bounds(shape, value, path, len(value), "have length")
    for number, item in enumerate(value, 1):
        yield from _violations(shape.member, item, f"{path}.{number}.member")


def _map(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    yield from _bounds(shape, value, path, len(value), "have length")
    for key, item in value.items():
        yield from _violations(shape.key, key, f"{path}.{key}.key")
        yield from _violations(shape.value, item, f"{path}.{key}.value")


def _number(shape: Shape, value: float, path: str) -> Iterator[str]:
    yield from _bounds(shape, value, path, value, "have value")


def _bounds(
    shape: Shape,
    value: object,
    path: str,
    measure: float,
    what: str,
) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and measure < least:
        yield _violation(
            _quoted(value), path, f"Member must {what} greater than or equal to {least}"
        )
    if most is not None and measure > most:
        yield _violation(_quoted(value), path, f"Member must {what} less than or equal to {most}")


def _string(shape: Shape, value: str, path: str) -> Iterator[str]:
    yield from _bounds(shape, value, path, len(value), "have length")
    pattern = shape.metadata.get("pattern")
    if pattern is not None and not _matches(pattern, value):
        yield _violation(
            _quoted(value), path, f"Member must satisfy regular expression pattern: {pattern}"
        )
    if shape.enum and value not in shape.enum:
        members = ", ".join(shape.enum)
        yield _violation(_quoted(value), path, f"Member must satisfy enum value set: [{members}]")


_CHECKS: dict[str, Callable[[Shape, Any, str], Iterator[str]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
}


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern, re.ASCII)
    except re.error:  # Java's \p{...}, in a few of the operations that we do not implement
        return None


def _violation(shown: str, path: str, constraint: str) -> str:
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _quoted(value: object) -> str:
    text = str(value)
    return f"'{text}'" if len(text) <= _LONGEST_ECHO else f"'{text[:_LONGEST_ECHO]}...'"
