"""The page: what a run posted, readable without scripts and complete in itself.

Everything that comes from a test is escaped where it is put into HTML, and a policy in the page
allows only the page's own style and script. Optional end tags are omitted, so that a page for
hundreds of tests stays under a megabyte.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from bisect import bisect_left
from functools import cache
from importlib.resources import files
from itertools import accumulate, groupby
from string import Template
from typing import TYPE_CHECKING

from pytest_datazone_ts.reporting import html as html_report
from pytest_datazone_ts.reporting.attempts import describe_result
from pytest_datazone_ts.reporting.html import chart
from pytest_datazone_ts.reporting.html.record import CONTENT
from pytest_datazone_ts.text import counted, escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_datazone_ts.reporting.html.record import (
        AttemptRecord,
        CallRecord,
        DoubleRecord,
        FormRecord,
        SeriesRecord,
    )
    from pytest_datazone_ts.reporting.html.results import Result, Run

SIZE = 1_000_000
"""The maximum size of the page in bytes, above which details are left out."""
_STEPS = (800, 400, 200, 100, 50, 0)
_LIMITS = (
    (CONTENT, CONTENT),
    *((CONTENT, others) for others in _STEPS),
    *((failed, 0) for failed in _STEPS),
)
"""The characters of a form's content that are shown, for failed tests and for the others."""
_OPEN = 3
"""Tests, or failed tests, are shown open if there are no more than this."""
_TABLE = 6
"""Series with more points than this are listed folded."""


def render(run: Run) -> str:
    """Return the page with as many details as there is room for."""
    results = sorted(run.results, key=_sort_key)
    opened = _open_flags(results)

    def tests(limits: tuple[int, int]) -> list[str]:
        bodies = [_body(result, limits) for result in results]
        return list(map(_test, results, bodies, opened))

    def page(limits: tuple[int, int]) -> str:
        return _page(run, results, tests(limits), _cut(results, limits))

    fits = bisect_left(_LIMITS, True, key=lambda limits: _bytes(page(limits)) <= SIZE)  # noqa: FBT003
    if fits < len(_LIMITS):
        return page(_LIMITS[fits])
    # Keep all names, and the calls of as many tests as there is room for, failed tests first.
    cut = _cut(results, _LIMITS[-1])
    full = tests(_LIMITS[-1])
    kept = [_test(result, "", opened=False) for result in results]
    room = SIZE - _bytes(_page(run, results, kept, [*cut, _left_out(len(results))]))
    places = sorted(range(len(results)), key=lambda place: not results[place].failed)
    sizes = accumulate(_bytes(full[place]) - _bytes(kept[place]) for place in places)
    shown = [place for place, size in zip(places, sizes, strict=True) if size <= room]
    for place in shown:
        kept[place] = full[place]
    return _page(run, results, kept, [*cut, _left_out(len(results) - len(shown))])


def _sort_key(result: Result) -> tuple[str, int, str]:
    """Return the sort key of a test: by file and line, with numbers in names as numbers."""
    numbered = re.sub("[0-9]+", lambda found: found[0].zfill(9), result.nodeid)
    return result.file, result.line, numbered


def _open_flags(results: Sequence[Result]) -> list[bool]:
    """Return whether each test is shown open."""
    if len(results) <= _OPEN:
        return [True] * len(results)
    few = sum(result.failed for result in results) <= _OPEN
    return [few and result.failed for result in results]


def _cut(results: Iterable[Result], limits: tuple[int, int]) -> list[str]:
    """Return notes about content that is left out."""
    failed_limit, other_limit = limits
    longest = max(
        (
            len(form["content"]["text"])
            for result in results
            for double in result.record["doubles"]
            for call in double["calls"]
            for form in call["forms"]
            if form["content"] is not None
        ),
        default=0,
    )
    if other_limit == CONTENT or longest <= other_limit:
        return []
    note = f"content is cut to {other_limit:,} characters" if other_limit else "content is left out"
    if failed_limit and any(result.failed for result in results):
        note += f" ({failed_limit:,} characters in tests that failed)"
    return [note]


def _left_out(tests: int) -> str:
    return f"the calls of {counted(tests, 'test')} are left out"


def _page(run: Run, results: Sequence[Result], tests: Sequence[str], missing: Sequence[str]) -> str:
    """Return the page; ``missing`` describes what there was no room for."""
    notes = [*run.notes]
    if more := sum(bool(result.record["doubles_left_out"]) for result in results):
        notes.append(
            f"{counted(more, 'test')} had more doubles than are kept: the earlier ones are "
            "neither shown nor counted."
        )
    if missing:
        what = " and ".join(missing)
        notes.append(f"To keep the page small, {what}. Run fewer tests to see more.")
    sections = [
        f"<section><h2>{_e(file)} <small>{counted(len(group), 'test')}</small></h2>"
        f"{''.join(group)}</section>"
        for file, rows in groupby(zip(results, tests, strict=True), key=lambda row: row[0].file)
        if (group := [test for _, test in rows])
    ]
    style, script = _asset("page.css"), _asset("page.js")
    return Template(_asset("page.html")).substitute(
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        ending=_e(run.ending),
        started=run.started.strftime("%Y-%m-%d %H:%M UTC"),
        seconds=_seconds(run.seconds),
        totals=_totals(run, results),
        notes="".join(f"<p class=note>{_e(note)}</p>" for note in notes),
        filters=_filters(results),
        tests="\n".join(sections) or "<p class=none>No test called Amazon DataZone.</p>",
        versions=" · ".join(map(_e, run.versions)),
    )


def _totals(run: Run, results: Sequence[Result]) -> str:
    def total(key: str) -> int:
        return sum(result.record["totals"][key] for result in results)  # type: ignore[literal-required]

    figures = [
        ("tests", f"{len(results):,}", f"of {run.tests:,} in the run"),
        ("failed", f"{sum(result.failed for result in results):,}", "of these tests"),
        ("calls", f"{total('calls'):,}", f"{total('failed'):,} ended in an error"),
        ("data points", f"{total('points'):,}", "stored"),
        ("faults", f"{total('faults'):,}", "injected"),
        ("back-off", _seconds(total("slept")), f"before {total('retries'):,} retries"),
    ]
    return "".join(
        f"<div><dt>{name}<dd>{figure} <small>{more}</small></div>" for name, figure, more in figures
    )


def _filters(results: Sequence[Result]) -> str:
    kinds = [kind for result in results for kind in _kinds(result)]
    choices = [("", "all", len(results))]
    choices += [(kind, kind, kinds.count(kind)) for kind in ("failed", "faults", "retries")]
    return "".join(
        f"<label><input type=radio name=kind value='{value}'{'' if value else ' checked'}>"
        f"<span>{name} <small>{count:,}</small></span></label>"
        for value, name, count in choices
        if kinds and (count or not value)
    )


def _kinds(result: Result) -> Iterator[str]:
    if result.failed:
        yield "failed"
    if result.record["totals"]["faults"]:
        yield "faults"
    if result.record["totals"]["retries"]:
        yield "retries"


def _test(result: Result, body: str, opened: bool) -> str:  # noqa: FBT001 - for map()
    totals = result.record["totals"]
    facts = [
        counted(totals["calls"], "call"),
        counted(totals["points"], "point"),
        *([counted(totals["faults"], "fault")] if totals["faults"] else []),
        _seconds(result.seconds),
    ]
    kind = "good" if result.outcome == "passed" else "bad" if result.failed else "other"
    kinds = " ".join(_kinds(result))
    head = (
        f"<h3><b class={kind}>{_e(result.outcome)}</b> {_e(result.name)}</h3>"
        f"<span class=facts>{' · '.join(facts)}</span>"
    )
    marks = f" data-kinds='{kinds}'" if kinds else ""
    if not body:
        return f"<div class=test{marks}><div class=head>{head}</div></div>"
    marks += " open" if opened else ""
    return f"<details class=test{marks}><summary class=head>{head}</summary>{body}</details>"


def _body(result: Result, limits: tuple[int, int]) -> str:
    limit = limits[0 if result.failed else 1]
    doubles, left_out = result.record["doubles"], result.record["doubles_left_out"]
    parts = []
    if left_out:
        parts.append(_note(f"{counted(left_out, 'earlier double')} of this test not kept."))
    for place, double in enumerate(doubles, left_out + 1):
        if len(doubles) + left_out > 1:
            title = f"Double {place} of {len(doubles) + left_out}"
            title += ", after reset()" if double["after_reset"] else ""
            parts.append(f"<h4 class=double>{title}</h4>")
        parts.append(f"<div class=body>{_calls(double, limit)}{_posted(double)}</div>")
    return "".join(parts)


def _calls(double: DoubleRecord, limit: int) -> str:
    calls = double["calls"]
    attempts = [attempt for call in calls for attempt in call["attempts"]]
    start = min((attempt["at"] for attempt in attempts), default=0.0)
    end = max((attempt["at"] + attempt["slept"] for attempt in attempts), default=0.0)
    drawn = any(attempt["slept"] for attempt in attempts)
    span = f" <small>over {_seconds(end - start)} of the test's clock</small>" if drawn else ""
    parts = [f"<div class=calls><h4>Calls{span}</h4>"]
    for target, group in groupby(calls, key=lambda call: call["target"]):
        items = [
            _call(call, chart.strip(call["attempts"], start, end) if drawn else "", limit)
            for call in group
        ]
        parts.append(f"<p class=target>{_e(target)}<ol>{''.join(items)}</ol>")
    if not calls:
        parts.append(_note("None: faults were armed."))
    if double["calls_left_out"]:
        parts.append(_note(f"{counted(double['calls_left_out'], 'further call')} not kept."))
    if double["unused"]:
        faults = "".join(f"<li>{_e(fault)}" for fault in double["unused"])
        parts.append(f"<p class=target>Armed and not used up<ul>{faults}</ul>")
    return "".join([*parts, "</div>"])


def _call(call: CallRecord, strip: str, limit: int) -> str:
    attempts = call["attempts"]
    about = f" {_e(call['about'])}" if call["about"] else ""
    kind = "good" if call["succeeded"] else "bad"
    outcome = _outcome(call["status"], call["error"])
    parts = [
        f"<li><p class=op><b>{_e(call['operation'])}</b>{about}<b class={kind}>{outcome}</b></p>",
        strip,
    ]
    if len(attempts) > 1 or any(
        attempt["armed_at"] is not None or attempt["repeated"] for attempt in attempts
    ):
        parts.append(f"<ol class=attempts>{''.join(map(_attempt, attempts))}</ol>")
        if call["attempts_left_out"]:
            further = counted(call["attempts_left_out"], "further attempt")
            parts.append(_note(f"{further} not kept."))
    if call["reason"] is not None:
        parts.append(f"<p class=why>{_e(call['reason'])}")
    parts += [_form(form, limit) for form in call["forms"]]
    if call["forms_left_out"]:
        parts.append(_note(f"{counted(call['forms_left_out'], 'further form')} not kept."))
    return "".join(parts)


def _attempt(attempt: AttemptRecord) -> str:
    outcome = _outcome(attempt["status"], attempt["error"])
    parts = [f"<li class={'good' if chart.succeeded(attempt) else 'bad'}>{outcome}"]
    armed_at = attempt["armed_at"]
    if armed_at is not None:
        fault = "injected" if attempt["fault"] == attempt["error"] else attempt["fault"]
        parts.append(f" <i>{_e(f'{fault} at {armed_at}')}</i>")
    if attempt["stored"]:
        parts.append(f" <i>stored {counted(attempt['stored'], 'point')}</i>")
    if attempt["repeated"]:
        parts.append(" <i>stored nothing new: its clientToken was used before</i>")
    if attempt["slept"]:
        parts.append(f" <em>back-off {_seconds(attempt['slept'])}</em>")
    return "".join(parts)


def _outcome(status: int | None, error: str | None) -> str:
    return _e(describe_result(status, error))


def _form(form: FormRecord, limit: int) -> str:
    when = "" if form["timestamp"] is None else f" {_time(form['timestamp'])}"
    parts = [f"<p class=form><b>{_e(form['name'])}</b> {_e(form['type'])}{when}"]
    content = form["content"]
    if content is None:
        parts.append(" without content")
    else:
        shown = content["text"][:limit]
        parts.append(f"<code>{_e(shown)}</code>" if shown else "")
        # If no content is shown at all, the head of the page says so.
        if limit and (content["cut"] or len(content["text"]) > limit):
            parts.append(f" <small>cut, {content['length']:,} characters in all</small>")
    return "".join(parts)


def _posted(double: DoubleRecord) -> str:
    one_target = len({series["target"] for series in double["series"]}) == 1
    parts = ["<div class=posted><h4>Data points</h4>"]
    parts += [_series(series, with_target=not one_target) for series in double["series"]]
    if not double["series"]:
        parts.append("<p class=more>None were stored.")
    if double["series_left_out"]:
        parts.append(_note(f"{double['series_left_out']} further series not kept."))
    return "".join([*parts, "</div>"])


def _series(series: SeriesRecord, *, with_target: bool) -> str:
    name, points = _e(series["name"]), series["points"]
    scores = [
        (point["timestamp"], point["score"]) for point in points if point["score"] is not None
    ]
    latest = f" <b>{chart.number(scores[-1][1])} %</b>" if scores else ""
    if len(scores) > 1:
        latest = f" <small>latest{latest}</small>"
    parts = [f"<div class=series><h5>{name}{latest}</h5>"]
    if with_target:
        parts.append(f"<p class=target>{_e(series['target'])}")
    if len(scores) > 1:
        parts.append(chart.line(scores))
    elif scores:
        parts.append(chart.bar(scores[0][1]))
    else:
        parts.append("<p class=more>No passingPercentage to draw.")
    rows = "".join(
        f"<tr><td>{_time(point['timestamp'])}<td>{_score(point['score'])}<td>{_e(point['id'])}"
        for point in points
    )
    table = f"<table><tr><th>timestamp<th>%<th>id{rows}</table>"
    if len(points) > _TABLE:
        first, last = (_time(points[place]["timestamp"]) for place in (0, -1))
        summary = f"<summary>{len(points)} points, {first} to {last}</summary>"
        table = f"<details>{summary}{table}</details>"
    parts.append(table)
    if series["points_left_out"]:
        parts.append(_note(f"{counted(series['points_left_out'], 'earlier point')} not kept."))
    return "".join([*parts, "</div>"])


def _score(score: float | None) -> str:
    return "none" if score is None else chart.number(score)


def _note(text: str) -> str:
    return f"<p class=more>{text}</p>"


def _time(timestamp: str) -> str:
    """Return a readable form of an ISO timestamp in UTC, without seconds if they are zero."""
    return timestamp.replace("T", " ").replace(":00+00:00", "Z").replace("+00:00", "Z")


def _seconds(seconds: float) -> str:
    if 0 < seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:,.2f}".removesuffix(".00") + " s"


def _e(text: str) -> str:
    """Escape a text between tags; the result is not safe in an attribute."""
    return html.escape(escape(text, keep="\t\n"), quote=False)


def _bytes(text: str) -> int:
    return len(text.encode())


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    return files(html_report).joinpath(name).read_text("utf-8")
