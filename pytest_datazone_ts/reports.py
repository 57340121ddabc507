"""What the plugin changes in pytest's reports. It is imported when there is something to report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_datazone_ts import hint, location
from pytest_datazone_ts.errors import DataZoneBlockedError, UnansweredOperationError

if TYPE_CHECKING:
    from pytest_datazone_ts.trace import Trace

_SWALLOWED = (
    "datazone_ts: the test called DataZone while no double was active, and the code under test "
    "swallowed the error:"
)


def complete_collection(
    report: pytest.CollectReport,
    collector: pytest.Collector,
    blocked: list[str],
    *,
    has_stand_ins: bool,
) -> None:
    """Fail a module that swallowed the error of a blocked call, or complete its own error.

    Args:
        report: The report of the module's collection.
        collector: The module.
        blocked: The calls that were blocked meanwhile.
        has_stand_ins: Whether there are stand-ins in the environment.
    """
    name = collector.nodeid or "a conftest"
    title = f"datazone_ts: {name} called DataZone while it was collected, and swallowed the error:"
    fail_if_blocked(report, blocked, title)
    excinfo: Any = getattr(getattr(report, "call", None), "excinfo", None)
    if excinfo is not None:
        has_hint = not has_stand_ins and hint.add_to(excinfo.value)
        if end_at_users_line(excinfo, collector.config) or has_hint:
            report.longrepr = collector.repr_failure(excinfo)
        if has_hint:
            hint.append_to(report)


def fail_if_blocked(
    report: pytest.CollectReport | pytest.TestReport, blocked: list[str], title: str = _SWALLOWED
) -> None:
    """Fail a test or a module that swallowed the errors of blocked calls."""
    if blocked and not report.failed:
        report.outcome = "failed"
        report.longrepr = "\n".join([title, *(f"  {each}" for each in blocked)])
        vars(report).pop("wasxfail", None)


def fail_session(session: pytest.Session, blocked: list[str]) -> None:
    """Fail a run in which a call was blocked but no test has reported it."""
    if session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_sep("=", "datazone_ts: calls to DataZone were blocked", red=True)
        for each in blocked:
            reporter.write_line(f"  {each}")


def end_at_users_line(excinfo: Any, config: pytest.Config) -> bool:
    """Remove the frames below the user's line if this package raised the error on purpose.

    ``__tracebackhide__`` is not enough: pytest's debugger ignores it if it is a module's variable.

    Returns:
        Whether this package did.
    """
    if config.getoption("fulltrace", None):
        return False
    kinds = (UnansweredOperationError, DataZoneBlockedError)
    chain = location.error_chain(excinfo.value)
    found = [error for error in chain if isinstance(error, kinds) or _is_deliberate(error)]
    for error in found:
        kept = location.end_at_users_line(error)
        if error is excinfo.value:
            excinfo.traceback = excinfo.traceback[:kept]
    return bool(found)


def _is_deliberate(error: BaseException) -> bool:
    """Return whether this package raised an error on purpose, in a call that the user made."""
    return location.is_from_direct_call(error) and location.raised_on_purpose(
        pytest.ExceptionInfo.from_exception(error)
    )


def add_timeline(report: pytest.TestReport, recorded: Trace, config: pytest.Config) -> None:
    """Show what the doubles of a failed test recorded."""
    in_xml = config.getoption("xmlpath", None)
    if config.getoption("tbstyle", None) == "line" and not in_xml:
        return
    from pytest_datazone_ts.reporting import timeline  # noqa: PLC0415 - keeps start-up fast

    text = timeline.render(
        recorded, failure=report.longreprtext, everything=is_very_verbose(config)
    )
    longrepr: Any = report.longrepr
    if not text:
        return
    if not in_xml:
        report.sections.append(("datazone_ts", text))
    # --junitxml does not write the sections of a report into the failure.
    elif hasattr(longrepr, "addsection"):
        longrepr.addsection("datazone_ts", text)
    else:
        report.longrepr = f"{longrepr}\n{' datazone_ts ':-^80}\n{text}"


def is_very_verbose(config: pytest.Config) -> bool:
    """Return whether pytest was started with ``-vv``."""
    verbosity: Any = config.getoption("verbose", 0)  # the terminal reporter's, which may be absent
    return bool(verbosity > 1)
