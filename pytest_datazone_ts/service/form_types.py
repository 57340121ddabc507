"""Form types: what the content of a posted form must look like."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts import origin
from pytest_datazone_ts.service import model, validation
from pytest_datazone_ts.service.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Check = Callable[[str | None], list[str]]
    """Takes a form's content (``None`` where there is none) and returns what is wrong with it."""
    Contradiction = tuple[str, object, str]
    """Where in the content it is, what is found there, and what was expected."""
    Pattern = Callable[[Any], Iterable[Contradiction]]

__tracebackhide__: origin.Hides = origin.hides_frames

DATA_QUALITY = "amazon.datazone.DataQualityResultFormType"
REVISION = "1"
"""AWS does not document the revisions of its form type."""

_SHOWN = 10
"""How many problems of one form a message lists before it counts the rest."""
_LONGEST_ECHO = 60
"""Characters of a value that a message repeats."""

# AWS does not publish the form type's Smithy model; this one holds the fields that its
# documentation and public pipelines show.
_DATA_QUALITY_MODEL = """\
structure DataQualityResultFormType {
    evaluationsCount: Integer
    @range(min: 0, max: 100)
    passingPercentage: Double
    evaluations: EvaluationResults
}
list EvaluationResults {
    member: EvaluationResult
}
structure EvaluationResult {
    description: String
    types: EvaluationDetailTypes
    applicableFields: EvaluationApplicableFields
    status: EvaluationResultStatus
    details: EvaluationDetails
}
list EvaluationDetailTypes {
    member: String
}
list EvaluationApplicableFields {
    member: String
}
enum EvaluationResultStatus {
    PASS
    FAIL
}
map EvaluationDetails {
    key: String
    value: String
}
"""


class FormTypes:
    """The form types of the double: the built-in one, and those that a test registered."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}

    def register(self, type_identifier: str, check: Check) -> None:
        """Have the content of forms of a type checked; a later check replaces an earlier."""
        shape = model.operation("GetFormType").input.members["formTypeIdentifier"]
        wrong = validation.message(validation.check_of(shape), type_identifier, "type_identifier")
        if wrong is not None:
            message = f"register_form_type() got an identifier that no form type can have: {wrong}"
            raise ValueError(message)
        self._checks[type_identifier] = check

    def clear(self) -> None:
        """Forget the checks that were registered."""
        self._checks.clear()

    def model(self, type_identifier: str) -> str | None:
        """Return the Smithy model of a form type; ``None`` if the double does not know it."""
        if type_identifier == DATA_QUALITY:
            return _DATA_QUALITY_MODEL
        if type_identifier in self._checks:
            return f"structure {type_identifier.rpartition('.')[2]} {{}}"
        return None

    def require(self, forms: list[Mapping[str, Any]]) -> None:
        """Refuse forms of registered types whose content breaks their checks."""
        message = _message(forms, self._checks) if self._checks else None
        if message is not None:
            raise Refusal("ValidationException", message)

    def doubts(self, forms: list[Mapping[str, Any]]) -> str | None:
        """Say what looks wrong with content of the built-in type; ``None``: nothing."""
        return None if DATA_QUALITY in self._checks else _message(forms, _BUILT_IN)


def _message(forms: list[Mapping[str, Any]], checks: Mapping[str, Check]) -> str | None:
    """Say which forms break the checks of their types; ``None``: none."""
    told = []
    for index, form in enumerate(forms):
        check = checks.get(form["typeIdentifier"])
        if check is not None and (problems := check(form.get("content"))):
            more = len(problems) - _SHOWN
            rest = [f"and {more} more"] if more > 0 else []
            told.append(
                f"the content of form '{form['formName']}' (forms[{index}]) is not that of "
                f"{form['typeIdentifier']}: {'; '.join(problems[:_SHOWN] + rest)}"
            )
    return "; ".join(told) or None


def _of_parsed(content: str | None, problems: Callable[[Any], list[str]]) -> list[str]:
    """Return the problems of content that is JSON; other content has one of its own."""
    try:
        value = None if content is None else json.loads(content)
    except (ValueError, RecursionError) as error:
        return [f"at $: found text that is not JSON ({error}), expected JSON"]
    return problems(value)


def _value(expected: str, fits: Callable[[Any], bool]) -> Pattern:
    return lambda found: () if fits(found) else [("", found, expected)]


def _list(pattern: Pattern) -> Pattern:
    def contradictions(found: object) -> Iterable[Contradiction]:
        if not isinstance(found, list):
            return [("", found, "a list")]
        return [
            (f"[{index}]{path}", value, expected)
            for index, item in enumerate(found)
            for path, value, expected in pattern(item)
        ]

    return contradictions


def _object(members: Mapping[str, Pattern], other: Pattern = lambda _: ()) -> Pattern:
    def contradictions(found: object) -> Iterable[Contradiction]:
        if not isinstance(found, dict):
            return [("", found, "an object")]
        return [
            (f"{_step(key)}{path}", value, expected)
            for key, item in found.items()
            for path, value, expected in members.get(key, other)(item)
        ]

    return contradictions


def _step(key: str) -> str:
    return f".{key}" if key.isidentifier() else f"[{json.dumps(key)}]"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_percentage(value: object) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and 0 <= value <= 100  # type: ignore[operator]  # noqa: PLR2004


_STRING = _value("a string", lambda found: isinstance(found, str))
_STATUS = _value('"PASS" or "FAIL"', lambda found: found in ("PASS", "FAIL"))
_EVALUATION = _object(
    {
        "description": _STRING,
        "types": _list(_STRING),
        "applicableFields": _list(_STRING),
        "status": _STATUS,
        "details": _object({}, _STRING),
    }
)
_RESULT = _object(
    {
        "evaluationsCount": _value("an integer, 0 or more", _is_count),
        "passingPercentage": _value("a number from 0 to 100", _is_percentage),
        "evaluations": _list(_EVALUATION),
    }
)


@lru_cache(maxsize=8)  # many assets are often given the same score
def _data_quality(content: str | None) -> list[str]:
    """Return what contradicts the form's fields as AWS's documentation shows them.

    What is missing contradicts nothing, nor does a percentage that is not the share of passed
    evaluations: AWS's own example has one.
    """
    return [] if content is None else _of_parsed(content, _contradictions)


def _contradictions(value: object) -> list[str]:
    return [
        f"at ${path}: found {_shown(found)}, expected {expected}"
        for path, found, expected in _RESULT(value)
    ]


def _shown(found: object) -> str:
    # Piece by piece: the whole may be nested more deeply than could be written, or be very long.
    text = "".join(islice(json.JSONEncoder().iterencode(found), _LONGEST_ECHO + 1))
    return text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}..."


_BUILT_IN: Mapping[str, Check] = {DATA_QUALITY: _data_quality}


def check_of(check: object) -> Check:
    """Return a check for what a test registered: a JSON Schema, or a callable."""
    if isinstance(check, Mapping):
        problems = _schema_problems(copy.deepcopy(dict(check)))
        return lambda content: _of_parsed(content, problems)
    if callable(check):
        return lambda content: _of_parsed(content, lambda value: _outcome(check, value))
    message = (
        f"register_form_type(check=...) takes a JSON Schema (a dict) or a callable, not {check!r}"
    )
    raise TypeError(message)


def _outcome(check: Callable[[Any], object], content: object) -> list[str]:
    """Run a test's own check: it raises ``ValueError``, or gives messages, or ``False``."""
    try:
        outcome = check(content)
        if isinstance(outcome, (list, tuple, Iterator)):
            return [str(message) for message in outcome]
    except (ValueError, AssertionError) as error:
        return [str(error) or type(error).__name__]
    if isinstance(outcome, str):
        return [outcome] if outcome else []
    return ["it was refused"] if outcome is False else []


def _schema_problems(schema: dict[str, Any]) -> Callable[[Any], list[str]]:
    try:
        from jsonschema import SchemaError, validators  # noqa: PLC0415 - an extra
        from referencing.jsonschema import EMPTY_REGISTRY  # noqa: PLC0415 - jsonschema's own
    except ImportError:
        message = (
            "register_form_type() needs the package jsonschema to check a JSON Schema: "
            "pip install 'pytest-datazone-ts[jsonschema]'. A callable needs nothing."
        )
        raise ImportError(message) from None
    kind = validators.validator_for(schema)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        message = (
            "register_form_type() got a dict that is not a JSON Schema: "
            f"at {error.json_path}: {error.message}"
        )
        raise ValueError(message) from None
    # With jsonschema's own registry, a $ref to a URL would be fetched from the network.
    validator = kind(schema, registry=EMPTY_REGISTRY)

    def problems(value: Any) -> list[str]:
        try:
            return [
                f"at {error.json_path}: {error.message}" for error in validator.iter_errors(value)
            ]
        except BaseException as error:
            # rpds, which jsonschema builds on, turns a RecursionError into a panic of its own: no
            # Exception, and of no module that could be imported.
            if not isinstance(error, RecursionError) and type(error).__name__ != "PanicException":
                raise
            return ["at $: found what is nested too deeply to hold against its JSON Schema"]

    return problems
