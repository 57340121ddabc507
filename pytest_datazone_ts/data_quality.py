"""A typed view of the content of data-quality forms."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts import location, spelling
from pytest_datazone_ts.service import form_types

if TYPE_CHECKING:
    from collections.abc import Mapping

__tracebackhide__: location.Predicate = location.raised_on_purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The result of one rule; members that were not posted are ``None`` or empty."""

    description: str | None
    types: tuple[str, ...]
    """The types of the rule, such as ``("Completeness",)``."""
    applicable_fields: tuple[str, ...]
    """The columns that the rule checks."""
    status: str | None
    """``"PASS"`` or ``"FAIL"``, or any other status that the code under test posted."""
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataQuality:
    """The content of a form of type ``amazon.datazone.DataQualityResultFormType``.

    Values are as posted; none is computed. Members that were not posted are ``None`` or empty.
    """

    passing_percentage: float | None
    evaluations_count: int | None
    evaluations: tuple[Evaluation, ...]

    @property
    def passed(self) -> tuple[Evaluation, ...]:
        """The evaluations whose status is ``PASS``."""
        return tuple(each for each in self.evaluations if each.status == "PASS")

    @property
    def failed(self) -> tuple[Evaluation, ...]:
        """The evaluations whose status is ``FAIL``."""
        return tuple(each for each in self.evaluations if each.status == "FAIL")

    def rule(self, description: str) -> Evaluation:
        """Return the only evaluation with this description.

        Raises:
            AssertionError: There is no such evaluation, or more than one.
        """
        found = [each for each in self.evaluations if each.description == description]
        if len(found) != 1:
            others = [str(each.description) for each in self.evaluations]
            hint = "" if found else spelling.hint(description, others)
            lines = [
                f"expected exactly one rule {description!r}, found {len(found)}.{hint}",
                *(f"  {number}. {other}" for number, other in enumerate(others, 1)),
            ]
            raise AssertionError("\n".join(lines))
        return found[0]

    def inconsistencies(self, *, tolerance: float = 0.01) -> tuple[str, ...]:
        """Return a message for each inconsistency in the content; empty if there is none.

        No other check compares these values, because AWS's own example has 88.0 for 7 of 8. The
        count and the percentage are checked only if evaluations were posted.

        Args:
            tolerance: The maximum difference between the percentage and the share of evaluations
                that passed. The default allows for rounding to two decimals.
        """
        problems = [
            f"evaluations[{index}] has the status {each.status!r}, neither 'PASS' nor 'FAIL'"
            for index, each in enumerate(self.evaluations)
            if each.status not in {"PASS", "FAIL"}
        ]
        total = len(self.evaluations)
        if total and self.evaluations_count not in {None, total}:
            problems.append(
                f"evaluationsCount is {self.evaluations_count}, but {total} "
                f"{'was' if total == 1 else 'were'} posted"
            )
        if total and self.passing_percentage is not None:
            share = 100 * len(self.passed) / total
            if abs(self.passing_percentage - share) > tolerance:
                problems.append(
                    f"passingPercentage is {self.passing_percentage}, but {len(self.passed)} of "
                    f"{total} evaluations passed, which is {share:.6g}"
                )
        return tuple(problems)


def parse(type_identifier: str, content: str | None) -> DataQuality:
    """Return the view of a form's content.

    Raises:
        ValueError: The form has another type, or its content does not fit the type.
    """
    if type_identifier != form_types.DATA_QUALITY:
        message = f"its type is {type_identifier}"
        raise ValueError(message)
    if content is None:
        message = "it has no content"
        raise ValueError(message)
    problems = form_types.data_quality_problems(content)
    if problems:
        raise ValueError("; ".join(problems))
    value: dict[str, Any] = json.loads(content)
    return DataQuality(
        passing_percentage=value.get("passingPercentage"),
        evaluations_count=value.get("evaluationsCount"),
        evaluations=tuple(map(_evaluation, value.get("evaluations", ()))),
    )


def _evaluation(value: Mapping[str, Any]) -> Evaluation:
    return Evaluation(
        description=value.get("description"),
        types=tuple(value.get("types", ())),
        applicable_fields=tuple(value.get("applicableFields", ())),
        status=value.get("status"),
        details=value.get("details", {}),
    )
