"""Amazon DataZone as botocore's service model describes it.

Operations, paths, error codes, statuses and constraints are read from the model of the installed
botocore, and never repeated in code.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.loaders import create_loader
from botocore.model import ServiceModel

from pytest_datazone_ts import location, spelling

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    Shape: TypeAlias = Any
    """A botocore shape. Its attributes depend on its ``type_name``."""

__tracebackhide__: location.Predicate = location.raised_on_purpose

TIME_SERIES_OPERATIONS = (
    "PostTimeSeriesDataPoints",
    "ListTimeSeriesDataPoints",
    "GetTimeSeriesDataPoint",
    "DeleteTimeSeriesDataPoints",
)


@dataclass(frozen=True, eq=False)  # one instance per operation, hashed by identity
class Operation:
    """An API operation, prepared for decoding requests and encoding responses."""

    name: str
    method: str
    segments: tuple[str, ...]
    """The segments of the path; those in braces are labels."""
    success: int
    """The HTTP status of a response without an error."""
    input: Shape
    output: Shape | None
    members: Mapping[str, Mapping[str, Shape]]
    """Input members by location (``uri``, ``querystring``, ``header``, ``body``)."""
    errors: tuple[str, ...]
    """The exceptions that the operation documents."""

    @property
    def example_members(self) -> list[str]:
        """The members of an example of its output: the required ones, or one of them."""
        if self.output is None:
            return []
        return self.output.required_members or [*self.output.members][:1]

    def labels(self, path: str) -> dict[str, str] | None:
        """Return the decoded labels of a path, or ``None`` if it is not the operation's path.

        Segments before the operation's own are the prefix of a custom endpoint.
        """
        segments = path.split("/")[-len(self.segments) :]
        if len(segments) != len(self.segments):
            return None
        labels = {}
        for template, segment in zip(self.segments, segments, strict=True):
            if template.startswith("{"):
                labels[template[1:-1]] = unquote(segment)
            elif template != segment:
                return None
        return labels


@cache
def service() -> ServiceModel:
    """Return botocore's service model."""
    return ServiceModel(create_loader().load_service_model("datazone", "service-2"))


@cache
def operation(name: str) -> Operation:
    """Return an operation by its API name."""
    described: Any = service().operation_model(name)
    members: dict[str, dict[str, Shape]] = {"uri": {}, "querystring": {}, "header": {}, "body": {}}
    for member, shape in described.input_shape.members.items():
        members[shape.serialization.get("location", "body")][member] = shape
    return Operation(
        name=name,
        method=described.http["method"],
        segments=tuple(described.http["requestUri"].strip("/").split("/")),
        success=described.http["responseCode"],
        input=described.input_shape,
        output=described.output_shape,
        members=members,
        errors=tuple(shape.name for shape in described.error_shapes),
    )


def operation_names() -> tuple[str, ...]:
    """Return the API names of all operations."""
    return tuple(service().operation_names)


def require_operation(name: str) -> None:
    """Raise a ``ValueError`` unless DataZone has an operation of this name."""
    names = operation_names()
    if name not in names:
        hint = spelling.hint(name, names)
        message = f"{name!r} is not an operation of Amazon DataZone.{hint}"
        raise ValueError(message)


def operations_at(path: str) -> dict[str, str]:
    """Return the names of the operations with this path, keyed by HTTP method."""
    segments = path.split("/")
    return {
        method: name
        for template, method, name in _routes().get(len(segments), ())
        if all(
            segment if expected.startswith("{") else segment == expected
            for expected, segment in zip(template, segments, strict=True)
        )
    }


@cache
def _routes() -> dict[int, list[tuple[list[str], str, str]]]:
    """Return the path, method and name of every operation, keyed by number of path segments."""
    routes: dict[int, list[tuple[list[str], str, str]]] = {}
    for name in operation_names():
        described: Any = service().operation_model(name)
        template = described.http["requestUri"].split("/")
        routes.setdefault(len(template), []).append((template, described.http["method"], name))
    return routes


@cache
def error_status(code: str) -> int:
    """Return the HTTP status of an exception in the model."""
    error: Mapping[str, Any] = service().shape_for(code).metadata["error"]
    status: int = error["httpStatusCode"]
    return status
