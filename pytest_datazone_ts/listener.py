"""The listener to what doubles record, as a type. pytest does not load this module at its start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

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
