"""Identifiers in DataZone's form."""

from __future__ import annotations

from itertools import count


class Identifiers:
    """A deterministic sequence of ids: 14 lower-case letters and digits each.

    A counter is multiplied by a number that shares no factor with the number of possible ids,
    so the ids are distinct and look as random as DataZone's own.
    """

    _ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
    _LENGTH = 14
    _NUMBER_OF_IDS: int = len(_ALPHABET) ** _LENGTH
    _MULTIPLIER = 3_141_592_653_589_793_238_463

    def __init__(self) -> None:
        self._counter = count(1)

    def next(self) -> str:
        """Return the next id."""
        value = next(self._counter) * self._MULTIPLIER % self._NUMBER_OF_IDS
        digits = []
        for _ in range(self._LENGTH):
            value, digit = divmod(value, len(self._ALPHABET))
            digits.append(self._ALPHABET[digit])
        return "".join(digits)
