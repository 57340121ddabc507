"""The sweep as a fixture, which fails the test if points are lost or doubled."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from pytest_datazone_ts import location
from pytest_datazone_ts.reporting import matrix
from pytest_datazone_ts.sweeps import sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from typing_extensions import Self

    from pytest_datazone_ts.sweep_report import SweepReport

__tracebackhide__: location.Predicate = location.raised_on_purpose

PATIENCE = 2.0
"""The seconds after which a sweep shows its progress."""
INTERVAL = 0.2
"""The seconds between two updates of the progress."""


def checked(node: pytest.Item, options: Mapping[str, Any]) -> Callable[..., SweepReport]:
    """Return ``sweep`` as a check, which fails the test if the report has failures.

    Args:
        node: The test.
        options: The options from its markers.
    """

    def check(code: Callable[[], Any], *, subtests: Any = None, **keywords: Any) -> SweepReport:
        if subtests is not None and not hasattr(subtests, "test"):
            message = (
                "datazone_ts_sweep(subtests=...) takes the fixture subtests, which pytest has from "
                f"version 9 on and pytest-subtests before, not {subtests!r}"
            )
            raise TypeError(message)
        with _quiet_log(node.config), _Progress(node.config) as progress:
            merged: dict[str, Any] = {"progress": progress, **options, **keywords}
            report = sweep(code, **merged)
        node.user_properties.append(("datazone_ts_sweep", report.matrix()))
        if subtests is None:
            report.check()
            return report
        for cell in report.cells:
            name = f"{cell.fault}, {cell.mode}, call {cell.call} of {cell.operation}"
            with subtests.test(msg=name):
                if cell.failed:
                    pytest.fail(matrix.describe_cell(cell), pytrace=False)
        return report

    return check


@contextmanager
def _quiet_log(config: pytest.Config) -> Iterator[None]:
    """Keep the logs of the runs out of the test's report, but not out of ``caplog``."""
    plugin = config.pluginmanager.get_plugin("logging-plugin")
    with ExitStack() as levels:
        for name in ("report_handler", "log_cli_handler"):
            handler = getattr(plugin, name, None)
            if handler is not None:
                levels.callback(handler.setLevel, handler.level)
                handler.setLevel(logging.CRITICAL + 1)
        yield


class _Progress:
    """A line on the terminal that shows the progress of a long sweep."""

    def __init__(self, config: pytest.Config) -> None:
        terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._terminal: Any = terminal if getattr(terminal, "isatty", False) else None
        self._capture: Any = config.pluginmanager.get_plugin("capturemanager")
        self._due = time.monotonic() + PATIENCE
        self._is_shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            self._show("")

    def __call__(self, done: int, cells: int) -> None:
        if self._terminal is not None and time.monotonic() >= self._due:
            self._due = time.monotonic() + INTERVAL
            self._show(f"datazone_ts_sweep: {done} of {cells} cells")

    def _show(self, line: str) -> None:
        with self._capture.global_and_fixture_disabled() if self._capture else nullcontext():
            self._terminal.rewrite(line, erase=True)
        self._is_shown = True
