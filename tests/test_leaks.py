"""A pytest session leaves nothing behind.

A separate process makes an inventory before and after two sessions that use every way to get a
double: what may stay after the first must not grow with the second.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sample import UTCNOW

WARNINGS = ("-W", "error", "-W", UTCNOW)
LEAKS = Path(__file__).parent / "leaks"
INI = f"""\
[pytest]
filterwarnings =
    error
    {UTCNOW}
    # anyio, which newer ones of aiobotocore import, is one of its plugins.
    ignore:Module already imported so cannot be rewritten:pytest.PytestAssertRewriteWarning
datazone_ts_stand_ins = true
"""


def run_twice(folder):
    """Return the output, and what each of the two runs left behind, by kind."""
    shutil.copy(LEAKS / "ways.py", folder / "test_ways.py")
    (folder / "pytest.ini").write_text(INI)
    process = subprocess.run(  # noqa: S603 - Python itself
        [sys.executable, "-X", "dev", *WARNINGS, LEAKS / "run.py", "test_ways.py"],
        cwd=folder,
        env={**os.environ, "PYTHONMALLOC": "default"},  # not that of -X dev, which is slow
        capture_output=True,
        text=True,
        check=False,
    )
    printed, _, left = process.stdout.partition("LEFT ")
    assert process.returncode == 0, printed + process.stderr
    assert process.stderr == ""
    return printed, json.loads(left)


@pytest.mark.usefixtures("bare_machine")
def test_a_session_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    printed, (first, second) = run_twice(tmp_path)

    ends = re.findall("^(FAILED|ERROR) test_ways.py::(\\w+)", printed, re.MULTILINE)
    failures = [
        ("FAILED", "test_that_fails"),
        ("ERROR", "test_with_an_unused_injection"),
    ]
    assert ends == [*failures, *failures]
    assert len(re.findall("^1 failed, [12][0-9] passed", printed, re.MULTILINE)) == 2
    # These stay, and do nothing while no double is active.
    assert first.pop("handlers of ours")
    assert first.pop("initializers of ours")
    assert first == {kind: [] for kind in second if kind in first}
    assert second == {kind: [] for kind in second}
