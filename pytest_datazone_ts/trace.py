"""The trace of the running test: what its doubles recorded, for the test's report."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from pytest_datazone_ts.listeners import listeners

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_datazone_ts.entries import CallEntry
    from pytest_datazone_ts.injections import Injection, RateLimit
    from pytest_datazone_ts.listeners import Source
    from pytest_datazone_ts.records import Call
    from pytest_datazone_ts.sweep_cell import SweepCell

KEPT = 8
"""The maximum number of chapters: the last, as Hypothesis runs its failing example last."""


class Chapter:
    """What one double recorded during one test, up to its ``reset()``."""

    __slots__ = ("_calls", "after_reset", "injected", "log", "reported")

    def __init__(self, log: Source, *, after_reset: bool) -> None:
        self.log: Source = log
        """The log of the double."""
        self.after_reset: bool = after_reset
        """Whether the same double has an earlier chapter."""
        self.reported: tuple[int, int] | None = None
        """Its size when a failure of the test last showed it."""
        self.injected: list[Injection | RateLimit] = []
        """The faults injected and rate limits set, in order."""
        self._calls: list[CallEntry] = []

    def add(self, call: CallEntry) -> None:
        """Add a call at its first attempt."""
        self._calls.append(call)

    @property
    def size(self) -> tuple[int, int]:
        """The number of calls, and of faults and rate limits."""
        return len(self._calls), len(self.injected)

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls in their current state, in the order of their first attempts."""
        return tuple(call.record() for call in tuple(self._calls))


class Trace:
    """The last ``KEPT`` chapters of one test, the one with the latest entry at the end."""

    __slots__ = ("_lock", "_open", "chapters", "omitted", "sweeps")

    def __init__(self) -> None:
        self.chapters: deque[Chapter] = deque()
        self.omitted: int = 0
        """The number of earlier chapters that are omitted."""
        self.sweeps: list[Sequence[SweepCell]] = []
        """The cells of each of its sweeps."""
        self._open: dict[Source, Chapter] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return the number of chapters kept."""
        return len(self.chapters)

    def called(self, log: Source, call: CallEntry) -> None:
        """Note a call at its first attempt."""
        with self._lock:
            self._chapter(log).add(call)

    def injected(self, log: Source, injected: Injection | RateLimit) -> None:
        """Note a fault that the test injected, or a rate limit that it set."""
        with self._lock:
            self._chapter(log).injected.append(injected)

    def cleared(self, log: Source) -> None:
        """End the chapter of a double, if it has one."""
        with self._lock:
            self._open.pop(log, None)

    def swept(self, cells: Sequence[SweepCell]) -> None:
        """Record the cells of a sweep."""
        self.sweeps.append(cells)

    def _chapter(self, log: Source) -> Chapter:
        """Return the open chapter of a double, which becomes the last one."""
        chapter = self._open.get(log)
        if chapter is None:
            if len(self.chapters) == KEPT:
                first = self.chapters.popleft()
                self.omitted += 1
                if self._open.get(first.log) is first:
                    del self._open[first.log]
            after_reset = any(chapter.log is log for chapter in self.chapters)
            chapter = self._open[log] = Chapter(log, after_reset=after_reset)
            self.chapters.append(chapter)
        elif chapter is not self.chapters[-1]:
            self.chapters.remove(chapter)
            self.chapters.append(chapter)
        return chapter


_current: Trace | None = None
"""Shared by all threads, as the code under test may use several."""


def current() -> Trace | None:
    """Return the trace of the running test; ``None`` between tests and outside pytest."""
    return _current


def begin(trace: Trace | None) -> Trace | None:
    """Have every log notify ``trace`` from now on, and return the previous trace."""
    global _current
    before, _current = _current, trace
    listeners[:] = [] if trace is None else [trace]
    return before
