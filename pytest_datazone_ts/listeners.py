"""Those that follow what every double records."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_datazone_ts.injections import Injection, RateLimit
    from pytest_datazone_ts.log import CallEntry, Log


class Listener(Protocol):
    """Follows what every double records."""

    def called(self, log: Log, call: CallEntry) -> None:
        """Take note of a call at its first attempt."""

    def armed(self, log: Log, what: Injection | RateLimit) -> None:
        """Take note of a fault that a test armed, or of a rate limit that it set."""

    def cleared(self, log: Log) -> None:
        """Take note that a double has forgotten everything."""


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
