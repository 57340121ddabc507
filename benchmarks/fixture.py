"""What a test pays for having a double, once a process has had one before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.interleaved import Candidate, Figures, measured
from benchmarks.table import Goal, Row
from pytest_datazone_ts import mock_datazone_ts

try:
    from moto import mock_aws
except ImportError:
    mock_aws = None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

MOST = 0.2
"""Milliseconds."""
TESTS = Path(__file__).parent / "with_fixtures"


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield the rows of the context managers, then those of tests that pytest runs."""
    candidates = [Candidate("ours", _enter_and_exit(mock_datazone_ts))]
    if mock_aws is not None:
        candidates.append(Candidate("mock_aws", _enter_and_exit(mock_aws)))
    figures = measured(candidates, seconds=0 if quick else 4, calls=10)
    yield figures.row("enter and exit", "mock_aws", unit="ms", goal=Goal(MOST, of="ours"))
    figures = _tests(2 if quick else 500)
    label, ours = "a test with the fixture", "test_datazone_ts"
    yield figures.row(
        label,
        "an empty fixture",
        ours=ours,
        theirs="test_nothing",
        unit="ms",
        differs=True,
        goal=Goal(MOST, of="difference"),
    )
    yield figures.row(label, "one with mock_aws", ours=ours, theirs="test_mock_aws", unit="ms")


def _enter_and_exit(make: Callable[[], AbstractContextManager[object]]) -> Callable[[], None]:
    def call() -> None:
        with make():
            pass

    return call


def _tests(each: int) -> Figures:
    """Have pytest run each test so many times."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "pytest_datazone_ts.plugin"]
        command += ["-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={TESTS}"]
        command += [f"--each={each}", f"--figures={figures}", str(TESTS)]
        # No other plugin, so that the tests cost the same on every machine.
        environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        subprocess.run(command, env=environ, check=True, capture_output=True)  # noqa: S603
        return Figures(json.loads(figures.read_text(encoding="utf-8")))
