"""The differences between records, or sequences of them, for ``assert left == right``."""

from __future__ import annotations

import json
import textwrap
from dataclasses import fields
from datetime import datetime
from difflib import SequenceMatcher
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.match import is_equal, json_differences
from pytest_datazone_ts.records import Attempt, Call, DataPoint
from pytest_datazone_ts.reporting import messages
from pytest_datazone_ts.text import format_value, is_secret, truncate, truncate_pair
from pytest_datazone_ts.views import Records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeGuard

_COLUMNS = 70
"""The maximum width of a line; pytest indents it by 10 characters."""
_ITEMS = 5
"""The number of items that differ to show before the others are counted."""
_PAIRS = 250_000
"""The maximum number of comparisons to find out which items correspond."""

_NEVER_AWARE = "a naive datetime never equals an aware one: give it tzinfo=timezone.utc"
_NEVER_A_DICT = (
    "a record never equals a dict: compare data_points.as_dicts(), or",
    "calls.as_dicts(), with dicts. For one field, select the record with",
    "where(...).one(), and compare the field, or json().",
)


def explain(left: Any, right: Any, *, everything: bool) -> list[str] | None:
    """Return lines that show field by field how two records, or sequences of them, differ.

    Args:
        left: The left side of ``==``.
        right: The right side.
        everything: Whether everything is shown in full.

    Returns:
        The lines; ``None`` to leave it to pytest's own explanation.
    """
    if isinstance(left, datetime) and isinstance(right, datetime):
        if (left.tzinfo is None) == (right.tzinfo is None):
            return None
        return [f"{format_value(left)} == {format_value(right)}", _NEVER_AWARE]
    if _are_record_and_dict(left, right) or _are_record_and_dict(right, left):
        return [f"{type(left).__name__} == {type(right).__name__}", *_NEVER_A_DICT]
    if type(left) is type(right) and isinstance(left, (DataPoint, Call, Attempt)):
        title = f"{type(left).__name__} == {type(right).__name__}"
        lines = list(_record(left, right, everything=everything))
    elif _is_sequence(left) and _is_sequence(right) and (_has_records(left) or _has_records(right)):
        title = f"{type(left).__name__} of {len(left)} == {type(right).__name__} of {len(right)}"
        if _has_dicts(left) != _has_dicts(right):
            return [title, *_NEVER_A_DICT]
        items = _items(left, right, everything=everything)
        lines = [line for item in islice(items, None if everything else _ITEMS) for line in item]
        if more := len(list(items)):
            lines.append(f"and {more} more differ (pytest -vv shows all)")
    else:
        return None
    return [title, *lines] if lines else None


def _are_record_and_dict(one: object, other: object) -> bool:
    return isinstance(one, (DataPoint, Call)) and isinstance(other, dict)


def _has_dicts(value: Sequence[object]) -> bool:
    return any(isinstance(item, dict) for item in value)


def _is_sequence(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, (Records, list, tuple))


def _has_records(value: Sequence[object]) -> bool:
    return isinstance(value, Records) or (
        bool(value) and all(isinstance(item, (DataPoint, Call, Attempt)) for item in value)
    )


def _items(
    left: Sequence[Any], right: Sequence[Any], *, everything: bool
) -> Iterator[Iterable[str]]:
    for here, there in _counterparts(left, right):
        if here is not None and there is None:
            yield _titled(f"only on the left: [{here}]", left[here])
        elif there is not None and here is None:
            yield _titled(f"only on the right: [{there}]", right[there])
        elif here is not None and there is not None and not is_equal(left[here], right[there]):
            place = f"[{here}]" if here == there else f"left [{here}], right [{there}]:"
            differences = _record(left[here], right[there], everything=everything)
            yield [*_titled(place, left[here]), *(f"  {line}" for line in differences)]


def _counterparts(
    left: Sequence[Any], right: Sequence[Any]
) -> Iterator[tuple[int | None, int | None]]:
    """Yield the indexes of corresponding items; ``None`` where an item has no counterpart."""
    if len(left) * len(right) > _PAIRS:
        blocks = [(0, len(left), 0, len(right))]
    else:
        # Equal items get the same number: the index of the first of them on the right.
        numbers = [right.index(item) for item in right]
        same = [right.index(item) if item in right else -1 for item in left]
        matcher = SequenceMatcher(None, same, numbers, autojunk=False)
        blocks = [
            (start, end, begin, stop)
            for kind, start, end, begin, stop in matcher.get_opcodes()
            if kind != "equal"
        ]
    for start, end, begin, stop in blocks:
        yield from zip_longest(range(start, end), range(begin, stop))


def _titled(place: str, item: object) -> list[str]:
    description = _describe(item)
    if not isinstance(item, (DataPoint, Call, Attempt)):
        description = truncate(description, _COLUMNS)
    return textwrap.wrap(
        f"{place} {description}",
        _COLUMNS,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _describe(value: object) -> str:
    if isinstance(value, (DataPoint, Call, Attempt)):
        return messages.summarize(value)
    return format_value(value)


def _record(left: object, right: object, *, everything: bool) -> Iterator[str]:
    differences = [*_differences(left, right)]
    # The double's request ids are counters, which differ wherever anything does.
    telling = [each for each in differences if not each[0].endswith(".request_id")]
    for path, *values in differences if everything else telling or differences:
        label = path.removeprefix(".")
        if is_secret(label.rpartition(".")[2]):
            yield f"{label}: differs, and is not shown"
            continue
        here, there = map(_describe, values)
        if len(line := f"{label}: {here} != {there}".removeprefix(": ")) <= _COLUMNS:
            yield line
            continue
        if not everything:
            here, there = truncate_pair(here, there, _COLUMNS - len("  right "))
        yield from filter(None, (label, f"  left  {here}", f"  right {there}"))


def _differences(left: object, right: object) -> Iterator[tuple[str, object, object]]:
    """Yield ``(path, left, right)`` for each difference between two records and their content."""
    if type(left) is type(right):
        left, right = _plain(left), _plain(right)
    for path, here, there in json_differences(left, right, ""):
        contents = _content_differences(here, there, path) if path.endswith(".content") else []
        yield from contents or [(path, here, there)]


def _plain(value: Any) -> Any:
    """Return a value with its records as dicts of the fields that ``==`` compares."""
    if isinstance(value, (DataPoint, Call, Attempt)):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in fields(value)
            if field.compare
        }
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _content_differences(left: Any, right: Any, path: str) -> list[tuple[str, object, object]]:
    """Return the differences between two JSON texts; none if either is not JSON."""
    try:
        return [*json_differences(json.loads(left), json.loads(right), f"{path} $")]
    except (TypeError, ValueError, RecursionError):
        return []
