"""Identifiers in DataZone's form."""

from __future__ import annotations

from itertools import count, product


class Identifiers:
    """A deterministic sequence of ids: 14 lower-case letters and digits each.

    A counter is multiplied by a number that shares no factor with the number of possible ids,
    so the ids are distinct and look as random as DataZone's own.
    """

    _PAIRS = tuple(a + b for b, a in product("0123456789abcdefghijklmnopqrstuvwxyz", repeat=2))
    _NUMBER_OF_PAIRS = 7
    _NUMBER_OF_IDS: int = len(_PAIRS) ** _NUMBER_OF_PAIRS
    _MULTIPLIER = 3_141_592_653_589_793_238_463

    def __init__(self) -> None:
        self._counter = count(1)

    def next(self) -> str:
        """Return the next id."""
        value = next(self._counter) * self._MULTIPLIER % self._NUMBER_OF_IDS
        pairs = []
        for _ in range(self._NUMBER_OF_PAIRS):
            value, pair = divmod(value, len(self._PAIRS))
            pairs.append(self._PAIRS[pair])
        return "".join(pairs)
