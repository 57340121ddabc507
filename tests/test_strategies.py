"""The Hypothesis strategies, checked with real clients and the double."""

from __future__ import annotations

import copy
import json
import pickle
import re
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from functools import cache
from random import Random

import pytest
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty
from sample import DOMAIN, ENTITY, FORM

from pytest_datazone_ts import faults, mock_datazone_ts, strategies

RESULT = FORM["typeIdentifier"]
NOON = datetime(2024, 1, 1, 12, tzinfo=timezone.utc)
POST = "PostTimeSeriesDataPoints"
FORMS = strategies.forms()
INVALID_FORMS = strategies.invalid_forms()
FAULTS = strategies.faults()
RESULTS = strategies.data_quality_results()
TIMESTAMPS = strategies.timestamps()
SIMPLEST = {
    "formName": "0",
    "typeIdentifier": RESULT,
    "timestamp": datetime(2000, 1, 1, tzinfo=timezone.utc),
}

examples = settings(derandomize=True, database=None, deadline=None, max_examples=100)


@cache
def a_client():
    retries = {"mode": "standard", "total_max_attempts": 3}
    session = Session(region_name="us-east-1")
    return session.client("datazone", config=Config(retries=retries))


@cache
def form_shape():
    operation = a_client().meta.service_model.operation_model(POST)
    return operation.input_shape.members["forms"].member


def post(*forms):
    return a_client().post_time_series_data_points(
        domainIdentifier=DOMAIN, entityIdentifier=ENTITY, entityType="ASSET", forms=[*forms]
    )


@cache
def sample(strategy, size):
    """Return some examples of a strategy, the same in every run."""
    drawn = []

    @settings(examples, max_examples=size, phases=[Phase.generate])
    @given(example=strategy)
    def draw(example):
        drawn.append(example)

    draw()
    return drawn


def simplest(strategy, condition=lambda _: True):
    """Return the example that Hypothesis would show for a failing test."""
    quick = settings(examples, phases=[Phase.generate, Phase.shrink])
    return find(strategy, condition, settings=quick, random=Random(0))  # noqa: S311


def rejected_constraints(form):
    """Yield the constraints that a form violates and botocore's client does not check."""
    for name, value in form.items():
        metadata = form_shape().members[name].metadata
        if name != "timestamp" and len(value) > metadata.get("max", len(value)):
            yield name, "max"
        if "pattern" in metadata and not re.fullmatch(metadata["pattern"], value, re.ASCII):
            yield name, "pattern"


# forms


@examples
@given(form=FORMS)
def test_every_form_is_stored_and_echoed(form):
    with mock_datazone_ts(content_check="error") as ts:
        (echo,) = post(form)["forms"]
        point = ts.data_points.one()

    assert {name: echo.get(name) for name in form} == form
    assert point.form_name == form["formName"]
    assert point.type_identifier == form["typeIdentifier"]
    revisions = {"amazon.datazone.DataQualityResultFormType": "8"}
    default = revisions.get(form["typeIdentifier"], "1")
    assert point.type_revision == form.get("typeRevision", default)
    assert point.timestamp == form["timestamp"]
    assert point.content == form.get("content")


@examples
@given(form=FORMS)
def test_a_form_is_made_of_plain_values(form):
    """A pipeline can do anything with these that it does with its own forms."""
    texts = {name: value for name, value in form.items() if name != "timestamp"}

    assert {type(text) for text in texts.values()} == {str}
    assert type(form["timestamp"]) is datetime
    assert form["timestamp"].utcoffset() is not None
    assert form["timestamp"].microsecond == 0
    assert isinstance(json.loads(form.get("content", "{}")), dict)
    if form["typeIdentifier"] == RESULT and "content" in form:
        assert {*json.loads(form["content"])} == {
            "evaluationsCount",
            "passingPercentage",
            "evaluations",
        }


def test_the_simplest_form_is_simple():
    assert simplest(FORMS) == SIMPLEST


@pytest.mark.parametrize(
    "condition",
    [
        lambda form: {*form} == {*form_shape().members},
        lambda form: "typeRevision" not in form and "content" in form,
        lambda form: "typeRevision" in form and "content" not in form,
        lambda form: form["typeIdentifier"] != RESULT and len(form.get("content", "")) > 2,
        lambda form: not form["formName"].isascii(),
        lambda form: form["timestamp"].utcoffset() < timedelta(0),
        lambda form: form["timestamp"].utcoffset() > timedelta(0),
        lambda form: form["timestamp"].year < 2000,
        lambda form: form["timestamp"].year > 2200,
    ],
)
def test_forms_vary_in_every_way_that_pipelines_might_not_expect(condition):
    assert any(map(condition, sample(FORMS, 500)))


@pytest.mark.parametrize("member", ["formName", "typeIdentifier", "typeRevision"])
def test_some_members_have_their_maximum_length(member):
    most = form_shape().members[member].metadata["max"]

    assert most == max(len(form.get(member, "")) for form in sample(FORMS, 500))


@pytest.mark.parametrize(
    "condition",
    [
        lambda result: result["evaluationsCount"] > len(result["evaluations"]) > 1,
        lambda result: result["evaluationsCount"] == len(result["evaluations"]) > 1,
        lambda result: isinstance(result["passingPercentage"], int),
        lambda result: result["passingPercentage"] % 1 > 0,
        lambda result: result["passingPercentage"] == 100,
        lambda result: {each["status"] for each in result["evaluations"]} == {"PASS", "FAIL"},
        lambda result: any("details" not in each for each in result["evaluations"]),
        lambda result: any(each.get("details") for each in result["evaluations"]),
        lambda result: any(each["types"] for each in result["evaluations"]),
        lambda result: any(each["applicableFields"] for each in result["evaluations"]),
    ],
)
def test_data_quality_results_vary_like_those_of_real_pipelines(condition):
    assert any(map(condition, sample(RESULTS, 500)))


@examples
@given(form=strategies.forms(timestamp=strategies.timestamps()))
def test_every_generated_timestamp_is_accepted(form):
    with mock_datazone_ts(content_check="error") as ts:
        post(form)
        ts.assert_posted(1, form_name=form["formName"], timestamp=form["timestamp"])


@pytest.mark.parametrize(
    "condition",
    [
        lambda time: isinstance(time, datetime) and time.tzinfo is timezone.utc,
        lambda time: isinstance(time, datetime) and time.tzinfo is None,
        lambda time: type(time) is int,
        lambda time: type(time) is float,
        lambda time: isinstance(time, str) and time.endswith("+00:00"),
        lambda time: isinstance(time, str) and time[-6] == "-",
        lambda time: isinstance(time, str) and datetime.fromisoformat(time).tzinfo is None,
    ],
)
def test_timestamps_have_every_type(condition):
    assert any(map(condition, sample(TIMESTAMPS, 300)))


# forms with fixed members


def test_members_can_be_fixed():
    members = {"form_name": "score", "type_identifier": "team.Score", "type_revision": "8"}
    fixed = strategies.forms(**members, timestamp=NOON, content='{"score": 1}')

    form = {
        "formName": "score",
        "typeIdentifier": "team.Score",
        "typeRevision": "8",
        "timestamp": NOON,
        "content": '{"score": 1}',
    }
    assert [*sample(fixed, 10)] == [form]


@pytest.mark.parametrize("timestamp", [NOON, 1704110400, 1704110400.5, "2024-01-01T12:00:00"])
def test_a_timestamp_of_any_type_can_be_fixed(timestamp):
    drawn = sample(strategies.forms(timestamp=timestamp), 10)
    assert {form["timestamp"] for form in drawn} == {timestamp}


@given(form=strategies.forms(type_revision=None, content=None))
@settings(examples, max_examples=20)
def test_members_can_be_left_out(form):
    assert {*form} == {"formName", "typeIdentifier", "timestamp"}


@pytest.mark.parametrize("content", [{"passingPercentage": 87.5}, ["\N{SNOWMAN}"], 87, True])
def test_content_can_be_given_as_parsed_json(content):
    drawn = sample(strategies.forms(content=content), 10)
    assert {form["content"] for form in drawn} == {json.dumps(content)}


@examples
@given(
    form=strategies.forms(
        form_name=st.sampled_from(["completeness", "ranges"]),
        type_identifier=st.just("team.Score"),
        type_revision=st.sampled_from(["1", None]),
        timestamp=st.datetimes(datetime(2024, 1, 1), datetime(2024, 12, 31)),  # noqa: DTZ001
        content=st.none() | st.fixed_dictionaries({"score": st.integers(0, 5)}),
    )
)
def test_members_can_be_strategies(form):
    assert form["formName"] in {"completeness", "ranges"}
    assert form["typeIdentifier"] == "team.Score"
    assert form.get("typeRevision", "1") == "1"
    assert form["timestamp"].year == 2024
    assert json.loads(form.get("content", '{"score": 0}'))["score"] in range(6)


@examples
@given(
    form=strategies.forms(
        form_name=st.text(max_size=2),
        type_identifier=st.text("a.", max_size=3),
        timestamp=st.floats(allow_nan=False),
    )
)
def test_values_that_the_service_would_reject_are_filtered_out(form):
    with mock_datazone_ts():
        post(form)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"form_nam": "score"},
            (
                "forms() got an unknown keyword 'form_nam'. Did you mean 'form_name'? Valid "
                "keywords: form_name, type_identifier, type_revision, timestamp, content."
            ),
        ),
        (
            {"domain": DOMAIN},
            (
                "forms() got an unknown keyword 'domain'. Valid keywords: form_name, "
                "type_identifier, type_revision, timestamp, content."
            ),
        ),
        (
            {"form_name": None},
            "forms(form_name=...) takes a string or a strategy for these, not None",
        ),
        (
            {"type_revision": 8},
            "forms(type_revision=...) takes a string, None or a strategy for these, not 8",
        ),
        (
            {"timestamp": True},
            (
                "forms(timestamp=...) takes a datetime, epoch seconds, ISO 8601 or a strategy for "
                "these, not True"
            ),
        ),
        ({"content": {1}}, "Object of type set is not JSON serializable"),
    ],
)
def test_a_wrong_keyword_or_type_is_rejected(members, message):
    with pytest.raises(TypeError) as caught:
        strategies.forms(**members)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"form_name": "n" * 129},
            (
                "forms(form_name=...) got a value that no form can have: 1 validation error "
                "detected: Value at 'formName' failed to satisfy constraint: "
                "Member must have length less than or equal to 128. To draw forms that "
                "the service rejects, use invalid_forms()."
            ),
        ),
        (
            {"timestamp": "noon"},
            (
                "forms(timestamp=...) got a value that no form can have: boto3 does not accept it "
                '(Invalid timestamp "noon": Unknown string format: noon). To draw forms that the '
                "service rejects, use invalid_forms()."
            ),
        ),
        (
            {"timestamp": "9999-12-31T23:59:59-12:00"},
            (
                "forms(timestamp=...) got a value that no form can have: boto3 does not accept it "
                "(date value out of range). To draw forms that the service rejects, use "
                "invalid_forms()."
            ),
        ),
        ({"content": {"score": float("nan")}}, "Out of range float values are not JSON compliant"),
    ],
)
def test_a_fixed_value_that_the_service_would_reject_is_an_error(members, message):
    with pytest.raises(ValueError, match=r".") as caught:
        strategies.forms(**members)
    assert str(caught.value).replace(": nan", "") == message


def test_a_strategy_of_the_wrong_type_is_rejected_when_it_draws():
    with pytest.raises(TypeError) as caught:
        sample(strategies.forms(form_name=st.just(8)), 10)
    assert str(caught.value) == (
        "forms(form_name=...) takes a string or a strategy for these, not 8"
    )


# invalid_forms


@examples
@given(form=INVALID_FORMS)
def test_every_invalid_form_is_rejected_and_nothing_stored(form):
    with mock_datazone_ts() as ts:
        with pytest.raises(ClientError) as rejection:
            post(FORM, form)
        assert ts.calls.one().error_code == "ValidationException"
        ts.assert_not_posted()

    message = rejection.value.response["Error"]["Message"]
    broken = {*rejected_constraints(form)}
    assert {*re.findall(r"at 'forms\.2\.member\.(\w+)'", message)} == {name for name, _ in broken}
    assert len({name for name, _ in broken}) in {1, 2}


@pytest.mark.parametrize(
    "constraint",
    [
        (name, kind)
        for name, shape in form_shape().members.items()
        for kind in shape.metadata
        if kind != "min"  # botocore's client looks at it
    ],
    ids="-".join,
)
def test_every_constraint_of_the_model_is_violated_alone(constraint):
    """A new constraint in the model fails here until ``invalid_forms`` violates it."""
    drawn = sample(INVALID_FORMS, 300)

    assert any([*rejected_constraints(form)] == [constraint] for form in drawn)


def test_two_constraints_are_violated_at_once():
    assert any(len([*rejected_constraints(form)]) == 2 for form in sample(INVALID_FORMS, 300))


def test_the_simplest_invalid_form_is_invalid_in_one_member():
    form = simplest(INVALID_FORMS)
    ((name, _),) = rejected_constraints(form)

    assert form == {**SIMPLEST, name: form[name]}


def test_content_that_is_too_long_is_a_result_and_can_be_read_and_copied():
    form = simplest(INVALID_FORMS, lambda form: len(form.get("content", "")) > 1000)
    content = form["content"]

    assert len(content) == form_shape().members["content"].metadata["max"] + 1
    assert json.loads(content)["evaluations"][0]["status"] == "PASS"
    assert len(repr(content)) < 200
    assert eval(repr(content)) == content  # noqa: S307 - it is what a person would paste
    assert copy.deepcopy(form) == pickle.loads(pickle.dumps(form)) == form  # noqa: S301


# faults

TRANSPORT = {each if isinstance(each, type) else type(each) for each in faults.TRANSPORT}
ALWAYS = {*faults.COMMON, *TRANSPORT}


@pytest.mark.parametrize(
    "operation", [POST, "ListTimeSeriesDataPoints", "GetDomain", "SearchListings"]
)
@examples
@given(data=st.data())
def test_every_fault_can_be_injected(operation, data):
    fault = data.draw(strategies.faults(operation))

    with mock_datazone_ts() as ts:
        ts.inject(fault, operation=operation).cancel()


def test_hypothesis_prints_a_fault_as_a_test_would_write_it():
    fault = faults.ThrottlingException(retry_after=2)

    assert pretty(fault) == repr(fault) == "ThrottlingException(retry_after=2)"


def test_every_class_of_fault_is_generated():
    drawn = {type(fault) for fault in sample(FAULTS, 1500)}
    assert drawn == {*faults.documented(), *ALWAYS}


def test_only_exceptions_that_the_operation_documents_are_generated():
    documented = a_client().meta.service_model.operation_model("GetTimeSeriesDataPoint")
    drawn = sample(strategies.faults("GetTimeSeriesDataPoint"), 500)

    assert {type(fault).__name__ for fault in drawn} == {
        *(shape.name for shape in documented.error_shapes),
        *(kind.__name__ for kind in ALWAYS),
    }


@pytest.mark.parametrize(
    "condition",
    [
        lambda fault: fault == faults.AccessDeniedException(),
        lambda fault: (
            isinstance(fault, faults.ServiceException) and fault.message != fault.default_message
        ),
        lambda fault: getattr(fault, "retry_after", None),
        lambda fault: fault == faults.HttpError(502),
        lambda fault: isinstance(fault, faults.HttpError) and fault.status < 500,
        lambda fault: isinstance(fault, faults.HttpError) and fault.body == "",
        lambda fault: isinstance(fault, faults.HttpError) and "title" not in fault.body,
        lambda fault: fault == faults.MalformedResponse(),
        lambda fault: fault == faults.MalformedResponse(b""),
        lambda fault: isinstance(fault, faults.MalformedResponse) and len(fault.body) > 12,
        lambda fault: isinstance(fault, faults.Latency) and 0 < fault.seconds < 60,
        lambda fault: isinstance(fault, faults.Latency) and fault.seconds > 60,
    ],
)
def test_the_arguments_of_faults_are_generated(condition):
    assert any(map(condition, sample(FAULTS, 1500)))


@examples
@given(fault=FAULTS)
def test_a_client_meets_every_fault_as_documented(fault):
    with mock_datazone_ts() as ts:
        ts.inject(fault, times=None)
        try:
            post(FORM)
        except ClientError as error:
            met = error.response["Error"]["Code"]
        except Exception as error:  # noqa: BLE001 - any of the transport's
            met = type(error)
        else:
            met = 201
        assert ts.calls.one().attempts[0].fault == fault

    if isinstance(fault, faults.ServiceException):
        assert met == type(fault).__name__
    elif isinstance(fault, faults.HttpError):
        assert met == str(fault.status)
    elif isinstance(fault, (faults.Latency, faults.MalformedResponse, faults.SlowBody)):
        assert met == 201 or issubclass(met, Exception)
    else:
        assert issubclass(met, BotoCoreError)


def test_an_unknown_operation_is_rejected():
    with pytest.raises(ValueError, match="operation") as caught:
        strategies.faults("PostTimeSeriesDataPoint")
    assert str(caught.value) == (
        "'PostTimeSeriesDataPoint' is not an operation of Amazon DataZone. "
        "Did you mean 'PostTimeSeriesDataPoints'?"
    )


# What a person sees


def test_a_falsifying_example_can_be_read_and_pasted(pytester):
    pytester.makepyfile(
        """
        from hypothesis import Phase, given, settings, strategies as st

        from pytest_datazone_ts import faults, strategies

        simple = settings(
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
        )

        @simple
        @given(form=strategies.forms(type_identifier="amazon.datazone.DataQualityResultFormType"))
        def test_form(form):
            assert "content" not in form

        @simple
        @given(form=strategies.invalid_forms())
        def test_invalid_form(form):
            assert len(form.get("content", "")) < 1000

        @simple
        @given(timestamp=strategies.timestamps())
        def test_timestamp(timestamp):
            assert not isinstance(timestamp, str)

        @simple
        @given(fault=strategies.faults())
        def test_fault(fault):
            assert not isinstance(fault, faults.TransportFault)

        @simple
        @given(fault=st.builds(faults.ThrottlingException, retry_after=st.integers(1, 5)))
        def test_fault_of_ones_own(fault):
            assert False
        """
    )
    result = pytester.runpytest("-p", "no:cacheprovider")

    result.assert_outcomes(failed=5)
    utc = "datetime.datetime(2000, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)"
    result.stdout.fnmatch_lines(
        [
            "*form={'formName': '0',",
            f"* 'typeIdentifier': '{RESULT}',",
            f"* 'timestamp': {utc},",
            (
                '* \'content\': \'{"evaluationsCount": 0, "passingPercentage": 0, '
                '"evaluations": [[][]]}\'},*'
            ),
            "*form={'formName': '0',",
            (
                '* \'content\': \'{"evaluationsCount": 1, "passingPercentage": 100, '
                '"evaluations": [[]{"description": "0\' + \'x\' [*] 499858 + \'", "types": '
                '[[][]], "applicableFields": [[][]], "status": "PASS"}[]]}\'},*'
            ),
            "*timestamp='2000-01-01T00:00:00+00:00',*",
            "*fault=ConnectTimeout,*",
            "*fault=ThrottlingException(retry_after=1),*",
        ]
    )


def test_a_misuse_is_shown_at_the_line_of_the_test_and_leaves_no_trace(pytester):
    pytester.makepyfile(
        """
        from pytest_datazone_ts import strategies

        def test_forms():
            strategies.forms(form_nam="score")

        def test_faults():
            strategies.faults("ListTimeSeriesDataPoints")
            strategies.faults("ListTimeSeries")
        """
    )
    result = pytester.runpytest("-p", "no:cacheprovider")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*.py:4: TypeError", "*.py:8: ValueError"])
    result.stdout.no_fnmatch_line("*pytest_datazone_ts?strategies?*.py*")
    result.stdout.no_fnmatch_line("*DataZone double*")


WITHOUT_HYPOTHESIS = """
import sys
sys.modules["hypothesis"] = None  # what import finds is then a ModuleNotFoundError

from pytest_datazone_ts import *
import pytest_datazone_ts

for name in dir(pytest_datazone_ts):
    getattr(pytest_datazone_ts, name)

def message_of(statement):
    try:
        exec(statement)
    except ModuleNotFoundError as error:
        return f"{error.name}: {error}"

for statement in (
    "from pytest_datazone_ts import strategies",
    "import pytest_datazone_ts.strategies",
    "pytest_datazone_ts.strategies",
):
    print(message_of(statement))
"""


def test_without_hypothesis_the_error_says_how_to_get_it():
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", WITHOUT_HYPOTHESIS],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.stderr == ""
    assert ran.stdout.splitlines() == 3 * [
        (
            "hypothesis: pytest_datazone_ts.strategies needs Hypothesis: "
            "pip install 'pytest-datazone-ts[hypothesis]'"
        )
    ]


def test_hypothesis_is_not_imported_until_it_is_used(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        """
        import sys

        import pytest_datazone_ts

        def test_it(datazone_ts_client):
            assert "hypothesis" not in sys.modules
            assert pytest_datazone_ts.strategies.forms
            assert "hypothesis" in sys.modules
        """
    )
    pytester.runpytest_subprocess("-p", "datazone_ts", "-W", "error").assert_outcomes(passed=1)
