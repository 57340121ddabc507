"""The operations on the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_datazone_ts import location
from pytest_datazone_ts.service import pages
from pytest_datazone_ts.service.asset import (
    Asset,
    Form,
    check_arguments,
    default_form_type,
    plain_forms,
    plain_revisions,
)
from pytest_datazone_ts.service.catalogue import Catalogue
from pytest_datazone_ts.service.catalogue_output import CatalogueOutput, status
from pytest_datazone_ts.service.result import Result
from pytest_datazone_ts.service.search import Candidate, Search
from pytest_datazone_ts.service.unanswered import unimplemented

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_datazone_ts.clock import Clock
    from pytest_datazone_ts.service.catalogue_output import Summarize
    from pytest_datazone_ts.service.form_types import FormTypes
    from pytest_datazone_ts.service.identifiers import Identifiers
    from pytest_datazone_ts.service.store import Store

__tracebackhide__: location.Predicate = location.raised_on_purpose


class CatalogueOperations:
    """Handles the operations on the catalogue.

    Args:
        clock: The clock that provides the times of assets and listings.
        store: The store of the data points that assets and listings show.
        form_types: The form types, with their revisions.
        identifiers: Generates the ids of new assets and listings, and tokens.
        summarize: Returns the summary of a data point.
    """

    def __init__(
        self,
        clock: Clock,
        store: Store,
        form_types: FormTypes,
        identifiers: Identifiers,
        summarize: Summarize,
    ) -> None:
        self.catalogue: Catalogue = Catalogue(identifiers)
        self._output = CatalogueOutput(self.catalogue, store, summarize)
        self._clock = clock
        self._form_types = form_types
        self._pages = pages.Pages(identifiers)

    def add(self, *, forms: object, form_type_revisions: object, **arguments: Any) -> None:
        """Add an asset as described by the arguments of ``add_asset``.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: DataZone would reject an argument, or two arguments contradict each other.
        """
        contents = plain_forms(forms)
        revisions = plain_revisions(form_type_revisions, contents)
        check_arguments({**arguments, "forms": contents, "form_type_revisions": revisions})
        published, listing = arguments.pop("published"), arguments.pop("listing_identifier")
        now = self._clock.now()
        asset = Asset(
            **arguments,
            forms={
                name: self._form(default_form_type(name), revisions.get(name), content)
                for name, content in contents.items()
            },
            created_at=now,
            first_created_at=now,
        )
        self.catalogue.add(asset, published=published, listing_identifier=listing)

    def clear(self) -> None:
        """Remove every asset."""
        self.catalogue.clear()
        self._pages.clear()

    def create_asset(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``CreateAsset``."""
        self._require_implemented("CreateAsset", parameters)
        now = self._clock.now()
        asset = self.catalogue.create(
            Asset(
                entity_identifier="",
                domain_identifier=parameters["domainIdentifier"],
                name=parameters["name"],
                forms=self._forms(parameters),
                description=parameters.get("description"),
                type_identifier=parameters["typeIdentifier"],
                type_revision=parameters.get("typeRevision", "1"),
                external_identifier=parameters.get("externalIdentifier"),
                owning_project_identifier=parameters["owningProjectIdentifier"],
                glossary_terms=tuple(parameters.get("glossaryTerms", ())),
                revision="1",
                created_at=now,
                first_created_at=now,
            )
        )
        return Result(self._output.asset(region, asset))

    def create_asset_revision(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``CreateAssetRevision``: add a revision with the members of the request."""
        self._require_implemented("CreateAssetRevision", parameters)
        asset = self._asset(parameters, None)
        revised = asset._replace(
            name=parameters["name"],
            forms=self._forms(parameters),
            description=parameters.get("description"),
            type_revision=parameters.get("typeRevision", asset.type_revision),
            glossary_terms=tuple(parameters.get("glossaryTerms", ())),
            created_at=self._clock.now(),
        )
        return Result(self._output.asset(region, self.catalogue.revise(revised)))

    def list_asset_revisions(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``ListAssetRevisions``: return a page of revisions, latest first."""
        revisions = self.catalogue.revisions(
            parameters["domainIdentifier"], parameters["identifier"]
        )
        items = [
            {
                "domainId": asset.domain_identifier,
                "id": asset.entity_identifier,
                "revision": asset.revision,
                "createdAt": asset.created_at,
            }
            for asset in revisions
        ]
        return Result(self._pages.page(region, parameters, items).output)

    def create_listing_change_set(self, _region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``CreateListingChangeSet``: publish a revision of an asset, or unpublish it."""
        if parameters["entityType"] != "ASSET":
            raise unimplemented(
                "CreateListingChangeSet", f"entityType={parameters['entityType']!r}"
            )
        asset = self.catalogue.asset(
            parameters["domainIdentifier"],
            parameters["entityIdentifier"],
            parameters.get("entityRevision"),
        )
        now = self._clock.now()
        if parameters["action"] == "PUBLISH":
            listing = self.catalogue.publish(asset, at=now)
        else:
            listing = self.catalogue.unpublish(asset, at=now)
        return Result(
            {
                "listingId": listing.identifier,
                "listingRevision": listing.revision,
                "status": status(listing),
            }
        )

    def search(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``Search``: return the assets that match, published or not."""
        candidates = [Candidate(asset) for asset in self.catalogue.assets()]
        found = Search("Search", parameters).run(candidates)
        attributes = parameters.get("additionalAttributes", ())
        items = [
            {"assetItem": self._output.asset_item(region, candidate.asset, attributes)}
            for candidate in found.matches
        ]
        return self._found(region, parameters, items, found.reason)

    def search_listings(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``SearchListings``: return the listings that match."""
        candidates = [self._listed(asset) for asset in self.catalogue.assets()]
        found = Search("SearchListings", parameters).run(candidates)
        attributes = parameters.get("additionalAttributes", ())
        items = [
            {"assetListing": self._output.listing_item(region, candidate.listing, attributes)}
            for candidate in found.matches
            if candidate.listing is not None
        ]
        return self._found(region, parameters, items, found.reason)

    def get_asset(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``GetAsset``."""
        asset = self._asset(parameters, parameters.get("revision"))
        return Result(self._output.asset(region, asset))

    def get_listing(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``GetListing``."""
        listing = self.catalogue.listing(
            parameters["domainIdentifier"],
            parameters["identifier"],
            parameters.get("listingRevision"),
        )
        return Result(self._output.listing(region, listing))

    def _asset(self, parameters: Mapping[str, Any], revision: str | None) -> Asset:
        return self.catalogue.asset(
            parameters["domainIdentifier"], parameters["identifier"], revision
        )

    def _listed(self, asset: Asset) -> Candidate:
        """Return an asset as it was published, as a candidate for a search of listings."""
        listing = self.catalogue.listing_of(asset)
        if listing is None or not listing.is_active:
            return Candidate(asset)
        return Candidate(listing.asset, listing)

    def _forms(self, parameters: Mapping[str, Any]) -> dict[str, Form]:
        return {
            form["formName"]: self._form(
                form.get("typeIdentifier", default_form_type(form["formName"])),
                form.get("typeRevision"),
                form.get("content", "{}"),
            )
            for form in parameters.get("formsInput", ())
        }

    def _form(self, type_identifier: str, revision: str | None, content: str) -> Form:
        return Form(type_identifier, self._form_types.use(type_identifier, revision), content)

    def _found(
        self,
        region: str,
        parameters: Mapping[str, Any],
        items: Sequence[Mapping[str, Any]],
        reason: str | None,
    ) -> Result:
        page = self._pages.page(region, parameters, items)
        output = {**page.output, "totalMatchCount": page.total}
        return Result(output, reason=None if page.total else reason)

    @staticmethod
    def _require_implemented(operation: str, parameters: Mapping[str, Any]) -> None:
        """Reject parameters that the double would ignore, including those of newer API versions."""
        for name in parameters:
            if name not in _IMPLEMENTED:
                raise unimplemented(operation, f"the parameter {name!r}")
        names = [form["formName"] for form in parameters.get("formsInput", ())]
        if len({*names}) < len(names):
            raise unimplemented(operation, f"two forms with the same name in formsInput: {names}")


_IMPLEMENTED = {
    "clientToken",
    "description",
    "domainIdentifier",
    "externalIdentifier",
    "formsInput",
    "glossaryTerms",
    "identifier",
    "name",
    "owningProjectIdentifier",
    "typeIdentifier",
    "typeRevision",
}
