"""The result of a test, combined from its reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

RECORD = "datazone_ts_record"
"""The attribute of a report that holds the test's record; as plain JSON, xdist can send it."""
_RANKS = ("passed", "skipped", "xpassed", "xfailed", "error", "failed", "rerun")
"""The outcomes of phases by rank; a test has the highest-ranked outcome of its phases."""


@dataclass
class Result:
    """A test that ran."""

    nodeid: str
    line: int
    outcome: str = "passed"
    """The worst outcome of the test's phases, by its name in pytest."""
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    """The messages of its failures."""
    record: Any = None
    """What its doubles recorded, as JSON; ``None`` if it used none."""

    def add(self, report: pytest.TestReport) -> None:
        """Add the report of a phase or a subtest."""
        is_subtest = hasattr(report, "context")
        if report.failed or not is_subtest:
            self.outcome = max(self.outcome, _outcome(report), key=_rank)
        if not is_subtest:
            self.seconds += report.duration
        record = getattr(report, RECORD, None)
        if record is not None:
            self.record = record
            self.failures += filter(None, [record["failure"]])

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

    @property
    def kinds(self) -> list[str]:
        """The filters of the page that select this test."""
        kinds = {**self.record["totals"], **self.record, "failed": self.failed}
        return [kind for kind in ("failed", "faults", "retries", "sweeps") if kinds[kind]]


def _outcome(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return "xpassed" if report.passed else "xfailed"
    if report.failed and report.when != "call":
        return "error"
    return report.outcome


def _rank(outcome: str) -> int:
    return _RANKS.index(outcome) if outcome in _RANKS else len(_RANKS)
