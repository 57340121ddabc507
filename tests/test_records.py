"""What a double records: data points, and calls with their attempts."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from datetime import datetime, timezone

import pytest
from sample import ask

from pytest_datazone_ts import Calls, DataPoints, faults, mock_datazone_ts

CALL = {
    "domainIdentifier": "dzd_5oo7xzoqltu8mf",
    "entityIdentifier": "4wyh64k2n8czaf",
    "entityType": "ASSET",
}
PATH = (
    "/v2/domains/dzd_5oo7xzoqltu8mf/entities/ASSET/4wyh64k2n8czaf/time-series-data-points"
    "?formName=score"
)


def a_form(**members):
    return {
        "formName": "score",
        "typeIdentifier": "team.ScoreFormType",
        "timestamp": datetime(2024, 1, 1, tzinfo=timezone.utc),
        **members,
    }


@pytest.fixture
def three_points(datazone_ts, datazone_ts_client):
    """Three calls with one form each, named one, two and three."""
    for name in ("one", "two", "three"):
        datazone_ts_client.post_time_series_data_points(**CALL, forms=[a_form(formName=name)])
    return datazone_ts


@pytest.mark.parametrize("records", ["data_points", "calls"])
def test_records_are_an_immutable_sequence(three_points, records):
    records = getattr(three_points, records)
    first, second, third = records

    assert len(records) == 3
    assert records[0] is first
    assert records[-1] is third
    assert list(reversed(records)) == [third, second, first]
    assert second in records
    assert records.index(second) == 1
    assert records.count(third) == 1
    assert records
    assert not records[:0]
    with pytest.raises(IndexError):
        records[3]
    with pytest.raises(TypeError):
        records[0] = second
    with pytest.raises(TypeError):
        del records[0]
    with pytest.raises(AttributeError):
        records.more = 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(records)


@pytest.mark.parametrize("records", ["data_points", "calls"])
def test_a_slice_is_of_the_same_kind(three_points, records):
    records = getattr(three_points, records)

    assert type(records[1:]) is type(records)
    assert records[1:].latest() is records[2]
    assert records[::-1] == list(reversed(records))


@pytest.mark.parametrize("records", ["data_points", "calls"])
def test_records_equal_a_list_a_tuple_and_other_records(three_points, records):
    records = getattr(three_points, records)

    assert records == [*records]
    assert records == (*records,)
    assert records == records[:]
    assert records != records[:2]
    assert records != [*records][::-1]
    assert records != {*map(id, records)}
    assert records != "records"


def test_nothing_recorded_equals_an_empty_list(datazone_ts):
    assert datazone_ts.data_points == []
    assert datazone_ts.calls == ()
    assert DataPoints() == []
    assert Calls() == []
    assert repr(DataPoints()) == "<DataPoints: 0 data points>"
    assert str(Calls()) == "0 calls"


def test_records_are_counted_and_printed_as_a_list(three_points):
    points, calls = three_points.data_points, three_points.calls

    assert repr(points) == "<DataPoints: 3 data points>"
    assert repr(calls[:1]) == "<Calls: 1 call>"
    assert str(points) == (
        "3 data points:\n"
        "  1. 'one' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z\n"
        "  2. 'two' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z\n"
        "  3. 'three' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z"
    )
    assert str(calls[:1]) == (
        "1 call:\n  1. PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf in us-east-1: 201"
    )


def test_a_record_has_one_field_a_line(datazone_ts, datazone_ts_client):
    datazone_ts.inject("ThrottlingException")
    datazone_ts_client.post_time_series_data_points(**CALL, forms=[a_form()], clientToken="token")
    moment = datetime(2024, 1, 1, tzinfo=timezone.utc)
    point = dataclasses.replace(datazone_ts.data_points.one(), id="id", posted_at=moment)
    call = datazone_ts.calls.one()
    attempt = dataclasses.replace(call.attempts[0], armed_at="here", slept=0.5, at=moment)
    parameters = {"entityType": "ASSET", "forms": [{"formName": "score"}], "filters": {}}
    call = dataclasses.replace(call, parameters=parameters, attempts=(attempt,))

    assert repr(point).splitlines() == [
        "DataPoint(",
        "    id='id',",
        "    domain_identifier='dzd_5oo7xzoqltu8mf',",
        "    entity_identifier='4wyh64k2n8czaf',",
        "    entity_type='ASSET',",
        "    form_name='score',",
        "    type_identifier='team.ScoreFormType',",
        "    type_revision='1',",
        f"    timestamp={moment!r},",
        "    content=None,",
        "    region='us-east-1',",
        f"    posted_at={moment!r},",
        ")",
    ]
    assert repr(call).splitlines() == [
        "Call(",
        "    operation='PostTimeSeriesDataPoints',",
        "    parameters={",
        "        'entityType': 'ASSET',",
        "        'forms': [",
        "            {",
        "                'formName': 'score',",
        "            },",
        "        ],",
        "        'filters': {},",
        "    },",
        "    attempts=(",
        "        Attempt(",
        "            number=1,",
        "            status_code=429,",
        "            error_code='ThrottlingException',",
        "            fault=ThrottlingException,",
        "            armed_at='here',",
        "            slept=0.5,",
        f"            at={moment!r},",
        f"            request_id='{attempt.request_id}',",
        "        ),",
        "    ),",
        "    region='us-east-1',",
        ")",
    ]


def test_there_is_no_item_of_nothing_nor_beyond_the_last(three_points):
    with pytest.raises(IndexError) as beyond:
        three_points.data_points[3]
    with pytest.raises(IndexError) as of_nothing:
        three_points.data_points.where(form_name="on")[0]
    with pytest.raises(IndexError) as of_no_call:
        three_points.calls[3:][-1]

    assert str(beyond.value) == "there is no [3] in 3 data points"
    assert str(of_nothing.value).startswith(
        "expected at least one data point\n"
        "  with\n"
        "    form_name: 'on'\n"
        "but none of the 3 posted matched. Nearest first:\n"
        "  1. 'one' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z\n"
    )
    assert str(of_no_call.value) == "expected at least one call, found none"


def test_records_taken_earlier_stay_as_they_were(datazone_ts, datazone_ts_client):
    points, calls = datazone_ts.data_points, datazone_ts.calls

    datazone_ts_client.post_time_series_data_points(**CALL, forms=[a_form()])

    assert points == []
    assert calls == []
    points, calls = datazone_ts.data_points, datazone_ts.calls

    datazone_ts.reset()

    assert points.one().form_name == "score"
    assert calls.one().succeeded
    assert datazone_ts.data_points == []


def test_every_record_is_frozen(datazone_ts, datazone_ts_client):
    datazone_ts.inject("ThrottlingException")
    datazone_ts_client.post_time_series_data_points(**CALL, forms=[a_form()])
    call = datazone_ts.calls.one()

    for record in (datazone_ts.data_points.one(), call, *call.attempts):
        for field in dataclasses.fields(record):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(record, field.name, None)
        assert copy.deepcopy(record) == record
        assert pickle.loads(pickle.dumps(record)) == record  # noqa: S301 - our own bytes


def test_data_points_can_be_members_of_a_set(three_points):
    assert len({*three_points.data_points, *three_points.data_points}) == 3


# Calls


def test_the_parameters_are_those_of_the_call(datazone_ts, datazone_ts_client):
    timestamp = datetime(2024, 1, 1, tzinfo=timezone.utc)

    datazone_ts_client.post_time_series_data_points(
        **CALL, forms=[a_form(timestamp=1704067200, content="{}")], clientToken="token"
    )

    call = datazone_ts.calls.one()
    assert call.operation == "PostTimeSeriesDataPoints"
    assert call.region == "us-east-1"
    assert call.parameters == {
        **CALL,
        "forms": [a_form(timestamp=timestamp, content="{}")],
        "clientToken": "token",
    }


def test_records_do_not_change_with_the_callers_arguments(datazone_ts, datazone_ts_client):
    forms = [a_form(content="{}")]
    datazone_ts_client.post_time_series_data_points(**CALL, forms=forms, clientToken="token")

    forms[0]["content"] = "[]"
    forms.append(a_form())

    assert datazone_ts.calls.one().parameters["forms"] == [a_form(content="{}")]
    assert datazone_ts.data_points.one().content == "{}"


def test_records_do_not_change_with_the_parameters_of_a_callable(datazone_ts, datazone_ts_client):
    def respond(parameters):
        parameters["filters"].clear()
        del parameters["domainIdentifier"]
        return {}

    datazone_ts.respond("Search", respond)
    query = {
        "domainIdentifier": "dzd_5oo7xzoqltu8mf",
        "searchScope": "ASSET",
        "filters": {"filter": {"attribute": "name", "value": "penguins"}},
    }

    datazone_ts_client.search(**query)

    assert datazone_ts.calls.one().parameters == query


def test_records_do_not_change_with_the_parameters_that_a_test_reads(
    datazone_ts, datazone_ts_client
):
    posted = {**CALL, "forms": [a_form(content="{}")], "clientToken": "token"}
    first = datazone_ts_client.post_time_series_data_points(**posted)

    seen = datazone_ts.calls.one().parameters
    seen["forms"][0].clear()
    seen["forms"].clear()
    del seen["clientToken"]

    assert datazone_ts.calls.one().parameters == posted
    again = datazone_ts_client.post_time_series_data_points(**posted)
    assert again["forms"] == first["forms"]
    assert len(datazone_ts.data_points) == 1


def test_the_four_operations_are_recorded_in_the_order_called(datazone_ts, datazone_ts_client):
    client = datazone_ts_client
    form = client.post_time_series_data_points(**CALL, forms=[a_form()])["forms"][0]
    series = {**CALL, "formName": "score"}
    client.list_time_series_data_points(**series)
    client.get_time_series_data_point(**series, identifier=form["id"])
    client.delete_time_series_data_points(**series, clientToken="token")

    assert [(call.operation, call.succeeded) for call in datazone_ts.calls] == [
        ("PostTimeSeriesDataPoints", True),
        ("ListTimeSeriesDataPoints", True),
        ("GetTimeSeriesDataPoint", True),
        ("DeleteTimeSeriesDataPoints", True),
    ]
    assert [call.parameters for call in datazone_ts.calls[1:]] == [
        series,
        {**series, "identifier": form["id"]},
        {**series, "clientToken": "token"},
    ]


def test_retries_of_one_call_are_its_attempts(datazone_ts, make_client):
    client = make_client()
    datazone_ts.inject("ThrottlingException")
    datazone_ts.inject("ReadTimeout")

    answer = client.post_time_series_data_points(**CALL, forms=[a_form()])

    call = datazone_ts.calls.one()
    assert call.succeeded
    assert call.error_code is None
    assert [attempt.number for attempt in call.attempts] == [1, 2, 3]
    assert [attempt.status_code for attempt in call.attempts] == [429, None, 201]
    assert [attempt.error_code for attempt in call.attempts] == ["ThrottlingException", None, None]
    assert [attempt.fault for attempt in call.attempts] == [
        faults.ThrottlingException(),
        faults.ReadTimeout(),
        None,
    ]
    first, second, third = call.attempts
    assert (first.slept, second.slept) == datazone_ts.sleeps
    assert third.slept == 0.0
    assert first.at < third.at
    assert first.at.tzinfo is timezone.utc
    assert second.request_id is None
    assert third.request_id == answer["ResponseMetadata"]["RequestId"]
    assert first.request_id != third.request_id


def test_a_call_ends_as_its_last_attempt_did(datazone_ts, make_client):
    client = make_client(attempts=2)
    datazone_ts.inject("ThrottlingException")
    datazone_ts.inject("AccessDeniedException")

    with pytest.raises(client.exceptions.AccessDeniedException):
        client.post_time_series_data_points(**CALL, forms=[a_form()])

    call = datazone_ts.calls.one()
    assert not call.succeeded
    assert call.error_code == "AccessDeniedException"
    assert datazone_ts.data_points == []


def test_a_call_in_progress_has_no_end(datazone_ts, datazone_ts_client):
    seen = []
    injection = datazone_ts.inject("ReadTimeout", where=lambda call: bool(seen.append(call)))

    datazone_ts_client.post_time_series_data_points(**CALL, forms=[a_form()])
    injection.cancel()

    [call] = seen
    assert call.attempts == ()
    assert not call.succeeded
    assert call.error_code is None


@pytest.fixture
def send(datazone_ts_server):
    """Send a request like a client in another language."""

    def send(method="GET", path=PATH, region="us-east-1", **headers):
        scope = f"Credential=key/20240101/{region}/datazone/aws4_request"
        headers |= {"Authorization": f"AWS4-HMAC-SHA256 {scope}, Signature=0"}
        ask(datazone_ts_server.endpoint_url, method, path, None, headers)

    return send


ONE = {"amz-sdk-invocation-id": "one"}


def test_requests_without_an_invocation_id_are_separate_calls(datazone_ts, send):
    """Only the AWS SDKs say which requests are retries."""
    for headers in ({}, ONE):
        send(**headers, **{"amz-sdk-request": "attempt=1"})
        send(**headers, **{"amz-sdk-request": "attempt=2; max=3"})

    assert [len(call.attempts) for call in datazone_ts.calls] == [1, 1, 2]


def test_without_an_attempt_number_requests_after_a_failure_are_retries(datazone_ts, send):
    datazone_ts.inject("ThrottlingException", operation="ListTimeSeriesDataPoints")

    for _ in range(3):
        send(**ONE)

    assert [len(call.attempts) for call in datazone_ts.calls] == [2, 1]


@pytest.mark.parametrize(
    "other",
    [
        {"region": "eu-west-1"},
        {"path": PATH.replace("score", "other")},
        {"method": "DELETE"},
    ],
    ids="-".join,
)
def test_another_request_with_the_same_invocation_id_is_a_separate_call(datazone_ts, send, other):
    """Some clients use one id for all calls."""
    send(**ONE)
    send(**ONE, **other)

    assert [len(call.attempts) for call in datazone_ts.calls] == [1, 1]


def test_a_reset_in_the_middle_of_a_call_breaks_nothing(datazone_ts, make_client):
    datazone_ts.inject("ThrottlingException", where=lambda _: datazone_ts.reset() is None)

    make_client().post_time_series_data_points(**CALL, forms=[a_form()])

    assert [attempt.number for attempt in datazone_ts.calls.one().attempts] == [1]
    assert len(datazone_ts.data_points) == 1


# The content of a data point


def test_json_parses_the_content(datazone_ts, datazone_ts_client):
    content = '{"passingPercentage": 87.5, "evaluations": [], "name": "\\u00fc"}'
    datazone_ts_client.post_time_series_data_points(**CALL, forms=[a_form(content=content)])

    assert datazone_ts.data_points.one().json() == {
        "passingPercentage": 87.5,
        "evaluations": [],
        "name": "ü",
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "data point {id} (score) was posted without content"),
        ("", "the content of data point {id} (score) is not JSON: "),
        ("{'a': 1}", "the content of data point {id} (score) is not JSON: "),
        ("[" * 100_000, "the content of data point {id} (score) is not JSON: "),
    ],
    ids=["none", "empty", "Python", "nested"],
)
def test_json_is_an_error_that_names_the_point_with_other_content(
    datazone_ts, datazone_ts_client, content, message
):
    members = {} if content is None else {"content": content}
    datazone_ts_client.post_time_series_data_points(**CALL, forms=[a_form(**members)])
    point = datazone_ts.data_points.one()

    with pytest.raises(ValueError, match="data point") as caught:
        point.json()

    expected = message.format(id=point.id)
    assert caught.value.__suppress_context__ is (content is not None)
    assert str(caught.value).startswith(expected)
    assert str(caught.value) == expected or message.endswith(": ")


# The only record, the first and the latest


def test_the_latest_point_is_the_newest_and_not_the_one_posted_last(
    datazone_ts, datazone_ts_client
):
    for name, timestamp in [("a", 2), ("b", 3), ("c", 3), ("d", 1)]:
        form = a_form(formName=name, timestamp=timestamp)
        datazone_ts_client.post_time_series_data_points(**CALL, forms=[form])
    points = datazone_ts.data_points

    assert points.latest().form_name == "c"
    assert points[-1].form_name == "d"
    assert points.first().form_name == "a"
    assert datazone_ts.calls.first() == datazone_ts.calls[0]
    with pytest.raises(AssertionError, match="expected at least one data point, found none"):
        points[:0].first()


def test_a_point_has_the_token_it_came_with(datazone_ts, datazone_ts_client):
    for token in ({}, {"clientToken": "given"}):
        datazone_ts_client.post_time_series_data_points(**CALL, forms=[a_form()], **token)
    generated, given = datazone_ts.data_points

    assert generated.client_token == datazone_ts.calls[0].parameters["clientToken"]
    assert given.client_token == datazone_ts.calls[1].parameters["clientToken"]
    assert given == dataclasses.replace(given, client_token=None)


def test_one_and_latest_return_the_record(three_points):
    assert three_points.data_points.latest().form_name == "three"
    assert three_points.calls.latest().parameters["forms"][0]["formName"] == "three"
    assert three_points.data_points.where(form_name="two").one().form_name == "two"
    assert three_points.calls.where(form_name="two").one() is not None


@pytest.mark.parametrize(("records", "noun"), [("data_points", "data point"), ("calls", "call")])
def test_one_and_latest_of_no_records_are_errors(datazone_ts, records, noun):
    records = getattr(datazone_ts, records)

    with pytest.raises(AssertionError) as one:
        records.one()
    with pytest.raises(AssertionError) as latest:
        records.latest()

    made = "\nThe code under test made no DataZone call." if noun == "data point" else ""
    assert str(one.value) == f"expected exactly one {noun}, found none{made}"
    assert str(latest.value) == f"expected at least one {noun}, found none{made}"


def test_one_lists_the_data_points(three_points):
    with pytest.raises(AssertionError) as caught:
        three_points.data_points.one()

    assert str(caught.value) == (
        "expected exactly one data point, found 3:\n"
        "  1. 'one' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z\n"
        "  2. 'two' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z\n"
        "  3. 'three' of ASSET 4wyh64k2n8czaf at 2024-01-01 00:00:00Z\n"
        "Narrow it down with where(...), such as where(form_name='one').one()"
    )


def test_one_lists_the_calls(datazone_ts, make_client):
    client = make_client()
    datazone_ts.inject("ThrottlingException", times=2)
    client.post_time_series_data_points(**CALL, forms=[a_form()])
    datazone_ts.inject("ReadTimeout")
    datazone_ts.inject(faults.HttpError(400))
    datazone_ts.respond("ListDomains", {"items": []})
    with pytest.raises(client.exceptions.ClientError):
        client.post_time_series_data_points(**CALL, forms=[a_form()])
    client.list_domains()
    client.list_domains()

    with pytest.raises(AssertionError) as caught:
        datazone_ts.calls.one()

    assert str(caught.value) == (
        "expected exactly one call, found 4:\n"
        "  1. PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf in us-east-1:\n"
        "     ThrottlingException (2 times), 201\n"
        "  2. PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf in us-east-1:\n"
        "     ReadTimeout, 400\n"
        "  3. ListDomains in us-east-1: 200\n"
        "  and 1 more\n"
        "Narrow it down with where(...), such as\n"
        "where(entity_identifier='4wyh64k2n8czaf')"
    )


def test_an_unhandled_call_is_listed(datazone_ts_client):
    with mock_datazone_ts(strict=False) as ts:
        for _ in range(2):
            with pytest.raises(NotImplementedError):
                datazone_ts_client.list_domains()

        with pytest.raises(AssertionError) as caught:
            ts.calls.one()

    assert str(caught.value) == (
        "expected exactly one call, found 2:\n"
        "  1. ListDomains in us-east-1: no response\n"
        "  2. ListDomains in us-east-1: no response\n"
        "They ask for the same: take one by its index, or the last with latest()."
    )
