"""The page: what a run posted, readable without scripts and complete in itself.

Jinja2 escapes everything that comes from a test, and the page's Content-Security-Policy allows only
its own style and script.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from datetime import datetime
from functools import cache
from itertools import accumulate, groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import jinja2

from pytest_datazone_ts.reporting.html.record import CONTENT
from pytest_datazone_ts.text import counted, escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_datazone_ts.reporting.html.result import Result

_FULL, _BRIEF = 30, 80
"""The number of tests that show content in full, and the characters shown in all others."""
_OPEN = 3
"""Tests, or failed tests, are shown open if there are no more than this."""


def render(results: Iterable[Result], size: int, **run: Any) -> str:
    """Return the page, with failed tests first and, once it is full, tests without details.

    Args:
        results: The tests.
        size: The maximum size of the page in bytes.
        run: The facts about the run in the page's header and footer.
    """
    environment = _environment()
    results = sorted(results, key=_sort_key)
    failed = sum(result.failed for result in results)
    opened = next((count for count in (len(results), failed) if count <= _OPEN), 0)
    details = [
        environment.get_template("details.html").render(
            result=result, limit=CONTENT if place < _FULL else _BRIEF
        )
        for place, result in enumerate(results)
    ]

    def page(shown: int) -> str:
        """Return the page with the details of some tests."""
        tests = [
            (result, details[place] if place < shown else "", place < opened)
            for place, result in enumerate(results)
        ]
        return environment.get_template("page.html").render(
            **run,
            results=results,
            failed=failed,
            totals=sum((Counter(result.record["totals"]) for result in results), Counter()),
            groups=groupby(tests, key=lambda test: (test[0].failed, test[0].file)),
            kinds=[kind for result in results for kind in result.kinds],
            omitted=len(results) - shown,
            full=_FULL,
            brief=_BRIEF,
        )

    room = size - len(page(0).encode())
    return page(sum(end <= room for end in accumulate(len(each.encode()) for each in details)))


def _sort_key(result: Result) -> tuple[bool, str, int, str]:
    """Return the sort key of a test: failed first, then by file, line, and numbers in names."""
    numbered = re.sub("[0-9]+", lambda found: found[0].zfill(9), result.nodeid)
    return not result.failed, result.file, result.line, numbered


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pytest_datazone_ts", "reporting/html/templates"),
        autoescape=True,
        # type(): text that is already markup is a subclass of str
        finalize=lambda value: escape(value, keep="\t\n") if type(value) is str else value,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "by_target": lambda calls: groupby(calls, key=itemgetter("target")),
        "chart": _chart,
        "counted": counted,
        "seconds": _seconds,
        "sha256": lambda text: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode(),
        "time": _time,
    }
    return environment


def _chart(points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the chart of a series: a line through its scores, in an SVG of 300 by 92 units."""
    scored = [point for point in points if point["score"] is not None]
    scores = [point["score"] for point in scored]
    low, high = min([0.0, *scores]), max([100.0, *scores])
    times = [datetime.fromisoformat(point["timestamp"]).timestamp() for point in scored]
    if len({*times}) == 1:
        times = [float(index) for index in range(len(times))]
    places = [
        f"{38 + 254 * (time - times[0]) / ((times[-1] - times[0]) or 1):.1f} "
        f"{84 - 76 * (score - low) / (high - low):.1f}"
        for time, score in zip(times, scores, strict=True)
    ]
    return {"scores": scores, "low": low, "high": high, "path": f"M{'L'.join(places)}"}


def _time(timestamp: str) -> str:
    """Return a readable form of an ISO timestamp in UTC, without seconds if they are zero."""
    return timestamp.replace("T", " ").replace(":00+00:00", "Z").replace("+00:00", "Z")


def _seconds(seconds: float) -> str:
    if 0 < seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:,.2f}".removesuffix(".00") + " s"
