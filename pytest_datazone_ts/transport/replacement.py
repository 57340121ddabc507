"""Replacement of other modules' attributes while a double is active.

A test may mock the same attributes at any time, and end its mocks in any order: a mock may restore
a replacement that was undone long ago. So each replacement keeps the value that it replaced.
"""

from __future__ import annotations

import sys
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_REPLACEMENT = "_datazone_ts_replacement"


class _Place:
    """A place where an attribute is replaced, and the replacement, which later doubles reuse."""

    __slots__ = ("found", "in_use", "name", "original", "owner", "value")

    def __init__(self, found: Any, owner: Any, name: str) -> None:
        self.found: Any = found
        """The module or class that was looked up."""
        self.owner: Any = owner
        """``found`` itself, or the class from which it inherits the attribute."""
        self.name: str = name
        self.in_use: bool = False
        self.original: Any = self  # differs from any attribute
        self.value: Any = self
        """The replacement for ``original``."""


class Attribute:
    """An attribute to replace.

    Args:
        owner: The attribute's owner: the name of a module, ``"module:Class"``, or a class. A named
            module need not be loaded yet. A name is looked up each time, because a test may import
            the module again or replace the class. A class is used as it is.
        name: The name of the attribute.
        build: Takes the original and returns its replacement, which must have a ``__dict__``.
    """

    __slots__ = ("build", "class_name", "module", "name", "owner", "place")

    def __init__(self, owner: str | type, name: str, build: Callable[[Any], Any]) -> None:
        self.owner: type | None = None
        self.module: str = ""
        self.class_name: str = ""
        if isinstance(owner, str):
            self.module, _, self.class_name = owner.partition(":")
        else:
            self.owner = owner
        self.name: str = name
        self.build: Callable[[Any], Any] = build
        self.place: _Place | None = None
        """Its current place."""


class Replacements:
    """Replaces attributes of other modules, and restores the originals.

    Args:
        attributes: The attributes to replace.
        keep_patches: Whether a method that the test has patched stays as it is.
    """

    def __init__(self, *attributes: Attribute, keep_patches: bool = False) -> None:
        self._attributes = attributes
        self._keep_patches = keep_patches
        self._outdated: list[_Place] = []
        """Places that are still in use, but whose attributes are now looked up elsewhere."""

    def put(self) -> None:
        """Replace the attributes until ``undo()``.

        A mock that the test has started since the first ``put()`` stays in place.
        """
        for attribute in self._attributes:
            found: Any = attribute.owner
            if found is None:
                found = sys.modules.get(attribute.module)
                if attribute.class_name:
                    found = getattr(found, attribute.class_name, None)
                if found is None:
                    continue
            place = attribute.place
            if place is None or place.found is not found:
                if place is not None and place.in_use:
                    self._outdated.append(place)
                place = attribute.place = _place_in(found, attribute.name)
                if place is None:
                    continue
            current = getattr(place.owner, place.name, None)
            # If a module is there, it is not a mock: ending an earlier mock put it back.
            if place.in_use and not _is_module(current):
                continue
            if current is place.original or self._build(attribute, place):
                setattr(place.owner, place.name, place.value)
                place.in_use = True

    def undo(self) -> None:
        """Restore every original, except where the test has a mock of its own."""
        for place in [*(each.place for each in self._attributes), *self._outdated]:
            if place is None:
                continue
            current = getattr(place.owner, place.name, None)
            original = place.original
            if current is not place.value:  # a mock may have restored an earlier replacement
                current = vars(place.owner).get(place.name)
                original = _original(current)
            if current is not original:
                setattr(place.owner, place.name, original)
            place.in_use = False
        self._outdated.clear()

    def _build(self, attribute: Attribute, place: _Place) -> bool:
        """Build the replacement for the current value at a place.

        Returns:
            ``True`` if there is a replacement; ``False`` if the test has removed the attribute, or
            has patched it and ``keep_patches`` is set.
        """
        original = _original(vars(place.owner).get(place.name))
        if original is None or (
            self._keep_patches and not _is_defined_in(attribute.module, original)
        ):
            return False
        if original is not place.original:
            place.original, place.value = original, attribute.build(original)
            vars(place.value)[_REPLACEMENT] = (place.value, original)
        return True


def _place_in(found: Any, name: str) -> _Place | None:
    """Return an attribute's place; ``None`` if the attribute is removed or its owner is mocked."""
    if isinstance(found, type):
        owner = next((each for each in found.__mro__ if name in vars(each)), None)
        return None if owner is None else _Place(found, owner, name)
    return _Place(found, found, name) if _is_module(found) else None


def _is_module(value: object) -> bool:
    # Not isinstance(): a mock claims to be an instance of its spec.
    return issubclass(type(value), ModuleType)


def _is_defined_in(module: str, function: Any) -> bool:
    """Return whether a function comes from a module's package rather than from a test's patch."""
    if not isinstance(function, FunctionType):
        return False
    # Not __module__, which functools.wraps copies.
    defined_in = str(function.__globals__.get("__name__"))
    return defined_in.partition(".")[0] == module.partition(".")[0]


def _original(value: Any) -> Any:
    """Return the original of a replacement, or else the value itself."""
    while True:
        replacement, original = getattr(value, "__dict__", {}).get(_REPLACEMENT, (None, None))
        # functools.wraps copies the attributes of a replacement to the wrapper.
        if replacement is None or replacement is not value:
            return value
        value = original
