"""``**match``: the keywords that select data points, calls and attempts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, cast

from botocore.utils import parse_timestamp

from pytest_datazone_ts import location, spelling
from pytest_datazone_ts.service import model
from pytest_datazone_ts.text import NAIVE_AS_UTC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeGuard

    from pytest_datazone_ts.records import Call, DataPoint, LineageEvent

__tracebackhide__: location.Predicate = location.raised_on_purpose


class Match(TypedDict, total=False):
    """The keywords that select data points, calls and attempts.

    Values are compared with ``==``, so ``unittest.mock.ANY`` and dirty-equals work. A call or
    an attempt matches if one of its forms matches all the keywords about forms.
    """

    domain_identifier: object
    entity_identifier: object
    entity_type: object
    form_name: object
    type_identifier: object
    type_revision: object
    """The revision as posted: ``None`` if the form has none, although its data point has one."""
    timestamp: object
    """A datetime (a naive one is in UTC, as in boto3), epoch seconds or ISO 8601."""
    content: object
    """The exact string, or a dict or list that the JSON content matches.

    A dict matches an object that has these keys with matching values, at any depth, and possibly
    further keys. A list must have the same length and match item by item; to find one item of a
    list, use ``where`` or the ``data_quality`` of a data point.
    """
    region: object
    where: Callable[[Any], object]
    """A callable that takes the ``DataPoint``, or the ``Call`` for calls and attempts.

    It is called only for those that match every other keyword.
    """


class PointMatch(Match, total=False):
    """The keywords of :class:`Match`, and one more for data points."""

    passing_percentage: object
    """The ``passingPercentage`` of data-quality content; other content never matches."""


class CallMatch(Match, total=False):
    """The keywords of :class:`Match`, and three more for calls."""

    operation: object
    """The name of the operation, or of its boto3 method."""
    error_code: object
    succeeded: object


class LineageMatch(TypedDict, total=False):
    """The keywords that select lineage events; values are compared as in :class:`Match`."""

    domain_identifier: object
    event_type: object
    run_id: object
    job_namespace: object
    job_name: object
    processing_status: object
    content: object
    """The exact string, or a dict that the event matches, as in :attr:`Match.content`."""
    region: object
    where: Callable[[Any], object]
    """A callable that takes the ``LineageEvent``, if it matches every other keyword."""


_KEYWORDS = tuple(Match.__annotations__)
_CALL_OWN = ("operation", "error_code", "succeeded")
POINT_KEYWORDS = (*_KEYWORDS, "passing_percentage")
CALL_KEYWORDS = (*_KEYWORDS, *_CALL_OWN)
LINEAGE_KEYWORDS = tuple(LineageMatch.__annotations__)


class Selection(NamedTuple):
    """How records were selected, for the message if there are none."""

    match: Match
    records: Sequence[Any]
    calls: Callable[[], Sequence[Call]] | None = None
    """Returns the calls that the double recorded."""


def check_match(
    match: Mapping[str, object],
    *,
    caller: str,
    own: Sequence[str] = (),
    keywords: Sequence[str] = _KEYWORDS,
) -> Any:
    """Check the keywords of a function that selects records.

    Args:
        match: The keywords.
        caller: The name of the function, for messages.
        own: The function's other keywords.
        keywords: The keywords that select records.

    Returns:
        The keywords, with a comparable ``timestamp``.

    Raises:
        TypeError: A keyword is unknown, or ``where`` is not callable.
        ValueError: The timestamp is not one that boto3 accepts.
    """
    for keyword in match:
        if keyword not in keywords:
            raise TypeError(spelling.unknown_keyword(caller, keyword, (*own, *keywords)))
    if "where" in match and not callable(match["where"]):
        message = f"{caller}(where=...) takes a callable, not {match['where']!r}"
        raise TypeError(message)
    result = dict(match)
    if "timestamp" in match:
        result["timestamp"] = _comparable_time(match["timestamp"], caller)
    operation = match.get("operation")
    if isinstance(operation, str):
        result["operation"] = model.api_name(operation)
    return result


def _comparable_time(value: object, caller: str) -> object:
    if isinstance(value, (datetime, str)) or type(value) in (int, float):
        moment: Any = value
        try:
            moment = moment if isinstance(moment, datetime) else parse_timestamp(moment)
            return moment.replace(tzinfo=NAIVE_AS_UTC) if moment.tzinfo is None else moment
        except (ValueError, OverflowError, RuntimeError) as error:
            message = f"{caller}(timestamp={value!r}): not a time that boto3 accepts ({error})"
            raise ValueError(message) from error
    return value


def point_matches(match: Match, point: DataPoint | LineageEvent) -> bool:
    """Return whether a data point or a lineage event matches."""
    return next(point_differences(match, point), None) is None


def point_differences(
    match: Match, point: DataPoint | LineageEvent
) -> Iterator[tuple[str, object, object]]:
    """Yield ``(field, expected, actual)`` for each keyword that the point does not match."""
    differs = False
    for field, expected in match.items():
        if field != "where" and not _equal(field, expected, actual := _point_field(field, point)):
            differs = True
            yield field, expected, actual
    if not differs and "where" in match and not match["where"](point):
        yield "where", match["where"], point


def _point_field(keyword: str, point: DataPoint | LineageEvent) -> object:
    if keyword != "passing_percentage":
        return getattr(point, keyword)
    from pytest_datazone_ts import data_quality  # noqa: PLC0415 - keeps the first use fast

    point = cast("DataPoint", point)
    try:
        return data_quality.parse(point.type_identifier, point.content).passing_percentage
    except ValueError as error:
        return Missing(f"none: {error}")


def call_matches(match: Match, call: Call) -> bool:
    """Return whether a call, or an attempt of it, matches."""
    about_forms = [
        keyword for keyword in match if keyword not in _CALL_FIELDS and keyword != "where"
    ]
    for keyword, expected in match.items():
        if keyword in _CALL_FIELDS and not _equal(keyword, expected, _call_field(keyword, call)):
            return False
    if about_forms and not any(
        all(_equal(keyword, match[keyword], form.get(_MEMBERS[keyword])) for keyword in about_forms)  # type: ignore[literal-required]
        for form in forms(call)
    ):
        return False
    return "where" not in match or bool(match["where"](call))


_CALL_ATTRIBUTES = ("region", *_CALL_OWN)
_CALL_FIELDS = ("domain_identifier", "entity_identifier", "entity_type", *_CALL_ATTRIBUTES)
_MEMBERS = {
    "domain_identifier": "domainIdentifier",
    "entity_identifier": "entityIdentifier",
    "entity_type": "entityType",
    "form_name": "formName",
    "type_identifier": "typeIdentifier",
    "type_revision": "typeRevision",
    "timestamp": "timestamp",
    "content": "content",
}


def _call_field(keyword: str, call: Call) -> object:
    if keyword in _CALL_ATTRIBUTES:
        return getattr(call, keyword)
    return call.parameters.get(_MEMBERS[keyword])


def forms(call: Call) -> Iterable[Mapping[str, object]]:
    """Return the forms that a call posts, or its parameters as the only form that it names."""
    forms: Iterable[Mapping[str, object]] = call.parameters.get("forms", [call.parameters])
    return forms


def _equal(field: str, expected: object, actual: object) -> bool:
    if field == "content" and isinstance(expected, (dict, list)):
        try:
            return is_json_subset(expected, json.loads(cast("str", actual)))
        except (TypeError, ValueError, RecursionError):
            return False
    return not isinstance(actual, Missing) and bool(expected == actual)


def is_json_subset(expected: object, actual: object) -> bool:
    """Return whether ``expected`` is a subset of ``actual``: objects may have further keys."""
    return next(json_differences(expected, actual, subset=True), None) is None


def json_differences(
    expected: object, actual: object, path: str = "$", *, subset: bool = False
) -> Iterator[tuple[str, object, object]]:
    """Yield ``(JSON path, expected, actual)`` for each difference between two JSON values.

    Args:
        expected: One value, which may contain matchers such as ``ANY``.
        actual: The other value.
        path: The path of both.
        subset: Whether objects in ``actual`` may have further keys. For lists of different
            lengths, it also limits the differences to the first pair of items that differs, and
            the lists themselves.
    """
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        members = [
            (key, expected.get(key, MISSING), actual.get(key, MISSING))
            for key in (expected if subset else {**expected, **actual})
        ]
        # Plain values come first, before a long list hides that they differ.
        for key, left, right in sorted(members, key=_is_nested):
            yield from json_differences(left, right, f"{path}.{key}", subset=subset)
    elif _is_list(expected) and _is_list(actual) and subset and len(expected) != len(actual):
        # Items after the first difference may only have moved.
        differences = (
            [*json_differences(left, right, f"{path}[{index}]", subset=True)]
            for index, (left, right) in enumerate(zip(expected, actual, strict=False))
        )
        yield from next(filter(None, differences), ())
        yield path, expected, actual
    elif _is_list(expected) and _is_list(actual):
        pairs = zip_longest(expected, actual, fillvalue=MISSING)
        for index, (left, right) in enumerate(pairs):
            yield from json_differences(left, right, f"{path}[{index}]", subset=subset)
    elif not is_equal(expected, actual):
        yield path, expected, actual


def _is_nested(member: tuple[str, object, object]) -> bool:
    return isinstance(member[2], (dict, list))


def is_equal(expected: object, actual: object) -> bool:
    """Return whether two JSON values are equal; ``true`` does not equal ``1``."""
    if expected is MISSING or actual is MISSING:
        return False
    types = {type(expected), type(actual)}
    return bool(expected == actual) and types not in ({bool, int}, {bool, float})


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


class Missing:
    """Stands for a missing value. Its ``repr()`` is the reason why the value is missing."""

    def __init__(self, reason: str = "missing") -> None:
        self._reason = reason

    def __repr__(self) -> str:
        return self._reason


MISSING = Missing()
