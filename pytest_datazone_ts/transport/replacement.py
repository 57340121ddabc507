"""Attributes of other modules that are replaced while a double is active."""

from __future__ import annotations

from typing import Any, NamedTuple


class _Replaced(NamedTuple):
    original: Any
    value: Any


class Replacements:
    """Replaced attributes, and how to put the originals back."""

    def __init__(self) -> None:
        self._replaced: dict[tuple[Any, str], _Replaced] = {}
        self._covered: dict[tuple[Any, str], _Replaced] = {}
        """Those that a mock of the test's covered when they were undone, and may bring back."""

    def put(self, owner: Any, name: str, value: Any) -> None:
        """Replace ``owner.name``, unless it is replaced already.

        Args:
            owner: A module or a class.
            name: The attribute's name.
            value: What it is until ``undo()``.
        """
        if (owner, name) in self._replaced:
            return
        current = getattr(owner, name)
        covered = self._covered.pop((owner, name), None)
        if covered is not None and covered.value is current:
            self._replaced[owner, name] = covered
            return
        self._replaced[owner, name] = _Replaced(current, value)
        setattr(owner, name, value)

    def original(self, owner: Any, name: str) -> Any:
        """Return the original ``owner.name``, replaced or not."""
        replaced = self._replaced.get((owner, name))
        return getattr(owner, name) if replaced is None else replaced.original

    def undo(self) -> None:
        """Put every original back, except where the test has a mock of its own by now."""
        for (owner, name), replaced in self._replaced.items():
            if getattr(owner, name) is replaced.value:
                setattr(owner, name, replaced.original)
            else:
                self._covered[owner, name] = replaced
        self._replaced.clear()
