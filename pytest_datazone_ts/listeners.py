"""Listeners: objects that follow what every double records."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_datazone_ts.entries import CallEntry
    from pytest_datazone_ts.injections import Injection, RateLimit
    from pytest_datazone_ts.sweep_cell import SweepCell


class Source(Protocol):
    """The log of a double, as listeners know it."""

    virtual: bool
    """Whether botocore's back-offs take no real time."""


class Listener(Protocol):
    """Follows what every double records, and what sweeps find; ``log`` identifies the double."""

    def called(self, log: Source, call: CallEntry) -> None:
        """Note a call at its first attempt."""

    def armed(self, log: Source, armed: Injection | RateLimit) -> None:
        """Note a fault that a test armed, or a rate limit that it set."""

    def cleared(self, log: Source) -> None:
        """Note that a double has forgotten everything."""

    def swept(self, cells: Sequence[SweepCell]) -> None:
        """Note the cells of a sweep."""


listeners: list[Listener] = []
"""Those that every log notifies."""


@contextmanager
def unheard() -> Iterator[None]:
    """Have nobody follow what doubles record."""
    before = listeners[:]
    listeners.clear()
    try:
        yield
    finally:
        listeners[:] = before
