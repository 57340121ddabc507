"""The timeline of a failed test: what its doubles were asked, and what came of it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pytest_datazone_ts import reporting
from pytest_datazone_ts.injections import Injection
from pytest_datazone_ts.service.validation import LONGEST_ECHO
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
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime

    from pytest_datazone_ts.records import Attempt, Call, DataPoint
    from pytest_datazone_ts.trace import Chapter, Trace

Item = TypeVar("Item")

_CREATED = 201
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


_ALL = 1_000_000
_EVERYTHING = _Extent(_ALL, (_ALL, 0), (_ALL, 0), (_ALL, 0), (_ALL, 0), 4000, 4000)


def of(trace: Trace, *, failure: str, everything: bool) -> str:
    """Return what the test's earlier failures have not shown; ``""`` if that is nothing.

    ``failure``: what is shown above; ``everything``: nothing is left out.
    """
    extent = _EVERYTHING if everything else _Extent()
    total = trace.left_out + len(trace.chapters)
    new = [
        (number, chapter)
        for number, chapter in enumerate(trace.chapters, trace.left_out + 1)
        if chapter.told != chapter.size
    ]
    # So many doubles are those of a property's examples, the failing one last.
    kept = new[-1 if trace.left_out and not everything else -extent.chapters :]
    lines: list[str] = []
    if kept and (left_out := total - len(kept)) and not any(c.told for c in trace.chapters):
        lines.append(f"... {counted(left_out, 'double')} left out (pytest -vv shows more)")
    for number, chapter in kept:
        again = ", after reset()" if chapter.again else ""
        title = f"Double {number} of {total}{again}: " * (total > 1)
        lines += _chapter(chapter, title, failure, extent)
    for _, chapter in new:
        chapter.told = chapter.size
    return "\n".join(lines)


def _chapter(chapter: Chapter, title: str, failure: str, extent: _Extent) -> Iterator[str]:
    calls, stored, said = chapter.calls, chapter.stored, chapter.said
    told = chapter.told[0] if chapter.told else 0
    headline = _headline(calls[told:], stored[told:])
    yield title + (f"After the {counted(told, 'call')} shown above: " * bool(told)) + headline
    expected = told
    for index in _chosen(range(told, len(calls)), calls, extent):
        if index > expected:
            yield _calls_left_out(calls[expected:index])
        yield from _call(index + 1, calls[index], stored[index], said[index], extent)
        expected = index + 1
    # What strict says names them too.
    if news := [lines for lines in unused(chapter) if lines[0] not in failure]:
        yield "Armed and not used up:"
        yield from (line for lines in news for line in lines)


def unused(chapter: Chapter) -> Iterator[Sequence[str]]:
    """Yield the lines about each fault that was armed for more attempts than came."""
    for armed in chapter.armed:
        if isinstance(armed, Injection) and armed.owed:
            yield [*reporting.armed(armed)]


def repeated(call: Call, attempt: Attempt, points: Collection[DataPoint]) -> bool:
    """Tell whether an attempt, which stored ``points``, got the answer to an earlier request."""
    created = attempt.status_code == _CREATED and bool(call.parameters.get("forms"))
    return created and not points


def without_secrets(said: str, call: Call) -> str:
    """Return what a double said of a call without the secrets among its parameters."""
    for secret in _secrets(call.parameters):
        # Only as it is quoted: it may be as short as a letter.
        said = said.replace(f"'{secret}'", "'***'")
        said = said.replace(f"'{secret[:LONGEST_ECHO]}...'", "'***...'")
    return said


def _secrets(value: object, *, within: bool = False) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _secrets(item, within=within or bool(SECRET.search(name)))
    elif within and value:
        yield str(value)


def _headline(calls: Sequence[Call], stored: Sequence[Mapping[int, Sequence[DataPoint]]]) -> str:
    if not calls:
        return "no DataZone call"
    failed = sum(not call.succeeded for call in calls)
    attempts = [attempt for call in calls for attempt in call.attempts]
    points = sum(len(points) for by_attempt in stored for points in by_attempt.values())
    waited = sum(attempt.slept for attempt in attempts)
    pieces = [
        counted(len(calls), "call") + f" ({failed} failed)" * bool(failed),
        counted(len(attempts), "attempt"),
        f"{counted(points, 'data point')} stored",
        *[f"backed off {waited:.3f} s"] * bool(waited),
    ]
    return ", ".join(pieces)


def _chosen(new: range, calls: Sequence[Call], extent: _Extent) -> Sequence[int]:
    """Return which calls are shown: those at both ends, and of the others some that failed."""
    first, others, last = _ends(new, extent.calls)
    failed = [index for index in others if not calls[index].succeeded]
    return [*first, *failed[-_FAILED:], *last]


def _calls_left_out(calls: Sequence[Call]) -> str:
    failed = sum(not call.succeeded for call in calls)
    of_them = f", {failed} of them failed" if failed else ""
    return f"... {counted(len(calls), 'call')} left out{of_them} (pytest -vv shows all)"


def _call(
    number: int,
    call: Call,
    stored: Mapping[int, Sequence[DataPoint]],
    said: Mapping[int, str],
    extent: _Extent,
) -> Iterator[str]:
    parameters = call.parameters
    title = f"{number}. {call.operation}"
    if "entityType" in parameters and "entityIdentifier" in parameters:
        title += f" of {parameters['entityType']} {parameters['entityIdentifier']}"
    pieces = [brief(title, COLUMNS)]
    if "domainIdentifier" in parameters:
        pieces.append(f"domain {brief(str(parameters['domainIdentifier']), _BRIEF)}")
    pieces += [call.region, *[_moment(attempt.at) for attempt in call.attempts[:1]]]
    yield from flowing(pieces, "", "   ")
    others = [
        f"{name} {_value(value)}"
        for name, value in sorted(parameters.items())
        if name not in _SHOWN_APART and not SECRET.search(name)
    ]
    yield from flowing(others, "   ", "   ")
    yield from _shortened(
        parameters.get("forms", ()), extent.forms, "form", lambda form: _form(form, extent)
    )
    yield from _shortened(
        call.attempts,
        extent.attempts,
        "attempt",
        lambda attempt: _attempt(
            call, attempt, stored.get(attempt.number, ()), said.get(attempt.number), extent
        ),
    )


def _form(form: Mapping[str, object], extent: _Extent) -> Iterator[str]:
    at = [f"at {shown(form['timestamp'])}"] if "timestamp" in form else []
    named = [f"form {_value(form.get('formName'))}", *at]
    pieces = [" ".join(named)] if len(" ".join(named)) < COLUMNS - 3 else named
    if "typeIdentifier" in form:
        pieces.append(brief(str(form["typeIdentifier"]), _BRIEF))
    if "typeRevision" in form:
        pieces.append(f"revision {_value(form['typeRevision'])}")
    yield from flowing(pieces, "   ", "     ")
    if "content" in form:
        yield from _wrapped(str(form["content"]), extent.content)


def _attempt(
    call: Call,
    attempt: Attempt,
    points: Sequence[DataPoint],
    said: str | None,
    extent: _Extent,
) -> Iterator[str]:
    pieces = [f"attempt {attempt.number}: {_came(attempt)}", *_caused(attempt)]
    if points:
        first, others, last = _ends([point.id for point in points], extent.points)
        left_out = [f"{len(others)} more"] * bool(others)
        pieces += [f"stored {first[0]}", *first[1:], *left_out, *last]
    elif repeated(call, attempt, points):
        pieces.append("stored nothing new: its clientToken was used before")
    if attempt.request_id is not None:
        pieces.append(f"request {attempt.request_id}")
    if attempt.slept:
        pieces.append(f"backed off {attempt.slept:.3f} s")
    yield from flowing(pieces, "   ", "     ")
    if said is not None:
        yield from _wrapped(without_secrets(said, call), extent.reason)


def _came(attempt: Attempt) -> str:
    if attempt.status_code is None:
        return "no response"
    status = str(attempt.status_code)
    return status if attempt.error_code in {None, status} else f"{status} {attempt.error_code}"


def _caused(attempt: Attempt) -> Iterator[str]:
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


def _wrapped(text: str, room: int) -> Sequence[str]:
    """Return lines of a text; the line breaks and indents of JSON are spaces in it."""
    indent = " " * 5
    plain = without_credentials(escaped(re.sub(r"\s*\n\s*", " ", text)))
    return textwrap.wrap(
        cut(plain, room, length_of=text),
        COLUMNS,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
