"""Strategies for the members of forms, and the constraints on them."""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.utils import parse_to_aware_datetime
from hypothesis import strategies as st

from pytest_datazone_ts import location
from pytest_datazone_ts.service import model, validation
from pytest_datazone_ts.service.operations import POST

if TYPE_CHECKING:
    from pytest_datazone_ts.service.model import Shape
    from pytest_datazone_ts.service.validation import Check

__tracebackhide__: location.Predicate = location.raised_on_purpose

MEMBER_NAMES = {
    "form_name": "formName",
    "type_identifier": "typeIdentifier",
    "type_revision": "typeRevision",
    "timestamp": "timestamp",
    "content": "content",
}
"""The members of a form in the API, by the keywords of ``forms``."""

# The strategies are composites even where ``map`` or ``builds`` would do: in a falsifying example,
# Hypothesis shows the values that composites draw, but the calls that the others make.


def texts(keyword: str) -> st.SearchStrategy[str]:
    """Generate text that meets a member's constraints, a quarter of it of maximum length."""
    shape = _shape(keyword)
    minimum: int = shape.metadata["min"]
    maximum: int = shape.metadata["max"]
    pattern = _pattern(keyword)
    valid = (
        st.text(min_size=minimum, max_size=maximum)
        if pattern is None
        else st.from_regex(pattern, fullmatch=True)
    )
    lengths = st.sampled_from([0, 0, 0, maximum])

    @st.composite
    def text(draw: st.DrawFn) -> str:
        drawn = draw(valid)
        length = draw(lengths)
        return drawn.ljust(length, drawn[-1])

    # A pattern may allow more than the maximum length.
    return text().filter(lambda text: _error_message(keyword, text) is None)


def too_long(keyword: str) -> list[st.SearchStrategy[str]]:
    """Generate text that exceeds a member's maximum length and is valid otherwise."""
    if "max" not in _shape(keyword).metadata:
        return []
    maximum = _shape(keyword).metadata["max"]
    lengths = st.integers(maximum + 1, maximum + 10)
    valid = texts("form_name" if keyword == "content" else keyword)

    @st.composite
    def text(draw: st.DrawFn) -> str:
        drawn, length = draw(valid), draw(lengths)
        if keyword == "content":
            return _long_result(drawn, length)
        return drawn.ljust(length, drawn[-1])

    return [text()]


def _long_result(description: str, length: int) -> str:
    """Return a data-quality result as JSON text of a given length."""
    result = '{"evaluationsCount": 1, "passingPercentage": 100, "evaluations": [{"description": '
    head = result + json.dumps(description)[:-1]
    tail = '", "types": [], "applicableFields": [], "status": "PASS"}]}'
    count = length - len(head) - len(tail)
    text = _LongText(head + "x" * count + tail)
    text.shown = f"{head!r} + 'x' * {count} + {tail!r}"
    return text


def off_pattern(keyword: str) -> list[st.SearchStrategy[str]]:
    """Generate text that does not match a member's pattern, if it has one."""
    pattern = _pattern(keyword)
    if pattern is None:
        return []
    around = st.just("") | st.from_regex(pattern, fullmatch=True)
    other = st.sampled_from("- /:.") | st.text(min_size=1, max_size=1)

    @st.composite
    def text(draw: st.DrawFn) -> str:
        return draw(around) + draw(other) + draw(around)

    return [text().filter(lambda text: not pattern.fullmatch(text))]


def from_argument(keyword: str, argument: object) -> st.SearchStrategy[Any]:
    """Return the strategy for a member, given an argument of ``forms``: a value or a strategy.

    Raises:
        TypeError: The value has the wrong type.
        ValueError: The service would reject the value.
    """
    if isinstance(argument, st.SearchStrategy):

        @st.composite
        def member(draw: st.DrawFn) -> object:
            return _to_boto3(keyword, draw(argument))

        return member().filter(lambda value: _error_message(keyword, value) is None)
    value = _to_boto3(keyword, argument)
    error = _error_message(keyword, value)
    if error is not None:
        message = (
            f"forms({keyword}=...) got a value that no form can have: {error}. "
            "To draw forms that the service rejects, use invalid_forms()."
        )
        raise ValueError(message)
    return st.just(value)


def _to_boto3(keyword: str, value: object) -> Any:
    """Return a member's value for boto3, or raise a ``TypeError`` for a value of the wrong type."""
    is_time, is_optional = keyword == "timestamp", keyword in ("type_revision", "content")
    if value is None and is_optional:
        return None
    if keyword == "content":
        return value if isinstance(value, str) else json.dumps(value, allow_nan=False)
    expected = (datetime, int, float, str) if is_time else str
    if not isinstance(value, expected) or isinstance(value, bool):
        kind = "a datetime, epoch seconds, ISO 8601" if is_time else "a string"
        none = ", None" if is_optional else ""
        message = f"forms({keyword}=...) takes {kind}{none} or a strategy for these, not {value!r}"
        raise TypeError(message)
    return value


def _error_message(keyword: str, value: Any) -> str | None:
    """Return why boto3 or the service rejects a member's value, or ``None`` if they accept it."""
    if value is None:
        return None
    if keyword == "timestamp":
        try:
            parse_to_aware_datetime(value)
        except (ValueError, OverflowError, RuntimeError) as error:
            return f"boto3 does not accept it ({error})"
    return validation.error_message(_check(keyword), value, MEMBER_NAMES[keyword])


class _LongText(str):
    """Text whose ``repr`` counts a run of one character instead of showing it."""

    __slots__ = ("shown",)
    shown: str

    def __repr__(self) -> str:
        return self.shown


def _shape(keyword: str) -> Shape:
    return model.operation(POST).input.members["forms"].member.members[MEMBER_NAMES[keyword]]


@cache
def _check(keyword: str) -> Check:
    return validation.build_check(_shape(keyword))


def _pattern(keyword: str) -> re.Pattern[str] | None:
    pattern: str | None = _shape(keyword).metadata.get("pattern")
    return None if pattern is None else re.compile(pattern, re.ASCII)
