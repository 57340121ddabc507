"""``**match``: the one way to say which data points, calls or attempts are meant."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict, cast

from pytest_datazone_ts import origin, spelling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeGuard

    from pytest_datazone_ts.records import Call, DataPoint

__tracebackhide__: origin.Hides = origin.hides_frames


class Match(TypedDict, total=False):
    """The keywords that select data points, calls and attempts.

    A value matches what is ``==`` to it, so ``unittest.mock.ANY`` and dirty-equals work. A
    call or an attempt matches when one of its forms matches all the keywords about forms.
    """

    domain_identifier: object
    entity_identifier: object
    entity_type: object
    form_name: object
    type_identifier: object
    type_revision: object
    """As posted: a form without one has ``None``, and the point that it became ``"1"``."""
    timestamp: object
    """A datetime (naive: in UTC, as boto3 takes it), epoch seconds or ISO 8601."""
    content: object
    """The exact string, or a dict or list: a subset of the JSON content."""
    region: object
    where: Callable[[Any], object]
    """Called with the ``DataPoint``, or with the ``Call`` for calls and attempts.

    It is called last: only for those that meet every other keyword.
    """


_KEYWORDS = tuple(Match.__annotations__)


def checked(match: Mapping[str, object], *, caller: str, own: Sequence[str] = ()) -> Match:
    """Return ``match`` with times made comparable; a ``TypeError`` names what is unknown.

    ``own``: the keywords of ``caller`` that are not about matching.
    """
    for keyword in match:
        if keyword not in _KEYWORDS:
            known = (*own, *_KEYWORDS)
            message = (
                f"{caller}() got an unknown keyword {keyword!r}.{spelling.hint(keyword, known)} "
                f"Valid keywords: {', '.join(known)}."
            )
            raise TypeError(message)
    if "where" in match and not callable(match["where"]):
        message = f"{caller}(where=...) takes a callable, not {match['where']!r}"
        raise TypeError(message)
    result = dict(match)
    if "timestamp" in match:
        result["timestamp"] = _comparable_time(match["timestamp"], caller)
    return cast("Match", result)


def _comparable_time(value: object, caller: str) -> object:
    if isinstance(value, (datetime, str)) or type(value) in (int, float):
        from botocore.utils import parse_to_aware_datetime  # noqa: PLC0415 - heavy

        moment: Any = value
        try:
            return parse_to_aware_datetime(moment)
        except (ValueError, OverflowError, RuntimeError) as error:
            message = f"{caller}(timestamp={value!r}): not a time that boto3 would take ({error})"
            raise ValueError(message) from error
    return value


def point_matches(match: Match, point: DataPoint) -> bool:
    """Tell whether a data point is meant."""
    return next(point_differences(match, point), None) is None


def point_differences(match: Match, point: DataPoint) -> Iterator[tuple[str, object, object]]:
    """Yield ``(field, expected, actual)`` for each keyword that the point does not meet."""
    differs = False
    for field, expected in match.items():
        if field != "where" and not _equal(field, expected, actual := getattr(point, field)):
            differs = True
            yield field, expected, actual
    if not differs and "where" in match and not match["where"](point):
        yield "where", match["where"], point


def call_matches(match: Match, call: Call) -> bool:
    """Tell whether a call, or an attempt of it, is meant."""
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


_CALL_FIELDS = ("domain_identifier", "entity_identifier", "entity_type", "region")
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
    return call.region if keyword == "region" else call.parameters.get(_MEMBERS[keyword])


def forms(call: Call) -> Iterable[Mapping[str, object]]:
    """Return the forms a call is about: those posted, or the one that its query names."""
    forms: Iterable[Mapping[str, object]] = call.parameters.get("forms", [call.parameters])
    return forms


def _equal(field: str, expected: object, actual: object) -> bool:
    if field == "content" and isinstance(expected, (dict, list)):
        try:
            return json_subset(expected, json.loads(cast("str", actual)))
        except (TypeError, ValueError, RecursionError):
            return False
    return bool(expected == actual)


def json_subset(expected: object, actual: object) -> bool:
    """Tell whether ``expected`` is part of ``actual``: its keys, at every depth."""
    return next(json_differences(expected, actual), None) is None


def json_differences(
    expected: object, actual: object, path: str = "$"
) -> Iterator[tuple[str, object, object]]:
    """Yield ``(JSON path, expected, actual)`` where ``actual`` lacks or differs."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key, value in expected.items():
            if key in actual:
                yield from json_differences(value, actual[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}", value, MISSING
    elif _is_list(expected) and _is_list(actual) and len(expected) == len(actual):
        for index, (left, right) in enumerate(zip(expected, actual, strict=True)):
            yield from json_differences(left, right, f"{path}[{index}]")
    elif (
        isinstance(expected, bool) is not isinstance(actual, bool) and _is_scalar(expected)
    ) or expected != actual:
        yield path, expected, actual


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_scalar(value: object) -> bool:
    return type(value) in (bool, int, float)


class _Missing:
    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()
