"""The audit of a recording, which finds data points that were lost or doubled."""

from __future__ import annotations

import json
import textwrap
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.faults import MalformedResponse
from pytest_datazone_ts.text import counted, excerpt, format_value, parse_json
from pytest_datazone_ts.views import DataPoints

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from pytest_datazone_ts.records import Attempt, Call, DataPoint

_COLUMNS = 72
_SHOWN = 5
"""The number of points of each kind that are listed before the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnstoredPoint:
    """A data point that the code under test posted, and that was never stored.

    Members that the request did not have are ``None``.
    """

    domain_identifier: str | None
    entity_identifier: str | None
    entity_type: str | None
    form_name: str | None
    timestamp: datetime | None
    content: str | None
    region: str
    error_code: str | None
    """The error code of the last attempt; ``None`` if it got no response."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Audit:
    """What :meth:`DataZoneTimeSeries.audit` found; true if it found anything."""

    doubled: DataPoints
    """Stored points equal to one that an earlier request stored."""
    unacknowledged: DataPoints
    """Points that were stored, while the client saw a failure."""
    unstored: tuple[UnstoredPoint, ...]
    """Points of calls that failed permanently, and that no later call posted."""

    def __bool__(self) -> bool:
        return bool(self.doubled or self.unacknowledged or self.unstored)

    def __repr__(self) -> str:
        counts = [
            f"{len(getattr(self, each.name))} {each.name}"
            for each in fields(self)
            if getattr(self, each.name)
        ]
        return f"<Audit: {', '.join(counts) or 'nothing'}>"

    def __str__(self) -> str:
        findings: dict[str, Sequence[Any]] = {
            "stored more than once": self.doubled,
            "stored, while the client saw a failure": self.unacknowledged,
            "posted, and never stored": self.unstored,
        }
        lines = []
        for finding, points in findings.items():
            if points:
                lines += [f"{counted(len(points), 'data point')} {finding}:", *listed(points)]
        return "\n".join(lines) or "nothing lost, nothing doubled"

    def as_dict(self) -> dict[str, list[dict[str, Any]]]:
        """Return the findings as plain, JSON-able values, the same in every run."""
        return {
            "doubled": [as_dict(point) for point in self.doubled],
            "unacknowledged": [as_dict(point) for point in self.unacknowledged],
            "unstored": [
                {**as_dict(point), "error_code": point.error_code} for point in self.unstored
            ],
        }


def audit(points: Sequence[DataPoint], calls: Sequence[Call], *, timestamps: bool) -> Audit:
    """Look for points that were doubled or lost.

    Args:
        points: The stored points.
        calls: The recorded calls, in the order of their first attempts.
        timestamps: Whether points with different timestamps are different.
    """
    requests = {
        point.id: (number, attempt.number)
        for number, call in enumerate(calls)
        for attempt in call.attempts
        for point in attempt.stored
    }
    unacknowledged = {
        point.id
        for call in calls
        if not _is_acknowledged(call, calls)
        for attempt in call.attempts
        for point in attempt.stored
    }
    first: dict[object, tuple[int, int]] = {}
    doubled = [
        point
        for point in points
        if first.setdefault(identity(point, timestamps=timestamps), requests[point.id])
        != requests[point.id]
    ]
    return Audit(
        doubled=DataPoints(doubled),
        unacknowledged=DataPoints(point for point in points if point.id in unacknowledged),
        unstored=tuple(_unstored(calls, timestamps=timestamps)),
    )


def identity(point: DataPoint | UnstoredPoint, *, timestamps: bool) -> tuple[object, ...]:
    """Return the key that equal points have in common."""
    return (
        point.region,
        point.domain_identifier,
        point.entity_type,
        point.entity_identifier,
        point.form_name,
        point.timestamp if timestamps else None,
        point.content,
    )


def as_dict(point: DataPoint | UnstoredPoint, *, timestamps: bool = True) -> dict[str, Any]:
    """Return the identity of a point as a dict of plain values, with JSON content parsed."""
    content: Any = point.content
    if content is not None:
        with suppress(ValueError):
            content = parse_json(content)
    plain = {
        "region": point.region,
        "domain_identifier": point.domain_identifier,
        "entity_type": point.entity_type,
        "entity_identifier": point.entity_identifier,
        "form_name": point.form_name,
        "content": content,
    }
    if timestamps:
        plain["timestamp"] = None if point.timestamp is None else point.timestamp.isoformat()
    return plain


def listed(
    points: Sequence[DataPoint | UnstoredPoint],
    columns: int = _COLUMNS,
    *,
    timestamps: bool = False,
) -> Iterator[str]:
    """Yield lines that list the first points, and count the others.

    Args:
        points: The points.
        columns: How long a line may be.
        timestamps: Whether the points differ by their timestamps.
    """
    for number, point in enumerate(points[:_SHOWN], 1):
        at = f" at {format_value(point.timestamp)}" if timestamps else ""
        yield from textwrap.wrap(
            f"{point.form_name!r} of {point.entity_type} {point.entity_identifier} "
            f"in {point.region}{at}",
            columns,
            initial_indent=f"  {number}. ",
            subsequent_indent="     ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        if point.content is not None:
            yield f"     {excerpt(point.content, columns - 5)}"
    if len(points) > _SHOWN:
        yield f"  and {len(points) - _SHOWN} more"


def _unstored(calls: Sequence[Call], *, timestamps: bool) -> Iterator[UnstoredPoint]:
    posts = [call for call in calls if "forms" in call.parameters]
    later: set[object] = set()
    found: list[UnstoredPoint] = []
    for call in reversed(posts):
        points = [*_posted(call)]
        keys = [identity(point, timestamps=timestamps) for point in points]
        if not call.succeeded and not any(attempt.stored for attempt in call.attempts):
            lost = zip(points, keys, strict=True)
            found += reversed([point for point, key in lost if key not in later])
        later.update(keys)
    yield from reversed(found)


def _posted(call: Call) -> Iterator[UnstoredPoint]:
    forms: Sequence[Mapping[str, Any]] = call.parameters["forms"]
    for form in forms:
        yield UnstoredPoint(
            domain_identifier=call.parameters.get("domainIdentifier"),
            entity_identifier=call.parameters.get("entityIdentifier"),
            entity_type=call.parameters.get("entityType"),
            form_name=form.get("formName"),
            timestamp=form.get("timestamp"),
            content=form.get("content"),
            region=call.region,
            error_code=call.error_code,
        )


def _is_acknowledged(call: Call, calls: Sequence[Call]) -> bool:
    """Return whether the client got a success for a call.

    A success of another call with the same ``clientToken`` counts too.
    """
    if _saw_success(call):
        return True
    token = call.parameters.get("clientToken")
    return token is not None and any(
        _saw_success(other)
        for other in calls
        if (other.operation, other.region, other.parameters.get("clientToken"))
        == (call.operation, call.region, token)
    )


def _saw_success(call: Call) -> bool:
    return call.succeeded and not _is_unreadable(call.attempts[-1])


def _is_unreadable(attempt: Attempt) -> bool:
    """Return whether botocore cannot parse the body of a success; it can parse most bodies."""
    if not isinstance(attempt.fault, MalformedResponse):
        return False
    try:
        return not isinstance(json.loads(attempt.fault.body.decode()), dict)
    except UnicodeDecodeError:
        return True
    except ValueError:
        return False
