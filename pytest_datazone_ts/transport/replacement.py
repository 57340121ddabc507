"""Replacement of other modules' attributes while a double is active.

A test may mock the same attributes at any time, and end its mocks in any order: a mock may restore
a replacement that was undone long ago. So each replacement keeps the value that it replaced.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    Target: TypeAlias = tuple[Any, str, Callable[[Any], Any]]
    """A module or class, the name of an attribute, and a function that takes the original and
    returns its replacement, which must have a ``__dict__``."""

_REPLACEMENT = "_datazone_ts_replacement"


class _Attribute:
    """An attribute of another module, and its replacement, which the next double reuses."""

    __slots__ = ("build", "in_use", "name", "original", "owner", "value")

    def __init__(self, owner: Any, name: str, build: Callable[[Any], Any]) -> None:
        self.owner: Any = owner
        self.name: str = name
        self.build: Callable[[Any], Any] = build
        self.in_use: bool = False
        self.original: Any = None
        self.value: Any = None
        """The replacement of ``original``."""

    def accepts(self, current: object) -> bool:
        """Return whether to replace ``current``, and build the replacement if necessary."""
        # While the attribute is in use, any value but a module stays: it is the replacement, or a
        # mock that the test has started since. A module is back because the test has ended an
        # earlier mock.
        if self.in_use and not isinstance(current, ModuleType):
            return False
        original = _original(current)
        if original is not self.original:
            self.original, self.value = original, self.build(original)
            vars(self.value)[_REPLACEMENT] = (self.value, original)
        return True


class Replacements:
    """Replaces attributes of other modules, and restores the originals.

    Args:
        modules: The names of the modules that have the attributes.
        find: Returns the attributes to replace in those modules that are loaded. ``put()`` calls
            it again if any of the modules has been imported since.
    """

    def __init__(self, modules: tuple[str, ...], find: Callable[[], Iterable[Target]]) -> None:
        self._modules = modules
        self._find = find
        self._found_in: list[ModuleType | None] = []
        self._current: list[_Attribute] = []
        self._outdated: list[_Attribute] = []
        """Attributes still in use on old copies of modules that the test has imported again."""

    def put(self) -> None:
        """Replace the attributes until ``undo()``."""
        if self._loaded() != self._found_in:
            known = {(each.owner, each.name): each for each in self._outdated + self._current}
            found = {target[:2]: target for target in self._find()}
            self._current = [
                known[place] if place in known else _Attribute(*target)
                for place, target in found.items()
            ]
            self._outdated = [
                each for place, each in known.items() if place not in found and each.in_use
            ]
            self._found_in = self._loaded()
        for each in self._current:
            current = getattr(each.owner, each.name)
            if current is each.original or each.accepts(current):
                setattr(each.owner, each.name, each.value)
                each.in_use = True

    def undo(self) -> None:
        """Restore every original, except where the test has a mock of its own."""
        for each in self._current + self._outdated:
            if each.in_use:
                current = getattr(each.owner, each.name)
                # A mock may have restored an earlier replacement.
                original = each.original if current is each.value else _original(current)
                if current is not original:
                    setattr(each.owner, each.name, original)
                each.in_use = False
        self._outdated.clear()

    def _loaded(self) -> list[ModuleType | None]:
        return [*map(sys.modules.get, self._modules)]


def _original(value: Any) -> Any:
    """Return the original of a replacement, or else the value itself."""
    while True:
        replacement, original = getattr(value, "__dict__", {}).get(_REPLACEMENT, (None, None))
        # functools.wraps copies the attributes of a replacement to the wrapper.
        if replacement is None or replacement is not value:
            return value
        value = original
