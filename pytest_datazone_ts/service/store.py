"""The stored data points and the orders in which they are asked for."""

from __future__ import annotations

import sys
import threading
from bisect import bisect_left, bisect_right, insort
from itertools import count
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from pytest_datazone_ts.records import DataPoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import Any


class SeriesKey(NamedTuple):
    """What a series is found by: one form name of one entity, in one region."""

    region: str
    domain_identifier: str
    entity_type: str
    entity_identifier: str
    form_name: str


class Identifiers:
    """Ids in DataZone's form: 14 lower-case letters and digits, the same from run to run.

    A counter, spread over all ids by a multiplier that shares no factor with their number:
    no two are equal, and they look like DataZone's own.
    """

    _ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
    _LENGTH = 14
    _NUMBER_OF_IDS: int = len(_ALPHABET) ** _LENGTH
    _MULTIPLIER = 3_141_592_653_589_793_238_463
    _INVERSE: int = pow(_MULTIPLIER, -1, _NUMBER_OF_IDS)

    def __init__(self) -> None:
        self._counter = count(1)

    def next(self) -> str:
        """Return an id that was not returned before."""
        value = next(self._counter) * self._MULTIPLIER % self._NUMBER_OF_IDS
        digits = []
        for _ in range(self._LENGTH):
            value, digit = divmod(value, len(self._ALPHABET))
            digits.append(self._ALPHABET[digit])
        return "".join(digits)

    @classmethod
    def ordinal(cls, identifier: str) -> int:
        """Return how many ids had been returned when ``identifier`` was, itself included."""
        value = int(identifier[::-1], len(cls._ALPHABET))
        return value * cls._INVERSE % cls._NUMBER_OF_IDS


class _Series(NamedTuple):
    """The points of a series by timestamp, and among equal ones in the order posted."""

    key: SeriesKey
    points: list[DataPoint]


class Store:
    """Every data point of an account, in all regions."""

    def __init__(self) -> None:
        self._identifiers = Identifiers()
        self.lock: threading.RLock = threading.RLock()
        """Held by whoever makes several changes one."""
        self._points: dict[str, DataPoint] = {}
        self._series: dict[SeriesKey, _Series] = {}
        self._by_entity: dict[tuple[str, ...], dict[str, _Series]] = {}

    def points(self) -> Iterable[DataPoint]:
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
    ) -> DataPoint:
        """Store one form of a request."""
        with self.lock:
            series = self._series.get(key)
            if series is None:
                series = self._series[key] = _Series(key, [])
                self._by_entity.setdefault(key[:-1], {})[key.form_name] = series
            # Points of one series share its strings: a long series stays small.
            region, domain_identifier, entity_type, entity_identifier, form_name = series.key
            point = DataPoint(
                id=self._identifiers.next(),
                domain_identifier=domain_identifier,
                entity_identifier=entity_identifier,
                entity_type=entity_type,
                form_name=form_name,
                type_identifier=sys.intern(form["typeIdentifier"]),
                type_revision=sys.intern(type_revision),
                timestamp=form["timestamp"],
                content=form.get("content"),
                region=region,
                posted_at=posted_at,
            )
            self._points[point.id] = point
            if series.points and point.timestamp < series.points[-1].timestamp:
                insort(series.points, point, key=_timestamp)
            else:
                series.points.append(point)
            return point

    def get(self, key: SeriesKey, identifier: str) -> DataPoint | None:
        """Return a point by its id, if it is one of the series."""
        with self.lock:
            point = self._points.get(identifier)
        return point if point is not None and _key(point) == key else None

    def page(
        self,
        key: SeriesKey,
        *,
        started_at: datetime | None,
        ended_at: datetime | None,
        before: DataPoint | None,
        size: int,
    ) -> Sequence[DataPoint]:
        """Return up to ``size`` points, newest first, both ends included.

        ``before``: the last point of the page before this one.
        """
        with self.lock:
            series = self._series.get(key)
            points = [] if series is None else series.points
            low, high = 0, len(points)
            if started_at is not None:
                low = bisect_left(points, started_at, key=_timestamp)
            if ended_at is not None:
                high = bisect_right(points, ended_at, key=_timestamp)
            if before is not None:
                high = min(high, bisect_left(points, _place(before), key=_place))
            return points[max(low, high - size) : max(low, high)][::-1]

    def latest(self, *entity: str) -> Sequence[DataPoint]:
        """Return the newest point of each form of an entity.

        ``entity``: a series' key without its form name.
        """
        with self.lock:
            found = self._by_entity.get(entity, {}).values()
            return tuple(series.points[-1] for series in found)

    def delete(self, key: SeriesKey) -> None:
        """Forget a series."""
        with self.lock:
            series = self._series.pop(key, None)
            if series is not None:
                for point in series.points:
                    del self._points[point.id]
                del self._by_entity[key[:-1]][key.form_name]

    def clear(self) -> None:
        """Forget every point; ids go on where they were."""
        with self.lock:
            self._points.clear()
            self._series.clear()
            self._by_entity.clear()


_timestamp = attrgetter("timestamp")


def _place(point: DataPoint) -> tuple[datetime, int]:
    return point.timestamp, Identifiers.ordinal(point.id)


def _key(point: DataPoint) -> SeriesKey:
    return SeriesKey(
        point.region,
        point.domain_identifier,
        point.entity_type,
        point.entity_identifier,
        point.form_name,
    )
