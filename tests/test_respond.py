"""``respond``: any of DataZone's operations, answered by the test."""

from __future__ import annotations

import re
from datetime import datetime, timezone

import pytest
from botocore import xform_name
from freezegun import freeze_time
from sample import service
from shapes import example

from pytest_datazone_ts import UnansweredOperationError

DOMAIN = "dzd_5oo7xzoqltu8mf"
TIME_SERIES = re.compile("TimeSeriesDataPoint")


def test_every_operation_of_datazone_can_be_answered(datazone_ts, datazone_ts_client):
    operations = datazone_ts_client.meta.service_model
    answered = []
    for name in operations.operation_names:
        operation = operations.operation_model(name)
        if TIME_SERIES.search(name) or operation.has_streaming_output:
            continue
        request = example(operation.input_shape, whole=False)
        shape = operation.output_shape
        response = {} if shape is None else example(shape, whole=True)
        if request is None or response is None:
            continue

        datazone_ts.respond(name, response)
        output = getattr(datazone_ts_client, xform_name(name))(**request)

        assert output.pop("ResponseMetadata")["HTTPStatusCode"] == operation.http["responseCode"]
        assert output == response, name
        call = datazone_ts.calls[-1]
        assert (call.operation, call.succeeded) == (name, True)
        assert request.items() <= call.parameters.items(), name
        answered.append(name)
    assert len(answered) > 0.95 * (len(operations.operation_names) - 5)


def test_a_response_recorded_from_boto3_can_be_given_as_it_is(datazone_ts, datazone_ts_client):
    datazone_ts.respond("ListDomains", {"items": []})
    recorded = datazone_ts_client.list_domains()
    assert recorded["ResponseMetadata"]

    datazone_ts.respond("ListDomains", recorded)
    assert datazone_ts_client.list_domains()["items"] == []
    datazone_ts.respond("ListDomains", lambda _parameters: recorded)
    assert datazone_ts_client.list_domains()["items"] == []


@pytest.mark.parametrize(
    "moment",
    [1704067200, "2024-01-01T00:00:00Z", datetime(2024, 1, 1)],  # noqa: DTZ001 - boto3: in UTC
)
def test_a_timestamp_in_a_response_can_have_every_type_that_boto3_accepts(
    datazone_ts, datazone_ts_client, moment
):
    domain = {"id": DOMAIN, "name": "d", "arn": "a", "managedAccountId": "1", "status": "AVAILABLE"}
    datazone_ts.respond("ListDomains", {"items": [{**domain, "createdAt": moment}]})
    (listed,) = datazone_ts_client.list_domains()["items"]
    assert listed["createdAt"] == datetime(2024, 1, 1, tzinfo=timezone.utc)


@pytest.mark.skipif(
    "GetLineageEvent" not in service().operation_names,
    reason="this botocore has no operation yet whose output is a body of its own",
)
def test_a_streaming_body_is_empty_by_default(datazone_ts, datazone_ts_client):
    datazone_ts.respond("GetLineageEvent", {})
    event = datazone_ts_client.get_lineage_event(
        domainIdentifier=DOMAIN, identifier="dk3pzr4yb4p3uv"
    )
    assert event["event"].read() == b""


def test_changing_a_response_later_has_no_effect(datazone_ts, datazone_ts_client):
    response = {"items": []}
    datazone_ts.respond("ListDomains", response)
    response["items"].append("x")
    response["more"] = 1
    assert datazone_ts_client.list_domains()["items"] == []


def test_a_callable_gets_a_copy_of_the_parameters(datazone_ts, datazone_ts_client):
    def answer(parameters):
        parameters["maxResults"] = 99
        del parameters["status"]
        return {"items": []}

    datazone_ts.respond("ListDomains", answer)
    datazone_ts_client.list_domains(maxResults=5, status="AVAILABLE")

    assert datazone_ts.calls.one().parameters == {"maxResults": 5, "status": "AVAILABLE"}


def test_a_rejected_request_does_not_use_up_a_response(datazone_ts, datazone_ts_client):
    datazone_ts.respond("ListProjects", {"items": []}, times=1)
    with pytest.raises(datazone_ts_client.exceptions.ValidationException):
        datazone_ts_client.list_projects(domainIdentifier="nowhere")
    assert datazone_ts_client.list_projects(domainIdentifier=DOMAIN)["items"] == []


def test_a_fault_takes_precedence_and_does_not_use_up_a_response(datazone_ts, make_client):
    client = make_client(attempts=3)
    datazone_ts.respond("ListDomains", {"items": []}, times=1)
    datazone_ts.inject("ThrottlingException", times=2, operation="ListDomains")

    assert client.list_domains()["items"] == []

    codes = [attempt.error_code for attempt in datazone_ts.calls.one().attempts]
    assert codes == ["ThrottlingException", "ThrottlingException", None]


def test_rate_limits_apply_to_canned_responses(datazone_ts, make_client):
    client = make_client(attempts=1)
    datazone_ts.respond("ListDomains", {"items": []})
    with freeze_time("2024-01-01") as clock:
        datazone_ts.rate_limit(2, operation="ListDomains")
        client.list_domains()
        with pytest.raises(client.exceptions.ThrottlingException):
            client.list_domains()
        clock.tick(0.5)
        client.list_domains()


@pytest.mark.datazone_ts(strict=False)
def test_reset_removes_responses(datazone_ts, datazone_ts_client):
    datazone_ts.respond("ListDomains", {"items": []})
    datazone_ts.reset()
    with pytest.raises(UnansweredOperationError):
        datazone_ts_client.list_domains()
    assert not datazone_ts.calls.one().succeeded


def test_an_operation_without_output_takes_only_an_empty_response(datazone_ts):
    with pytest.raises(ValueError, match="DeleteEnvironment") as caught:
        datazone_ts.respond("DeleteEnvironment", {"id": "x"})
    assert str(caught.value) == (
        "the response given for DeleteEnvironment does not fit its output shape:\n"
        "it has no output, so the response is {}, not {'id': 'x'}"
    )


# A callable that leaves the call to the double


def test_none_lets_the_double_answer(datazone_ts, datazone_ts_client):
    datazone_ts.add_asset("asset", domain_identifier=DOMAIN, name="penguins")
    glossary = {
        "domainId": DOMAIN,
        "id": "glossary",
        "name": "birds",
        "owningProjectId": "zoo",
        "status": "ENABLED",
    }

    def glossaries(parameters):
        if parameters["searchScope"] == "GLOSSARY":
            return {"items": [{"glossaryItem": glossary}]}
        return None

    datazone_ts.respond("Search", glossaries, times=1)
    search = {"domainIdentifier": DOMAIN}

    assets = datazone_ts_client.search(**search, searchScope="ASSET")["items"]
    found = datazone_ts_client.search(**search, searchScope="GLOSSARY")["items"]

    assert assets[0]["assetItem"]["name"] == "penguins"  # which did not use it up
    assert found == [{"glossaryItem": glossary}]


def test_none_leaves_the_call_to_the_previous_response(datazone_ts, datazone_ts_client):
    datazone_ts.respond("ListDomains", {"items": [], "nextToken": "more"})
    datazone_ts.respond("ListDomains", lambda _: None)
    assert datazone_ts_client.list_domains()["nextToken"] == "more"


@pytest.mark.datazone_ts(strict=False)
def test_none_for_what_the_double_does_not_answer_is_an_error(datazone_ts, datazone_ts_client):
    datazone_ts.respond("ListDomains", lambda _: None)
    with pytest.raises(UnansweredOperationError, match="unhandled DataZone operation ListDomains"):
        datazone_ts_client.list_domains()
