"""Validation of parameters against the constraints in botocore's model.

botocore's client checks only that required members are present, the types and the minimum
lengths. The service checks the rest (patterns, enums, maximum lengths, ranges) and reports all
violations in one message, worded as DataZone's, which does not repeat the values.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from pytest_datazone_ts.service.model import Shape

    Check: TypeAlias = "Callable[[Any], list[ConstraintViolation]]"
    """Takes a value in boto3's form and returns the constraints that it violates."""


class ConstraintViolation(NamedTuple):
    """A value that violates a constraint."""

    path: tuple[str, ...]
    """The location of the value."""
    constraint: str


def error_message(check: Check, value: Any, *path: str) -> str | None:
    """Return AWS's message for the violations in a value, or ``None`` if there are none.

    Args:
        check: The check for the value's shape.
        value: The value, in boto3's form.
        path: The location of the value; none for an operation's parameters as a whole.
    """
    violations = check(value)
    if not violations:
        return None
    noun = "error" if len(violations) == 1 else "errors"
    details = "; ".join(
        f"Value at '{'.'.join(path + violation.path)}' "
        f"failed to satisfy constraint: {violation.constraint}"
        for violation in violations
    )
    return f"{len(violations)} validation {noun} detected: {details}"


def build_check(shape: Shape) -> Check:
    """Return a check for a shape's values. Build it once and use it often."""
    return _CHECK_BUILDERS.get(shape.type_name, _unconstrained)(shape)


def _unconstrained(_shape: Shape) -> Check:
    return lambda _value: []


def _structure(shape: Shape) -> Check:
    required = shape.required_members
    members: list[tuple[str, Check, bool]] | None = None

    def check(value: Mapping[str, Any]) -> list[ConstraintViolation]:
        nonlocal members
        if members is None:  # built on first use, because a structure may contain itself
            members = [
                (name, build_check(member), name in required)
                for name, member in shape.members.items()
            ]
        violations: list[ConstraintViolation] = []
        for name, check_member, is_required in members:
            if name in value:
                if member_violations := check_member(value[name]):
                    violations += _prefixed(name, member_violations)
            elif is_required:
                violations.append(ConstraintViolation((name,), "Member must not be null"))
        return violations

    return check


def _list(shape: Shape) -> Check:
    bounds, check_member = _bounds(shape), build_check(shape.member)

    def check(value: list[Any]) -> list[ConstraintViolation]:
        violations = _out_of_bounds(bounds, len(value), "length")
        for number, item in enumerate(value, 1):
            if item_violations := check_member(item):
                violations += _prefixed(f"{number}.member", item_violations)
        return violations

    return check


def _map(shape: Shape) -> Check:
    bounds, check_key, check_item = _bounds(shape), build_check(shape.key), build_check(shape.value)

    def check(value: Mapping[str, Any]) -> list[ConstraintViolation]:
        violations = _out_of_bounds(bounds, len(value), "length")
        for key, item in value.items():
            violations += _prefixed(f"{key}.key", check_key(key))
            violations += _prefixed(f"{key}.value", check_item(item))
        return violations

    return check


def _prefixed(step: str, violations: list[ConstraintViolation]) -> list[ConstraintViolation]:
    return [violation._replace(path=(step, *violation.path)) for violation in violations]


def _string(shape: Shape) -> Check:
    minimum, maximum = bounds = _bounds(shape)
    pattern, enum = shape.metadata.get("pattern"), shape.enum
    compiled = None if pattern is None else _compile(pattern)

    def check(value: str) -> list[ConstraintViolation]:
        violations: list[ConstraintViolation] = []
        if not minimum <= len(value) <= maximum:  # saves a call for most strings
            violations = _out_of_bounds(bounds, len(value), "length")
        if compiled is not None and compiled.fullmatch(value) is None:
            constraint = f"Member must satisfy regular expression pattern: {pattern}"
            violations.append(ConstraintViolation((), constraint))
        if enum and value not in enum:
            constraint = f"Member must satisfy enum value set: [{', '.join(enum)}]"
            violations.append(ConstraintViolation((), constraint))
        return violations

    return check


def _compile(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern, re.ASCII)
    except re.error:  # Java's \p{...}, in a few operations that the double does not implement
        return None


def _number(shape: Shape) -> Check:
    bounds = _bounds(shape)
    return lambda value: _out_of_bounds(bounds, value, "value")


def _blob(shape: Shape) -> Check:
    bounds = _bounds(shape)
    return lambda value: _out_of_bounds(bounds, len(value), "length")


def _bounds(shape: Shape) -> tuple[float, float]:
    return shape.metadata.get("min", -math.inf), shape.metadata.get("max", math.inf)


def _out_of_bounds(
    bounds: tuple[float, float], measured: float, quantity: str
) -> list[ConstraintViolation]:
    minimum, maximum = bounds
    if measured < minimum:
        constraint = f"Member must have {quantity} greater than or equal to {minimum}"
    elif measured > maximum:
        constraint = f"Member must have {quantity} less than or equal to {maximum}"
    else:
        return []
    return [ConstraintViolation((), constraint)]


_CHECK_BUILDERS: dict[str, Callable[[Shape], Check]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "blob": _blob,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
}
