"""Searches of the catalogue: which assets match, and why the others do not."""

from __future__ import annotations

import json
import operator
import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from pytest_datazone_ts.service.codec import read_date_time
from pytest_datazone_ts.service.unanswered import unimplemented

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_datazone_ts.service.asset import Asset, Listing

AWS_PREFIX = "amazon.datazone."
"""The prefix of the names of AWS's own types, which listings lack."""
_MAX_REASONS = 3
"""The maximum number of assets for which a reason explains why they do not match."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECONDS = 100_000_000_000
"""Epoch times from this one on are in milliseconds: in seconds, they would be after year 5000."""


class Candidate(NamedTuple):
    """An asset that a search may find."""

    asset: Asset
    listing: Listing | None = None
    """The listing, if listings are searched."""


class Found(NamedTuple):
    """The outcome of a search."""

    matches: Sequence[Candidate]
    reason: str | None
    """Why nothing matches; ``None`` if something does."""


class Search:
    """One search.

    Args:
        name: The operation's API name.
        parameters: The parameters of the call.

    Raises:
        UnansweredOperationError: The double does not implement one of the parameters.
    """

    def __init__(self, name: str, parameters: Mapping[str, Any]) -> None:
        self._name = name
        self._parameters = parameters
        self._words = _words(parameters.get("searchText", ""))
        for parameter in parameters:
            if parameter not in _IMPLEMENTED:
                self._reject(f"the parameter {parameter!r}")
        for attribute in parameters.get("additionalAttributes", ()):
            if attribute not in {"FORMS", "TIME_SERIES_DATA_POINT_FORMS"}:
                self._reject(f"additionalAttributes=[{attribute!r}]")
        scope = parameters.get("searchScope", "ASSET")
        if scope != "ASSET":
            self._reject(f"searchScope={scope!r}: its catalogue holds assets only")
        for each in (*parameters.get("searchIn", ()), *_given(parameters, "sort")):
            self._check_attribute(each["attribute"])
        for clause in _given(parameters, "filters"):
            self._check_clause(clause)

    def _check_attribute(self, name: str) -> None:
        if name not in _ATTRIBUTES and "." not in name:
            self._reject(
                f"the attribute {name!r}. It knows {', '.join(_ATTRIBUTES)}, and the attributes "
                "of forms, such as GlueTableForm.tableArn"
            )

    def _check_clause(self, clause: Mapping[str, Any]) -> None:
        """Check a clause of ``filters``, which must have exactly one member."""
        if len(clause) != 1:
            self._reject(f"a clause of filters with {len(clause)} members")
        [(kind, value)] = clause.items()
        if kind == "filter":
            self._check_attribute(value["attribute"])
            values = {"value", "intValue"} & {*value}
            if value.get("operator", "EQ") not in _OPERATORS or len(values) != 1:
                self._reject(f"the filter {json.dumps(value)}")
        elif kind in {"and", "or", "not"}:
            for each in [value] if kind == "not" else value:
                self._check_clause(each)
        else:
            self._reject(f"the member {kind!r} of filters")

    def run(self, candidates: Sequence[Candidate]) -> Found:
        """Return the candidates that match, sorted if the search has ``sort``."""
        mismatches = [(each, self._mismatch(each)) for each in candidates]
        matches = [candidate for candidate, mismatch in mismatches if mismatch is None]
        if not matches:
            return Found([], _explain(mismatches))
        return Found(self._sorted(matches), None)

    def _mismatch(self, candidate: Candidate) -> str | None:
        """Return why a candidate does not match; ``None`` if it does."""
        asset = candidate.asset
        if asset.domain_identifier != self._parameters["domainIdentifier"]:
            return f"its domain is {asset.domain_identifier!r}"
        if candidate.listing is None and self._name == "SearchListings":
            return "it is not published"
        owner = asset.owning_project_identifier
        expected = self._parameters.get("owningProjectIdentifier", owner)
        if expected != owner:
            return f"its owner is {owner!r}, not {expected!r}"
        text = self._text(candidate)
        missing = [word for word in self._words if word not in text]
        if missing:
            return f"its text does not contain {missing[0]!r}"
        if "filters" in self._parameters:
            return self._filter(self._parameters["filters"], candidate)
        return None

    def _text(self, candidate: Candidate) -> str:
        attributes = [each["attribute"] for each in self._parameters.get("searchIn", ())]
        if attributes:
            values = [value for name in attributes for value in _values(name, candidate)]
        else:
            # AWS searches the attributes that form types annotate as searchable, but lists none.
            asset = candidate.asset
            forms = [form.value for form in asset.forms.values()]
            values = [*_flat([asset.name, asset.description, asset.external_identifier, *forms])]
        return "\n".join(map(_as_text, values)).casefold()

    def _filter(self, clause: Mapping[str, Any], candidate: Candidate) -> str | None:
        """Return why a candidate does not match a clause of ``filters``; ``None`` if it does."""
        [(kind, value)] = clause.items()
        if kind == "filter":
            return self._compare(value, candidate)
        if kind == "not":  # not in botocore's model yet
            return None if self._filter(value, candidate) else "it matches what 'not' excludes"
        mismatches = [self._filter(each, candidate) for each in value]
        reasons = [mismatch for mismatch in mismatches if mismatch is not None]
        if kind == "and":
            return reasons[0] if reasons else None
        return " and ".join(reasons) if len(reasons) == len(mismatches) else None

    def _compare(self, condition: Mapping[str, Any], candidate: Candidate) -> str | None:
        name, kind = condition["attribute"], condition.get("operator", "EQ")
        expected = condition.get("intValue", condition.get("value"))
        values = _values(name, candidate)
        try:
            if any(_OPERATORS[kind](*_comparable(name, kind, value, expected)) for value in values):
                return None
        except (OverflowError, TypeError, ValueError):
            self._reject(f"the filter {json.dumps(condition)}")
        shown = " or ".join(repr(_as_text(value)) for value in values)
        return f"its {name} is {shown}" if values else f"it has no {name}"

    def _sorted(self, matches: Sequence[Candidate]) -> Sequence[Candidate]:
        if "sort" not in self._parameters:
            return matches
        name = self._parameters["sort"]["attribute"]
        descending = self._parameters["sort"].get("order") == "DESCENDING"
        keyed = [(_values(name, candidate), candidate) for candidate in matches]
        having = [each for each in keyed if each[0]]
        having.sort(key=lambda each: _sort_key(each[0][0]), reverse=descending)
        lacking = [each for each in keyed if not each[0]]
        return [candidate for _, candidate in (*having, *lacking)]

    def _reject(self, feature: str) -> NoReturn:
        """Reject a search with a feature that the double does not implement."""
        raise unimplemented(self._name, feature)


_IMPLEMENTED = {
    "domainIdentifier",
    "searchScope",
    "searchText",
    "searchIn",
    "filters",
    "sort",
    "owningProjectIdentifier",
    "additionalAttributes",
    "maxResults",
    "nextToken",
}


def _given(parameters: Mapping[str, Any], name: str) -> Sequence[Any]:
    """Return a list of the parameter, which is empty if the call does not have it."""
    return [parameters[name]] if name in parameters else []


def _first_created_at(candidate: Candidate) -> datetime:
    return candidate.listing.created_at if candidate.listing else candidate.asset.first_created_at


def _updated_at(candidate: Candidate) -> datetime:
    return candidate.listing.updated_at if candidate.listing else candidate.asset.created_at


# AWS documents creationTime and lastUpdatedTime, and its examples have lastUpdatedAt; public
# pipelines use the others.
_ATTRIBUTES: Mapping[str, Callable[[Candidate], Any]] = {
    "name": lambda candidate: candidate.asset.name,
    "description": lambda candidate: candidate.asset.description,
    "typeName": lambda candidate: candidate.asset.type_identifier,
    "typeIdentifier": lambda candidate: candidate.asset.type_identifier,
    "externalIdentifier": lambda candidate: candidate.asset.external_identifier,
    "owningProjectId": lambda candidate: candidate.asset.owning_project_identifier,
    "creationTime": _first_created_at,
    "createdAt": _first_created_at,
    "lastUpdatedTime": _updated_at,
    "lastUpdatedAt": _updated_at,
    "updatedAt": _updated_at,
    "amazonmetadata.sourceCategory": lambda _: "asset",
    "__DataZoneGlossaryTerms": lambda candidate: candidate.asset.glossary_terms,
}


def _values(name: str, candidate: Candidate) -> Sequence[Any]:
    """Return the values of an attribute; none if the candidate lacks it."""
    if name in _ATTRIBUTES:
        return [*_flat(_ATTRIBUTES[name](candidate))]
    for form_name, form in candidate.asset.forms.items():
        for prefix in (form_name, form.type_identifier):
            if name.startswith(f"{prefix}."):
                return [*_at(form.value, name[len(prefix) + 1 :].split("."))]
    return []


def _words(text: str) -> Sequence[str]:
    # Double quotes request a lexical search, and this search is always lexical.
    return text.replace('"', " ").casefold().split()


def _text_search(actual: str, expected: str) -> bool:
    text = actual.casefold()
    return all(word in text for word in _words(expected))


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQ": operator.eq,
    "LE": operator.le,
    "LT": operator.lt,
    "GE": operator.ge,
    "GT": operator.gt,
    "TEXT_SEARCH": _text_search,
}


def _comparable(name: str, kind: str, actual: Any, expected: int | str) -> tuple[Any, Any]:
    """Return both values in a form in which an operator can compare them.

    Raises:
        ValueError: ``actual`` is a time, and ``expected`` is not.
        OverflowError: ``expected`` is a time that is out of range.
    """
    if kind == "TEXT_SEARCH":
        return _as_text(actual), _as_text(expected)
    if isinstance(actual, datetime):
        return actual, _time(expected)
    if isinstance(expected, int):
        # Python's booleans are integers.
        return _as_text(actual) if isinstance(actual, bool) else actual, expected
    if name in {"typeName", "typeIdentifier"}:
        return actual.removeprefix(AWS_PREFIX), expected.removeprefix(AWS_PREFIX)
    return _as_text(actual) if kind == "EQ" else actual, expected


def _time(value: int | str) -> datetime:
    if isinstance(value, int) or value.isdecimal():
        number = int(value)
        is_in_seconds = number < _MILLISECONDS
        return _EPOCH + timedelta(**{"seconds" if is_in_seconds else "milliseconds": number})
    if _WITHOUT_ZONE.fullmatch(value):
        value = f"{value}Z" if "T" in value else f"{value}T00:00:00Z"
    return read_date_time(value)


_WITHOUT_ZONE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?)?", re.ASCII)


def _at(value: Any, path: Sequence[str]) -> Iterator[Any]:
    """Yield the values at a path in a form; in a list, those of each item."""
    if isinstance(value, list):
        for item in value:
            yield from _at(item, path)
    elif not path:
        yield from _flat(value)
    elif isinstance(value, dict):
        yield from _at(value.get(path[0]), path[1:])


def _flat(value: Any) -> Iterator[Any]:
    """Yield the scalars in a value, but no keys, which all forms of a type have in common."""
    if isinstance(value, (dict, list, tuple)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _flat(item)
    elif value is not None:
        yield value


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, datetime) else json.dumps(value)


def _sort_key(value: Any) -> tuple[str, Any]:
    """Return a sort key that groups values by type."""
    if isinstance(value, (bool, int, float)):
        return "number", value
    return (type(value).__name__, value)


def _explain(mismatches: Sequence[tuple[Candidate, str | None]]) -> str:
    """Return why nothing matches, such as ``"0 of 1 asset: it has no description"``."""
    total = len(mismatches)
    if total == 1:
        return f"0 of 1 asset: {mismatches[0][1]}"
    reasons = [
        f"{candidate.asset.entity_identifier}: {mismatch}" for candidate, mismatch in mismatches
    ]
    more = [f"and {total - _MAX_REASONS} more"] if total > _MAX_REASONS else []
    return f"0 of {total} assets: {'; '.join([*reasons[:_MAX_REASONS], *more])}"
