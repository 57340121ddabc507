"""Strategies for forms."""

from __future__ import annotations

import json
from datetime import datetime  # noqa: TC003 - typing.get_type_hints evaluates FormKeywords
from typing import TYPE_CHECKING, Any, TypedDict

from hypothesis import strategies as st

from pytest_datazone_ts import location, spelling
from pytest_datazone_ts.service.form_types import DATA_QUALITY
from pytest_datazone_ts.strategies import member
from pytest_datazone_ts.strategies.content import JSON_VALUES, data_quality_results
from pytest_datazone_ts.strategies.member import MEMBER_NAMES
from pytest_datazone_ts.strategies.timestamp import aware_datetimes

if TYPE_CHECKING:
    from typing_extensions import Unpack

__tracebackhide__: location.Predicate = location.raised_on_purpose


class FormKeywords(TypedDict, total=False):
    """The keywords of :func:`forms`: a member's value, or a strategy to draw it from.

    ``None`` leaves out one of the two optional members.
    """

    form_name: str | st.SearchStrategy[str]
    type_identifier: str | st.SearchStrategy[str]
    type_revision: str | st.SearchStrategy[str | None] | None
    timestamp: datetime | float | str | st.SearchStrategy[datetime | float | str]
    """Any form of time that boto3 accepts."""
    content: object
    """A string, or a value to encode as JSON, such as a dict."""


def forms(**members: Unpack[FormKeywords]) -> st.SearchStrategy[dict[str, Any]]:
    """Generate forms that the service accepts, for boto3's ``forms=[...]``.

    Members without a keyword take any value that the model allows. Half of the forms are of the
    type ``amazon.datazone.DataQualityResultFormType`` and contain :func:`data_quality_results`;
    the others contain any JSON object. ``typeRevision`` and ``content`` may be missing.
    Timestamps are aware datetimes in whole seconds, which every version of botocore sends
    unchanged. For every form of time that boto3 accepts, pass ``timestamp=timestamps()``.

    Args:
        **members: The value of a member, or a strategy to draw it from. Drawn values that the
            service would reject are discarded.

    Raises:
        TypeError: A keyword is unknown, or a value has the wrong type.
        ValueError: The service would reject a value.
    """
    for keyword in members:
        if keyword not in MEMBER_NAMES:
            raise TypeError(spelling.unknown_keyword("forms", keyword, MEMBER_NAMES))
    strategies = {
        "form_name": member.texts("form_name"),
        "type_identifier": st.just(DATA_QUALITY) | member.texts("type_identifier"),
        "type_revision": st.none() | member.texts("type_revision"),
        "timestamp": aware_datetimes(),
    } | {keyword: member.from_argument(keyword, argument) for keyword, argument in members.items()}
    has_content = st.sampled_from([False, True, True, True])
    results, objects = data_quality_results(), st.dictionaries(st.text(), JSON_VALUES)

    @st.composite
    def form(draw: st.DrawFn) -> dict[str, Any]:
        drawn = {keyword: draw(values) for keyword, values in strategies.items()}
        if "content" not in strategies and draw(has_content):
            is_result = drawn["type_identifier"] == DATA_QUALITY
            drawn["content"] = json.dumps(draw(results if is_result else objects))
        return {
            MEMBER_NAMES[keyword]: value for keyword, value in drawn.items() if value is not None
        }

    return form()


def invalid_forms() -> st.SearchStrategy[dict[str, Any]]:
    """Generate forms that the service rejects with a ``ValidationException``.

    One or two members of each form break one of the model's constraints: they are too long, or
    do not match their patterns. Members that are missing, too short or of the wrong type are not
    generated, because botocore's client rejects these itself.
    """
    valid = forms()
    invalid_members = [
        st.tuples(st.just(MEMBER_NAMES[keyword]), values)
        for keyword in MEMBER_NAMES
        for values in (*member.too_long(keyword), *member.off_pattern(keyword))
    ]
    broken = st.lists(
        st.one_of(invalid_members), min_size=1, max_size=2, unique_by=lambda pair: pair[0]
    )

    @st.composite
    def invalid_form(draw: st.DrawFn) -> dict[str, Any]:
        members = dict(draw(broken))  # drawn first, so that Hypothesis finds simpler examples
        return draw(valid) | members

    return invalid_form()
