"""What ``assert ... == ...`` shows for data points, calls and attempts, word for word."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timezone
from unittest.mock import ANY

import pytest
from botocore.exceptions import ClientError

from pytest_datazone_ts import faults

ENTITY = {
    "domainIdentifier": "dzd_5oo7xzoqltu8mf",
    "entityIdentifier": "4wyh64k2n8czaf",
    "entityType": "ASSET",
}
SCORE = '{"evaluationsCount": 8, "passingPercentage": 87.5, "rules": [{"status": "PASS"}, 1]}'


@pytest.fixture
def post(datazone_ts_client):
    """Post forms with the given names."""

    def post(*names, content=SCORE, **keywords):
        forms = [
            {
                "formName": name,
                "typeIdentifier": "team.ScoreFormType",
                "timestamp": 1704067200,
                "content": content,
            }
            for name in names
        ]
        datazone_ts_client.post_time_series_data_points(**ENTITY, forms=forms, **keywords)

    return post


@pytest.fixture
def points(datazone_ts, post):
    post("a", "b", "c", "d")
    return datazone_ts.data_points


@pytest.fixture
def compared(pytestconfig, monkeypatch):
    """Return what the plugin makes pytest show for ``assert left == right``."""
    plugin = pytestconfig.pluginmanager.get_plugin("pytest_datazone_ts.plugin")

    def compared(left, right, verbose=0, op="=="):
        monkeypatch.setattr(pytestconfig.option, "verbose", verbose)
        return plugin.pytest_assertrepr_compare(pytestconfig, op, left, right)

    return compared


# Two records


def test_data_points_field_by_field(points, compared):
    other = replace(
        points[0],
        id=ANY,
        type_revision="8",
        timestamp=datetime(2024, 1, 2, tzinfo=timezone.utc),
        region="eu-central-1",
    )

    assert compared(points[0], other) == [
        "DataPoint == DataPoint",
        "type_revision: '1' != '8'",
        "timestamp: 2024-01-01 00:00:00Z != 2024-01-02 00:00:00Z",
        "region: 'us-east-1' != 'eu-central-1'",
    ]


@pytest.mark.parametrize(
    ("content", "difference"),
    [
        (
            '{"passingPercentage": 90, "rules": [{"status": "FAIL"}], "more": {"x": null}}',
            [
                "content $.evaluationsCount: 8 != missing",
                "content $.passingPercentage: 87.5 != 90",
                "content $.rules[0].status: 'PASS' != 'FAIL'",
                "content $.rules[1]: 1 != missing",
                "content $.more: missing != {'x': None}",
            ],
        ),
        (SCORE.replace(", 1]", ", true]"), ["content $.rules[1]: 1 != True"]),
        (
            "[]",
            [
                "content $",
                "  left  {'evaluationsCount': 8, 'passingPercentage'... (84 characters)",
                "  right []",
            ],
        ),
        (
            SCORE.replace(" ", ""),
            [
                "content",
                '  left  ...tionsCount": 8, "passingPercentage": 87.... (86 characters)',
                '  right ...tionsCount":8,"passingPercentage":87.5,"... (79 characters)',
            ],
        ),
        (
            "text",
            ["content", f"  left  '{SCORE[:42]}... (86 characters)", "  right 'text'"],
        ),
        (None, ["content", f"  left  '{SCORE[:42]}... (86 characters)", "  right None"]),
        (
            "[" * 100_000,
            [
                "content",
                f"  left  '{SCORE[:42]}... (86 characters)",
                f"  right '{'[' * 38}... (100002 characters)",
            ],
        ),
    ],
    ids=["json", "true is not 1", "list", "spaces", "text", "none", "nested"],
)
def test_content_path_by_path_where_both_are_json(points, compared, content, difference):
    assert compared(points[0], replace(points[0], content=content)) == [
        "DataPoint == DataPoint",
        *difference,
    ]


def test_calls(datazone_ts, post, compared):
    post("a", "b", clientToken="first")
    datazone_ts.inject("AccessDeniedException")
    with pytest.raises(ClientError):
        post("a", content='{"evaluationsCount": 9}', clientToken="second")
    left, right = datazone_ts.calls
    moment = datetime(2024, 1, 1, tzinfo=timezone.utc)
    left, right = (
        replace(call, attempts=(replace(call.attempts[0], at=moment, armed_at=None),))
        for call in (left, right)
    )

    shown = compared(left, right)
    # The members of a request are in the order of botocore's model, whose versions differ.
    shown.remove("parameters.clientToken: differs, and is not shown")
    shown = [re.sub(r"{.*\.\.\. ", "{... ", line) for line in shown]
    assert shown == [
        "Call == Call",
        "parameters.forms[0].content $.evaluationsCount: 8 != 9",
        "parameters.forms[0].content $.passingPercentage: 87.5 != missing",
        "parameters.forms[0].content $.rules",
        "  left  [{'status': 'PASS'}, 1]",
        "  right missing",
        "parameters.forms[1]",
        "  left  {... (236 characters)",
        "  right missing",
        "attempts[0].status_code: 201 != 403",
        "attempts[0].error_code: None != 'AccessDeniedException'",
        "attempts[0].fault: None != AccessDeniedException",
    ]
    ids = [
        "attempts[0].request_id",
        f"  left  {left.attempts[0].request_id!r}",
        f"  right {right.attempts[0].request_id!r}",
    ]
    assert compared(left, right, verbose=2)[-3:] == ids
    other_id = replace(left.attempts[0], request_id=right.attempts[0].request_id)
    assert compared(left, replace(left, attempts=(other_id,))) == ["Call == Call", *ids]


def test_attempts(datazone_ts, post, compared):
    datazone_ts.inject(faults.HttpError(503))
    post("a")
    first, second = datazone_ts.calls.one().attempts

    assert compared(first, replace(first, number=2, slept=ANY, error_code=None)) == [
        "Attempt == Attempt",
        "number: 1 != 2",
        "error_code: '503' != None",
    ]
    assert compared((first, second), (second,)) == [
        "tuple of 2 == tuple of 1",
        "only on the left: [0] attempt 1: 503",
    ]


def test_a_naive_timestamp_is_named_as_such(points, compared):
    naive = datetime(2024, 1, 1)  # noqa: DTZ001
    hint = "a naive datetime never equals an aware one: give it tzinfo=timezone.utc"

    assert compared(points[0].timestamp, naive) == [
        "2024-01-01 00:00:00Z == 2024-01-01 00:00:00 (naive)",
        hint,
    ]
    assert compared(naive, points[0].timestamp) == [
        "2024-01-01 00:00:00 (naive) == 2024-01-01 00:00:00Z",
        hint,
    ]
    assert compared(points[0], replace(points[0], timestamp=naive)) == [
        "DataPoint == DataPoint",
        "timestamp: 2024-01-01 00:00:00Z != 2024-01-01 00:00:00 (naive)",
    ]
    assert compared(naive, naive.replace(day=2)) is None
    assert compared(points[0].timestamp, points[0].posted_at) is None


# Sequences of them


def test_missing_and_extra_items_are_distinguished_from_different_ones(points, compared):
    a, b, _, d = points

    assert compared(points, [a, replace(b, form_name="x"), d, "d"]) == [
        "DataPoints of 4 == list of 4",
        "[1] 'b' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "  form_name: 'b' != 'x'",
        "only on the left: [2] 'c' of ASSET 4wyh64k2n8czaf at 2024-01-01",
        "    00:00:00Z",
        "only on the right: [3] 'd'",
    ]
    assert compared((b, d), points) == [
        "tuple of 2 == DataPoints of 4",
        "only on the right: [0] 'a' of ASSET 4wyh64k2n8czaf at 2024-01-01",
        "    00:00:00Z",
        "only on the right: [2] 'c' of ASSET 4wyh64k2n8czaf at 2024-01-01",
        "    00:00:00Z",
    ]
    assert compared([a, b, d], [b, replace(d, region="x")]) == [
        "list of 3 == list of 2",
        "only on the left: [0] 'a' of ASSET 4wyh64k2n8czaf at 2024-01-01",
        "    00:00:00Z",
        "left [2], right [1]: 'd' of ASSET 4wyh64k2n8czaf at 2024-01-01",
        "    00:00:00Z",
        "  region: 'us-east-1' != 'x'",
    ]


def test_an_item_that_is_not_a_record_is_shown_as_is(points, compared, datazone_ts):
    early = replace(points[0], posted_at=datetime(2024, 1, 1, tzinfo=timezone.utc))

    assert compared([early], ["a"]) == [
        "list of 1 == list of 1",
        "[0] 'a' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z",
        "  'a' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z != 'a'",
    ]
    assert compared(points[:1], [float("nan"), points[0]]) == [
        "DataPoints of 1 == list of 2",
        "only on the right: [0] nan",
    ]
    assert compared(datazone_ts.calls, []) == [
        "Calls of 1 == list of 0",
        "only on the left: [0] PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf",
        "    in us-east-1: 201",
    ]


def test_a_record_never_equals_a_dict(points, compared, datazone_ts):
    hint = [
        "a record never equals a dict: compare data_points.as_dicts(), or",
        "calls.as_dicts(), with dicts. For one field, select the record with",
        "where(...).one(), and compare the field, or json().",
    ]

    assert compared(points, [{}, {}]) == ["DataPoints of 4 == list of 2", *hint]
    assert compared([{}], datazone_ts.calls) == ["list of 1 == Calls of 1", *hint]
    assert compared(points[0], {"form_name": "a"}) == ["DataPoint == dict", *hint]
    assert compared({}, datazone_ts.calls[0]) == ["dict == Call", *hint]


def test_many_differences_are_counted_unless_very_verbose(points, compared):
    many = [*points] * 200
    others = [replace(point, region="x") if point.form_name > "a" else point for point in many]

    shown = compared(many, others)
    assert len(shown) == 1 + 2 * 5 + 1
    assert shown[-1] == "and 595 more differ (pytest -vv shows all)"
    assert len(compared(many, others, verbose=2)) == 1 + 2 * 600


def test_very_verbose_truncates_nothing(points, compared):
    left, right = points[0], replace(points[0], content="x" * 1000)

    assert compared(left, right, verbose=2) == [
        "DataPoint == DataPoint",
        "content",
        f"  left  {SCORE!r}",
        f"  right {'x' * 1000!r}",
    ]


# What is left to pytest


@pytest.mark.parametrize(
    "values", [([], []), (1, 2), ([1], [2]), ("a", "b"), ({"a": 1}, {}), ([], ["x"])]
)
def test_other_comparisons_are_left_to_pytest(compared, values):
    for left, right in (values, values[::-1]):
        assert compared(left, right) is None


def test_comparisons_of_records_with_other_values_are_left_to_pytest(compared, points, datazone_ts):
    for left, right in [
        (points[0], datazone_ts.calls[0]),
        (points[0], points[0]),
        (points, points),
        (points, "points"),
        (points, None),
    ]:
        assert compared(left, right) is None
    assert compared(points[0], points[1], op="!=") is None


def test_it_imports_nothing_in_a_run_without_records(pytester):
    pytester.makepyfile(
        """
        import sys

        def test():
            loaded = {*sys.modules}
            try:
                assert [1] == [2]
            except AssertionError as failure:
                assert "At index 0 diff" in str(failure)
            found = {*sys.modules} - loaded
            assert not {name for name in found if name.startswith("pytest_datazone_ts")}
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


# As pytest shows it


def test_on_the_screen(pytester):
    pytester.makepyfile(
        """
        from dataclasses import replace

        def test(datazone_ts, datazone_ts_client):
            datazone_ts_client.post_time_series_data_points(
                domainIdentifier="dzd_1", entityIdentifier="e", entityType="ASSET",
                forms=[{"formName": f, "typeIdentifier": "t", "timestamp": 0} for f in "%~"],
            )
            points = datazone_ts.data_points
            assert points == [replace(points[0], content="100%")]
        """
    )
    result = pytester.runpytest()

    result.stdout.fnmatch_lines(
        [
            "E       AssertionError: assert DataPoints of 2 == list of 1",
            "E         [[]0] '%' of ASSET e at 1970-01-01 00:00:00Z",
            "E           content: None != '100%'",
            "E         only on the left: [[]1] '~' of ASSET e at 1970-01-01 00:00:00Z",
        ],
        consecutive=True,
    )
    assert max(len(line) for line in result.stdout.lines if line.startswith("E ")) <= 80
