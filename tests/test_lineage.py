"""Lineage events: posted, listed and read back, and seen by the test."""

from __future__ import annotations

import json
import pickle
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from freezegun import freeze_time
from sample import DOMAIN, service

from pytest_datazone_ts import LineageDataset, LineageEvents

pytestmark = pytest.mark.skipif(
    "PostLineageEvent" not in service().operation_names,
    reason="this botocore is older than lineage events",
)

NOW = datetime(2024, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
DAY = timedelta(days=1)
RUN = "3b452093-782c-4ef2-9c0c-aafe2aa6f34d"


def an_event(job: str = "score", **members: Any) -> dict[str, Any]:
    return {
        "eventType": "COMPLETE",
        "eventTime": "2024-01-01T12:00:00.250Z",
        "run": {"runId": RUN},
        "job": {"namespace": "zoo", "name": job},
        "inputs": [{"namespace": "s3://zoo", "name": "penguins"}],
        "outputs": [],
        "producer": "https://example.com/pipeline",
        **members,
    }


@pytest.fixture
def post_event(datazone_ts_client):
    def post_event(event: Any, **parameters: Any) -> str:
        text = event if isinstance(event, bytes) else json.dumps(event).encode()
        return datazone_ts_client.post_lineage_event(
            **{"domainIdentifier": DOMAIN, "event": text, **parameters}
        )["id"]

    return post_event


@pytest.fixture
def listed(datazone_ts_client):
    def listed(**parameters: Any) -> list[str]:
        pages = datazone_ts_client.get_paginator("list_lineage_events").paginate(
            domainIdentifier=DOMAIN, **parameters
        )
        return [item["id"] for page in pages for item in page["items"]]

    return listed


@freeze_time(NOW)
def test_an_event_is_recorded(datazone_ts, post_event):
    identifier = post_event(an_event())

    event = datazone_ts.lineage_events.one()
    assert event.id == identifier
    assert event.domain_identifier == DOMAIN
    assert (event.event_type, event.run_id) == ("COMPLETE", RUN)
    assert event.event_time == datetime(2024, 1, 1, 12, 0, 0, 250_000, tzinfo=timezone.utc)
    assert (event.job_namespace, event.job_name) == ("zoo", "score")
    assert event.inputs == (LineageDataset("s3://zoo", "penguins"),)
    assert event.outputs == ()
    assert (event.processing_status, event.region) == ("SUCCESS", "us-east-1")
    assert event.posted_at == NOW
    assert event.json() == an_event()
    assert event.content == json.dumps(an_event())


@freeze_time(NOW)
def test_an_event_is_read_back(datazone_ts_client, post_event):
    identifier = post_event(an_event())
    where = {"domainIdentifier": DOMAIN}

    found = datazone_ts_client.get_lineage_event(**where, identifier=identifier)
    [item] = datazone_ts_client.list_lineage_events(**where)["items"]

    assert json.loads(found["event"].read()) == an_event()
    about = {
        "id": identifier,
        "domainId": DOMAIN,
        "processingStatus": "SUCCESS",
        "createdAt": NOW,
    }
    # In headers, times have no fractions.
    assert (
        found.items() >= {**about, "eventTime": datetime(2024, 1, 1, 12, tzinfo=NOW.tzinfo)}.items()
    )
    assert item.pop("eventSummary") == {
        "openLineageRunEventSummary": {
            "eventType": "COMPLETE",
            "runId": RUN,
            "job": {"namespace": "zoo", "name": "score"},
            "inputs": [{"namespace": "s3://zoo", "name": "penguins"}],
            "outputs": [],
        }
    }
    assert item == {
        **about,
        "eventTime": datetime(2024, 1, 1, 12, 0, 0, 250_000, tzinfo=timezone.utc),
    }


def test_an_unknown_event_is_not_found(datazone_ts, datazone_ts_client, session, post_event):
    identifier = post_event(an_event())
    elsewhere = session.client("datazone", region_name="eu-west-1")
    for client, domain, unknown in [
        (datazone_ts_client, DOMAIN, "athp9dyw75gzhj"),
        (datazone_ts_client, "dzd_other", identifier),
        (elsewhere, DOMAIN, identifier),
    ]:
        with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
            client.get_lineage_event(domainIdentifier=domain, identifier=unknown)
        assert caught.value.response["Error"]["Message"] == (
            "The given LineageEvent doesn't exist. Try creating LineageEvent before accessing it."
        )
        reason = datazone_ts.calls[-1].attempts[0].reason
        assert reason.startswith(f"no lineage event '{unknown}' was posted to domain '{domain}'")
    assert elsewhere.list_lineage_events(domainIdentifier=DOMAIN)["items"] == []


def test_events_are_listed_newest_first(datazone_ts_client, post_event, listed):
    days = [2, 1, 3]
    ids = {day: post_event(an_event(eventTime=f"2024-01-0{day}T00:00:00Z")) for day in days}
    ids[4] = post_event(b"not JSON")

    def at(day: int) -> datetime:
        return datetime(2024, 1, day, tzinfo=timezone.utc)

    assert listed(timestampBefore=at(9)) == [ids[3], ids[2], ids[1]]
    assert listed(timestampBefore=at(9), PaginationConfig={"PageSize": 1}) == [
        *(ids[3], ids[2], ids[1])
    ]
    assert listed(timestampBefore=at(2), sortOrder="ASCENDING") == [ids[1], ids[2]]
    assert listed(timestampAfter=at(2), processingStatus="SUCCESS") == [ids[3], ids[2]]
    assert listed(processingStatus="FAILED") == [ids[4]]
    [failed] = datazone_ts_client.list_lineage_events(
        domainIdentifier=DOMAIN, processingStatus="FAILED"
    )["items"]
    assert "eventSummary" not in failed


@pytest.mark.parametrize(
    "event",
    [
        b"",
        b"not JSON",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        an_event(eventTime="yesterday"),
        an_event(eventTime=None),
        an_event(eventTime="May"),
        an_event(eventTime="inf"),
        an_event(eventTime="2024-01-01T12:00:00"),
        an_event(eventTime="0001-01-01T00:00:00+14:00"),
        an_event(eventType="DONE"),
        an_event(eventType=["COMPLETE"]),
        an_event(run={}),
        an_event(run=[], inputs={}, outputs=["penguins"]),
        an_event(job={"name": "score"}),
    ],
    ids=range(16),
)
@freeze_time(NOW)
def test_what_is_not_a_run_event_is_kept_as_failed(
    datazone_ts, datazone_ts_client, post_event, event
):
    identifier = post_event(event)

    stored = datazone_ts.lineage_events.one()
    assert stored.processing_status == "FAILED"
    if not isinstance(event, dict) or event["eventTime"] != an_event()["eventTime"]:
        assert stored.event_time == NOW
    found = datazone_ts_client.get_lineage_event(domainIdentifier=DOMAIN, identifier=identifier)
    sent = event if isinstance(event, bytes) else json.dumps(event).encode()
    assert found["event"].read() == sent
    assert found["processingStatus"] == "FAILED"


def test_content_that_is_not_json_has_no_json(datazone_ts, post_event):
    post_event(b"not JSON")
    event = datazone_ts.lineage_events.one()
    with pytest.raises(ValueError, match=f"^the content of lineage event {event.id} is not JSON: "):
        event.json()


def test_an_event_may_have_no_type(datazone_ts_client, post_event):
    event = an_event()
    del event["eventType"], event["inputs"]
    post_event(event)
    [item] = datazone_ts_client.list_lineage_events(domainIdentifier=DOMAIN)["items"]
    assert {"eventType", "runId"} & {*item["eventSummary"]["openLineageRunEventSummary"]} == {
        "runId"
    }


def test_a_token_posts_once(datazone_ts, post_event):
    first = post_event(an_event(), clientToken="token")
    assert post_event(an_event(), clientToken="token") == first
    assert post_event(an_event()) != first
    with pytest.raises(ClientError, match="ConflictException"):
        post_event(an_event("other"), clientToken="token")
    assert len(datazone_ts.lineage_events) == 2


def test_an_event_that_is_too_long_is_rejected(datazone_ts, post_event):
    post_event(b"x" * 300_000)
    with pytest.raises(ClientError, match=r"Value at 'event' failed .* equal to 300000"):
        post_event(b"x" * 300_001)
    assert len(datazone_ts.lineage_events) == 1


def test_a_lost_response_stores_one_event(datazone_ts, make_client):
    datazone_ts.inject("ResponseLost", operation="PostLineageEvent")
    make_client().post_lineage_event(domainIdentifier=DOMAIN, event=json.dumps(an_event()).encode())
    assert [len(call.attempts) for call in datazone_ts.calls] == [2]
    assert len(datazone_ts.lineage_events) == 1


def test_reset_forgets_the_events(datazone_ts, post_event, listed):
    post_event(an_event())
    datazone_ts.reset()
    assert datazone_ts.lineage_events == []
    assert listed() == []


# where, one and latest


def test_events_are_selected(datazone_ts, post_event):
    for job in ("score", "load"):
        for kind in ("START", "COMPLETE"):
            post_event(an_event(job, eventType=kind))
    events = datazone_ts.lineage_events

    assert isinstance(events, LineageEvents)
    assert events.latest() == events[-1]
    assert [each.event_type for each in events.where(job_name="load")] == ["START", "COMPLETE"]
    assert events.where(job_name="load", event_type="START").one() == events[2]
    assert len(events.where(content={"run": {"runId": RUN}})) == 4
    assert events.where(where=lambda event: event.inputs == ()) == []
    assert pickle.loads(pickle.dumps(events)) == events  # noqa: S301 - the test's own


def test_an_unknown_keyword_is_an_error(datazone_ts):
    with pytest.raises(TypeError) as caught:
        datazone_ts.lineage_events.where(job="score")
    assert str(caught.value) == (
        "LineageEvents.where() got an unknown keyword 'job'. Did you mean 'job_name'? Valid "
        "keywords: domain_identifier, event_type, run_id, job_namespace, job_name, "
        "processing_status, content, region, where."
    )


def test_the_messages_of_one(datazone_ts, post_event):
    with pytest.raises(AssertionError) as caught:
        datazone_ts.lineage_events.one()
    assert str(caught.value) == "expected exactly one lineage event, found none"
    post_event(an_event(eventType="START"))
    with pytest.raises(AssertionError) as caught:
        datazone_ts.lineage_events.where(job_name="load").one()
    assert str(caught.value) == (
        "expected exactly one lineage event\n"
        "  with\n"
        "    job_name: 'load'\n"
        "The code under test posted 1 lineage event\n"
        f"  1. START of job zoo/score, run {RUN}"
    )
    post_event(an_event())
    with pytest.raises(AssertionError) as caught:
        datazone_ts.lineage_events.one()
    assert str(caught.value) == (
        "expected exactly one lineage event, found 2:\n"
        f"  1. START of job zoo/score, run {RUN}\n"
        f"  2. COMPLETE of job zoo/score, run {RUN}\n"
        "Narrow it down with where(...), such as where(event_type='START').one()"
    )


# OpenLineage's own client


def test_the_transport_of_openlineage(datazone_ts, datazone_ts_client):
    openlineage = pytest.importorskip("openlineage.client.transport.amazon_datazone")
    client_module = pytest.importorskip("openlineage.client.client")
    events = pytest.importorskip("openlineage.client.event_v2")
    config = openlineage.AmazonDataZoneConfig(domain_id=DOMAIN, region="us-east-1")
    client = client_module.OpenLineageClient(transport=openlineage.AmazonDataZoneTransport(config))

    client.emit(
        events.RunEvent(
            eventType=events.RunState.COMPLETE,
            eventTime="2024-01-01T12:00:00Z",
            run=events.Run(runId=RUN),
            job=events.Job(namespace="zoo", name="score"),
            inputs=[events.InputDataset(namespace="s3://zoo", name="penguins")],
            producer="https://example.com/pipeline",
        )
    )
    client.close()

    event = datazone_ts.lineage_events.one()
    assert (event.event_type, event.job_name, event.run_id) == ("COMPLETE", "score", RUN)
    assert event.inputs == (LineageDataset("s3://zoo", "penguins"),)
    assert event.processing_status == "SUCCESS"
    [item] = datazone_ts_client.list_lineage_events(domainIdentifier=DOMAIN)["items"]
    assert item["id"] == event.id
