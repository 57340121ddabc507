"""Names of other modules that are replaced while a double is active."""

from __future__ import annotations

from typing import Any


class Replacements:
    """Replaced attributes and what they were."""

    def __init__(self) -> None:
        self._originals: dict[tuple[Any, str], Any] = {}

    def put(self, owner: Any, name: str, value: Any) -> None:
        """Replace ``owner.name``, once."""
        if (owner, name) not in self._originals:
            self._originals[owner, name] = getattr(owner, name)
            setattr(owner, name, value)

    def original(self, owner: Any, name: str) -> Any:
        """Return what ``owner.name`` was before; what it is, once put back."""
        return self._originals.get((owner, name)) or getattr(owner, name)

    def undo(self) -> None:
        """Put everything back."""
        for (owner, name), value in self._originals.items():
            setattr(owner, name, value)
        self._originals.clear()
