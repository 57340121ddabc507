"""The report of a sweep."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from pytest_datazone_ts import location, spelling
from pytest_datazone_ts.audit import as_dict
from pytest_datazone_ts.reporting import matrix
from pytest_datazone_ts.service import model
from pytest_datazone_ts.sweep_cell import SweepCell
from pytest_datazone_ts.views import DataPoints

__tracebackhide__: location.Predicate = location.raised_on_purpose

_LEFT_OUT = frozenset({"calls", "returned", "sleeps"})
"""The fields that are left out of plain dicts; botocore draws its waits at random."""
_COMPARABLE = tuple(
    each.name for each in fields(SweepCell) if each.name not in {*_LEFT_OUT, "lost", "doubled"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepReport:
    """The result of a sweep."""

    cells: tuple[SweepCell, ...]
    """The cells, ordered by call, then by fault, then by mode."""
    timestamps: bool
    """Whether points with different timestamps were different."""

    @property
    def failures(self) -> tuple[SweepCell, ...]:
        """The cells that fail the sweep."""
        return tuple(cell for cell in self.cells if cell.failed)

    def where(self, **values: object) -> tuple[SweepCell, ...]:
        """Return the cells whose fields have these values, such as ``outcome="LOST"``.

        ``operation`` may also be the name of the operation's boto3 method.

        Raises:
            TypeError: A keyword is not a field that can be compared.
        """
        for keyword in values:
            if keyword not in _COMPARABLE:
                message = spelling.unknown_keyword("SweepReport.where", keyword, _COMPARABLE)
                raise TypeError(message)
        operation = values.get("operation")
        if isinstance(operation, str):
            values["operation"] = model.api_name(operation)
        return tuple(
            cell
            for cell in self.cells
            if all(getattr(cell, name) == value for name, value in values.items())
        )

    def matrix(self) -> str:
        """Return the outcomes as a table that is at most 72 characters wide."""
        return matrix.render(self.cells)

    def as_dicts(self) -> list[dict[str, Any]]:
        """Return the cells as plain, JSON-able dicts, the same in every run.

        They omit ``sleeps``, because botocore draws its waits at random.
        """
        return [
            {
                each.name: self._plain(getattr(cell, each.name))
                for each in fields(cell)
                if each.name not in _LEFT_OUT
            }
            for cell in self.cells
        ]

    def check(self) -> None:
        """Fail if points were lost or doubled, the code hung, or ``expect`` was contradicted.

        Raises:
            AssertionError: The sweep failed; the message shows the matrix, and the first cell of
                each kind of failure.
        """
        if self.failures:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        return matrix.describe(self.cells)

    def _plain(self, value: Any) -> Any:
        if isinstance(value, DataPoints):
            return [as_dict(point, timestamps=self.timestamps) for point in value]
        return value
