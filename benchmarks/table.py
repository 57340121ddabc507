"""The table that the benchmarks print: Markdown, readable at 100 columns too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True)
class Goal:
    """What a figure may be at most, and which figure."""

    most: float
    of: Literal["ratio", "difference", "ours"] = "ratio"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison: what we take, and what something else takes."""

    measured: str
    unit: str
    ours: float | None
    """``None``: what it takes to measure it is not there."""
    beside: str = ""
    """What it is compared with."""
    theirs: float | None = None
    """``None``: there is nothing to compare with, or it is not there."""
    ratio: float | None = None
    difference: float | None = None
    """Shown in the place of the ratio, if it is what tells something."""
    goal: Goal | None = None

    @property
    def missed(self) -> bool:
        """Whether there is a goal, and it is not reached."""
        if self.goal is None:
            return False
        figure: float | None = getattr(self, self.goal.of)
        return figure is not None and figure > self.goal.most

    def cells(self) -> tuple[str, ...]:
        """Return what the row's cells say."""
        return (
            self.measured,
            self._quantity(self.ours),
            self.beside,
            self._quantity(self.theirs),
            self._comparison(),
            self._verdict(),
        )

    def _quantity(self, value: float | None) -> str:
        return "" if value is None else f"{_short(value)} {self.unit}"

    def _comparison(self) -> str:
        if self.difference is not None:
            sign = "-" if self.difference < 0 else "+"
            return f"{sign}{_short(abs(self.difference))} {self.unit}"
        if self.ratio is None:
            return ""
        return f"{self.ratio:.{2 if self.ratio >= 0.01 else 4}f}"  # noqa: PLR2004

    def _verdict(self) -> str:
        if self.ours is None or (self.beside and self.theirs is None):
            return "not available"
        if self.goal is None:
            return ""
        most = self.goal.most
        limit = f"{most:.2f}" if self.goal.of == "ratio" else f"{most:g} {self.unit}"
        return f"{limit} {'missed' if self.missed else 'met'}"


HEAD = ("measured", "ours", "beside", "theirs", "ratio", "goal")
_WIDTHS = (25, 8, 18, 9, 8, 13)
_FIGURES = (False, True, False, True, True, False)
"""Which columns are flush right."""


def render(results: Mapping[str, Iterable[Row]]) -> str:
    """Return the table of the rows of each benchmark."""
    rule = [
        "-" * (width + 1) + (":" if figures else "-")
        for width, figures in zip(_WIDTHS, _FIGURES, strict=True)
    ]
    lines = [_line(HEAD), f"|{'|'.join(rule)}|"]
    for name, rows in results.items():
        lines.append(_line((f"**{name}**", *[""] * (len(HEAD) - 1))))
        lines += [_line(row.cells()) for row in rows]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    padded = [
        cell.rjust(width) if figures else cell.ljust(width)
        for cell, width, figures in zip(cells, _WIDTHS, _FIGURES, strict=True)
    ]
    return f"| {' | '.join(padded)} |"


def _short(value: float) -> str:
    """Return three digits, or all that are before the point."""
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}"  # noqa: PLR2004
