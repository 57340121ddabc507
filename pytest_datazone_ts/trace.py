"""What the doubles of the running test were asked, kept for the test's report."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_datazone_ts.double import DataZoneTimeSeries
    from pytest_datazone_ts.injections import Injection, RateLimit
    from pytest_datazone_ts.log import OpenCall
    from pytest_datazone_ts.records import Calls, DataPoint, DataPoints

KEPT = 8
"""How many chapters of a test are kept: Hypothesis runs its failing example last."""


class Chapter:
    """What one double was asked during one test; another one follows its ``reset()``."""

    __slots__ = ("_calls", "again", "armed", "double", "told")

    def __init__(self, double: DataZoneTimeSeries, *, again: bool) -> None:
        self.double: DataZoneTimeSeries = double
        self.again: bool = again
        """Whether an earlier chapter is the same double's."""
        self.told: tuple[int, int] | None = None
        """Its size when a failure of the test showed it."""
        self.armed: list[Injection | RateLimit] = []
        """The faults armed and rate limits set, in order."""
        self._calls: list[OpenCall] = []

    def called(self, call: OpenCall) -> None:
        """Take note of a call at its first attempt."""
        self._calls.append(call)

    @property
    def size(self) -> tuple[int, int]:
        """The number of calls, and of what was armed."""
        return len(self._calls), len(self.armed)

    @property
    def calls(self) -> Calls:
        """The calls as they stand, in the order of their first attempts."""
        from pytest_datazone_ts.records import Calls  # noqa: PLC0415 - heavy

        return Calls(call.snapshot() for call in tuple(self._calls))

    @property
    def stored(self) -> tuple[dict[int, tuple[DataPoint, ...]], ...]:
        """For each call, the points that it stored, by the number of the attempt."""
        return tuple(dict(call.stored) for call in tuple(self._calls))

    @property
    def said(self) -> tuple[dict[int, str], ...]:
        """For each call, why the double itself refused or failed it, by attempt."""
        return tuple(dict(call.said) for call in tuple(self._calls))

    @property
    def data_points(self) -> DataPoints:
        """Every point that the calls stored, those deleted since too."""
        from pytest_datazone_ts.records import DataPoints  # noqa: PLC0415 - heavy

        return DataPoints(
            point for call in tuple(self._calls) for _, points in call.stored for point in points
        )


class Trace:
    """The chapters of one test, the one added to last at the end: the last ``KEPT`` of them."""

    __slots__ = ("_lock", "_open", "chapters", "left_out")

    def __init__(self) -> None:
        self.chapters: deque[Chapter] = deque()
        self.left_out: int = 0
        """How many chapters, the earliest, are not kept."""
        self._open: dict[DataZoneTimeSeries, Chapter] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self.chapters)

    def called(self, double: DataZoneTimeSeries, call: OpenCall) -> None:
        """Take note of a call."""
        with self._lock:
            self._chapter(double).called(call)

    def armed(self, double: DataZoneTimeSeries, what: Injection | RateLimit) -> None:
        """Take note of a fault armed or a rate limit set."""
        with self._lock:
            self._chapter(double).armed.append(what)

    def ended(self, double: DataZoneTimeSeries) -> None:
        """End the chapter of a double, if it has one."""
        with self._lock:
            self._open.pop(double, None)

    def _chapter(self, double: DataZoneTimeSeries) -> Chapter:
        chapter = self._open.get(double)
        if chapter is None:
            if len(self.chapters) == KEPT:
                first = self.chapters.popleft()
                self.left_out += 1
                if self._open.get(first.double) is first:
                    del self._open[first.double]
            again = any(chapter.double is double for chapter in self.chapters)
            chapter = self._open[double] = Chapter(double, again=again)
            self.chapters.append(chapter)
        elif chapter is not self.chapters[-1]:
            self.chapters.remove(chapter)
            self.chapters.append(chapter)
        return chapter


_current: Trace | None = None
"""One for all threads: the code under test may use any."""


def current() -> Trace | None:
    """Return the trace of the running test; ``None`` between tests and outside pytest."""
    return _current


def begin(trace: Trace | None) -> Trace | None:
    """Have ``trace`` told from now on, and return the one that was."""
    global _current
    before, _current = _current, trace
    return before


def called(double: DataZoneTimeSeries, call: OpenCall) -> None:
    """Tell the running test's trace, if there is one, of a call."""
    if (trace := _current) is not None:
        trace.called(double, call)


def armed(double: DataZoneTimeSeries, what: Injection | RateLimit) -> None:
    """Tell it of a fault armed or a rate limit set."""
    if (trace := _current) is not None:
        trace.armed(double, what)


def ended(double: DataZoneTimeSeries) -> None:
    """Tell it that a double has forgotten everything."""
    if (trace := _current) is not None:
        trace.ended(double)
