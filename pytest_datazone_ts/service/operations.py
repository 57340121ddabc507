"""The fake DataZone: the service, and the operations that it implements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_datazone_ts import location
from pytest_datazone_ts.errors import DataZoneContentWarning
from pytest_datazone_ts.service import model, pages, point_output, validation
from pytest_datazone_ts.service.catalogue_operations import CatalogueOperations
from pytest_datazone_ts.service.error import ServiceError, not_found
from pytest_datazone_ts.service.form_types import FormTypes
from pytest_datazone_ts.service.idempotency import Idempotency
from pytest_datazone_ts.service.identifiers import Identifiers
from pytest_datazone_ts.service.lineage import Lineage
from pytest_datazone_ts.service.result import Result
from pytest_datazone_ts.service.store import SeriesKey, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_datazone_ts.clock import Clock
    from pytest_datazone_ts.records import DataPoint
    from pytest_datazone_ts.service.catalogue import Catalogue
    from pytest_datazone_ts.service.model import Operation

POST = "PostTimeSeriesDataPoints"
DELETE = "DeleteTimeSeriesDataPoints"


class Service:
    """A fake Amazon DataZone: one account, all regions.

    Args:
        clock: The clock from which data points get ``posted_at``.
        content_check: The option of that name: ``"off"``, ``"warn"`` or ``"error"``.
    """

    def __init__(self, clock: Clock, *, content_check: str) -> None:
        identifiers = Identifiers()  # one sequence for all ids and tokens, so that each is unique
        self.store: Store = Store(identifiers)
        self.form_types: FormTypes = FormTypes()
        self.assets: CatalogueOperations = CatalogueOperations(
            clock, self.store, self.form_types, identifiers, point_output.summary
        )
        self.catalogue: Catalogue = self.assets.catalogue
        self.lineage: Lineage = Lineage(clock, identifiers)
        self._clock = clock
        self._content_check = content_check
        self._lock = self.store.lock
        self._idempotency = Idempotency(self.store.lock)
        self._pages = pages.Pages(identifiers)

    def handles(self, operation: str) -> bool:
        """Return whether the service handles an operation in its current state."""
        handler = _HANDLERS.get(operation)
        return handler is not None and not (handler.needs_catalogue and self.catalogue.is_empty())

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
        handler = _HANDLERS[operation.name]
        if handler.is_idempotent:
            result, _ = self._idempotency.once(
                operation.name,
                region,
                parameters,
                lambda: handler.handle(self, region, parameters),
            )
            return result
        return handler.handle(self, region, parameters)

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
            self._idempotency.clear()
            self._pages.clear()
            self.assets.clear()
            self.lineage.clear()
            self.form_types.clear()

    def post_points(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``PostTimeSeriesDataPoints``: store every form of the request, or none."""
        self._require_entity(parameters)
        if not self._idempotency.is_repeated(POST, region, parameters):
            # Not under the lock: a form type's check may be the test's own code.
            self._check_content(parameters["forms"])
        # Keep only the points for a repeated request, because the output is larger.
        points, is_new = self._idempotency.once(
            POST, region, parameters, lambda: self._add_points(region, parameters)
        )
        forms = [point_output.form(point) for point in points]
        return Result({**_entity(parameters), "forms": forms}, points if is_new else ())

    def list_points(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``ListTimeSeriesDataPoints``: return a page of points, the newest first."""
        keys = self._find_series(region, parameters)
        size = pages.page_size(parameters)
        with self._lock:
            before = self._pages.position(region, parameters)
            if before is not None and not self.store.contains(keys, before):
                raise pages.invalid_token(parameters["nextToken"])
            entries = self.store.page(
                keys,
                started_at=parameters.get("startedAt"),
                ended_at=parameters.get("endedAt"),
                before=before,
                size=size + 1,
            )
            output: dict[str, Any] = {
                "items": [point_output.summary(point) for _, _, point in entries[:size]]
            }
            if len(entries) > size:
                position = entries[size - 1][:2]
                output["nextToken"] = self._pages.issue_token(region, parameters, position)
            return Result(output)

    def get_point(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``GetTimeSeriesDataPoint``."""
        form_name, identifier = parameters["formName"], parameters["identifier"]
        point = self.store.get(self._find_series(region, parameters), identifier)
        if point is None:
            raise not_found(
                "TimeSeriesDataPoint",
                f"form '{form_name}' of {parameters['entityType']} "
                f"'{parameters['entityIdentifier']}' has no data point '{identifier}'",
            )
        return Result(
            {**_entity(parameters), "formName": form_name, "form": point_output.form(point)}
        )

    def delete_points(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``DeleteTimeSeriesDataPoints``: delete every point of a form, if there are any."""
        self._require_entity(parameters)
        key = _series_key(region, parameters, parameters["formName"])
        self._idempotency.once(DELETE, region, parameters, lambda: self.store.delete(key))
        return Result({})

    def get_form_type(self, _region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``GetFormType``, for the built-in form type and those that a test registered."""
        name = parameters["formTypeIdentifier"]
        smithy = self.form_types.model(name)
        if smithy is None:
            raise not_found(
                "FormType",
                f"no form type '{name}' is known. To make it known, use "
                f"datazone_ts.register_form_type('{name}')",
            )
        revision = self.form_types.revision(name)
        if parameters.get("revision", revision) != revision:
            raise not_found(
                "FormType",
                f"form type '{name}' is at revision '{revision}', and '{parameters['revision']}' "
                f"is not known. To set it, use "
                f"datazone_ts.register_form_type('{name}', revision='{parameters['revision']}')",
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

    def _find_series(self, region: str, parameters: Mapping[str, Any]) -> Sequence[SeriesKey]:
        """Return the series of an entity; a listing also has those of its asset.

        Raises:
            ServiceError: The entity does not exist.
        """
        self._require_entity(parameters)
        own = _series_key(region, parameters, parameters["formName"])
        if parameters["entityType"] != "LISTING":
            return (own,)
        asset = self.catalogue.listed_asset(own.domain_identifier, own.entity_identifier)
        if asset is None:
            return (own,)
        return own, own._replace(entity_type="ASSET", entity_identifier=asset)

    def _require_entity(self, parameters: Mapping[str, Any]) -> None:
        """Raise a ``ServiceError`` unless the entity that parameters name exists."""
        self.catalogue.require(
            parameters["domainIdentifier"],
            parameters["entityType"],
            parameters["entityIdentifier"],
        )

    def _check_content(self, forms: list[Mapping[str, Any]]) -> None:
        """Reject content that does not match its form type, or warn about it."""
        self.form_types.check_registered(forms)
        if self._content_check == "off":
            return
        problems = self.form_types.built_in_problems(forms)
        if problems is not None:
            if self._content_check == "error":
                raise ServiceError("ValidationException", problems)
            message = (
                f"{problems}. AWS does not document what it rejects, so this is a warning. "
                "content_check='error' rejects such content, content_check='off' accepts it."
            )
            location.warn(message, DataZoneContentWarning)

    def _add_points(self, region: str, parameters: Mapping[str, Any]) -> tuple[DataPoint, ...]:
        """Store every form of a request, and return the new data points."""
        posted_at = self._clock.now()
        return tuple(
            [
                self.store.add(
                    _series_key(region, parameters, form["formName"]),
                    form,
                    type_revision=form.get("typeRevision")
                    or self.form_types.revision(form["typeIdentifier"]),
                    posted_at=posted_at,
                    client_token=parameters.get("clientToken"),
                )
                for form in parameters["forms"]
            ]
        )


class OperationHandler(NamedTuple):
    """An operation that the service implements."""

    operation: str
    """The operation's API name."""
    handle: Callable[[Service, str, Mapping[str, Any]], Result]
    """Takes the service, the region and the parameters."""
    needs_catalogue: bool = False
    """Whether the operation is unhandled while the catalogue is empty."""
    is_idempotent: bool = False
    """Whether ``Service.handle`` carries out a request with a ``clientToken`` only once."""


def _asset_handler(
    operation: str,
    handle: Callable[[CatalogueOperations, str, Mapping[str, Any]], Result],
    *,
    needs_catalogue: bool = True,
    is_idempotent: bool = False,
) -> OperationHandler:
    """Return the handler of an operation on assets and listings."""
    return OperationHandler(
        operation,
        lambda service, region, parameters: handle(service.assets, region, parameters),
        needs_catalogue=needs_catalogue,
        is_idempotent=is_idempotent,
    )


def _lineage_handler(
    operation: str,
    handle: Callable[[Lineage, str, Mapping[str, Any]], Result],
    *,
    is_idempotent: bool = False,
) -> OperationHandler:
    """Return the handler of an operation on lineage events."""
    return OperationHandler(
        operation,
        lambda service, region, parameters: handle(service.lineage, region, parameters),
        is_idempotent=is_idempotent,
    )


_HANDLERS: Mapping[str, OperationHandler] = {
    handler.operation: handler
    for handler in (
        OperationHandler(POST, Service.post_points),
        OperationHandler("ListTimeSeriesDataPoints", Service.list_points),
        OperationHandler("GetTimeSeriesDataPoint", Service.get_point),
        OperationHandler(DELETE, Service.delete_points),
        OperationHandler("GetFormType", Service.get_form_type),
        _asset_handler(
            "CreateAsset",
            CatalogueOperations.create_asset,
            needs_catalogue=False,
            is_idempotent=True,
        ),
        _asset_handler(
            "CreateAssetRevision", CatalogueOperations.create_asset_revision, is_idempotent=True
        ),
        _asset_handler(
            "CreateListingChangeSet",
            CatalogueOperations.create_listing_change_set,
            is_idempotent=True,
        ),
        _asset_handler("ListAssetRevisions", CatalogueOperations.list_asset_revisions),
        _asset_handler("SearchListings", CatalogueOperations.search_listings),
        _asset_handler("Search", CatalogueOperations.search),
        _asset_handler("GetAsset", CatalogueOperations.get_asset),
        _asset_handler("GetListing", CatalogueOperations.get_listing),
        _lineage_handler("PostLineageEvent", Lineage.post_event, is_idempotent=True),
        _lineage_handler("ListLineageEvents", Lineage.list_events),
        _lineage_handler("GetLineageEvent", Lineage.get_event),
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
