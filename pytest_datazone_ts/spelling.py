"""Suggestions for misspelt names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def hint(name: object, names: Iterable[str]) -> str:
    """Return the sentence `` Did you mean ...?`` with the closest name; ``""`` if none is close."""
    from difflib import get_close_matches  # noqa: PLC0415 - keeps the first use fast

    by_key = {_key(known): known for known in names}
    key = _key(str(name))
    completions = [known for known in by_key if key and known.startswith(key)]
    completions.sort(key=lambda known: len(known.removesuffix("identifier")))
    closest = completions or get_close_matches(key, by_key, n=1)
    return f" Did you mean {by_key[closest[0]]!r}?" if closest else ""


def _key(name: str) -> str:
    return name.replace("_", "").lower()
