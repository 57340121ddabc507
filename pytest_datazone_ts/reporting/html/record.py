"""What the doubles of one test did, as plain JSON that travels on the test's report.

Under xdist, reports come from other processes, so the JSON must be small and in text that any
encoding can carry. It holds no secrets: only the parameters named here are included, and neither
tokens nor headers are among them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from pytest_datazone_ts.reporting import attempts, timeline
from pytest_datazone_ts.service.operations import POST
from pytest_datazone_ts.text import escape, excerpt, without_credentials

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_datazone_ts import records
    from pytest_datazone_ts.reporting.trace import Chapter, Trace

CONTENT = 2_000
"""The maximum number of characters of a form's content."""
CALLS = 100
"""The maximum number of calls of a double."""
ATTEMPTS = 20
"""The maximum number of attempts of a call."""
FORMS = 20
"""The maximum number of forms of a call."""
SERIES = 40
"""The maximum number of series of a double."""
POINTS = 100
"""The maximum number of points of a series; the latest are kept."""
_NAME = 400
"""The maximum length of any other text; no name is as long."""
_GREATEST = 1e9
"""The largest score that is drawn: a larger one would flatten the others on a chart."""

Item = TypeVar("Item")


class ContentRecord(TypedDict):
    """A form's content."""

    text: str
    """Its beginning, escaped."""
    cut: bool
    length: int
    """The number of characters posted."""


class FormRecord(TypedDict):
    """A form of a call, stored or not."""

    name: str
    type: str
    timestamp: str | None
    content: ContentRecord | None


class AttemptRecord(TypedDict):
    """One HTTP request of a call, and its result."""

    at: float
    """Seconds since the test's first attempt, on the test's clock."""
    slept: float
    status: int | None
    error: str | None
    fault: str | None
    """The fault or rate limit of the test that it met."""
    armed_at: str | None
    stored: int
    """The number of points that it stored, whether or not the client learned of it."""
    repeated: bool
    """Whether it got the response to an earlier request with its token."""


class CallRecord(TypedDict):
    """One API call."""

    operation: str
    target: str
    """The entity, domain and region."""
    about: str
    """What else distinguishes this call, such as the form that it gets."""
    succeeded: bool
    status: int | None
    error: str | None
    reason: str | None
    """Why the double itself refused the last attempt, or failed."""
    forms: list[FormRecord]
    forms_left_out: int
    attempts: list[AttemptRecord]
    attempts_left_out: int


class PointRecord(TypedDict):
    """One stored data point of a series."""

    id: str
    timestamp: str
    score: float | None
    """``passingPercentage``, where the content has it and it is a number."""


class SeriesRecord(TypedDict):
    """The points of one form of one entity, ordered by their timestamps."""

    name: str
    target: str
    points: list[PointRecord]
    points_left_out: int


class DoubleRecord(TypedDict):
    """What one double recorded."""

    after_reset: bool
    calls: list[CallRecord]
    calls_left_out: int
    unused: list[str]
    """The faults that were not used up."""
    series: list[SeriesRecord]
    series_left_out: int


class Totals(TypedDict):
    """Counts over a whole test, including what is left out."""

    calls: int
    failed: int
    retries: int
    faults: int
    points: int
    slept: float


class Record(TypedDict):
    """What the doubles of one test recorded."""

    totals: Totals
    doubles: list[DoubleRecord]
    doubles_left_out: int


def test_record(trace: Trace) -> Record:
    """Return the record of a test."""
    doubles = [_Chapter(chapter) for chapter in tuple(trace.chapters)]
    calls = [call for double in doubles for call in double.calls]
    recorded = [attempt for call in calls for attempt in call.attempts]
    start = min((attempt.at.timestamp() for attempt in recorded), default=0.0)
    return {
        "totals": {
            "calls": len(calls),
            "failed": sum(not call.succeeded for call in calls),
            "retries": sum(max(0, len(call.attempts) - 1) for call in calls),
            "faults": sum(attempt.armed_at is not None for attempt in recorded),
            "points": sum(len(attempt.stored) for attempt in recorded),
            "slept": sum(attempt.slept for attempt in recorded),
        },
        "doubles": [_double(double, start) for double in doubles],
        "doubles_left_out": trace.left_out,
    }


class _Chapter:
    """A snapshot of a chapter, to which other threads may still add."""

    def __init__(self, chapter: Chapter) -> None:
        self.after_reset = chapter.after_reset
        self.calls = chapter.calls
        self.unused = [*timeline.unused_faults(chapter)]


def _double(chapter: _Chapter, start: float) -> DoubleRecord:
    calls, calls_left_out = _first(chapter.calls, CALLS)
    by_form: dict[tuple[str, str], list[records.DataPoint]] = {}
    for call in chapter.calls:
        for attempt in call.attempts:
            for point in attempt.stored:
                target = _target(
                    *(point.entity_type, point.entity_identifier),
                    *(point.domain_identifier, point.region),
                )
                by_form.setdefault((point.form_name, target), []).append(point)
    series, series_left_out = _first(list(by_form.items()), SERIES)
    return {
        "after_reset": chapter.after_reset,
        "calls": [_call(call, start) for call in calls],
        "calls_left_out": calls_left_out,
        "unused": [_text(" ".join(map(str.strip, lines))) for lines in chapter.unused],
        "series": [_series(*key, points) for key, points in series],
        "series_left_out": series_left_out,
    }


def _call(call: records.Call, start: float) -> CallRecord:
    parameters = call.parameters
    kept, attempts_left_out = _first(call.attempts, ATTEMPTS)
    posted = parameters.get("forms", ()) if call.operation == POST else ()
    forms, forms_left_out = _first(posted, FORMS)
    reason = call.attempts[-1].reason if call.attempts else None
    return {
        "operation": call.operation,
        "target": _target(
            parameters.get("entityType"),
            parameters.get("entityIdentifier"),
            parameters.get("domainIdentifier"),
            call.region,
        ),
        "about": " ".join(
            f"{name} {_text(parameters[name])}"
            for name in ("formName", "identifier")
            if name in parameters
        ),
        "succeeded": call.succeeded,
        "status": call.attempts[-1].status_code if call.attempts else None,
        "error": None if call.error_code is None else _text(call.error_code),
        "reason": None if reason is None else _text(timeline.without_secrets(reason, call)),
        "forms": [_form(form) for form in forms],
        "forms_left_out": forms_left_out,
        "attempts": [_attempt(call, attempt, start) for attempt in kept],
        "attempts_left_out": attempts_left_out,
    }


def _form(form: dict[str, Any]) -> FormRecord:
    content: str | None = form.get("content")
    timestamp = form.get("timestamp")
    return {
        "name": _text(form.get("formName")),
        "type": _text(form.get("typeIdentifier")),
        "timestamp": None if timestamp is None else timestamp.isoformat(),
        "content": None if content is None else _content(content),
    }


def _content(content: str) -> ContentRecord:
    # One character more than is kept shows whether there is more.
    text = escape(without_credentials(content)[: CONTENT + 1], keep="\t\n")
    return {"text": text[:CONTENT], "cut": len(text) > CONTENT, "length": len(content)}


def _attempt(call: records.Call, attempt: records.Attempt, start: float) -> AttemptRecord:
    cause = attempts.cause(attempt)
    return {
        "at": attempt.at.timestamp() - start,
        "slept": attempt.slept,
        "status": attempt.status_code,
        "error": None if attempt.error_code is None else _text(attempt.error_code),
        "fault": None if cause is None else _text(cause),
        "armed_at": None if attempt.armed_at is None else _text(attempt.armed_at),
        "stored": len(attempt.stored),
        "repeated": attempts.is_repetition(call, attempt),
    }


def _series(name: str, target: str, points: Sequence[records.DataPoint]) -> SeriesRecord:
    ordered = sorted(points, key=lambda point: point.timestamp)
    latest = ordered[-POINTS:]
    return {
        "name": _text(name),
        "target": target,
        "points": [
            {
                "id": point.id,
                "timestamp": point.timestamp.isoformat(),
                "score": _score(point.content),
            }
            for point in latest
        ],
        "points_left_out": len(ordered) - len(latest),
    }


def _score(content: str | None) -> float | None:
    try:
        score = json.loads(content or "null")["passingPercentage"]
    except (LookupError, RecursionError, TypeError, ValueError):
        return None
    if isinstance(score, bool) or not isinstance(score, (int, float)):
        return None
    return float(score) if abs(score) <= _GREATEST else None


def _target(entity_type: str | None, entity: str | None, domain: str | None, region: str) -> str:
    known = [part for part in (entity_type, entity) if part]
    return _text(", ".join(filter(None, [" ".join(known), domain, region])))


def _text(value: object) -> str:
    return excerpt(str(value), _NAME)


def _first(items: Sequence[Item], limit: int) -> tuple[Sequence[Item], int]:
    """Return the first ``limit`` items, and the number left out."""
    return items[:limit], max(0, len(items) - limit)
