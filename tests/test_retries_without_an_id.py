"""Clients that send no invocation id: a retry is recognized by its ``clientToken``."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sample import DOMAIN, ENTITY, FORM, ask

PATH = f"/v2/domains/{DOMAIN}/entities/ASSET/{ENTITY}/time-series-data-points"


@pytest.fixture
def post_raw(datazone_ts_server):
    """Post one form with no headers of an SDK, and return the status."""

    def post_raw(token: str | None = "one", form_name: str = "completeness") -> int:  # noqa: S107
        form = {**FORM, "formName": form_name, "timestamp": 1704067200}
        body = {"forms": [form], **({} if token is None else {"clientToken": token})}
        return ask(datazone_ts_server.endpoint_url, "POST", PATH, json.dumps(body))[0]

    return post_raw


def attempts(datazone_ts: Any) -> list[int]:
    return [len(call.attempts) for call in datazone_ts.calls]


def test_the_same_request_after_a_failure_is_a_retry(datazone_ts, post_raw):
    datazone_ts.inject("ThrottlingException", times=2)
    assert [post_raw() for _ in range(3)] == [429, 429, 201]
    assert attempts(datazone_ts) == [3]
    assert not datazone_ts.audit()


def test_the_same_request_after_a_success_is_a_call_of_its_own(datazone_ts, post_raw):
    assert [post_raw(), post_raw()] == [201, 201]
    assert attempts(datazone_ts) == [1, 1]
    assert len(datazone_ts.data_points) == 1


@pytest.mark.parametrize(
    "another", [{"token": "another"}, {"token": None}, {"form_name": "ranges"}]
)
def test_another_request_after_a_failure_is_a_call_of_its_own(datazone_ts, post_raw, another):
    datazone_ts.inject("ThrottlingException")
    post_raw()
    post_raw(**another)
    assert attempts(datazone_ts) == [1, 1]


def test_requests_without_a_token_are_calls_of_their_own(datazone_ts, post_raw):
    datazone_ts.inject("ThrottlingException")
    assert [post_raw(None), post_raw(None)] == [429, 201]
    assert attempts(datazone_ts) == [1, 1]


@pytest.fixture
def capo_client(datazone_ts_server):
    capo = pytest.importorskip("capo_datazone")
    with capo.DataZoneClient(
        region="us-east-1", endpoint=datazone_ts_server.endpoint_url, anonymous=True
    ) as client:
        yield client


def post_with_capo(client: Any) -> Any:
    return client.post_time_series_data_points(
        domain_identifier=DOMAIN,
        entity_identifier=ENTITY,
        entity_type="ASSET",
        forms=[
            {
                "form_name": FORM["formName"],
                "type_identifier": FORM["typeIdentifier"],
                "timestamp": FORM["timestamp"],
                "content": FORM["content"],
            }
        ],
    )


def test_the_retries_of_a_typed_sdk_are_one_call(datazone_ts, capo_client):
    datazone_ts.inject("ThrottlingException", times=2)

    posted = post_with_capo(capo_client)

    assert attempts(datazone_ts) == [3]
    assert posted["forms"][0]["id"] == datazone_ts.data_points.one().id


@pytest.mark.datazone_ts(strict=False)
def test_what_nothing_answers_is_not_retried_by_a_typed_sdk(datazone_ts, capo_client):
    with pytest.raises(Exception, match="unhandled DataZone operation ListDomains"):
        capo_client.list_domains()
    assert attempts(datazone_ts) == [1]
