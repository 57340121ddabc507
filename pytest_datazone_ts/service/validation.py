"""What the service refuses: every violation of the constraints in botocore's model.

botocore's client checks presence, type and least length only. The rest (patterns, enums,
greatest lengths, ranges) reaches the service, which answers with all violations at once, in
the form that AWS's services use.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from pytest_datazone_ts.service.model import Shape

    Violation: TypeAlias = tuple[tuple[str, ...], str, str]
    """The way to a value, the value as a message shows it, and the constraint that it breaks."""
    Check: TypeAlias = Callable[[Any], list[Violation]]
    """Takes a value in boto3's form."""

LONGEST_ECHO = 256
"""Characters of a value that a message repeats; AWS does not document a limit."""


def message(check: Check, value: Any, *path: str) -> str | None:
    """Return AWS's message for the violations in ``value``; ``None`` if there are none.

    ``path``: what the message calls the value; parameters are called by their own names.
    """
    found = check(value)
    if not found:
        return None
    noun = "error" if len(found) == 1 else "errors"
    told = "; ".join(
        f"Value {shown} at '{'.'.join(path + steps)}' failed to satisfy constraint: {constraint}"
        for steps, shown, constraint in found
    )
    return f"{len(found)} validation {noun} detected: {told}"


def check_of(shape: Shape) -> Check:
    """Return what finds the violations in a shape's values: to be made once, and used often."""
    return _CHECKS_OF.get(shape.type_name, _unconstrained)(shape)


def _unconstrained(_shape: Shape) -> Check:
    return lambda _value: []


def _structure(shape: Shape) -> Check:
    @cache
    def members() -> list[tuple[str, Check, bool]]:  # later: it may contain itself
        required = shape.required_members
        return [(name, check_of(item), name in required) for name, item in shape.members.items()]

    def check(value: Mapping[str, Any]) -> list[Violation]:
        found: list[Violation] = []
        for name, check_member, required in members():
            if name in value:
                if wrong := check_member(value[name]):
                    found += _within(name, wrong)
            elif required:
                found.append(((name,), "null", "Member must not be null"))
        return found

    return check


def _list(shape: Shape) -> Check:
    bounds, check_member = _bounds(shape), check_of(shape.member)

    def check(value: list[Any]) -> list[Violation]:
        found = _out_of_bounds(bounds, value, len(value), "length")
        for number, item in enumerate(value, 1):
            if wrong := check_member(item):
                found += _within(f"{number}.member", wrong)
        return found

    return check


def _map(shape: Shape) -> Check:
    bounds, check_key, check_item = _bounds(shape), check_of(shape.key), check_of(shape.value)

    def check(value: Mapping[str, Any]) -> list[Violation]:
        found = _out_of_bounds(bounds, value, len(value), "length")
        for key, item in value.items():
            found += _within(f"{key}.key", check_key(key))
            found += _within(f"{key}.value", check_item(item))
        return found

    return check


def _within(step: str, found: list[Violation]) -> list[Violation]:
    return [((step, *steps), shown, constraint) for steps, shown, constraint in found]


def _string(shape: Shape) -> Check:
    least, most = bounds = _bounds(shape)
    pattern, members = shape.metadata.get("pattern"), shape.enum
    compiled = None if pattern is None else _compiled(pattern)

    def check(value: str) -> list[Violation]:
        found: list[Violation] = []
        if not least <= len(value) <= most:  # asked here: most of what is checked is strings
            found = _out_of_bounds(bounds, value, len(value), "length")
        if compiled is not None and compiled.fullmatch(value) is None:
            constraint = f"Member must satisfy regular expression pattern: {pattern}"
            found.append(_violation(value, constraint))
        if members and value not in members:
            constraint = f"Member must satisfy enum value set: [{', '.join(members)}]"
            found.append(_violation(value, constraint))
        return found

    return check


def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern, re.ASCII)
    except re.error:  # Java's \p{...}, in a few of the operations that we do not implement
        return None


def _number(shape: Shape) -> Check:
    bounds = _bounds(shape)
    return lambda value: _out_of_bounds(bounds, value, value, "value")


def _bounds(shape: Shape) -> tuple[float, float]:
    return shape.metadata.get("min", -math.inf), shape.metadata.get("max", math.inf)


def _out_of_bounds(
    bounds: tuple[float, float], value: object, measured: float, what: str
) -> list[Violation]:
    least, most = bounds
    if measured < least:
        constraint = f"Member must have {what} greater than or equal to {least}"
    elif measured > most:
        constraint = f"Member must have {what} less than or equal to {most}"
    else:
        return []
    return [_violation(value, constraint)]


_CHECKS_OF: dict[str, Callable[[Shape], Check]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
}


def _violation(value: object, constraint: str) -> Violation:
    text = str(value)
    shown = f"'{text}'" if len(text) <= LONGEST_ECHO else f"'{text[:LONGEST_ECHO]}...'"
    return (), shown, constraint
