"""Replacement of other modules' attributes while a double is active.

A test may mock the same attributes at any time, and end its mocks in any order: a mock may restore
a replacement that was undone long ago. So each replacement keeps the value that it replaced.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_REPLACEMENT = "_datazone_ts_replacement"


class _Place:
    """A place where an attribute is replaced, and the replacement, which later doubles reuse."""

    __slots__ = ("in_use", "name", "original", "owner", "value")

    def __init__(self, owner: Any, name: str) -> None:
        self.owner: Any = owner
        self.name: str = name
        self.in_use: bool = False
        self.original: Any = None
        self.value: Any = None
        """The replacement for ``original``."""


class Attribute:
    """An attribute to replace.

    Args:
        find_owner: Returns the module or class that has the attribute, or ``None`` if it is not
            loaded. Called on every ``put()``, because a test may import the module again or mock
            the class.
        name: The attribute's name.
        build: Takes the original and returns its replacement, which must have a ``__dict__``.
    """

    __slots__ = ("build", "find_owner", "name", "place")

    def __init__(
        self, find_owner: Callable[[], Any], name: str, build: Callable[[Any], Any]
    ) -> None:
        self.find_owner: Callable[[], Any] = find_owner
        self.name: str = name
        self.build: Callable[[Any], Any] = build
        self.place: _Place | None = None
        """Its current place."""


def loaded(module: str, class_name: str | None = None) -> Callable[[], Any]:
    """Return a function that returns a module or one of its classes, or ``None`` if not loaded."""

    def find() -> Any:
        found = sys.modules.get(module)
        return found if class_name is None else getattr(found, class_name, None)

    return find


class Replacements:
    """Replaces attributes of other modules, and restores the originals."""

    def __init__(self, *attributes: Attribute) -> None:
        self._attributes = attributes
        self._outdated: list[_Place] = []
        """Places that are still in use, although their attributes now have other owners."""

    def put(self) -> None:
        """Replace the attributes until ``undo()``.

        A mock that the test has started since the first ``put()`` stays in place.
        """
        for attribute in self._attributes:
            owner = attribute.find_owner()
            if owner is None:
                continue
            place = attribute.place
            if place is None or place.owner is not owner:
                if place is not None and place.in_use:
                    self._outdated.append(place)
                place = attribute.place = _Place(owner, attribute.name)
            current = getattr(owner, attribute.name)
            # A module is not a mock: it is there because the test has ended an earlier mock.
            if place.in_use and not isinstance(current, ModuleType):
                continue
            if current is not place.original:
                original = _original(current)
                if original is not place.original:
                    place.original, place.value = original, attribute.build(original)
                    vars(place.value)[_REPLACEMENT] = (place.value, original)
            setattr(owner, attribute.name, place.value)
            place.in_use = True

    def undo(self) -> None:
        """Restore every original, except where the test has a mock of its own."""
        for place in [*(each.place for each in self._attributes), *self._outdated]:
            if place is not None and place.in_use:
                current = getattr(place.owner, place.name)
                # A mock may have restored an earlier replacement.
                original = place.original if current is place.value else _original(current)
                if current is not original:
                    setattr(place.owner, place.name, original)
                place.in_use = False
        self._outdated.clear()


def _original(value: Any) -> Any:
    """Return the original of a replacement, or else the value itself."""
    while True:
        replacement, original = getattr(value, "__dict__", {}).get(_REPLACEMENT, (None, None))
        # functools.wraps copies the attributes of a replacement to the wrapper.
        if replacement is None or replacement is not value:
            return value
        value = original
