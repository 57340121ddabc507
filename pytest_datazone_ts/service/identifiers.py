"""Identifiers in DataZone's form."""

from __future__ import annotations

from itertools import count


class Identifiers:
    """A deterministic sequence of ids: 14 lower-case letters and digits each.

    A counter is multiplied by a number that shares no factor with the number of possible ids,
    so the ids are distinct and look as random as DataZone's own. Only 16 different characters
    occur, because formatting a number as hexadecimal is fast.
    """

    _NUMBER_OF_IDS = 2**56 - 5  # a prime; all smaller numbers fit into 14 hexadecimal digits
    _MULTIPLIER = 31_415_926_535_897_932
    _CHARACTERS = str.maketrans("0123456789abcdef", "0245789bcfhjknwz")

    def __init__(self) -> None:
        self._counter = count(1)

    def next(self) -> str:
        """Return the next id."""
        number = next(self._counter) * self._MULTIPLIER % self._NUMBER_OF_IDS
        return f"{number:014x}".translate(self._CHARACTERS)
