"""Replacement of other modules' attributes while a double is active.

A test may mock the same attributes at any time, and end its mocks in any order: a mock may restore
a replacement that was undone long ago. So each replacement keeps the value that it replaced.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_REPLACEMENT = "_datazone_ts_replacement"


class _Replacement:
    """The replacement of an attribute, which the next double reuses."""

    __slots__ = ("in_use", "original", "value")

    def __init__(self, value: Any, original: Any) -> None:
        self.value = value
        self.original = original
        self.in_use = True


class Replacements:
    """Replaces attributes, and restores the originals."""

    def __init__(self) -> None:
        self._places: dict[tuple[Any, str], _Replacement] = {}

    def put(self, owner: Any, name: str, build: Callable[[Any], Any]) -> None:
        """Replace ``owner.name`` until ``undo()``, unless it is already replaced.

        A mock that the test has started since then stays.

        Args:
            owner: A module or a class.
            name: The attribute's name.
            build: Takes the original and returns its replacement, a function or another object
                with a ``__dict__``.
        """
        place, current = (owner, name), getattr(owner, name)
        replacement = self._places.get(place)
        # A module is not a mock: the test ended a mock that it had started earlier.
        if replacement is not None and replacement.in_use and not isinstance(current, ModuleType):
            return
        if replacement is None or current is not replacement.original:
            original = _original(current)
            if replacement is None or original is not replacement.original:
                replacement = self._places[place] = _Replacement(build(original), original)
                vars(replacement.value)[_REPLACEMENT] = replacement
        replacement.in_use = True
        if current is replacement.original:
            setattr(owner, name, replacement.value)

    def undo(self) -> None:
        """Restore every original, except where the test has a mock of its own."""
        for place, replacement in tuple(self._places.items()):
            if not replacement.in_use:  # left from a botocore that a test imported again
                del self._places[place]
                continue
            owner, name = place
            current = getattr(owner, name)
            # A mock may have restored an earlier replacement.
            original = replacement.original if current is replacement.value else _original(current)
            if current is not original:
                setattr(owner, name, original)
            replacement.in_use = False


def _original(value: Any) -> Any:
    """Return the original of a replacement, or else the value itself."""
    while True:
        replacement = getattr(value, "__dict__", {}).get(_REPLACEMENT)
        # functools.wraps copies the attributes of a replacement to the wrapper.
        if replacement is None or replacement.value is not value:
            return value
        value = replacement.original
