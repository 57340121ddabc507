"""``/_datazone_ts/``: the double over HTTP, as tests in other languages use it."""

from __future__ import annotations

import http.client
import json
from contextlib import suppress
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from internals import new_double, serve
from sample import DOMAIN, ENTITY, PATIENCE

from pytest_datazone_ts import faults

ASSET = {"entity_identifier": ENTITY, "domain_identifier": DOMAIN, "name": "penguins"}
RESPONSE = {
    "id": DOMAIN,
    "domainExecutionRole": "arn:aws:iam::123456789012:role/domain",
    "status": "AVAILABLE",
    "createdAt": "2024-01-01T00:00:00Z",
}


@pytest.fixture
def connection(datazone_ts_server):
    connection = http.client.HTTPConnection(
        urlsplit(datazone_ts_server.endpoint_url).netloc, timeout=PATIENCE
    )
    yield connection
    connection.close()


@pytest.fixture
def ask(connection):
    """Send a request; return the status and the JSON that came."""

    def ask(method, path, arguments=None, body=None, **headers):
        body = body if arguments is None else json.dumps(arguments)
        connection.request(method, f"/_datazone_ts/{path}", body, headers)
        response = connection.getresponse()
        content = response.read()
        assert response.headers["content-type"] == ("application/json" if content else None)
        return response.status, json.loads(content) if content else None

    return ask


@pytest.fixture
def message_of(ask):
    """Return the message of a request that is wrong."""

    def message_of(path, arguments=None, body=None):
        status, answer = ask("POST", path, arguments, body)
        assert status == 400
        assert answer.keys() == {"message"}
        return answer["message"]

    return message_of


def test_an_empty_double(ask):
    assert ask("GET", "data-points") == (200, [])
    assert ask("GET", "calls") == (200, [])
    nothing = {"doubled": [], "unacknowledged": [], "unstored": []}
    assert ask("GET", "audit") == (200, nothing)


def test_what_was_posted_has_the_names_of_python(ask, post, datazone_ts_client, datazone_ts):
    post(datazone_ts_client, clientToken="a", content='{"passingPercentage": 87.5}')
    post(datazone_ts_client, clientToken="b", content='{"passingPercentage": 87.5}')

    point = {
        "domain_identifier": DOMAIN,
        "entity_identifier": ENTITY,
        "entity_type": "ASSET",
        "form_name": "completeness",
        "type_identifier": "amazon.datazone.DataQualityResultFormType",
        "type_revision": datazone_ts.data_points[0].type_revision,
        "timestamp": "2024-01-01T00:00:00+00:00",
        "content": {"passingPercentage": 87.5},
        "region": "us-east-1",
    }
    assert ask("GET", "data-points") == (200, [point, point])
    status, calls = ask("GET", "calls")
    assert (status, len(calls)) == (200, 2)
    assert calls[0]["operation"] == "PostTimeSeriesDataPoints"
    assert calls[0]["parameters"]["forms"][0]["content"] == {"passingPercentage": 87.5}
    assert calls[0]["attempts"] == [
        {"number": 1, "status_code": 201, "error_code": None, "fault": None}
    ]
    _, audit = ask("GET", "audit")
    assert [each["form_name"] for each in audit["doubled"]] == ["completeness"]


def test_content_that_is_no_json_stays_text(ask, post, datazone_ts_client, datazone_ts):
    datazone_ts.inject("ResponseLost", times=None, form_name="lost")
    for content in ("NaN", "87.5 %"):
        post(datazone_ts_client, typeIdentifier="own.Type", content=content)
    with pytest.raises(ReadTimeoutError):
        post(datazone_ts_client, typeIdentifier="own.Type", content="NaN", formName="lost")

    _, points = ask("GET", "data-points")
    assert [each["content"] for each in points] == ["NaN", "87.5 %", "NaN"]
    _, audit = ask("GET", "audit")
    assert [each["content"] for each in audit["unacknowledged"]] == ["NaN"]


def test_bytes_are_text(ask, datazone_ts_client, datazone_ts):
    if not hasattr(datazone_ts_client, "post_lineage_event"):
        pytest.skip("this botocore has no operation that takes bytes")
    datazone_ts.respond("PostLineageEvent", {})
    datazone_ts_client.post_lineage_event(domainIdentifier=DOMAIN, event=b"{}\xff")

    _, [call] = ask("GET", "calls")
    assert call["parameters"]["event"] == "{}\\xff"


def test_a_fault_is_injected(ask, post, datazone_ts_client, datazone_ts):
    fault = {"fault": "ThrottlingException", "times": 2, "form_name": "completeness"}
    assert ask("POST", "faults", fault) == (204, None)
    post(datazone_ts_client)

    attempts = datazone_ts.calls.one().attempts
    assert [each.fault for each in attempts] == [faults.ThrottlingException()] * 2 + [None]
    assert attempts[0].armed_at == "POST /_datazone_ts/faults"


@pytest.mark.parametrize(
    ("described", "fault"),
    [
        (
            {"name": "ThrottlingException", "retry_after": 0.5},
            faults.ThrottlingException(retry_after=0.5),
        ),
        (
            {"name": "AwsError", "code": "Teapot", "status_code": 418, "message": "no"},
            faults.AwsError("Teapot", 418, "no"),
        ),
        ({"name": "MalformedResponse", "body": "{}"}, faults.MalformedResponse(b"{}")),
        ({"name": "SlowBody", "seconds_per_kilobyte": 0.5}, faults.SlowBody(0.5)),
    ],
)
def test_a_fault_has_arguments(described, fault, ask, post, make_client, datazone_ts):
    assert ask("POST", "faults", {"fault": described}) == (204, None)
    with suppress(ClientError):
        post(make_client())

    assert datazone_ts.calls.one().attempts[0].fault == fault


def test_a_fault_that_is_not_used_up_fails_the_test(run_pytest):
    result = run_pytest(
        """
        from urllib.request import urlopen

        def test_it(datazone_ts_server):
            url = f"{datazone_ts_server.endpoint_url}/_datazone_ts/faults"
            urlopen(url, b'{"fault": "AccessDeniedException"}').close()
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*POST /_datazone_ts/faults: AccessDeniedException*"])


def test_the_catalogue_and_the_responses_are_set(ask, post, datazone_ts_client):
    assert ask("POST", "assets", ASSET) == (204, None)
    assert ask("POST", "responses", {"operation": "GetDomain", "response": RESPONSE, "times": 1})

    asset = datazone_ts_client.get_asset(domainIdentifier=DOMAIN, identifier=ENTITY)
    assert asset["name"] == "penguins"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        post(datazone_ts_client, entityIdentifier="other")
    domain = datazone_ts_client.get_domain(identifier=DOMAIN)
    assert domain["createdAt"].isoformat() == "2024-01-01T00:00:00+00:00"


def test_a_reset_forgets_everything(ask, post, datazone_ts_client, datazone_ts):
    ask("POST", "assets", {**ASSET, "entity_identifier": "another"})
    ask("POST", "faults", {"fault": "AccessDeniedException", "after": 1})
    with pytest.raises(ClientError):
        post(datazone_ts_client)
    assert ask("POST", "reset") == (204, None)

    assert datazone_ts.calls == []
    post(datazone_ts_client)
    post(datazone_ts_client)


def raised_by(function, *arguments, **keywords):
    with pytest.raises((TypeError, ValueError)) as raised:
        function(*arguments, **keywords)
    message = str(raised.value)
    return message.removeprefix("DataZoneTimeSeries.").removeprefix("ServiceSetup.")


def test_what_is_wrong_gets_the_message_of_python(message_of, datazone_ts):
    for arguments in (
        {},
        {"fault": "Throttling"},
        {"fault": ["ThrottlingException"]},
        {"fault": "ConnectTimeout"},
        {"fault": "ThrottlingException", "tims": 2},
        {"fault": "ThrottlingException", "times": "2"},
        {"fault": "ThrottlingException", "after": -1},
        {"fault": "ThrottlingException", "operation": "Post"},
        {"fault": "ThrottlingException", "timestamp": "yesterday"},
        {"fault": "ThrottlingException", "where": "me"},
        {"fault": "ThrottlingException", "double": 1},
    ):
        assert message_of("faults", arguments) == raised_by(datazone_ts.inject, **arguments)
    for arguments in (
        {},
        {**ASSET, "name": 1},
        {**ASSET, "domain_identifier": "?"},
        {**ASSET, "published": "no"},
    ):
        assert message_of("assets", arguments) == raised_by(datazone_ts.add_asset, **arguments)
    for arguments in (
        {"operation": "GetDomain"},
        {"operation": "GetDomain", "response": {"id": 1}},
        {"operation": "GetDomain", "response": {**RESPONSE, "createdAt": 1e300}},
        {"operation": ["GetDomain"], "response": {}},
        {"operation": "GetTimeSeriesDataPoint", "response": {}},
    ):
        assert message_of("responses", arguments) == raised_by(datazone_ts.respond, **arguments)
    assert message_of("reset", {"all": True}) == raised_by(datazone_ts.reset, all=True)


def test_the_name_alone_of_a_fault_that_takes_arguments(message_of):
    message = "AwsError takes arguments: POST them to /_datazone_ts/faults, such as "
    example = '{"fault": {"name": "AwsError", "code": ..., "status_code": ...}}'
    assert message_of("faults", {"fault": "AwsError"}) == message + example


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({"seconds": 1}, "faults has no class None"),
        ({"name": "documented"}, "faults has no class 'documented'"),
        ({"name": "Latency", "seconds": -1}, "Latency(seconds) takes "),
        ({"name": "Latency", "second": 1}, "Latency.__init__() got an unexpected keyword "),
        ({"name": "MalformedResponse", "body": 1}, "MalformedResponse(body=...) takes bytes"),
    ],
)
def test_a_wrong_fault_with_arguments(message_of, described, message):
    assert message_of("faults", {"fault": described}).startswith(message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "the body is not JSON: Expecting property name"),
        (b"\xff", "the body is not JSON: 'utf-8' codec"),
        ('{"fault": NaN}', "the body is not JSON: NaN is not a JSON value"),
        ("[1]", "the arguments are a JSON object, not [1]"),
    ],
)
def test_a_body_that_is_not_a_json_object(message_of, body, message):
    assert message_of("faults", body=body).startswith(message)


def test_a_long_body_is_not_repeated_in_full(message_of):
    message = message_of("faults", body=f"[{'1, ' * 100_000}1]")
    assert message.startswith("the arguments are a JSON object, not [1, 1, 1, ")
    assert message.endswith("1, 1, 1... (300040 characters)")
    assert len(message) == 2_000


def test_a_body_that_is_nested_too_deeply(message_of):
    assert "nested too deeply" in message_of("faults", body="[" * 100_000)


def test_other_paths_methods_and_queries_are_rejected(ask):
    status, answer = ask("GET", "points")
    assert (status, answer["message"].partition(", only ")[0]) == (
        404,
        "there is no /_datazone_ts/points",
    )
    assert ask("DELETE", "calls") == (405, {"message": "/_datazone_ts/calls takes GET, not DELETE"})
    status, answer = ask("GET", "calls?operation=GetAsset")
    assert (status, answer["message"][:37]) == (400, "/_datazone_ts/calls takes no query; a")


def test_the_path_without_a_resource_is_not_a_bucket_of_s3(connection):
    connection.request("GET", "/_datazone_ts")
    response = connection.getresponse()
    message = json.load(response)["message"]
    assert (response.status, message[:27]) == (404, "there is no /_datazone_ts, ")


def test_a_wrong_argument_is_named_without_a_class(message_of):
    message = "add_asset() got an unknown keyword 'nam'. Did you mean 'name'? Valid keywords: "
    assert message_of("assets", {"nam": 1}).startswith(message)
    assert message_of("responses").startswith("respond() missing 2 required ")


def test_what_changes_the_double_is_logged_and_what_reads_it_is_not():
    lines = []
    with serve(new_double(), log=lines.append) as endpoint_url:
        for path, body in (("calls", None), ("audit", None), ("reset", b""), ("calls?x", None)):
            try:
                response: Any = urlopen(f"{endpoint_url}/_datazone_ts/{path}", body, PATIENCE)  # noqa: S310
            except HTTPError as error:
                response = error
            response.close()
    assert lines[0] == "204 (POST /_datazone_ts/reset)"
    assert lines[1].startswith("400 ValueError (GET /_datazone_ts/calls?x): ")
    assert len(lines) == 2


def test_web_pages_are_rejected(ask):
    status, _ = ask("GET", "calls", Origin="https://example.com")
    assert status == 403


def test_it_is_no_call_of_the_code_under_test(ask, datazone_ts):
    ask("GET", "calls", body=b"{}")
    assert ask("GET", "calls") == (200, [])  # on the same connection
    assert not datazone_ts.calls
