"""Assets of the catalogue, and their listings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_datazone_ts import location
from pytest_datazone_ts.service import model, validation

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_datazone_ts.service.model import Shape

__tracebackhide__: location.Predicate = location.raised_on_purpose


@dataclass(frozen=True)
class Form:
    """A metadata form of an asset."""

    type_identifier: str
    type_revision: str
    content: str

    @cached_property
    def value(self) -> Any:
        """The parsed content, or the content itself if it is not JSON."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return self.content


class Asset(NamedTuple):
    """A revision of an asset in a domain's catalogue."""

    entity_identifier: str
    domain_identifier: str
    name: str
    forms: Mapping[str, Form]
    """Its metadata forms, by name."""
    description: str | None
    type_identifier: str
    external_identifier: str | None
    owning_project_identifier: str
    revision: str
    created_at: datetime
    first_created_at: datetime
    """When its first revision was created."""
    type_revision: str = "1"
    glossary_terms: tuple[str, ...] = ()


class Listing(NamedTuple):
    """A published revision of an asset."""

    identifier: str
    revision: str
    asset: Asset
    is_active: bool
    """Whether it is published now."""
    created_at: datetime
    updated_at: datetime


def default_form_type(form_name: str) -> str:
    """Return the type of a form without one, following the names of AWS's own form types."""
    return f"amazon.datazone.{form_name}Type"


def check_arguments(arguments: Mapping[str, Any]) -> None:
    """Check the arguments of ``add_asset``, except for the content of its forms.

    Raises:
        TypeError: A value that must be a string is not one.
        ValueError: A value breaks a constraint in botocore's model, or two values contradict
            each other.
    """
    values = {name: value for name, value in arguments.items() if value is not None}
    for name, member in _arguments_shape().members.items():
        if member.type_name == "string" and not isinstance(values.get(name, ""), str):
            message = f"add_asset({name}=...) takes a string, not {values[name]!r}"
            raise TypeError(message)
    if not isinstance(arguments["published"], bool):
        message = f"add_asset(published=...) takes True or False, not {arguments['published']!r}"
        raise TypeError(message)
    violations = validation.error_message(_check(), values)
    if violations is not None:
        message = f"add_asset() got a value that no asset in Amazon DataZone can have: {violations}"
        raise ValueError(message)
    if "listing_identifier" in values and not arguments["published"]:
        message = (
            f"add_asset(published=False, listing_identifier={values['listing_identifier']!r}): an "
            "asset that is not published has no listing. Leave one of the two out"
        )
        raise ValueError(message)


def plain_forms(forms: object) -> dict[str, str]:
    """Return the ``forms`` argument of ``add_asset``, with the content of each form as JSON.

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
        return {name: json.dumps(dict(form), allow_nan=False) for name, form in forms.items()}
    except (TypeError, ValueError, RecursionError) as error:
        message = f"add_asset(forms=...) takes values that JSON can represent: {error}"
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(message) from None


def plain_revisions(revisions: object, forms: Mapping[str, str]) -> dict[str, str]:
    """Return a copy of the ``form_type_revisions`` argument of ``add_asset``.

    Raises:
        TypeError: It does not map names to strings.
        ValueError: It names a form that the asset does not have.
    """
    if not isinstance(revisions, Mapping) or not all(
        isinstance(revision, str) for revision in revisions.values()
    ):
        message = (
            "add_asset(form_type_revisions=...) takes a dict of form names to revisions, such as "
            f"{{'GlueTableForm': '13'}}, not {revisions!r}"
        )
        raise TypeError(message)
    for name in revisions:
        if name not in forms:
            message = f"add_asset(form_type_revisions=...): the asset has no form {name!r}"
            raise ValueError(message)
    return dict(revisions)


@cache
def _check() -> validation.Check:
    return validation.build_check(_arguments_shape())


@cache
def _arguments_shape() -> Shape:
    """Return a shape for the arguments of ``add_asset``, made of those that GetAsset returns."""
    shape: Shape = model.operation("GetAsset").output
    output = shape.members
    form = output["formsOutput"].member.members

    def by_form(value: Shape) -> Shape:
        limits = output["formsOutput"].metadata
        key = form["formName"]
        return SimpleNamespace(type_name="map", metadata=limits, key=key, value=value)

    return SimpleNamespace(
        type_name="structure",
        required_members=(
            "entity_identifier",
            "domain_identifier",
            "name",
            "type_identifier",
            "owning_project_identifier",
            "revision",
        ),
        members={
            "entity_identifier": output["id"],
            "domain_identifier": output["domainId"],
            "name": output["name"],
            "forms": by_form(SimpleNamespace(type_name="document")),
            "form_type_revisions": by_form(form["typeRevision"]),
            "listing_identifier": output["listing"].members["listingId"],
            "description": output["description"],
            "type_identifier": output["typeIdentifier"],
            "external_identifier": output["externalIdentifier"],
            "owning_project_identifier": output["owningProjectId"],
            "revision": _REVISION,
        },
    )


# DataZone numbers revisions, so the double must be able to count on from this one.
_REVISION = SimpleNamespace(
    type_name="string", metadata={"max": 18, "pattern": "[1-9][0-9]*"}, enum=()
)
