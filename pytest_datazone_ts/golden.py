"""Records as plain dicts that are the same in every run, for golden files."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.text import parse_json

if TYPE_CHECKING:
    from pytest_datazone_ts.records import Call, DataPoint

_TOKENS = frozenset({"clientToken", "nextToken"})


def data_point_as_dict(point: DataPoint) -> dict[str, Any]:
    """Return a data point as a dict, without its id and the time at which it was posted."""
    return {
        "domain_identifier": point.domain_identifier,
        "entity_identifier": point.entity_identifier,
        "entity_type": point.entity_type,
        "form_name": point.form_name,
        "type_identifier": point.type_identifier,
        "type_revision": point.type_revision,
        "timestamp": _plain(point.timestamp),
        "content": _parsed(point.content),
        "region": point.region,
    }


def call_as_dict(call: Call) -> dict[str, Any]:
    """Return a call as a dict, without its tokens, waits, request ids and times."""
    return {
        "operation": call.operation,
        "parameters": {
            name: _plain(value)
            for name, value in sorted(call.parameters.items())
            if name not in _TOKENS
        },
        "attempts": [
            {
                "number": attempt.number,
                "status_code": attempt.status_code,
                "error_code": attempt.error_code,
                "fault": None if attempt.fault is None else repr(attempt.fault),
            }
            for attempt in call.attempts
        ],
        "region": call.region,
    }


def _plain(value: object, name: str = "") -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if isinstance(value, dict):
        return {key: _plain(item, key) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return _parsed(value) if name == "content" else value


def _parsed(content: object) -> Any:
    """Return the value of JSON content; return any other content unchanged."""
    if isinstance(content, str):
        with suppress(ValueError):
            return parse_json(content)
    return content
