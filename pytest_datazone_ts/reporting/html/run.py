"""The hooks behind ``--datazone-ts-report``.

Each test's record is taken where the test runs, travels on its report, and comes on the page
in the process that the user started.
"""

from __future__ import annotations

import os
import platform
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
from pytest_datazone_ts.reporting.html.results import Result, Run

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_datazone_ts.reporting.html.record import Record

_RECORD = "datazone_ts_record"
"""The attribute of a report that holds its test's record: xdist sends what is plain JSON."""
_PHASES = ("setup", "call", "teardown")
_RANKS = ("passed", "skipped", "xpassed", "xfailed", "error", "failed", "rerun")
"""Of the outcomes of a test's phases, the last of these is the test's."""
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
    """Have this run write its page into ``file``; a ``UsageError`` where none can be written."""
    config.pluginmanager.register(Recorder(), "datazone_ts_recorder")
    if not hasattr(config, "workerinput"):  # a worker of xdist's hands its reports on
        config.pluginmanager.register(Reporter(_writable(file)), "datazone_ts_reporter")


class Recorder:
    """Puts what a test's doubles did on its report."""

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, None]:
        """Do so when the test is torn down, and where it fails: its teardown may go unreported."""
        outcome = yield
        report = outcome.get_result()
        done = trace.current()
        if done and (report.when == "teardown" or report.failed):
            from pytest_datazone_ts.reporting.html import record  # noqa: PLC0415 - heavy

            setattr(report, _RECORD, record.test_record(done))


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
        """Take note that this is a run: ``pytest --fixtures`` and ``--setup-only`` are none."""
        no_run = ("collectonly", "setuponly", "setupplan")
        self._runs_tests = not any(map(session.config.getoption, no_run))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of how a phase of a test ended."""
        test = (getattr(report, "node", None), report.nodeid)  # node: xdist's worker
        self._tests.add(test)
        if report.when not in _PHASES:
            self._crashed.append(report.nodeid)
            return
        if report.when == "setup":
            self._end(test)  # it is run again, and its teardown before went unreported
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
        """Write the page, complete or not at all."""
        from pytest_datazone_ts.reporting.html import page  # noqa: PLC0415 - heavy

        if not self._runs_tests:
            return
        for test in [*self._running]:
            self._end(test)
        written = page.render(self._run(session, exitstatus))
        beside = _beside(self._path)
        try:
            beside.write_text(written, "utf-8", newline="\n")
            beside.replace(self._path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            self._error = error
            # What is there is of an earlier run: nobody may take it for this one's.
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the page is."""
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
            why = f": {stopped}" if isinstance(stopped, str) else ""
            notes.append(f"The run ended early{why}. Tests that had not ended are missing.")
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
    """Return where the page goes, its folder made; say now if it can not be written."""
    path = Path(os.path.realpath(os.path.expanduser(os.path.expandvars(file))))  # noqa: PTH111
    try:
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "no regular file"
        elif path.suffix == ".py" and path.exists():  # of `--datazone-ts-report test_it.py`
            what = "a module of Python"
        else:
            what = None
        if what is not None:
            message = f"--datazone-ts-report={file}: it is {what}. Name a file, such as report.html"
            raise pytest.UsageError(message)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = _beside(path)
        beside.touch()
        beside.unlink()
    except OSError as error:
        below_file = isinstance(error, (FileExistsError, NotADirectoryError))
        why = "its folder is a file" if below_file else f"it can not be written: {error.strerror}"
        message = f"--datazone-ts-report={file}: {why}"
        raise pytest.UsageError(message) from None
    return path


def _beside(path: Path) -> Path:
    """Name a file to write first: the page is replaced as a whole."""
    return path.with_name(f".datazone-ts-{uuid4().hex}.tmp")
