"""Replacement of other modules' attributes while a double is active.

A test may mock the same attributes at any time, and end its mocks in any order: a mock may restore
a replacement that was undone long ago. So each replacement keeps the value that it replaced.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, NamedTuple

_REPLACED = "_datazone_ts_replaced"


class _Replaced(NamedTuple):
    value: Any
    original: Any


class Replacements:
    """Replaces attributes, and restores the originals."""

    def __init__(self) -> None:
        self._places: dict[tuple[Any, str], None] = {}

    def put(self, owner: Any, name: str, value: Any) -> None:
        """Replace ``owner.name``, unless it is already replaced.

        A mock that the test has started since then stays.

        Args:
            owner: A module or a class.
            name: The attribute's name.
            value: Its value until ``undo()``: a function or another object with a ``__dict__``.
        """
        current = getattr(owner, name)
        # A module is not a mock: the test ended a mock that it had started earlier.
        if (owner, name) in self._places and not isinstance(current, ModuleType):
            return
        self._places[owner, name] = None
        if self.original(owner, name) is current:
            replaced = {(owner, name): _Replaced(value, current)}
            vars(value)[_REPLACED] = vars(value).get(_REPLACED, {}) | replaced
            setattr(owner, name, value)

    def original(self, owner: Any, name: str) -> Any:
        """Return the original ``owner.name``, replaced or not."""
        value = getattr(owner, name)
        while True:
            replaced = getattr(value, "__dict__", {}).get(_REPLACED, {}).get((owner, name))
            # functools.wraps copies the attributes of a replacement to the wrapper.
            if replaced is None or replaced.value is not value:
                return value
            value = replaced.original

    def undo(self) -> None:
        """Restore every original, except where the test has a mock of its own."""
        for owner, name in self._places:
            original = self.original(owner, name)
            if original is not getattr(owner, name):
                setattr(owner, name, original)
        self._places.clear()
