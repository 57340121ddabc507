"""DataZone's other operations: unanswered, given a response, or let through."""

from __future__ import annotations

import io
import re
from contextlib import suppress

import pytest
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError, ReadTimeoutError
from sample import location

from pytest_datazone_ts import UnansweredOperationError, mock_datazone_ts


@pytest.fixture(autouse=True)
def far_away(network):
    """What is let through is answered like this."""
    network.body = b'{"items": []}'


@pytest.fixture(scope="module")
def client():
    session = Session(
        region_name="us-east-1",
        aws_access_key_id="configured",
        aws_secret_access_key="configured",  # noqa: S106
    )
    retries = {"mode": "standard", "total_max_attempts": 3}
    return session.client("datazone", config=Config(retries=retries))


@pytest.fixture
def ts():
    with mock_datazone_ts(strict=False) as ts:
        yield ts


@pytest.fixture
def passthrough():
    with mock_datazone_ts(unstubbed="passthrough") as ts:
        yield ts


def is_signed(request):
    return "authorization" in {name.lower() for name in request.headers}


def test_an_unanswered_operation_is_an_error_that_shows_the_way_out(client, ts, network):
    with pytest.raises(UnansweredOperationError) as unanswered:
        client.list_domains()

    assert str(unanswered.value) == (
        "unhandled DataZone operation ListDomains. Answer it in the test, such as "
        "datazone_ts.respond('ListDomains', {'items': ...}), or let it through to the network "
        "or moto with the option unstubbed='passthrough'."
    )
    assert len(ts.calls.one().attempts) == 1
    assert not ts.calls.one().succeeded
    assert not network


@pytest.mark.usefixtures("ts")
def test_the_way_out_names_all_that_a_response_needs_and_no_more(client):
    def shown(call):
        with pytest.raises(UnansweredOperationError) as unanswered:
            call()
        return re.search(r"respond\(.*?\)", str(unanswered.value))[0]

    def delete_project():
        client.delete_project(domainIdentifier="dzd_1", identifier="project1")

    def list_projects():
        client.list_projects(domainIdentifier="dzd_1")

    def get_domain():
        client.get_domain(identifier="dzd_1")

    assert shown(delete_project) == "respond('DeleteProject', {})"
    assert shown(list_projects) == "respond('ListProjects', {'items': ...})"
    assert {*re.findall(r"'(\w+)': \.\.\.", shown(get_domain))} == {
        "id",
        "domainExecutionRole",
        "status",
    }


def test_an_unanswered_operation_fails_the_test_though_the_code_hid_it(client):
    def swallow():
        with mock_datazone_ts(), suppress(NotImplementedError):
            client.list_domains()

    line = swallow.__code__.co_firstlineno + 2
    with pytest.raises(AssertionError) as failure:
        swallow()
    assert str(failure.value).startswith(
        "datazone_ts: the code under test swallowed errors that it should not handle:\n"
        f"  {location(__file__, line)}: unhandled DataZone operation ListDomains."
    )


def test_respond_answers(client, ts, network):
    ts.respond("ListDomains", {"items": [], "nextToken": "more"})

    response = client.list_domains()

    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert response["items"] == []
    assert response["nextToken"] == "more"
    assert ts.calls.one().operation == "ListDomains"
    assert ts.calls.one().succeeded
    assert not network


def test_respond_calls_a_callable_with_the_parameters(client, ts):
    ts.respond("GetUserProfile", lambda parameters: {"id": parameters["userIdentifier"]})

    response = client.get_user_profile(domainIdentifier="dzd_1", userIdentifier="a@example.com")

    assert response["id"] == "a@example.com"


def test_respond_used_up_gives_way_to_the_one_before(client, ts):
    ts.respond("ListDomains", {"items": [], "nextToken": "first"}, times=2)
    ts.respond("ListDomains", {"items": [], "nextToken": "second"}, times=1)

    assert [client.list_domains()["nextToken"] for _ in range(3)] == ["second", "first", "first"]
    with pytest.raises(UnansweredOperationError):
        client.list_domains()


def test_respond_answers_what_has_no_output(client, ts):
    ts.respond("DeleteProject", {})

    response = client.delete_project(domainIdentifier="dzd_1", identifier="project1")

    assert [*response] == ["ResponseMetadata"]


def test_respond_answers_valid_parameters_only(client, ts):
    ts.respond("ListProjects", {"items": []})

    with pytest.raises(client.exceptions.ValidationException, match="'domainIdentifier' failed"):
        client.list_projects(domainIdentifier="no domain")


def test_an_error_in_a_responses_callable_is_the_tests_to_see(client, ts):
    ts.respond("ListDomains", lambda parameters: parameters["absent"])

    with pytest.raises(KeyError, match="absent"):
        client.list_domains()


UNFIT = [
    ({"items": [], "itmes": 1}, 'Unknown parameter in input: "itmes", must be one of: items, '),
    ({}, 'Missing required parameter in input: "items"'),
    ("x", "Invalid type for parameter input, value: x, type: <class 'str'>, valid types: "),
    ({"items": "x"}, "Invalid type for parameter items, value: x, type: <class 'str'>, valid "),
]


@pytest.mark.parametrize(("response", "wrong"), UNFIT)
def test_a_response_that_boto3_could_not_return_fails_at_once(client, ts, response, wrong):
    message = f"the response given for ListDomains does not fit its output shape:\n{wrong}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        ts.respond("ListDomains", response)
    ts.respond("ListDomains", lambda _parameters: response)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        client.list_domains()


MISUSES = [
    (
        ("ListDomain", {}),
        "'ListDomain' is not an operation of Amazon DataZone. Did you mean 'ListDomains'?",
    ),
    (
        ("list_domain", {}),
        "'list_domain' is not an operation of Amazon DataZone. Did you mean 'ListDomains'?",
    ),
    (("Zzz", {}), "'Zzz' is not an operation of Amazon DataZone."),
    (
        ("PostTimeSeriesDataPoints", {}),
        (
            "respond() does not take PostTimeSeriesDataPoints: the double answers it itself, from "
            "what was posted. To make it fail, use inject()."
        ),
    ),
]


@pytest.mark.parametrize(("arguments", "message"), MISUSES)
def test_respond_says_what_it_does_not_take(ts, arguments, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ts.respond(*arguments)


@pytest.mark.parametrize("times", [0, -1, True, 1.0, "1"])
def test_respond_takes_a_number_of_times(ts, times):
    message = f"respond(times=...) takes 1 or more, or None for all, not {times!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ts.respond("ListDomains", {"items": []}, times=times)


def test_an_operation_with_a_fault_armed_is_answered_with_it(client, ts, network):
    ts.inject("ThrottlingException", operation="ListDomains", times=None)

    with pytest.raises(client.exceptions.ThrottlingException) as throttled:
        client.list_domains()

    assert throttled.value.response["ResponseMetadata"]["RetryAttempts"] == 2
    assert not network


def test_passthrough_lets_the_other_operations_through_as_they_are(
    client, post, passthrough, network
):
    assert client.list_domains()["items"] == []
    post(client)

    assert [is_signed(request) for request in network] == [True]
    assert network[0].url.endswith("/v2/domains")
    assert passthrough.calls.one().operation == "PostTimeSeriesDataPoints"


@pytest.mark.usefixtures("passthrough")
def test_passthrough_leaves_time_series_operations_to_the_double_unsigned(client, post, network):
    sent = []
    handler = "note"
    client.meta.events.register(
        "before-send", lambda request, **_: sent.append(request) and None, unique_id=handler
    )
    try:
        response = post(client)
        point = {
            "domainIdentifier": response["domainId"],
            "entityIdentifier": response["entityId"],
            "entityType": "ASSET",
            "formName": "completeness",
        }
        client.list_time_series_data_points(**point)
        client.get_time_series_data_point(**point, identifier=response["forms"][0]["id"])
        client.delete_time_series_data_points(**point)
    finally:
        client.meta.events.unregister("before-send", unique_id=handler)

    assert [is_signed(request) for request in sent] == [False] * 4
    assert not network


def test_passthrough_answers_what_has_a_response_until_it_is_used_up(client, passthrough, network):
    passthrough.respond("ListDomains", {"items": [], "nextToken": "ours"}, times=1)

    assert client.list_domains()["nextToken"] == "ours"
    assert "nextToken" not in client.list_domains()
    assert len(network) == len(passthrough.calls) == 1


def test_passthrough_answers_with_a_fault_until_it_is_used_up(client, passthrough, network):
    passthrough.inject("ThrottlingException", operation="ListDomains")

    response = client.list_domains()

    assert response["ResponseMetadata"]["RetryAttempts"] == 1
    assert [is_signed(request) for request in network] == [True]
    (attempt,) = passthrough.calls.one().attempts
    assert attempt.error_code == "ThrottlingException"
    assert passthrough.sleeps == (attempt.slept,)


def test_passthrough_can_not_let_through_what_a_fault_is_armed_for(client, network):
    """Which attempts get it is known only once the double has taken them."""
    with mock_datazone_ts(unstubbed="passthrough", strict=False) as ts:
        armed = ts.inject("ThrottlingException", operation="ListDomains", after=1)
        with pytest.raises(UnansweredOperationError) as unanswered:
            client.list_domains()
        assert not network
        armed.cancel()
        client.list_domains()

    assert str(unanswered.value) == (
        "unhandled DataZone operation ListDomains. Answer it in the test, such as "
        "datazone_ts.respond('ListDomains', {'items': ...}), or cancel() the fault that was "
        "injected for it: until then unstubbed='passthrough' lets none of its calls through."
    )
    assert len(network) == 1


def test_back_offs_of_what_is_let_through_are_not_the_doubles(
    client, passthrough, network, monkeypatch
):
    """What is throttled by another service must wait for it, in real time."""
    slept = []
    monkeypatch.setattr("time.sleep", slept.append)
    network.status = 503

    with pytest.raises(ClientError, match="503"):
        client.list_domains()

    assert len(network) == 3
    assert len(slept) == 2
    assert passthrough.sleeps == ()
    assert not passthrough.calls


def test_a_call_let_through_after_a_fault_backs_off_in_real_time(
    client, passthrough, network, monkeypatch
):
    slept = []
    monkeypatch.setattr("time.sleep", slept.append)
    network.status = 503
    passthrough.inject("ThrottlingException", operation="ListDomains")

    with pytest.raises(ClientError, match="503"):
        client.list_domains()

    assert len(network) == 2
    assert len(slept) == len(passthrough.sleeps) == 1


def test_a_call_let_through_leaves_the_next_to_the_double(client, post, passthrough, network):
    network.status = 400
    with pytest.raises(ClientError, match="400"):
        client.list_domains()

    passthrough.inject("ReadTimeout", times=None)
    with pytest.raises(ReadTimeoutError):
        post(client)

    assert len(network) == 1
    assert len(passthrough.calls.one().attempts) == 3


def test_streams_go_both_ways(client, ts):
    """Of DataZone's operations, two of the newer botocores' have one."""
    if "post_lineage_event" not in dir(client):
        pytest.skip("this botocore is older than DataZone's lineage events")
    event = b'{"eventType": "COMPLETE"}'
    ts.respond("PostLineageEvent", lambda parameters: {"id": parameters["event"].decode()})
    ts.respond("GetLineageEvent", {"event": event})
    ts.inject("ThrottlingException", operation="PostLineageEvent")

    for given in (event, event.decode(), bytearray(event), io.BytesIO(event)):
        posted = client.post_lineage_event(domainIdentifier="dzd_1", event=given)
        assert posted["id"] == event.decode()
    got = client.get_lineage_event(domainIdentifier="dzd_1", identifier="athp9dyw75gzhj")
    assert got["event"].read() == event


def test_what_the_client_itself_refuses_reaches_nothing(client, ts):
    with pytest.raises(ParamValidationError):
        client.list_projects()

    assert not ts.calls
