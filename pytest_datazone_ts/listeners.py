"""Listeners, which are notified of what every double records."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_datazone_ts.listener import Listener


listeners: list[Listener] = []
"""The listeners that every log notifies."""

# What a forked process records is lost, and a thread of its parent may hold the lock of one.
if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows does not fork
    os.register_at_fork(after_in_child=listeners.clear)


@contextmanager
def listeners_muted() -> Iterator[None]:
    """Notify no listener inside the block."""
    before = listeners[:]
    listeners.clear()
    try:
        yield
    finally:
        listeners[:] = before
