"""Listeners, which are notified of what every double records."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Protocol

    from pytest_datazone_ts.entries import CallEntry
    from pytest_datazone_ts.injections import Injection, RateLimit
    from pytest_datazone_ts.sweep_cell import SweepCell

    class Source(Protocol):
        """The log of a double, as listeners see it."""

        virtual: bool
        """Whether botocore's backoffs take no real time."""

    class Listener(Protocol):
        """Receives what every double records, and the results of sweeps.

        ``log`` identifies the double.
        """

        def called(self, log: Source, call: CallEntry) -> None:
            """Note a call at its first attempt."""

        def injected(self, log: Source, injected: Injection | RateLimit) -> None:
            """Note a fault that a test injected, or a rate limit that it set."""

        def cleared(self, log: Source) -> None:
            """Note that a double has forgotten everything."""

        def swept(self, cells: Sequence[SweepCell]) -> None:
            """Record the cells of a sweep."""


listeners: list[Listener] = []
"""The listeners that every log notifies."""

# What a forked process records is lost, and a thread of its parent may hold the lock of one.
if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows does not fork
    os.register_at_fork(after_in_child=listeners.clear)


@contextmanager
def listeners_muted() -> Iterator[None]:
    """Notify no listener inside the block."""
    before = listeners[:]
    listeners.clear()
    try:
        yield
    finally:
        listeners[:] = before
