"""Attributes of other modules that are replaced while a double is active.

A test may mock the same attributes, before or meanwhile, and end its mocks in any order: what one
of them puts back may be a replacement, long after it was undone. So each replacement knows what
it replaced.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_REPLACED = "_datazone_ts_replaced"


class _Replaced(NamedTuple):
    value: Any
    original: Any


class Replacements:
    """Replaced attributes, and how to put the originals back."""

    def __init__(self) -> None:
        self._places: dict[tuple[Any, str], _Replaced] = {}
        self._built: dict[tuple[Any, str], _Replaced] = {}
        """Those that ``undo()`` took away: the next double replaces the same places."""

    def put(self, owner: Any, name: str, build: Callable[[Any], Any]) -> None:
        """Replace ``owner.name`` until ``undo()``, unless it is replaced already.

        A mock that the test has begun since stays.

        Args:
            owner: A module or a class.
            name: The attribute's name.
            build: Takes the original, and returns what replaces it: a function or another object
                with a ``__dict__``.
        """
        place, current = (owner, name), getattr(owner, name)
        # A module is no mock: the test ended one that was there before.
        if place in self._places and not isinstance(current, ModuleType):
            return
        replaced = self._built.get(place)
        if replaced is None or current is not replaced.original:
            original = _original(current)
            if replaced is None or original is not replaced.original:
                replaced = _Replaced(build(original), original)
                vars(replaced.value)[_REPLACED] = replaced
        self._places[place] = replaced
        if current is replaced.original:
            setattr(owner, name, replaced.value)

    def undo(self) -> None:
        """Put every original back, except where the test has a mock of its own by now."""
        for (owner, name), replaced in self._places.items():
            current = getattr(owner, name)
            # A mock may have put an earlier replacement back.
            original = replaced.original if current is replaced.value else _original(current)
            if current is not original:
                setattr(owner, name, original)
        self._built = self._places or self._built
        self._places = {}


def _original(value: Any) -> Any:
    """Return what a value replaced, or else the value."""
    while True:
        replaced = getattr(value, "__dict__", {}).get(_REPLACED)
        # A function that wraps a replacement has its attributes too.
        if replaced is None or replaced.value is not value:
            return value
        value = replaced.original
