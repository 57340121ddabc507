"""The beginning and the end of a double's life: what has to be in place while one is active.

All that a call needs is loaded with this module: once a double is active, the test may mock files.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.service import model
from pytest_datazone_ts.transport import (
    active,
    botocore,
    credentials,
    guard,
    reply,  # noqa: F401
    retries,
)

if TYPE_CHECKING:
    from pytest_datazone_ts.exchange import Exchange


def activate(double: Any, exchange: Exchange) -> None:
    """Let a double answer every DataZone client in the process."""
    with active.lock:
        model.load(chain(botocore.reach_existing(), botocore.latest_model()))
        active.push(double, exchange)
        credentials.install()
        retries.install()
        if exchange.options.sleep == "virtual":
            from pytest_datazone_ts.transport import code_sleeps  # noqa: PLC0415 - on demand

            code_sleeps.install(exchange)


def deactivate(exchange: Exchange) -> None:
    """Stop a double from answering; the one that was active before it answers again."""
    with active.lock:
        active.remove(exchange)
        retries.restore(exchange)
        if exchange.options.sleep == "virtual" and not active.sleeps_virtually():
            from pytest_datazone_ts.transport import code_sleeps  # noqa: PLC0415 - on demand

            code_sleeps.uninstall()
        if active.innermost() is None:
            retries.uninstall()
            if not guard.is_guarding():
                credentials.uninstall()
