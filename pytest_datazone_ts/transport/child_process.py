"""Child processes that ``multiprocessing`` starts with the methods ``spawn`` and ``forkserver``.

They load no plugin, so they would not know that a double or the guard is active. The parent pickles
the configuration of each process that it starts; an item in it tells the child. Forked processes
have a copy of the parent's memory, and need nothing.
"""

from __future__ import annotations

import os
from multiprocessing import process
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.transport import active, botocore, guard
from pytest_datazone_ts.transport.active import ParentDouble

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIXES = ("AWS_", "NO_PROXY", "no_proxy")
"""The environment variables that lead clients to the server start with one of these."""


class _State:
    """What a child process needs to know. It is pickled when the process is started."""

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        innermost = active.innermost()
        double = (
            active.parent_double()
            if innermost is None
            else ParentDouble(innermost.exchange.endpoint_url)
        )
        if double is None and not guard.is_guarding():
            return dict, ()  # the child does not even import this module
        return _begin, (double, guard.is_guarding(), _variables())


def tell_children() -> None:
    """Tell the processes that this process starts from now on, and those that they start."""
    vars(process.current_process())["_config"]["pytest_datazone_ts"] = _State()


def _variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_PREFIXES)}


def _begin(double: ParentDouble | None, guards: bool, variables: Mapping[str, str]) -> _State:  # noqa: FBT001 - pickled
    """Block the calls of this process, or send them to the server of its parent's double."""
    if double is not None and double.endpoint_url is not None:
        # A fork server keeps the environment that it was started with.
        for name in _variables():
            del os.environ[name]
        os.environ.update(variables)
    active.set_parent_double(double)
    guard.start(guards=guards)
    botocore.start_guard()
    return _State()
