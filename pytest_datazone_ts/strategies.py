"""Hypothesis strategies for property tests of code that posts to Amazon DataZone.

They need the extra ``hypothesis``: ``pip install 'pytest-datazone-ts[hypothesis]'``. Lengths,
patterns and documented exceptions are read from botocore's service model, at run time.

Give each example a double of its own: a fixture lasts for all the examples of a test. ::

    @given(form=strategies.forms())
    def test_any_form_arrives(form):
        with mock_datazone_ts() as ts:
            publish(form)
            ts.assert_posted(1, form_name=form["formName"], timestamp=form["timestamp"])
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any, TypedDict

from botocore.endpoint import DEFAULT_TIMEOUT
from botocore.utils import parse_to_aware_datetime

from pytest_datazone_ts import faults as kinds
from pytest_datazone_ts import origin, spelling
from pytest_datazone_ts.service import model, validation
from pytest_datazone_ts.service.form_types import DATA_QUALITY
from pytest_datazone_ts.service.operations import POST

try:
    from hypothesis import strategies as st
except ModuleNotFoundError:
    _missing = (
        "pytest_datazone_ts.strategies needs Hypothesis: "
        "pip install 'pytest-datazone-ts[hypothesis]'"
    )
    raise ModuleNotFoundError(_missing, name="hypothesis") from None

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Unpack

    from pytest_datazone_ts.service.model import Shape
    from pytest_datazone_ts.service.validation import Check

__tracebackhide__: origin.Hides = origin.hides_frames

__all__ = [
    "FormKeywords",
    "data_quality_results",
    "faults",
    "forms",
    "invalid_forms",
    "timestamps",
]


class FormKeywords(TypedDict, total=False):
    """The keywords of :func:`forms`: a member's value, or a strategy to draw it from.

    ``None``, for the two members that a form need not have: it has none.
    """

    form_name: str | st.SearchStrategy[str]
    type_identifier: str | st.SearchStrategy[str]
    type_revision: str | st.SearchStrategy[str | None] | None
    timestamp: datetime | float | str | st.SearchStrategy[datetime | float | str]
    """Anything that boto3 takes as a time."""
    content: object
    """A string, or what is then written as JSON, such as a dict."""


_MEMBERS = {
    "form_name": "formName",
    "type_identifier": "typeIdentifier",
    "type_revision": "typeRevision",
    "timestamp": "timestamp",
    "content": "content",
}


def forms(**members: Unpack[FormKeywords]) -> st.SearchStrategy[dict[str, Any]]:
    """Generate forms that the service accepts, as boto3 takes them in ``forms=[...]``.

    A keyword fixes a member or says what to draw it from; of what is drawn, values that the
    service would refuse are left out. Other members are drawn from all that the model allows:
    half of the forms are of the type ``amazon.datazone.DataQualityResultFormType`` and hold a
    :func:`data_quality_results`, the others hold any JSON object; ``typeRevision`` and
    ``content`` may be missing. Timestamps are aware datetimes in whole seconds, which every
    botocore sends as they are; for all that boto3 takes: ``timestamp=timestamps()``.

    Raises ``TypeError`` for an unknown keyword or a value of the wrong type, ``ValueError`` for
    a fixed value that the service would refuse.
    """
    for keyword in members:
        if keyword not in _MEMBERS:
            message = (
                f"forms() got an unknown keyword {keyword!r}.{spelling.hint(keyword, _MEMBERS)} "
                f"Valid keywords: {', '.join(_MEMBERS)}."
            )
            raise TypeError(message)
    strategies = {
        "form_name": _texts("form_name"),
        "type_identifier": st.just(DATA_QUALITY) | _texts("type_identifier"),
        "type_revision": st.none() | _texts("type_revision"),
        "timestamp": _moments(),
    } | {keyword: _given(keyword, meant) for keyword, meant in members.items()}
    has_content = st.sampled_from([False, True, True, True])
    results, objects = data_quality_results(), st.dictionaries(st.text(), _JSON)

    @st.composite
    def form(draw: st.DrawFn) -> dict[str, Any]:
        drawn = {keyword: draw(values) for keyword, values in strategies.items()}
        if "content" not in strategies and draw(has_content):
            is_result = drawn["type_identifier"] == DATA_QUALITY
            drawn["content"] = json.dumps(draw(results if is_result else objects))
        return {_MEMBERS[keyword]: each for keyword, each in drawn.items() if each is not None}

    return form()


def invalid_forms() -> st.SearchStrategy[dict[str, Any]]:
    """Generate forms that the service refuses with a ``ValidationException``.

    Each breaks one or two of the model's constraints: a member is longer than it may be, or does
    not match its pattern. What botocore's client itself refuses never reaches the service and is
    left out: a missing member, one of the wrong type, one that is too short.
    """
    valid = forms()
    breaches = [
        st.tuples(st.just(_MEMBERS[keyword]), values)
        for keyword in _MEMBERS
        for values in (*_too_long(keyword), *_off_pattern(keyword))
    ]
    broken = st.lists(
        st.one_of(breaches), min_size=1, max_size=2, unique_by=lambda member: member[0]
    )

    @st.composite
    def invalid_form(draw: st.DrawFn) -> dict[str, Any]:
        members = dict(draw(broken))  # first: Hypothesis then finds simpler examples
        return draw(valid) | members

    return invalid_form()


def data_quality_results() -> st.SearchStrategy[dict[str, Any]]:
    """Generate the content of an ``amazon.datazone.DataQualityResultFormType`` form, as a dict.

    It has the members that AWS's documentation and public pipelines show. As there,
    ``evaluationsCount`` may be more than ``evaluations`` lists, and ``passingPercentage`` need
    not be the share of those that passed.
    """
    listed = st.lists(
        st.fixed_dictionaries(
            {
                "description": st.text(),
                "types": st.lists(st.text(), max_size=2),
                "applicableFields": st.lists(st.text(), max_size=2),
                "status": st.sampled_from(["PASS", "FAIL"]),
            },
            optional={"details": st.dictionaries(st.text(), st.text(), max_size=2)},
        ),
        max_size=3,
    )
    unlisted = st.just(0) | st.integers(0, 1_000)
    percentages = st.integers(0, 100) | st.floats(0, 100)

    @st.composite
    def result(draw: st.DrawFn) -> dict[str, Any]:
        evaluations = draw(listed)
        return {
            "evaluationsCount": len(evaluations) + draw(unlisted),
            "passingPercentage": draw(percentages),
            "evaluations": evaluations,
        }

    return result()


def timestamps() -> st.SearchStrategy[datetime | float | str]:
    """Generate times in each way that boto3 takes them, in whole seconds.

    Datetimes, aware and naive; epoch seconds, as ``int`` and ``float``; ISO 8601, with and
    without a zone. boto3 takes what has no zone to be in UTC.
    """
    ways: list[Callable[[datetime], datetime | float | str]] = [
        lambda moment: moment,
        lambda moment: moment.replace(tzinfo=None),
        lambda moment: int(moment.timestamp()),
        lambda moment: moment.timestamp(),
        lambda moment: moment.isoformat(),
        lambda moment: moment.replace(tzinfo=None).isoformat(),
    ]
    written, moments = st.sampled_from(ways), _moments()

    @st.composite
    def timestamp(draw: st.DrawFn) -> datetime | float | str:
        return draw(written)(draw(moments))

    return timestamp()


def faults(operation: str = POST) -> st.SearchStrategy[kinds.Fault]:
    """Generate the faults that ``inject`` takes for an operation, with their arguments.

    The exceptions that the operation documents, and the transport's faults. For those of one
    class there is ``hypothesis.strategies.builds(faults.HttpError, status=...)``. Raises
    ``ValueError`` for what is no operation of Amazon DataZone.
    """
    model.require_operation(operation)
    documented = [getattr(kinds, name) for name in model.operation(operation).errors]
    named = [getattr(kinds, name) for name in kinds.__all__]
    transport = [kind for kind in named if issubclass(kind, kinds.TransportFault)]
    transport.remove(kinds.TransportFault)
    classes = st.sampled_from([*documented, *transport])

    @st.composite
    def fault(draw: st.DrawFn) -> kinds.Fault:
        kind = draw(classes)
        arguments = _ARGUMENTS.get(kind, {})
        if issubclass(kind, kinds.ServiceException):
            arguments = {"message": _MESSAGES, **arguments}
        meant: kinds.Fault = kind(**{name: draw(values) for name, values in arguments.items()})
        return meant

    return fault()


class _LongText(str):
    """Text with a run of one character, which its ``repr`` counts: for a person to read."""

    __slots__ = ("shown",)
    shown: str

    def __repr__(self) -> str:
        return self.shown


def _shape(keyword: str) -> Shape:
    return model.operation(POST).input.members["forms"].member.members[_MEMBERS[keyword]]


@cache
def _check(keyword: str) -> Check:
    return validation.check_of(_shape(keyword))


def _pattern(keyword: str) -> re.Pattern[str] | None:
    pattern: str | None = _shape(keyword).metadata.get("pattern")
    return None if pattern is None else re.compile(pattern, re.ASCII)


# The strategies below are composites where a ``map`` or ``builds`` would do: of those, Hypothesis
# shows in a falsifying example the calls that were made instead of what came of them.


def _texts(keyword: str) -> st.SearchStrategy[str]:
    """Generate text that meets a member's constraints; a quarter are as long as they may be."""
    shape = _shape(keyword)
    least: int = shape.metadata["min"]
    most: int = shape.metadata["max"]
    pattern = _pattern(keyword)
    texts = (
        st.text(min_size=least, max_size=most)
        if pattern is None
        else st.from_regex(pattern, fullmatch=True)
    )
    lengths = st.sampled_from([0, 0, 0, most])

    @st.composite
    def text(draw: st.DrawFn) -> str:
        drawn = draw(texts)
        length = draw(lengths)
        return drawn.ljust(length, drawn[-1])

    # A pattern may have let it grow too long.
    return text().filter(lambda text: _refusal(keyword, text) is None)


def _too_long(keyword: str) -> list[st.SearchStrategy[str]]:
    """Generate text that is longer than a member may be and breaks nothing else."""
    if "max" not in _shape(keyword).metadata:
        return []
    most = _shape(keyword).metadata["max"]
    lengths = st.integers(most + 1, most + 10)
    texts = _texts("form_name" if keyword == "content" else keyword)

    @st.composite
    def text(draw: st.DrawFn) -> str:
        drawn, length = draw(texts), draw(lengths)
        if keyword == "content":
            return _long_result(drawn, length)
        return drawn.ljust(length, drawn[-1])

    return [text()]


def _long_result(description: str, length: int) -> str:
    """Write a data-quality result in JSON of ``length`` characters."""
    result = '{"evaluationsCount": 1, "passingPercentage": 100, "evaluations": [{"description": '
    head = result + json.dumps(description)[:-1]
    tail = '", "types": [], "applicableFields": [], "status": "PASS"}]}'
    count = length - len(head) - len(tail)
    text = _LongText(head + "x" * count + tail)
    text.shown = f"{head!r} + 'x' * {count} + {tail!r}"
    return text


def _off_pattern(keyword: str) -> list[st.SearchStrategy[str]]:
    """Generate text that does not match a member's pattern, if it has one."""
    pattern = _pattern(keyword)
    if pattern is None:
        return []
    around = st.just("") | st.from_regex(pattern, fullmatch=True)
    foreign = st.sampled_from("- /:.") | st.text(min_size=1, max_size=1)

    @st.composite
    def text(draw: st.DrawFn) -> str:
        return draw(around) + draw(foreign) + draw(around)

    return [text().filter(lambda text: not pattern.fullmatch(text))]


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)

_NEW_YEAR_2000 = datetime(2000, 1, 1, tzinfo=timezone.utc)
# Before 1971 Windows has no local times, and after 2261 pandas has none at all.
_FIRST = datetime(1971, 1, 1, tzinfo=timezone.utc) - _NEW_YEAR_2000
_LAST = datetime(2262, 1, 1, tzinfo=timezone.utc) - _NEW_YEAR_2000


def _moments() -> st.SearchStrategy[datetime]:
    """Generate aware datetimes in whole seconds, half of them in UTC."""
    seconds = st.integers(_FIRST // timedelta(seconds=1), _LAST // timedelta(seconds=1))
    quarters = st.just(0) | st.integers(-12 * 4, 14 * 4)

    @st.composite
    def moment(draw: st.DrawFn) -> datetime:
        utc = _NEW_YEAR_2000 + timedelta(seconds=draw(seconds))
        return utc.astimezone(timezone(timedelta(minutes=15 * draw(quarters))))

    return moment()


def _given(keyword: str, meant: object) -> st.SearchStrategy[Any]:
    """Return the strategy of a member for which a test gave a value or a strategy."""
    if isinstance(meant, st.SearchStrategy):

        @st.composite
        def member(draw: st.DrawFn) -> object:
            return _written(keyword, draw(meant))

        return member().filter(lambda value: _refusal(keyword, value) is None)
    value = _written(keyword, meant)
    wrong = _refusal(keyword, value)
    if wrong is not None:
        message = (
            f"forms({keyword}=...) got a value that no form can have: {wrong}. "
            "Forms that the service refuses are drawn by invalid_forms()."
        )
        raise ValueError(message)
    return st.just(value)


def _written(keyword: str, value: object) -> Any:
    """Return a member's value as boto3 takes it; a ``TypeError`` if it has the wrong type."""
    is_time, optional = keyword == "timestamp", keyword in ("type_revision", "content")
    if value is None and optional:
        return None
    if keyword == "content":
        return value if isinstance(value, str) else json.dumps(value, allow_nan=False)
    expected = (datetime, int, float, str) if is_time else str
    if not isinstance(value, expected) or isinstance(value, bool):
        kind = "a datetime, epoch seconds, ISO 8601" if is_time else "a string"
        none = ", None" if optional else ""
        message = f"forms({keyword}=...) takes {kind}{none} or a strategy of these, not {value!r}"
        raise TypeError(message)
    return value


def _refusal(keyword: str, value: Any) -> str | None:
    """Say why boto3 or the service refuses a member's value; ``None``: they do not."""
    if value is None:
        return None
    if keyword == "timestamp":
        try:
            parse_to_aware_datetime(value)
        except (ValueError, OverflowError, RuntimeError) as error:
            return f"boto3 does not take it ({error})"
    return validation.message(_check(keyword), value, _MEMBERS[keyword])


def _seconds(most: int) -> st.SearchStrategy[float]:
    return st.integers(0, most * 1000).map(lambda milliseconds: milliseconds / 1000)


_MESSAGES = st.just("") | st.text()  # without one, an exception has its own
_ARGUMENTS: Mapping[type, Mapping[str, st.SearchStrategy[Any]]] = {
    kinds.ThrottlingException: {"retry_after": st.none() | _seconds(DEFAULT_TIMEOUT)},
    kinds.HttpError: {
        "status": st.just(502) | st.integers(400, 599),
        # JSON would be AWS's own answer: between a client and AWS they speak HTML.
        "body": st.none() | st.just("") | st.text().map("<html>{}</html>".format),
    },
    kinds.MalformedResponse: {
        "body": st.sampled_from([kinds.MalformedResponse.body, b"", b'{"forms": [', b"null"])
        | st.binary()
    },
    # On both sides of a client's read_timeout, if it is botocore's own.
    kinds.Latency: {"seconds": _seconds(2 * DEFAULT_TIMEOUT)},
}
