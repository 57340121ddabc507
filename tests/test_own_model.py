"""A client with its own model, which has an operation that the installed botocore lacks."""

from __future__ import annotations

import gc
import json
from typing import TYPE_CHECKING, Any
from weakref import ref

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import create_loader
from botocore.session import Session
from sample import DOMAIN, ask

from pytest_datazone_ts import UnansweredOperationError, faults, mock_datazone_ts

if TYPE_CHECKING:
    from pathlib import Path

NAME = "RateAsset"
OUTPUT = {"score": 7}


@pytest.fixture(autouse=True)
def data_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in ``AWS_DATA_PATH`` with the installed model and one more operation."""
    model = json.loads(json.dumps(create_loader().load_service_model("datazone", "service-2")))
    model["operations"] |= {
        NAME: {
            "name": NAME,
            "http": {"method": "POST", "requestUri": "/v2/domains/{domainIdentifier}/ratings"},
            "input": {"shape": "RateAssetInput"},
            "output": {"shape": "RateAssetOutput"},
            "errors": [
                {"shape": "ThrottlingException"},
                {"shape": "TooGoodException"},
                {"shape": "BrokenException"},
            ],
        },
        "Nudge": {"name": "Nudge", "http": {"method": "POST", "requestUri": "/v2/nudge"}},
        "FindRatings": {
            "name": "FindRatings",
            "http": {"method": "GET", "requestUri": "/v2/ratings"},
            "output": {"shape": "FindRatingsOutput"},
        },
    }
    model["shapes"]["FilterClause"]["members"] |= {
        "not": {"shape": "FilterClause"},
        "nearly": {"shape": "FilterClause"},
    }
    model["shapes"] |= {
        "Stars": {"type": "integer", "min": 1, "max": 5},
        "RateAssetInput": {
            "type": "structure",
            "required": ["domainIdentifier", "stars"],
            "members": {
                "domainIdentifier": {
                    "shape": "DomainId",
                    "location": "uri",
                    "locationName": "domainIdentifier",
                },
                "stars": {"shape": "Stars"},
            },
        },
        "RateAssetOutput": {
            "type": "structure",
            "required": ["score"],
            "members": {"score": {"shape": "Integer"}},
        },
        "FindRatingsOutput": {
            "type": "structure",
            "members": {name: {"shape": "Integers"} for name in ("aggregates", "items")},
        },
        "Integers": {"type": "list", "member": {"shape": "Integer"}},
        "TooGoodException": {
            "type": "structure",
            "members": {"message": {"shape": "String"}},
            "error": {"httpStatusCode": 418, "senderFault": True},
            "exception": True,
        },
        "BrokenException": {"type": "structure", "members": {}, "exception": True},
    }
    folder = tmp_path / "models" / "datazone" / "2018-05-10"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps(model))
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def client(data_path: Path) -> Any:  # noqa: ARG001
    return Session().create_client("datazone", region_name="us-east-1")


def rate(client: Any, stars: int = 5) -> Any:
    return client.rate_asset(domainIdentifier=DOMAIN, stars=stars)


@pytest.fixture
def ts() -> Any:
    with mock_datazone_ts(strict=False) as ts:
        yield ts


def test_an_unhandled_call_is_recorded(client, ts):
    with pytest.raises(UnansweredOperationError, match=r"datazone_ts\.respond\('RateAsset', \{'sc"):
        rate(client)
    assert ts.calls.one().parameters == {"domainIdentifier": DOMAIN, "stars": 5}


@pytest.mark.usefixtures("ts")
def test_the_response_suggested_for_a_search_has_its_items(client):
    with pytest.raises(UnansweredOperationError, match=r"\('FindRatings', \{'items': \[\]\}\)"):
        client.find_ratings()


def test_strict_fails_for_an_unhandled_operation(client):
    def code_under_test():
        with pytest.raises(UnansweredOperationError):
            rate(client)

    with pytest.raises(AssertionError, match="RateAsset"), mock_datazone_ts():
        code_under_test()


def test_without_the_setting_too(client, ts, monkeypatch):
    monkeypatch.delenv("AWS_DATA_PATH")
    with pytest.raises(UnansweredOperationError, match="RateAsset"):
        rate(client)
    assert ts.calls.one().operation == NAME


@pytest.mark.parametrize("response", [OUTPUT, lambda _: OUTPUT], ids=["dict", "callable"])
def test_respond(client, ts, response):
    ts.respond(NAME, response)
    assert rate(client)["score"] == 7


@pytest.mark.parametrize("response", [{"points": 7}, lambda _: {"points": 7}])
def test_a_response_is_checked_against_its_output(client, ts, response):
    with pytest.raises(ValueError, match="given for RateAsset does not fit its output shape"):
        (ts.respond(NAME, response), rate(client))


def test_parameters_are_validated(client, ts):
    ts.respond(NAME, OUTPUT)
    with pytest.raises(ClientError, match=r"Value at 'stars' failed .* less than or equal to 5"):
        rate(client, stars=9)


@pytest.mark.parametrize(
    ("fault", "status"),
    [("ThrottlingException", 429), ("TooGoodException", 418), ("BrokenException", 400)],
)
def test_inject(client, ts, fault, status):
    ts.inject(fault, operation=NAME, times=None)
    with pytest.raises(client.exceptions.from_code(fault)) as caught:
        rate(client)
    assert caught.value.response["Error"]["Code"] == fault
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_documented_lists_the_exceptions_that_have_a_class():
    assert faults.documented(NAME) == (faults.ThrottlingException,)


def test_an_undocumented_exception_is_rejected(ts):
    with pytest.raises(ValueError, match="It documents ThrottlingException, TooGoodException, Br"):
        ts.inject("ConflictException", operation=NAME)


def test_a_clause_of_filters_of_its_own(client, ts):
    for name in ("penguins", "keepers"):
        ts.add_asset(name, domain_identifier=DOMAIN, name=name)

    def found(**clause: Any) -> list[str]:
        items = client.search(domainIdentifier=DOMAIN, searchScope="ASSET", filters=clause)["items"]
        return [item["assetItem"]["name"] for item in items]

    penguins = {"filter": {"attribute": "name", "value": "penguins"}}
    assert found(**{"not": penguins}) == ["keepers"]
    assert found(**{"and": [penguins, {"not": penguins}]}) == []
    assert ts.calls[-1].attempts[0].reason == (
        "0 of 2 assets: penguins: it matches what 'not' excludes; keepers: its name is 'keepers'"
    )
    with pytest.raises(UnansweredOperationError, match="the member 'nearly' of filters"):
        found(nearly=penguins)


def test_an_operation_without_input_and_output(client, ts):
    ts.respond("Nudge", {})
    assert client.nudge()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_over_http(datazone_ts, datazone_ts_server):
    datazone_ts.respond(NAME, OUTPUT)
    path = f"/v2/domains/{DOMAIN}/ratings"
    status, _, body = ask(datazone_ts_server.endpoint_url, "POST", path, '{"stars": 5}')
    assert (status, body) == (200, OUTPUT)


def test_other_clients_have_the_installed_model(session, post, client, ts):
    ts.respond(NAME, OUTPUT)
    assert post(session.client("datazone"))["forms"]
    assert rate(client)["score"] == 7


def test_a_clients_model_is_not_kept(post, ts):
    client = Session().create_client("datazone", region_name="us-east-1")
    post(client)
    model = ref(client.meta.service_model)
    del client
    gc.collect()
    assert model() is None
    assert len(ts.data_points) == 1
