"""The messages of failing tests, word for word."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import datetime, timedelta, timezone
from unittest.mock import ANY

import pytest
from botocore.exceptions import ClientError
from sample import DOMAIN, ENTITY, FORM, SERIES, location

from pytest_datazone_ts import Calls, DataPoints, faults, mock_datazone_ts

NEW_YEAR = datetime(2024, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def post_form(datazone_ts_client):
    """Post one form with changes, for a given entity."""

    def post_form(entity="4wyh64k2n8czaf", **members):
        datazone_ts_client.post_time_series_data_points(
            domainIdentifier="dzd_5oo7xzoqltu8mf",
            entityIdentifier=entity,
            entityType="ASSET",
            forms=[
                {
                    "formName": "completeness",
                    "typeIdentifier": "team.ScoreFormType",
                    "timestamp": NEW_YEAR,
                    **members,
                }
            ],
        )

    return post_form


def message_of(assertion, *arguments, **keywords):
    with pytest.raises(AssertionError) as caught:
        assertion(*arguments, **keywords)
    message = str(caught.value)
    assert max(map(len, message.splitlines())) <= 80
    return message


def lines(*texts):
    return "\n".join(texts)


# assert_posted


def test_nothing_was_posted_nor_called(datazone_ts):
    assert message_of(datazone_ts.assert_posted) == lines(
        "expected a data point to have been posted",
        "but no data point was posted.",
        "The code under test made no DataZone call.",
    )
    assert message_of(datazone_ts.assert_posted, 2, form_name="completeness") == lines(
        "expected 2 data points to have been posted",
        "  with",
        "    form_name: 'completeness'",
        "but no data point was posted.",
        "The code under test made no DataZone call.",
    )


def test_nothing_was_posted_and_these_calls_were_made(datazone_ts, datazone_ts_client, make_client):
    client = make_client()
    datazone_ts.inject("ThrottlingException", times=3)
    call = {
        "domainIdentifier": "dzd_5oo7xzoqltu8mf",
        "entityIdentifier": "4wyh64k2n8czaf",
        "entityType": "ASSET",
    }
    with pytest.raises(ClientError):
        client.post_time_series_data_points(**call, forms=[])

    assert message_of(datazone_ts.assert_posted, 1) == lines(
        "expected 1 data point to have been posted",
        "but no data point was posted.",
        "The code under test made 1 call:",
        "  1. PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf in us-east-1:",
        "     ThrottlingException (3 times)",
    )

    datazone_ts_client.list_time_series_data_points(**call, formName="completeness")

    assert message_of(datazone_ts.assert_posted) == lines(
        "expected a data point to have been posted",
        "but no data point was posted.",
        "The code under test made 2 calls:",
        "  1. PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf in us-east-1:",
        "     ThrottlingException (3 times)",
        "  2. ListTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf in us-east-1: 200",
    )


def test_only_the_failed_calls_of_many_are_listed(datazone_ts, datazone_ts_client):
    call = {
        "domainIdentifier": "dzd_5oo7xzoqltu8mf",
        "entityIdentifier": "4wyh64k2n8czaf",
        "entityType": "ASSET",
    }
    for _ in range(3):
        datazone_ts_client.list_time_series_data_points(**call, formName="completeness")
    datazone_ts.inject("AccessDeniedException")
    with pytest.raises(ClientError):
        datazone_ts_client.post_time_series_data_points(**call, forms=[])

    assert message_of(datazone_ts.assert_posted) == lines(
        "expected a data point to have been posted",
        "but no data point was posted.",
        "The code under test made 4 calls, of which 1 failed:",
        "  1. PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf in us-east-1:",
        "     AccessDeniedException",
    )


def test_the_only_point_does_not_match(datazone_ts, post_form):
    post_form()

    assert message_of(
        datazone_ts.assert_posted,
        form_name="completness",
        type_revision="8",
        timestamp="2024-01-02T00:00:00.5Z",
    ) == lines(
        "expected a data point to have been posted",
        "  with",
        "    form_name: 'completness'",
        "    type_revision: '8'",
        "    timestamp: 2024-01-02 00:00:00.500000Z",
        "but the only one posted did not match:",
        "  1. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "       form_name",
        "         expected 'completness'",
        "         posted   'completeness'",
        "       type_revision",
        "         expected '8'",
        "         posted   '1'",
        "       timestamp",
        "         expected 2024-01-02 00:00:00.500000Z",
        "         posted   2024-01-01 00:00:00Z",
    )


@pytest.mark.parametrize("naive", [datetime(2024, 1, 2), "2024-01-02T00:00:00"])  # noqa: DTZ001
def test_a_naive_timestamp_is_named_as_such(datazone_ts, post_form, naive):
    post_form()

    assert message_of(datazone_ts.assert_posted, timestamp=naive) == lines(
        "expected a data point to have been posted",
        "  with",
        "    timestamp: 2024-01-02 00:00:00Z (naive: taken as UTC)",
        "but the only one posted did not match:",
        "  1. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "       timestamp",
        "         expected 2024-01-02 00:00:00Z (naive: taken as UTC)",
        "         posted   2024-01-01 00:00:00Z",
    )


def test_the_closest_points_come_first(datazone_ts, post_form):
    for number, (entity, name) in enumerate(
        [("other", "b"), ("4wyh64k2n8czaf", "b"), ("other", "b"), ("4wyh64k2n8czaf", "c")]
    ):
        post_form(entity, formName=name, timestamp=NEW_YEAR + timedelta(seconds=number))

    assert message_of(
        datazone_ts.assert_posted, entity_identifier="4wyh64k2n8czaf", form_name="a"
    ) == lines(
        "expected a data point to have been posted",
        "  with",
        "    entity_identifier: '4wyh64k2n8czaf'",
        "    form_name: 'a'",
        "but none of the 4 posted matched. Nearest first:",
        "  1. 'b' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:01Z",
        "       form_name",
        "         expected 'a'",
        "         posted   'b'",
        "  2. 'c' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:03Z",
        "       form_name",
        "         expected 'a'",
        "         posted   'c'",
        "  3. 'b' of ASSET other at 2024-01-01 00:00:00Z",
        "       entity_identifier",
        "         expected '4wyh64k2n8czaf'",
        "         posted   'other'",
        "       form_name",
        "         expected 'a'",
        "         posted   'b'",
        "  and 1 more",
    )


def test_json_content_is_compared_path_by_path_and_the_most_similar_comes_first(
    datazone_ts, post_form
):
    rules = [{"status": "PASS"}, {"status": "FAIL"}]
    post_form(content=json.dumps({"passingPercentage": 87.5, "rules": rules, "name": True}))
    post_form(content='{"passingPercentage": 1, "rules": [], "name": "b"}')

    assert message_of(
        datazone_ts.assert_posted,
        content={
            "passingPercentage": 90,
            "rules": [{"status": "PASS"}, {"status": "PASS", "types": ANY}],
            "name": 1,
        },
    ) == lines(
        "expected a data point to have been posted",
        "  with",
        "    content: {'passingPercentage': 90, 'rules': [{'s... (103 characters)",
        "but none of the 2 posted matched. Nearest first:",
        "  1. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "       content $.passingPercentage",
        "         expected 90",
        "         posted   1",
        "       content $.name",
        "         expected 1",
        "         posted   'b'",
        "       content $.rules (expected 2 items, posted 0)",
        "         [0] missing: {'status': 'PASS'}",
        "         [1] missing: {'status': 'PASS', 'types': <ANY>}",
        "  2. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "       content $.passingPercentage",
        "         expected 90",
        "         posted   87.5",
        "       content $.name",
        "         expected 1",
        "         posted   True",
        "       content $.rules[1].status",
        "         expected 'PASS'",
        "         posted   'FAIL'",
        "       content $.rules[1].types",
        "         expected <ANY>",
        "         posted   missing",
    )


@pytest.mark.parametrize("kind", [list, tuple])
def test_lists_of_different_length_differ_in_their_first_item_that_does_and_in_length(
    datazone_ts, post_form, kind
):
    rules = [{"rule": number, "status": "PASS"} for number in range(20)]
    post_form(content=json.dumps({"evaluations": rules}))
    expected = [*rules[:7], {"status": "FAIL"}, *rules[9:]]

    assert message_of(
        datazone_ts.assert_posted, content={"evaluations": kind(expected)}
    ).splitlines()[5:] == [
        "       content $.evaluations[7].status",
        "         expected 'FAIL'",
        "         posted   'PASS'",
        "       content $.evaluations (expected 19 items, posted 20)",
        "         [19] not expected: {'rule': 19, 'status': 'PASS'}",
    ]
    assert message_of(
        datazone_ts.assert_posted, content={"evaluations": kind([*rules, 1, 2, 3, 4])}
    ).splitlines()[5:] == [
        "       content $.evaluations (expected 24 items, posted 20)",
        "         [20] missing: 1",
        "         [21] missing: 2",
        "         [22] missing: 3",
        "         and 1 more",
    ]


def test_plain_values_that_differ_come_before_lists_and_objects(datazone_ts, post_form):
    rules = [{"status": "PASS"}] * 20
    post_form(content=json.dumps({"evaluations": rules, "passingPercentage": 100.0}))

    message = message_of(
        datazone_ts.assert_posted,
        content={"evaluations": [{"status": "FAIL"}] * 20, "passingPercentage": 0.0},
    )

    assert message.splitlines()[5:11] == [
        "       content $.passingPercentage",
        "         expected 0.0",
        "         posted   100.0",
        "       content $.evaluations[0].status",
        "         expected 'FAIL'",
        "         posted   'PASS'",
    ]


def test_only_the_first_ten_of_many_differences_are_shown(datazone_ts, post_form):
    post_form(content=json.dumps({"scores": [1] * 100_000}))

    message = message_of(datazone_ts.assert_posted, content={"scores": [2] * 100_000})

    assert message.splitlines()[-4:] == [
        "       content $.scores[9]",
        "         expected 2",
        "         posted   1",
        "       and 99990 more differences",
    ]


@pytest.mark.parametrize(
    ("content", "difference"),
    [
        ({}, ["content", "  expected {}", "  posted   None"]),
        ({"content": "text"}, ["content, which is not JSON", "  expected {}", "  posted   'text'"]),
        (
            {"content": "[" * 100_000},
            [
                "content, which is not JSON",
                "  expected {}",
                "  posted   '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[... (100002 characters)",
            ],
        ),
        ({"content": "[1]"}, ["content $", "  expected {}", "  posted   [1]"]),
    ],
    ids=["none", "text", "nested", "list"],
)
def test_content_that_is_not_a_json_object_is_compared_as_text(
    datazone_ts, post_form, content, difference
):
    post_form(**content)

    assert message_of(datazone_ts.assert_posted, content={}) == lines(
        "expected a data point to have been posted",
        "  with",
        "    content: {}",
        "but the only one posted did not match:",
        "  1. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        *[f"       {line}" for line in difference],
    )


def test_long_texts_are_truncated_around_the_first_difference(datazone_ts, post_form):
    post_form(content="x" * 1000 + "posted" + "y" * 1000)

    assert message_of(
        datazone_ts.assert_posted, content="x" * 1000 + "expected" + "z" * 1000
    ) == lines(
        "expected a data point to have been posted",
        "  with",
        f"    content: '{'x' * 37}... (2010 characters)",
        "but the only one posted did not match:",
        "  1. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "       content",
        f"         expected ...{'x' * 10}expected{'z' * 12}... (2010 characters)",
        f"         posted   ...{'x' * 10}posted{'y' * 14}... (2008 characters)",
    )


def test_a_difference_at_the_end_is_shown_too(datazone_ts, post_form):
    post_form(content="x" * 100 + "1")

    assert message_of(datazone_ts.assert_posted, content="x" * 100 + "2").endswith(
        lines(
            f"         expected ...{'x' * 32}2' (103 characters)",
            f"         posted   ...{'x' * 32}1' (103 characters)",
        )
    )


def is_never_true(_):
    return False


def test_a_callable_is_shown_with_its_location(datazone_ts, post_form):
    post_form()
    line = is_never_true.__code__.co_firstlineno

    assert message_of(
        datazone_ts.assert_posted, form_name="completeness", where=is_never_true
    ) == lines(
        "expected a data point to have been posted",
        "  with",
        "    form_name: 'completeness'",
        f"    where: is_never_true (test_messages.py:{line})",
        "but the only one posted did not match:",
        "  1. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        f"       where: is_never_true (test_messages.py:{line}) is false for it",
    )


def test_a_callable_is_not_called_for_points_that_do_not_match_otherwise(datazone_ts, post_form):
    """It would raise here because there is no content."""
    post_form()

    assert message_of(
        datazone_ts.assert_posted, where=lambda point: point.json()["score"], form_name="scores"
    ).endswith(
        lines(
            "       form_name",
            "         expected 'scores'",
            "         posted   'completeness'",
        )
    )


def test_too_few_matched(datazone_ts, post_form):
    post_form(formName="a")
    post_form(formName="b")

    assert message_of(datazone_ts.assert_posted, 2, form_name="a") == lines(
        "expected 2 data points to have been posted",
        "  with",
        "    form_name: 'a'",
        "but 1 matched:",
        "  1. 'a' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "and the other one posted did not match:",
        "  1. 'b' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "       form_name",
        "         expected 'a'",
        "         posted   'b'",
    )

    post_form(formName="b")

    assert "and none of the 2 other posted matched. Nearest first:" in message_of(
        datazone_ts.assert_posted, 2, form_name="a"
    )
    assert message_of(datazone_ts.assert_posted, 4) == lines(
        "expected 4 data points to have been posted",
        "but 3 matched:",
        "  1. 'a' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "  2. 'b' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "  3. 'b' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
    )


def test_too_many_matched(datazone_ts, post_form):
    for _ in range(5):
        post_form(formName="a")
    post_form(formName="b")
    expected = lines(
        "but 5 matched:",
        "  1. 'a' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "  2. 'a' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "  3. 'a' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "  and 2 more",
    )

    assert message_of(datazone_ts.assert_posted, 1, form_name="a") == lines(
        "expected 1 data point to have been posted", "  with", "    form_name: 'a'", expected
    )
    assert message_of(datazone_ts.assert_posted, 0, form_name="a") == lines(
        "expected 0 data points to have been posted", "  with", "    form_name: 'a'", expected
    )


def test_failed_calls_are_listed_as_possibly_missing(datazone_ts, post_form):
    post_form(formName="a")
    datazone_ts.inject("AccessDeniedException", times=2, entity_identifier="other")
    for _ in range(2):
        with pytest.raises(ClientError):
            post_form("other", formName="b")

    assert message_of(datazone_ts.assert_posted, form_name="b") == lines(
        "expected a data point to have been posted",
        "  with",
        "    form_name: 'b'",
        "but the only one posted did not match:",
        "  1. 'a' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "       form_name",
        "         expected 'b'",
        "         posted   'a'",
        "2 calls failed:",
        "  1. PostTimeSeriesDataPoints of ASSET other in us-east-1:",
        "     AccessDeniedException",
        "  2. PostTimeSeriesDataPoints of ASSET other in us-east-1:",
        "     AccessDeniedException",
    )


def test_a_long_name_is_wrapped_and_not_cut(datazone_ts, post_form):
    post_form(formName="customer_orders_completeness_ruleset")

    assert message_of(datazone_ts.assert_not_posted) == lines(
        "expected no data point to have been posted",
        "but 1 was:",
        "  1. 'customer_orders_completeness_ruleset' of ASSET 4wyh64k2n8czaf at",
        "     2024-01-01 00:00:00Z",
    )


def test_assert_posted_returns_the_matching_points(datazone_ts, post_form):
    post_form(formName="a")
    post_form(formName="b")

    assert datazone_ts.assert_posted() == datazone_ts.data_points
    assert datazone_ts.assert_posted(2) == datazone_ts.data_points
    assert datazone_ts.assert_posted(form_name="b").one().form_name == "b"
    assert datazone_ts.assert_posted(0, form_name="c") == []
    assert datazone_ts.assert_not_posted(form_name="c") is None


@pytest.mark.parametrize("count", [-1, True, 1.0, ()])
def test_a_count_is_an_integer(datazone_ts, count):
    with pytest.raises(ValueError, match="takes a number") as caught:
        datazone_ts.assert_posted(count)

    assert str(caught.value) == (
        f"assert_posted(count=...) takes a number of data points, not {count!r}"
    )


@pytest.mark.parametrize(
    ("count", "keyword"),
    [("completeness", "form_name='completeness'"), ({"score": 1}, "content={...}")],
)
def test_what_is_no_count_may_be_for_a_keyword(datazone_ts, count, keyword):
    with pytest.raises(ValueError, match="takes a number") as caught:
        datazone_ts.assert_posted(count)

    assert str(caught.value) == (
        f"assert_posted(count=...) takes a number of data points, not {count!r}. "
        f"Did you mean {keyword}?"
    )


# assert_not_posted


def test_assert_not_posted_lists_the_matching_points(datazone_ts, post_form):
    for name in "abb":
        post_form(formName=name)

    assert message_of(datazone_ts.assert_not_posted, form_name="a") == lines(
        "expected no data point to have been posted",
        "  with",
        "    form_name: 'a'",
        "but 1 matched:",
        "  1. 'a' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
    )
    assert message_of(datazone_ts.assert_not_posted) == lines(
        "expected no data point to have been posted",
        "but 3 were:",
        "  1. 'a' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "  2. 'b' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "  3. 'b' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
    )


# one and latest


def test_one_shows_how_similar_points_differ(datazone_ts, post_form):
    post_form(content='{"passingPercentage": 87.5, "evaluationsCount": 8}')
    post_form(content='{"passingPercentage": 90, "evaluationsCount": 8, "rules": "none"}')

    assert message_of(datazone_ts.data_points.one) == lines(
        "expected exactly one data point, found 2:",
        "  1. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "       content $.passingPercentage: 87.5",
        "       content $.rules: missing",
        "  2. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "       content $.passingPercentage: 90",
        "       content $.rules: 'none'",
        "Narrow it down with where(...), such as",
        "where(content={'passingPercentage': 87.5}).one()",
    )

    post_form(content="[]", typeRevision="2")

    assert message_of(datazone_ts.data_points.one) == lines(
        "expected exactly one data point, found 3:",
        "  1. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "       type_revision: '1'",
        '       content: \'{"passingPercentage": 87.5, "evaluationsCount": 8}\'',
        "  2. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "       type_revision: '1'",
        '       content: \'{"passingPercentage": 90, "evaluatio... (67 characters)',
        "  3. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "       type_revision: '2'",
        "       content: '[]'",
        "Narrow it down with where(...), such as where(type_revision='2').one()",
    )


def test_one_reports_identical_points(datazone_ts, post_form):
    post_form(content="text")
    post_form(content="text")

    assert message_of(datazone_ts.data_points.one) == lines(
        "expected exactly one data point, found 2:",
        "  1. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "  2. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "They differ in nothing but id and posted_at. If it is right that the",
        "same was posted more than once, say so: assert_posted(count=...)",
    )


@pytest.mark.parametrize(
    ("first", "second", "hint"),
    [
        ({}, {"timestamp": 0}, "where(timestamp='2024-01-01T00:00:00+00:00').one()"),
        ({}, {"content": "{}"}, "where(content='{}').one()"),
        ({"content": '{"a": 1}'}, {"content": '{"b": 2}'}, "where(content={'a': 1}).one()"),
        ({"content": "{}"}, {"content": '{"b": 2}'}, "where(content={'b': 2}).one()"),
    ],
)
def test_the_suggestion_of_one_works(datazone_ts, post_form, first, second, hint):
    post_form(**first)
    post_form(**second)

    assert message_of(datazone_ts.data_points.one).replace("\n", " ").endswith(f"such as {hint}")
    assert eval(f"datazone_ts.data_points.{hint}") in datazone_ts.data_points  # noqa: S307


def test_one_suggests_nothing_that_would_not_work(datazone_ts, post_form):
    for content in ("x" * 100, "y" * 100):
        post_form("a", content=content)
        post_form("b", content=content)

    assert message_of(datazone_ts.data_points.one).endswith(
        "\nNarrow it down with where(...), such as where(entity_identifier='a')"
    )


def test_one_shows_how_calls_differ(datazone_ts, datazone_ts_client, post_form):
    post_form(formName="a")
    post_form(formName="b")

    assert message_of(datazone_ts.calls.one) == lines(
        "expected exactly one call, found 2:",
        "  1. PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf in us-east-1: 201",
        "       forms: ['a']",
        "  2. PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf in us-east-1: 201",
        "       forms: ['b']",
        "Narrow it down with where(...), such as where(form_name='a').one()",
    )

    datazone_ts.reset()
    post_form()
    datazone_ts_client.list_time_series_data_points(
        domainIdentifier="dzd_1",
        entityIdentifier="4wyh64k2n8czaf",
        entityType="ASSET",
        formName="completeness",
    )

    assert message_of(datazone_ts.calls.one) == lines(
        "expected exactly one call, found 2:",
        "  1. PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf in us-east-1: 201",
        "  2. ListTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf in us-east-1: 200",
        "Narrow it down with where(...), such as",
        "where(operation='PostTimeSeriesDataPoints').one()",
    )


def test_finding_none_shows_the_selection_and_the_records(datazone_ts, post_form):
    for record in (datazone_ts.data_points.one, datazone_ts.data_points.latest):
        assert message_of(record).endswith(
            "one data point, found none\nThe code under test made no DataZone call."
        )

    post_form()
    datazone_ts.inject("AccessDeniedException")
    with pytest.raises(ClientError):
        post_form("other")
    rest = (
        "but the only one posted did not match:",
        "  1. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "       entity_identifier",
        "         expected 'other'",
        "         posted   '4wyh64k2n8czaf'",
        "1 call failed:",
        "  1. PostTimeSeriesDataPoints of ASSET other in us-east-1:",
        "     AccessDeniedException",
    )
    others = datazone_ts.data_points.where(form_name="completeness").where(
        entity_identifier="other"
    )

    selection = ("  with", "    form_name: 'completeness'", "    entity_identifier: 'other'")
    assert message_of(others.one) == lines("expected exactly one data point", *selection, *rest)
    assert message_of(others.latest) == lines("expected at least one data point", *selection, *rest)

    again = datazone_ts.data_points.where(entity_identifier=ANY).where(entity_identifier="other")

    assert message_of(again.one) == lines(
        "expected exactly one data point", "  with", "    entity_identifier: 'other'", *rest
    )
    assert message_of(datazone_ts.calls.where(form_name="b").one) == lines(
        "expected exactly one call",
        "  with",
        "    form_name: 'b'",
        "The code under test made 2 calls:",
        "  1. PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf in us-east-1: 201",
        "  2. PostTimeSeriesDataPoints of ASSET other in us-east-1:",
        "     AccessDeniedException",
    )


def test_records_made_by_the_user_show_their_selection(datazone_ts, post_form):
    post_form()
    mine = DataPoints(datazone_ts.data_points)

    assert message_of(mine.where(form_name="b").one) == lines(
        "expected exactly one data point",
        "  with",
        "    form_name: 'b'",
        "but the only one posted did not match:",
        "  1. 'completeness' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "       form_name",
        "         expected 'b'",
        "         posted   'completeness'",
    )
    assert message_of(DataPoints().one) == "expected exactly one data point, found none"
    assert message_of(Calls().latest) == "expected at least one call, found none"


def test_selected_records_can_be_copied_and_pickled(datazone_ts, post_form):
    post_form()
    for records in (datazone_ts.data_points, datazone_ts.data_points.where(), datazone_ts.calls):
        assert copy.deepcopy(records) == records
        assert pickle.loads(pickle.dumps(records)) == records  # noqa: S301 - our own bytes


# What strict says at the end of a test


def test_faults_that_were_not_used_up_are_named_briefly():
    mock = mock_datazone_ts()
    injected = [
        (faults.ThrottlingException, "ThrottlingException"),
        (faults.ThrottlingException("slow"), "ThrottlingException(message='slow')"),
        (faults.ThrottlingException(retry_after=2), "ThrottlingException(retry_after=2)"),
        (
            faults.ThrottlingException("slow", retry_after=2),
            "ThrottlingException(message='slow', retry_after=2)",
        ),
        (faults.HttpError(503), "HttpError(status=503)"),
        (faults.HttpError(body="<html>"), "HttpError(body='<html>')"),
        (faults.Latency(3), "Latency(seconds=3)"),
        (faults.ConnectTimeout(), "ConnectTimeout"),
    ]
    ts = mock.__enter__()
    injections = [ts.inject(fault, times=2, after=9) for fault, _ in injected]

    message = None
    try:
        mock.__exit__(None, None, None)
    except AssertionError as error:
        message = str(error)

    assert message == lines(
        "datazone_ts: the test injected faults that were not used up:",
        *[
            f"  {injection.armed_at}: {name} on PostTimeSeriesDataPoints,\n"
            "    after letting 9 more through, used 0 of 2 times"
            for injection, (_, name) in zip(injections, injected, strict=True)
        ],
        "The code under test made no DataZone call. If that is intended, inject",
        "fewer, cancel() the injection, or set the option strict=False.",
    )


def test_unused_faults_are_shown_with_the_operations_that_were_called(make_client):
    client = make_client()
    mock = mock_datazone_ts()
    ts = mock.__enter__()
    injection = ts.inject("ThrottlingException", operation="ListTimeSeriesDataPoints")
    for name in ("a", "b"):
        client.post_time_series_data_points(
            domainIdentifier=DOMAIN,
            entityIdentifier=ENTITY,
            entityType="ASSET",
            forms=[{**FORM, "formName": name}],
        )
    client.delete_time_series_data_points(**{**SERIES, "formName": "a"})

    assert message_of(lambda: mock.__exit__(None, None, None)) == lines(
        "datazone_ts: the test injected faults that were not used up:",
        f"  {injection.armed_at}: ThrottlingException on ListTimeSeriesDataPoints,",
        "    used 0 of 1 times",
        "The code under test called PostTimeSeriesDataPoints (2 times),",
        "DeleteTimeSeriesDataPoints (1 time), but made too few matching attempts.",
        "If that is intended, inject fewer, cancel() the injection, or set the",
        "option strict=False.",
    )


def test_errors_of_the_test_that_the_code_swallowed_are_reported(make_client):
    client = make_client()
    mock = mock_datazone_ts()
    ts = mock.__enter__()
    ts.respond("Search", lambda _: {}["items"])
    for _ in range(2):
        with pytest.raises(KeyError):
            client.search(domainIdentifier="dzd_1", searchScope="ASSET")
        with pytest.raises(NotImplementedError):
            client.list_domains()
        with pytest.raises(NotImplementedError):
            client.delete_environment(domainIdentifier="dzd_1", identifier="environment")

    message = None
    try:
        mock.__exit__(None, None, None)
    except AssertionError as error:
        message = str(error)

    first = test_errors_of_the_test_that_the_code_swallowed_are_reported.__code__.co_firstlineno
    responder, listing, deleting = (location(__file__, first + line) for line in (4, 9, 11))
    assert message == lines(
        "datazone_ts: the code under test swallowed errors that it should not handle:",
        f"  {responder}: KeyError: 'items'",
        f"  {listing}: unhandled DataZone operation ListDomains. Answer it in the test, "
        "such as datazone_ts.respond('ListDomains', {'items': []}), or let it through to the "
        "network or moto with the option unstubbed='passthrough'.",
        f"  {deleting}: unhandled DataZone operation DeleteEnvironment. Answer it in the "
        "test, such as datazone_ts.respond('DeleteEnvironment', {}), or let it through to the "
        "network or moto with the option unstubbed='passthrough'.",
    )


# What pytest makes of them


def test_the_repr_of_a_double_counts_its_contents(datazone_ts, post_form):
    assert repr(datazone_ts) == "<DataZoneTimeSeries: 0 calls, 0 data points>"

    post_form()

    assert repr(datazone_ts) == "<DataZoneTimeSeries: 1 call, 1 data point>"


def test_the_str_of_a_double_is_its_timeline(datazone_ts, datazone_ts_client, post_form):
    assert str(datazone_ts) == "no DataZone call"

    with datazone_ts.inject("AccessDeniedException", form_name="b") as injection:
        for _ in range(7):
            post_form()
        datazone_ts_client.list_time_series_data_points(
            domainIdentifier="dzd_1", entityIdentifier="e", entityType="ASSET", formName="f"
        )
        shown = str(datazone_ts).splitlines()

    assert shown[:2] == [
        "8 calls, 8 attempts, 7 data points stored",
        "1. PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf, domain dzd_5oo7xzoqltu8mf,",
    ]
    assert "... 3 calls omitted (all are in its .calls)" in shown
    assert shown[-4:] == [
        "   attempt 1: 200",
        "Injected and not used up:",
        f"  {injection.armed_at}: AccessDeniedException on PostTimeSeriesDataPoints,",
        "    with form_name='b', used 0 of 1 times",
    ]


def test_a_failure_shows_only_the_users_line(pytester):
    pytester.makepyfile(
        """
        def test_posted(datazone_ts):
            datazone_ts.assert_posted(form_name="a")

        def test_one(datazone_ts):
            datazone_ts.data_points.one()

        def test_latest(datazone_ts):
            datazone_ts.calls.latest()

        def test_not_posted(datazone_ts, datazone_ts_client):
            datazone_ts_client.post_time_series_data_points(
                domainIdentifier="dzd_1", entityIdentifier="e", entityType="ASSET",
                forms=[{"formName": "f", "typeIdentifier": "t", "timestamp": 0}],
            )
            datazone_ts.assert_not_posted()
        """
    )

    result = pytester.runpytest()

    result.assert_outcomes(failed=4)
    result.stdout.no_fnmatch_line("*pytest_datazone_ts*.py:*")
    result.stdout.fnmatch_lines(
        [
            "E       AssertionError: expected a data point to have been posted",
            "E         with",
            "E           form_name: 'a'",
            "E       but no data point was posted.",
            "test_*.py:2: AssertionError",
            "test_*.py:5: AssertionError",
            "test_*.py:8: AssertionError",
            "test_*.py:15: AssertionError",
        ]
    )
    assert max(len(line) for line in result.stdout.lines if line.startswith("E ")) <= 80
