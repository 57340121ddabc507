"""The hooks behind ``--datazone-ts-report``.

Each test is recorded in the process that runs it. The record travels on the test's report to the
process that the user started, which writes the page.
"""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import botocore
import pytest

import pytest_datazone_ts
from pytest_datazone_ts import trace
from pytest_datazone_ts.reporting.html.record import test_record
from pytest_datazone_ts.reporting.html.result import RECORD, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_PHASES = ("setup", "call", "teardown")
_ENDINGS: dict[int, str] = {
    pytest.ExitCode.OK: "All tests passed",
    pytest.ExitCode.TESTS_FAILED: "Some tests failed",
    pytest.ExitCode.NO_TESTS_COLLECTED: "No test ran",
    pytest.ExitCode.INTERRUPTED: "The run was interrupted",
    pytest.ExitCode.INTERNAL_ERROR: "pytest itself failed",
}
_COMPLETE = [*_ENDINGS][:3]


def install(config: pytest.Config, file: str, size: str) -> None:
    """Make this run write its page.

    Args:
        config: The configuration of the run.
        file: The file to write the page to.
        size: The ini setting for the maximum size of the page.

    Raises:
        pytest.UsageError: Jinja2 is missing, the file cannot be written, or the size is invalid.
    """
    config.pluginmanager.register(Recorder(), "datazone_ts_recorder")
    if hasattr(config, "workerinput"):  # xdist's workers send their reports
        return
    try:
        from pytest_datazone_ts.reporting.html import page  # noqa: PLC0415 - may be missing
    except ModuleNotFoundError as error:
        message = (
            f"--datazone-ts-report needs Jinja2: {error}. Install it with: "
            "pip install 'pytest-datazone-ts[report]'"
        )
        raise pytest.UsageError(message) from None
    if not str(size).isdecimal():
        message = f"the ini setting datazone_ts_report_size takes a number of bytes, not {size!r}"
        raise pytest.UsageError(message)
    reporter = Reporter(_writable(file), partial(page.render, size=int(size)))
    config.pluginmanager.register(reporter, "datazone_ts_reporter")


class Recorder:
    """Attaches a test's record to its report."""

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, None]:
        """Attach the record at teardown, and to a failure, whose teardown may go unreported."""
        outcome = yield
        report = outcome.get_result()
        current = trace.current()
        if current is not None and (report.when == "teardown" or report.failed):
            setattr(report, RECORD, test_record(current, _message(report)))


class Reporter:
    """Collects the records, and writes the page when the run ends."""

    def __init__(self, path: Path, render: Callable[..., str]) -> None:
        self._path = path
        self._render = render
        self._runs_tests = False
        self._error: OSError | None = None
        self._started = datetime.now(timezone.utc)
        self._clock = time.perf_counter()
        self._running: dict[tuple[object, str], Result] = {}
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
        result = Result(report.nodeid, report.location[1] or 0)
        self._running.setdefault(test, result).add(report)
        if report.when == "teardown":
            self._end(test)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the whole page, or nothing."""
        if not self._runs_tests:
            return
        for test in [*self._running]:
            self._end(test)
        written = self._render(self._results, **self._run(session, exitstatus))
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
        result = self._running.pop(test, None)
        if result is not None and result.record is not None:
            self._results.append(result)

    def _run(self, session: pytest.Session, exitstatus: int) -> dict[str, Any]:
        """Return the facts about the run that the page shows."""
        notes = []
        stopped = session.shouldfail or session.shouldstop
        if stopped or exitstatus not in _COMPLETE:
            reason = f": {stopped}" if isinstance(stopped, str) else ""
            notes.append(f"The run ended early{reason}. Tests that had not ended are missing.")
        notes += [f"What {nodeid} posted is lost: its process died." for nodeid in self._crashed]
        return {
            "tests": len(self._tests),
            "ending": _ENDINGS.get(exitstatus, f"pytest ended with status {exitstatus}"),
            "notes": notes,
            "started": self._started,
            "seconds": time.perf_counter() - self._clock,
            "versions": [
                f"Python {platform.python_version()}",
                f"pytest {pytest.__version__}",
                f"pytest-datazone-ts {pytest_datazone_ts.__version__}",
                f"botocore {botocore.__version__}",
            ],
        }


def _message(report: pytest.TestReport) -> str | None:
    """Return the message of a failure, without the traceback if it has one."""
    if not report.failed:
        return None
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(getattr(crash, "message", report.longreprtext))


def _writable(file: str) -> Path:
    """Return the absolute path of the page, and make its folder.

    Raises:
        pytest.UsageError: The file cannot be written.
    """
    path = Path(os.path.realpath(os.path.expanduser(os.path.expandvars(file))))  # noqa: PTH111
    try:
        with suppress(FileNotFoundError):
            path.stat()  # from Python 3.14 on, is_dir() and the like do not raise
        what = (
            "a Python module"  # `--datazone-ts-report test.py`
            if path.suffix == ".py"
            else "a folder"
            if path.is_dir()
            else "not a regular file"
            if path.exists() and not path.is_file()
            else None
        )
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


def _temporary(path: Path) -> Path:
    """Return the path of a temporary file, which then replaces the page in one step."""
    return path.with_name(f".datazone-ts-{uuid4().hex}.tmp")
