"""Assets and listings in boto3's form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.service.search import AWS_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_datazone_ts.records import DataPoint
    from pytest_datazone_ts.service.asset import Asset, Listing
    from pytest_datazone_ts.service.catalogue import Catalogue
    from pytest_datazone_ts.service.store import Store

    Summarize = Callable[[DataPoint], dict[str, Any]]
    """Returns the summary of a data point, in boto3's form."""


class CatalogueOutput:
    """Returns the assets and listings of a catalogue as the outputs of operations.

    Args:
        catalogue: The catalogue.
        store: The store of the data points that assets and listings show.
        summarize: Returns the summary of a data point.
    """

    def __init__(self, catalogue: Catalogue, store: Store, summarize: Summarize) -> None:
        self._catalogue = catalogue
        self._store = store
        self._summarize = summarize

    def listing(self, region: str, listing: Listing) -> dict[str, Any]:
        """Return the output of GetListing."""
        asset = listing.asset
        return {
            "domainId": asset.domain_identifier,
            "id": listing.identifier,
            "listingRevision": listing.revision,
            "createdAt": listing.created_at,
            "updatedAt": listing.updated_at,
            "name": asset.name,
            **_description(asset),
            "status": status(listing),
            "item": {
                "assetListing": {
                    "assetId": asset.entity_identifier,
                    "assetRevision": asset.revision,
                    "assetType": _listed_type(asset),
                    "createdAt": asset.created_at,
                    "forms": _listed_forms(asset),
                    "latestTimeSeriesDataPointForms": self._listing_forms(region, listing),
                    "owningProjectId": asset.owning_project_identifier,
                }
            },
        }

    def listing_item(
        self, region: str, listing: Listing, attributes: Iterable[str]
    ) -> dict[str, Any]:
        """Return an item of SearchListings."""
        asset = listing.asset
        additional: dict[str, Any] = {}
        if "FORMS" in attributes:
            additional["forms"] = _listed_forms(asset)
        if "TIME_SERIES_DATA_POINT_FORMS" in attributes:
            additional["latestTimeSeriesDataPointForms"] = self._listing_forms(region, listing)
        return {
            "listingId": listing.identifier,
            "listingRevision": listing.revision,
            "name": asset.name,
            "entityId": asset.entity_identifier,
            "entityRevision": asset.revision,
            "entityType": _listed_type(asset),
            **_description(asset),
            # Listings have the names of the terms, of which the double knows only the ids.
            **({} if asset.glossary_terms else {"glossaryTerms": []}),
            "createdAt": listing.created_at,
            "owningProjectId": asset.owning_project_identifier,
            **({"additionalAttributes": additional} if additional else {}),
        }

    def asset_item(self, region: str, asset: Asset, attributes: Iterable[str]) -> dict[str, Any]:
        """Return an item of Search."""
        additional: dict[str, Any] = {}
        if "FORMS" in attributes:
            additional["formsOutput"] = _forms_output(asset)
        if "TIME_SERIES_DATA_POINT_FORMS" in attributes:
            additional["latestTimeSeriesDataPointFormsOutput"] = self._asset_forms(region, asset)
        return {
            "identifier": asset.entity_identifier,
            **_common_members(asset),
            **({"additionalAttributes": additional} if additional else {}),
        }

    def asset(self, region: str, asset: Asset) -> dict[str, Any]:
        """Return the output of GetAsset."""
        output = {
            "id": asset.entity_identifier,
            **_common_members(asset),
            "revision": asset.revision,
            "formsOutput": _forms_output(asset),
            "readOnlyFormsOutput": [],
            "latestTimeSeriesDataPointFormsOutput": self._asset_forms(region, asset),
        }
        listing = self._catalogue.listing_of(asset)
        if listing is not None:
            output["listing"] = {
                "listingId": listing.identifier,
                "listingStatus": status(listing),
            }
        return output

    def _asset_forms(self, region: str, asset: Asset) -> list[dict[str, Any]]:
        """Return a summary of the latest point of each form posted to the asset."""
        points = self._store.latest(
            region, asset.domain_identifier, "ASSET", asset.entity_identifier
        )
        return [self._summarize(point) for point in points]

    def _listing_forms(self, region: str, listing: Listing) -> list[dict[str, Any]]:
        """Return the same for a listing: points posted to it take precedence over the asset's."""
        asset = listing.asset
        forms = {form["formName"]: form for form in self._asset_forms(region, asset)}
        for point in self._store.latest(
            region, asset.domain_identifier, "LISTING", listing.identifier
        ):
            forms[point.form_name] = self._summarize(point)
        return list(forms.values())


def _common_members(asset: Asset) -> dict[str, Any]:
    external = asset.external_identifier
    terms = asset.glossary_terms
    return {
        "name": asset.name,
        "domainId": asset.domain_identifier,
        "typeIdentifier": asset.type_identifier,
        "typeRevision": asset.type_revision,
        **({} if external is None else {"externalIdentifier": external}),
        **_description(asset),
        **({"glossaryTerms": [*terms]} if terms else {}),
        "createdAt": asset.created_at,
        "firstRevisionCreatedAt": asset.first_created_at,
        "owningProjectId": asset.owning_project_identifier,
    }


def _description(asset: Asset) -> dict[str, str]:
    return {} if asset.description is None else {"description": asset.description}


def status(listing: Listing) -> str:
    """Return the status of a listing."""
    return "ACTIVE" if listing.is_active else "INACTIVE"


def _forms_output(asset: Asset) -> list[dict[str, str]]:
    return [
        {
            "formName": name,
            "typeName": form.type_identifier,
            "typeRevision": form.type_revision,
            "content": form.content,
        }
        for name, form in asset.forms.items()
    ]


def _listed_type(asset: Asset) -> str:
    return asset.type_identifier.removeprefix(AWS_PREFIX)


def _listed_forms(asset: Asset) -> str:
    return json.dumps({name: form.value for name, form in asset.forms.items()})
