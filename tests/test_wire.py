"""The codec: the opposite of botocore's own, and never at a loss."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from functools import cache
from urllib.parse import urlencode

import pytest
from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.endpoint import convert_to_response_dict
from botocore.model import ShapeResolver
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.session import get_session
from freezegun import freeze_time
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_datazone_ts import DataZoneTimeSeries
from pytest_datazone_ts.clock import Clock
from pytest_datazone_ts.service import model, wire
from pytest_datazone_ts.service.operations import Service
from pytest_datazone_ts.service.refusal import Refusal
from pytest_datazone_ts.service.wire import Request
from pytest_datazone_ts.transport.reply import Reply

UTC = timezone.utc
TIME_SERIES = (
    "PostTimeSeriesDataPoints",
    "ListTimeSeriesDataPoints",
    "GetTimeSeriesDataPoint",
    "DeleteTimeSeriesDataPoints",
)
URL = (
    "https://datazone.us-east-1.api.aws/v2/domains/dzd_5oo7xzoqltu8mf"
    "/entities/ASSET/4wyh64k2n8czaf/time-series-data-points"
)
NOT_A_TIME = "is not a time between the years 1 and 9999"
FORM = {"formName": "score", "typeIdentifier": "team.ScoreFormType", "timestamp": 1704067200}


def run(examples):
    return settings(derandomize=True, database=None, deadline=None, max_examples=examples)


@cache
def service():
    return get_session().get_service_model("datazone")


operations = st.sampled_from(TIME_SERIES) | st.deferred(
    lambda: st.sampled_from(service().operation_names)
)


# Values of any shape

moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC)
)
whole_seconds = moments.map(lambda moment: moment.replace(microsecond=0))


def values(shape, *, times=whole_seconds, depth=3):
    """Values of a shape in boto3's form; where it contains itself, not endlessly deep."""
    kind = shape.type_name
    if kind == "structure":
        if shape.is_tagged_union:
            return st.sampled_from(sorted(shape.members)).flatmap(
                lambda name: values(shape.members[name], times=times, depth=depth - 1).map(
                    lambda value: {name: value}
                )
            )
        members = {
            name: values(member, times=times, depth=depth - 1)
            for name, member in shape.members.items()
            if depth > 0 or name in shape.required_members
        }
        required = {name: members.pop(name) for name in shape.required_members}
        return st.fixed_dictionaries(required, optional=members)
    if kind == "list":
        return st.lists(values(shape.member, times=times, depth=depth - 1), max_size=2)
    if kind == "map":
        inner = values(shape.value, times=times, depth=depth - 1)
        return st.dictionaries(st.text(max_size=5), inner, max_size=2)
    if kind == "timestamp":
        return times
    return {
        "string": st.text(max_size=10),
        "integer": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "float": st.floats(width=32, allow_nan=False, allow_infinity=False),
        "double": st.floats(allow_nan=False, allow_infinity=False),
        "boolean": st.booleans(),
        "blob": st.binary(max_size=10),
    }[kind]


def inputs(shape):
    """Inputs that a request can hold: no empty label, list of a query, or blank header."""

    def holds(parameters):
        return all(
            parameters[name] not in ("", [])
            for name, member in shape.members.items()
            if name in parameters and "location" in member.serialization
        )

    def plain_headers(parameters):
        return {
            name: "".join(c for c in value if "!" <= c <= "~") or "token"
            if shape.members[name].serialization.get("location") == "header"
            else value
            for name, value in parameters.items()
        }

    return values(shape).map(plain_headers).filter(holds)


def sent_by_botocore(operation_model, parameters):
    """What botocore makes of parameters, as the double is given it."""
    serializer = create_serializer("rest-json", include_validation=False)
    serialized = serializer.serialize_to_request(parameters, operation_model)
    prepare_request_dict(serialized, "https://datazone.us-east-1.api.aws", context={})
    request = create_request_object(serialized).prepare()
    body = request.body or b""
    return Request(
        operation=operation_model.name,
        url=request.url,
        headers={
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        },
        body=body.encode() if isinstance(body, str) else body,
        region="us-east-1",
    )


@run(150)
@given(data=st.data(), operation=operations)
def test_a_request_is_read_as_the_parameters_it_was_made_of(data, operation):
    operation_model = service().operation_model(operation)
    parameters = data.draw(inputs(operation_model.input_shape))

    request = sent_by_botocore(operation_model, parameters)

    assert wire.decode(model.operation(operation), request) == parameters


@run(150)
@given(data=st.data(), operation=operations)
def test_a_response_is_parsed_into_the_output_it_was_made_of(data, operation):
    operation_model = service().operation_model(operation)
    shape = operation_model.output_shape
    output = {} if shape is None else data.draw(outputs(shape))

    response = wire.encode(model.operation(operation), output, request_id="id", at=0.0)

    assert response.headers["content-length"] == str(len(response.body))
    parsed = parsed_by_botocore(response, operation_model)
    assert parsed.pop("ResponseMetadata")["RequestId"] == "id"
    assert parsed == output
    assert (response.body == b"") is (shape is None or operation_model.http["responseCode"] == 204)


def outputs(shape):
    """Outputs that a response can hold: plain text and whole seconds in headers."""
    headers = {
        name: whole_seconds
        if member.type_name == "timestamp"
        else st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=9)
        for name, member in shape.members.items()
        if member.serialization.get("location") == "header"
    }
    if not headers:
        return values(shape, times=moments)
    payload = shape.serialization["payload"]
    return st.fixed_dictionaries(
        {payload: st.binary(max_size=10)},
        optional=headers,
    )


def parsed_by_botocore(response, operation_model):
    reply = Reply("https://datazone.us-east-1.api.aws")
    reply.receive(response)
    parsed = create_parser("rest-json").parse(
        convert_to_response_dict(reply, operation_model), operation_model.output_shape
    )
    if operation_model.has_streaming_output:
        parsed["event"] = parsed["event"].read()
    return parsed


def test_a_reply_has_raw_headers_too():
    """aiobotocore up to 2.20 reads them."""
    reply = Reply("https://datazone.us-east-1.api.aws")
    reply.receive(wire.Response(201, {"date": "today", "x-amzn-requestid": "1"}, b"{}"))

    assert reply.raw.raw_headers == [(b"date", b"today"), (b"x-amzn-requestid", b"1")]
    assert reply.raw.read() == b"{}"
    assert reply.url == "https://datazone.us-east-1.api.aws"


needs_payload = pytest.mark.skipif(
    "GetLineageEvent" not in service().operation_names,
    reason="this botocore has no operation yet whose output has headers and a payload",
)


@needs_payload
@run(100)
@given(data=st.data())
def test_headers_and_a_payload_are_parsed_too(data):
    operation_model = service().operation_model("GetLineageEvent")
    output = data.draw(outputs(operation_model.output_shape))

    response = wire.encode(model.operation("GetLineageEvent"), output, request_id="id", at=0.0)

    parsed = parsed_by_botocore(response, operation_model)
    del parsed["ResponseMetadata"]
    assert parsed == output


@needs_payload
@pytest.mark.parametrize("event", ["text ünïcödé", bytearray(b"\x00\xff"), b""], ids=repr)
def test_a_payload_may_take_every_form_that_boto3_takes(datazone_ts, datazone_ts_client, event):
    datazone_ts.respond("GetLineageEvent", {"event": event})

    answer = datazone_ts_client.get_lineage_event(
        domainIdentifier="dzd_5oo7xzoqltu8mf", identifier="4wyh64k2n8czaf"
    )

    assert answer["event"].read() == (event.encode() if isinstance(event, str) else event)


@needs_payload
def test_a_request_may_have_a_header_and_a_payload(datazone_ts, datazone_ts_client):
    datazone_ts.respond("PostLineageEvent", {})

    datazone_ts_client.post_lineage_event(
        domainIdentifier="dzd_5oo7xzoqltu8mf", event=b"\x00 event", clientToken="token"
    )
    datazone_ts_client.post_lineage_event(domainIdentifier="dzd_1", event=b"", clientToken="other")
    for headers in ({}, {"client-token": "token"}, {"client-token": b"t\xc3\xb6ken \xff"}):
        datazone_ts.exchange(
            Request(
                operation="PostLineageEvent",
                url="https://datazone.us-east-1.api.aws/v2/domains/dzd_1/lineage/events",
                headers=headers,
                body=b"",
                region="us-east-1",
            )
        )

    assert [call.parameters for call in datazone_ts.calls] == [
        {"domainIdentifier": "dzd_5oo7xzoqltu8mf", "event": b"\x00 event", "clientToken": "token"},
        {"domainIdentifier": "dzd_1", "event": b"", "clientToken": "other"},
        {"domainIdentifier": "dzd_1", "event": b""},
        {"domainIdentifier": "dzd_1", "event": b"", "clientToken": "token"},
        {"domainIdentifier": "dzd_1", "event": b"", "clientToken": "töken \ufffd"},
    ]


@needs_payload
def test_a_time_in_a_header_is_written_as_http_has_it():
    output = {"event": b"", "eventTime": datetime(2024, 1, 1, tzinfo=UTC)}

    response = wire.encode(model.operation("GetLineageEvent"), output, request_id="id", at=0.0)

    assert response.headers["event-time"] == "Mon, 01 Jan 2024 00:00:00 GMT"
    assert response.headers["date"] == "Thu, 01 Jan 1970 00:00:00 GMT"


def test_the_headers_are_those_of_aws(datazone_ts):
    requests = [
        Request(operation=TIME_SERIES[0], url=URL, headers={}, body=body, region="us-east-1")
        for body in (json.dumps({"forms": [FORM]}).encode(), b"")
    ]
    with freeze_time("2024-01-01"):
        good, bad = map(datazone_ts.exchange, requests)

    assert (good.delay, bad.delay) == (0, 0)
    common = {"content-type": "application/json", "date": "Mon, 01 Jan 2024 00:00:00 GMT"}
    ids = [call.attempts[0].request_id for call in datazone_ts.calls]
    assert good.headers == {
        **common,
        "x-amzn-requestid": ids[0],
        "content-length": str(len(good.body)),
    }
    assert bad.headers == {
        **common,
        "x-amzn-requestid": ids[1],
        "x-amzn-errortype": "ValidationException",
        "content-length": str(len(bad.body)),
    }


# What DataZone's operations do not have yet, and rest-json does


@cache
def any_operation():
    """An operation with members of every kind, in its body and in its query."""
    scalars = ("string", "integer", "long", "float", "double", "boolean", "timestamp")
    shapes = {kind: {"type": kind} for kind in (*scalars, "blob")} | {
        "iso": {"type": "timestamp", "timestampFormat": "iso8601"},
        "list": {"type": "list", "member": {"shape": "string"}},
        "map": {"type": "map", "key": {"shape": "string"}, "value": {"shape": "integer"}},
    }
    shapes["Query"] = {"type": "structure", "members": {name: {"shape": name} for name in scalars}}
    shapes["Body"] = {"type": "structure", "members": {name: {"shape": name} for name in shapes}}
    del shapes["Body"]["members"]["Query"]
    resolver = ShapeResolver(shapes)
    query, body = resolver.get_shape_by_name("Query"), resolver.get_shape_by_name("Body")
    return model.Operation(
        name="Any",
        method="POST",
        segments=("any",),
        success=200,
        input=body,
        output=body,
        members={"uri": {}, "querystring": query.members, "header": {}, "body": body.members},
        errors=(),
    )


@run(100)
@given(output=st.deferred(lambda: values(any_operation().input, times=moments)))
def test_what_was_written_is_read_again(output):
    """Request and response bodies have one form."""
    written = wire.encode(any_operation(), output, request_id="id", at=0.0)

    assert read_any(written.body) == output


def test_times_and_bytes_are_written_as_the_shapes_say():
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    output = {"iso": moment, "timestamp": moment, "blob": b"\x00\xff"}

    body = wire.encode(any_operation(), output, request_id="id", at=0.0).body
    with_fraction = wire.encode(
        any_operation(), {"timestamp": moment.replace(microsecond=250_000)}, request_id="id", at=0.0
    ).body

    assert json.loads(body) == {
        "iso": "2024-01-01T00:00:00Z",
        "timestamp": 1704067200,
        "blob": "AP8=",
    }
    assert b"1704067200." not in body
    assert json.loads(with_fraction) == {"timestamp": 1704067200.25}


def read_any(body, query=""):
    url = f"https://datazone.us-east-1.api.aws/any?{query}"
    request = Request(operation="Any", url=url, headers={}, body=body, region="us-east-1")
    return wire.decode(any_operation(), request)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"string": 1}', "expected a string at 'string', found a number"),
        ('{"string": true}', "expected a string at 'string', found a boolean"),
        ('{"string": []}', "expected a string at 'string', found a list"),
        ('{"integer": "1"}', "expected an integer at 'integer', found a string"),
        ('{"integer": true}', "expected an integer at 'integer', found a boolean"),
        ('{"integer": 1.5}', "expected an integer at 'integer', found a number"),
        ('{"integer": 1e999}', "expected an integer at 'integer', found a number"),
        ('{"integer": 2147483648}', "the number at 'integer' is too large"),
        ('{"integer": -2147483649}', "the number at 'integer' is too large"),
        ('{"long": 9223372036854775808}', "the number at 'long' is too large"),
        ('{"long": -9223372036854775809}', "the number at 'long' is too large"),
        ('{"float": {}}', "expected a number at 'float', found an object"),
        ('{"float": false}', "expected a number at 'float', found a boolean"),
        ('{"float": 1e999}', "the number at 'float' is too large"),
        ('{"double": 1%s}' % ("0" * 400), "the number at 'double' is too large"),
        ('{"boolean": 1}', "expected a boolean at 'boolean', found a number"),
        ('{"blob": 1}', "expected a string at 'blob', found a number"),
        ('{"blob": "?"}', "the value at 'blob' is not base64: "),
        ('{"blob": "é"}', "the value at 'blob' is not base64: "),
        ('{"timestamp": true}', "expected epoch seconds at 'timestamp', found a boolean"),
        ('{"timestamp": "0"}', "expected epoch seconds at 'timestamp', found a string"),
        ('{"timestamp": 1e999}', f"the number at 'timestamp' {NOT_A_TIME}"),
        ('{"timestamp": -62135596801}', f"the number at 'timestamp' {NOT_A_TIME}"),
        ('{"timestamp": 253402300800}', f"the number at 'timestamp' {NOT_A_TIME}"),
        ('{"timestamp": 1%s}' % ("0" * 400), f"the number at 'timestamp' {NOT_A_TIME}"),
        ('{"iso": "2024-01-01"}', "'2024-01-01' at 'iso' cannot be read as timestamp"),
        ('{"list": {}}', "expected a list at 'list', found an object"),
        ('{"list": ["", null]}', "expected a string at 'list.2.member', found null"),
        ('{"map": []}', "expected an object at 'map', found a list"),
        ('{"map": {"a": "b"}}', "expected an integer at 'map.a.value', found a string"),
    ],
)
def test_a_value_of_another_type_is_refused(body, message):
    with pytest.raises(wire.SerializationError) as caught:
        read_any(body.encode())

    assert str(caught.value).startswith(message)
    assert message.endswith(": ") or str(caught.value) == message


def test_the_largest_numbers_are_not_too_large():
    largest = {"integer": 2**31 - 1, "long": 2**63 - 1, "double": sys.float_info.max}
    smallest = {"integer": -(2**31), "long": -(2**63), "double": -sys.float_info.max}
    for numbers in (largest, smallest):
        assert read_any(json.dumps(numbers).encode()) == numbers


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("integer=-7", {"integer": -7}),
        ("long=-9223372036854775808", {"long": -(2**63)}),
        ("float=1.5e3", {"float": 1500.0}),
        ("boolean=true", {"boolean": True}),
        ("boolean=false", {"boolean": False}),
        ("integer=2147483648", None),
        ("integer=%D9%A1", None),
        ("integer=1_0", None),
        ("integer=+1", None),
        ("long=1.0", None),
        ("double=one", None),
        ("double=nan", None),
        ("double=-1e999", None),
        ("boolean=True", None),
        ("boolean=", None),
        ("timestamp=2024-02-29T00:00:00Z", {"timestamp": datetime(2024, 2, 29, tzinfo=UTC)}),
        ("timestamp=2023-02-29T00:00:00Z", None),
        ("timestamp=2024-01-01T00:00:00", None),
        ("timestamp=2024-01-01", None),
        ("timestamp=1704067200", None),
        ("timestamp=yesterday", None),
        ("timestamp=0001-01-01T00:00:00%2B00:01", None),
        ("timestamp=9999-12-31T23:59:59-00:01", None),
        ("timestamp=", None),
    ],
)
def test_a_query_holds_only_what_its_types_allow(query, value):
    if value is None:
        with pytest.raises(wire.SerializationError):
            read_any(b"", query)
    else:
        assert read_any(b"", query) == value


@pytest.mark.parametrize("keys", [["a"], ["a", "b", "a"]])
def test_a_query_may_hold_a_list(datazone_ts, datazone_ts_client, keys):
    datazone_ts.respond("UntagResource", {})
    arn = "arn:aws:datazone:us-east-1:123456789012:domain/dzd_5oo7xzoqltu8mf"

    datazone_ts_client.untag_resource(resourceArn=arn, tagKeys=keys)

    assert datazone_ts.calls.one().parameters == {"resourceArn": arn, "tagKeys": keys}


@pytest.mark.parametrize("iso", ['"2024-01-01T01:00:00.25+01:00"', "1704067200.25"])
def test_a_time_in_text_may_have_an_offset_and_be_a_number(iso):
    moment = datetime(2024, 1, 1, microsecond=250_000, tzinfo=UTC)

    assert read_any(f'{{"iso": {iso}}}'.encode()) == {"iso": moment}


def test_a_whole_float_is_an_integer_and_null_is_nothing():
    """JSON knows neither difference."""
    body = b'{"integer": 5.0, "float": 5, "string": null, "unknown": 1}'

    assert read_any(body) == {"integer": 5, "float": 5.0}


# What no client would send is refused, and nothing worse


def refusal(operation, *, url=URL, body=b""):
    """The error code and message that a request is answered with; nothing may be stored."""
    ts = DataZoneTimeSeries()
    response = ts.exchange(
        Request(operation=operation, url=url, headers={}, body=body, region="us-east-1")
    )
    assert response.status_code == 400
    assert ts.data_points == []
    call = ts.calls.one()
    assert (call.operation, call.parameters, call.region) == (operation, {}, "us-east-1")
    assert call.error_code == response.headers["x-amzn-errortype"]
    return response.headers["x-amzn-errortype"], json.loads(response.body)["message"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "the request body is not JSON: Expecting property name enclosed in double quotes"),
        (b"not JSON", "the request body is not JSON: Expecting value"),
        (b'{"forms": NaN}', "the request body is not JSON: NaN is not a JSON number"),
        (b'{"forms": -Infinity}', "the request body is not JSON: -Infinity is not a JSON number"),
        (b'"\xff"', "the request body is not JSON: 'utf-8' codec can't decode byte 0xff"),
        (b"9" * 5000, "the request body is not JSON: Exceeds the limit"),
        (b"[" * 100_000, "the request body is nested too deeply"),
        (b'{"forms":' * 100_000, "the request body is nested too deeply"),
        (b"null", "the request body must be a JSON object, not null"),
        (b"[]", "the request body must be a JSON object, not a list"),
        (b"1", "the request body must be a JSON object, not a number"),
        (b'{"forms": {}}', "expected a list at 'forms', found an object"),
        (b'{"forms": [null]}', "expected an object at 'forms.1.member', found null"),
        (
            json.dumps({"forms": [FORM, {**FORM, "timestamp": "2024-01-01"}]}).encode(),
            "expected epoch seconds at 'forms.2.member.timestamp', found a string",
        ),
        (b'{"clientToken": 1}', "expected a string at 'clientToken', found a number"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_body_that_cannot_be_read_is_a_serialization_exception(body, message):
    code, found = refusal("PostTimeSeriesDataPoints", body=body)

    assert code == "SerializationException"
    assert found.startswith(message)


@pytest.mark.parametrize(
    ("operation", "url", "message"),
    [
        (
            "PostTimeSeriesDataPoints",
            "https://datazone.us-east-1.api.aws/v2/domains/dzd_1/entities",
            "/v2/domains/dzd_1/entities is not the path of PostTimeSeriesDataPoints",
        ),
        (
            "PostTimeSeriesDataPoints",
            URL.replace("entities", "assets"),
            (
                f"{URL[34:].replace('entities', 'assets')} is not the path of "
                "PostTimeSeriesDataPoints"
            ),
        ),
        ("PostTimeSeriesDataPoints", "", " is not the path of PostTimeSeriesDataPoints"),
        ("GetTimeSeriesDataPoint", "http://[", "'http://[' is not a URL: Invalid IPv6 URL"),
        (
            "ListTimeSeriesDataPoints",
            f"{URL}?formName=score&maxResults=ten",
            "'ten' at 'maxResults' cannot be read as integer",
        ),
        (
            "ListTimeSeriesDataPoints",
            f"{URL}?formName=score&maxResults={'9' * 5000}",
            f"'{'9' * 5000}' at 'maxResults' cannot be read as integer",
        ),
        (
            "ListTimeSeriesDataPoints",
            f"{URL}?formName=score&startedAt=now",
            "'now' at 'startedAt' cannot be read as timestamp",
        ),
    ],
    ids=["short", "other", "none", "no URL", "word", "huge", "time"],
)
def test_a_url_that_cannot_be_read_is_a_serialization_exception(operation, url, message):
    assert refusal(operation, url=url) == ("SerializationException", message)


def test_an_endpoints_own_path_may_come_first():
    url = URL.replace("api.aws/", "api.aws/a/prefix/v2/")

    assert model.operation("ListTimeSeriesDataPoints").labels(url) == {
        "domainIdentifier": "dzd_5oo7xzoqltu8mf",
        "entityType": "ASSET",
        "entityIdentifier": "4wyh64k2n8czaf",
    }


def test_filters_within_filters_are_read_as_deep_as_python_goes(datazone_ts, datazone_ts_client):
    datazone_ts.respond("Search", {})
    clause = {"filter": {"attribute": "name", "value": "penguins"}}
    call = {"domainIdentifier": "dzd_5oo7xzoqltu8mf", "searchScope": "ASSET"}
    for _ in range(20):
        clause = {"and": [clause]}

    datazone_ts_client.search(**call, filters=clause)

    assert datazone_ts.calls.one().parameters["filters"] == clause
    with pytest.raises(wire.SerializationError, match="the request body is nested too deeply"):
        wire.decode(model.operation("Search"), deep_search(5_000))


def test_what_is_read_at_all_can_be_recorded_matched_and_given_to_a_test():
    ts = DataZoneTimeSeries()
    ts.inject("ThrottlingException", operation="Search", domain_identifier="another", times=None)
    seen = []
    ts.respond("Search", lambda parameters: seen.append(parameters) or {})

    answers = [ts.exchange(deep_search(depth)).status_code for depth in range(100, 700, 7)]

    assert {*answers} == {200, 400}
    assert len(seen) == answers.count(200)
    assert len(ts.calls) == len(answers)


def test_what_is_too_deep_to_be_held_against_the_model_is_refused():
    clause = {}
    for _ in range(5_000):
        clause = {"and": [clause]}

    with pytest.raises(Refusal) as caught:
        Service(Clock(), content_check="off").validate("Search", {"filters": clause})

    assert str(caught.value) == "the request is nested too deeply"


def deep_search(depth):
    innermost = '{"filter": {"attribute": "name", "value": "penguins"}}'
    clauses = '{"and": [' * depth + innermost + "]}" * depth
    return Request(
        operation="Search",
        url="https://datazone.us-east-1.api.aws/v2/domains/dzd_1/search",
        headers={},
        body=f'{{"searchScope": "ASSET", "filters": {clauses}}}'.encode(),
        region="us-east-1",
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(1704067200),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
odd_forms = st.lists(
    json_values
    | st.fixed_dictionaries(
        {name: st.just(value) | json_values for name, value in FORM.items()},
        optional={"typeRevision": st.just("1") | json_values, "content": st.text() | json_values},
    ),
    max_size=3,
)
odd_bodies = st.one_of(
    st.binary(),
    json_values.map(json.dumps).map(str.encode),
    st.fixed_dictionaries(
        {"forms": odd_forms | json_values},
        optional={"clientToken": st.text() | json_values},
    )
    .map(json.dumps)
    .map(str.encode),
)
mutated_bodies = st.builds(
    lambda at, new, body: body[: at % len(body)] + new + body[at % len(body) + len(new) :],
    st.integers(0, 500),
    st.binary(max_size=3),
    st.just(json.dumps({"forms": [FORM, {**FORM, "content": "{}"}]}).encode()),
)
odd_texts = st.text() | st.sampled_from(["score", "1", "50", "2024-01-01T00:00:00Z", "NaN", "null"])
odd_queries = st.one_of(
    st.text().map(lambda text: f"?{text}"),
    st.dictionaries(
        st.sampled_from(
            ["formName", "maxResults", "nextToken", "startedAt", "endedAt", "clientToken"]
        )
        | st.text(),
        odd_texts,
    ).map(lambda query: f"?{urlencode(query)}"),
)
odd_paths = st.one_of(
    st.just(URL),
    st.just(f"{URL}/athp9dyw75gzhj"),
    st.text(),
    st.text().map(lambda text: f"{URL}/{text}"),
    st.text().map(lambda text: URL.replace("ASSET", text)),
)


@run(400)
@given(
    operation=st.sampled_from(TIME_SERIES),
    path=odd_paths,
    query=st.just("") | odd_queries,
    body=odd_bodies | mutated_bodies,
)
@example("PostTimeSeriesDataPoints", URL, "", b"")
@example("ListTimeSeriesDataPoints", URL, "?maxResults=%FF&formName=%00", b"")
def test_whatever_arrives_is_answered(operation, path, query, body):
    ts = DataZoneTimeSeries()

    response = ts.exchange(
        Request(operation=operation, url=path + query, headers={}, body=body, region="us-east-1")
    )

    code = response.headers.get("x-amzn-errortype")
    assert (response.status_code, code) in {
        (model.operation(operation).success, None),
        (400, "SerializationException"),
        (400, "ValidationException"),
        (404, "ResourceNotFoundException"),
    }
    assert ts.calls.one().error_code == code
    if operation == "PostTimeSeriesDataPoints" and code is None:
        echoed = [form["id"] for form in json.loads(response.body)["forms"]]
        assert [point.id for point in ts.data_points] == echoed
    else:
        assert ts.data_points == []
