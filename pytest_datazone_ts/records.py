"""What a double remembers: data points, and calls with their attempts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar, overload

from pytest_datazone_ts import match as matching
from pytest_datazone_ts import origin, reporting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from typing_extensions import Self, Unpack

    from pytest_datazone_ts.faults import Fault
    from pytest_datazone_ts.match import Match

__tracebackhide__: origin.Hides = origin.hides_frames


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPoint:
    """One stored data point: a form that was posted, with where and when."""

    id: str
    """14 lower-case letters and digits, as DataZone's; the same from run to run."""
    domain_identifier: str
    entity_identifier: str
    entity_type: str
    """``"ASSET"`` or ``"LISTING"``."""
    form_name: str
    type_identifier: str
    type_revision: str
    """``"1"`` where none was posted; AWS does not document its default."""
    timestamp: datetime
    """The form's own time, aware, in UTC, to the precision that the client sent."""
    content: str | None
    """The form's JSON text, exactly as posted; ``None`` where none was."""
    region: str
    posted_at: datetime
    """When the double stored it, on the test's clock: aware, in UTC."""

    def json(self) -> Any:
        """Return ``content`` parsed; a ``ValueError`` where there is none or it is not JSON."""
        if self.content is None:
            message = f"data point {self.id} ({self.form_name}) was posted without content"
            raise ValueError(message)
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            message = f"the content of data point {self.id} ({self.form_name}) is not JSON: {error}"
            raise ValueError(message) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One HTTP request of a call and what came of it."""

    number: int
    """1 for the first attempt of its call."""
    status_code: int | None
    """The HTTP status; ``None`` where no response reached the client."""
    error_code: str | None
    """The error code of the response, such as ``"ThrottlingException"``."""
    fault: Fault | None
    """The fault that the test injected into this attempt."""
    armed_at: str | None
    """Where the test armed that fault, or set the rate limit that it met: ``file:line``."""
    slept: float
    """The seconds that botocore backed off before the next attempt; 0.0 if none followed."""
    at: datetime
    """When it was made, on the test's clock: aware, in UTC."""
    request_id: str | None
    """The request id the client got; ``None`` where no response reached it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One API call as the code under test made it; botocore's retries are its attempts."""

    operation: str
    """The API's name, such as ``"PostTimeSeriesDataPoints"``."""
    parameters: dict[str, Any]
    """The boto3 keywords as they arrived, times as aware datetimes in UTC."""
    attempts: tuple[Attempt, ...]
    region: str

    @property
    def succeeded(self) -> bool:
        """Whether the last attempt was answered without an error."""
        status_code = self.attempts[-1].status_code if self.attempts else None
        return status_code is not None and status_code < 300  # noqa: PLR2004

    @property
    def error_code(self) -> str | None:
        """The error code that the code under test saw in the end, if any."""
        return self.attempts[-1].error_code if self.attempts else None


class Selection(NamedTuple):
    """How records were selected: for the message if there are none."""

    match: Match
    records: Sequence[Any]
    calls: Callable[[], Sequence[Call]] | None = None
    """Returns the calls that the double got."""


Record = TypeVar("Record", DataPoint, Call)


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
        return self._records[index]

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
        return f"{type(self).__name__}({list(self._records)!r})"

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Record, ...]]]:
        return type(self), (self._records,)

    def _narrowed(self, match: Match) -> Selection:
        before = self._selection or Selection({}, self._records)
        if before.match.keys() & match.keys():
            return Selection(match, self._records, before.calls)
        both: Any = {**before.match, **match}
        return before._replace(match=both)

    def one(self) -> Record:
        """Return the only record; an ``AssertionError`` lists what there is instead."""
        if len(self._records) != 1:
            raise AssertionError(reporting.not_one(self._noun, self._records, self._selection))
        return self._records[0]

    def latest(self) -> Record:
        """Return the record that came last; an ``AssertionError`` if there is none."""
        if not self._records:
            raise AssertionError(reporting.none_at_all(self._noun, self._selection))
        return self._records[-1]


class DataPoints(Records[DataPoint]):
    """Data points in the order posted."""

    __slots__ = ()
    _noun = "data point"

    def where(self, **match: Unpack[Match]) -> DataPoints:
        """Return those that meet every keyword of :class:`~pytest_datazone_ts.Match`."""
        wanted = matching.checked(match, caller="DataPoints.where")
        points = (point for point in self if matching.point_matches(wanted, point))
        return DataPoints(points, selection=self._narrowed(wanted))


class Calls(Records[Call]):
    """Calls in the order of their first attempts."""

    __slots__ = ()
    _noun = "call"

    def where(self, **match: Unpack[Match]) -> Calls:
        """Return those that meet every keyword of :class:`~pytest_datazone_ts.Match`."""
        wanted = matching.checked(match, caller="Calls.where")
        calls = (call for call in self if matching.call_matches(wanted, call))
        return Calls(calls, selection=self._narrowed(wanted))
