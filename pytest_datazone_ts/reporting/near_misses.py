"""Differences between a data point and the keywords that it was expected to match."""

from __future__ import annotations

import json
import textwrap
from itertools import islice
from typing import TYPE_CHECKING

from pytest_datazone_ts import match as matching
from pytest_datazone_ts.text import counted, format_value, is_secret, truncate, truncate_pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHOWN = 3
"""The number of items that are listed before the rest are counted."""
_DIFFERENCES = 10
"""The number of differences that are shown before the rest are counted."""
_COLUMNS = 65
"""The maximum width of a line in a message's list of data points."""
_SIDE = _COLUMNS - len("  expected ")
"""The maximum length of a value on a line of its own, below the value it is compared with."""


def explain(field: str, expected: object, actual: object) -> list[str]:
    """Return lines that show how a keyword and a point differ."""
    if field == "where":
        return [f"where: {format_value(expected)} is false for it"]
    details = _details(field, expected, actual)
    lines = [line for each in islice(details, _DIFFERENCES) for line in _difference(*each)]
    if more := len(list(details)):
        lines.append(f"and {counted(more, 'more difference')}")
    return lines


def _difference(label: str, left: object, right: object) -> Iterator[str]:
    if is_secret(label.rpartition(".")[2]):
        yield f"{label}: differs, and is not shown"
        return
    yield label
    if isinstance(left, (list, tuple)) and isinstance(right, list):
        yield from _surplus(left, right)
    elif isinstance(right, matching.Missing):
        yield f"  expected {truncate(format_value(left), _SIDE)}"
        text = f"  posted   {format_value(right)}"
        yield from textwrap.wrap(text, _COLUMNS, subsequent_indent=" " * 11)
    else:
        left_text, right_text = truncate_pair(format_value(left), format_value(right), _SIDE)
        yield f"  expected {left_text}"
        yield f"  posted   {right_text}"


def _surplus(expected: Sequence[object], posted: Sequence[object]) -> Iterator[str]:
    """Yield lines about the items in which one list is longer than the other."""
    start, note = len(expected), "not expected"
    longer = posted
    if len(posted) < len(expected):
        start, note, longer = len(posted), "missing", expected
    for index, item in enumerate(longer[start : start + _SHOWN], start):
        label = f"  [{index}] {note}: "
        yield label + truncate(format_value(item), _COLUMNS - len(label))
    if len(longer) - start > _SHOWN:
        yield f"  and {len(longer) - start - _SHOWN} more"


def _details(field: str, expected: object, actual: object) -> Iterator[tuple[str, object, object]]:
    """Yield ``(label, expected, actual)``: for JSON content, once for each path that differs."""
    if field == "content" and isinstance(expected, (dict, list)) and isinstance(actual, str):
        try:
            parsed = json.loads(actual)
        except (ValueError, RecursionError):
            yield "content, which is not JSON", expected, actual
            return
        for path, left, right in matching.json_differences(expected, parsed, subset=True):
            sizes = (
                f" (expected {counted(len(left), 'item')}, posted {len(right)})"
                if isinstance(left, (list, tuple)) and isinstance(right, list)
                else ""
            )
            yield f"content {path}{sizes}", left, right
    else:
        yield field, expected, actual
