"""What the first use in a process costs: imports, looking for clients, reading the model.

Each figure is of fresh processes, in which is loaded what a test has before it begins: pytest, this
plugin, boto3 and a client. ``python -m benchmarks.first_use WHOSE`` is such a process.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from time import thread_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Nothing more is imported here: what a process imports is part of what is timed.

OURS, FLOOR, MOTO = "ours", "floor", "mock_aws"
ENTER, POST = "enter and exit, the first", "one form, the first"


def measure(*, quick: bool) -> Iterator[Any]:
    """Yield a row for the double itself, and one for the first post to it."""
    from benchmarks.interleaved import Figures  # noqa: PLC0415
    from benchmarks.table import Goal  # noqa: PLC0415

    seconds: dict[str, dict[str, list[float]]] = {ENTER: {}, POST: {}}
    # Python must be free to keep bytecode, as it is for an installed package.
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    for round_ in range(1 if quick else 11):
        for whose in (OURS, FLOOR, MOTO) if find_spec("moto") else (OURS, FLOOR):
            command = [sys.executable, "-m", "benchmarks.first_use", whose]
            output = subprocess.check_output(command, env=environ)  # noqa: S603 - this module
            for what, taken in json.loads(output).items():
                if round_ or quick:  # the first one writes it
                    seconds[what].setdefault(whose, []).append(taken)
    yield Figures(seconds[ENTER]).row(ENTER, MOTO, unit="ms", goal=Goal(10, of="ours"))
    yield Figures(seconds[POST]).row(POST, FLOOR, unit="ms", goal=Goal(1.5))


def main(whose: str) -> None:
    """Print how many seconds it takes."""
    import pytest  # noqa: F401, I001, PLC0415
    import pytest_datazone_ts.plugin  # noqa: F401, PLC0415 - pytest loads it before any test
    from boto3.session import Session  # noqa: PLC0415

    keys = {"aws_access_key_id": "stand-in", "aws_secret_access_key": "stand-in"}
    client: Any = Session(**keys).client("datazone", region_name="us-east-1")
    taken = {"ours": _ours, "floor": _floor, "mock_aws": _mock_aws}[whose](client)
    print(json.dumps(taken))  # noqa: T201 - it is what the other process reads


def _ours(client: Any) -> dict[str, float]:
    started = thread_time()
    from pytest_datazone_ts import mock_datazone_ts  # noqa: PLC0415

    with mock_datazone_ts():
        pass
    entered = thread_time()
    from benchmarks import sample  # noqa: PLC0415

    with mock_datazone_ts():
        return {ENTER: entered - started, POST: _timed(sample.post(client))}


def _floor(client: Any) -> dict[str, float]:
    from benchmarks import floor, sample  # noqa: PLC0415

    return {POST: _timed(sample.post(floor.answered(sample.unsigned(client))))}


def _mock_aws(_client: Any) -> dict[str, float]:
    started = thread_time()
    from moto import mock_aws  # noqa: PLC0415

    with mock_aws():
        pass
    return {ENTER: thread_time() - started}


def _timed(call: Any) -> float:
    gc.collect()  # or what was imported before may have one done meanwhile
    started = thread_time()
    call()
    return thread_time() - started


if __name__ == "__main__":
    main(sys.argv[1])
