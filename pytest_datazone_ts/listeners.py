"""Listeners, which are notified of what every double records."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_datazone_ts.entries import CallEntry
    from pytest_datazone_ts.injections import Injection, RateLimit


class Listener(Protocol):
    """Is notified of what every double records; ``log`` identifies the double."""

    def called(self, log: object, call: CallEntry) -> None:
        """Note a call at its first attempt."""

    def injected(self, log: object, injected: Injection | RateLimit) -> None:
        """Note a fault that a test injected, or a rate limit that it set."""

    def cleared(self, log: object) -> None:
        """Note that a double has forgotten everything."""


listeners: list[Listener] = []
"""The listeners that every log notifies."""


@contextmanager
def listeners_muted() -> Iterator[None]:
    """Notify no listener inside the block."""
    before = listeners[:]
    listeners.clear()
    try:
        yield
    finally:
        listeners[:] = before
