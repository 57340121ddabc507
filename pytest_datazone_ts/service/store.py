"""The store of data points."""

from __future__ import annotations

import math
import sys
import threading
from bisect import bisect_left, insort
from itertools import chain, count
from typing import TYPE_CHECKING, NamedTuple

from pytest_datazone_ts.records import DataPoint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any, TypeAlias

    from pytest_datazone_ts.service.identifiers import Identifiers

    Position: TypeAlias = tuple[datetime, int]
    """The sort key of a data point in its series: its timestamp and its sequence number."""
    Entry: TypeAlias = tuple[datetime, int, DataPoint]
    """A data point after its sort key. Sequence numbers are unique, so points never compare."""


class SeriesKey(NamedTuple):
    """The key of a series: one form name of one entity, in one region."""

    region: str
    domain_identifier: str
    entity_type: str
    entity_identifier: str
    form_name: str


class _Series(NamedTuple):
    key: SeriesKey
    entries: list[Entry]
    """Sorted: points with equal timestamps stay in the order in which they were posted."""


class Store:
    """Every data point of an account, in all regions.

    Args:
        identifiers: Generates the ids of new points.
    """

    def __init__(self, identifiers: Identifiers) -> None:
        self.lock: threading.RLock = threading.RLock()
        """Callers hold it to make several changes atomic."""
        self._identifiers = identifiers
        self._sequence_numbers = count(1)
        self._points: dict[str, DataPoint] = {}
        self._series: dict[SeriesKey, _Series] = {}
        self._by_entity: dict[tuple[str, ...], dict[str, _Series]] = {}

    def points(self) -> Sequence[DataPoint]:
        """Return every stored point, in the order posted."""
        with self.lock:
            return tuple(self._points.values())

    def add(
        self,
        key: SeriesKey,
        form: Mapping[str, Any],
        *,
        type_revision: str,
        posted_at: datetime,
        client_token: str | None,
    ) -> DataPoint:
        """Store one form of a request.

        Args:
            key: The series to which the form belongs.
            form: The form, in boto3's form.
            type_revision: The revision of the form type, which ``form`` need not have.
            posted_at: When the request was made.
            client_token: The token of the request.

        Returns:
            The new data point.
        """
        with self.lock:
            series = self._series.get(key)
            if series is None:
                series = self._series[key] = _Series(key, [])
                self._by_entity.setdefault(key[:-1], {})[key.form_name] = series
            # The points of a series share its strings, so that a long series stays small.
            region, domain_identifier, entity_type, entity_identifier, form_name = series.key
            timestamp = form["timestamp"]
            point = DataPoint(
                id=self._identifiers.next(),
                domain_identifier=domain_identifier,
                entity_identifier=entity_identifier,
                entity_type=entity_type,
                form_name=form_name,
                type_identifier=sys.intern(form["typeIdentifier"]),
                type_revision=sys.intern(type_revision),
                timestamp=timestamp,
                content=form.get("content"),
                region=region,
                posted_at=posted_at,
                client_token=client_token,
            )
            self._points[point.id] = point
            entry = (timestamp, next(self._sequence_numbers), point)
            if series.entries and entry < series.entries[-1]:
                insort(series.entries, entry)
            else:
                series.entries.append(entry)
            return point

    def get(self, keys: Sequence[SeriesKey], identifier: str) -> DataPoint | None:
        """Return the point with this id, or ``None`` if none of the series has such a point."""
        with self.lock:
            point = self._points.get(identifier)
        return point if point is not None and _series_key(point) in keys else None

    def contains(self, keys: Sequence[SeriesKey], position: Position) -> bool:
        """Return whether one of the series has a point at this position."""
        with self.lock:
            entries = self._entries(keys)
            index = bisect_left(entries, position)
            return index < len(entries) and entries[index][:2] == position

    def page(
        self,
        keys: Sequence[SeriesKey],
        *,
        started_at: datetime | None,
        ended_at: datetime | None,
        before: Position | None,
        size: int,
    ) -> Sequence[Entry]:
        """Return a page of the points of some series, newest first.

        Args:
            keys: The series.
            started_at: The earliest timestamp to include.
            ended_at: The latest timestamp to include.
            before: The position of the last point on the previous page.
            size: The maximum number of points.
        """
        with self.lock:
            entries = self._entries(keys)
            low, high = 0, len(entries)
            if started_at is not None:
                low = bisect_left(entries, (started_at,))
            if ended_at is not None:
                high = bisect_left(entries, (ended_at, math.inf))
            if before is not None:
                high = min(high, bisect_left(entries, before))
            return entries[max(low, high - size) : max(low, high)][::-1]

    def _entries(self, keys: Sequence[SeriesKey]) -> Sequence[Entry]:
        """Return the sorted entries of some series."""
        found = [self._series[key].entries for key in keys if key in self._series]
        return found[0] if len(found) == 1 else sorted(chain(*found))

    def latest(
        self, region: str, domain_identifier: str, entity_type: str, entity_identifier: str
    ) -> Sequence[DataPoint]:
        """Return the newest point of each form of an entity."""
        entity = (region, domain_identifier, entity_type, entity_identifier)
        with self.lock:
            all_series = self._by_entity.get(entity, {}).values()
            return tuple(series.entries[-1][-1] for series in all_series)

    def delete(self, key: SeriesKey) -> None:
        """Delete a series, if it exists."""
        with self.lock:
            series = self._series.pop(key, None)
            if series is not None:
                for _, _, point in series.entries:
                    del self._points[point.id]
                del self._by_entity[key[:-1]][key.form_name]

    def clear(self) -> None:
        """Delete every point. Ids are not used again."""
        with self.lock:
            self._points.clear()
            self._series.clear()
            self._by_entity.clear()


def _series_key(point: DataPoint) -> SeriesKey:
    return SeriesKey(
        point.region,
        point.domain_identifier,
        point.entity_type,
        point.entity_identifier,
        point.form_name,
    )
