"""The audit: points that were doubled or lost without an error."""

from __future__ import annotations

import contextlib

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from sample import DOMAIN, ENTITY, FORM

from pytest_datazone_ts import Audit, UnstoredPoint, faults, mock_datazone_ts


@pytest.fixture
def client(make_client):
    return make_client(attempts=2)


def test_an_audit_of_a_correct_pipeline_finds_nothing(datazone_ts, client, post):
    datazone_ts.inject("ThrottlingException")
    post(client)
    client.list_time_series_data_points(
        domainIdentifier=DOMAIN, entityIdentifier=ENTITY, entityType="ASSET", formName="ranges"
    )

    audit = datazone_ts.audit()

    assert isinstance(audit, Audit)
    assert not audit
    assert (audit.doubled, audit.unacknowledged, audit.unstored) == ([], [], ())
    assert str(audit) == "nothing lost, nothing doubled"
    assert repr(audit) == "<Audit: nothing>"
    assert audit.as_dict() == {"doubled": [], "unacknowledged": [], "unstored": []}


class TestDoubled:
    def test_a_point_posted_in_two_requests_is_doubled(self, datazone_ts, client, post):
        post(client)
        post(client)

        audit = datazone_ts.audit()

        assert audit
        assert audit.doubled == [datazone_ts.data_points[1]]
        assert repr(audit) == "<Audit: 1 doubled>"
        assert str(audit).splitlines() == [
            "1 data point stored more than once:",
            "  1. 'completeness' of ASSET 4wyh64k2n8czaf in us-east-1",
            '     {"evaluationsCount": 8, "passingPercentage": 87.... (69 characters)',
        ]

    def test_a_point_that_one_request_contains_twice_is_intended(self, datazone_ts, client, post):
        post(client, forms=[FORM, FORM])
        assert not datazone_ts.audit()

    @pytest.mark.parametrize(
        "other",
        [
            {"content": "{}"},
            {"formName": "ranges"},
            {"entityIdentifier": "another"},
            {"entityType": "LISTING"},
            {"domainIdentifier": "dzd_another"},
            {"timestamp": 0},
        ],
    )
    def test_different_points_are_not_doubled(self, other, datazone_ts, client, post):
        post(client)
        post(client, **other)
        assert not datazone_ts.audit()

    def test_points_in_two_regions_are_not_doubled(self, datazone_ts, session, post):
        for region in ("us-east-1", "eu-west-1"):
            post(session.client("datazone", region_name=region))
        assert not datazone_ts.audit()

    def test_timestamps_can_be_ignored(self, datazone_ts, client, post):
        post(client)
        post(client, timestamp=0)
        assert datazone_ts.audit(timestamps=False).doubled == [datazone_ts.data_points[1]]

    def test_deleted_points_are_not_doubled(self, datazone_ts, client, post):
        post(client)
        client.delete_time_series_data_points(
            domainIdentifier=DOMAIN,
            entityIdentifier=ENTITY,
            entityType="ASSET",
            formName="completeness",
        )
        post(client)
        assert not datazone_ts.audit()


class TestUnacknowledged:
    def test_a_point_whose_response_was_lost(self, datazone_ts, client, post):
        datazone_ts.inject("ResponseLost", times=2)
        with pytest.raises(ReadTimeoutError):
            post(client)

        audit = datazone_ts.audit()

        assert audit.unacknowledged == datazone_ts.data_points
        assert not audit.unstored
        assert "1 data point stored, while the client saw a failure:" in str(audit)

    def test_a_retry_that_got_the_response(self, datazone_ts, client, post):
        datazone_ts.inject("ResponseLost")
        post(client)
        assert not datazone_ts.audit()

    @pytest.mark.parametrize(("token", "found"), [("the-same", 0), ("another", 1)])
    def test_a_later_call_with_the_same_token_that_got_the_response(
        self, token, found, datazone_ts, client, post
    ):
        datazone_ts.inject("ResponseLost", times=2)
        with pytest.raises(ReadTimeoutError):
            post(client, clientToken="the-same")
        post(client, clientToken=token)

        audit = datazone_ts.audit()

        assert len(audit.unacknowledged) == len(audit.doubled) == found

    @pytest.mark.parametrize(
        ("body", "unacknowledged"),
        [(b"\x1f\x8b\x08\x00", 1), (b"[]", 1), (b"null", 1), (b"{}", 0), (b"{", 0), (b"", 0)],
    )
    def test_a_point_whose_response_was_malformed(
        self, body, unacknowledged, datazone_ts, client, post
    ):
        datazone_ts.inject(faults.MalformedResponse(body))
        with contextlib.suppress(Exception):
            post(client)
            assert not unacknowledged
        assert len(datazone_ts.audit().unacknowledged) == unacknowledged


class TestUnstored:
    def test_a_call_that_failed_permanently(self, datazone_ts, client, post):
        datazone_ts.inject("AccessDeniedException")
        with pytest.raises(ClientError):
            post(client, forms=[FORM, {**FORM, "formName": "ranges", "content": "[]"}])

        audit = datazone_ts.audit()

        assert audit.unstored[0] == UnstoredPoint(
            domain_identifier=DOMAIN,
            entity_identifier=ENTITY,
            entity_type="ASSET",
            form_name="completeness",
            timestamp=FORM["timestamp"],
            content=FORM["content"],
            region="us-east-1",
            error_code="AccessDeniedException",
        )
        assert [point.form_name for point in audit.unstored] == ["completeness", "ranges"]
        assert "2 data points posted, and never stored:" in str(audit)
        plain = audit.as_dict()["unstored"][1]
        assert plain == {
            "region": "us-east-1",
            "domain_identifier": DOMAIN,
            "entity_type": "ASSET",
            "entity_identifier": ENTITY,
            "form_name": "ranges",
            "content": [],
            "timestamp": "2024-01-01T00:00:00+00:00",
            "error_code": "AccessDeniedException",
        }

    def test_a_point_that_a_later_call_posts_again(self, datazone_ts, client, post):
        datazone_ts.inject("AccessDeniedException")
        with pytest.raises(ClientError):
            post(client)
        post(client)
        assert not datazone_ts.audit()

    def test_a_point_that_fails_repeatedly_is_listed_once(self, datazone_ts, client, post):
        datazone_ts.inject("AccessDeniedException", times=2)
        for _ in range(2):
            with pytest.raises(ClientError):
                post(client)
        assert len(datazone_ts.audit().unstored) == 1

    def test_a_point_stored_earlier_that_now_fails_is_listed(self, datazone_ts, client, post):
        post(client)
        datazone_ts.inject("AccessDeniedException")
        with pytest.raises(ClientError):
            post(client)
        assert len(datazone_ts.audit().unstored) == 1

    def test_a_retry_with_a_new_timestamp(self, datazone_ts, client, post):
        datazone_ts.inject("AccessDeniedException")
        with pytest.raises(ClientError):
            post(client)
        post(client, timestamp=0)
        assert len(datazone_ts.audit().unstored) == 1
        assert not datazone_ts.audit(timestamps=False)

    def test_an_incomplete_form(self, datazone_ts, client, post):
        client.meta.events.register(
            "before-call.datazone.PostTimeSeriesDataPoints",
            lambda params, **_: params.update(body=b'{"forms": [{"content": "{"}]}'),
        )
        with pytest.raises(ClientError):
            post(client)
        (point,) = datazone_ts.audit().unstored
        assert (point.form_name, point.timestamp, point.content) == (None, None, "{")
        assert datazone_ts.audit().as_dict()["unstored"][0]["timestamp"] is None


def test_a_long_list_is_truncated(datazone_ts, client, post):
    for _ in range(8):
        post(client)
    assert str(datazone_ts.audit()).splitlines()[-1] == "  and 2 more"


def test_a_point_without_content(datazone_ts, client, post):
    form = {name: value for name, value in FORM.items() if name != "content"}
    for _ in range(2):
        post(client, forms=[form])
    assert str(datazone_ts.audit()).splitlines() == [
        "1 data point stored more than once:",
        "  1. 'completeness' of ASSET 4wyh64k2n8czaf in us-east-1",
    ]
    assert datazone_ts.audit().as_dict()["doubled"][0]["content"] is None


def test_a_double_can_be_audited_after_its_block(client, post):
    with mock_datazone_ts() as ts:
        post(client)
        post(client)
    assert ts.audit().doubled
