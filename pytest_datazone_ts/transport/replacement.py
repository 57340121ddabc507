"""Attributes of other modules that are replaced while a double is active.

A test may mock the same attributes, before or meanwhile, and end its mocks in any order: what one
of them puts back may be a replacement, long after it was undone. So each replacement knows what
it replaced.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, NamedTuple

_REPLACED = "_datazone_ts_replaced"


class _Replaced(NamedTuple):
    value: Any
    original: Any


class Replacements:
    """Replaced attributes, and how to put the originals back."""

    def __init__(self) -> None:
        self._places: dict[tuple[Any, str], None] = {}

    def put(self, owner: Any, name: str, value: Any) -> None:
        """Replace ``owner.name``, unless it is replaced already.

        A mock that the test has begun since stays.

        Args:
            owner: A module or a class.
            name: The attribute's name.
            value: What it is until ``undo()``: a function or another object with a ``__dict__``.
        """
        current = getattr(owner, name)
        # A module is no mock: the test ended one that was there before.
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
            # A function that wraps a replacement has its attributes too.
            if replaced is None or replaced.value is not value:
                return value
            value = replaced.original

    def undo(self) -> None:
        """Put every original back, except where the test has a mock of its own by now."""
        for owner, name in self._places:
            original = self.original(owner, name)
            if original is not getattr(owner, name):
                setattr(owner, name, original)
        self._places.clear()
