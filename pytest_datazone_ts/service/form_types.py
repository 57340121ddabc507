"""Form types: their models, and checks of the content of posted forms."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from types import NoneType
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts import location
from pytest_datazone_ts.service import model, smithy, validation
from pytest_datazone_ts.service.error import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[str | None], list[str]]
    """Takes a form's content, if it has any, and returns a message for each problem."""

__tracebackhide__: location.Predicate = location.raised_on_purpose

DATA_QUALITY = "amazon.datazone.DataQualityResultFormType"
REVISION = "1"
"""The default revision of a form type."""
_REVISIONS: Mapping[str, str] = {DATA_QUALITY: "8"}
"""The revisions of AWS's own form types, as in AWS's documentation."""

_MAX_PROBLEMS = 10
"""How many problems of one form a message lists before it counts the rest."""
_MAX_VALUE_LENGTH = 60
"""How many characters of a value a message shows."""

# AWS does not publish the form type's Smithy model. This one has the members that its
# documentation and public pipelines show.
_DATA_QUALITY_RESULT = smithy.structure(
    "DataQualityResultFormType",
    evaluationsCount=smithy.COUNT,
    passingPercentage=smithy.number(0, 100),
    evaluations=smithy.list_of(
        "EvaluationResults",
        smithy.structure(
            "EvaluationResult",
            description=smithy.STRING,
            types=smithy.list_of("EvaluationDetailTypes", smithy.STRING),
            applicableFields=smithy.list_of("EvaluationApplicableFields", smithy.STRING),
            status=smithy.enum("EvaluationResultStatus", "PASS", "FAIL"),
            details=smithy.map_of("EvaluationDetails", smithy.STRING),
        ),
    ),
)


class FormTypes:
    """The known form types: the built-in one, registered ones, and those of assets' forms."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._revisions = dict(_REVISIONS)

    def register(self, type_identifier: str, check: Check | None, revision: str | None) -> None:
        """Register a form type, or change a registered one.

        Args:
            type_identifier: The form type.
            check: A check for the content of its forms; ``None`` leaves the check as it is.
            revision: Its revision; ``None`` leaves the revision as it is.

        Raises:
            TypeError: The revision is not a string.
            ValueError: No form type can have this identifier or revision.
        """
        if not isinstance(revision, (str, NoneType)):
            message = f"register_form_type(revision=...) takes a string, not {revision!r}"
            raise TypeError(message)
        members = model.operation("GetFormType").input.members
        wrong = _error_in(members["formTypeIdentifier"], type_identifier, "type_identifier")
        if revision is not None:
            wrong = wrong or _error_in(members["revision"], revision, "revision")
        if wrong is not None:
            message = f"register_form_type() got a value that no form type can have: {wrong}"
            raise ValueError(message)
        self._revisions[type_identifier] = revision or self.revision(type_identifier)
        if check is not None:
            self._checks[type_identifier] = check

    def clear(self) -> None:
        """Forget everything that was registered."""
        self._checks.clear()
        self._revisions = dict(_REVISIONS)

    def revision(self, type_identifier: str) -> str:
        """Return the revision of a form type; an unknown one has the default revision."""
        return self._revisions.get(type_identifier, REVISION)

    def use(self, type_identifier: str, revision: str | None) -> str:
        """Return the revision of an asset's form, and make its type known.

        Args:
            type_identifier: The form type.
            revision: The revision in the request or in ``add_asset``, if any.
        """
        known = self._revisions.setdefault(type_identifier, revision or REVISION)
        return revision or known

    def model(self, type_identifier: str) -> str | None:
        """Return the Smithy model of a form type, or ``None`` for an unknown one."""
        if type_identifier == DATA_QUALITY:
            return _DATA_QUALITY_RESULT.model
        if type_identifier in self._revisions:
            return f"structure {type_identifier.rpartition('.')[2]} {{}}"
        return None

    def check_registered(self, forms: list[Mapping[str, Any]]) -> None:
        """Check the content of forms whose types are registered.

        Raises:
            ServiceError: A ``ValidationException`` that lists the problems.
        """
        message = _error_message(forms, self._checks) if self._checks else None
        if message is not None:
            raise ServiceError("ValidationException", message)

    def built_in_problems(self, forms: list[Mapping[str, Any]]) -> str | None:
        """Return a message for content that does not look like the built-in type's, if any."""
        return None if DATA_QUALITY in self._checks else _error_message(forms, _BUILT_IN)


def _error_in(shape: model.Shape, value: str, name: str) -> str | None:
    return validation.error_message(validation.build_check(shape), value, name)


def _error_message(forms: list[Mapping[str, Any]], checks: Mapping[str, Check]) -> str | None:
    """Return a message for the forms that fail the checks of their types, if any."""
    failures = []
    for index, form in enumerate(forms):
        check = checks.get(form["typeIdentifier"])
        if check is not None and (problems := check(form.get("content"))):
            more = len(problems) - _MAX_PROBLEMS
            rest = [f"and {more} more"] if more > 0 else []
            failures.append(
                f"the content of form '{form['formName']}' (forms[{index}]) does not match "
                f"{form['typeIdentifier']}: {'; '.join(problems[:_MAX_PROBLEMS] + rest)}"
            )
    return "; ".join(failures) or None


def _check_json(content: str | None, check: Callable[[Any], list[str]]) -> list[str]:
    """Parse a form's content and check the value. Content that is not JSON is a problem."""
    try:
        value = None if content is None else json.loads(content)
    except (ValueError, RecursionError) as error:
        return [f"at $: found text that is not JSON ({error}), expected JSON"]
    return check(value)


@lru_cache(maxsize=8)  # many assets are often given the same score
def _check_data_quality(content: str | None) -> list[str]:
    """Check the content of a data-quality result.

    Any member may be missing, and the percentage need not be the share of the evaluations that
    passed: in AWS's own example it is not.
    """
    return [] if content is None else _check_json(content, _data_quality_problems)


def _data_quality_problems(value: object) -> list[str]:
    return [*map(_describe, _DATA_QUALITY_RESULT.mismatches(value))]


def data_quality_problems(content: str) -> list[str]:
    """Return a message for each part of a data-quality result that cannot be read.

    Unlike the built-in check, it accepts any string as a status: AWS Glue has further statuses,
    which pipelines post unchanged.
    """
    return _check_json(
        content,
        lambda value: [
            _describe(mismatch)
            for mismatch in _DATA_QUALITY_RESULT.mismatches(value)
            if not (mismatch.path.endswith("].status") and isinstance(mismatch.value, str))
        ],
    )


def _describe(mismatch: smithy.Mismatch) -> str:
    return f"at ${mismatch.path}: found {_shown(mismatch.value)}, expected {mismatch.expected}"


def _shown(value: object) -> str:
    # Encoded piece by piece: a value may be very long, or too deep to be encoded as a whole.
    text = "".join(islice(json.JSONEncoder().iterencode(value), _MAX_VALUE_LENGTH + 1))
    return text if len(text) <= _MAX_VALUE_LENGTH else f"{text[:_MAX_VALUE_LENGTH]}..."


_BUILT_IN: Mapping[str, Check] = {DATA_QUALITY: _check_data_quality}


def build_check(check: object) -> Check | None:
    """Return a check made of the ``check`` argument of ``register_form_type``.

    Raises:
        ImportError: It is a JSON Schema, and jsonschema is not installed.
        TypeError: It is neither a dict nor a callable.
        ValueError: It is a dict that is not a JSON Schema.
    """
    if check is None:
        return None
    if isinstance(check, Mapping):
        check_value = _build_schema_check(copy.deepcopy(dict(check)))
        return lambda content: _check_json(content, check_value)
    if callable(check):
        return lambda content: _check_json(content, lambda value: _call(check, value))
    message = (
        f"register_form_type(check=...) takes a JSON Schema (a dict) or a callable, not {check!r}"
    )
    raise TypeError(message)


def _call(check: Callable[[Any], object], content: object) -> list[str]:
    """Call a test's own check, and return its messages."""
    try:
        result = check(content)
        if isinstance(result, (list, tuple, Iterator)):
            return [str(message) for message in result]
    except (ValueError, AssertionError) as error:
        return [str(error) or type(error).__name__]
    if isinstance(result, str):
        return [result] if result else []
    return ["it was rejected"] if result is False else []


def _build_schema_check(schema: dict[str, Any]) -> Callable[[Any], list[str]]:
    try:
        from jsonschema import SchemaError, validators  # noqa: PLC0415 - an optional dependency
        from referencing.jsonschema import EMPTY_REGISTRY  # noqa: PLC0415 - a dependency of jsonschema
    except ImportError:
        message = (
            "register_form_type() needs the package jsonschema to check a JSON Schema: "
            "pip install 'pytest-datazone-ts[jsonschema]'. A callable needs nothing."
        )
        raise ImportError(message) from None
    validator_class = validators.validator_for(schema)
    try:
        validator_class.check_schema(schema)
    except SchemaError as error:
        message = (
            "register_form_type() got a dict that is not a JSON Schema: "
            f"at {error.json_path}: {error.message}"
        )
        raise ValueError(message) from None
    # jsonschema's default registry would fetch a $ref to a URL from the network.
    validator = validator_class(schema, registry=EMPTY_REGISTRY)

    def check(value: Any) -> list[str]:
        try:
            return [
                f"at {error.json_path}: {error.message}" for error in validator.iter_errors(value)
            ]
        except BaseException as error:
            # rpds, a dependency of jsonschema, turns a RecursionError into a PanicException, which
            # is not an Exception and cannot be imported.
            if not isinstance(error, RecursionError) and type(error).__name__ != "PanicException":
                raise
            return ["at $: found a value nested too deeply to validate against its JSON Schema"]

    return check
