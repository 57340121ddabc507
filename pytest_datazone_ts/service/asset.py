"""Assets of the catalogue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts import location
from pytest_datazone_ts.service import model, validation

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_datazone_ts.service.identifiers import Identifiers
    from pytest_datazone_ts.service.model import Shape

__tracebackhide__: location.Predicate = location.raised_on_purpose


@dataclass(frozen=True, kw_only=True)
class Asset:
    """An asset in a domain's catalogue, with its listing if it is published.

    Raises:
        TypeError: A value that must be a string is not one.
        ValueError: A value breaks a constraint in botocore's model.
    """

    entity_identifier: str
    domain_identifier: str
    name: str
    forms: dict[str, Any]
    """The content of each metadata form, keyed by the form's name: plain JSON."""
    listing_identifier: str | None
    description: str | None
    type_identifier: str
    external_identifier: str | None
    owning_project_identifier: str
    created_at: datetime

    def __post_init__(self) -> None:
        """Validate every value against botocore's model."""
        shape = _arguments_shape()
        values = {name: value for name, value in asdict(self).items() if value is not None}
        for name, member in shape.members.items():
            if member.type_name == "string" and not isinstance(values.get(name, ""), str):
                message = f"add_asset({name}=...) takes a string, not {values[name]!r}"
                raise TypeError(message)
        violations = validation.error_message(_check(), values)
        if violations is not None:
            message = (
                f"add_asset() got a value that no asset in Amazon DataZone can have: {violations}"
            )
            raise ValueError(message)


def choose_listing_identifier(
    given: str | None, *, published: bool, identifiers: Identifiers
) -> str | None:
    """Return the id of an asset's listing: the given one, or a new one if it is published.

    Raises:
        ValueError: An id is given for an asset that is not published.
    """
    if given is not None and not published:
        message = (
            f"add_asset(published=False, listing_identifier={given!r}): an asset that is not "
            "published has no listing. Leave one of the two out"
        )
        raise ValueError(message)
    return identifiers.next() if given is None and published else given


def plain_forms(forms: object) -> dict[str, Any]:
    """Return a copy of the ``forms`` argument of ``add_asset`` as plain JSON.

    Raises:
        TypeError: It does not map names to dicts, or contains an object that JSON cannot hold.
        ValueError: It contains a value that JSON cannot hold.
    """
    if not isinstance(forms, Mapping):
        message = f"add_asset(forms=...) takes a dict of form names to content, not {forms!r}"
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
        message = f"add_asset(forms=...) takes values that JSON can represent: {error}"
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(message) from None
    return plain


@cache
def _check() -> validation.Check:
    return validation.build_check(_arguments_shape())


@cache
def _arguments_shape() -> Shape:
    """Return a shape for the arguments of ``add_asset``, made of those that GetAsset returns."""
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
