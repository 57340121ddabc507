"""Amazon DataZone as botocore's own service model describes it.

Nothing that the model knows is written down here: operations, paths, error codes, statuses
and constraints are read from it, so they are those of the botocore that is installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.loaders import create_loader
from botocore.model import ServiceModel

from pytest_datazone_ts import origin, spelling

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    Shape: TypeAlias = Any
    """A shape of botocore's: what attributes it has depends on its ``type_name``."""

__tracebackhide__: origin.Hides = origin.hides_frames

TIME_SERIES_OPERATIONS = (
    "PostTimeSeriesDataPoints",
    "ListTimeSeriesDataPoints",
    "GetTimeSeriesDataPoint",
    "DeleteTimeSeriesDataPoints",
)


@dataclass(frozen=True, eq=False)  # one for each name, and hashable
class Operation:
    """One API operation, laid out for reading a request and writing a response."""

    name: str
    method: str
    segments: tuple[str, ...]
    """The path's segments; those in braces are labels."""
    success: int
    input: Shape
    output: Shape | None
    members: Mapping[str, Mapping[str, Shape]]
    """Input members by location (``uri``, ``querystring``, ``header``, ``body``)."""
    errors: tuple[str, ...]
    """The exceptions that the operation documents."""

    def labels(self, path: str) -> dict[str, str] | None:
        """Return the path's labels, decoded; ``None`` if it is another operation's path.

        Whatever comes before the operation's own segments is an endpoint's prefix.
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
    """Return the service model."""
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
    """Return the API names of all of DataZone's operations."""
    return tuple(service().operation_names)


def require_operation(name: str) -> None:
    """Raise ``ValueError`` for what is none of DataZone's operations."""
    names = operation_names()
    if name not in names:
        hint = spelling.hint(name, names)
        message = f"{name!r} is not an operation of Amazon DataZone.{hint}"
        raise ValueError(message)


def operations_at(path: str) -> dict[str, str]:
    """Return the names of the operations whose path this is, by their HTTP methods."""
    segments = path.split("/")
    return {
        method: name
        for template, method, name in _routes().get(len(segments), ())
        if all(
            segment if wanted.startswith("{") else segment == wanted
            for wanted, segment in zip(template, segments, strict=True)
        )
    }


@cache
def _routes() -> dict[int, list[tuple[list[str], str, str]]]:
    """Return every operation's path, method and name, by the number of the path's segments."""
    routes: dict[int, list[tuple[list[str], str, str]]] = {}
    for name in operation_names():
        described: Any = service().operation_model(name)
        template = described.http["requestUri"].split("/")
        routes.setdefault(len(template), []).append((template, described.http["method"], name))
    return routes


@cache
def error_status(code: str) -> int:
    """Return the HTTP status of a documented exception."""
    error: Mapping[str, Any] = service().shape_for(code).metadata["error"]
    status: int = error["httpStatusCode"]
    return status
