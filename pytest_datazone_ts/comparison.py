"""What differs between two records, or two sequences of them: for ``assert left == right``."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import fields
from difflib import SequenceMatcher
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts import reporting
from pytest_datazone_ts.match import MISSING
from pytest_datazone_ts.records import Attempt, Call, DataPoint, Records
from pytest_datazone_ts.text import SECRET, cut, cut_alike, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_COLUMNS = 70
"""How wide a line may be: pytest puts 10 characters before it."""
_ITEMS = 5
"""How many items that differ are shown before the others are counted."""
_PAIRS = 250_000
"""How many comparisons may be made to find out which items belong together."""


def explained(left: Any, right: Any, *, everything: bool) -> list[str] | None:
    """Say field by field how ``left`` is not ``right``; ``None`` where pytest says it as well.

    ``everything``: nothing is cut or counted instead of shown.
    """
    if type(left) is type(right) and isinstance(left, (DataPoint, Call, Attempt)):
        title = f"{type(left).__name__} == {type(right).__name__}"
        lines = list(_record(left, right, everything=everything))
    elif _is_sequence(left) and _is_sequence(right) and (_has_records(left) or _has_records(right)):
        title = f"{type(left).__name__} of {len(left)} == {type(right).__name__} of {len(right)}"
        items = _items(left, right, everything=everything)
        lines = [line for item in islice(items, None if everything else _ITEMS) for line in item]
        if more := len(list(items)):
            lines.append(f"and {more} more differ (pytest -vv shows all)")
    else:
        return None
    return [title, *lines] if lines else None


def _is_sequence(value: object) -> bool:
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
        elif here is not None and there is not None and not _equal(left[here], right[there]):
            place = f"[{here}]" if here == there else f"left [{here}], right [{there}]:"
            differences = _record(left[here], right[there], everything=everything)
            yield [*_titled(place, left[here]), *(f"  {line}" for line in differences)]


def _counterparts(
    left: Sequence[Any], right: Sequence[Any]
) -> Iterator[tuple[int | None, int | None]]:
    """Yield the indexes of items that belong together, ``None`` where one has no other."""
    if len(left) * len(right) > _PAIRS:
        blocks = [(0, len(left), 0, len(right))]
    else:
        # Where it is found first on the right: the same number for the same.
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
    isrecord = isinstance(item, (DataPoint, Call, Attempt))
    return textwrap.wrap(
        f"{place} {reporting.line(item) if isrecord else cut(shown(item), _COLUMNS)}",
        _COLUMNS,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _record(left: object, right: object, *, everything: bool) -> Iterator[str]:
    for path, *values in _differences(left, right, ""):
        label = path.removeprefix(".")
        if SECRET.search(label.rpartition(".")[2]):
            yield f"{label}: differs, and is not shown"
            continue
        here, there = map(shown, values)
        if len(line := f"{label}: {here} != {there}".removeprefix(": ")) <= _COLUMNS:
            yield line
            continue
        if not everything:
            here, there = cut_alike(here, there, _COLUMNS - len("  right "))
        yield from [*[label] * bool(label), f"  left  {here}", f"  right {there}"]


def _differences(left: Any, right: Any, path: str) -> Iterator[tuple[str, object, object]]:
    """Yield ``(path, left, right)`` where two values differ; JSON content at its own paths."""
    if type(left) is type(right) and isinstance(left, (DataPoint, Call, Attempt)):
        for field in fields(left):
            name = field.name
            yield from _differences(getattr(left, name), getattr(right, name), f"{path}.{name}")
    elif isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in {**left, **right}:
            here, there = (side.get(key, MISSING) for side in (left, right))
            yield from _differences(here, there, f"{path}.{key}")
    elif isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        pairs = zip_longest(left, right, fillvalue=MISSING)
        for index, (here, there) in enumerate(pairs):
            yield from _differences(here, there, f"{path}[{index}]")
    elif not _equal(left, right):
        inside = _json_differences(left, right, path) if path.endswith(".content") else []
        yield from inside or [(path, left, right)]


def _equal(left: object, right: object) -> bool:
    if left is MISSING or right is MISSING:
        return False
    # In JSON, true is not 1.
    return bool(left == right) and {type(left), type(right)} not in ({bool, int}, {bool, float})


def _json_differences(left: Any, right: Any, path: str) -> list[tuple[str, object, object]]:
    """Return how two texts differ as JSON; nothing where they are not JSON, or equal as such."""
    try:
        return [*_differences(json.loads(left), json.loads(right), f"{path} $")]
    except (TypeError, ValueError, RecursionError):
        return []
