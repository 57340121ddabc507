"""Traits by which a message distinguishes records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts import match as matching
from pytest_datazone_ts.records import Call, DataPoint, LineageEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


def differing_traits(records: Sequence[Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield the traits in which records differ, each with its value for every record."""
    for name, values in _TRAITS[type(records[0])](records):
        if any(value != values[0] for value in values):
            yield name, values


def _point_traits(points: Sequence[DataPoint]) -> Iterator[tuple[str, Sequence[Any]]]:
    for name in (
        *("entity_identifier", "form_name", "entity_type", "timestamp"),
        *("domain_identifier", "region", "type_identifier", "type_revision"),
    ):
        yield name, [getattr(point, name) for point in points]
    try:
        contents: list[Any] = [json.loads(point.content or "") for point in points]
    except (ValueError, RecursionError):
        contents = [None]
    if all(isinstance(content, dict) for content in contents):
        for key in dict.fromkeys(key for content in contents for key in content):
            yield f"content $.{key}", [content.get(key, matching.MISSING) for content in contents]
    else:
        yield "content", [point.content for point in points]


def _call_traits(calls: Sequence[Call]) -> Iterator[tuple[str, Sequence[Any]]]:
    for name, member in (("entity_identifier", "entityIdentifier"), ("entity_type", "entityType")):
        yield name, [call.parameters.get(member) for call in calls]
    yield "region", [call.region for call in calls]
    yield "operation", [call.operation for call in calls]
    yield "forms", [[form.get("formName") for form in matching.forms(call)] for call in calls]


def _event_traits(events: Sequence[LineageEvent]) -> Iterator[tuple[str, Sequence[Any]]]:
    for name in ("event_type", "run_id", "job_name", "job_namespace", "domain_identifier"):
        yield name, [getattr(event, name) for event in events]


_TRAITS: Mapping[type, Callable[[Sequence[Any]], Iterator[tuple[str, Sequence[Any]]]]] = {
    Call: _call_traits,
    DataPoint: _point_traits,
    LineageEvent: _event_traits,
}
