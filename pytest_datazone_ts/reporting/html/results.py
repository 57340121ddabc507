"""The results that the page shows: a run and its tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pytest_datazone_ts.reporting.html.record import Record


@dataclass(frozen=True, kw_only=True)
class Result:
    """A test that used a double, and its outcome."""

    nodeid: str
    line: int
    outcome: str
    """The worst outcome of the test's phases, in pytest's words."""
    seconds: float
    record: Record

    @property
    def file(self) -> str:
        """Its file, relative to pytest's root directory."""
        return self.nodeid.partition("::")[0]

    @property
    def name(self) -> str:
        """Its name in the file."""
        return self.nodeid.partition("::")[2] or self.nodeid

    @property
    def failed(self) -> bool:
        """Whether it failed, or ended in an error."""
        return self.outcome in {"failed", "error"}


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of pytest."""

    results: Sequence[Result]
    tests: int
    """The number of tests that ran, with or without a double."""
    ending: str
    """How pytest ended."""
    notes: Sequence[str]
    """Notes for the reader, such as why tests are missing."""
    started: datetime
    seconds: float
    versions: Sequence[str]
