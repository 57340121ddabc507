"""Assertions about data points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_datazone_ts import location
from pytest_datazone_ts.count import require_posted_count
from pytest_datazone_ts.match import POINT_KEYWORDS, check_match, point_matches
from pytest_datazone_ts.reporting import messages
from pytest_datazone_ts.views import DataPoints

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_datazone_ts.match import PointMatch
    from pytest_datazone_ts.records import Call

__tracebackhide__: location.Predicate = location.raised_on_purpose


def assert_posted(
    points: DataPoints, calls: Callable[[], Sequence[Call]], count: int | None, match: PointMatch
) -> DataPoints:
    """Return the matching data points; there must be ``count`` of them, or at least one."""
    wanted = check_match(match, caller="assert_posted", own=("count",), keywords=POINT_KEYWORDS)
    require_posted_count(count)
    matched = DataPoints(point for point in points if point_matches(wanted, point))
    if (not matched) if count is None else (len(matched) != count):
        raise AssertionError(messages.not_posted(wanted, count, points, matched, calls()))
    return matched


def assert_not_posted(points: DataPoints, match: PointMatch) -> None:
    """Check that no data point matches."""
    wanted = check_match(match, caller="assert_not_posted", keywords=POINT_KEYWORDS)
    matched = [point for point in points if point_matches(wanted, point)]
    if matched:
        raise AssertionError(messages.posted(wanted, matched))
