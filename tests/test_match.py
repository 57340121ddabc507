"""``**match``: which data points, calls and attempts match."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from unittest.mock import ANY

import pytest
from botocore.exceptions import ClientError
from dirty_equals import Contains, IsDatetime, IsJson, IsPositive, IsStr
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_datazone_ts import DataPoints, mock_datazone_ts

NEW_YEAR = datetime(2024, 1, 1, tzinfo=timezone.utc)
ONE = {
    "domain_identifier": "dzd_one",
    "entity_identifier": "entity1",
    "entity_type": "ASSET",
    "form_name": "form one",
    "type_identifier": "team.One",
    "type_revision": "1",
    "timestamp": NEW_YEAR,
    "content": '{"score": 1}',
    "region": "us-east-1",
}
TWO = {
    "domain_identifier": "dzd_two",
    "entity_identifier": "entity2",
    "entity_type": "LISTING",
    "form_name": "form two",
    "type_identifier": "team.Two",
    "type_revision": "2",
    "timestamp": NEW_YEAR + timedelta(days=1),
    "content": '{"score": 2}',
    "region": "us-west-2",
}
ABOUT_FORMS = ("form_name", "type_identifier", "type_revision", "timestamp", "content")
KEYWORDS = (
    "domain_identifier, entity_identifier, entity_type, form_name, type_identifier, "
    "type_revision, timestamp, content, region, where"
)


def a_form(facts):
    return {
        "formName": facts["form_name"],
        "typeIdentifier": facts["type_identifier"],
        "typeRevision": facts["type_revision"],
        "timestamp": facts["timestamp"],
        "content": facts["content"],
    }


def post_facts(session, *facts):
    """Post points for one entity in one request."""
    client = session.client("datazone", region_name=facts[0]["region"])
    return client.post_time_series_data_points(
        domainIdentifier=facts[0]["domain_identifier"],
        entityIdentifier=facts[0]["entity_identifier"],
        entityType=facts[0]["entity_type"],
        forms=[a_form(each) for each in facts],
    )


@pytest.fixture
def two_calls(session, datazone_ts):
    post_facts(session, ONE)
    post_facts(session, TWO)
    return datazone_ts


def found(records):
    """Return which of the two are among data points or calls."""
    names = {"dzd_one": "one", "dzd_two": "two"}
    return [
        names[record.domain_identifier]
        if isinstance(records, DataPoints)
        else names[record.parameters["domainIdentifier"]]
        for record in records
    ]


# Every keyword, for data points and for calls


@pytest.mark.parametrize("records", ["data_points", "calls"])
@pytest.mark.parametrize("keyword", ONE)
def test_every_keyword_selects(two_calls, records, keyword):
    records = getattr(two_calls, records)

    assert found(records.where(**{keyword: ONE[keyword]})) == ["one"]
    assert found(records.where(**{keyword: TWO[keyword]})) == ["two"]
    assert found(records.where(**{keyword: ANY})) == ["one", "two"]
    assert found(records.where(**{keyword: None})) == []


@pytest.mark.parametrize("records", ["data_points", "calls"])
@pytest.mark.parametrize("keyword", ONE)
def test_all_keywords_must_be_met(two_calls, records, keyword):
    records = getattr(two_calls, records)

    assert found(records.where(**ONE)) == ["one"]
    assert found(records.where(**{**ONE, keyword: TWO[keyword]})) == []


@pytest.mark.parametrize("records", ["data_points", "calls"])
def test_no_keyword_means_all(two_calls, records):
    records = getattr(two_calls, records)

    assert found(records.where()) == ["one", "two"]
    assert type(records.where()) is type(records)


@pytest.mark.parametrize("records", ["data_points", "calls"])
@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("form_name", IsStr(regex="form o.*")),
        ("content", IsJson({"score": 1})),
        ("content", Contains('"score": 1')),
        ("content", {"score": IsPositive & 1}),
        ("timestamp", IsDatetime(lt=TWO["timestamp"])),
    ],
    ids=["text", "JSON", "contains", "inside content", "time"],
)
def test_dirty_equals_works(two_calls, records, keyword, value):
    assert found(getattr(two_calls, records).where(**{keyword: value})) == ["one"]


def test_one_form_of_a_call_must_meet_all_the_keywords_about_forms(session, datazone_ts):
    other = {**ONE, "form_name": "form two", "content": '{"score": 2}'}
    post_facts(session, ONE, other)
    calls = datazone_ts.calls

    assert calls.where(form_name="form two", content={"score": 2}) == calls
    assert calls.where(form_name="form one", content={"score": 2}) == []
    assert len(datazone_ts.data_points.where(form_name="form two")) == 1


def test_a_call_without_forms_matches_by_its_form_name_parameter(two_calls, session):
    client = session.client("datazone", region_name="us-east-1")
    client.list_time_series_data_points(
        domainIdentifier="dzd_one",
        entityIdentifier="entity1",
        entityType="ASSET",
        formName="form one",
    )

    assert [call.operation for call in two_calls.calls.where(form_name="form one")] == [
        "PostTimeSeriesDataPoints",
        "ListTimeSeriesDataPoints",
    ]
    assert len(two_calls.calls.where(form_name="form one", content=ONE["content"])) == 1


# The keyword that is a callable


def test_where_is_called_with_the_record(two_calls):
    assert found(two_calls.data_points.where(where=lambda point: point.json()["score"] > 1)) == [
        "two"
    ]
    assert found(two_calls.calls.where(where=lambda call: call.region == "us-west-2")) == ["two"]
    assert found(two_calls.calls.where(where=bool)) == ["one", "two"]
    assert found(two_calls.data_points.where(where=lambda _: 0)) == []


@pytest.mark.parametrize("records", ["data_points", "calls"])
def test_where_is_called_only_for_records_that_match_otherwise(two_calls, records):
    seen = []

    getattr(two_calls, records).where(where=seen.append, form_name="form two")

    assert found(type(getattr(two_calls, records))(seen)) == ["two"]


# Timestamps


@pytest.mark.parametrize("records", ["data_points", "calls"])
@pytest.mark.parametrize(
    "timestamp",
    [
        datetime(2024, 1, 1, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        datetime(2024, 1, 1),  # noqa: DTZ001 - as boto3 takes it: in UTC
        1704067200,
        1704067200.0,
        "2024-01-01",
        "2024-01-01T00:00:00Z",
        "2023-12-31T19:00:00-05:00",
    ],
    ids=repr,
)
def test_a_timestamp_can_have_every_type_that_boto3_accepts(two_calls, records, timestamp):
    assert found(getattr(two_calls, records).where(timestamp=timestamp)) == ["one"]


@pytest.mark.parametrize("timestamp", ["yesterday", float("nan"), 1e300, "", "9" * 500])
def test_an_invalid_timestamp_is_an_error(two_calls, timestamp):
    with pytest.raises(ValueError, match="not a time") as caught:
        two_calls.data_points.where(timestamp=timestamp)

    assert str(caught.value).startswith(
        f"DataPoints.where(timestamp={timestamp!r}): not a time that boto3 accepts ("
    )


# The content's subset


def matches(session, expected, content):
    with mock_datazone_ts() as ts:
        post_facts(session, {**ONE, "content": content})
        of_points = ts.data_points.where(content=expected)
        assert len(of_points) == len(ts.calls.where(content=expected))
        return bool(of_points)


CONTENT = (
    '{"score": 87.5, "passed": true, "count": 8, "none": null, "name": "a",'
    ' "empty": {}, "rules": [{"status": "PASS", "types": []}, {"status": "FAIL"}], "1": 2}'
)


@pytest.mark.parametrize(
    "expected",
    [
        {},
        {"score": 87.5},
        {"count": 8.0},
        {"passed": True},
        {"none": None},
        {"none": ANY},
        {"empty": {}},
        {"rules": ANY},
        {"rules": [ANY, ANY]},
        {"rules": [{}, {}]},
        {"rules": [{"types": []}, {"status": "FAIL"}]},
        {"rules": ({"status": "PASS"}, {"status": ANY})},
        {"name": "a", "score": IsPositive},
    ],
    ids=repr,
)
def test_content_that_contains_the_expected_subset_matches(session, expected):
    assert matches(session, expected, CONTENT)


@pytest.mark.parametrize(
    "expected",
    [
        [],
        {"score": "87.5"},
        {"score": 87},
        {"passed": 1},
        {"passed": 1.0},
        {"count": True},
        {"none": False},
        {"none": 0},
        {"missing": None},
        {"missing": ANY},
        {"empty": {"a": ANY}},
        {"empty": []},
        {"name": ["a"]},
        {"rules": []},
        {"rules": [{"status": "PASS"}]},
        {"rules": [{"status": "FAIL"}, {"status": "PASS"}]},
        {"rules": [{"status": "PASS", "types": [ANY]}, ANY]},
        {"rules": {}},
        {1: 2},
    ],
    ids=repr,
)
def test_content_that_does_not_contain_the_expected_subset_does_not_match(session, expected):
    assert not matches(session, expected, CONTENT)


@pytest.mark.parametrize("content", ["", "not JSON", "[" * 100_000, "null", "[]", "1"])
def test_a_dict_matches_no_content_that_is_not_an_object(session, content):
    assert not matches(session, {}, content)


def test_a_list_matches_a_list_of_its_length(session):
    assert matches(session, [1, ANY], "[1, 2]")
    assert not matches(session, [1], "[1, 2]")


def test_a_string_matches_exactly(session):
    assert matches(session, CONTENT, CONTENT)
    assert not matches(session, CONTENT, CONTENT + " ")


def test_content_may_be_absent(session, datazone_ts):
    client = session.client("datazone", region_name="us-east-1")
    form = a_form(ONE)
    del form["content"], form["typeRevision"]
    client.post_time_series_data_points(
        domainIdentifier="dzd_one", entityIdentifier="entity1", entityType="ASSET", forms=[form]
    )

    for records in (datazone_ts.data_points, datazone_ts.calls):
        assert found(records.where(content=None)) == ["one"]
        assert found(records.where(content={})) == []
        assert found(records.where(content="")) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-1, 1) | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


def parts(value):
    """Strategies for subsets of a JSON value: keys left out, at every depth."""
    if isinstance(value, dict):
        inner = {name: parts(item) for name, item in value.items()}
        return (
            st.sets(st.sampled_from(sorted(inner))).flatmap(
                lambda names: st.fixed_dictionaries({name: inner[name] for name in sorted(names)})
            )
            if inner
            else st.just({})
        )
    if isinstance(value, list):
        return st.tuples(*map(parts, value)).map(list)
    return st.just(value) | st.just(ANY)


@settings(derandomize=True, database=None, deadline=None, max_examples=60)
@given(data=st.data(), content=st.dictionaries(st.text(max_size=1), json_values, max_size=3))
def test_every_subset_of_the_content_matches_it(session, data, content):
    expected = data.draw(parts(content))

    assert matches(session, expected, json.dumps(content))
    assert not matches(session, {**expected, "one more": ANY}, json.dumps(content))


# Matching the attempts that a fault is for


def test_only_matching_attempts_get_the_fault(session, datazone_ts):
    datazone_ts.inject("AccessDeniedException", times=2, entity_identifier="entity2")

    post_facts(session, ONE)
    for _ in range(2):
        with pytest.raises(ClientError, match="AccessDeniedException"):
            post_facts(session, TWO)
    post_facts(session, TWO)

    assert [call.error_code for call in datazone_ts.calls] == [
        None,
        "AccessDeniedException",
        "AccessDeniedException",
        None,
    ]


@pytest.mark.parametrize("keyword", ONE)
def test_every_keyword_selects_attempts(session, datazone_ts, keyword):
    datazone_ts.inject("AccessDeniedException", **{keyword: TWO[keyword]})

    post_facts(session, ONE)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        post_facts(session, TWO)

    assert found(datazone_ts.data_points) == ["one"]


def test_where_selects_attempts_by_the_call_so_far(session, datazone_ts):
    datazone_ts.inject("AccessDeniedException", where=lambda call: len(call.attempts) == 1)
    datazone_ts.inject("ThrottlingException")

    with pytest.raises(ClientError, match="AccessDeniedException"):
        post_facts(session, ONE)

    assert [a.error_code for a in datazone_ts.calls.one().attempts] == [
        "ThrottlingException",
        "AccessDeniedException",
    ]


def test_a_fault_for_one_form_fails_the_whole_request(session, datazone_ts):
    other = {**ONE, "form_name": "form two"}
    datazone_ts.inject("AccessDeniedException", form_name="form two")

    post_facts(session, ONE)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        post_facts(session, ONE, other)

    assert len(datazone_ts.data_points) == 1


# Keywords for calls alone


def test_calls_by_operation_and_by_how_they_ended(session, datazone_ts):
    datazone_ts.respond("ListDomains", {"items": []})
    datazone_ts.inject("AccessDeniedException", form_name="form two")
    post_facts(session, ONE)
    with pytest.raises(ClientError):
        post_facts(session, TWO)
    session.client("datazone").list_domains()
    calls = datazone_ts.calls
    post, rejected, listed = calls

    assert calls.where(operation="ListDomains") == [listed]
    assert calls.where(operation="list_domains") == [listed]
    assert calls.where(operation="NoOperation") == []
    assert calls.where(operation=Contains("TimeSeries")) == [post, rejected]
    assert calls.where(error_code="AccessDeniedException") == [rejected]
    assert calls.where(error_code=None) == [post, listed]
    assert calls.where(succeeded=False).one() == rejected
    assert calls.where(succeeded=True, form_name="form one").one() == post


# Keywords for data points alone


def test_points_by_their_passing_percentage(session, datazone_ts):
    quality = {**ONE, "type_identifier": "amazon.datazone.DataQualityResultFormType"}
    score = {**quality, "content": '{"passingPercentage": 87.5}'}
    post_facts(session, {**score, "content": '{"passingPercentage": 88}'}, score, ONE, TWO)
    eighty_eight, seven_of_eight, _, _ = datazone_ts.data_points

    assert datazone_ts.assert_posted(passing_percentage=87.5) == [seven_of_eight]
    assert datazone_ts.data_points.where(passing_percentage=88.0) == [eighty_eight]
    assert datazone_ts.data_points.where(passing_percentage=ANY) == [eighty_eight, seven_of_eight]
    datazone_ts.assert_not_posted(passing_percentage=90)


# Keywords that are none


def callers(ts):
    return {
        "inject": lambda **match: ts.inject("ThrottlingException", **match),
        "assert_posted": ts.assert_posted,
        "assert_not_posted": ts.assert_not_posted,
        "DataPoints.where": ts.data_points.where,
        "Calls.where": ts.calls.where,
    }


@pytest.mark.parametrize(
    "caller", ["inject", "assert_posted", "assert_not_posted", "DataPoints.where", "Calls.where"]
)
def test_an_unknown_keyword_is_an_error_that_names_the_known_ones(datazone_ts, caller):
    with pytest.raises(TypeError) as close:
        callers(datazone_ts)[caller](entity_identifer="4wyh64k2n8czaf")
    with pytest.raises(TypeError) as far:
        callers(datazone_ts)[caller](colour="red")
    with pytest.raises(TypeError) as where:
        callers(datazone_ts)[caller](where="entity")

    own = {"inject": "times, after, call, operation, ", "assert_posted": "count, "}.get(caller, "")
    more = {"inject": "", "Calls.where": ", operation, error_code, succeeded"}.get(
        caller, ", passing_percentage"
    )
    assert str(close.value) == (
        f"{caller}() got an unknown keyword 'entity_identifer'. Did you mean "
        f"'entity_identifier'? Valid keywords: {own}{KEYWORDS}{more}."
    )
    assert str(far.value) == (
        f"{caller}() got an unknown keyword 'colour'. Valid keywords: {own}{KEYWORDS}{more}."
    )
    assert str(where.value) == f"{caller}(where=...) takes a callable, not 'entity'"


@pytest.mark.parametrize(
    ("guess", "meant"),
    [
        ("entity", "entity_identifier"),
        ("domain", "domain_identifier"),
        ("type", "type_identifier"),
        ("form", "form_name"),
        ("percentage", "passing_percentage"),
    ],
)
def test_a_likely_guess_gets_a_suggestion(datazone_ts, guess, meant):
    with pytest.raises(TypeError, match=rf"keyword {guess!r}\. Did you mean {meant!r}\?"):
        datazone_ts.data_points.where(**{guess: "x"})


def test_a_fault_with_a_wrong_keyword_is_not_injected(session, datazone_ts):
    with pytest.raises(TypeError):
        datazone_ts.inject("ThrottlingException", colour="red")

    post_facts(session, ONE)

    assert datazone_ts.calls.one().attempts[0].fault is None
