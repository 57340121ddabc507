"""DataZone's other operations: unhandled, with a canned response, or passed through."""

from __future__ import annotations

import io
import re
from contextlib import suppress
from functools import partial

import pytest
from boto3.session import Session
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError, ReadTimeoutError
from sample import location, service

from pytest_datazone_ts import UnansweredOperationError, mock_datazone_ts


@pytest.fixture(autouse=True)
def real_service(network):
    """The network that passthrough requests reach."""
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


def test_an_unhandled_operation_is_an_error_that_says_what_to_do(client, ts, network):
    with pytest.raises(UnansweredOperationError) as unanswered:
        client.list_domains()

    assert str(unanswered.value) == (
        "unhandled DataZone operation ListDomains. Answer it in the test, such as "
        "datazone_ts.respond('ListDomains', {'items': []}), or let it through to the network "
        "or moto with the option unstubbed='passthrough'."
    )
    assert len(ts.calls.one().attempts) == 1
    assert not ts.calls.one().succeeded
    assert not network


def suggestion(call):
    with pytest.raises(UnansweredOperationError) as unanswered:
        call()
    return re.search(r"datazone_ts\.respond\(.*\)", str(unanswered.value))[0]


@pytest.mark.parametrize(
    ("call", "members"),
    [
        (lambda client: client.delete_project(domainIdentifier="dzd_1", identifier="project1"), []),
        (lambda client: client.list_projects(domainIdentifier="dzd_1"), ["items"]),
        (
            lambda client: client.get_domain(identifier="dzd_1"),
            ["domainExecutionRole", "id", "status"],
        ),
        (
            lambda client: client.cancel_subscription(domainIdentifier="dzd_1", identifier="s1"),
            [
                "createdAt",
                "createdBy",
                "domainId",
                "id",
                "status",
                "subscribedListing",
                "subscribedPrincipal",
                "updatedAt",
            ],
        ),
    ],
)
def test_the_suggested_response_works_as_it_is(client, ts, call, members):
    eval(suggestion(lambda: call(client)), {"datazone_ts": ts})  # noqa: S307 - our own message

    response = call(client)

    assert sorted({*response} - {"ResponseMetadata"}) == members


def test_the_response_suggested_for_any_operation_fits_it(make_client, ts):
    client = make_client(parameter_validation=False)
    for name in service().operation_names:
        members = service().operation_model(name).input_shape.members
        in_path = {
            member: "x"
            for member, shape in members.items()
            if shape.serialization.get("location") == "uri"
        }
        with suppress(ClientError):  # of the operations that the double handles
            call = partial(getattr(client, xform_name(name)), **in_path)
            eval(suggestion(call), {"datazone_ts": ts})  # noqa: S307 - our own message


def test_an_unhandled_operation_fails_the_test_even_if_the_code_swallows_the_error(client):
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


def test_a_used_up_response_gives_way_to_the_previous_one(client, ts):
    ts.respond("ListDomains", {"items": [], "nextToken": "first"}, times=2)
    ts.respond("ListDomains", {"items": [], "nextToken": "second"}, times=1)

    assert [client.list_domains()["nextToken"] for _ in range(3)] == ["second", "first", "first"]
    with pytest.raises(UnansweredOperationError):
        client.list_domains()


def test_respond_works_for_operations_without_output(client, ts):
    ts.respond("DeleteProject", {})

    response = client.delete_project(domainIdentifier="dzd_1", identifier="project1")

    assert [*response] == ["ResponseMetadata"]


def test_respond_answers_valid_parameters_only(client, ts):
    ts.respond("ListProjects", {"items": []})

    with pytest.raises(client.exceptions.ValidationException, match="'domainIdentifier' failed"):
        client.list_projects(domainIdentifier="no domain")


def test_an_exception_in_a_callable_reaches_the_test(client, ts):
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
def test_wrong_arguments_of_respond_are_rejected(ts, arguments, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ts.respond(*arguments)


@pytest.mark.parametrize("times", [0, -1, True, 1.0, "1"])
def test_respond_takes_a_number_of_times(ts, times):
    message = f"respond(times=...) takes 1 or more, or None for all, not {times!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ts.respond("ListDomains", {"items": []}, times=times)


def test_an_unhandled_operation_gets_its_injected_fault(client, ts, network):
    ts.inject("ThrottlingException", operation="ListDomains", times=None)

    with pytest.raises(client.exceptions.ThrottlingException) as throttled:
        client.list_domains()

    assert throttled.value.response["ResponseMetadata"]["RetryAttempts"] == 2
    assert not network


def test_passthrough_sends_other_operations_unchanged(client, post, passthrough, network):
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


def test_passthrough_uses_a_response_until_it_is_used_up(client, passthrough, network):
    passthrough.respond("ListDomains", {"items": [], "nextToken": "ours"}, times=1)

    assert client.list_domains()["nextToken"] == "ours"
    assert "nextToken" not in client.list_domains()
    assert len(network) == len(passthrough.calls) == 1


def test_passthrough_uses_a_fault_until_it_is_used_up(client, passthrough, network):
    passthrough.inject("ThrottlingException", operation="ListDomains")

    response = client.list_domains()

    assert response["ResponseMetadata"]["RetryAttempts"] == 1
    assert [is_signed(request) for request in network] == [True]
    (attempt,) = passthrough.calls.one().attempts
    assert attempt.error_code == "ThrottlingException"
    assert passthrough.sleeps == (attempt.slept,)


def test_passthrough_cannot_send_a_request_that_has_an_injected_fault(client, network):
    """The double must take an attempt to know whether it gets the fault."""
    with mock_datazone_ts(unstubbed="passthrough", strict=False) as ts:
        injection = ts.inject("ThrottlingException", operation="ListDomains", after=1)
        with pytest.raises(UnansweredOperationError) as unanswered:
            client.list_domains()
        assert not network
        injection.cancel()
        client.list_domains()

    assert str(unanswered.value) == (
        "unhandled DataZone operation ListDomains. Answer it in the test, such as "
        "datazone_ts.respond('ListDomains', {'items': []}), or cancel() the fault that was "
        "injected for it: until then unstubbed='passthrough' lets none of its calls through."
    )
    assert len(network) == 1


def test_backoffs_of_passthrough_calls_are_not_recorded(client, passthrough, network, monkeypatch):
    """A call throttled by the real service must really wait."""
    slept = []
    monkeypatch.setattr("time.sleep", slept.append)
    network.status = 503

    with pytest.raises(ClientError, match="503"):
        client.list_domains()

    assert len(network) == 3
    assert len(slept) == 2
    assert passthrough.sleeps == ()
    assert not passthrough.calls


def test_a_passthrough_call_after_a_fault_backs_off_in_real_time(
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


def test_the_double_answers_the_call_after_a_passthrough_call(client, post, passthrough, network):
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


def test_a_call_that_the_client_rejects_is_not_sent(client, ts):
    with pytest.raises(ParamValidationError):
        client.list_projects()

    assert not ts.calls
