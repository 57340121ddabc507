"""The double behind HTTP in a process of its own: ``python -m benchmarks.served``.

It prints the endpoint's URL and serves until its standard input ends.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts import DataZoneTimeSeries
from pytest_datazone_ts.transport.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def elsewhere() -> Iterator[str]:
    """Yield the URL at which another process serves a double."""
    command = [sys.executable, "-m", "benchmarks.served"]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:  # noqa: S603 - this very module
        yield process.stdout.readline().strip()


if __name__ == "__main__":
    with serve(DataZoneTimeSeries()) as endpoint_url:
        print(endpoint_url, flush=True)  # noqa: T201 - it is what the other process reads
        sys.stdin.read()
