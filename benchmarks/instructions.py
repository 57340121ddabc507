"""The instructions that one post takes, which a busy machine does not change.

valgrind counts them, in processes of their own that post a few times and then more often.
``python -m benchmarks.instructions WHOSE POSTS`` is such a process.
"""

from __future__ import annotations

import gc
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from benchmarks import floor, sample
from benchmarks.table import Goal, Row
from pytest_datazone_ts import mock_datazone_ts

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 220
"""Thousands, over the floor."""
_COUNT = re.compile(r"I\s+refs:\s+([\d,]+)")


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield one row; without valgrind it says that it is not available."""
    ours = theirs = None
    if shutil.which("valgrind") and not quick:
        ours, theirs = _per_post("ours"), _per_post("floor")
    yield Row(
        measured="one form, instructions",
        unit="k",
        ours=ours,
        beside="floor",
        theirs=theirs,
        difference=None if ours is None or theirs is None else ours - theirs,
        goal=Goal(MOST, of="difference"),
    )


def _per_post(whose: str, few: int = 50, many: int = 250) -> float:
    """Return thousands of instructions."""
    return (_counted(whose, many) - _counted(whose, few)) / (many - few) / 1000


def _counted(whose: str, posts: int) -> int:
    valgrind = [
        "valgrind",
        "--tool=cachegrind",
        "--cache-sim=no",
        "--cachegrind-out-file=/dev/null",
    ]
    command = [*valgrind, sys.executable, "-m", "benchmarks.instructions", whose, str(posts)]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    found = _COUNT.search(finished.stderr)
    if found is None:
        raise ValueError(finished.stderr)
    return int(found[1].replace(",", ""))


def main(whose: str, posts: int) -> None:
    """Post so many times."""
    if whose == "ours":
        with mock_datazone_ts():
            _post(sample.make_client(), posts)
    else:
        with sample.out_of_reach():
            client = floor.answered(sample.unsigned(sample.make_client()))
        _post(client, posts)


def _post(client: Any, posts: int) -> None:
    post = sample.post(client)
    gc.collect()  # so that no full collection, which is rare, happens during the posts
    for _ in range(posts):
        post()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
