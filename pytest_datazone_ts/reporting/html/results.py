"""What the page is made of: a run, and how each of its tests ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pytest_datazone_ts.reporting.html.record import Record


@dataclass(frozen=True, kw_only=True)
class Result:
    """A test that did something with a double, and how it ended."""

    nodeid: str
    line: int
    outcome: str
    """pytest's word for it, the worst of the test's phases."""
    seconds: float
    record: Record

    @property
    def file(self) -> str:
        """Its file, from pytest's root."""
        return self.nodeid.partition("::")[0]

    @property
    def name(self) -> str:
        """Its name in that file."""
        return self.nodeid.partition("::")[2] or self.nodeid

    @property
    def failed(self) -> bool:
        """Whether it is one to look at first."""
        return self.outcome in {"failed", "error"}


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of pytest."""

    results: Sequence[Result]
    tests: int
    """How many tests ran, with a double or without."""
    ending: str
    """How pytest ended."""
    notes: Sequence[str]
    """What a reader must know, such as why tests are missing."""
    started: datetime
    seconds: float
    versions: Sequence[str]
