"""Messages for a person at a failing test: readable at 80 columns, ending with the way out."""

from __future__ import annotations

import json
import textwrap
from datetime import datetime
from itertools import groupby, takewhile
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts import match as matching
from pytest_datazone_ts import origin
from pytest_datazone_ts.errors import UnansweredOperationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_datazone_ts.injections import Injection
    from pytest_datazone_ts.match import Match
    from pytest_datazone_ts.records import Attempt, Call, DataPoint

_SHOWN = 3
"""How many records a message lists before it counts the rest."""
_COLUMNS = 72
"""How wide a line may be: pytest puts 8 characters before it."""


def not_one(noun: str, records: Sequence[DataPoint | Call]) -> str:
    """Say what there is instead of exactly one record."""
    if not records:
        return f"expected exactly one {noun}, found none"
    lines = [
        f"expected exactly one {noun}, found {len(records)}:",
        *_listed(records),
        "Narrow it down with where(...), such as where(entity_identifier=...).one()",
    ]
    return "\n".join(lines)


def none_at_all(noun: str) -> str:
    """Say that there is no record to be the latest."""
    return f"expected at least one {noun}, found none"


def not_posted(
    match: Match,
    count: int | None,
    points: Sequence[DataPoint],
    matched: Sequence[DataPoint],
    calls: Sequence[Call],
) -> str:
    """Say what was asked for, how the nearest recorded points differ, and what went wrong."""
    wanted = "a data point" if count is None else _counted(count, "data point")
    lines = [f"expected {wanted} to have been posted", *_keywords(match)]
    if not points:
        lines.append("but no data point was posted.")
        lines += _made(calls)
        return "\n".join(lines)
    if matched:
        lines += [f"but {len(matched)} matched:", *_listed(matched)]
    if len(matched) < (1 if count is None else count):
        found = {point.id for point in matched}
        others = [point for point in points if point.id not in found]
        lines += _nearest(match, others, lead="and" if matched else "but")
        failed = [call for call in calls if not call.succeeded]
        if failed:
            lines += [f"{_counted(len(failed), 'call')} failed:", *_listed(failed)]
    return "\n".join(lines)


def posted(match: Match, matched: Sequence[DataPoint]) -> str:
    """Say which points were posted that should not have been."""
    lines = [
        "expected no data point to have been posted",
        *_keywords(match),
        f"but {len(matched)} {'matched' if match else 'was' if len(matched) == 1 else 'were'}:",
        *_listed(matched),
    ]
    return "\n".join(lines)


def unused(injections: Sequence[Injection]) -> str:
    """Say which armed faults the code under test never met."""
    lines = ["datazone_ts: the test armed faults that were not used up:"]
    lines += [
        f"  {injection.armed_at}: {injection.fault!r} on {injection.operation}, "
        f"used {injection.hits} of {injection.times} times"
        for injection in injections
    ]
    lines.append(
        "The code under test made too few matching calls. If that is right, arm fewer, "
        "cancel() the injection, or set the option strict=False."
    )
    return "\n".join(lines)


def swallowed(errors: Sequence[BaseException]) -> str:
    """Say which errors of the double itself the code under test hid."""
    lines = ["datazone_ts: the code under test hid errors that are not for it to handle:"]
    texts = [
        ("" if (where := origin.of(error)) is None else f"{where}: ")
        + (
            str(error)
            if isinstance(error, UnansweredOperationError)
            else f"{type(error).__name__}: {error}"
        )
        for error in errors
    ]
    lines += [textwrap.indent(text, "  ") for text in dict.fromkeys(texts)]
    return "\n".join(lines)


def unanswered(operation: str, members: Sequence[str], *, from_catalogue: bool) -> str:
    """Say how to answer an operation that the double does not."""
    example = ", ".join(f"{member!r}: ..." for member in members)
    catalogue = (
        "Put an asset in the catalogue, with datazone_ts.add_asset(...). Or answer"
        if from_catalogue
        else "Answer"
    )
    return (
        f"nothing answers the DataZone operation {operation}. {catalogue} it in the test, such as "
        f"datazone_ts.respond({operation!r}, {{{example}}}), or let it through to the network or "
        "moto with the option unstubbed='passthrough'."
    )


def _keywords(match: Mapping[str, object]) -> list[str]:
    lines = ["  with"] if match else []
    for name, value in match.items():
        label = f"    {name}: "
        lines.append(label + _cut(_text(value), _COLUMNS - len(label)))
    return lines


def _made(calls: Sequence[Call]) -> list[str]:
    if not calls:
        return ["The code under test made no DataZone call."]
    return [f"The code under test made {_counted(len(calls), 'call')}:", *_listed(calls)]


def _listed(records: Sequence[DataPoint | Call]) -> list[str]:
    lines = [
        line
        for number, record in enumerate(records[:_SHOWN], 1)
        for line in _numbered(number, record)
    ]
    if len(records) > _SHOWN:
        lines.append(f"  and {len(records) - _SHOWN} more")
    return lines


def _numbered(number: int, record: DataPoint | Call) -> list[str]:
    return textwrap.wrap(
        _line(record),
        _COLUMNS,
        initial_indent=f"  {number}. ",
        subsequent_indent="     ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _line(record: Any) -> str:
    if hasattr(record, "attempts"):
        entity = [record.parameters.get(name) for name in ("entityType", "entityIdentifier")]
        of = f" of {entity[0]} {entity[1]}" if all(entity) else ""
        outcomes = [
            (outcome, len(list(repeated)))
            for outcome, repeated in groupby(map(_outcome, record.attempts))
        ]
        came = ", ".join(
            outcome if times == 1 else f"{outcome} ({times} times)" for outcome, times in outcomes
        )
        return f"{record.operation}{of} in {record.region}: {came}"
    return (
        f"{record.form_name!r} of {record.entity_type} {record.entity_identifier} "
        f"at {_text(record.timestamp)}"
    )


def _outcome(attempt: Attempt) -> str:
    if attempt.error_code is not None:
        return attempt.error_code
    status = [] if attempt.status_code is None else [str(attempt.status_code)]
    fault = [] if attempt.fault is None else [type(attempt.fault).__name__]
    return " ".join(status + fault) or "no answer"


def _nearest(match: Match, points: Sequence[DataPoint], *, lead: str) -> list[str]:
    """Show the points that lack least, and what each lacks."""
    if not points:
        return []
    if len(points) == 1:
        lines = [f"{lead} the {'other' if lead == 'and' else 'only'} one posted did not match:"]
    else:
        others = "other " if lead == "and" else ""
        lines = [f"{lead} none of the {len(points)} {others}posted matched. Nearest first:"]
    compared = []
    for point in points:
        differences = list(matching.point_differences(match, point))
        explained = [line for difference in differences for line in _explained(*difference)]
        compared.append((len(differences), len(explained), explained, point))
    compared.sort(key=lambda each: each[:2])
    for number, (_, _, explained, point) in enumerate(compared[:_SHOWN], 1):
        lines += _numbered(number, point)
        lines += [f"       {line}" for line in explained]
    if len(points) > _SHOWN:
        lines.append(f"  and {len(points) - _SHOWN} more")
    return lines


def _explained(field: str, expected: object, actual: object) -> Iterator[str]:
    if field == "where":
        yield f"where: {_text(expected)} is false for it"
        return
    for label, left, right in _details(field, expected, actual):
        yield label
        left_text, right_text = _side_by_side(_text(left), _text(right))
        yield f"  expected {left_text}"
        yield f"  posted   {right_text}"


def _details(field: str, expected: object, actual: object) -> Iterator[tuple[str, object, object]]:
    """Yield ``(label, expected, actual)``; a difference of JSON content path by path."""
    if field == "content" and isinstance(expected, (dict, list)) and isinstance(actual, str):
        try:
            parsed = json.loads(actual)
        except (ValueError, RecursionError):
            yield "content, which is not JSON", expected, actual
            return
        for path, left, right in matching.json_differences(expected, parsed):
            sizes = (
                f" (expected {_counted(len(left), 'item')}, posted {len(right)})"
                if isinstance(left, list) and isinstance(right, list)
                else ""
            )
            yield f"content {path}{sizes}", left, right
    else:
        yield field, expected, actual


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ").replace("+00:00", "Z")
    if isinstance(value, FunctionType):
        code = value.__code__
        return f"{value.__qualname__} ({Path(code.co_filename).name}:{code.co_firstlineno})"
    return repr(value)


def _side_by_side(left: str, right: str) -> tuple[str, str]:
    """Cut two long texts to where they begin to differ."""
    room = _COLUMNS - len("         expected ")
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False))
    start = max(0, len(list(alike)) - room // 4)
    return _cut(left, room, start), _cut(right, room, start)


def _cut(text: str, room: int, start: int = 0) -> str:
    """Shorten a text that is too long, keeping what ``start`` points at; tell its length."""
    if len(text) <= room:
        return text
    length = f" ({len(text)} characters)"
    room -= len(length)
    start = min(start, len(text) - room)
    head, tail = "..." if start else "", "..." if start + room < len(text) else ""
    return head + text[start + len(head) : start + room - len(tail)] + tail + length


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
