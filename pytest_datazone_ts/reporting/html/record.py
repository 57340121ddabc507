"""What happened in one test, as plain JSON that the test's report carries.

Under xdist, reports come from other processes, so the JSON must be small and in text that any
encoding can carry. It holds no secrets: only the parameters named here are included, and neither
tokens nor headers are among them.
"""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_datazone_ts.reporting import attempts, matrix, timeline
from pytest_datazone_ts.service.operations import POST
from pytest_datazone_ts.text import escape, excerpt, without_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from pytest_datazone_ts.records import Attempt, Call, DataPoint
    from pytest_datazone_ts.trace import Chapter, Trace

    Json: TypeAlias = dict[str, Any]

CALLS, ATTEMPTS, FORMS, SERIES, SITES = 100, 20, 20, 40, 20
"""The maximum number of each: the first ones are kept."""
POINTS = 100
"""The maximum number of points of a series: the latest ones are kept."""
CONTENT = 2_000
"""The maximum number of characters of a form's content, and of the message of a failure."""
_EXAMINED = 10 * CONTENT
"""The maximum number of characters that are searched for credentials: the search takes time."""
_LINES = 15
"""The maximum number of lines in the message of a failure."""
_NAME = 400
"""The maximum length of any other text; no name is as long."""
_LINE = 72
"""The maximum length of JSON that is not indented."""
_GREATEST = 1e9
"""The largest score that is drawn: a larger one would flatten the others on a chart."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, indent=2)

Item = TypeVar("Item")


def test_record(trace: Trace, failure: str | None) -> Json | None:
    """Return the record of a test, or ``None`` if it used no double.

    Args:
        trace: What its doubles recorded.
        failure: The message of its failure, if it failed.
    """
    # A snapshot, because other threads may still add to it.
    chapters = [(chapter, chapter.calls) for chapter in tuple(trace.chapters)]
    if not chapters and not trace.sweeps:
        return None
    calls = [(chapter, call) for chapter, calls in chapters for call in calls]
    made = [(chapter, attempt) for chapter, call in calls for attempt in call.attempts]
    return {
        "failure": None if failure is None else _failure(failure, [call for _, call in calls]),
        "totals": {
            "calls": len(calls),
            "failed": sum(_result(call.attempts)["kind"] == "bad" for _, call in calls),
            "retries": sum(max(0, len(call.attempts) - 1) for _, call in calls),
            "faults": sum(attempt.armed_at is not None for _, attempt in made),
            "points": sum(len(attempt.stored) for _, attempt in made),
            "slept": sum(attempt.slept for _, attempt in made),
            "virtual": sum(attempt.slept for chapter, attempt in made if chapter.log.virtual),
        },
        "doubles": [_double(chapter, calls) for chapter, calls in chapters],
        "doubles_omitted": trace.omitted,
        "sweeps": [matrix.table(cells, SITES) for cells in trace.sweeps],
    }


def _failure(message: str, calls: Sequence[Call]) -> str:
    """Return the first paragraph of a message, or its beginning, without secrets."""
    for call in calls:
        message = timeline.without_secrets(message, call)
    lines = message.strip().partition("\n\n")[0].splitlines()
    text = escape(without_credentials("\n".join(lines[:_LINES])), keep="\t\n")
    return f"{text[:CONTENT]} ..." if len(lines) > _LINES or len(text) > CONTENT else text


def _double(chapter: Chapter, calls: Sequence[Call]) -> Json:
    made = [attempt for call in calls for attempt in call.attempts]
    start = min((attempt.at.timestamp() for attempt in made), default=0.0)
    end = max((attempt.at.timestamp() + attempt.slept for attempt in made), default=0.0)
    series: dict[tuple[str, str], list[DataPoint]] = {}
    for attempt in made:
        for point in attempt.stored:
            target = _target(
                *(point.entity_type, point.entity_identifier),
                *(point.domain_identifier, point.region),
            )
            series.setdefault((point.form_name, target), []).append(point)
    return {
        "after_reset": chapter.after_reset,
        "virtual": chapter.log.virtual,
        "start": start,
        "span": end - start if any(attempt.slept for attempt in made) else 0.0,
        **_first("calls", calls, CALLS, _call),
        "unused": [
            _text(" ".join(map(str.strip, lines))) for lines in timeline.unused_faults(chapter)
        ],
        **_first("series", [*series.items()], SERIES, lambda item: _series(*item[0], item[1])),
    }


def _call(call: Call) -> Json:
    parameters = call.parameters
    forms = parameters.get("forms", ()) if call.operation == POST else ()
    reason = call.attempts[-1].reason if call.attempts else None
    return {
        **_result(call.attempts),
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
        "reason": _text(timeline.without_secrets(reason or "", call)),
        **_first("forms", forms, FORMS, _form),
        **_first("attempts", call.attempts, ATTEMPTS, lambda each: _attempt(call, each)),
    }


def _attempt(call: Call, attempt: Attempt) -> Json:
    cause = attempts.cause(attempt)
    what = "injected" if cause == attempt.error_code else cause
    return {
        **_result([attempt]),
        "at": attempt.at.timestamp(),
        "slept": attempt.slept,
        "cause": "" if cause is None else _text(f"{what} at {attempt.armed_at}"),
        "stored": len(attempt.stored),
        "repeated": attempts.is_repetition(call, attempt),
    }


def _result(made: Sequence[Attempt]) -> Json:
    """Return the result of the last attempt, and the CSS class for its colour."""
    if not made:
        return {"kind": "bad", "result": attempts.NO_RESPONSE}
    malformed = ", malformed" if attempts.is_malformed(made[-1]) else ""
    return {
        "kind": "good" if attempts.succeeded(made[-1]) else "bad",
        "result": _text(attempts.result(made[-1]) + malformed),
    }


def _form(form: Json) -> Json:
    content: str | None = form.get("content")
    timestamp = form.get("timestamp")
    return {
        "name": _text(form.get("formName")),
        "type": _text(form.get("typeIdentifier")),
        "timestamp": "" if timestamp is None else timestamp.isoformat(),
        "content": None if content is None else _content(content),
    }


def _content(content: str) -> Json:
    text = content
    if len(content) > _LINE:
        with suppress(RecursionError, ValueError):
            pieces = _ENCODER.iterencode(json.loads(content))
            text = "".join(islice(pieces, _EXAMINED + 1))  # each has at least one character
    cut = len(text) > _EXAMINED
    # One character more than is kept shows whether there is more.
    text = escape(without_credentials(text[:_EXAMINED])[: CONTENT + 1], keep="\t\n")
    return {"text": text[:CONTENT], "cut": cut or len(text) > CONTENT, "length": len(content)}


def _series(name: str, target: str, points: Sequence[DataPoint]) -> Json:
    latest = sorted(points, key=lambda point: point.timestamp)[-POINTS:]
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
        "points_omitted": len(points) - len(latest),
    }


def _score(content: str | None) -> float | None:
    """Return the ``passingPercentage`` of the content, or ``None`` if it is not a number."""
    try:
        score = json.loads(content or "null")["passingPercentage"]
    except (LookupError, RecursionError, TypeError, ValueError):
        return None
    is_number = isinstance(score, (int, float)) and not isinstance(score, bool)
    return float(score) if is_number and abs(score) <= _GREATEST else None


def _target(entity_type: str | None, entity: str | None, domain: str | None, region: str) -> str:
    known = [part for part in (entity_type, entity) if part]
    return _text(", ".join(filter(None, [" ".join(known), domain, region])))


def _text(value: object) -> str:
    return excerpt(str(value), _NAME)


def _first(name: str, items: Sequence[Item], limit: int, describe: Callable[[Item], Json]) -> Json:
    """Return the first ``limit`` items as JSON, and the number omitted."""
    omitted = max(0, len(items) - limit)
    return {name: [*map(describe, items[:limit])], f"{name}_omitted": omitted}
