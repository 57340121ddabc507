"""The timeline of a failed test: the calls that its doubles recorded, and their results."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pytest_datazone_ts.injections import Injection, is_unused
from pytest_datazone_ts.reporting import attempts, messages
from pytest_datazone_ts.text import (
    COLUMNS,
    counted,
    escape,
    excerpt,
    format_value,
    is_secret,
    truncate,
    without_credentials,
    wrap_list,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from pytest_datazone_ts.records import Attempt, Call
    from pytest_datazone_ts.trace import Chapter, Trace

Item = TypeVar("Item")

_EXCERPT = 60
"""The maximum length of a name or value that shares a line with others."""
_FAILED = 2
"""The number of failed calls, the last ones, that are shown where calls are omitted."""
_SHOWN_APART = ("domainIdentifier", "entityType", "entityIdentifier", "forms")


class _Extent(NamedTuple):
    """How many items are shown, as (first, last), and how many characters of a text."""

    chapters: int = 3
    calls: tuple[int, int] = (1, 4)
    forms: tuple[int, int] = (2, 1)
    attempts: tuple[int, int] = (3, 3)
    points: tuple[int, int] = (2, 1)
    content: int = 140
    reason: int = 400
    columns: int = COLUMNS
    request_ids: bool = False
    """Whether to show request ids, which are counters and seldom help."""
    more: str = " (pytest -vv shows all)"


_ALL = 1_000_000
_EVERYTHING = _Extent(
    _ALL, (_ALL, 0), (_ALL, 0), (_ALL, 0), (_ALL, 0), 4000, 4000, request_ids=True
)


def render(trace: Trace, *, failure: str, everything: bool) -> str:
    """Return what earlier failures of the test have not shown; ``""`` if nothing is new.

    Args:
        trace: What the doubles of the test recorded.
        failure: The text of the failure, which pytest shows above the timeline.
        everything: Whether everything is shown in full.
    """
    extent = _EVERYTHING if everything else _Extent()
    total = trace.omitted + len(trace.chapters)
    new = [
        (number, chapter)
        for number, chapter in enumerate(trace.chapters, trace.omitted + 1)
        if chapter.reported != chapter.size
    ]
    # A test with that many doubles is a property test, whose failing example comes last.
    kept = new[-1 if trace.omitted and not everything else -extent.chapters :]
    lines: list[str] = []
    omitted = total - len(kept)
    if kept and omitted and not any(chapter.reported for chapter in trace.chapters):
        lines.append(f"... {counted(omitted, 'double')} omitted (pytest -vv shows more)")
    for number, chapter in kept:
        title = ""
        if total > 1:
            reset = ", after reset()" if chapter.after_reset else ""
            title = f"Double {number} of {total}{reset}: "
        lines += _chapter(chapter, title, failure, extent)
    for _, chapter in new:
        chapter.reported = chapter.size
    return "\n".join(lines)


def _chapter(chapter: Chapter, title: str, failure: str, extent: _Extent) -> Iterator[str]:
    calls = chapter.calls
    reported = chapter.reported[0] if chapter.reported else 0
    if reported:
        title += f"After the {counted(reported, 'call')} shown above: "
    yield title + _headline(calls[reported:])
    yield from _calls(calls, reported, extent)
    # The message of the option strict may have named them.
    yield from _unused([lines for lines in unused_faults(chapter) if lines[0] not in failure])


def _unused(faults: Sequence[Sequence[str]]) -> Iterator[str]:
    if faults:
        yield "Injected and not used up:"
        yield from (line for lines in faults for line in lines)


def describe(calls: Sequence[Call], unused: Sequence[Injection]) -> str:
    """Return the timeline of one double, as ``print`` shows it."""
    extent = _Extent(more=" (all are in its .calls)")
    faults = [[*messages.describe_injection(each)] for each in unused]
    return "\n".join([_headline(calls), *_calls(calls, 0, extent), *_unused(faults)])


def render_calls(calls: Sequence[Call], columns: int) -> Iterator[str]:
    """Yield lines about calls that are at most ``columns`` wide."""
    extent = _Extent(columns=columns, more="")
    yield from wrap_list(_headline(calls).split(", "), "", "   ", columns)
    yield from _calls(calls, 0, extent)


def unused_faults(chapter: Chapter) -> Iterator[Sequence[str]]:
    """Yield the lines about each fault that was not used up."""
    for injected in chapter.injected:
        if isinstance(injected, Injection) and is_unused(injected):
            yield [*messages.describe_injection(injected)]


def without_secrets(reason: str, call: Call) -> str:
    """Return the reason of an attempt without the secrets among the call's parameters."""
    for secret in _secrets(call.parameters):
        # Only in quotes, as a secret may be as short as one letter.
        reason = reason.replace(f"'{secret}'", "'***'")
    return reason


def _secrets(value: object, *, within: bool = False) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _secrets(item, within=within or is_secret(name))
    elif within and value:
        yield str(value)


def _headline(calls: Sequence[Call]) -> str:
    if not calls:
        return "no DataZone call"
    failed = sum(not call.succeeded for call in calls)
    made = [attempt for call in calls for attempt in call.attempts]
    points = sum(len(attempt.stored) for attempt in made)
    slept = sum(attempt.slept for attempt in made)
    failures = f" ({failed} failed)" if failed else ""
    items = [
        counted(len(calls), "call") + failures,
        counted(len(made), "attempt"),
        f"{counted(points, 'data point')} stored",
    ]
    if slept:
        items.append(f"backed off {slept:.3f} s")
    return ", ".join(items)


def _select(new: range, calls: Sequence[Call], extent: _Extent) -> Sequence[int]:
    """Return the indexes of the calls to show: the first, the last, and some that failed."""
    first, others, last = _split(new, extent.calls)
    failed = [index for index in others if not calls[index].succeeded]
    return [*first, *failed[-_FAILED:], *last]


def _calls(calls: Sequence[Call], reported: int, extent: _Extent) -> Iterator[str]:
    """Yield the lines about the calls after those that were reported before."""
    expected = reported
    for index in _select(range(reported, len(calls)), calls, extent):
        if index > expected:
            yield _omitted_calls(calls[expected:index], extent.more)
        yield from _call(index + 1, calls[index], extent)
        expected = index + 1


def _omitted_calls(calls: Sequence[Call], more: str) -> str:
    failed = sum(not call.succeeded for call in calls)
    failures = f", {failed} of them failed" if failed else ""
    return f"... {counted(len(calls), 'call')} omitted{failures}{more}"


def _call(number: int, call: Call, extent: _Extent) -> Iterator[str]:
    parameters = call.parameters
    title = f"{number}. {call.operation}"
    if "entityType" in parameters and "entityIdentifier" in parameters:
        title += f" of {parameters['entityType']} {parameters['entityIdentifier']}"
    items = [excerpt(title, extent.columns)]
    if "domainIdentifier" in parameters:
        items.append(f"domain {excerpt(str(parameters['domainIdentifier']), _EXCERPT)}")
    items += [call.region, *[_format_time(attempt.at) for attempt in call.attempts[:1]]]
    yield from wrap_list(items, "", "   ", extent.columns)
    others = [
        f"{name} {_abbreviate(value)}"
        for name, value in sorted(parameters.items())
        if name not in _SHOWN_APART and not is_secret(name)
    ]
    yield from wrap_list(others, "   ", "   ", extent.columns)
    yield from _abridge(
        parameters.get("forms", ()), extent.forms, "form", lambda form: _form(form, extent)
    )
    yield from _abridge(
        call.attempts,
        extent.attempts,
        "attempt",
        lambda attempt: _attempt(call, attempt, extent),
    )


def _form(form: Mapping[str, object], extent: _Extent) -> Iterator[str]:
    at = [f"at {format_value(form['timestamp'])}"] if "timestamp" in form else []
    named = [f"form {_abbreviate(form.get('formName'))}", *at]
    items = [" ".join(named)] if len(" ".join(named)) < extent.columns - 3 else named
    if "typeIdentifier" in form:
        items.append(excerpt(str(form["typeIdentifier"]), _EXCERPT))
    if "typeRevision" in form:
        items.append(f"revision {_abbreviate(form['typeRevision'])}")
    yield from wrap_list(items, "   ", "     ", extent.columns)
    if "content" in form:
        yield from _wrap_text(str(form["content"]), extent.content, extent.columns)


def _attempt(call: Call, attempt: Attempt, extent: _Extent) -> Iterator[str]:
    items = [f"attempt {attempt.number}: {attempts.result(attempt)}", *_cause(attempt)]
    if attempt.stored:
        first, others, last = _split([point.id for point in attempt.stored], extent.points)
        items += [f"stored {first[0]}", *first[1:]]
        if others:
            items.append(f"{len(others)} more")
        items += last
    elif attempts.is_repetition(call, attempt):
        items.append("stored nothing new: its clientToken was used before")
    if attempt.has_next_page:
        items.append("more pages follow (nextToken)")
    if extent.request_ids and attempt.request_id is not None:
        items.append(f"request {attempt.request_id}")
    if attempt.slept:
        items.append(f"backed off {attempt.slept:.3f} s")
    yield from wrap_list(items, "   ", "     ", extent.columns)
    if attempt.reason is not None:
        yield from _wrap_text(without_secrets(attempt.reason, call), extent.reason, extent.columns)


def _cause(attempt: Attempt) -> Iterator[str]:
    if attempt.armed_at is None:
        return
    if attempt.fault is None:
        yield f"rate_limit at {attempt.armed_at}"
    else:
        fault = repr(attempt.fault)
        if fault != attempt.error_code:
            yield excerpt(fault, _EXCERPT)
        yield f"injected at {attempt.armed_at}"


def _abbreviate(value: object) -> str:
    """Return a value, abbreviated if it is a structure."""
    if isinstance(value, Mapping):
        return "{...}"
    if isinstance(value, Sequence) and any(isinstance(item, (Mapping, list)) for item in value):
        return "[...]"
    return excerpt(format_value(value), _EXCERPT)


def _format_time(at: datetime) -> str:
    """Return a time to the millisecond."""
    return format_value(at.replace(microsecond=at.microsecond // 1000 * 1000)).replace("000Z", "Z")


def _split(
    items: Sequence[Item], extent: tuple[int, int]
) -> tuple[Sequence[Item], Sequence[Item], Sequence[Item]]:
    """Split items into those shown first, those omitted and those shown last."""
    first, last = extent
    end = len(items) - last
    if end - first <= 1:  # a line that counts a single item would be as long
        return items, (), ()
    return items[:first], items[first:end], items[end:]


def _abridge(
    items: Sequence[Item],
    extent: tuple[int, int],
    noun: str,
    lines: Callable[[Item], Iterable[str]],
) -> Iterator[str]:
    first, others, last = _split(items, extent)
    for item in first:
        yield from lines(item)
    if others:
        yield f"   ... {counted(len(others), noun)} omitted"
    for item in last:
        yield from lines(item)


def _wrap_text(text: str, width: int, columns: int) -> Sequence[str]:
    """Return a text as lines, with the line breaks and indents of JSON replaced by spaces."""
    indent = " " * 5
    plain = without_credentials(escape(re.sub(r"\s*\n\s*", " ", text)))
    return textwrap.wrap(
        truncate(plain, width, original=text),
        columns,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
