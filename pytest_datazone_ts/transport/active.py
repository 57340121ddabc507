"""Which double answers: the innermost of those that are active.

It imports nothing of the package at run time: pytest loads it in every project.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pytest_datazone_ts.exchange import Exchange


class Active(NamedTuple):
    """A double that answers, and the exchange behind it."""

    double: Any
    """The ``DataZoneTimeSeries``, which is built on this module."""
    exchange: Exchange


ANSWERED_BY = "pytest_datazone_ts"
"""The key of botocore's context of a call for the exchange that answered last."""
OPERATION_MODEL = "pytest_datazone_ts_operation_model"
"""The key of the same context for botocore's model of the operation: the client's own."""
PENDING = "_datazone_ts_pending"
"""The attribute of a prepared request that a double has taken: the reply to fill in."""


class Forked(NamedTuple):
    """A process that was forked while a double was active."""

    endpoint_url: str | None
    """Where that double is served over HTTP, if it is."""


lock: AbstractContextManager[object] = threading.RLock()
"""Held while doubles become active and inactive."""
_stack: list[Active] = []
_forked: Forked | None = None


def innermost() -> Active | None:
    """Return the double that answers now, if any."""
    return _stack[-1] if _stack else None


def exchange() -> Exchange | None:
    """Return the exchange that answers now, if any."""
    return _stack[-1].exchange if _stack else None


def is_active(exchange: Exchange) -> bool:
    """Return whether an exchange belongs to an active double."""
    return any(each.exchange is exchange for each in _stack)


def forked() -> Forked | None:
    """Return what a forked process has in place of the double, if this is one."""
    return _forked


def _after_fork() -> None:
    """Leave the double to the parent: what it recorded in a child would be lost."""
    global _forked, lock  # noqa: PLW0603 - one for the process
    lock = threading.RLock()  # another thread may have held it
    if _stack:
        _forked = Forked(_stack[-1].exchange.endpoint_url)
        _stack.clear()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows does not fork
    os.register_at_fork(after_in_child=_after_fork)


def sleeps_virtually() -> bool:
    """Return whether the code under test sleeps virtually for any active double."""
    return any(each.exchange.options.sleep == "virtual" for each in _stack)


def push(double: Any, exchange: Exchange) -> None:
    """Let a double answer."""
    _stack.append(Active(double, exchange))


def remove(exchange: Exchange) -> None:
    """Stop a double from answering; the one that was active before it answers again."""
    _stack[:] = [each for each in _stack if each.exchange is not exchange]
