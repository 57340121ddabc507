"""Messages of failing tests: readable at 80 columns, and ending with advice if there is any."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts import location
from pytest_datazone_ts import match as matching
from pytest_datazone_ts.errors import UnansweredOperationError
from pytest_datazone_ts.records import Attempt, Call, DataPoint, LineageEvent
from pytest_datazone_ts.reporting import attempts, near_misses
from pytest_datazone_ts.reporting.traits import differing_traits
from pytest_datazone_ts.text import (
    counted,
    excerpt,
    format_value,
    is_secret,
    truncate,
    without_credentials,
    wrap_list,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_datazone_ts.injections import Injection
    from pytest_datazone_ts.match import Match, Selection

_SHOWN = 3
"""The number of records that a message lists before it counts the rest."""
_COLUMNS = 72
"""The maximum width of a line; pytest indents it by 8 characters."""
_EXCERPT = 50
"""The maximum length of a value that shares a line with others."""


def not_exactly_one(
    noun: str, records: Sequence[DataPoint | Call | LineageEvent], selection: Selection | None
) -> str:
    """Return the message for a selection that is not exactly one record."""
    if not records:
        return _no_record(f"expected exactly one {noun}", noun, selection)
    lines = [f"expected exactly one {noun}, found {len(records)}:"]
    summaries = [summarize(record) for record in records]
    traits = [*differing_traits(records)]
    for index, record in enumerate(records[:_SHOWN]):
        lines += _numbered(index + 1, record)
        same = [other for other, text in enumerate(summaries) if text == summaries[index]]
        for name, values in traits:
            if any(values[other] != values[index] for other in same):
                label = f"       {name}: "
                value = "***" if is_secret(name) else format_value(values[index])
                lines.append(label + truncate(value, _COLUMNS - len(label)))
    return "\n".join([*lines, *_more(records), *_suggestion(records, traits)])


def not_any(noun: str, selection: Selection | None) -> str:
    """Return the message for a selection without a latest record."""
    return _no_record(f"expected at least one {noun}", noun, selection)


def _no_record(expected: str, noun: str, selection: Selection | None) -> str:
    match, records, calls = (matching.Match(), (), None) if selection is None else selection
    if not match:
        lines = [f"{expected}, found none", *([] if calls is None else _calls_made(calls()))]
    elif noun == "call":
        lines = [expected, *_keywords(match), *_calls_made(records)]
    elif noun == "lineage event":
        posted = f"The code under test posted {counted(len(records), noun)}"
        lines = [expected, *_keywords(match), posted, *_listed(records)]
    else:
        recorded = () if calls is None else calls()
        lines = [expected, *_keywords(match), *_near_misses(match, records, (), recorded)]
    return "\n".join(lines)


def list_all(noun: str, records: Sequence[DataPoint | Call | LineageEvent]) -> str:
    """Return records as a numbered list."""
    items = [line for number, each in enumerate(records, 1) for line in _numbered(number, each)]
    return "\n".join([f"{counted(len(records), noun)}{':' if items else ''}", *items])


def not_posted(
    match: Match,
    count: int | None,
    points: Sequence[DataPoint],
    matched: Sequence[DataPoint],
    calls: Sequence[Call],
) -> str:
    """Return the message of ``assert_posted``: what differs in the nearest points."""
    wanted = "a data point" if count is None else counted(count, "data point")
    lines = [f"expected {wanted} to have been posted", *_keywords(match)]
    if matched:
        lines += [f"but {len(matched)} matched:", *_listed(matched)]
    if len(matched) < (1 if count is None else count):
        lines += _near_misses(match, points, matched, calls)
    return "\n".join(lines)


def _near_misses(
    match: Match,
    points: Sequence[DataPoint],
    matched: Sequence[DataPoint],
    calls: Sequence[Call],
) -> Iterator[str]:
    """Yield lines about the points that did not match, and the calls that failed."""
    if not points:
        yield "but no data point was posted."
        yield from _calls_made(calls)
        return
    matched_ids = {point.id for point in matched}
    others = [point for point in points if point.id not in matched_ids]
    yield from _nearest(match, others, lead="and" if matched else "but")
    failed = [call for call in calls if not call.succeeded]
    if failed:
        yield f"{counted(len(failed), 'call')} failed:"
        yield from _listed(failed)


def posted(match: Match, matched: Sequence[DataPoint]) -> str:
    """Return the message of ``assert_not_posted``."""
    lines = [
        "expected no data point to have been posted",
        *_keywords(match),
        f"but {len(matched)} {'matched' if match else 'was' if len(matched) == 1 else 'were'}:",
        *_listed(matched),
    ]
    return "\n".join(lines)


def unused_faults(injections: Sequence[Injection], calls: Sequence[Call]) -> str:
    """Return the message for faults that the code under test did not use up."""
    times = Counter(call.operation for call in calls)
    called = ", ".join(f"{name} ({counted(number, 'time')})" for name, number in times.items())
    did = "made no DataZone call"
    if called:
        did = f"called {called}, but made too few matching attempts"
    lines = ["datazone_ts: the test injected faults that were not used up:"]
    lines += [line for injection in injections for line in describe_injection(injection)]
    lines += textwrap.wrap(
        f"The code under test {did}. If that is intended, inject fewer, cancel() the injection, "
        "or set the option strict=False.",
        _COLUMNS,
    )
    return "\n".join(lines)


def describe_injection(injection: Injection) -> Iterator[str]:
    """Yield lines that say where a fault was injected, and how often it was used."""
    fault = excerpt(repr(injection.fault), _EXCERPT)
    call = "" if injection.call is None else f"call {injection.call} of "
    items = [f"{injection.armed_at}: {fault} on {call}{injection.operation}"]
    if injection.match:
        keywords = [f"{name}={format_value(value)}" for name, value in injection.match.items()]
        items.append(f"with {excerpt(', '.join(keywords), _EXCERPT)}")
    if injection.let_through:
        items.append(f"after letting {injection.let_through} more through")
    total = "" if injection.times is None else f"of {injection.times} "
    items.append(f"used {injection.hits} {total}times")
    yield from wrap_list(items, "  ", "    ", _COLUMNS)


def swallowed_errors(errors: Sequence[BaseException]) -> str:
    """Return the message for errors of the double that the code under test swallowed."""
    lines = ["datazone_ts: the code under test swallowed errors that it should not handle:"]
    texts = [
        ("" if (where := location.error_location(error)) is None else f"{where}: ")
        + (
            str(error)
            if isinstance(error, UnansweredOperationError)
            else f"{type(error).__name__}: {error}"
        )
        for error in errors
    ]
    lines += [textwrap.indent(text, "  ") for text in dict.fromkeys(texts)]
    return "\n".join(lines)


def unanswered(
    operation: str, example: Mapping[str, Any], *, needs_catalogue: bool, has_fault: bool
) -> str:
    """Return the message for an unhandled operation.

    Args:
        operation: The operation.
        example: A response that fits its output shape.
        needs_catalogue: Whether the double would answer it if the catalogue had an asset.
        has_fault: Whether a fault was injected for it that this attempt does not match.
    """
    catalogue = (
        "Put an asset in the catalogue, with datazone_ts.add_asset(...). Or answer"
        if needs_catalogue
        else "Answer"
    )
    otherwise = (
        "cancel() the fault that was injected for it: until then unstubbed='passthrough' lets none "
        "of its calls through"
        if has_fault
        else "let it through to the network or moto with the option unstubbed='passthrough'"
    )
    return (
        f"unhandled DataZone operation {operation}. {catalogue} it in the test, such as "
        f"datazone_ts.respond({operation!r}, {example!r}), or {otherwise}."
    )


def unanswered_by_server(
    operation: str, example: Mapping[str, Any], *, needs_catalogue: bool
) -> str:
    """Return the message for an unhandled operation of a double outside a test.

    Args:
        operation: The operation.
        example: A response that fits its output shape.
        needs_catalogue: Whether the double would answer it if the catalogue had an asset.
    """
    suggested = json.dumps({"operation": operation, "response": example})
    catalogue = (
        "Add an asset to the catalogue, with --catalogue or POST /_datazone_ts/assets. Or set"
        if needs_catalogue
        else "Set"
    )
    return (
        f"unhandled DataZone operation {operation}. {catalogue} its response, with --respond or "
        f"POST /_datazone_ts/responses, such as {suggested}."
    )


def _keywords(match: Mapping[str, object]) -> list[str]:
    lines = ["  with"] if match else []
    for name, value in match.items():
        label = f"    {name}: "
        lines.append(label + truncate(format_value(value), _COLUMNS - len(label)))
    return lines


def _calls_made(calls: Sequence[Call]) -> list[str]:
    if not calls:
        return ["The code under test made no DataZone call."]
    failed = [call for call in calls if not call.succeeded]
    made = f"The code under test made {counted(len(calls), 'call')}"
    if failed and len(calls) > _SHOWN:
        return [f"{made}, of which {len(failed)} failed:", *_listed(failed)]
    return [f"{made}:", *_listed(calls)]


def _listed(records: Sequence[DataPoint | Call | LineageEvent]) -> list[str]:
    lines = [
        line
        for number, record in enumerate(records[:_SHOWN], 1)
        for line in _numbered(number, record)
    ]
    return lines + _more(records)


def _more(records: Sequence[object]) -> list[str]:
    return [f"  and {len(records) - _SHOWN} more"] if len(records) > _SHOWN else []


def _suggestion(
    records: Sequence[object], traits: Sequence[tuple[str, Sequence[Any]]]
) -> Iterator[str]:
    """Yield lines that say how to select one of the records listed, or at least fewer."""
    narrower = ""
    for name, values in traits:
        for value in values[:_SHOWN]:
            example = f"where({_keyword(name, value)})"
            if example == "where()" or len(example) > _COLUMNS:
                continue
            if without_credentials(example) != example:
                continue
            if values.count(value) == 1:
                yield from _where_hint(f"{example}.one()")
                return
            narrower = narrower or example
    if narrower:
        yield from _where_hint(narrower)
    elif traits:
        yield "Narrow it down with where(...)"
    elif not isinstance(records[0], DataPoint):
        yield "They ask for the same: take one by its index, or the last with latest()."
    else:
        yield "They differ in nothing but id and posted_at. If it is right that the"
        yield "same was posted more than once, say so: assert_posted(count=...)"


def _where_hint(example: str) -> list[str]:
    """Return lines that suggest ``where``, with the example unbroken so that it can be copied."""
    hint = "Narrow it down with where(...), such as"
    line = f"{hint} {example}"
    return [line] if len(line) <= _COLUMNS else [hint, example]


def _keyword(name: str, value: Any) -> str:
    """Return the keyword of ``where`` that selects a value; ``""`` if there is none."""
    if value is None or value is matching.MISSING or value in ([], [None]):
        return ""
    if name == "timestamp":
        return f"timestamp={value.isoformat()!r}"
    if name == "forms":
        return f"form_name={value[0]!r}"
    if name.startswith("content $."):
        return f"content={ {name.removeprefix('content $.'): value}!r}"
    return f"{name}={value!r}"


def _numbered(number: int, record: DataPoint | Call | LineageEvent) -> list[str]:
    return textwrap.wrap(
        summarize(record),
        _COLUMNS,
        initial_indent=f"  {number}. ",
        subsequent_indent="     ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def summarize(record: DataPoint | Call | LineageEvent | Attempt) -> str:
    """Return one line about a record that distinguishes it from most others."""
    if isinstance(record, Attempt):
        return f"attempt {record.number}: {attempts.brief_result(record)}"
    if isinstance(record, Call):
        entity = [record.parameters.get(name) for name in ("entityType", "entityIdentifier")]
        target = f" of {entity[0]} {entity[1]}" if all(entity) else ""
        results = groupby(map(attempts.brief_result, record.attempts))
        counts = [(result, len(list(repeated))) for result, repeated in results]
        summary = ", ".join(
            result if times == 1 else f"{result} ({times} times)" for result, times in counts
        )
        return f"{record.operation}{target} in {record.region}: {summary}"
    if isinstance(record, LineageEvent):
        job = f"{record.job_namespace}/{record.job_name}"
        return f"{record.event_type} of job {job}, run {record.run_id}"
    return (
        f"{record.form_name!r} of {record.entity_type} {record.entity_identifier} "
        f"at {format_value(record.timestamp)}"
    )


def _nearest(match: Match, points: Sequence[DataPoint], *, lead: str) -> list[str]:
    """Return lines that show the points that differ least, and how they differ."""
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
        explanation = [line for each in differences for line in near_misses.explain(*each)]
        compared.append((len(differences), len(explanation), explanation, point))
    compared.sort(key=lambda each: each[:2])
    for number, (_, _, explanation, point) in enumerate(compared[:_SHOWN], 1):
        lines += _numbered(number, point)
        lines += [f"       {line}" for line in explanation]
    if len(points) > _SHOWN:
        lines.append(f"  and {len(points) - _SHOWN} more")
    return lines
