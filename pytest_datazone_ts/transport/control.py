"""``/_datazone_ts/``: the double over HTTP, for tests in any language.

Each resource corresponds to a member of the double, with the same names, rules and messages.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, get_type_hints

from pytest_datazone_ts import faults
from pytest_datazone_ts.double import DataZoneTimeSeries
from pytest_datazone_ts.text import parse_json, without_class_name
from pytest_datazone_ts.transport.http import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_datazone_ts.faults import Fault
    from pytest_datazone_ts.transport.http import Answer

PREFIX = "/_datazone_ts/"


def answer(double: DataZoneTimeSeries, method: str, target: str, body: bytes) -> Answer:
    """Return the response to a request.

    Args:
        double: The double to inspect or change.
        method: The HTTP method.
        target: The path, with a query if there is one.
        body: The body.

    Raises:
        Rejected: There is no such resource, or the request is invalid.
    """
    path, _, query = target.partition("?")
    name = path.removeprefix(PREFIX)
    if name not in _METHODS:
        known = ", ".join(f"{each} {PREFIX}{other}" for other, each in _METHODS.items())
        raise Rejected(404, "NotFound", f"there is no {path}, only {known}")
    if method != _METHODS[name]:
        message = f"{path} takes {_METHODS[name]}, not {method}"
        raise Rejected(405, "MethodNotAllowed", message, allow=_METHODS[name])
    if query:
        message = f"{path} takes no query; arguments are a JSON object in the body"
        raise Rejected(400, "ValueError", message)
    try:
        if method == "GET":
            content = json.dumps(_VIEWS[name](double)).encode()
            return 200, (("content-type", "application/json"),), content
        _CHANGES[name](double, **_arguments(body))
    except (TypeError, ValueError, RecursionError) as error:
        message = without_class_name(str(error), DataZoneTimeSeries)
        raise Rejected(400, type(error).__name__, message) from None
    return 204, (), b""


def _arguments(body: bytes) -> dict[str, Any]:
    """Return the members of the JSON object in a body; none if the body is empty.

    Raises:
        TypeError: The body is another JSON value.
        ValueError: The body is not JSON.
    """
    try:
        arguments = parse_json(body or b"{}")
    except ValueError as error:
        message = f"the body is not JSON: {error}"
        raise ValueError(message) from None
    if not isinstance(arguments, dict):
        message = f"the arguments are a JSON object, not {arguments!r}"
        raise TypeError(message)
    return arguments


def require_no_arguments(fault: object) -> None:
    """Check that a fault can be injected by its name alone.

    Raises:
        TypeError: It is the name of a fault that takes arguments.
    """
    kind = _fault_class(fault)
    required = [each.name for each in fields(kind) if each.default is MISSING] if kind else []
    if required:
        arguments = "".join(f', "{name}": ...' for name in required)
        message = (
            f"{fault} takes arguments: POST them to {PREFIX}faults, such as "
            f'{{"fault": {{"name": "{fault}"{arguments}}}}}'
        )
        raise TypeError(message)


def _inject(double: DataZoneTimeSeries, /, **arguments: Any) -> None:
    fault = arguments.get("fault")
    require_no_arguments(fault)
    if isinstance(fault, dict):
        arguments["fault"] = _fault(fault)
    injection = double.inject(**arguments)
    injection.armed_at = f"POST {PREFIX}faults"


def _fault(described: dict[str, Any]) -> Any:
    """Return an instance of the fault class ``name``, with the other members as arguments."""
    arguments = {**described}
    name = arguments.pop("name", None)
    kind: Any = _fault_class(name)
    if kind is None:
        message = f"faults has no class {name!r}"
        raise ValueError(message)
    types = get_type_hints(kind)
    for argument, value in arguments.items():
        if types.get(argument) is bytes and isinstance(value, str):
            arguments[argument] = value.encode()
    return kind(**arguments)


def _fault_class(name: Any) -> type[Fault] | None:
    """Return the fault class with a name, if there is one."""
    kind = getattr(faults, name) if name in faults.__all__ else None
    return kind if isinstance(kind, type) else None


_VIEWS: dict[str, Callable[[DataZoneTimeSeries], object]] = {
    "data-points": lambda double: double.data_points.as_dicts(),
    "calls": lambda double: double.calls.as_dicts(),
    "audit": lambda double: double.audit().as_dict(),
}
_CHANGES: dict[str, Callable[..., None]] = {
    "faults": _inject,
    "assets": DataZoneTimeSeries.add_asset,
    "responses": DataZoneTimeSeries.respond,
    "reset": DataZoneTimeSeries.reset,
}
_METHODS = {**dict.fromkeys(_VIEWS, "GET"), **dict.fromkeys(_CHANGES, "POST")}
