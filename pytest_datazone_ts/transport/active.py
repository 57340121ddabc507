"""The active doubles, of which the innermost answers.

This module imports nothing from the package at run time, because pytest loads it in every project.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pytest_datazone_ts.exchange import Exchange


class Active(NamedTuple):
    """An active double and its exchange."""

    double: Any
    """The ``DataZoneTimeSeries``, whose module imports this one."""
    exchange: Exchange


ANSWERED_BY = "pytest_datazone_ts"
"""The key, in botocore's context of a call, of the exchange that answered last."""
OPERATION_MODEL = "pytest_datazone_ts_operation_model"
"""The key, in the same context, of the client's own model of the operation."""
PENDING = "_datazone_ts_pending"
"""The attribute of a prepared request that a double has claimed."""


class ParentProcess(NamedTuple):
    """What the process that started this one had at the time."""

    has_double: bool
    """Whether a double was active in it."""
    endpoint_url: str | None
    """The URL of that double, if it is served over HTTP."""


lock: AbstractContextManager[object] = threading.RLock()
"""Held while a double is activated or deactivated, and while shared state changes."""
_stack: list[Active] = []
_parent: ParentProcess | None = None


def innermost() -> Active | None:
    """Return the innermost active double, if any."""
    return _stack[-1] if _stack else None


def exchange() -> Exchange | None:
    """Return the exchange of the innermost active double, if any."""
    return _stack[-1].exchange if _stack else None


def is_active(exchange: Exchange) -> bool:
    """Return whether an exchange belongs to an active double."""
    return any(each.exchange is exchange for each in _stack)


def parent() -> ParentProcess | None:
    """Return what the parent process had, if this is a child process."""
    return _parent


def set_parent(parent: ParentProcess) -> None:
    """Make this process a child process."""
    global _parent  # noqa: PLW0603 - process-wide state
    _parent = parent


def as_parent() -> ParentProcess:
    """Return what this process has, as the parent of those that it starts."""
    if _stack:
        return ParentProcess(has_double=True, endpoint_url=_stack[-1].exchange.endpoint_url)
    return _parent or ParentProcess(has_double=False, endpoint_url=None)


def server() -> str | None:
    """Return the URL of the server for the calls of this child process, if there is one."""
    if _parent is None:
        return None
    # A process that outlives its test can be given the environment of the next server.
    given = os.environ.get("AWS_ENDPOINT_URL_DATAZONE", "")
    return given if given.startswith("http://127.0.0.1:") else _parent.endpoint_url


def _after_fork() -> None:
    """Deactivate the doubles in a forked child, whose recordings would be lost."""
    global lock  # noqa: PLW0603 - process-wide state
    lock = threading.RLock()  # another thread may have held it
    set_parent(as_parent())
    _stack.clear()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows does not fork
    os.register_at_fork(after_in_child=_after_fork)


def sleeps_virtually() -> bool:
    """Return whether an active double has the option ``sleep="virtual"``."""
    return any(each.exchange.options.sleep == "virtual" for each in _stack)


def push(double: Any, exchange: Exchange) -> None:
    """Make a double the innermost."""
    _stack.append(Active(double, exchange))


def remove(exchange: Exchange) -> None:
    """Remove a double; the one that was active before it answers again."""
    _stack[:] = [each for each in _stack if each.exchange is not exchange]
