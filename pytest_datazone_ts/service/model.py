"""Amazon DataZone as botocore's service model describes it.

Operations, paths, error codes, statuses and constraints are read from botocore's models, and never
repeated in code. A client may have a model of its own (``AWS_DATA_PATH``): a request carries the
operation from its client's model, and a name refers to the operation in the model that a new client
would have.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from botocore import xform_name
from botocore.loaders import create_loader
from botocore.model import ServiceModel, StructureShape

from pytest_datazone_ts import location, spelling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeAlias

    from botocore.model import OperationModel

    Shape: TypeAlias = Any
    """A botocore shape. Its attributes depend on its ``type_name``."""

__tracebackhide__: location.Predicate = location.raised_on_purpose

TIME_SERIES_OPERATIONS = (
    "PostTimeSeriesDataPoints",
    "ListTimeSeriesDataPoints",
    "GetTimeSeriesDataPoint",
    "DeleteTimeSeriesDataPoints",
)
_OWN_LOOKUPS = {*TIME_SERIES_OPERATIONS, "GetAsset", "GetFormType"}
"""The operations whose shapes the package looks up, which a client's own model may lack."""

Key = TypeVar("Key")
Value = TypeVar("Value")


def kept_by_argument(build: Callable[[Key], Value]) -> Callable[[Key], Value]:
    """Cache the results of a function in the ``__dict__`` of its argument.

    The cache must not outlive the argument: each botocore session has its own model, of several
    megabytes.
    """
    name = f"_{build.__module__}.{build.__qualname__}"

    @wraps(build)
    def value(key: Key) -> Value:
        kept = vars(key)
        if name not in kept:
            kept[name] = build(key)
        found: Value = kept[name]
        return found

    return value


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
    errors: Mapping[str, int]
    """The HTTP statuses of the exceptions that the operation documents."""

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

    def status(self, code: str) -> int:
        """Return the HTTP status of an exception in the model."""
        status = self.errors.get(code)
        return _error_status(service().shape_for(code)) if status is None else status


def service() -> ServiceModel:
    """Return the installed botocore's service model."""
    return _load(None)


def _services() -> list[ServiceModel]:
    """Return the models that a new client may have, the preferred one first."""
    # Not get(), which is slower if the variable is not set.
    data_path = os.environ["AWS_DATA_PATH"] if "AWS_DATA_PATH" in os.environ else None  # noqa: SIM401
    return [_load(data_path), service()] if data_path else [service()]


_loaded: dict[str | None, ServiceModel] = {}
"""Models by data path; that of the installed botocore has ``None``."""


def _load(data_path: str | None) -> ServiceModel:
    if data_path not in _loaded:
        description = create_loader(data_path).load_service_model("datazone", "service-2")
        _loaded[data_path] = ServiceModel(description)
    return _loaded[data_path]


def load(existing: Iterable[ServiceModel]) -> None:
    """Load the models, so that later look-ups read no file.

    Args:
        existing: The models that clients have loaded, of which DataZone's is reused. The iterable
            is consumed only if a model is needed.
    """
    if None not in _loaded and "AWS_DATA_PATH" not in os.environ:
        found = (
            each
            for each in existing
            if each.service_name == "datazone" and _OWN_LOOKUPS.issubset(each.operation_names)
        )
        if (usable := next(found, None)) is not None:
            _loaded[None] = usable
    _services()


def operation(name: str) -> Operation:
    """Return an operation by its API name.

    Raises:
        botocore.model.OperationNotFoundError: There is no such operation.
    """
    models = [each for each in _services() if name in each.operation_names]
    return operation_from((models or [service()])[0].operation_model(name))


@kept_by_argument
def operation_from(operation_model: OperationModel) -> Operation:
    """Return the operation that botocore's model of it describes."""
    described: Any = operation_model
    shape: Shape = described.input_shape or StructureShape("NoInput", {"type": "structure"})
    members: dict[str, dict[str, Shape]] = {"uri": {}, "querystring": {}, "header": {}, "body": {}}
    for name, member in shape.members.items():
        members[member.serialization.get("location", "body")][name] = member
    return Operation(
        name=described.name,
        method=described.http["method"],
        segments=tuple(described.http["requestUri"].strip("/").split("/")),
        success=described.http.get("responseCode", 200),
        input=shape,
        output=described.output_shape,
        members=members,
        errors={error.name: _error_status(error) for error in described.error_shapes},
    )


def operation_names() -> tuple[str, ...]:
    """Return the API names of all operations."""
    return tuple(dict.fromkeys(name for each in _services() for name in each.operation_names))


def api_name(name: str) -> str:
    """Return the API name of an operation from the name of its boto3 method, or ``name`` itself."""
    return next((each for each in operation_names() if xform_name(each) == name), name)


def operation_name(name: str) -> str:
    """Return the API name of an operation, from that name or the name of its boto3 method.

    Raises:
        ValueError: DataZone has no such operation.
    """
    names = operation_names()
    if api_name(name) in names:
        return api_name(name)
    message = f"{name!r} is not an operation of Amazon DataZone.{spelling.hint(name, names)}"
    raise ValueError(message)


def operations_at(path: str) -> dict[str, str]:
    """Return the names of the operations with this path, keyed by HTTP method."""
    segments = path.split("/")
    return {
        method: name
        for each in reversed(_services())
        for template, method, name in _routes(each).get(len(segments), ())
        if all(
            segment if expected.startswith("{") else segment == expected
            for expected, segment in zip(template, segments, strict=True)
        )
    }


@cache
def _routes(service_model: ServiceModel) -> dict[int, list[tuple[list[str], str, str]]]:
    """Return the path, method and name of every operation, keyed by number of path segments."""
    routes: dict[int, list[tuple[list[str], str, str]]] = {}
    for name in service_model.operation_names:
        described: Any = service_model.operation_model(name)
        template = described.http["requestUri"].split("/")
        routes.setdefault(len(template), []).append((template, described.http["method"], name))
    return routes


def _error_status(shape: Shape) -> int:
    status: int = shape.metadata.get("error", {}).get("httpStatusCode", 400)
    return status
