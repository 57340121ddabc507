"""Hypothesis strategies for property tests of code that posts to Amazon DataZone.

They need the extra ``hypothesis``: ``pip install 'pytest-datazone-ts[hypothesis]'``. Lengths,
patterns and documented exceptions come from botocore's service model at run time.

Use a new double for each example, because a fixture lasts for all the examples of a test::

    @given(form=strategies.forms())
    def test_any_form_arrives(form):
        with mock_datazone_ts() as ts:
            publish(form)
            ts.assert_posted(1, form_name=form["formName"], timestamp=form["timestamp"])
"""

from __future__ import annotations

try:
    import hypothesis  # noqa: F401 - for a clear error if it is missing
except ModuleNotFoundError:
    _message = (
        "pytest_datazone_ts.strategies needs Hypothesis: "
        "pip install 'pytest-datazone-ts[hypothesis]'"
    )
    raise ModuleNotFoundError(_message, name="hypothesis") from None

from pytest_datazone_ts.strategies.content import data_quality_results
from pytest_datazone_ts.strategies.fault import faults
from pytest_datazone_ts.strategies.form import FormKeywords, forms, invalid_forms
from pytest_datazone_ts.strategies.machine import PipelineMachine
from pytest_datazone_ts.strategies.timestamp import timestamps

__all__ = [
    "FormKeywords",
    "PipelineMachine",
    "data_quality_results",
    "faults",
    "forms",
    "invalid_forms",
    "timestamps",
]
