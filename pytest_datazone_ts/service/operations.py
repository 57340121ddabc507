"""The fake DataZone: the service, and the operations that it implements."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_datazone_ts import location
from pytest_datazone_ts.errors import DataZoneContentWarning, UnansweredOperationError
from pytest_datazone_ts.service import form_types, model, pages, validation
from pytest_datazone_ts.service.catalogue import Catalogue
from pytest_datazone_ts.service.error import ServiceError
from pytest_datazone_ts.service.identifiers import Identifiers
from pytest_datazone_ts.service.result import Result
from pytest_datazone_ts.service.store import SeriesKey, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_datazone_ts.clock import Clock
    from pytest_datazone_ts.records import DataPoint
    from pytest_datazone_ts.service.model import Operation

POST = "PostTimeSeriesDataPoints"
DELETE = "DeleteTimeSeriesDataPoints"
DEFAULT_TYPE_REVISION = "1"
"""The revision of a form that is posted without one; AWS does not document its default."""
MAX_SUMMARY_LENGTH = 20_000
"""The maximum length of ``contentSummary`` in botocore's model."""


class IdempotencyRecord(NamedTuple):
    """The first request with a ``clientToken``, and the data points that it stored."""

    parameters: Mapping[str, Any]
    points: tuple[DataPoint, ...]


class Service:
    """A fake Amazon DataZone: one account, all regions.

    Args:
        clock: The clock from which data points get ``posted_at``.
        content_check: The option of that name: ``"off"``, ``"warn"`` or ``"error"``.
    """

    def __init__(self, clock: Clock, *, content_check: str) -> None:
        self.store: Store = Store()
        self.catalogue: Catalogue = Catalogue(self.store.latest, _summary)
        self.form_types: form_types.FormTypes = form_types.FormTypes()
        self.identifiers: Identifiers = Identifiers()
        """Generates the ids of listings that a test adds without one."""
        self._clock = clock
        self._content_check = content_check
        self._lock = self.store.lock
        self._idempotency_records: dict[tuple[str, str, str], IdempotencyRecord] = {}
        """Keyed by operation, region and ``clientToken``."""
        self._pages = pages.Pages()

    def handles(self, operation: str) -> bool:
        """Return whether the service handles an operation in its current state."""
        handler = _HANDLERS.get(operation)
        return handler is not None and (not handler.needs_catalogue or bool(self.catalogue))

    def needs_catalogue(self, operation: str) -> bool:
        """Return whether the service handles an operation only if the catalogue has an asset."""
        handler = _HANDLERS.get(operation)
        return handler is not None and handler.needs_catalogue

    def handle(self, operation: Operation, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle a request.

        Args:
            operation: An operation that the service handles.
            region: The region to which the request was sent.
            parameters: The operation's parameters, in boto3's form. The service keeps them to
                recognize a repeated ``clientToken``, so they must not change.

        Returns:
            The operation's output, and the data points that were added.

        Raises:
            ServiceError: The service answers with an error.
            UnansweredOperationError: The request asks for something that the double does not
                implement.
        """
        self.validate(operation, parameters)
        return _HANDLERS[operation.name].handle(self, region, parameters)

    def validate(self, operation: Operation, parameters: Mapping[str, Any]) -> None:
        """Check parameters against the constraints in botocore's model.

        Raises:
            ServiceError: A ``ValidationException`` that lists every violation.
        """
        try:
            message = validation.error_message(_check(operation), parameters)
        except RecursionError:
            message = "the request is nested too deeply"
        if message is not None:
            raise ServiceError("ValidationException", message)

    def clear(self) -> None:
        """Forget everything that was stored, added or registered."""
        with self._lock:
            self.store.clear()
            self._idempotency_records.clear()
            self._pages.clear()
            self.catalogue.clear()
            self.form_types.clear()

    def post_points(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``PostTimeSeriesDataPoints``: store every form of the request, or none."""
        self._require_entity(parameters)
        if self._find_record(POST, region, parameters) is None:
            # Not under the lock: a form type's check may be the test's own code.
            self._check_content(parameters["forms"])
        stored: tuple[DataPoint, ...] = ()
        with self._lock:
            # Another thread may have posted with this token in the meantime.
            record = self._find_record(POST, region, parameters)
            if record is None:
                points = stored = self._add_points(region, parameters)
                self._add_record(POST, region, parameters, points)
            else:
                points = record.points
        forms = [_form(point) for point in points]
        return Result({**_entity(parameters), "forms": forms}, stored)

    def list_points(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``ListTimeSeriesDataPoints``: return a page of points, the newest first."""
        key = self._find_series(region, parameters)
        size = pages.page_size(parameters)
        with self._lock:
            before = self._pages.position(region, parameters)
            if before is not None and not self.store.contains(key, before):
                raise pages.invalid_token(parameters["nextToken"])
            entries = self.store.page(
                key,
                started_at=parameters.get("startedAt"),
                ended_at=parameters.get("endedAt"),
                before=before,
                size=size + 1,
            )
            output: dict[str, Any] = {"items": [_summary(point) for _, _, point in entries[:size]]}
            if len(entries) > size:
                position = entries[size - 1][:2]
                output["nextToken"] = self._pages.issue_token(region, parameters, position)
            return Result(output)

    def get_point(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``GetTimeSeriesDataPoint``."""
        key = self._find_series(region, parameters)
        identifier = parameters["identifier"]
        point = self.store.get(key, identifier)
        if point is None:
            raise ServiceError(
                "ResourceNotFoundException",
                f"Time series data point '{identifier}' of form '{key.form_name}' not found for "
                f"{parameters['entityType']} '{parameters['entityIdentifier']}' "
                f"in domain '{parameters['domainIdentifier']}'",
            )
        return Result({**_entity(parameters), "formName": key.form_name, "form": _form(point)})

    def delete_points(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``DeleteTimeSeriesDataPoints``: delete every point of a form, if there are any."""
        key = self._find_series(region, parameters)
        with self._lock:
            if self._find_record(DELETE, region, parameters) is None:
                self.store.delete(key)
                self._add_record(DELETE, region, parameters, ())
        return Result({})

    def get_form_type(self, _region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``GetFormType``, for the built-in form type and those that a test registered."""
        name = parameters["formTypeIdentifier"]
        smithy = self.form_types.model(name)
        if smithy is None:
            message = (
                f"the double does not know the form type {name!r}. Register it in the test: "
                f"datazone_ts.register_form_type({name!r}, ...), or answer the call: "
                "datazone_ts.respond('GetFormType', {...})"
            )
            raise UnansweredOperationError(message)
        revision = parameters.get("revision", form_types.REVISION)
        if revision != form_types.REVISION:
            raise ServiceError(
                "ResourceNotFoundException",
                f"Revision '{revision}' of form type '{name}' not found",
            )
        return Result(
            {
                "domainId": parameters["domainIdentifier"],
                "name": name,
                "revision": revision,
                "model": {"smithy": smithy},
                "status": "ENABLED",
            }
        )

    def _find_series(self, region: str, parameters: Mapping[str, Any]) -> SeriesKey:
        """Return the key of the series that parameters name; its entity must exist."""
        self._require_entity(parameters)
        return _series_key(region, parameters, parameters["formName"])

    def _require_entity(self, parameters: Mapping[str, Any]) -> None:
        """Raise a ``ServiceError`` unless the entity that parameters name exists."""
        self.catalogue.require(
            parameters["domainIdentifier"],
            parameters["entityType"],
            parameters["entityIdentifier"],
        )

    def _check_content(self, forms: list[Mapping[str, Any]]) -> None:
        """Refuse content that does not match its form type, or warn about it."""
        self.form_types.check_registered(forms)
        if self._content_check == "off":
            return
        problems = self.form_types.built_in_problems(forms)
        if problems is not None:
            if self._content_check == "error":
                raise ServiceError("ValidationException", problems)
            message = (
                f"{problems}. AWS does not document what it refuses, so this is a warning. "
                "content_check='error' refuses such content, content_check='off' accepts it."
            )
            location.warn(message, DataZoneContentWarning)

    def _find_record(
        self, operation: str, region: str, parameters: Mapping[str, Any]
    ) -> IdempotencyRecord | None:
        """Return the record of an earlier, equal request with the same ``clientToken``.

        Raises:
            ServiceError: The earlier request was different.
        """
        token = parameters.get("clientToken", "")
        record = self._idempotency_records.get((operation, region, token))
        if record is not None and record.parameters != parameters:
            documented = model.operation(operation).errors
            raise ServiceError(
                "ConflictException" if "ConflictException" in documented else "ValidationException",
                f"clientToken '{token}' was already used with a different {operation} request",
            )
        return record

    def _add_record(
        self,
        operation: str,
        region: str,
        parameters: Mapping[str, Any],
        points: tuple[DataPoint, ...],
    ) -> None:
        """Record a request, if it has a ``clientToken``."""
        if "clientToken" in parameters:
            record = IdempotencyRecord(parameters, points)
            self._idempotency_records[operation, region, parameters["clientToken"]] = record

    def _add_points(self, region: str, parameters: Mapping[str, Any]) -> tuple[DataPoint, ...]:
        """Store every form of a request, and return the new data points."""
        posted_at = self._clock.now()
        return tuple(
            [
                self.store.add(
                    _series_key(region, parameters, form["formName"]),
                    form,
                    type_revision=form.get("typeRevision", DEFAULT_TYPE_REVISION),
                    posted_at=posted_at,
                )
                for form in parameters["forms"]
            ]
        )


@dataclass(frozen=True)
class OperationHandler:
    """An operation that the service implements."""

    operation: str
    """The operation's API name."""
    handle: Callable[[Service, str, Mapping[str, Any]], Result]
    """Takes the service, the region and the parameters."""
    needs_catalogue: bool = False
    """Whether the operation is unhandled while the catalogue is empty."""


def _catalogue_handler(
    operation: str, handle: Callable[[Catalogue, str, Mapping[str, Any]], Result]
) -> OperationHandler:
    """Return the handler of an operation that the catalogue implements."""
    return OperationHandler(
        operation,
        lambda service, region, parameters: handle(service.catalogue, region, parameters),
        needs_catalogue=True,
    )


_HANDLERS: Mapping[str, OperationHandler] = {
    handler.operation: handler
    for handler in (
        OperationHandler(POST, Service.post_points),
        OperationHandler("ListTimeSeriesDataPoints", Service.list_points),
        OperationHandler("GetTimeSeriesDataPoint", Service.get_point),
        OperationHandler(DELETE, Service.delete_points),
        OperationHandler("GetFormType", Service.get_form_type),
        _catalogue_handler("SearchListings", Catalogue.search_listings),
        _catalogue_handler("Search", Catalogue.search),
        _catalogue_handler("GetAsset", Catalogue.get_asset),
        _catalogue_handler("GetListing", Catalogue.get_listing),
    )
}


@model.kept_by_argument
def _check(operation: Operation) -> validation.Check:
    return validation.build_check(operation.input)


def _series_key(region: str, parameters: Mapping[str, Any], form_name: str) -> SeriesKey:
    return SeriesKey(
        region,
        parameters["domainIdentifier"],
        parameters["entityType"],
        parameters["entityIdentifier"],
        form_name,
    )


def _entity(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of an output that repeat the request's entity."""
    return {
        "domainId": parameters["domainIdentifier"],
        "entityId": parameters["entityIdentifier"],
        "entityType": parameters["entityType"],
    }


def _form(point: DataPoint) -> dict[str, Any]:
    """Return a data point as a form of an output."""
    form = _common_members(point)
    if point.content is not None:
        form["content"] = point.content
    return form


def _summary(point: DataPoint) -> dict[str, Any]:
    """Return a data point as an item of a list."""
    summary = _common_members(point)
    content_summary = _content_summary(point.content)
    if content_summary is not None:
        summary["contentSummary"] = content_summary
    return summary


def _common_members(point: DataPoint) -> dict[str, Any]:
    return {
        "formName": point.form_name,
        "typeIdentifier": point.type_identifier,
        "typeRevision": point.type_revision,
        "timestamp": point.timestamp,
        "id": point.id,
    }


def _content_summary(content: str | None) -> str | None:
    """Return the content without ``evaluations``.

    AWS does not document what it leaves out of a summary.
    """
    if content is None:
        return None
    try:
        value = json.loads(content)
        if isinstance(value, dict):
            value.pop("evaluations", None)
        return json.dumps(value)[:MAX_SUMMARY_LENGTH]
    except (ValueError, RecursionError):
        return content[:MAX_SUMMARY_LENGTH]
