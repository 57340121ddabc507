"""Child processes that ``multiprocessing`` starts with the methods ``spawn`` and ``forkserver``.

They load no plugins, so they would not know that a double or the guard is active. However, the
parent pickles a configuration for each process that it starts. Importing this module adds an item
to it, which sets up the child process when it is unpickled. Forked processes have a copy of the
parent's memory, and need no setup.
"""

from __future__ import annotations

import os
from multiprocessing import process
from multiprocessing.context import get_spawning_popen
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts import guarded_run, interception  # noqa: F401 - intercepts sessions
from pytest_datazone_ts.transport import active, botocore
from pytest_datazone_ts.transport.active import ParentState

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_PROFILE",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL_DATAZONE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "NO_PROXY",
    "no_proxy",
)
"""The environment variables that ``datazone_ts_server`` sets or removes."""

# Needs only built-in functions, so that a child starts even if it cannot import this package.
_SOURCE = """
import sys
try:
    from pytest_datazone_ts.transport.child_process import set_up
    item = set_up(*arguments)
except Exception as error:
    print("pytest-datazone-ts: cannot set up this child process:", repr(error), file=sys.stderr)
"""


class _ConfigItem:
    """The item in the configuration. It is pickled when a process is started."""

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        parent = active.state_for_children()
        guards = guarded_run.has_guard()
        if not (parent.has_double or guards):
            return dict, ()
        variables: dict[str, str | None] = {}
        # A fork server keeps the environment that it was started with.
        method = getattr(get_spawning_popen(), "method", None)
        if method == "forkserver" and parent.endpoint_url is not None:
            variables = {name: os.environ.get(name) for name in VARIABLES}
        arguments = (tuple(parent), guards, variables)
        names = {"source": _SOURCE, "arguments": arguments, "item": None}
        return eval, ("exec(source) or item", names)


def set_up(
    parent: tuple[bool, str | None],
    guards: bool,  # noqa: FBT001 - pickled
    variables: Mapping[str, str | None],
) -> _ConfigItem:
    """Make this process block its calls, or send them to the server of its parent's double.

    Args:
        parent: The fields of a ``ParentState``.
        guards: Whether the ini setting ``guard`` is on.
        variables: The environment variables to set; those to remove are ``None``.

    Returns:
        The item for the configuration of this process, and of those that it starts.
    """
    active.set_parent(ParentState(*parent))
    guarded_run.start(guards=guards)
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    botocore.start_guard()
    return _ConfigItem()


def _add_item() -> None:
    """Add the item to the configurations of this process and of those that are not started yet."""
    item = _ConfigItem()
    for each in (process.current_process(), *vars(process)["_dangling"]):
        vars(each)["_config"]["pytest_datazone_ts"] = item


_add_item()
