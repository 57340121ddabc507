"""What the fake service does with the four operations, as real clients see it."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta, timezone

import pytest
from sample import ask

from pytest_datazone_ts import mock_datazone_ts

ENTITY = {
    "domainIdentifier": "dzd_5oo7xzoqltu8mf",
    "entityIdentifier": "4wyh64k2n8czaf",
    "entityType": "ASSET",
}
SERIES = {**ENTITY, "formName": "score"}
NEW_YEAR = datetime(2024, 1, 1, tzinfo=timezone.utc)


def a_form(seconds=0, name="score", **members):
    """A form whose timestamp is so many seconds into 2024."""
    return {
        "formName": name,
        "typeIdentifier": "team.ScoreFormType",
        "timestamp": NEW_YEAR + timedelta(seconds=seconds),
        **members,
    }


def post_forms(client, *forms, **keywords):
    return client.post_time_series_data_points(**{**ENTITY, "forms": list(forms), **keywords})


def since(moment):
    return (moment - NEW_YEAR).total_seconds()


def seconds_of(items):
    return [since(item["timestamp"]) for item in items]


@pytest.fixture
def send(datazone_ts_server):
    """Send a request as it is, with no client that could change it; return the parsed answer."""

    def send(method, query="", body=None):
        path = "/v2/domains/dzd_5oo7xzoqltu8mf/entities/ASSET/4wyh64k2n8czaf"
        path += f"/time-series-data-points{query}"
        return ask(datazone_ts_server.endpoint_url, method, path, body and json.dumps(body))[2]

    return send


# PostTimeSeriesDataPoints


def test_post_echoes_every_form_with_an_id(datazone_ts_client):
    answer = post_forms(
        datazone_ts_client,
        a_form(1, content="{}", typeRevision="8"),
        a_form(2, name="other"),
    )

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert answer["domainId"] == "dzd_5oo7xzoqltu8mf"
    assert answer["entityId"] == "4wyh64k2n8czaf"
    assert answer["entityType"] == "ASSET"
    assert answer["forms"] == [
        {
            "formName": "score",
            "typeIdentifier": "team.ScoreFormType",
            "typeRevision": "8",
            "timestamp": NEW_YEAR + timedelta(seconds=1),
            "content": "{}",
            "id": answer["forms"][0]["id"],
        },
        {
            "formName": "other",
            "typeIdentifier": "team.ScoreFormType",
            "typeRevision": "1",
            "timestamp": NEW_YEAR + timedelta(seconds=2),
            "id": answer["forms"][1]["id"],
        },
    ]


def test_what_is_stored_is_what_was_echoed(datazone_ts, datazone_ts_client):
    answer = post_forms(datazone_ts_client, a_form(1, content="{}", typeRevision="8"))

    point = datazone_ts.data_points.one()
    assert point.id == answer["forms"][0]["id"]
    assert point.domain_identifier == "dzd_5oo7xzoqltu8mf"
    assert point.entity_identifier == "4wyh64k2n8czaf"
    assert point.entity_type == "ASSET"
    assert point.form_name == "score"
    assert point.type_identifier == "team.ScoreFormType"
    assert point.type_revision == "8"
    assert point.timestamp == NEW_YEAR + timedelta(seconds=1)
    assert point.timestamp.tzinfo is timezone.utc
    assert point.content == "{}"
    assert point.region == "us-east-1"
    assert point.posted_at.tzinfo is timezone.utc


def test_ids_look_like_datazones_are_distinct_and_the_same_from_run_to_run(datazone_ts_client):
    def ids_of_a_run():
        with mock_datazone_ts():
            answers = [
                post_forms(datazone_ts_client, *[a_form(n) for n in range(50)]) for _ in range(10)
            ]
        return [form["id"] for answer in answers for form in answer["forms"]]

    ids = ids_of_a_run()

    assert len(set(ids)) == 500
    assert all(len(id_) == 14 and id_.isalnum() and id_ == id_.lower() for id_ in ids)
    assert ids_of_a_run() == ids
    assert ids[:3] == ["9zfkfw98b9757k", "nz5f5kkhwkc9fc", "7wn8nj5094kfwf"]


def test_ids_are_not_used_again_after_a_reset(datazone_ts, datazone_ts_client):
    before = post_forms(datazone_ts_client, a_form())["forms"][0]["id"]
    datazone_ts.reset()

    assert post_forms(datazone_ts_client, a_form())["forms"][0]["id"] != before


def test_no_forms_are_no_points(datazone_ts, datazone_ts_client):
    assert post_forms(datazone_ts_client)["forms"] == []
    assert datazone_ts.data_points == []


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_one_bad_form_keeps_all_the_others_out(datazone_ts, datazone_ts_client, bad):
    forms = [a_form(number) for number in range(3)]
    forms[bad]["typeIdentifier"] = ".not a type"

    with pytest.raises(datazone_ts_client.exceptions.ValidationException):
        post_forms(datazone_ts_client, *forms)

    assert datazone_ts.data_points == []
    assert datazone_ts_client.list_time_series_data_points(**SERIES)["items"] == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "not JSON",
        "x" * 500_000,
        "ünïcödé \N{SNOWMAN} \N{PILE OF POO} \u2028 \x00 \\ \" ' \r\n\t",
        "\ud800 alone",
        "[" * 100_000,
        '{"passingPercentage": ' + "9" * 5_000 + "}",
    ],
    ids=["empty", "object", "text", "longest", "unicode", "surrogate", "nested", "number"],
)
def test_content_is_kept_to_the_letter(datazone_ts, datazone_ts_client, content):
    answer = post_forms(datazone_ts_client, a_form(content=content))["forms"][0]

    read = datazone_ts_client.get_time_series_data_point(**SERIES, identifier=answer["id"])
    assert answer["content"] == content
    assert read["form"] == answer
    assert datazone_ts.data_points.one().content == content
    assert len(datazone_ts_client.list_time_series_data_points(**SERIES)["items"]) == 1


def test_a_form_without_content_stays_without(datazone_ts, datazone_ts_client):
    answer = post_forms(datazone_ts_client, a_form())["forms"][0]

    read = datazone_ts_client.get_time_series_data_point(**SERIES, identifier=answer["id"])
    [item] = datazone_ts_client.list_time_series_data_points(**SERIES)["items"]
    assert "content" not in answer
    assert "content" not in read["form"]
    assert "contentSummary" not in item
    assert datazone_ts.data_points.one().content is None


@pytest.mark.parametrize(
    "timestamp",
    [
        NEW_YEAR,
        datetime(2024, 1, 1, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        datetime(2024, 1, 1),  # noqa: DTZ001 - boto3 takes it as UTC
        1704067200,
        1704067200.0,
        "2024-01-01",
        "2024-01-01T00:00:00",
        "2024-01-01T00:00:00Z",
        "2023-12-31T19:00:00-05:00",
    ],
    ids=repr,
)
def test_a_timestamp_may_take_every_form_that_boto3_takes(
    datazone_ts, datazone_ts_client, timestamp
):
    answer = post_forms(datazone_ts_client, a_form(timestamp=timestamp))

    assert answer["forms"][0]["timestamp"] == NEW_YEAR
    assert datazone_ts.data_points.one().timestamp == NEW_YEAR


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (1704067200.25, NEW_YEAR + timedelta(milliseconds=250)),
        (1704067200.000001, NEW_YEAR + timedelta(microseconds=1)),
        (-1.5, datetime(1969, 12, 31, 23, 59, 58, 500_000, tzinfo=timezone.utc)),
        (-62135596800, datetime(1, 1, 1, tzinfo=timezone.utc)),
        (253402300799, datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
    ],
)
def test_a_timestamp_is_kept_and_echoed_as_it_arrives(datazone_ts, send, sent, kept):
    answer = send("POST", body={"forms": [{**a_form(), "timestamp": sent}]})

    assert datazone_ts.data_points.one().timestamp == kept
    assert answer["forms"][0]["timestamp"] == sent


def test_regions_are_separate(session, datazone_ts):
    east = session.client("datazone", region_name="us-east-1")
    west = session.client("datazone", region_name="us-west-2")

    id_ = post_forms(east, a_form(1), clientToken="same")["forms"][0]["id"]
    post_forms(west, a_form(2), clientToken="same")

    assert [point.region for point in datazone_ts.data_points] == ["us-east-1", "us-west-2"]
    assert seconds_of(east.list_time_series_data_points(**SERIES)["items"]) == [1]
    assert seconds_of(west.list_time_series_data_points(**SERIES)["items"]) == [2]
    with pytest.raises(west.exceptions.ResourceNotFoundException):
        west.get_time_series_data_point(**SERIES, identifier=id_)

    west.delete_time_series_data_points(**SERIES)

    assert datazone_ts.data_points.one().region == "us-east-1"


@pytest.mark.parametrize(
    "other",
    [
        {"domainIdentifier": "dzd_other"},
        {"entityIdentifier": "other"},
        {"entityType": "LISTING"},
        {"formName": "other"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_series_is_one_form_of_one_entity(datazone_ts_client, other):
    id_ = post_forms(datazone_ts_client, a_form())["forms"][0]["id"]
    elsewhere = {**SERIES, **other}

    datazone_ts_client.delete_time_series_data_points(**elsewhere)

    assert datazone_ts_client.list_time_series_data_points(**elsewhere)["items"] == []
    assert len(datazone_ts_client.list_time_series_data_points(**SERIES)["items"]) == 1
    with pytest.raises(datazone_ts_client.exceptions.ResourceNotFoundException):
        datazone_ts_client.get_time_series_data_point(**elsewhere, identifier=id_)


def test_many_threads_lose_nothing(datazone_ts, datazone_ts_client):
    def work(name):
        for second in range(20):
            post_forms(datazone_ts_client, a_form(second, name=name), a_form(second))

    threads = [threading.Thread(target=work, args=[f"form{number}"]) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(datazone_ts.data_points) == len({p.id for p in datazone_ts.data_points}) == 200
    assert [
        len(datazone_ts.data_points.where(form_name=f"form{number}")) for number in range(5)
    ] == [20] * 5
    assert len(datazone_ts.calls) == 100


# clientToken


def test_the_same_request_with_the_same_token_stores_nothing_more(datazone_ts, datazone_ts_client):
    first = post_forms(datazone_ts_client, a_form(content="{}"), clientToken="token")
    again = post_forms(datazone_ts_client, a_form(content="{}"), clientToken="token")

    assert again["forms"] == first["forms"]
    assert again["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert len(datazone_ts.data_points) == 1
    assert len(datazone_ts.calls) == 2


def test_the_first_response_comes_again_even_when_the_points_are_gone(
    datazone_ts, datazone_ts_client
):
    first = post_forms(datazone_ts_client, a_form(), clientToken="token")
    datazone_ts_client.delete_time_series_data_points(**SERIES)

    assert post_forms(datazone_ts_client, a_form(), clientToken="token")["forms"] == first["forms"]
    assert datazone_ts.data_points == []


@pytest.mark.parametrize(
    "other",
    [
        {"forms": [a_form(1)]},
        {"forms": [a_form(), a_form()]},
        {"entityIdentifier": "other"},
        {"entityType": "LISTING"},
        {"domainIdentifier": "dzd_other"},
    ],
    ids=["form", "forms", "entity", "type", "domain"],
)
def test_another_request_with_the_same_token_is_a_conflict(datazone_ts, datazone_ts_client, other):
    post_forms(datazone_ts_client, a_form(), clientToken="token")

    with pytest.raises(datazone_ts_client.exceptions.ConflictException) as caught:
        post_forms(datazone_ts_client, a_form(), **other, clientToken="token")

    assert caught.value.response["Error"]["Message"] == (
        "clientToken 'token' was already used with a different PostTimeSeriesDataPoints request"
    )
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert len(datazone_ts.data_points) == 1


def test_the_token_of_a_request_that_failed_is_still_free(datazone_ts, datazone_ts_client):
    datazone_ts.inject("AccessDeniedException")
    with pytest.raises(datazone_ts_client.exceptions.AccessDeniedException):
        post_forms(datazone_ts_client, a_form(1), clientToken="token")
    with pytest.raises(datazone_ts_client.exceptions.ValidationException):
        post_forms(datazone_ts_client, a_form(2, typeIdentifier="."), clientToken="token")

    post_forms(datazone_ts_client, a_form(3), clientToken="token")

    assert len(datazone_ts.data_points) == 1


def test_a_token_is_free_again_after_a_reset(datazone_ts, datazone_ts_client):
    post_forms(datazone_ts_client, a_form(1), clientToken="token")
    datazone_ts.reset()

    post_forms(datazone_ts_client, a_form(2), clientToken="token")

    assert len(datazone_ts.data_points) == 1


def test_requests_without_a_token_are_never_the_same(datazone_ts, datazone_ts_client, send):
    """boto3 makes up a token a call; a caller in another language may send none."""
    post_forms(datazone_ts_client, a_form())
    post_forms(datazone_ts_client, a_form())
    for _ in range(2):
        send("POST", body={"forms": [{**a_form(), "timestamp": 0}]})

    assert len(datazone_ts.data_points) == 4


def test_a_deletion_with_a_known_token_deletes_nothing_more(datazone_ts, datazone_ts_client):
    datazone_ts_client.delete_time_series_data_points(**SERIES, clientToken="token")
    post_forms(datazone_ts_client, a_form())

    answer = datazone_ts_client.delete_time_series_data_points(**SERIES, clientToken="token")

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert len(datazone_ts.data_points) == 1


def test_another_deletion_with_the_same_token_is_rejected(datazone_ts_client):
    """DeleteTimeSeriesDataPoints does not document ConflictException."""
    datazone_ts_client.delete_time_series_data_points(**SERIES, clientToken="token")

    with pytest.raises(datazone_ts_client.exceptions.ValidationException) as caught:
        datazone_ts_client.delete_time_series_data_points(
            **{**SERIES, "formName": "other"}, clientToken="token"
        )

    assert caught.value.response["Error"]["Message"] == (
        "clientToken 'token' was already used with a different DeleteTimeSeriesDataPoints request"
    )


def test_posting_and_deleting_have_tokens_of_their_own(datazone_ts, datazone_ts_client):
    post_forms(datazone_ts_client, a_form(), clientToken="token")

    datazone_ts_client.delete_time_series_data_points(**SERIES, clientToken="token")

    assert datazone_ts.data_points == []


def test_of_two_same_requests_at_once_one_stores(datazone_ts, datazone_ts_client):
    """The second comes while the content of the first is being checked."""
    second = []

    def post_again(_):
        if not second:
            second.append(None)
            second[0] = post_forms(datazone_ts_client, a_form(), clientToken="token")

    datazone_ts.register_form_type("team.ScoreFormType", post_again)

    first = post_forms(datazone_ts_client, a_form(), clientToken="token")

    assert first["forms"] == second[0]["forms"]
    assert len(datazone_ts.data_points) == 1


# ListTimeSeriesDataPoints


def test_a_list_is_newest_first_and_equal_times_in_reverse_posting_order(datazone_ts_client):
    forms = [a_form(second, content=f'"{n}"') for n, second in enumerate([5, 9, 5, 1, 9, 5])]
    post_forms(datazone_ts_client, *forms)

    items = datazone_ts_client.list_time_series_data_points(**SERIES)["items"]

    assert [item["contentSummary"] for item in items] == ['"4"', '"1"', '"5"', '"2"', '"0"', '"3"']
    assert items[0] == {
        "formName": "score",
        "typeIdentifier": "team.ScoreFormType",
        "typeRevision": "1",
        "timestamp": NEW_YEAR + timedelta(seconds=9),
        "contentSummary": '"4"',
        "id": items[0]["id"],
    }


@pytest.mark.parametrize(
    ("started", "ended", "seconds"),
    [
        (None, None, [4, 3, 2, 1]),
        (2, None, [4, 3, 2]),
        (None, 3, [3, 2, 1]),
        (2, 3, [3, 2]),
        (2, 2, [2]),
        (5, None, []),
        (None, 0, []),
        (3, 2, []),
    ],
)
def test_both_ends_of_the_time_asked_for_are_included(datazone_ts_client, started, ended, seconds):
    post_forms(datazone_ts_client, *[a_form(second) for second in (1, 2, 3, 4)])
    bounds = {
        name: NEW_YEAR + timedelta(seconds=second)
        for name, second in (("startedAt", started), ("endedAt", ended))
        if second is not None
    }

    answer = datazone_ts_client.list_time_series_data_points(**SERIES, **bounds)

    assert seconds_of(answer["items"]) == seconds
    assert "nextToken" not in answer


@pytest.mark.parametrize(
    ("query", "fractions"),
    [
        ("startedAt=2024-01-01T00:00:00.500Z", [0.75, 0.5]),
        ("startedAt=2024-01-01T00:00:00.500001Z", [0.75]),
        ("endedAt=2024-01-01T00:00:00.5000000009Z", [0.5, 0.25]),
        ("endedAt=2024-01-01T05:30:00.25%2B05:30", [0.25]),
        ("startedAt=2023-12-31T19:00:00-05:00&endedAt=2024-01-01T00:00:01Z", [0.75, 0.5, 0.25]),
    ],
)
def test_the_time_asked_for_may_have_fractions_and_an_offset(send, query, fractions):
    start = NEW_YEAR.timestamp()
    forms = [{**a_form(), "timestamp": start + fraction} for fraction in (0.25, 0.5, 0.75)]
    send("POST", body={"forms": forms})

    items = send("GET", f"?formName=score&{query}")["items"]
    assert [item["timestamp"] - start for item in items] == fractions


def test_boto3s_paginator_walks_through_all_the_pages(datazone_ts_client):
    post_forms(datazone_ts_client, *[a_form(second) for second in range(120)])
    paginator = datazone_ts_client.get_paginator("list_time_series_data_points")

    pages = [seconds_of(page["items"]) for page in paginator.paginate(**SERIES)]
    small = paginator.paginate(**SERIES, PaginationConfig={"PageSize": 7}).build_full_result()
    part = paginator.paginate(**SERIES, PaginationConfig={"MaxItems": 75}).build_full_result()
    rest = paginator.paginate(
        **SERIES, PaginationConfig={"StartingToken": part["NextToken"]}
    ).build_full_result()

    assert pages == [[*range(119, 69, -1)], [*range(69, 19, -1)], [*range(19, -1, -1)]]
    assert seconds_of(small["items"]) == [*range(119, -1, -1)]
    assert seconds_of(part["items"] + rest["items"]) == [*range(119, -1, -1)]


def test_a_page_that_holds_all_there_is_has_no_next_one(datazone_ts_client):
    post_forms(datazone_ts_client, *[a_form(second) for second in range(50)])

    assert "nextToken" not in datazone_ts_client.list_time_series_data_points(**SERIES)
    assert "nextToken" in datazone_ts_client.list_time_series_data_points(**SERIES, maxResults=49)


def test_a_next_page_may_be_of_another_size_and_asked_for_twice(datazone_ts_client):
    post_forms(datazone_ts_client, *[a_form(second) for second in range(6)])
    first = datazone_ts_client.list_time_series_data_points(**SERIES, maxResults=1)

    def following():
        return datazone_ts_client.list_time_series_data_points(
            **SERIES, maxResults=3, nextToken=first["nextToken"]
        )

    assert seconds_of(first["items"]) == [5]
    assert seconds_of(following()["items"]) == [4, 3, 2]
    assert seconds_of(following()["items"]) == [4, 3, 2]


def test_points_added_meanwhile_move_no_page(datazone_ts_client):
    post_forms(datazone_ts_client, *[a_form(second) for second in (10, 20, 30, 40)])
    first = datazone_ts_client.list_time_series_data_points(**SERIES, maxResults=2)

    post_forms(datazone_ts_client, *[a_form(second) for second in (5, 15, 30, 35, 50)])
    second = datazone_ts_client.list_time_series_data_points(**SERIES, nextToken=first["nextToken"])

    assert seconds_of(first["items"]) == [40, 30]
    assert seconds_of(second["items"]) == [20, 15, 10, 5]


@pytest.fixture
def next_token(datazone_ts_client):
    """The token of a list whose first page has been read."""
    post_forms(datazone_ts_client, *[a_form(second) for second in range(4)])
    return datazone_ts_client.list_time_series_data_points(**SERIES, maxResults=2)["nextToken"]


def assert_invalid(client, next_token, **query):
    with pytest.raises(client.exceptions.ValidationException) as caught:
        client.list_time_series_data_points(**{**SERIES, **query}, nextToken=next_token)
    assert caught.value.response["Error"]["Message"] == (
        f"Invalid nextToken '{next_token}': it was not issued for this query, or what it "
        "pointed at has been deleted"
    )


def test_a_token_that_was_never_issued_is_rejected(datazone_ts_client, next_token):
    assert_invalid(datazone_ts_client, "never")
    assert_invalid(datazone_ts_client, next_token + "0")
    assert_invalid(datazone_ts_client, next_token.upper() + "A")


@pytest.mark.parametrize(
    "query",
    [
        {"formName": "other"},
        {"entityIdentifier": "other"},
        {"entityType": "LISTING"},
        {"domainIdentifier": "dzd_other"},
        {"startedAt": NEW_YEAR},
        {"endedAt": NEW_YEAR},
    ],
    ids=lambda query: next(iter(query)),
)
def test_a_token_of_another_query_is_rejected(datazone_ts_client, next_token, query):
    assert_invalid(datazone_ts_client, next_token, **query)


def test_a_token_of_another_region_is_rejected(session, next_token):
    west = session.client("datazone", region_name="us-west-2")
    post_forms(west, *[a_form(second) for second in range(4)])

    assert_invalid(west, next_token)


def test_a_token_is_stale_after_a_deletion(datazone_ts_client, next_token):
    datazone_ts_client.delete_time_series_data_points(**SERIES)
    assert_invalid(datazone_ts_client, next_token)

    post_forms(datazone_ts_client, *[a_form(second) for second in range(4)])
    assert_invalid(datazone_ts_client, next_token)


def test_a_token_is_stale_after_a_reset(datazone_ts, datazone_ts_client, next_token):
    datazone_ts.reset()
    post_forms(datazone_ts_client, *[a_form(second) for second in range(4)])

    assert_invalid(datazone_ts_client, next_token)


@pytest.mark.parametrize(
    ("content", "summary"),
    [
        ('{"evaluationsCount": 1, "evaluations": [{"status": "PASS"}]}', '{"evaluationsCount": 1}'),
        ('{"a": {"evaluations": 1}}', '{"a": {"evaluations": 1}}'),
        ("[1, 2]", "[1, 2]"),
        ("not JSON", "not JSON"),
        ("x" * 20_001, "x" * 20_000),
        (json.dumps("y" * 20_000), '"' + "y" * 19_999),
        ("[" * 500_000, "[" * 20_000),
    ],
    ids=["evaluations", "inner", "list", "text", "long text", "long JSON", "nested"],
)
def test_a_summary_is_the_content_without_its_evaluations(datazone_ts_client, content, summary):
    post_forms(datazone_ts_client, a_form(content=content))

    [item] = datazone_ts_client.list_time_series_data_points(**SERIES)["items"]

    assert item["contentSummary"] == summary


# GetTimeSeriesDataPoint, DeleteTimeSeriesDataPoints


def test_get_returns_the_point(datazone_ts_client):
    form = post_forms(datazone_ts_client, a_form(content="{}"), a_form(1))["forms"][0]

    answer = datazone_ts_client.get_time_series_data_point(**SERIES, identifier=form["id"])

    assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    assert answer == {
        "domainId": "dzd_5oo7xzoqltu8mf",
        "entityId": "4wyh64k2n8czaf",
        "entityType": "ASSET",
        "formName": "score",
        "form": form,
    }


def test_get_says_what_it_did_not_find(datazone_ts, datazone_ts_client):
    with pytest.raises(datazone_ts_client.exceptions.ResourceNotFoundException) as caught:
        datazone_ts_client.get_time_series_data_point(**SERIES, identifier="athp9dyw75gzhj")

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert caught.value.response["Error"]["Message"] == (
        "The given TimeSeriesDataPoint doesn't exist. "
        "Try creating TimeSeriesDataPoint before accessing it."
    )
    assert datazone_ts.calls.one().attempts[0].reason == (
        "form 'score' of ASSET '4wyh64k2n8czaf' has no data point 'athp9dyw75gzhj'"
    )


def test_delete_takes_every_point_of_the_form(datazone_ts, datazone_ts_client):
    post_forms(datazone_ts_client, a_form(1), a_form(2), a_form(3, name="other"))

    answer = datazone_ts_client.delete_time_series_data_points(**SERIES)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert datazone_ts.data_points.one().form_name == "other"


def test_deleting_what_is_not_there_is_no_error(datazone_ts_client):
    answer = datazone_ts_client.delete_time_series_data_points(**SERIES)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
