"""Data points in boto3's form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_datazone_ts.records import DataPoint

MAX_SUMMARY_LENGTH = 20_000
"""The maximum length of ``contentSummary`` in botocore's model."""


def form(point: DataPoint) -> dict[str, Any]:
    """Return a data point as a form in an output."""
    output = _common_members(point)
    if point.content is not None:
        output["content"] = point.content
    return output


def summary(point: DataPoint) -> dict[str, Any]:
    """Return a data point as an item of a list."""
    output = _common_members(point)
    content_summary = _content_summary(point.content)
    if content_summary is not None:
        output["contentSummary"] = content_summary
    return output


def _common_members(point: DataPoint) -> dict[str, Any]:
    return {
        "formName": point.form_name,
        "typeIdentifier": point.type_identifier,
        "typeRevision": point.type_revision,
        "timestamp": point.timestamp,
        "id": point.id,
    }


def _content_summary(content: str | None) -> str | None:
    """Return the content without ``evaluations``.

    AWS does not document what a summary leaves out.
    """
    if content is None:
        return None
    try:
        value = json.loads(content)
        if isinstance(value, dict):
            value.pop("evaluations", None)
        return json.dumps(value)[:MAX_SUMMARY_LENGTH]
    except (ValueError, RecursionError):
        return content[:MAX_SUMMARY_LENGTH]
