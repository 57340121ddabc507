"""A user's property tests, which type checkers must accept in strict mode, and which must pass."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_datazone_ts import faults, mock_datazone_ts, strategies

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

FORMS: SearchStrategy[dict[str, Any]] = strategies.forms(
    form_name=st.sampled_from(["completeness", "ranges"]),
    type_identifier="team.ScoreFormType",
    type_revision=st.none() | st.just("8"),
    timestamp=strategies.timestamps(),
    content=strategies.data_quality_results(),
)
FIXED: strategies.FormKeywords = {
    "form_name": "completeness",
    "type_revision": None,
    "timestamp": datetime(2024, 1, 1, tzinfo=timezone.utc),
    "content": {"passingPercentage": 87.5},
}

few = settings(derandomize=True, database=None, deadline=None, max_examples=5)


@few
@given(form=FORMS, fault=strategies.faults("PostTimeSeriesDataPoints"))
def test_forms_and_faults(form: dict[str, Any], fault: faults.Fault) -> None:
    assert form["formName"] in {"completeness", "ranges"}
    with mock_datazone_ts() as ts:
        ts.inject(fault).cancel()


@few
@given(form=strategies.forms(**FIXED), broken=strategies.invalid_forms())
def test_fixed_forms(form: dict[str, Any], broken: dict[str, Any]) -> None:
    assert form["formName"] == "completeness"
    assert form != broken


def test_what_a_type_checker_rejects() -> None:
    """Strict mypy reports a ``type: ignore`` that it does not need."""
    with pytest.raises(TypeError):
        strategies.forms(form_nam="completeness")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        strategies.forms(form_name=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        strategies.forms(type_revision=8)  # type: ignore[arg-type]
