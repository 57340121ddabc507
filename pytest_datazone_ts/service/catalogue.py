"""The catalogue: assets and their listings, and the operations that return them."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.errors import UnansweredOperationError
from pytest_datazone_ts.service import pages
from pytest_datazone_ts.service.error import ServiceError
from pytest_datazone_ts.service.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_datazone_ts.records import DataPoint
    from pytest_datazone_ts.service.asset import Asset

REVISION = "1"
"""The only revision of each asset and listing."""


class Catalogue:
    """The assets that a test added.

    Args:
        latest: Returns the newest data point of each form, for a region, a domain, an entity
            type and an entity.
        summarize: Returns the summary of a data point, in boto3's form.
    """

    def __init__(
        self,
        latest: Callable[[str, str, str, str], Iterable[DataPoint]],
        summarize: Callable[[DataPoint], dict[str, Any]],
    ) -> None:
        self._latest = latest
        self._summarize = summarize
        self._assets: dict[tuple[str, str], Asset] = {}
        self._listings: dict[tuple[str, str], Asset] = {}
        self._domains: set[str] = set()
        self._pages = pages.Pages()
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._assets)

    def add(self, asset: Asset) -> None:
        """Add an asset, or replace the one with the same identifier.

        Raises:
            ValueError: The listing is that of another asset.
        """
        domain = asset.domain_identifier
        with self._lock:
            listed = self._listings.get((domain, asset.listing_identifier or ""))
            if listed is not None and listed.entity_identifier != asset.entity_identifier:
                message = (
                    f"add_asset(listing_identifier={asset.listing_identifier!r}): this is "
                    f"already the listing of asset {listed.entity_identifier!r}. Give each asset "
                    "its own, or none"
                )
                raise ValueError(message)
            before = self._assets.get((domain, asset.entity_identifier))
            if before is not None and before.listing_identifier is not None:
                del self._listings[domain, before.listing_identifier]
            self._assets[domain, asset.entity_identifier] = asset
            if asset.listing_identifier is not None:
                self._listings[domain, asset.listing_identifier] = asset
            # Last, because from here on the domain has no other entities.
            self._domains.add(domain)

    def clear(self) -> None:
        """Remove every asset."""
        with self._lock:
            self._assets.clear()
            self._listings.clear()
            self._domains.clear()
            self._pages.clear()

    def require(self, domain: str, entity_type: str, identifier: str) -> None:
        """Check that an entity exists. In a domain without assets, every entity exists.

        Raises:
            ServiceError: A ``ResourceNotFoundException``.
        """
        if domain in self._domains:
            entities = self._listings if entity_type == "LISTING" else self._assets
            if (domain, identifier) not in entities:
                raise _not_found(entity_type.capitalize(), identifier, domain)

    def search_listings(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``SearchListings``: return the published assets that match ``searchText``."""
        _require_implemented("SearchListings", parameters)
        matches = [asset for asset in self._matches(parameters) if asset.listing_identifier]
        attributes = parameters.get("additionalAttributes", ())
        return self._page(
            region,
            parameters,
            [{"assetListing": self._listing_item(region, asset, attributes)} for asset in matches],
        )

    def search(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``Search``: return the assets that match ``searchText``, published or not."""
        _require_implemented("Search", parameters)
        scope = parameters["searchScope"]
        if scope != "ASSET":
            raise _unimplemented(
                "Search", f"searchScope={scope!r}: its catalogue holds assets only"
            )
        owner = parameters.get("owningProjectIdentifier")
        matches = [
            asset
            for asset in self._matches(parameters)
            if owner in (None, asset.owning_project_identifier)
        ]
        attributes = parameters.get("additionalAttributes", ())
        return self._page(
            region,
            parameters,
            [{"assetItem": self._asset_item(region, asset, attributes)} for asset in matches],
        )

    def get_asset(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``GetAsset``."""
        domain, identifier = parameters["domainIdentifier"], parameters["identifier"]
        asset = self._assets.get((domain, identifier))
        if asset is None:
            raise _not_found("Asset", identifier, domain)
        _require_revision("asset", identifier, parameters.get("revision", REVISION))
        output = {
            "id": asset.entity_identifier,
            **_common_members(asset),
            "revision": REVISION,
            "formsOutput": _forms_output(asset),
            "latestTimeSeriesDataPointFormsOutput": self._asset_forms(region, asset),
        }
        if asset.listing_identifier is not None:
            output["listing"] = {"listingId": asset.listing_identifier, "listingStatus": "ACTIVE"}
        return Result(output)

    def get_listing(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``GetListing``."""
        domain, identifier = parameters["domainIdentifier"], parameters["identifier"]
        asset = self._listings.get((domain, identifier))
        if asset is None:
            raise _not_found("Listing", identifier, domain)
        _require_revision("listing", identifier, parameters.get("listingRevision", REVISION))
        return Result(
            {
                "domainId": domain,
                "id": identifier,
                "listingRevision": REVISION,
                "createdAt": asset.created_at,
                "updatedAt": asset.created_at,
                "name": asset.name,
                **_description(asset),
                "status": "ACTIVE",
                "item": {
                    "assetListing": {
                        "assetId": asset.entity_identifier,
                        "assetRevision": REVISION,
                        "assetType": asset.type_identifier,
                        "createdAt": asset.created_at,
                        "forms": json.dumps(asset.forms),
                        "latestTimeSeriesDataPointForms": self._listing_forms(region, asset),
                        "owningProjectId": asset.owning_project_identifier,
                    }
                },
            }
        )

    def _matches(self, parameters: Mapping[str, Any]) -> list[Asset]:
        """Return the assets of a domain that contain every word of ``searchText``."""
        words = parameters.get("searchText", "").casefold().split()
        with self._lock:
            assets = tuple(self._assets.values())
        return [
            asset
            for asset in assets
            if asset.domain_identifier == parameters["domainIdentifier"]
            and all(word in _searchable_text(asset) for word in words)
        ]

    def _page(
        self, region: str, parameters: Mapping[str, Any], items: list[dict[str, Any]]
    ) -> Result:
        start = self._pages.position(region, parameters) or 0
        end = start + pages.page_size(parameters)
        output: dict[str, Any] = {"items": items[start:end], "totalMatchCount": len(items)}
        if end < len(items):
            output["nextToken"] = self._pages.issue_token(region, parameters, end)
        return Result(output)

    def _listing_item(self, region: str, asset: Asset, attributes: Iterable[str]) -> dict[str, Any]:
        additional: dict[str, Any] = {}
        if "FORMS" in attributes:
            additional["forms"] = json.dumps(asset.forms)
        if "TIME_SERIES_DATA_POINT_FORMS" in attributes:
            additional["latestTimeSeriesDataPointForms"] = self._listing_forms(region, asset)
        return {
            "listingId": asset.listing_identifier,
            "listingRevision": REVISION,
            "name": asset.name,
            "entityId": asset.entity_identifier,
            "entityRevision": REVISION,
            "entityType": asset.type_identifier,
            **_description(asset),
            "createdAt": asset.created_at,
            "owningProjectId": asset.owning_project_identifier,
            "additionalAttributes": additional,
        }

    def _asset_item(self, region: str, asset: Asset, attributes: Iterable[str]) -> dict[str, Any]:
        additional: dict[str, Any] = {}
        if "FORMS" in attributes:
            additional["formsOutput"] = _forms_output(asset)
        if "TIME_SERIES_DATA_POINT_FORMS" in attributes:
            additional["latestTimeSeriesDataPointFormsOutput"] = self._asset_forms(region, asset)
        return {
            "identifier": asset.entity_identifier,
            **_common_members(asset),
            "additionalAttributes": additional,
        }

    def _asset_forms(self, region: str, asset: Asset) -> list[dict[str, Any]]:
        """Return a summary of the latest point of each form posted to the asset."""
        return [
            self._summarize(point)
            for point in self._latest(
                region, asset.domain_identifier, "ASSET", asset.entity_identifier
            )
        ]

    def _listing_forms(self, region: str, asset: Asset) -> list[dict[str, Any]]:
        """Return the same for a listing, whose own points take precedence over the asset's."""
        forms = {form["formName"]: form for form in self._asset_forms(region, asset)}
        listing = asset.listing_identifier or ""
        for point in self._latest(region, asset.domain_identifier, "LISTING", listing):
            forms[point.form_name] = self._summarize(point)
        return list(forms.values())


def _common_members(asset: Asset) -> dict[str, Any]:
    external = asset.external_identifier
    return {
        "name": asset.name,
        "domainId": asset.domain_identifier,
        "typeIdentifier": asset.type_identifier,
        "typeRevision": REVISION,
        **({} if external is None else {"externalIdentifier": external}),
        **_description(asset),
        "createdAt": asset.created_at,
        "firstRevisionCreatedAt": asset.created_at,
        "owningProjectId": asset.owning_project_identifier,
    }


def _description(asset: Asset) -> dict[str, str]:
    return {} if asset.description is None else {"description": asset.description}


def _forms_output(asset: Asset) -> list[dict[str, str]]:
    return [
        {
            "formName": name,
            "typeName": f"amazon.datazone.{name}Type",
            "typeRevision": REVISION,
            "content": json.dumps(content),
        }
        for name, content in asset.forms.items()
    ]


def _searchable_text(asset: Asset) -> str:
    """Return the text to search in; AWS does not document which fields it searches."""
    return "\n".join(
        [
            asset.name,
            asset.description or "",
            asset.external_identifier or "",
            *_values(asset.forms),
        ]
    ).casefold()


def _values(content: object) -> Iterator[str]:
    """Yield the values in a form's content, and not its keys, which all forms of a type share."""
    if isinstance(content, (dict, list)):
        for item in content.values() if isinstance(content, dict) else content:
            yield from _values(item)
    else:
        yield str(content)


def _require_implemented(operation: str, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters that the double does not implement, also those of newer API versions."""
    for name in parameters:
        if name not in _IMPLEMENTED_PARAMETERS:
            raise _unimplemented(operation, f"the parameter {name!r}")
    for attribute in parameters.get("additionalAttributes", ()):
        if attribute not in ("FORMS", "TIME_SERIES_DATA_POINT_FORMS"):
            raise _unimplemented(operation, f"additionalAttributes=[{attribute!r}]")


_IMPLEMENTED_PARAMETERS = (
    "domainIdentifier",
    "searchScope",
    "searchText",
    "owningProjectIdentifier",
    "additionalAttributes",
    "maxResults",
    "nextToken",
)


def _unimplemented(operation: str, feature: str) -> UnansweredOperationError:
    return UnansweredOperationError(
        f"the double's {operation} does not implement {feature}. Answer the call in the test "
        f"instead: datazone_ts.respond({operation!r}, {{'items': [...]}})"
    )


def _not_found(kind: str, identifier: str, domain: str) -> ServiceError:
    return ServiceError(
        "ResourceNotFoundException", f"{kind} '{identifier}' not found in domain '{domain}'"
    )


def _require_revision(kind: str, identifier: str, revision: str) -> None:
    if revision != REVISION:
        raise ServiceError(
            "ResourceNotFoundException", f"Revision '{revision}' of {kind} '{identifier}' not found"
        )
