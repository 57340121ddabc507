"""The catalogue: assets and their listings, and the operations that find and describe them."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts import origin
from pytest_datazone_ts.errors import UnansweredOperationError
from pytest_datazone_ts.service import model, pages, validation
from pytest_datazone_ts.service.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from pytest_datazone_ts.records import DataPoint
    from pytest_datazone_ts.service.model import Shape

__tracebackhide__: origin.Hides = origin.hides_frames

REVISION = "1"
"""Assets and listings of the catalogue have this one revision."""


@dataclass(frozen=True, kw_only=True)
class Asset:
    """An asset of a domain's catalogue, with its listing if it is published."""

    entity_identifier: str
    domain_identifier: str
    name: str
    forms: dict[str, Any]
    """The content of each metadata form, by the form's name: plain JSON."""
    listing_identifier: str | None
    description: str | None
    type_identifier: str
    external_identifier: str | None
    owning_project_identifier: str
    created_at: datetime

    def __post_init__(self) -> None:
        """Refuse what an asset of Amazon DataZone could not have."""
        shape = _arguments()
        given = {name: value for name, value in asdict(self).items() if value is not None}
        for name, member in shape.members.items():
            if member.type_name == "string" and not isinstance(given.get(name, ""), str):
                message = f"add_asset({name}=...) takes a string, not {given[name]!r}"
                raise TypeError(message)
        wrong = validation.message(_constraints(), given)
        if wrong is not None:
            message = f"add_asset() got what no asset of Amazon DataZone can have: {wrong}"
            raise ValueError(message)


class Catalogue:
    """Every asset that a test added."""

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
        """Put an asset in the catalogue; it replaces one with the same identifier."""
        domain = asset.domain_identifier
        with self._lock:
            listed = self._listings.get((domain, asset.listing_identifier or ""))
            if listed is not None and listed.entity_identifier != asset.entity_identifier:
                message = (
                    f"add_asset(listing_identifier={asset.listing_identifier!r}): that is the "
                    f"listing of asset {listed.entity_identifier!r} already. Give each asset its "
                    "own, or none"
                )
                raise ValueError(message)
            before = self._assets.get((domain, asset.entity_identifier))
            if before is not None and before.listing_identifier is not None:
                del self._listings[domain, before.listing_identifier]
            self._assets[domain, asset.entity_identifier] = asset
            if asset.listing_identifier is not None:
                self._listings[domain, asset.listing_identifier] = asset
            # Last: from here on, the domain has no other entities.
            self._domains.add(domain)

    def clear(self) -> None:
        """Forget every asset."""
        with self._lock:
            self._assets.clear()
            self._listings.clear()
            self._domains.clear()
            self._pages.clear()

    def require(self, domain: str, entity_type: str, identifier: str) -> None:
        """Refuse an entity that a domain with assets does not have."""
        if domain in self._domains:
            found = self._listings if entity_type == "LISTING" else self._assets
            if (domain, identifier) not in found:
                raise _not_found(entity_type.capitalize(), identifier, domain)

    def search_listings(self, region: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """SearchListings: the published assets that ``searchText`` finds."""
        _require_implemented("SearchListings", parameters)
        found = [asset for asset in self._found(parameters) if asset.listing_identifier is not None]
        attributes = parameters.get("additionalAttributes", ())
        return self._page(
            region,
            parameters,
            [{"assetListing": self._listing_item(region, asset, attributes)} for asset in found],
        )

    def search(self, region: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Search: the assets, published or not, that ``searchText`` finds."""
        _require_implemented("Search", parameters)
        scope = parameters["searchScope"]
        if scope != "ASSET":
            raise _unimplemented(
                "Search", f"searchScope={scope!r}: its catalogue holds assets only"
            )
        owner = parameters.get("owningProjectIdentifier")
        found = [
            asset
            for asset in self._found(parameters)
            if owner in (None, asset.owning_project_identifier)
        ]
        attributes = parameters.get("additionalAttributes", ())
        return self._page(
            region,
            parameters,
            [{"assetItem": self._asset_item(region, asset, attributes)} for asset in found],
        )

    def get_asset(self, region: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetAsset."""
        domain, identifier = parameters["domainIdentifier"], parameters["identifier"]
        asset = self._assets.get((domain, identifier))
        if asset is None:
            raise _not_found("Asset", identifier, domain)
        _require_revision("asset", identifier, parameters.get("revision", REVISION))
        output = {
            "id": asset.entity_identifier,
            **_asset(asset),
            "revision": REVISION,
            "formsOutput": _forms_output(asset),
            "latestTimeSeriesDataPointFormsOutput": self._asset_forms(region, asset),
        }
        if asset.listing_identifier is not None:
            output["listing"] = {"listingId": asset.listing_identifier, "listingStatus": "ACTIVE"}
        return output

    def get_listing(self, region: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetListing."""
        domain, identifier = parameters["domainIdentifier"], parameters["identifier"]
        asset = self._listings.get((domain, identifier))
        if asset is None:
            raise _not_found("Listing", identifier, domain)
        _require_revision("listing", identifier, parameters.get("listingRevision", REVISION))
        return {
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

    def _found(self, parameters: Mapping[str, Any]) -> list[Asset]:
        """Return a domain's assets in which every word of ``searchText`` occurs."""
        words = parameters.get("searchText", "").casefold().split()
        with self._lock:
            assets = tuple(self._assets.values())
        return [
            asset
            for asset in assets
            if asset.domain_identifier == parameters["domainIdentifier"]
            and all(word in _text(asset) for word in words)
        ]

    def _page(
        self, region: str, parameters: Mapping[str, Any], items: list[dict[str, Any]]
    ) -> dict[str, Any]:
        start = self._pages.position(region, parameters) or 0
        end = start + pages.size(parameters)
        output: dict[str, Any] = {"items": items[start:end], "totalMatchCount": len(items)}
        if end < len(items):
            output["nextToken"] = self._pages.token(region, parameters, end)
        return output

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
            **_asset(asset),
            "additionalAttributes": additional,
        }

    def _asset_forms(self, region: str, asset: Asset) -> list[dict[str, Any]]:
        """Return the latest point of each form posted to the asset."""
        return [
            self._summarize(point)
            for point in self._latest(
                region, asset.domain_identifier, "ASSET", asset.entity_identifier
            )
        ]

    def _listing_forms(self, region: str, asset: Asset) -> list[dict[str, Any]]:
        """Return the latest point of each form: the listing's own, else the asset's."""
        forms = {form["formName"]: form for form in self._asset_forms(region, asset)}
        listing = asset.listing_identifier or ""
        for point in self._latest(region, asset.domain_identifier, "LISTING", listing):
            forms[point.form_name] = self._summarize(point)
        return list(forms.values())


def _asset(asset: Asset) -> dict[str, Any]:
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


def _text(asset: Asset) -> str:
    """Return what ``searchText`` is looked for in; AWS does not document where it looks."""
    return "\n".join(
        [
            asset.name,
            asset.description or "",
            asset.external_identifier or "",
            *_values(asset.forms),
        ]
    ).casefold()


def _values(content: object) -> Iterator[str]:
    """Yield the values in a form's content: its keys are those of every form of its type."""
    if isinstance(content, (dict, list)):
        for item in content.values() if isinstance(content, dict) else content:
            yield from _values(item)
    else:
        yield str(content)


def _require_implemented(operation: str, parameters: Mapping[str, Any]) -> None:
    """Refuse, by name, whatever would be ignored; newer versions of the API may have more."""
    for name in parameters:
        if name not in _IMPLEMENTED:
            raise _unimplemented(operation, f"the parameter {name!r}")
    for attribute in parameters.get("additionalAttributes", ()):
        if attribute not in ("FORMS", "TIME_SERIES_DATA_POINT_FORMS"):
            raise _unimplemented(operation, f"additionalAttributes=[{attribute!r}]")


_IMPLEMENTED = (
    "domainIdentifier",
    "searchScope",
    "searchText",
    "owningProjectIdentifier",
    "additionalAttributes",
    "maxResults",
    "nextToken",
)


def _unimplemented(operation: str, what: str) -> UnansweredOperationError:
    return UnansweredOperationError(
        f"the double's {operation} does not implement {what}. Answer the call in the test "
        f"instead: datazone_ts.respond({operation!r}, {{'items': [...]}})"
    )


def _not_found(kind: str, identifier: str, domain: str) -> Refusal:
    return Refusal(
        "ResourceNotFoundException", f"{kind} '{identifier}' not found in domain '{domain}'"
    )


def _require_revision(kind: str, identifier: str, revision: str) -> None:
    if revision != REVISION:
        raise Refusal(
            "ResourceNotFoundException", f"Revision '{revision}' of {kind} '{identifier}' not found"
        )


def plain_forms(forms: object) -> dict[str, Any]:
    """Return a copy of the forms given to ``add_asset`` in plain JSON."""
    if not isinstance(forms, Mapping):
        message = f"add_asset(forms=...) takes the content of forms by their names, not {forms!r}"
        raise TypeError(message)
    for name, content in forms.items():
        if not isinstance(name, str) or not isinstance(content, Mapping):
            message = (
                f"add_asset(forms=...) takes the content of each form as a dict, such as "
                f"{{'GlueTableForm': {{'tableArn': '...'}}}}, not {{{name!r}: {content!r}}}"
            )
            raise TypeError(message)
    try:
        plain: dict[str, Any] = json.loads(
            json.dumps({name: dict(content) for name, content in forms.items()}, allow_nan=False)
        )
    except (TypeError, ValueError, RecursionError) as error:
        message = f"add_asset(forms=...) takes what JSON can hold: {error}"
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(message) from None
    return plain


@cache
def _constraints() -> validation.Check:
    return validation.check_of(_arguments())


@cache
def _arguments() -> Shape:
    """Return the constraints on ``add_asset``'s arguments: those of what GetAsset returns."""
    shape: Shape = model.operation("GetAsset").output
    output = shape.members
    forms = output["formsOutput"]
    return SimpleNamespace(
        type_name="structure",
        required_members=(
            "entity_identifier",
            "domain_identifier",
            "name",
            "type_identifier",
            "owning_project_identifier",
        ),
        members={
            "entity_identifier": output["id"],
            "domain_identifier": output["domainId"],
            "name": output["name"],
            "forms": SimpleNamespace(
                type_name="map",
                metadata=forms.metadata,
                key=forms.member.members["formName"],
                value=SimpleNamespace(type_name="document"),
            ),
            "listing_identifier": output["listing"].members["listingId"],
            "description": output["description"],
            "type_identifier": output["typeIdentifier"],
            "external_identifier": output["externalIdentifier"],
            "owning_project_identifier": output["owningProjectId"],
        },
    )
