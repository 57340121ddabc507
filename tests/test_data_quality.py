"""The typed view of data-quality content, and whether it contradicts itself."""

from __future__ import annotations

import dataclasses
import json

import pytest

from pytest_datazone_ts import DataQuality, Evaluation

RULES = [
    {
        "description": f"rule {number}",
        "types": ["Completeness"],
        "applicableFields": ["id"],
        "status": status,
        "details": {"EVALUATION_MESSAGE": "ok"},
    }
    for number, status in enumerate(["PASS"] * 7 + ["FAIL"], 1)
]
CONTENT = {"evaluationsCount": 8, "passingPercentage": 87.5, "evaluations": RULES}


@pytest.fixture
def posted(datazone_ts, datazone_ts_client, post):
    """Post content, and return the data point."""

    def posted(content, **members):
        text = content if isinstance(content, str) else json.dumps(content)
        post(datazone_ts_client, content=text, **members)
        return datazone_ts.data_points[-1]

    return posted


def test_it_has_what_was_posted(posted):
    quality = posted(CONTENT).data_quality

    assert isinstance(quality, DataQuality)
    assert quality.passing_percentage == 87.5
    assert quality.evaluations_count == 8
    assert len(quality.evaluations) == 8
    assert quality.passed == quality.evaluations[:7]
    assert quality.failed == quality.evaluations[7:]
    assert quality.rule("rule 8") == Evaluation(
        description="rule 8",
        types=("Completeness",),
        applicable_fields=("id",),
        status="FAIL",
        details={"EVALUATION_MESSAGE": "ok"},
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        quality.passing_percentage = 100


def test_anything_may_be_missing(posted):
    assert posted({}).data_quality == DataQuality(
        passing_percentage=None, evaluations_count=None, evaluations=()
    )
    assert posted({"evaluations": [{}]}).data_quality.evaluations == (
        Evaluation(description=None, types=(), applicable_fields=(), status=None, details={}),
    )


def test_a_rule_is_the_only_one_of_its_description(posted):
    quality = posted({"evaluations": [RULES[0], RULES[1], RULES[1]]}).data_quality

    with pytest.raises(AssertionError) as none:
        quality.rule("rule_1")
    with pytest.raises(AssertionError) as two:
        quality.rule("rule 2")

    rules = "\n  1. rule 1\n  2. rule 2\n  3. rule 2"
    assert str(none.value) == (
        f"expected exactly one rule 'rule_1', found 0. Did you mean 'rule 1'?{rules}"
    )
    assert str(two.value) == f"expected exactly one rule 'rule 2', found 2.{rules}"


@pytest.mark.filterwarnings("ignore::pytest_datazone_ts.DataZoneContentWarning")
@pytest.mark.parametrize(
    ("content", "members", "reason"),
    [
        (
            "{}",
            {"typeIdentifier": "team.ScoreFormType"},
            "its type is team.ScoreFormType",
        ),
        (
            {"passingPercentage": "87.5", "evaluations": [{"status": 1}]},
            {},
            (
                'at $.passingPercentage: found "87.5", expected a number from 0 to 100; '
                'at $.evaluations[0].status: found 1, expected "PASS" or "FAIL"'
            ),
        ),
        ("[]", {}, "at $: found [], expected an object"),
        (
            "text",
            {},
            (
                "at $: found text that is not JSON (Expecting value: line 1 column 1 (char 0)), "
                "expected JSON"
            ),
        ),
    ],
    ids=["type", "shape", "list", "text"],
)
def test_what_is_none_says_why(posted, content, members, reason):
    point = posted(content, **members)

    with pytest.raises(ValueError, match="is not a DataQualityResultFormType") as caught:
        point.data_quality  # noqa: B018

    assert caught.value.__suppress_context__
    assert str(caught.value) == (
        f"data point {point.id} (completeness) is not a DataQualityResultFormType: {reason}"
    )


def test_no_content_is_none(posted):
    point = dataclasses.replace(posted("{}"), content=None)

    with pytest.raises(ValueError, match=r"is not a DataQualityResultFormType: it has no content$"):
        point.data_quality  # noqa: B018


@pytest.mark.filterwarnings("ignore::pytest_datazone_ts.DataZoneContentWarning")
def test_the_message_says_why_a_point_has_no_percentage(datazone_ts, posted):
    posted('{"passingPercentage": 87.5}', typeIdentifier="team.ScoreFormType")

    with pytest.raises(AssertionError) as caught:
        datazone_ts.assert_posted(passing_percentage=87.5)

    assert str(caught.value).splitlines()[-3:] == [
        "       passing_percentage",
        "         expected 87.5",
        "         posted   none: its type is team.ScoreFormType",
    ]
    datazone_ts.reset()
    posted('{"passingPercentage": "87.5"}')

    with pytest.raises(AssertionError) as caught:
        datazone_ts.assert_posted(passing_percentage=87.5)

    assert str(caught.value).splitlines()[-3:] == [
        "         expected 87.5",
        '         posted   none: at $.passingPercentage: found "87.5", expected a',
        "                  number from 0 to 100",
    ]
    posted('{"passingPercentage": 0.875}')
    with pytest.raises(AssertionError, match=r"posted   0\.875"):
        datazone_ts.assert_posted(passing_percentage=87.5)


@pytest.mark.filterwarnings("ignore::pytest_datazone_ts.DataZoneContentWarning")
@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, ()),
        (
            {"passingPercentage": 88.0},
            ("passingPercentage is 88.0, but 7 of 8 evaluations passed, which is 87.5",),
        ),
        ({"evaluationsCount": 9}, ("evaluationsCount is 9, but 8 were posted",)),
        (
            {"passingPercentage": 100, "evaluations": [{"status": "PASS"}]},
            ("evaluationsCount is 8, but 1 was posted",),
        ),
        (
            {"evaluations": [*RULES[:7], {"status": "ERROR"}]},
            ("evaluations[7] has the status 'ERROR', neither 'PASS' nor 'FAIL'",),
        ),
        ({"evaluations": []}, ()),
        ({"passingPercentage": 66.67, "evaluations": RULES[5:], "evaluationsCount": 3}, ()),
    ],
    ids=["none", "share", "count", "count of 1", "status", "no evaluations", "rounded"],
)
def test_inconsistencies_of_the_content(posted, changed, found):
    assert posted({**CONTENT, **changed}).data_quality.inconsistencies() == found


def test_a_percentage_may_be_rounded_more(posted):
    """As in AWS's own example."""
    quality = posted({**CONTENT, "passingPercentage": 88.0}).data_quality

    assert quality.inconsistencies(tolerance=0.5) == ()


def test_what_is_missing_contradicts_nothing(posted):
    assert posted({"evaluations": RULES}).data_quality.inconsistencies() == ()
