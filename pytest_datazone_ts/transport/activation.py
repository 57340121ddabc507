"""Activation of doubles.

This module imports everything that a call needs, because the test may mock the file system while a
double is active.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.service import model
from pytest_datazone_ts.transport import (
    active,
    botocore,
    child_process,  # noqa: F401 - sets up child processes
    credentials,
    guard,
    reply,  # noqa: F401 - see above
    retries,
)

if TYPE_CHECKING:
    from pytest_datazone_ts.exchange import Exchange


def activate(double: Any, exchange: Exchange) -> None:
    """Make a double answer every DataZone client in the process."""
    with active.lock:
        model.load(chain(botocore.handle_existing(), botocore.latest_model()))
        try:
            if exchange.options.mock_aws:
                from pytest_datazone_ts.transport import moto  # noqa: PLC0415 - for mock_aws=True only

                moto.start(exchange)
            active.push(double, exchange)
            credentials.install()
            retries.install()
            if exchange.options.sleep == "virtual":
                from pytest_datazone_ts.transport import code_sleeps  # noqa: PLC0415 - for sleep="virtual" only

                code_sleeps.install(exchange)
        except BaseException:
            deactivate(exchange)
            raise


def deactivate(exchange: Exchange) -> None:
    """Stop a double from answering; the previously active one answers again."""
    with active.lock:
        active.remove(exchange)
        retries.restore(exchange)
        if exchange.options.sleep == "virtual":
            from pytest_datazone_ts.transport import code_sleeps  # noqa: PLC0415 - for sleep="virtual" only

            code_sleeps.uninstall()
        if active.innermost() is None:
            retries.uninstall()
            if not guard.is_guarding():
                credentials.uninstall()
        if exchange.options.mock_aws:
            from pytest_datazone_ts.transport import moto  # noqa: PLC0415 - for mock_aws=True only

            moto.stop(exchange)
