"""The timeline of a failed test: the calls that its doubles recorded, and their results."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pytest_datazone_ts.injections import Injection, is_unused
from pytest_datazone_ts.reporting import attempts, messages
from pytest_datazone_ts.service.validation import MAX_VALUE_LENGTH
from pytest_datazone_ts.text import (
    COLUMNS,
    SECRET,
    brief,
    counted,
    cut,
    escaped,
    flowing,
    shown,
    without_credentials,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from pytest_datazone_ts.records import Attempt, Call
    from pytest_datazone_ts.reporting.trace import Chapter, Trace

Item = TypeVar("Item")

_BRIEF = 60
"""Characters of a name or a value that stands beside others."""
_FAILED = 2
"""How many calls that would be left out are shown because they failed: the last."""
_SHOWN_APART = ("domainIdentifier", "entityType", "entityIdentifier", "forms")


class _Extent(NamedTuple):
    """How many are shown of each, first and last, and how many characters of a text."""

    chapters: int = 3
    calls: tuple[int, int] = (1, 4)
    forms: tuple[int, int] = (2, 1)
    attempts: tuple[int, int] = (3, 3)
    points: tuple[int, int] = (2, 1)
    content: int = 140
    reason: int = 400
    columns: int = COLUMNS
    more: str = " (pytest -vv shows all)"


_ALL = 1_000_000
_EVERYTHING = _Extent(_ALL, (_ALL, 0), (_ALL, 0), (_ALL, 0), (_ALL, 0), 4000, 4000)


def render(trace: Trace, *, failure: str, everything: bool) -> str:
    """Return what the test's earlier failures have not shown; ``""`` if that is nothing.

    Args:
        trace: What the doubles of the test recorded.
        failure: What pytest shows above.
        everything: Whether nothing is left out.
    """
    extent = _EVERYTHING if everything else _Extent()
    total = trace.left_out + len(trace.chapters)
    new = [
        (number, chapter)
        for number, chapter in enumerate(trace.chapters, trace.left_out + 1)
        if chapter.reported != chapter.size
    ]
    # So many doubles are those of a property's examples, the failing one last.
    kept = new[-1 if trace.left_out and not everything else -extent.chapters :]
    lines: list[str] = []
    left_out = total - len(kept)
    if kept and left_out and not any(chapter.reported for chapter in trace.chapters):
        lines.append(f"... {counted(left_out, 'double')} left out (pytest -vv shows more)")
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
    # The message of the option strict names them too.
    if news := [lines for lines in unused(chapter) if lines[0] not in failure]:
        yield "Armed and not used up:"
        yield from (line for lines in news for line in lines)


def of_calls(calls: Sequence[Call], columns: int) -> Iterator[str]:
    """Yield the lines about calls, as wide as ``columns``."""
    extent = _Extent(columns=columns, more="")
    yield _headline(calls)
    yield from _calls(calls, 0, extent)


def unused(chapter: Chapter) -> Iterator[Sequence[str]]:
    """Yield the lines about each fault that was used less often than the test expects."""
    for armed in chapter.armed:
        if isinstance(armed, Injection) and is_unused(armed):
            yield [*messages.armed(armed)]


def without_secrets(reason: str, call: Call) -> str:
    """Return the reason of an attempt without the secrets among the call's parameters."""
    for secret in _secrets(call.parameters):
        # Only in quotes: it may be as short as a letter.
        reason = reason.replace(f"'{secret}'", "'***'")
        reason = reason.replace(f"'{secret[:MAX_VALUE_LENGTH]}...'", "'***...'")
    return reason


def _secrets(value: object, *, within: bool = False) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _secrets(item, within=within or bool(SECRET.search(name)))
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
    pieces = [
        counted(len(calls), "call") + failures,
        counted(len(made), "attempt"),
        f"{counted(points, 'data point')} stored",
    ]
    if slept:
        pieces.append(f"backed off {slept:.3f} s")
    return ", ".join(pieces)


def _chosen(new: range, calls: Sequence[Call], extent: _Extent) -> Sequence[int]:
    """Return which calls are shown: those at both ends, and of the others some that failed."""
    first, others, last = _ends(new, extent.calls)
    failed = [index for index in others if not calls[index].succeeded]
    return [*first, *failed[-_FAILED:], *last]


def _calls(calls: Sequence[Call], reported: int, extent: _Extent) -> Iterator[str]:
    """Yield the lines about the calls after those that were reported before."""
    expected = reported
    for index in _chosen(range(reported, len(calls)), calls, extent):
        if index > expected:
            yield _calls_left_out(calls[expected:index], extent.more)
        yield from _call(index + 1, calls[index], extent)
        expected = index + 1


def _calls_left_out(calls: Sequence[Call], more: str) -> str:
    failed = sum(not call.succeeded for call in calls)
    of_them = f", {failed} of them failed" if failed else ""
    return f"... {counted(len(calls), 'call')} left out{of_them}{more}"


def _call(number: int, call: Call, extent: _Extent) -> Iterator[str]:
    parameters = call.parameters
    title = f"{number}. {call.operation}"
    if "entityType" in parameters and "entityIdentifier" in parameters:
        title += f" of {parameters['entityType']} {parameters['entityIdentifier']}"
    pieces = [brief(title, extent.columns)]
    if "domainIdentifier" in parameters:
        pieces.append(f"domain {brief(str(parameters['domainIdentifier']), _BRIEF)}")
    pieces += [call.region, *[_moment(attempt.at) for attempt in call.attempts[:1]]]
    yield from flowing(pieces, "", "   ", extent.columns)
    others = [
        f"{name} {_value(value)}"
        for name, value in sorted(parameters.items())
        if name not in _SHOWN_APART and not SECRET.search(name)
    ]
    yield from flowing(others, "   ", "   ", extent.columns)
    yield from _shortened(
        parameters.get("forms", ()), extent.forms, "form", lambda form: _form(form, extent)
    )
    yield from _shortened(
        call.attempts,
        extent.attempts,
        "attempt",
        lambda attempt: _attempt(call, attempt, extent),
    )


def _form(form: Mapping[str, object], extent: _Extent) -> Iterator[str]:
    at = [f"at {shown(form['timestamp'])}"] if "timestamp" in form else []
    named = [f"form {_value(form.get('formName'))}", *at]
    pieces = [" ".join(named)] if len(" ".join(named)) < extent.columns - 3 else named
    if "typeIdentifier" in form:
        pieces.append(brief(str(form["typeIdentifier"]), _BRIEF))
    if "typeRevision" in form:
        pieces.append(f"revision {_value(form['typeRevision'])}")
    yield from flowing(pieces, "   ", "     ", extent.columns)
    if "content" in form:
        yield from _wrapped(str(form["content"]), extent.content, extent.columns)


def _attempt(call: Call, attempt: Attempt, extent: _Extent) -> Iterator[str]:
    pieces = [f"attempt {attempt.number}: {attempts.result(attempt)}", *_cause(attempt)]
    if attempt.stored:
        first, others, last = _ends([point.id for point in attempt.stored], extent.points)
        pieces += [f"stored {first[0]}", *first[1:]]
        if others:
            pieces.append(f"{len(others)} more")
        pieces += last
    elif attempts.is_repetition(call, attempt):
        pieces.append("stored nothing new: its clientToken was used before")
    if attempt.request_id is not None:
        pieces.append(f"request {attempt.request_id}")
    if attempt.slept:
        pieces.append(f"backed off {attempt.slept:.3f} s")
    yield from flowing(pieces, "   ", "     ", extent.columns)
    if attempt.reason is not None:
        yield from _wrapped(without_secrets(attempt.reason, call), extent.reason, extent.columns)


def _cause(attempt: Attempt) -> Iterator[str]:
    if attempt.armed_at is None:
        return
    if attempt.fault is None:
        yield f"rate_limit at {attempt.armed_at}"
    else:
        fault = repr(attempt.fault)
        if fault != attempt.error_code:
            yield brief(fault, _BRIEF)
        yield f"injected at {attempt.armed_at}"


def _value(value: object) -> str:
    """Return a value without what it may hold inside."""
    if isinstance(value, Mapping):
        return "{...}"
    if isinstance(value, Sequence) and any(isinstance(item, (Mapping, list)) for item in value):
        return "[...]"
    return brief(shown(value), _BRIEF)


def _moment(at: datetime) -> str:
    """Return a time to the millisecond."""
    return shown(at.replace(microsecond=at.microsecond // 1000 * 1000)).replace("000Z", "Z")


def _ends(
    items: Sequence[Item], extent: tuple[int, int]
) -> tuple[Sequence[Item], Sequence[Item], Sequence[Item]]:
    """Return those shown first, those left out and those shown last."""
    first, last = extent
    end = len(items) - last
    if end - first <= 1:  # to say that one is left out takes as much room
        return items, (), ()
    return items[:first], items[first:end], items[end:]


def _shortened(
    items: Sequence[Item],
    extent: tuple[int, int],
    noun: str,
    lines: Callable[[Item], Iterable[str]],
) -> Iterator[str]:
    first, others, last = _ends(items, extent)
    for item in first:
        yield from lines(item)
    if others:
        yield f"   ... {counted(len(others), noun)} left out"
    for item in last:
        yield from lines(item)


def _wrapped(text: str, room: int, columns: int) -> Sequence[str]:
    """Return lines of a text; the line breaks and indents of JSON are spaces in it."""
    indent = " " * 5
    plain = without_credentials(escaped(re.sub(r"\s*\n\s*", " ", text)))
    return textwrap.wrap(
        cut(plain, room, length_of=text),
        columns,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
