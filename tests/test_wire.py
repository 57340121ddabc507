"""The codec: the inverse of botocore's, for any input."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from datetime import datetime, timezone
from functools import cache, partial
from urllib.parse import urlencode

import pytest
from botocore import xform_name
from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.model import ShapeResolver
from botocore.serialize import create_serializer
from freezegun import freeze_time
from hypothesis import HealthCheck, given, settings
from hypothesis import example as with_example
from hypothesis import strategies as st
from internals import UnreadableError, decode, encode, exchange, new_double, new_operation
from sample import METHODS, service
from shapes import example

from pytest_datazone_ts import UnansweredOperationError

UTC = timezone.utc
TIME_SERIES = [*METHODS]
URL = (
    "https://datazone.us-east-1.api.aws/v2/domains/dzd_5oo7xzoqltu8mf"
    "/entities/ASSET/4wyh64k2n8czaf/time-series-data-points"
)
NOT_A_TIME = "is not a time between the years 1 and 9999"
FORM = {"formName": "score", "typeIdentifier": "team.ScoreFormType", "timestamp": 1704067200}


def run(examples, **others):
    return settings(derandomize=True, database=None, deadline=None, max_examples=examples, **others)


operations = st.sampled_from(TIME_SERIES) | st.deferred(
    lambda: st.sampled_from(service().operation_names)
)


# Values of any shape

moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC)
)
whole_seconds = moments.map(lambda moment: moment.replace(microsecond=0))


def values(shape, *, times=whole_seconds, depth=3, least=False):
    """Values of a shape in boto3's form; where it contains itself, not endlessly deep.

    ``least``: no text is shorter, and no number smaller, than botocore lets pass.
    """
    kind = shape.type_name
    inside = partial(values, times=times, depth=depth - 1, least=least)
    low = shape.metadata.get("min") if least else None
    if kind == "structure":
        if shape.is_tagged_union:
            return st.sampled_from(sorted(shape.members)).flatmap(
                lambda name: inside(shape.members[name]).map(lambda value: {name: value})
            )
        members = {
            name: inside(member)
            for name, member in shape.members.items()
            if depth > 0 or name in shape.required_members
        }
        required = {name: members.pop(name) for name in shape.required_members}
        return st.fixed_dictionaries(required, optional=members)
    if kind == "list":
        return st.lists(inside(shape.member), min_size=low or 0, max_size=2)
    if kind == "map":
        return st.dictionaries(inside(shape.key), inside(shape.value), max_size=2)
    if kind == "timestamp":
        return times
    return {
        "string": st.text(min_size=low or 0, max_size=max(low or 0, 10)),
        "integer": st.integers(-(2**31) if low is None else low, 2**31 - 1),
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


def exchange_by_botocore(double, operation_model, parameters):
    """Pass a double the request that botocore makes from parameters."""
    serializer = create_serializer("rest-json", include_validation=False)
    serialized = serializer.serialize_to_request(parameters, operation_model)
    prepare_request_dict(serialized, "https://datazone.us-east-1.api.aws", context={})
    request = create_request_object(serialized).prepare()
    body = request.body or b""
    return exchange(
        double,
        operation_model.name,
        request.url,
        body.encode() if isinstance(body, str) else body,
        headers={
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        },
    )


@run(150)
@given(data=st.data(), operation=operations)
def test_a_request_is_read_as_the_parameters_it_was_made_of(data, operation):
    operation_model = service().operation_model(operation)
    parameters = data.draw(inputs(operation_model.input_shape))

    double = new_double()
    with suppress(UnansweredOperationError):
        exchange_by_botocore(double, operation_model, parameters)

    assert double.calls.one().parameters == parameters


@pytest.fixture
def answer(datazone_ts, datazone_ts_client):
    """Have a client be answered with an output; return its response, and the HTTP response."""
    https = []
    datazone_ts_client.meta.events.register(
        "after-call", lambda http_response, **_: https.append(http_response)
    )

    def answer(name, output):
        operation = service().operation_model(name)
        datazone_ts.respond(name, output)
        response = getattr(datazone_ts_client, xform_name(name))(
            **example(operation.input_shape, whole=False)
        )
        if operation.has_streaming_output:
            response["event"] = response["event"].read()
        return response, https.pop()

    return answer


answered = st.deferred(
    lambda: st.sampled_from(
        [
            name
            for name in service().operation_names
            if name not in TIME_SERIES
            and example(service().operation_model(name).input_shape, whole=False) is not None
        ]
    )
)


@run(150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), operation=answered)
def test_a_response_is_parsed_into_the_output_it_was_made_of(datazone_ts, answer, data, operation):
    operation_model = service().operation_model(operation)
    shape = operation_model.output_shape
    output = {} if shape is None else data.draw(outputs(shape))

    response, http = answer(operation, output)

    metadata = response.pop("ResponseMetadata")
    assert metadata["RequestId"] == datazone_ts.calls[-1].attempts[0].request_id
    assert http.headers["content-length"] == str(len(http.content))
    assert response == output
    assert (http.content == b"") is (shape is None or operation_model.http["responseCode"] == 204)


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
        return values(shape, times=moments, least=True)
    payload = shape.serialization["payload"]
    return st.fixed_dictionaries(
        {payload: st.binary(max_size=10)},
        optional=headers,
    )


def test_handlers_can_change_the_headers_of_a_response(datazone_ts_client, post):
    seen = []

    def change(http_response, **_):
        headers = http_response.headers
        headers["X-Proxy"] = "one"
        seen.append(headers.copy())
        del headers["x-proxy"]
        seen.append(headers)

    datazone_ts_client.meta.events.register("after-call.datazone", change)
    post(datazone_ts_client)

    copied, changed = seen
    assert copied["x-Proxy"] == "one"
    assert "X-Proxy" not in changed
    assert {**copied} == {**changed, "x-proxy": "one"}


def test_a_response_has_raw_headers_too(answer):
    """aiobotocore up to 2.20 reads them."""
    _, http = answer("TagResource", {})

    assert http.raw.raw_headers == [
        (name.encode(), value.encode()) for name, value in http.headers.items()
    ]
    assert (b"content-type", b"application/json") in http.raw.raw_headers
    assert http.raw.read() == http.content == b"{}"
    assert http.url.startswith("https://datazone.us-east-1.api.aws/tags/")


needs_payload = pytest.mark.skipif(
    "GetLineageEvent" not in service().operation_names,
    reason="this botocore has no operation yet whose output has headers and a payload",
)


@needs_payload
@run(100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_headers_and_a_payload_are_parsed_too(answer, data):
    output = data.draw(outputs(service().operation_model("GetLineageEvent").output_shape))

    response, _ = answer("GetLineageEvent", output)

    del response["ResponseMetadata"]
    assert response == output


@needs_payload
@pytest.mark.parametrize("event", ["text ünïcödé", bytearray(b"\x00\xff"), b""], ids=repr)
def test_a_payload_can_have_every_type_that_boto3_accepts(datazone_ts, datazone_ts_client, event):
    datazone_ts.respond("GetLineageEvent", {"event": event})

    answer = datazone_ts_client.get_lineage_event(
        domainIdentifier="dzd_5oo7xzoqltu8mf", identifier="4wyh64k2n8czaf"
    )

    assert answer["event"].read() == (event.encode() if isinstance(event, str) else event)


@needs_payload
def test_a_request_can_have_a_header_and_a_payload(datazone_ts, datazone_ts_client):
    datazone_ts.respond("PostLineageEvent", {})

    datazone_ts_client.post_lineage_event(
        domainIdentifier="dzd_5oo7xzoqltu8mf", event=b"\x00 event", clientToken="token"
    )
    datazone_ts_client.post_lineage_event(domainIdentifier="dzd_1", event=b"", clientToken="other")
    for headers in ({}, {"client-token": "token"}, {"client-token": b"t\xc3\xb6ken \xff"}):
        url = "https://datazone.us-east-1.api.aws/v2/domains/dzd_1/lineage/events"
        exchange(datazone_ts, "PostLineageEvent", url, headers=headers)

    assert [call.parameters for call in datazone_ts.calls] == [
        {"domainIdentifier": "dzd_5oo7xzoqltu8mf", "event": b"\x00 event", "clientToken": "token"},
        {"domainIdentifier": "dzd_1", "event": b"", "clientToken": "other"},
        {"domainIdentifier": "dzd_1", "event": b""},
        {"domainIdentifier": "dzd_1", "event": b"", "clientToken": "token"},
        {"domainIdentifier": "dzd_1", "event": b"", "clientToken": "töken \ufffd"},
    ]


@needs_payload
def test_a_time_in_a_header_has_the_http_date_format(answer):
    output = {"event": b"", "eventTime": datetime(2024, 1, 1, tzinfo=UTC)}

    with freeze_time("1999-12-31 23:59:59"):
        _, http = answer("GetLineageEvent", output)

    assert http.headers["event-time"] == "Mon, 01 Jan 2024 00:00:00 GMT"
    assert http.headers["date"] == "Fri, 31 Dec 1999 23:59:59 GMT"


def test_the_headers_are_those_of_aws(datazone_ts):
    with freeze_time("2024-01-01"):
        good, bad = (
            exchange(datazone_ts, "PostTimeSeriesDataPoints", URL, body)
            for body in (json.dumps({"forms": [FORM]}).encode(), b"")
        )

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
def any_structures():
    """Structures with members of every kind that a query has, and that a body has."""
    scalars = ("string", "integer", "long", "float", "double", "boolean", "timestamp")
    shapes = {kind: {"type": kind} for kind in (*scalars, "blob")} | {
        "iso": {"type": "timestamp", "timestampFormat": "iso8601"},
        "list": {"type": "list", "member": {"shape": "string"}},
        "map": {"type": "map", "key": {"shape": "string"}, "value": {"shape": "integer"}},
    }
    shapes["Query"] = {"type": "structure", "members": {name: {"shape": name} for name in scalars}}
    shapes["Body"] = {"type": "structure", "members": {name: {"shape": name} for name in shapes}}
    del shapes["Body"]["members"]["Query"]
    return [ShapeResolver(shapes).get_shape_by_name(name) for name in ("Query", "Body")]


@cache
def any_operation():
    """An operation with members of every kind, in its body and in its query."""
    return new_operation(*any_structures())


@run(100)
@given(output=st.deferred(lambda: values(any_structures()[1], times=moments)))
def test_decoding_an_encoded_value_returns_it(output):
    """Request and response bodies have one form."""
    assert decode(any_operation(), encode(any_operation(), output)) == output


def test_times_and_bytes_are_written_as_the_shapes_say():
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    output = {"iso": moment, "timestamp": moment, "blob": b"\x00\xff"}

    body = encode(any_operation(), output)
    with_fraction = encode(any_operation(), {"timestamp": moment.replace(microsecond=250_000)})

    assert json.loads(body) == {
        "iso": "2024-01-01T00:00:00Z",
        "timestamp": 1704067200,
        "blob": "AP8=",
    }
    assert b"1704067200." not in body
    assert json.loads(with_fraction) == {"timestamp": 1704067200.25}


def read_any(body, query=""):
    return decode(any_operation(), body, query)


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
def test_a_value_of_another_type_is_rejected(body, message):
    with pytest.raises(UnreadableError) as caught:
        read_any(body.encode())

    assert str(caught.value).startswith(message)
    assert message.endswith(": ") or str(caught.value) == message


def test_the_largest_numbers_are_accepted():
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
def test_query_values_are_checked_against_their_types(query, value):
    if value is None:
        with pytest.raises(UnreadableError):
            read_any(b"", query)
    else:
        assert read_any(b"", query) == value


@pytest.mark.parametrize("keys", [["a"], ["a", "b", "a"]])
def test_a_query_can_contain_a_list(datazone_ts, datazone_ts_client, keys):
    datazone_ts.respond("UntagResource", {})
    arn = "arn:aws:datazone:us-east-1:123456789012:domain/dzd_5oo7xzoqltu8mf"

    datazone_ts_client.untag_resource(resourceArn=arn, tagKeys=keys)

    assert datazone_ts.calls.one().parameters == {"resourceArn": arn, "tagKeys": keys}


@pytest.mark.parametrize("iso", ['"2024-01-01T01:00:00.25+01:00"', "1704067200.25"])
def test_a_time_as_text_can_have_an_offset_or_be_a_number(iso):
    moment = datetime(2024, 1, 1, microsecond=250_000, tzinfo=UTC)

    assert read_any(f'{{"iso": {iso}}}'.encode()) == {"iso": moment}


def test_an_integral_float_is_an_integer_and_null_is_absent():
    """JSON makes no difference between them."""
    body = b'{"integer": 5.0, "float": 5, "string": null, "unknown": 1}'

    assert read_any(body) == {"integer": 5, "float": 5.0}


# What no client would send is rejected, and nothing worse


def rejection(operation, *, url=URL, body=b""):
    """The error code and message that a request is answered with; nothing may be stored."""
    ts = new_double()
    response = exchange(ts, operation, url, body)
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
    code, found = rejection("PostTimeSeriesDataPoints", body=body)

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
    assert rejection(operation, url=url) == ("SerializationException", message)


def test_an_endpoint_can_have_a_path_prefix():
    url = URL.replace("api.aws/", "api.aws/a/prefix/v2/")
    ts = new_double()

    exchange(ts, "ListTimeSeriesDataPoints", f"{url}?formName=score")

    assert ts.calls.one().parameters == {
        "domainIdentifier": "dzd_5oo7xzoqltu8mf",
        "entityType": "ASSET",
        "entityIdentifier": "4wyh64k2n8czaf",
        "formName": "score",
    }


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
@with_example("PostTimeSeriesDataPoints", URL, "", b"")
@with_example("ListTimeSeriesDataPoints", URL, "?maxResults=%FF&formName=%00", b"")
def test_any_body_is_answered(operation, path, query, body):
    ts = new_double()

    response = exchange(ts, operation, path + query, body)

    code = response.headers.get("x-amzn-errortype")
    assert (response.status_code, code) in {
        (service().operation_model(operation).http["responseCode"], None),
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
