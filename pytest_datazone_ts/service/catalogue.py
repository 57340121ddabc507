"""The catalogue: the assets of all domains, their revisions and their listings."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pytest_datazone_ts import location
from pytest_datazone_ts.service.asset import Asset, Listing
from pytest_datazone_ts.service.error import ServiceError, not_found

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pytest_datazone_ts.service.identifiers import Identifiers

__tracebackhide__: location.Predicate = location.raised_on_purpose


class Catalogue:
    """The assets of each domain, as the test added them and the API changed them.

    Args:
        identifiers: Generates the ids of new assets and listings.
    """

    def __init__(self, identifiers: Identifiers) -> None:
        self._identifiers = identifiers
        self._assets: dict[tuple[str, str], dict[str, Asset]] = {}
        """The revisions of each asset, the latest last, by domain and id."""
        self._listings: dict[tuple[str, str], dict[str, Listing]] = {}
        """The revisions of each listing, the latest last, by domain and id."""
        self._listing_identifiers: dict[tuple[str, str], str] = {}
        """The id of each asset's listing, by domain and id of the asset."""
        self._domains: set[str] = set()
        self._lock = threading.RLock()

    def is_empty(self) -> bool:
        """Return whether no domain has an asset."""
        return not self._assets

    def add(self, asset: Asset, *, published: bool, listing_identifier: str | None) -> None:
        """Add an asset, or replace the one with the same identifier and its listing.

        Args:
            asset: The only revision of the asset.
            published: Whether the asset has a listing.
            listing_identifier: The id of the listing; ``None`` for a new one.

        Raises:
            ValueError: Another asset has this listing.
        """
        domain, identifier = asset.domain_identifier, asset.entity_identifier
        with self._lock:
            listed = self.listed_asset(domain, listing_identifier or "")
            if listed not in {None, identifier}:
                message = (
                    f"add_asset(listing_identifier={listing_identifier!r}): this is already the "
                    f"listing of asset {listed!r}. Give each asset its own, or none"
                )
                raise ValueError(message)
            before = self._listing_identifiers.pop((domain, identifier), None)
            if before is not None:
                del self._listings[domain, before]
            self._assets[domain, identifier] = {asset.revision: asset}
            if published:
                if listing_identifier is not None:
                    self._listing_identifiers[domain, identifier] = listing_identifier
                self.publish(asset, at=asset.created_at)
            # Last, because from here on the domain has no other entities.
            self._domains.add(domain)

    def create(self, asset: Asset) -> Asset:
        """Add an asset with a new id.

        Raises:
            ServiceError: Another asset of the domain has its external identifier.
        """
        external = asset.external_identifier
        with self._lock:
            if external is not None and any(
                (each.domain_identifier, each.external_identifier)
                == (asset.domain_identifier, external)
                for each in self.assets()
            ):
                message = f"An asset with the externalIdentifier '{external}' already exists."
                raise ServiceError("ConflictException", message)
            created = asset._replace(entity_identifier=self._identifiers.next())
            self.add(created, published=False, listing_identifier=None)
            return created

    def revise(self, asset: Asset) -> Asset:
        """Add a revision to an asset."""
        with self._lock:
            revisions = self._assets[asset.domain_identifier, asset.entity_identifier]
            revised = asset._replace(revision=str(int([*revisions][-1]) + 1))
            revisions[revised.revision] = revised
        return revised

    def publish(self, asset: Asset, *, at: datetime) -> Listing:
        """Publish a revision of an asset in its listing."""
        key = (asset.domain_identifier, asset.entity_identifier)
        with self._lock:
            if key not in self._listing_identifiers:
                self._listing_identifiers[key] = self._identifiers.next()
            listing = Listing(
                identifier=self._listing_identifiers[key],
                revision="1",
                asset=asset,
                is_active=True,
                created_at=at,
                updated_at=at,
            )
            return self._list(listing)

    def unpublish(self, asset: Asset, *, at: datetime) -> Listing:
        """Make the listing of an asset inactive.

        Raises:
            ServiceError: The asset was never published.
        """
        with self._lock:
            listing = self.listing_of(asset)
            if listing is None:
                reason = f"asset '{asset.entity_identifier}' was never published"
                raise not_found("Listing", reason)
            return self._list(listing._replace(is_active=False, updated_at=at))

    def _list(self, listing: Listing) -> Listing:
        revisions = self._listings.setdefault(
            (listing.asset.domain_identifier, listing.identifier), {}
        )
        if revisions:
            latest = [*revisions.values()][-1]
            listing = listing._replace(
                revision=str(int(latest.revision) + 1), created_at=latest.created_at
            )
        revisions[listing.revision] = listing
        return listing

    def clear(self) -> None:
        """Remove every asset."""
        with self._lock:
            self._assets.clear()
            self._listings.clear()
            self._listing_identifiers.clear()
            self._domains.clear()

    def assets(self) -> Sequence[Asset]:
        """Return the latest revision of each asset, in the order added."""
        with self._lock:
            return [[*revisions.values()][-1] for revisions in self._assets.values()]

    def revisions(self, domain: str, identifier: str) -> Sequence[Asset]:
        """Return the revisions of an asset, latest first.

        Raises:
            ServiceError: There is no such asset.
        """
        with self._lock:
            revisions = self._assets.get((domain, identifier))
            if revisions is None:
                raise _not_found("Asset", identifier, domain)
            return [*revisions.values()][::-1]

    def asset(self, domain: str, identifier: str, revision: str | None) -> Asset:
        """Return a revision of an asset, the latest if ``revision`` is ``None``.

        Raises:
            ServiceError: There is no such asset, or it has no such revision.
        """
        for asset in self.revisions(domain, identifier):
            if revision in {None, asset.revision}:
                return asset
        raise not_found("Asset", f"asset '{identifier}' has no revision '{revision}'")

    def listing(self, domain: str, identifier: str, revision: str | None) -> Listing:
        """Return a revision of a listing, the latest if ``revision`` is ``None``.

        Raises:
            ServiceError: There is no such listing, or it has no such revision.
        """
        with self._lock:
            revisions = self._listings.get((domain, identifier))
            if revisions is None:
                raise _not_found("Listing", identifier, domain)
            listing = revisions.get(revision or [*revisions][-1])
        if listing is None:
            raise not_found("Listing", f"listing '{identifier}' has no revision '{revision}'")
        return listing

    def listing_of(self, asset: Asset) -> Listing | None:
        """Return the listing of an asset, or ``None`` if it was never published."""
        domain = asset.domain_identifier
        with self._lock:
            identifier = self._listing_identifiers.get((domain, asset.entity_identifier))
            return None if identifier is None else self.listing(domain, identifier, None)

    def listed_asset(self, domain: str, listing: str) -> str | None:
        """Return the id of the asset of a listing, or ``None`` for an unknown listing."""
        revisions = self._listings.get((domain, listing))
        return next(iter(revisions.values())).asset.entity_identifier if revisions else None

    def require(self, domain: str, entity_type: str, identifier: str) -> None:
        """Check that an entity exists. In a domain without assets, every entity exists.

        Raises:
            ServiceError: A ``ResourceNotFoundException``.
        """
        if domain in self._domains:
            exists = (
                (domain, identifier) in self._listings
                if entity_type == "LISTING"
                else (domain, identifier) in self._assets
            )
            if not exists:
                raise _not_found(entity_type.capitalize(), identifier, domain)


def _not_found(kind: str, identifier: str, domain: str) -> ServiceError:
    reason = f"the catalogue of domain '{domain}' has no {kind.lower()} '{identifier}'"
    return not_found(kind, reason)
