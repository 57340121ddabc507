"""The hooks behind ``--datazone-ts-report``.

Each test is recorded in the process that runs it. The record travels on the test's report to the
process that the user started, which writes the page.
"""

from __future__ import annotations

import os
import platform
import stat
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import botocore
import pytest

import pytest_datazone_ts
from pytest_datazone_ts.reporting import trace
from pytest_datazone_ts.reporting.html import page, record
from pytest_datazone_ts.reporting.html.results import Result, Run

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_datazone_ts.reporting.html.record import Record

_RECORD = "datazone_ts_record"
"""The attribute of a report that holds the test's record; xdist sends it, as it is plain JSON."""
_PHASES = ("setup", "call", "teardown")
_RANKS = ("passed", "skipped", "xpassed", "xfailed", "error", "failed", "rerun")
"""The outcomes of phases by rank; a test has the highest-ranked outcome of its phases."""
_ENDINGS: dict[int, str] = {
    pytest.ExitCode.OK: "All tests passed",
    pytest.ExitCode.TESTS_FAILED: "Some tests failed",
    pytest.ExitCode.INTERRUPTED: "The run was interrupted",
    pytest.ExitCode.INTERNAL_ERROR: "pytest itself failed",
    pytest.ExitCode.USAGE_ERROR: "pytest was not used as it should be",
    pytest.ExitCode.NO_TESTS_COLLECTED: "No test ran",
}
_COMPLETE = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)


def install(config: pytest.Config, file: str) -> None:
    """Have this run write its page to ``file``.

    Raises:
        pytest.UsageError: The file cannot be written.
    """
    config.pluginmanager.register(Recorder(), "datazone_ts_recorder")
    if not hasattr(config, "workerinput"):  # xdist's workers send their reports
        config.pluginmanager.register(Reporter(_writable(file)), "datazone_ts_reporter")


class Recorder:
    """Attaches a test's record to its report."""

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, None]:
        """Attach the record at teardown, and to a failure, whose teardown may go unreported."""
        outcome = yield
        report = outcome.get_result()
        current = trace.current()
        if current and (report.when == "teardown" or report.failed):
            setattr(report, _RECORD, record.test_record(current))


@dataclass
class _Test:
    """A test whose reports are coming in."""

    nodeid: str
    line: int
    outcome: str = "passed"
    seconds: float = 0.0
    record: Record | None = None


class Reporter:
    """Collects the records, and writes the page when the run ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._runs_tests = False
        self._error: OSError | None = None
        self._started = datetime.now(timezone.utc)
        self._clock = time.perf_counter()
        self._running: dict[tuple[object, str], _Test] = {}
        self._tests: set[tuple[object, str]] = set()
        self._results: list[Result] = []
        self._crashed: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Note whether tests run, which they do not with ``--fixtures`` or ``--setup-only``."""
        no_run = ("collectonly", "setuponly", "setupplan")
        self._runs_tests = not any(map(session.config.getoption, no_run))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome of a phase of a test."""
        test = (getattr(report, "node", None), report.nodeid)  # node: xdist's worker
        self._tests.add(test)
        if report.when not in _PHASES:
            self._crashed.append(report.nodeid)
            return
        if report.when == "setup":
            self._end(test)  # a rerun, whose previous teardown went unreported
        running = self._running.setdefault(
            test, _Test(nodeid=report.nodeid, line=report.location[1] or 0)
        )
        is_subtest = hasattr(report, "context")
        if report.failed or not is_subtest:
            running.outcome = max(running.outcome, _outcome(report), key=_rank)
        if not is_subtest:
            running.seconds += report.duration
        running.record = getattr(report, _RECORD, running.record)
        if report.when == "teardown":
            self._end(test)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the whole page, or nothing."""
        if not self._runs_tests:
            return
        for test in [*self._running]:
            self._end(test)
        written = page.render(self._run(session, exitstatus))
        temporary = _temporary(self._path)
        try:
            temporary.write_text(written, "utf-8", newline="\n")
            temporary.replace(self._path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            self._error = error
            # Fail the run: an existing file is from an earlier one and would be misleading.
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the path of the page."""
        if self._error is not None:
            message = f"no DataZone report was written to {self._path}: {self._error.strerror}"
            terminalreporter.write_sep("-", message, red=True)
        elif self._runs_tests and terminalreporter.verbosity >= 0:
            terminalreporter.write_sep("-", f"DataZone report: {self._path}")

    def _end(self, test: tuple[object, str]) -> None:
        ended = self._running.pop(test, None)
        if ended is not None and ended.record is not None:
            self._results.append(
                Result(
                    nodeid=ended.nodeid,
                    line=ended.line,
                    outcome=ended.outcome,
                    seconds=ended.seconds,
                    record=ended.record,
                )
            )

    def _run(self, session: pytest.Session, exitstatus: int) -> Run:
        notes = []
        stopped = session.shouldfail or session.shouldstop
        if stopped or exitstatus not in _COMPLETE:
            reason = f": {stopped}" if isinstance(stopped, str) else ""
            notes.append(f"The run ended early{reason}. Tests that had not ended are missing.")
        notes += [f"What {nodeid} posted is lost: its process died." for nodeid in self._crashed]
        return Run(
            results=self._results,
            tests=len(self._tests),
            ending=_ENDINGS.get(exitstatus, f"pytest ended with status {exitstatus}"),
            notes=notes,
            started=self._started,
            seconds=time.perf_counter() - self._clock,
            versions=[
                f"Python {platform.python_version()}",
                f"pytest {pytest.__version__}",
                f"pytest-datazone-ts {pytest_datazone_ts.__version__}",
                f"botocore {botocore.__version__}",
            ],
        )


def _outcome(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return "xpassed" if report.passed else "xfailed"
    if report.failed and report.when != "call":
        return "error"
    return report.outcome


def _rank(outcome: str) -> int:
    return _RANKS.index(outcome) if outcome in _RANKS else len(_RANKS)


def _writable(file: str) -> Path:
    """Return the absolute path of the page, and make its folder.

    Raises:
        pytest.UsageError: The file cannot be written.
    """
    path = Path(os.path.realpath(os.path.expanduser(os.path.expandvars(file))))  # noqa: PTH111
    try:
        what = _in_the_way(path)
        if what is not None:
            message = f"--datazone-ts-report={file}: it is {what}. Name a file, such as report.html"
            raise pytest.UsageError(message)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _temporary(path)
        temporary.touch()
        temporary.unlink()
    except OSError as error:
        below_file = isinstance(error, (FileExistsError, NotADirectoryError))
        reason = "its folder is a file" if below_file else f"it cannot be written: {error.strerror}"
        message = f"--datazone-ts-report={file}: {reason}"
        raise pytest.UsageError(message) from None
    return path


def _in_the_way(path: Path) -> str | None:
    """Name what is at ``path`` and must not be replaced, if anything is."""
    try:
        mode = path.stat().st_mode  # a name that is too long is an error: not so for exists()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        return "a folder" if stat.S_ISDIR(mode) else "no regular file"
    return "a module of Python" if path.suffix == ".py" else None  # `--datazone-ts-report test.py`


def _temporary(path: Path) -> Path:
    """Return the path of a temporary file, which then replaces the page in one step."""
    return path.with_name(f".datazone-ts-{uuid4().hex}.tmp")
