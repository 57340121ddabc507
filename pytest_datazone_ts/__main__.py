"""``python -m pytest_datazone_ts serve``: the double outside a test."""

from __future__ import annotations

import argparse
import os
import queue
import signal
import socket
import sys
import threading
from contextlib import contextmanager, redirect_stdout, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.double import DataZoneTimeSeries, exchange_behind
from pytest_datazone_ts.text import parse_json, without_class_name
from pytest_datazone_ts.transport.control import require_no_arguments
from pytest_datazone_ts.transport.http import HOST
from pytest_datazone_ts.transport.server import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


_BACKLOG = 1_000
"""The maximum number of texts that wait for a slow reader."""
_END_TIMEOUT = 1.0
"""How many seconds the last texts have, to be queued and again to be written."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    double = DataZoneTimeSeries()
    exchange_behind(double).standalone = True
    output = _Output()
    try:
        with (
            redirect_stdout(output),  # moto prints as well
            serve(double, host=options.host, port=options.port, log=_log) as endpoint_url,
        ):
            for flag in _CHANGES:
                _change(double, flag, getattr(options, flag), parser)
            with _stop_signal() as stopped:
                _print(f"Amazon DataZone's time-series API is at {endpoint_url} until Ctrl-C")
                _print(f"export AWS_ENDPOINT_URL_DATAZONE={endpoint_url}")
                stopped.recv(1)
    except (OSError, OverflowError) as error:
        parser.error(f"cannot serve on {options.host}, port {options.port}: {_reason(error)}")
    else:
        output.write("stopped\n")
    finally:
        output.end()


def _fail(double: DataZoneTimeSeries, fault: str, times: int) -> None:
    require_no_arguments(fault)
    double.inject(fault, times=times)


_CHANGES: dict[str, Callable[..., object]] = {
    "catalogue": DataZoneTimeSeries.add_asset,
    "respond": DataZoneTimeSeries.respond,
    "fail": _fail,
    "rate_limit": DataZoneTimeSeries.rate_limit,
}
"""What each flag calls, with each of its values as keywords."""


def _change(
    double: DataZoneTimeSeries,
    flag: str,
    values: list[dict[str, Any]],
    parser: argparse.ArgumentParser,
) -> None:
    """Apply a flag to a double, or exit with a usage error if a value is invalid."""
    try:
        for value in values:
            _CHANGES[flag](double, **value)
    except (TypeError, ValueError) as error:
        message = without_class_name(str(error), DataZoneTimeSeries)
        parser.error(f"argument --{flag.replace('_', '-')}: {message}")


class _Output:
    """Standard output, written by a thread of its own.

    A reader that is slow, stops reading or is gone loses lines, but blocks nobody.
    """

    def __init__(self) -> None:
        # Not the file object: a thread that blocks in it would abort the exit of Python.
        stdout = sys.__stdout__  # None if it was closed from the start
        self._descriptor = os.open(os.devnull, os.O_WRONLY) if stdout is None else stdout.fileno()
        self._texts: queue.Queue[str] = queue.Queue(_BACKLOG)
        self._thread = threading.Thread(target=self._run, name="datazone_ts_output", daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        """Queue a text, or drop it if the queue is full."""
        with suppress(queue.Full):
            self._texts.put_nowait(text)
        return len(text)

    def flush(self) -> None:
        """Do nothing, as texts are written as soon as possible."""

    def end(self) -> None:
        """Wait a moment for the texts that are queued."""
        with suppress(queue.Full):
            self._texts.put("", timeout=_END_TIMEOUT)
        self._thread.join(_END_TIMEOUT)

    def _run(self) -> None:
        while text := self._texts.get():
            with suppress(OSError):
                os.write(self._descriptor, text.encode())


@contextmanager
def _stop_signal() -> Iterator[socket.socket]:
    """Yield a socket from which a byte can be read once the process is to stop.

    The handlers do not raise: an exception could interrupt anything, such as the shutdown of the
    server.
    """
    reading, writing = socket.socketpair()
    with reading, writing:
        writing.settimeout(0)
        signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        # Background processes of shells ignore SIGINT by default; process managers send SIGTERM.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        yield reading
        # An impatient user presses Ctrl-C twice. Before Python exits, it restores the default
        # handlers, but ignored signals stay ignored.
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pytest_datazone_ts")
    commands = parser.add_subparsers(required=True, metavar="command")
    serve_command = commands.add_parser(
        "serve",
        help="serve an in-memory Amazon DataZone over HTTP",
        description="Serve an in-memory Amazon DataZone over HTTP on 127.0.0.1, until Ctrl-C: for "
        "manual work, and for tests in other languages. Each call is logged on one line. The "
        "other AWS services answer too if moto's server is installed: "
        "pip install 'pytest-datazone-ts[server]'.",
    )
    serve_command.add_argument(
        "--port", type=int, default=0, help="the port to listen on (default: a free one)"
    )
    serve_command.add_argument(
        "--host",
        default=HOST,
        metavar="ADDRESS",
        help="the address to listen on (default: %(default)s); use 0.0.0.0 in a container, whose "
        "clients must still use a name that ends in localhost or 127.0.0.1",
    )
    serve_command.add_argument(
        "--fail",
        type=_parse_failure,
        action="append",
        default=[],
        metavar="FAULT[:TIMES]",
        help="make the next TIMES (default: 1) PostTimeSeriesDataPoints requests fail, such as "
        "with ThrottlingException:2; may be given more than once, and they fail in that order",
    )
    serve_command.add_argument(
        "--rate-limit",
        type=_parse_rate_limit,
        action="append",
        default=[],
        metavar="RATE[:BURST]",
        help="throttle PostTimeSeriesDataPoints to RATE calls per second, with bursts of BURST "
        "(default: 1)",
    )
    serve_command.add_argument(
        "--catalogue",
        type=_read_objects,
        default=[],
        metavar="FILE",
        help="a JSON list of assets, each in the format of POST /_datazone_ts/assets",
    )
    serve_command.add_argument(
        "--respond",
        type=_read_objects,
        default=[],
        metavar="FILE",
        help="a JSON list of responses to other operations, each in the format of POST "
        "/_datazone_ts/responses",
    )
    return parser


def _parse_failure(text: str) -> dict[str, Any]:
    """Return the fault and the number of times in an argument of ``--fail``."""
    name, _, times = text.partition(":")
    try:
        return {"fault": name, "times": int(times or 1)}
    except ValueError:
        message = f"{times!r} is not a number of times, in {text!r}"
        raise argparse.ArgumentTypeError(message) from None


def _parse_rate_limit(text: str) -> dict[str, float]:
    """Return the rate and the burst in an argument of ``--rate-limit``."""
    rate, _, burst = text.partition(":")
    try:
        return {"rate": float(rate), "burst": float(burst or 1)}
    except ValueError:
        message = f"{text!r} is not RATE or RATE:BURST, such as 5 or 0.5:10"
        raise argparse.ArgumentTypeError(message) from None


def _read_objects(path: str) -> list[dict[str, Any]]:
    """Return the objects of a JSON list in a file."""
    try:
        objects = parse_json(Path(path).read_bytes())
    except OSError as error:
        message = f"cannot read {path}: {_reason(error)}"
        raise argparse.ArgumentTypeError(message) from None
    except ValueError as error:
        message = f"{path} is not JSON: {error}"
        raise argparse.ArgumentTypeError(message) from None
    if not isinstance(objects, list) or not all(isinstance(each, dict) for each in objects):
        message = f"{path} is not a JSON list of objects"
        raise argparse.ArgumentTypeError(message)
    return objects


def _reason(error: Exception) -> str:
    """Return an error's message, without the number and the path of an ``OSError``."""
    return getattr(error, "strerror", None) or str(error)


def _log(line: str) -> None:
    _print(f"{datetime.now().astimezone():%H:%M:%S} {line}")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
