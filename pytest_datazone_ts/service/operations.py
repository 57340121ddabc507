"""What each operation of the fake DataZone does."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_datazone_ts import origin
from pytest_datazone_ts.errors import DataZoneContentWarning, UnansweredOperationError
from pytest_datazone_ts.service import form_types, model, pages, validation
from pytest_datazone_ts.service.catalogue import Catalogue
from pytest_datazone_ts.service.refusal import Refusal
from pytest_datazone_ts.service.store import Identifiers, SeriesKey, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_datazone_ts.clock import Clock
    from pytest_datazone_ts.records import DataPoint

POST = "PostTimeSeriesDataPoints"
DEFAULT_TYPE_REVISION = "1"
"""AWS does not document the revision of a form that names none."""


class Answer(NamedTuple):
    """What comes of a request that is carried out."""

    output: dict[str, Any]
    stored: tuple[DataPoint, ...] = ()
    """The points that are new: none where a ``clientToken`` is repeated."""


class FirstRequest(NamedTuple):
    """The request that used a ``clientToken`` first, and what it stored."""

    parameters: Mapping[str, Any]
    points: tuple[DataPoint, ...]


class Service:
    """The fake Amazon DataZone: one account, all regions."""

    def __init__(self, clock: Clock, *, content_check: str) -> None:
        self.store: Store = Store()
        self.catalogue: Catalogue = Catalogue(self.store.latest, _summary)
        self.form_types: form_types.FormTypes = form_types.FormTypes()
        self.identifiers: Identifiers = Identifiers()
        """Of what a test adds without saying its id."""
        self._clock = clock
        self._content_check = content_check
        self._lock = self.store.lock
        self._first: dict[tuple[str, str, str], FirstRequest] = {}
        """By operation, region and token."""
        self._pages = pages.Pages()

    def answers(self, operation: str) -> bool:
        """Tell whether the service implements an operation."""
        return operation == POST or (
            operation in _OPERATIONS
            and (operation not in CATALOGUE_OPERATIONS or bool(self.catalogue))
        )

    def answer(self, operation: str, region: str, parameters: Mapping[str, Any]) -> Answer:
        """Carry a request out, or raise a :class:`Refusal`.

        ``parameters`` are kept, to know a repetition by: they must not change.
        """
        self.validate(operation, parameters)
        if operation == POST:
            return self.post(region, parameters)
        return Answer(_OPERATIONS[operation](self, region, parameters))

    def validate(self, operation: str, parameters: Mapping[str, Any]) -> None:
        """Refuse parameters that break the constraints of botocore's model."""
        try:
            message = validation.message(_constraints(operation), parameters)
        except RecursionError:
            message = "the request is nested too deeply"
        if message is not None:
            raise Refusal("ValidationException", message)

    def clear(self) -> None:
        """Forget everything stored and every token."""
        with self._lock:
            self.store.clear()
            self._first.clear()
            self._pages.clear()
            self.catalogue.clear()
            self.form_types.clear()

    def post(self, region: str, parameters: Mapping[str, Any]) -> Answer:
        """PostTimeSeriesDataPoints."""
        self._require_entity(parameters)
        stored: tuple[DataPoint, ...] = ()
        points = self._repeated(POST, region, parameters)
        if points is None:
            self._check_content(parameters["forms"])
            points, stored = self._store(region, parameters)
        forms = [_form(point) for point in points]
        return Answer({**_entity(parameters), "forms": forms}, stored)

    def _store(
        self, region: str, parameters: Mapping[str, Any]
    ) -> tuple[tuple[DataPoint, ...], tuple[DataPoint, ...]]:
        """Return the points that answer the request, and those of them that are new."""
        with self._lock:
            # Another thread may have been first with this token.
            points = self._repeated(POST, region, parameters)
            stored: tuple[DataPoint, ...] = ()
            if points is None:
                posted_at = self._clock.now()
                points = stored = tuple(
                    [
                        self.store.add(
                            _series(region, parameters, form["formName"]),
                            form,
                            type_revision=form.get("typeRevision", DEFAULT_TYPE_REVISION),
                            posted_at=posted_at,
                        )
                        for form in parameters["forms"]
                    ]
                )
                self._remember(POST, region, parameters, points)
            return points, stored

    def _require_entity(self, parameters: Mapping[str, Any]) -> None:
        self.catalogue.require(
            parameters["domainIdentifier"],
            parameters["entityType"],
            parameters["entityIdentifier"],
        )

    def _check_content(self, forms: list[Mapping[str, Any]]) -> None:
        """Run the checks of form types: not under a lock, they may be a test's own code."""
        self.form_types.require(forms)
        if self._content_check == "off":
            return
        doubts = self.form_types.doubts(forms)
        if doubts is not None:
            if self._content_check == "error":
                raise Refusal("ValidationException", doubts)
            message = (
                f"{doubts}. AWS does not document what it refuses, so this is a warning. "
                "content_check='error' refuses such content, content_check='off' takes it."
            )
            origin.warn(message, DataZoneContentWarning)

    def _repeated(
        self, operation: str, region: str, parameters: Mapping[str, Any]
    ) -> tuple[DataPoint, ...] | None:
        """Return what the first request with this ``clientToken`` stored, if there was one."""
        token = parameters.get("clientToken", "")
        first = self._first.get((operation, region, token))
        if first is not None and first.parameters != parameters:
            documented = model.operation(operation).errors
            raise Refusal(
                "ConflictException" if "ConflictException" in documented else "ValidationException",
                f"clientToken '{token}' was used before, with another {operation} request",
            )
        return None if first is None else first.points

    def _remember(
        self,
        operation: str,
        region: str,
        parameters: Mapping[str, Any],
        points: tuple[DataPoint, ...],
    ) -> None:
        if "clientToken" in parameters:
            first = FirstRequest(parameters, points)
            self._first[operation, region, parameters["clientToken"]] = first

    def list(self, region: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """ListTimeSeriesDataPoints: newest first."""
        self._require_entity(parameters)
        key = _series(region, parameters, parameters["formName"])
        size = pages.size(parameters)
        with self._lock:
            before = self._pages.position(region, parameters)
            if before is not None and self.store.get(key, before.id) is None:
                raise pages.stale(parameters["nextToken"])
            points = self.store.page(
                key,
                started_at=parameters.get("startedAt"),
                ended_at=parameters.get("endedAt"),
                before=before,
                size=size + 1,
            )
            output: dict[str, Any] = {"items": [_summary(point) for point in points[:size]]}
            if len(points) > size:
                output["nextToken"] = self._pages.token(region, parameters, points[size - 1])
            return output

    def get(self, region: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetTimeSeriesDataPoint."""
        self._require_entity(parameters)
        form_name = parameters["formName"]
        identifier = parameters["identifier"]
        point = self.store.get(_series(region, parameters, form_name), identifier)
        if point is None:
            raise Refusal(
                "ResourceNotFoundException",
                f"Time series data point '{identifier}' of form '{form_name}' not found for "
                f"{parameters['entityType']} '{parameters['entityIdentifier']}' "
                f"in domain '{parameters['domainIdentifier']}'",
            )
        return {**_entity(parameters), "formName": form_name, "form": _form(point)}

    def delete(self, region: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteTimeSeriesDataPoints: every point of a form; none at all is no error."""
        self._require_entity(parameters)
        with self._lock:
            if self._repeated("DeleteTimeSeriesDataPoints", region, parameters) is None:
                self.store.delete(_series(region, parameters, parameters["formName"]))
                self._remember("DeleteTimeSeriesDataPoints", region, parameters, ())
        return {}

    def get_form_type(self, region: str, parameters: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """GetFormType: the built-in form type, and those that a test registered."""
        name = parameters["formTypeIdentifier"]
        smithy = self.form_types.model(name)
        if smithy is None:
            message = (
                f"the double does not know the form type {name!r}. Tell it in the test: "
                f"datazone_ts.register_form_type({name!r}, ...), or answer the call: "
                "datazone_ts.respond('GetFormType', {...})"
            )
            raise UnansweredOperationError(message)
        revision = parameters.get("revision", form_types.REVISION)
        if revision != form_types.REVISION:
            raise Refusal(
                "ResourceNotFoundException",
                f"Revision '{revision}' of form type '{name}' not found",
            )
        return {
            "domainId": parameters["domainIdentifier"],
            "name": name,
            "revision": revision,
            "model": {"smithy": smithy},
            "status": "ENABLED",
        }


_OPERATIONS: dict[str, Callable[[Service, str, Mapping[str, Any]], dict[str, Any]]] = {
    "ListTimeSeriesDataPoints": Service.list,
    "GetTimeSeriesDataPoint": Service.get,
    "DeleteTimeSeriesDataPoints": Service.delete,
    "GetFormType": Service.get_form_type,
    "SearchListings": lambda service, *request: service.catalogue.search_listings(*request),
    "Search": lambda service, *request: service.catalogue.search(*request),
    "GetAsset": lambda service, *request: service.catalogue.get_asset(*request),
    "GetListing": lambda service, *request: service.catalogue.get_listing(*request),
}
CATALOGUE_OPERATIONS = ("SearchListings", "Search", "GetAsset", "GetListing")


@cache
def _constraints(operation: str) -> validation.Check:
    return validation.check_of(model.operation(operation).input)


def _series(region: str, parameters: Mapping[str, Any], form_name: str) -> SeriesKey:
    return SeriesKey(
        region,
        parameters["domainIdentifier"],
        parameters["entityType"],
        parameters["entityIdentifier"],
        form_name,
    )


def _entity(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "domainId": parameters["domainIdentifier"],
        "entityId": parameters["entityIdentifier"],
        "entityType": parameters["entityType"],
    }


def _form(point: DataPoint) -> dict[str, Any]:
    form = _outline(point)
    if point.content is not None:
        form["content"] = point.content
    return form


def _summary(point: DataPoint) -> dict[str, Any]:
    outline = _outline(point)
    summary = _content_summary(point.content)
    if summary is not None:
        outline["contentSummary"] = summary
    return outline


def _outline(point: DataPoint) -> dict[str, Any]:
    return {
        "formName": point.form_name,
        "typeIdentifier": point.type_identifier,
        "typeRevision": point.type_revision,
        "timestamp": point.timestamp,
        "id": point.id,
    }


def _content_summary(content: str | None) -> str | None:
    """Return the content without ``evaluations``; AWS does not document what it keeps."""
    if content is None:
        return None
    try:
        value = json.loads(content)
        if isinstance(value, dict):
            value.pop("evaluations", None)
        return json.dumps(value)[:SUMMARY_LENGTH]
    except (ValueError, RecursionError):
        return content[:SUMMARY_LENGTH]


SUMMARY_LENGTH = 20_000
"""The greatest length of ``contentSummary`` in botocore's model."""
