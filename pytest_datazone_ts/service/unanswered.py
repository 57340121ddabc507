"""The error for a call that the double cannot answer, and the response that it suggests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.errors import UnansweredOperationError
from pytest_datazone_ts.service import model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_datazone_ts.service.model import Operation, Shape


_SCALARS: Mapping[str, object] = {
    "blob": "...",
    "boolean": False,
    "double": 0.0,
    "float": 0.0,
    "integer": 0,
    "long": 0,
    "map": {},
    "string": "...",
    "timestamp": "2024-01-01T00:00:00Z",
}


def unimplemented(operation: str, feature: str) -> UnansweredOperationError:
    """Return the error for a part of an operation that the double does not implement.

    Args:
        operation: The operation's API name.
        feature: The part that it does not implement.
    """
    example = example_response(model.operation(operation))
    return UnansweredOperationError(
        f"the double's {operation} does not implement {feature}. Answer the call in the test "
        f"instead: datazone_ts.respond({operation!r}, {example!r})"
    )


def example_response(operation: Operation) -> dict[str, Any]:
    """Return a response with the required members, or else with the most useful one."""
    if operation.output is None:
        return {}
    members = operation.output.members
    useful = ["items"] if "items" in members else [*members][:1]
    return {name: _example(members[name]) for name in operation.output.required_members or useful}


def _example(shape: Shape) -> Any:
    if shape.type_name == "list":
        return [_example(shape.member)] if shape.metadata.get("min") else []
    if shape.type_name == "structure":
        required = [*shape.members][:1] if shape.is_tagged_union else shape.required_members
        return {name: _example(shape.members[name]) for name in required}
    return shape.enum[0] if getattr(shape, "enum", ()) else _SCALARS[shape.type_name]
