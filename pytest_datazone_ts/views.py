"""Immutable sequences of records, narrowed down with ``where``."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from pytest_datazone_ts import golden, location, text
from pytest_datazone_ts.match import (
    CALL_KEYWORDS,
    LINEAGE_KEYWORDS,
    POINT_KEYWORDS,
    LineageMatch,
    Match,
    Selection,
    call_matches,
    check_match,
    point_matches,
)
from pytest_datazone_ts.records import Call, DataPoint, LineageEvent
from pytest_datazone_ts.reporting import messages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Self, Unpack

    from pytest_datazone_ts.match import CallMatch, PointMatch

__tracebackhide__: location.Predicate = location.raised_on_purpose

Record = TypeVar("Record", DataPoint, Call, LineageEvent)


class Records(Sequence[Record], Generic[Record]):
    """An immutable sequence of records that can be narrowed with ``**match``."""

    __slots__ = ("_records", "_selection")
    _noun = "record"

    def __init__(
        self, records: Iterable[Record] = (), *, selection: Selection | None = None
    ) -> None:
        self._records: tuple[Record, ...] = tuple(records)
        self._selection = selection

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Record | Self:
        if isinstance(index, slice):
            return type(self)(self._records[index])
        try:
            return self._records[index]
        except IndexError:
            raise IndexError(self._no_item(index)) from None

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Records):
            return self._records == other._records
        if isinstance(other, (list, tuple)):
            return self._records == tuple(other)
        return NotImplemented

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {text.counted(len(self), self._noun)}>"

    def __str__(self) -> str:
        return messages.list_all(self._noun, self._records)

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Record, ...]]]:
        return type(self), (self._records,)

    def _no_item(self, index: int) -> str:
        if not self._records:
            return messages.not_any(self._noun, self._selection)
        return f"there is no [{index}] in {text.counted(len(self), self._noun)}"

    def _narrowed(self, match: Match) -> Selection:
        """Return the selection that also applies ``match``."""
        selection = self._selection or Selection(Match(), self._records)
        if selection.match.keys() & match.keys():
            return Selection(match, self._records, selection.calls)
        both: Any = {**selection.match, **match}
        return selection._replace(match=both)

    def one(self) -> Record:
        """Return the only record.

        Raises:
            AssertionError: There are no records, or several; the message lists them.
        """
        if len(self._records) != 1:
            message = messages.not_exactly_one(self._noun, self._records, self._selection)
            raise AssertionError(message)
        return self._records[0]

    def first(self) -> Record:
        """Return the first record, like ``[0]``.

        Raises:
            AssertionError: There are no records.
        """
        self._require_any()
        return self._records[0]

    def latest(self) -> Record:
        """Return the last record, like ``[-1]``.

        Raises:
            AssertionError: There are no records.
        """
        self._require_any()
        return self._records[-1]

    def _require_any(self) -> None:
        if not self._records:
            raise AssertionError(messages.not_any(self._noun, self._selection))


class DataPoints(Records[DataPoint]):
    """Data points in the order posted."""

    __slots__ = ()
    _noun = "data point"

    def latest(self) -> DataPoint:
        """Return the data point with the newest timestamp; among equal ones, the one posted last.

        ``[-1]`` is the one posted last of all.

        Raises:
            AssertionError: There are no data points.
        """
        self._require_any()
        return max(reversed(self._records), key=attrgetter("timestamp"))

    def where(self, **match: Unpack[PointMatch]) -> DataPoints:
        """Return the data points that match every keyword.

        Args:
            match: The keywords of :class:`~pytest_datazone_ts.PointMatch`.
        """
        wanted = check_match(match, caller="DataPoints.where", keywords=POINT_KEYWORDS)
        points = (point for point in self if point_matches(wanted, point))
        return DataPoints(points, selection=self._narrowed(wanted))

    def as_dicts(self) -> list[dict[str, Any]]:
        """Return the data points as JSON-serializable dicts that are the same in every run.

        ``content`` is parsed if it is JSON, and times are in ISO 8601. The dicts have no ``id``,
        ``posted_at`` or ``client_token``.
        """
        return [golden.data_point_as_dict(point) for point in self]


class Calls(Records[Call]):
    """Calls in the order of their first attempts."""

    __slots__ = ()
    _noun = "call"

    def where(self, **match: Unpack[CallMatch]) -> Calls:
        """Return the calls that match every keyword.

        Args:
            match: The keywords of :class:`~pytest_datazone_ts.CallMatch`.
        """
        wanted = check_match(match, caller="Calls.where", keywords=CALL_KEYWORDS)
        calls = (call for call in self if call_matches(wanted, call))
        return Calls(calls, selection=self._narrowed(wanted))

    def as_dicts(self) -> list[dict[str, Any]]:
        """Return the calls as JSON-serializable dicts that are the same in every run.

        ``content`` is parsed if it is JSON, and times are in ISO 8601. The parameters have no
        tokens; attempts have only ``number``, ``status_code``, ``error_code`` and ``fault``.
        """
        return [golden.call_as_dict(call) for call in self]


class LineageEvents(Records[LineageEvent]):
    """Lineage events in the order posted."""

    __slots__ = ()
    _noun = "lineage event"

    def where(self, **match: Unpack[LineageMatch]) -> LineageEvents:
        """Return the lineage events that match every keyword.

        Args:
            match: The keywords of :class:`~pytest_datazone_ts.LineageMatch`.
        """
        wanted = check_match(match, caller="LineageEvents.where", keywords=LINEAGE_KEYWORDS)
        events = (event for event in self if point_matches(wanted, event))
        return LineageEvents(events, selection=self._narrowed(wanted))
