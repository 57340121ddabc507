"""A hint for a misspelt name."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def hint(given: object, names: Iterable[str]) -> str:
    """Suggest the name that is nearest, with a space before; nothing if none is near."""
    by_letters = {_letters(name): name for name in names}
    wanted = _letters(str(given))
    begun = [letters for letters in by_letters if wanted and letters.startswith(wanted)]
    close = sorted(begun, key=len) or get_close_matches(wanted, by_letters, n=1)
    return f" Did you mean {by_letters[close[0]]!r}?" if close else ""


def _letters(name: str) -> str:
    return name.replace("_", "").lower()
