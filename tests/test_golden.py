"""Records as plain dicts, which are the same in every run."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from sample import DOMAIN, ENTITY, FORM, service

from pytest_datazone_ts import faults, mock_datazone_ts

POINT = {
    "domain_identifier": DOMAIN,
    "entity_identifier": ENTITY,
    "entity_type": "ASSET",
    "form_name": "completeness",
    "type_identifier": "amazon.datazone.DataQualityResultFormType",
    "type_revision": "8",
    "timestamp": "2024-01-01T00:00:00+00:00",
    "content": {"evaluationsCount": 8, "passingPercentage": 87.5, "evaluations": []},
    "region": "us-east-1",
}


CALL = {"domainIdentifier": DOMAIN, "entityIdentifier": ENTITY, "entityType": "ASSET"}


def run(make_client, post):
    """Post with faults, and read back what was posted, page by page."""
    client = make_client()
    with mock_datazone_ts() as ts:
        ts.inject("ThrottlingException")
        ts.inject(faults.HttpError(503))
        post(client)
        post(client, clientToken="token")
        noon = datetime(2024, 1, 1, 12, tzinfo=timezone(timedelta(hours=12)))
        pages = client.get_paginator("list_time_series_data_points").paginate(
            **CALL, formName="completeness", startedAt=noon, PaginationConfig={"PageSize": 1}
        )
        assert len([*pages]) == 2
        return ts.data_points.as_dicts(), ts.calls.as_dicts()


def test_they_are_the_same_in_every_run_and_json(make_client, post):
    points, calls = run(make_client, post)

    assert (points, calls) == run(make_client, post)
    assert json.loads(json.dumps([points, calls])) == [points, calls]


def test_what_they_hold(make_client, post):
    points, calls = run(make_client, post)

    created = {"number": 1, "status_code": 201, "error_code": None, "fault": None}
    form = {**FORM, "timestamp": POINT["timestamp"], "content": POINT["content"]}
    posted = {**CALL, "forms": [form]}
    listed = {
        **CALL,
        "formName": "completeness",
        "maxResults": 1,
        "startedAt": POINT["timestamp"],
    }
    assert points == [POINT, POINT]
    assert calls == [
        {
            "operation": "PostTimeSeriesDataPoints",
            "parameters": posted,
            "attempts": [
                {
                    "number": 1,
                    "status_code": 429,
                    "error_code": "ThrottlingException",
                    "fault": "ThrottlingException",
                },
                {
                    "number": 2,
                    "status_code": 503,
                    "error_code": "503",
                    "fault": "HttpError(status=503)",
                },
                {**created, "number": 3},
            ],
            "region": "us-east-1",
        },
        {
            "operation": "PostTimeSeriesDataPoints",
            "parameters": posted,
            "attempts": [created],
            "region": "us-east-1",
        },
        *[
            {
                "operation": "ListTimeSeriesDataPoints",
                "parameters": listed,
                "attempts": [{**created, "status_code": 200}],
                "region": "us-east-1",
            }
        ]
        * 2,
    ]


@pytest.mark.parametrize(
    ("content", "parsed"),
    [
        ('{"b": 1, "a": [null]}', {"b": 1, "a": [None]}),
        ("87.5", 87.5),
        ("text", "text"),
        ("", ""),
        ('{"score": NaN}', '{"score": NaN}'),
        ("-Infinity", "-Infinity"),
        ("[" * 100_000, "[" * 100_000),
    ],
    ids=["object", "number", "text", "empty", "nan", "infinity", "nested"],
)
def test_content_is_parsed_where_it_is_json(datazone_ts, datazone_ts_client, post, content, parsed):
    post(datazone_ts_client, typeIdentifier="team.ScoreFormType", content=content)

    assert datazone_ts.data_points.as_dicts()[0]["content"] == parsed
    [form] = datazone_ts.calls.as_dicts()[0]["parameters"]["forms"]
    assert form["content"] == parsed


def test_a_point_may_have_no_content(datazone_ts, datazone_ts_client, post):
    form = {name: FORM[name] for name in ("formName", "typeIdentifier", "timestamp")}
    post(datazone_ts_client, forms=[form])

    assert datazone_ts.data_points.as_dicts() == [{**POINT, "content": None}]


@pytest.mark.skipif(
    "PostLineageEvent" not in service().operation_names,
    reason="this botocore is older than lineage events",
)
def test_bytes_are_text(datazone_ts, datazone_ts_client):
    datazone_ts.respond("PostLineageEvent", {})
    datazone_ts_client.post_lineage_event(domainIdentifier=DOMAIN, event=b'{"run": 1}\xff')

    assert datazone_ts.calls.as_dicts()[0]["parameters"] == {
        "domainIdentifier": DOMAIN,
        "event": '{"run": 1}\\xff',
    }
