"""``python -m pytest_datazone_ts serve``: the double outside a test."""

from __future__ import annotations

import argparse
import signal
import threading
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_datazone_ts.double import DataZoneTimeSeries
from pytest_datazone_ts.transport.server import serve

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    double = DataZoneTimeSeries()
    try:
        with serve(double, port=options.port, log=_log) as endpoint_url:
            for name, times in options.fail:
                double.inject(name, times=times)
            # Shells start background processes deaf to Ctrl-C; process managers send SIGTERM.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.default_int_handler)
            _print(f"Amazon DataZone's time-series API is at {endpoint_url} until Ctrl-C")
            _print(f"export AWS_ENDPOINT_URL_DATAZONE={endpoint_url}")
            threading.Event().wait()
    except (OSError, OverflowError) as error:
        parser.error(f"can not serve on port {options.port}: {error}")
    except (TypeError, ValueError) as error:
        parser.error(f"argument --fail: {error}")
    except KeyboardInterrupt:
        _print("stopped")


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
        "--fail",
        type=_failure,
        action="append",
        default=[],
        metavar="FAULT[:TIMES]",
        help="make the next TIMES (default: 1) PostTimeSeriesDataPoints requests fail, such as "
        "with ThrottlingException:2; may be given more than once, and they fail in that order",
    )
    return parser


def _failure(text: str) -> tuple[str, int]:
    name, _, times = text.partition(":")
    try:
        return name, int(times or 1)
    except ValueError:
        message = f"{times!r} is not a number of times, in {text!r}"
        raise argparse.ArgumentTypeError(message) from None


def _log(line: str) -> None:
    _print(f"{datetime.now().astimezone():%H:%M:%S} {line}")


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - it is a command


if __name__ == "__main__":
    main()
