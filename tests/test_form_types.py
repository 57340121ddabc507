"""Form types: what the content of a posted form is checked against."""

from __future__ import annotations

import copy
import json
import sys
import warnings
from types import MappingProxyType

import jsonschema
import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_datazone_ts import (
    DataZoneContentWarning,
    mock_datazone_ts,
)

DATA_QUALITY = "amazon.datazone.DataQualityResultFormType"
OWN = "team.FreshnessFormType"
WARNED = (
    ". AWS does not document what it rejects, so this is a warning. content_check='error' rejects "
    "such content, content_check='off' accepts it."
)
EVALUATION = {
    "description": 'IsComplete "sex"',
    "types": ["Completeness"],
    "applicableFields": ["sex"],
    "status": "FAIL",
    "details": {"EVALUATION_MESSAGE": "Value: 0.968 does not meet the constraint requirement!"},
}


def result(**fields):
    return {
        "evaluationsCount": 8,
        "passingPercentage": 87.5,
        "evaluations": [EVALUATION],
        **fields,
    }


def evaluated(**fields):
    return result(evaluations=[{**EVALUATION, **fields}])


NOT_A_COUNT = "at $.evaluationsCount: found {}, expected an integer, 0 or more"


def without(content, field):
    return {name: value for name, value in content.items() if name != field}


def doubt(problems, index=0, name="completeness"):
    return (
        f"the content of form '{name}' (forms[{index}]) does not match {DATA_QUALITY}: {problems}"
    )


def warnings_of(post, client, content):
    """Post content, JSON or text, and return the warnings."""
    text = content if isinstance(content, str) else json.dumps(content)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        post(client, content=text)
    assert {warning.category for warning in caught} <= {DataZoneContentWarning}
    return [str(warning.message) for warning in caught]


def rejection_of(post, client, content=None, **keywords):
    text = content if isinstance(content, str) else json.dumps(content)
    with pytest.raises(client.exceptions.ValidationException) as caught:
        post(client, content=text, **keywords)
    return caught.value.response["Error"]["Message"]


# The built-in form type


@pytest.mark.parametrize(
    "content",
    [
        # AWS's own example: 88.0 with 7 of 8 passing.
        result(
            passingPercentage=88.0,
            evaluations=[{**EVALUATION, "status": "PASS"}] * 7 + [EVALUATION],
        ),
        result(passingPercentage=100),
        result(passingPercentage=0, evaluations=[]),
        result(evaluationsCount=0, evaluations=[EVALUATION] * 3),
        evaluated(applicableFields=[]),
        evaluated(details={}),
        evaluated(status="PASS"),
        evaluated(somethingNew={"any": ["thing"]}),
        result(somethingNew=None),
        {**result(), "evaluations": [without(EVALUATION, "details"), {}]},
        without(result(), "evaluations"),
        {},
    ],
)
def test_content_that_real_pipelines_post_causes_no_warning(datazone_ts_client, post, content):
    assert warnings_of(post, datazone_ts_client, content) == []


def test_a_form_without_content_causes_no_warning(datazone_ts, datazone_ts_client, post):
    post(
        datazone_ts_client,
        forms=[{"formName": "f", "typeIdentifier": DATA_QUALITY, "timestamp": 0}],
    )
    assert datazone_ts.data_points.one().content is None


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (
            evaluated(status="ERROR"),
            'at $.evaluations[0].status: found "ERROR", expected "PASS" or "FAIL"',
        ),
        (
            result(evaluations=[EVALUATION, {"status": "UNKNOWN"}]),
            'at $.evaluations[1].status: found "UNKNOWN", expected "PASS" or "FAIL"',
        ),
        (
            result(passingPercentage=100.5),
            "at $.passingPercentage: found 100.5, expected a number from 0 to 100",
        ),
        (
            result(passingPercentage=187),
            "at $.passingPercentage: found 187, expected a number from 0 to 100",
        ),
        (
            result(passingPercentage=float("nan")),
            "at $.passingPercentage: found NaN, expected a number from 0 to 100",
        ),
        (
            result(passingPercentage=10**400),
            f"at $.passingPercentage: found 1{'0' * 59}..., expected a number from 0 to 100",
        ),
        (
            result(passingPercentage=True),
            "at $.passingPercentage: found true, expected a number from 0 to 100",
        ),
        (
            result(evaluationsCount="8", passingPercentage=-0.5),
            (
                'at $.evaluationsCount: found "8", expected an integer, 0 or more; '
                "at $.passingPercentage: found -0.5, expected a number from 0 to 100"
            ),
        ),
        (
            evaluated(details={"EVALUATION_MESSAGE": 0.968, "two words": None}),
            (
                "at $.evaluations[0].details.EVALUATION_MESSAGE: found 0.968, expected a string; "
                'at $.evaluations[0].details["two words"]: found null, expected a string'
            ),
        ),
        (evaluated(details=[]), "at $.evaluations[0].details: found [], expected an object"),
        (
            evaluated(types="Completeness"),
            'at $.evaluations[0].types: found "Completeness", expected a list',
        ),
        (
            evaluated(applicableFields=["sex", None]),
            "at $.evaluations[0].applicableFields[1]: found null, expected a string",
        ),
        (result(evaluations={}), "at $.evaluations: found {}, expected a list"),
        (result(evaluations=["PASS"]), 'at $.evaluations[0]: found "PASS", expected an object'),
        ([1, 2], "at $: found [1, 2], expected an object"),
        ("null", "at $: found null, expected an object"),
        (
            "100 %",
            (
                "at $: found text that is not JSON (Extra data: line 1 column 5 (char 4)), "
                "expected JSON"
            ),
        ),
        *(
            (
                result(evaluations=[{"status": "ERROR"}] * number),
                "; ".join(
                    f'at $.evaluations[{index}].status: found "ERROR", expected "PASS" or "FAIL"'
                    for index in range(10)
                )
                + more,
            )
            for number, more in ((10, ""), (11, "; and 1 more"), (12, "; and 2 more"))
        ),
        # At most 60 characters are shown, the quotes among them.
        (result(evaluationsCount="x" * 58), NOT_A_COUNT.format(f'"{"x" * 58}"')),
        (
            result(evaluationsCount=json.loads("[" * 40 + "]" * 40)),
            NOT_A_COUNT.format("[" * 40 + "]" * 20 + "..."),
        ),
        (result(evaluationsCount="x" * 59), NOT_A_COUNT.format(f'"{"x" * 59}...')),
    ],
)
def test_suspicious_content_causes_a_warning(
    datazone_ts, datazone_ts_client, post, content, problems
):
    assert warnings_of(post, datazone_ts_client, content) == [doubt(problems) + WARNED]
    assert len(datazone_ts.data_points) == 1


def test_content_nested_too_deeply_causes_a_warning(datazone_ts_client, post):
    (warning,) = warnings_of(post, datazone_ts_client, "[" * 100_000)
    assert warning.startswith(doubt("at $: found text that is not JSON ("))


def test_one_warning_covers_all_forms_in_a_request(datazone_ts_client, post):
    forms = [
        {"formName": name, "typeIdentifier": kind, "timestamp": 0, "content": content}
        for name, kind, content in [
            ("first", DATA_QUALITY, "[]"),
            ("fine", DATA_QUALITY, "{}"),
            ("other", OWN, "[]"),
            ("last", DATA_QUALITY, "1"),
        ]
    ]
    with pytest.warns(DataZoneContentWarning) as caught:
        post(datazone_ts_client, forms=forms)
    (warning,) = caught
    assert str(warning.message) == (
        doubt("at $: found [], expected an object", 0, "first")
        + "; "
        + doubt("at $: found 1, expected an object", 3, "last")
        + WARNED
    )


def test_a_repeated_request_causes_no_second_warning(datazone_ts, make_client, post):
    client = make_client(attempts=2)
    datazone_ts.inject("ResponseLost")
    tokens = ["token", "token", "another"]  # and botocore repeats the first
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for token in tokens:
            post(client, content="[]", clientToken=token)
    assert [warning.category for warning in caught] == [DataZoneContentWarning] * 2
    assert len(datazone_ts.data_points) == 2


VALID = st.fixed_dictionaries(
    {},
    optional={
        "evaluationsCount": st.integers(0, 10**12),
        "passingPercentage": st.integers(0, 100) | st.floats(0, 100),
        "evaluations": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "description": st.text(max_size=9),
                    "types": st.lists(st.text(max_size=3), max_size=2),
                    "applicableFields": st.lists(st.text(max_size=3), max_size=2),
                    "status": st.sampled_from(["PASS", "FAIL"]),
                    "details": st.dictionaries(
                        st.sampled_from("abc"), st.text(max_size=3), max_size=2
                    ),
                },
            ),
            max_size=3,
        ),
    },
)
NOT_TEXT = st.none() | st.booleans() | st.integers() | st.just([]) | st.just({})
NOT_A_LIST = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just({})
NOT_AN_OBJECT = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([])


def wrong_for(path):
    """Values that contradict the form type at a path."""
    last = next((step for step in reversed(path) if isinstance(step, str)), "")
    if path and isinstance(path[-1], int):
        return NOT_AN_OBJECT if last == "evaluations" else NOT_TEXT
    return {
        "": NOT_AN_OBJECT,
        "evaluationsCount": NOT_AN_OBJECT.filter(lambda value: type(value) is not int)
        | st.integers(max_value=-1)
        | st.just(1.5),
        "passingPercentage": NOT_AN_OBJECT.filter(lambda value: type(value) is not int)
        | st.integers(min_value=101)
        | st.floats(max_value=0, exclude_max=True, allow_infinity=False),
        "evaluations": NOT_A_LIST,
        "types": NOT_A_LIST,
        "applicableFields": NOT_A_LIST,
        "details": NOT_AN_OBJECT,
        "status": NOT_TEXT | st.sampled_from(["ERROR", "UNKNOWN", "pass", ""]),
    }.get(last, NOT_TEXT)


def paths_of(value, path=()):
    """Yield every path in JSON, including its root."""
    yield path
    if isinstance(value, (dict, list)):
        for step, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths_of(child, (*path, step))


def replaced(content, path, value):
    if not path:
        return value
    changed = copy.deepcopy(content)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # "post" keeps no state
)
@given(st.data())
def test_a_warning_names_the_path_of_the_wrong_field_only(session_client, post, data):
    content = data.draw(VALID)
    path = data.draw(st.sampled_from([*paths_of(content)]))
    wrong = data.draw(wrong_for(path))
    shown = "$" + "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in path)
    found = json.dumps(wrong)

    with mock_datazone_ts():
        assert warnings_of(post, session_client, content) == []
        contradicting = json.dumps(replaced(content, path, wrong))
        (warning,) = warnings_of(post, session_client, contradicting)

    assert warning.startswith(doubt(f"at {shown}: found {found}, expected "))
    assert warning.endswith(WARNED)
    assert warning.count("; at ") == 0


@pytest.fixture(scope="module")
def session_client(session):
    return session.client("datazone")


# The option content_check


@pytest.mark.datazone_ts(content_check="error")
def test_content_check_error_rejects_the_whole_request(datazone_ts, datazone_ts_client, post):
    fine = {"formName": "fine", "typeIdentifier": DATA_QUALITY, "timestamp": 0, "content": "{}"}
    wrong = {**fine, "formName": "wrong", "content": "[]"}

    with pytest.raises(datazone_ts_client.exceptions.ValidationException) as caught:
        post(datazone_ts_client, forms=[fine, wrong])

    assert caught.value.response["Error"]["Message"] == doubt(
        "at $: found [], expected an object", 1, "wrong"
    )
    datazone_ts.assert_not_posted()
    post(datazone_ts_client, forms=[fine])


@pytest.mark.datazone_ts(content_check="off")
def test_content_check_off_accepts_everything(datazone_ts, datazone_ts_client, post):
    assert warnings_of(post, datazone_ts_client, "not JSON") == []
    assert datazone_ts.data_points.one().content == "not JSON"


def test_content_check_is_a_keyword_too(session_client, post):
    with mock_datazone_ts(content_check="off"):
        assert warnings_of(post, session_client, "[]") == []
    with mock_datazone_ts(content_check="error"):
        assert rejection_of(post, session_client, []) == doubt("at $: found [], expected an object")


def test_content_check_is_an_ini_setting_and_a_marker(pytester):
    pytester.makeini("[pytest]\ndatazone_ts_content_check = error")
    pytester.makepyfile(
        """
        import pytest

        def post(client):
            client.post_time_series_data_points(
                domainIdentifier="dzd_a", entityIdentifier="a", entityType="ASSET",
                forms=[{
                    "formName": "f", "timestamp": 0, "content": "[]",
                    "typeIdentifier": "amazon.datazone.DataQualityResultFormType",
                }],
            )

        def test_ini(datazone_ts_client):
            with pytest.raises(datazone_ts_client.exceptions.ValidationException):
                post(datazone_ts_client)

        @pytest.mark.datazone_ts(content_check="off")
        def test_off(datazone_ts, datazone_ts_client):
            post(datazone_ts_client)
            datazone_ts.assert_posted(count=1)

        @pytest.mark.datazone_ts(content_check="warn")
        def test_warn(datazone_ts, datazone_ts_client):
            post(datazone_ts_client)
            datazone_ts.assert_posted(count=1)
        """
    )
    found = pytester.runpytest_inprocess("-W", "default")
    found.assert_outcomes(passed=3, warnings=1)
    found.stdout.fnmatch_lines(["*DataZoneContentWarning: the content of form 'f' (forms?0?)*"])


@pytest.mark.datazone_ts(strict=False)
def test_a_warning_that_is_an_error_stores_nothing(datazone_ts, datazone_ts_client, post):
    with pytest.raises(DataZoneContentWarning):  # the tests run with warnings as errors
        post(datazone_ts_client, content="[]")
    datazone_ts.assert_not_posted()


# Form types of the user's own


SCHEMA = {
    "type": "object",
    "required": ["hours"],
    "properties": {"hours": {"type": "number", "minimum": 0}, "late": {"type": "boolean"}},
}


def own(problems, index=0, name="completeness", kind=OWN):
    return f"the content of form '{name}' (forms[{index}]) does not match {kind}: {problems}"


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        ({"hours": -1}, "at $.hours: -1 is less than the minimum of 0"),
        ({}, "at $: 'hours' is a required property"),
        (
            {"hours": "3", "late": 1},
            "at $.hours: '3' is not of type 'number'; at $.late: 1 is not of type 'boolean'",
        ),
        (
            "hours: 3",
            (
                "at $: found text that is not JSON (Expecting value: line 1 column 1 (char 0)), "
                "expected JSON"
            ),
        ),
    ],
)
def test_content_is_validated_against_a_json_schema(
    datazone_ts, datazone_ts_client, post, content, problems
):
    datazone_ts.register_form_type(OWN, SCHEMA)

    assert rejection_of(post, datazone_ts_client, content, typeIdentifier=OWN) == own(problems)
    datazone_ts.assert_not_posted()
    post(datazone_ts_client, content='{"hours": 3}', typeIdentifier=OWN)


@pytest.mark.parametrize("check", [SCHEMA, lambda content: content is not None])
def test_a_form_without_content_is_checked_too(datazone_ts, datazone_ts_client, post, check):
    datazone_ts.register_form_type(OWN, check)
    form = {"formName": "f", "typeIdentifier": OWN, "timestamp": 0}
    with pytest.raises(ClientError) as caught:
        post(datazone_ts_client, forms=[form])
    problem = "it was rejected" if callable(check) else "at $: None is not of type 'object'"
    assert caught.value.response["Error"]["Message"] == own(problem, name="f")


def test_all_forms_of_a_request_are_stored_or_none(datazone_ts, datazone_ts_client, post):
    datazone_ts.register_form_type(OWN, SCHEMA)
    form = {"typeIdentifier": OWN, "timestamp": 0}
    forms = [
        {**form, "formName": "fine", "content": '{"hours": 1}'},
        {**form, "formName": "wrong", "content": '{"hours": -1}'},
        {**form, "formName": "other", "content": "[]", "typeIdentifier": "team.OtherFormType"},
        {**form, "formName": "empty", "content": "{}"},
    ]
    with pytest.raises(datazone_ts_client.exceptions.ValidationException) as caught:
        post(datazone_ts_client, forms=forms)
    assert caught.value.response["Error"]["Message"] == (
        own("at $.hours: -1 is less than the minimum of 0", 1, "wrong")
        + "; "
        + own("at $: 'hours' is a required property", 3, "empty")
    )
    datazone_ts.assert_not_posted()


def raises_value_error(_content):
    message = "hours is missing"
    raise ValueError(message)


def raises_nothing_but_its_name(_content):
    raise UnicodeError


def asserts(content):
    assert content == {"hours": 1}, "it is late"


def generates(content):
    if "hours" not in content:
        yield "hours is missing"
        yield KeyError("late")


@pytest.mark.parametrize(
    ("check", "problems"),
    [
        (raises_value_error, "hours is missing"),
        (raises_nothing_but_its_name, "UnicodeError"),
        (lambda _: ["hours is missing", ValueError("late")], "hours is missing; late"),
        (lambda _: ("hours is missing",), "hours is missing"),
        (lambda _: "hours is missing", "hours is missing"),
        (lambda _: False, "it was rejected"),
        (generates, "hours is missing; 'late'"),
    ],
)
def test_a_callable_rejects_content(datazone_ts, datazone_ts_client, post, check, problems):
    datazone_ts.register_form_type(OWN, check)
    assert rejection_of(post, datazone_ts_client, {}, typeIdentifier=OWN) == own(problems)
    datazone_ts.assert_not_posted()


def test_a_callable_can_reject_content_with_an_assertion(datazone_ts, datazone_ts_client, post):
    datazone_ts.register_form_type(OWN, asserts)
    assert rejection_of(post, datazone_ts_client, {}, typeIdentifier=OWN).startswith(
        own("it is late")
    )


class Model:
    """A class that can be iterated over, like a pydantic model."""

    def __init__(self, content):
        self.content = content

    def __iter__(self):
        return iter(self.content.items())


@pytest.mark.parametrize(
    "check",
    [
        lambda _: None,
        lambda _: True,
        Model,
        dict,
        lambda _: [],
        lambda _: "",
        lambda _: 0,
        generates,
    ],
)
def test_a_callable_accepts_content(datazone_ts, datazone_ts_client, post, check):
    datazone_ts.register_form_type(OWN, check)
    post(datazone_ts_client, content='{"hours": 3}', typeIdentifier=OWN)
    datazone_ts.assert_posted(count=1)


@pytest.mark.datazone_ts(strict=False)
def test_any_other_exception_in_a_callable_reaches_the_test(datazone_ts, datazone_ts_client, post):
    datazone_ts.register_form_type(OWN, lambda content: content["hours"])
    with pytest.raises(KeyError, match="hours"):
        post(datazone_ts_client, content="{}", typeIdentifier=OWN)
    datazone_ts.assert_not_posted()


def test_a_check_for_the_built_in_type_replaces_the_built_in_check(
    datazone_ts, datazone_ts_client, post
):
    datazone_ts.register_form_type(
        DATA_QUALITY, lambda content: "no list" if content != [] else None
    )

    assert warnings_of(post, datazone_ts_client, []) == []
    assert rejection_of(post, datazone_ts_client, {}) == own("no list", kind=DATA_QUALITY)


def test_a_later_check_replaces_an_earlier_one_and_reset_removes_both(
    datazone_ts, datazone_ts_client, post
):
    datazone_ts.register_form_type(OWN, lambda _: "first")
    datazone_ts.register_form_type(OWN, lambda _: "second")
    assert rejection_of(post, datazone_ts_client, {}, typeIdentifier=OWN) == own("second")

    datazone_ts.reset()

    post(datazone_ts_client, content="{}", typeIdentifier=OWN)


def test_changing_a_schema_later_has_no_effect(datazone_ts, datazone_ts_client, post):
    schema = copy.deepcopy(SCHEMA)
    datazone_ts.register_form_type(OWN, MappingProxyType(schema))
    schema["properties"]["hours"]["minimum"] = -9
    schema.clear()
    problem = "at $.hours: -1 is less than the minimum of 0"
    assert rejection_of(post, datazone_ts_client, {"hours": -1}, typeIdentifier=OWN) == own(problem)


def test_a_dict_that_is_not_a_json_schema_is_rejected(datazone_ts):
    with pytest.raises(ValueError, match="JSON Schema") as caught:
        datazone_ts.register_form_type(OWN, {"properties": {"hours": {"type": "hour"}}})
    assert str(caught.value) == (
        "register_form_type() got a dict that is not a JSON Schema: at $.properties.hours.type: "
        "'hour' is not valid under any of the given schemas"
    )


@pytest.mark.datazone_ts(strict=False)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # jsonschema's, of fetching
def test_a_reference_to_a_url_is_not_fetched(datazone_ts, datazone_ts_client, post, tmp_path):
    elsewhere = tmp_path / "hours.json"
    elsewhere.write_text("{}")
    datazone_ts.register_form_type(OWN, {"$ref": elsewhere.as_uri()})
    with pytest.raises(Exception, match=r"Unresolvable: file://"):
        post(datazone_ts_client, content="{}", typeIdentifier=OWN)


class PanicException(BaseException):
    """The exception that a RecursionError below Rust code sometimes becomes."""


def panics(*_):
    raise PanicException


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"$schema": "urn:panics", "panics": True}])
def test_content_nested_too_deeply_for_its_schema_is_rejected(
    datazone_ts, datazone_ts_client, post, schema
):
    jsonschema.validators.create({"$id": "urn:panics"}, {"panics": panics}, version="panics")
    datazone_ts.register_form_type(OWN, schema)
    with pytest.raises(ClientError) as caught:
        post(datazone_ts_client, content="{}", typeIdentifier=OWN)
    assert caught.value.response["message"] == (
        f"the content of form 'completeness' (forms[0]) does not match {OWN}: at $: found a value "
        "nested too deeply to validate against its JSON Schema"
    )


@pytest.mark.parametrize("check", ["an object", True, ["hours"]])
def test_an_object_that_cannot_check_content_is_rejected(datazone_ts, check):
    with pytest.raises(TypeError, match="register_form_type") as caught:
        datazone_ts.register_form_type(OWN, check)
    assert str(caught.value) == (
        f"register_form_type(check=...) takes a JSON Schema (a dict) or a callable, not {check!r}"
    )


def test_an_invalid_form_type_identifier_is_rejected(datazone_ts, session_client):
    get_form_type = session_client.meta.service_model.operation_model("GetFormType")
    pattern = get_form_type.input_shape.members["formTypeIdentifier"].metadata["pattern"]
    with pytest.raises(ValueError, match="identifier") as caught:
        datazone_ts.register_form_type("my form", bool)
    assert str(caught.value) == (
        "register_form_type() got a value that no form type can have: "
        "1 validation error detected: Value at 'type_identifier' failed to satisfy "
        f"constraint: Member must satisfy regular expression pattern: {pattern}"
    )


@pytest.mark.parametrize("missing", ["jsonschema", "referencing.jsonschema"])
def test_without_jsonschema_the_error_says_how_to_get_it(datazone_ts, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)  # what import finds is then an ImportError
    with pytest.raises(ImportError) as caught:
        datazone_ts.register_form_type(OWN, SCHEMA)
    assert str(caught.value) == (
        "register_form_type() needs the package jsonschema to check a JSON Schema: "
        "pip install 'pytest-datazone-ts[jsonschema]'. A callable needs nothing."
    )


def test_a_callable_needs_no_jsonschema(pytester):
    pytester.makeconftest("import sys\nsys.modules['jsonschema'] = None")
    pytester.makepyfile(
        """
        import pytest

        def test_it(datazone_ts, datazone_ts_client):
            with pytest.raises(ImportError, match="pip install"):
                datazone_ts.register_form_type("team.FormType", {})
            datazone_ts.register_form_type("team.FormType", lambda content: "rejected")
            with pytest.raises(datazone_ts_client.exceptions.ValidationException):
                datazone_ts_client.post_time_series_data_points(
                    domainIdentifier="dzd_a", entityIdentifier="a", entityType="ASSET",
                    forms=[{"formName": "f", "timestamp": 0, "typeIdentifier": "team.FormType"}],
                )
        """
    )
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)


# GetFormType


def form_type(client, identifier, **keywords):
    """Get a form type and validate it against botocore's shape of the output."""
    found = client.get_form_type(
        domainIdentifier="dzd_5oo7xzoqltu8mf", formTypeIdentifier=identifier, **keywords
    )
    del found["ResponseMetadata"]
    shape = client.meta.service_model.operation_model("GetFormType").output_shape
    assert ParamValidator().validate(found, shape).generate_report() == ""
    return found


@pytest.mark.parametrize("revision", [{}, {"revision": "8"}])
def test_the_built_in_form_type_is_described(datazone_ts_client, revision):
    found = form_type(datazone_ts_client, DATA_QUALITY, **revision)

    smithy = found.pop("model")["smithy"]
    assert found == {
        "domainId": "dzd_5oo7xzoqltu8mf",
        "name": DATA_QUALITY,
        "revision": "8",
        "status": "ENABLED",
    }
    assert smithy.startswith(
        "structure DataQualityResultFormType {\n    evaluationsCount: Integer\n"
        "    @range(min: 0, max: 100)\n    passingPercentage: Double\n"
    )
    assert "\nenum EvaluationResultStatus {\n    PASS\n    FAIL\n}\n" in smithy
    assert smithy.count("{") == smithy.count("}") == 7
    assert all(field in smithy for field in [*result(), *EVALUATION])


def test_a_pipeline_posts_the_revision_that_it_looked_up(datazone_ts, datazone_ts_client):
    revision = form_type(datazone_ts_client, DATA_QUALITY)["revision"]
    datazone_ts_client.post_time_series_data_points(
        domainIdentifier="dzd_5oo7xzoqltu8mf",
        entityIdentifier="4wyh64k2n8czaf",
        entityType="ASSET",
        forms=[
            {
                "formName": "f",
                "typeIdentifier": DATA_QUALITY,
                "typeRevision": revision,
                "timestamp": 0,
            }
        ],
    )
    datazone_ts.assert_posted(count=1, type_revision="8")


def post_without_revision(client, type_identifier):
    [form] = client.post_time_series_data_points(
        domainIdentifier="dzd_5oo7xzoqltu8mf",
        entityIdentifier="4wyh64k2n8czaf",
        entityType="ASSET",
        forms=[{"formName": "f", "typeIdentifier": type_identifier, "timestamp": 0}],
    )["forms"]
    return form["typeRevision"]


@pytest.mark.parametrize(("identifier", "revision"), [(DATA_QUALITY, "8"), (OWN, "1")])
def test_the_revision_of_a_form_type_can_be_set(
    datazone_ts, datazone_ts_client, identifier, revision
):
    assert post_without_revision(datazone_ts_client, identifier) == revision
    datazone_ts.register_form_type(identifier, revision="13")
    assert form_type(datazone_ts_client, identifier)["revision"] == "13"
    assert post_without_revision(datazone_ts_client, identifier) == "13"

    datazone_ts.register_form_type(identifier, bool)  # which leaves it as it is
    assert form_type(datazone_ts_client, identifier, revision="13")["revision"] == "13"

    datazone_ts.reset()
    assert post_without_revision(datazone_ts_client, identifier) == revision


def test_a_registered_form_type_needs_no_check(datazone_ts, datazone_ts_client):
    datazone_ts.register_form_type(OWN)
    assert form_type(datazone_ts_client, OWN)["revision"] == "1"
    assert post_without_revision(datazone_ts_client, OWN) == "1"
    datazone_ts.register_form_type(OWN, lambda _: False)
    datazone_ts.register_form_type(OWN, revision="2")  # which leaves the check as it is
    with pytest.raises(datazone_ts_client.exceptions.ValidationException):
        post_without_revision(datazone_ts_client, OWN)


@pytest.mark.parametrize("revision", ["", "9" * 65])
def test_a_revision_that_no_form_type_has_is_rejected(datazone_ts, revision):
    with pytest.raises(ValueError, match=r"^register_form_type\(\) .* Value at 'revision' failed"):
        datazone_ts.register_form_type(OWN, revision=revision)


def test_a_revision_is_a_string(datazone_ts):
    with pytest.raises(TypeError) as caught:
        datazone_ts.register_form_type(OWN, revision=13)
    assert str(caught.value) == "register_form_type(revision=...) takes a string, not 13"


def test_a_registered_form_type_is_known(datazone_ts, datazone_ts_client):
    datazone_ts.register_form_type("FreshnessFormType", bool)
    assert form_type(datazone_ts_client, "FreshnessFormType")["model"] == {
        "smithy": "structure FreshnessFormType {}"
    }
    datazone_ts.register_form_type("penguins.colony.SizeFormType", bool)
    assert form_type(datazone_ts_client, "penguins.colony.SizeFormType")["model"] == {
        "smithy": "structure SizeFormType {}"
    }
    datazone_ts.register_form_type(DATA_QUALITY, bool)
    smithy = form_type(datazone_ts_client, DATA_QUALITY)["model"]["smithy"]
    assert "passingPercentage" in smithy


UNKNOWN = "The given FormType doesn't exist. Try creating FormType before accessing it."


def test_another_revision_of_a_form_type_is_not_found(datazone_ts, datazone_ts_client):
    with pytest.raises(datazone_ts_client.exceptions.ResourceNotFoundException) as caught:
        form_type(datazone_ts_client, DATA_QUALITY, revision="1")
    assert caught.value.response["Error"]["Message"] == UNKNOWN
    assert datazone_ts.calls.one().attempts[0].reason == (
        f"form type '{DATA_QUALITY}' is at revision '8', and '1' is not known. To set it, use "
        f"datazone_ts.register_form_type('{DATA_QUALITY}', revision='1')"
    )


def test_an_unknown_form_type_is_not_found(datazone_ts, datazone_ts_client):
    with pytest.raises(datazone_ts_client.exceptions.ResourceNotFoundException) as caught:
        form_type(datazone_ts_client, OWN)
    assert caught.value.response["Error"]["Message"] == UNKNOWN
    assert datazone_ts.calls.one().attempts[0].reason == (
        f"no form type '{OWN}' is known. To make it known, use "
        f"datazone_ts.register_form_type('{OWN}')"
    )
