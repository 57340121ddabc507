"""The pytest run as the guard sees it: its running test, and the calls that were blocked in it.

The checks of calls are in ``transport/guard.py``, which is loaded with the first botocore session.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable


class RunningTest:
    """The test that is running."""

    __slots__ = ("nodeid", "passes_others_through", "requires_double", "sweeps")

    def __init__(self, nodeid: str | None) -> None:
        self.nodeid: str | None = nodeid
        """Its id; ``None`` while no test is running."""
        self.requires_double: bool = False
        """Whether it requests ``datazone_ts``."""
        self.passes_others_through: Callable[[], bool] = bool
        """Returns whether its double lets operations other than the time-series ones through."""
        self.sweeps: bool = False
        """Whether its only doubles are those of its sweeps."""


_runs = 0
"""The number of pytest runs in progress, each inside the one before."""
_guards = False
_test = RunningTest(None)
_blocked: list[tuple[str | None, str]] = []
"""The calls that were blocked, each with the test that made it; appended to by any thread."""
_threads: WeakKeyDictionary[threading.Thread, str | None] = WeakKeyDictionary()
"""Threads that outlived the test that started them, with its id."""


def start(*, guards: bool) -> Callable[[], None]:
    """Begin a pytest run.

    Args:
        guards: Whether time-series calls that no double answers are blocked.

    Returns:
        A function that ends the run. The guard stays on until the process ends, unless the run
        was inside another one.
    """
    global _guards, _runs  # noqa: PLW0603 - process-wide state
    before, _guards = _guards, guards or (_runs > 0 and _guards)
    if _runs == 0:
        _blocked.clear()  # calls blocked between two runs belong to neither
    _runs += 1

    def stop() -> None:
        global _guards, _runs  # noqa: PLW0603 - process-wide state
        _runs -= 1
        if _runs:
            _guards = before

    return stop


def has_guard() -> bool:
    """Return whether the ini setting ``guard`` is on."""
    return _guards


def running_test() -> RunningTest:
    """Return the running test."""
    return _test


def begin_test(test: RunningTest) -> RunningTest:
    """Set the running test, and return the one that it runs inside."""
    global _test
    outer, _test = _test, test
    return outer


def end_test(outer: RunningTest) -> None:
    """End the running test, and attribute the threads that it leaves behind to it.

    Args:
        outer: The test that it ran inside.
    """
    global _test  # noqa: PLW0603 - process-wide state
    if _guards:
        for thread in threading.enumerate():
            if thread is not threading.main_thread():
                _threads.setdefault(thread, _test.nodeid)
    _test = outer


def require_double(passes_others_through: Callable[[], bool], *, sweeps: bool) -> None:
    """Stop the calls that the running test makes while its double is not active.

    Args:
        passes_others_through: Returns whether the double lets other operations through.
        sweeps: Whether the only doubles of the test are those of its sweeps.
    """
    _test.requires_double = True
    _test.passes_others_through = passes_others_through
    _test.sweeps = sweeps


def add_blocked(description: str) -> None:
    """Record that a call of the current thread was blocked.

    Args:
        description: The location of the call, and why it was blocked.
    """
    _blocked.append((_threads.get(threading.current_thread(), _test.nodeid), description))


def add_blocked_elsewhere(descriptions: list[str]) -> None:
    """Add calls that were blocked in another process."""
    _blocked.extend((None, description) for description in descriptions)


def take_blocked(test: str | None) -> list[str]:
    """Return the calls of a test that were blocked, and forget them."""
    taken = [call for call in _blocked if call[0] == test]
    for call in taken:
        _blocked.remove(call)
    return list(dict.fromkeys(description for _, description in taken))


def take_rest() -> list[str]:
    """Return all other calls that were blocked, and forget them."""
    taken = _blocked[:]
    del _blocked[: len(taken)]  # another thread may have added one
    return [
        description if test is None else f"{test}: {description}"
        for test, description in dict.fromkeys(taken)
    ]
