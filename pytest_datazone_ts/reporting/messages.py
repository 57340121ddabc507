"""Messages for a person at a failing test: readable at 80 columns, ending with the way out."""

from __future__ import annotations

import json
import textwrap
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts import location
from pytest_datazone_ts import match as matching
from pytest_datazone_ts.errors import UnansweredOperationError
from pytest_datazone_ts.records import Attempt, Call, DataPoint
from pytest_datazone_ts.reporting import attempts
from pytest_datazone_ts.text import brief, counted, cut, cut_alike, flowing, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_datazone_ts.injections import Injection
    from pytest_datazone_ts.match import Match, Selection

_SHOWN = 3
"""How many records a message lists before it counts the rest."""
_COLUMNS = 72
"""How wide a line may be: pytest puts 8 characters before it."""
_BRIEF = 50
"""Characters of a value that stands beside others."""
_SIDE = _COLUMNS - len("         expected ")
"""How wide one of two values may be that stand below each other."""


def not_one(noun: str, records: Sequence[DataPoint | Call], selection: Selection | None) -> str:
    """Say what there is instead of exactly one record."""
    if not records:
        return _none(f"expected exactly one {noun}", noun, selection)
    lines = [f"expected exactly one {noun}, found {len(records)}:"]
    told = [line(record) for record in records]
    traits = [*_traits(records)]
    for index, record in enumerate(records[:_SHOWN]):
        lines += _numbered(index + 1, record)
        alike = [other for other, text in enumerate(told) if text == told[index]]
        for name, values in traits:
            if any(values[other] != values[index] for other in alike):
                label = f"       {name}: "
                lines.append(label + cut(shown(values[index]), _COLUMNS - len(label)))
    return "\n".join([*lines, *_more(records), *_way_out(records, traits)])


def none_at_all(noun: str, selection: Selection | None) -> str:
    """Say that there is no record to be the latest."""
    return _none(f"expected at least one {noun}", noun, selection)


def _none(expected: str, noun: str, selection: Selection | None) -> str:
    match, records, calls = (matching.Match(), (), None) if selection is None else selection
    if not match:
        lines = [f"{expected}, found none", *([] if calls is None else _made(calls()))]
    elif noun == "call":
        lines = [expected, *_keywords(match), *_made(records)]
    else:
        made = () if calls is None else calls()
        lines = [expected, *_keywords(match), *_missed(match, records, (), made)]
    return "\n".join(lines)


def not_posted(
    match: Match,
    count: int | None,
    points: Sequence[DataPoint],
    matched: Sequence[DataPoint],
    calls: Sequence[Call],
) -> str:
    """Say what was asked for, how the nearest recorded points differ, and what went wrong."""
    wanted = "a data point" if count is None else counted(count, "data point")
    lines = [f"expected {wanted} to have been posted", *_keywords(match)]
    if matched:
        lines += [f"but {len(matched)} matched:", *_listed(matched)]
    if len(matched) < (1 if count is None else count):
        lines += _missed(match, points, matched, calls)
    return "\n".join(lines)


def _missed(
    match: Match,
    points: Sequence[DataPoint],
    matched: Sequence[DataPoint],
    calls: Sequence[Call],
) -> Iterator[str]:
    """Say what there is beside what matched, and which calls stored nothing."""
    if not points:
        yield "but no data point was posted."
        yield from _made(calls)
        return
    found = {point.id for point in matched}
    others = [point for point in points if point.id not in found]
    yield from _nearest(match, others, lead="and" if matched else "but")
    failed = [call for call in calls if not call.succeeded]
    if failed:
        yield f"{counted(len(failed), 'call')} failed:"
        yield from _listed(failed)


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
    lines += [line for injection in injections for line in armed(injection)]
    lines += textwrap.wrap(
        "The code under test made too few matching calls. If that is right, arm fewer, "
        "cancel() the injection, or set the option strict=False.",
        _COLUMNS,
    )
    return "\n".join(lines)


def armed(injection: Injection) -> Iterator[str]:
    """Say what was armed where, and how much of it was used."""
    keywords = [f"{name}={shown(value)}" for name, value in injection.match.items()]
    call = "" if injection.call is None else f"call {injection.call} of "
    where = f"{call}{injection.operation}"
    total = "" if injection.times is None else f"of {injection.times} "
    pieces = [
        f"{injection.armed_at}: {brief(repr(injection.fault), _BRIEF)} on {where}",
        *[f"with {brief(', '.join(keywords), _BRIEF)}"] * bool(keywords),
        *[f"after letting {injection.let_through} more through"] * bool(injection.let_through),
        f"used {injection.hits} {total}times",
    ]
    yield from flowing(pieces, "  ", "    ", _COLUMNS)


def swallowed(errors: Sequence[BaseException]) -> str:
    """Say which errors of the double itself the code under test hid."""
    lines = ["datazone_ts: the code under test hid errors that are not for it to handle:"]
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
    operation: str, members: Sequence[str], *, needs_catalogue: bool, is_armed: bool
) -> str:
    """Say how to answer an operation that the double does not.

    ``is_armed``: the double took the call for a fault that it then did not get.
    """
    example = ", ".join(f"{member!r}: ..." for member in members)
    catalogue = (
        "Put an asset in the catalogue, with datazone_ts.add_asset(...). Or answer"
        if needs_catalogue
        else "Answer"
    )
    otherwise = (
        "cancel() the fault that is armed for it: until then unstubbed='passthrough' lets none of "
        "its calls through"
        if is_armed
        else "let it through to the network or moto with the option unstubbed='passthrough'"
    )
    return (
        f"nothing answers the DataZone operation {operation}. {catalogue} it in the test, such as "
        f"datazone_ts.respond({operation!r}, {{{example}}}), or {otherwise}."
    )


def _keywords(match: Mapping[str, object]) -> list[str]:
    lines = ["  with"] if match else []
    for name, value in match.items():
        label = f"    {name}: "
        lines.append(label + cut(shown(value), _COLUMNS - len(label)))
    return lines


def _made(calls: Sequence[Call]) -> list[str]:
    if not calls:
        return ["The code under test made no DataZone call."]
    return [f"The code under test made {counted(len(calls), 'call')}:", *_listed(calls)]


def _listed(records: Sequence[DataPoint | Call]) -> list[str]:
    lines = [
        line
        for number, record in enumerate(records[:_SHOWN], 1)
        for line in _numbered(number, record)
    ]
    return lines + _more(records)


def _more(records: Sequence[object]) -> list[str]:
    return [f"  and {len(records) - _SHOWN} more"] if len(records) > _SHOWN else []


def _traits(records: Sequence[Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield what records differ in, and its value for each; what their lines tell comes first."""
    traits = _call_traits if isinstance(records[0], Call) else _point_traits
    for name, values in traits(records):
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


def _way_out(
    records: Sequence[object], traits: Iterable[tuple[str, Sequence[Any]]]
) -> Iterator[str]:
    """Say how to ask for one of the records listed, or at least for fewer."""
    hint = ""
    for name, values in traits:
        for value in values[:_SHOWN]:
            asked = f"where({_keyword(name, value)})"
            if asked == "where()" or len(asked) > _COLUMNS:
                continue
            if values.count(value) == 1:
                yield from _such_as(f"{asked}.one()")
                return
            hint = hint or asked
    if hint:
        yield from _such_as(hint)
    elif isinstance(records[0], Call):
        yield "They ask for the same: take one by its index, or the last with latest()."
    else:
        yield "They differ in nothing but id and posted_at. If it is right that the"
        yield "same was posted more than once, say so: assert_posted(count=...)"


def _such_as(asked: str) -> list[str]:
    """Return lines that do not break what a reader may copy."""
    hint = "Narrow it down with where(...), such as"
    line = f"{hint} {asked}"
    return [line] if len(line) <= _COLUMNS else [hint, asked]


def _keyword(name: str, value: Any) -> str:
    """Return how ``where`` asks for a value; nothing where it can not."""
    if value is None or value is matching.MISSING or value in ([], [None]):
        return ""
    if name == "operation":
        return f"where=lambda c: c.operation == {value!r}"
    if name == "timestamp":
        return f"timestamp={value.isoformat()!r}"
    if name == "forms":
        return f"form_name={value[0]!r}"
    if name.startswith("content $."):
        return f"content={ {name.removeprefix('content $.'): value}!r}"
    return f"{name}={value!r}"


def _numbered(number: int, record: DataPoint | Call) -> list[str]:
    return textwrap.wrap(
        line(record),
        _COLUMNS,
        initial_indent=f"  {number}. ",
        subsequent_indent="     ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def line(record: DataPoint | Call | Attempt) -> str:
    """Return a line that tells a record from others."""
    if isinstance(record, Attempt):
        return f"attempt {record.number}: {attempts.brief_result(record)}"
    if isinstance(record, Call):
        entity = [record.parameters.get(name) for name in ("entityType", "entityIdentifier")]
        of = f" of {entity[0]} {entity[1]}" if all(entity) else ""
        results = groupby(map(attempts.brief_result, record.attempts))
        counts = [(result, len(list(repeated))) for result, repeated in results]
        summary = ", ".join(
            result if times == 1 else f"{result} ({times} times)" for result, times in counts
        )
        return f"{record.operation}{of} in {record.region}: {summary}"
    return (
        f"{record.form_name!r} of {record.entity_type} {record.entity_identifier} "
        f"at {shown(record.timestamp)}"
    )


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
        yield f"where: {shown(expected)} is false for it"
        return
    for label, left, right in _details(field, expected, actual):
        yield label
        left_text, right_text = cut_alike(shown(left), shown(right), _SIDE)
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
        for path, left, right in matching.json_differences(expected, parsed, subset=True):
            sizes = (
                f" (expected {counted(len(left), 'item')}, posted {len(right)})"
                if isinstance(left, list) and isinstance(right, list)
                else ""
            )
            yield f"content {path}{sizes}", left, right
    else:
        yield field, expected, actual
