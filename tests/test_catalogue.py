"""The catalogue: what is added with ``add_asset``, as pipelines find and read it."""

from __future__ import annotations

import ast
import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError
from freezegun import freeze_time
from network import answer

from pytest_datazone_ts import DataZoneTimeSeries, UnansweredOperationError, mock_datazone_ts

DOMAIN = "dzd_5oo7xzoqltu8mf"
OTHER_DOMAIN = "dzd_otherdomain"
PENGUINS = "4wyh64k2n8czaf"
SALES = "6v1rxqpz0t2k9e"
ARN = "arn:aws:glue:eu-west-1:123456789012:table/zoo/penguins"
FORMS = {
    "GlueTableForm": {"tableArn": ARN, "columns": [{"columnName": "bill_length_mm"}]},
    "AssetCommonDetailsForm": {"sourceIdentifier": ARN, "customProperties": {"rows": 344}},
}
NOW = datetime(2024, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
EVERY_ATTRIBUTE = ["FORMS", "TIME_SERIES_DATA_POINT_FORMS"]


@pytest.fixture
def client(checked_client):
    return checked_client


@pytest.fixture
def add(datazone_ts):
    def add(entity_identifier=PENGUINS, *, name="penguins", domain_identifier=DOMAIN, **keywords):
        datazone_ts.add_asset(
            entity_identifier, domain_identifier=domain_identifier, name=name, **keywords
        )

    return add


def names(output, item="assetListing"):
    return [result[item]["name"] for result in output["items"]]


def a_form(seconds=0, name="completeness", percentage=87.5):
    return {
        "formName": name,
        "typeIdentifier": "amazon.datazone.DataQualityResultFormType",
        "timestamp": NOW + timedelta(seconds=seconds),
        "content": json.dumps({"passingPercentage": percentage, "evaluations": []}),
    }


def post_form(client, form, entity=PENGUINS, entity_type="ASSET"):
    answer = client.post_time_series_data_points(
        domainIdentifier=DOMAIN, entityIdentifier=entity, entityType=entity_type, forms=[form]
    )
    return answer["forms"][0]["id"]


def an_outline(form, identifier):
    """What the catalogue shows of a posted form."""
    return {
        "formName": form["formName"],
        "typeIdentifier": form["typeIdentifier"],
        "typeRevision": "8",
        "timestamp": form["timestamp"],
        "id": identifier,
        "contentSummary": json.dumps(
            {"passingPercentage": json.loads(form["content"])["passingPercentage"]}
        ),
    }


def error_of(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response
    return (
        error["ResponseMetadata"]["HTTPStatusCode"],
        error["Error"]["Code"],
        error["Error"]["Message"],
    )


def told(client, message):
    """A message with what botocore's model says, which differs between its versions."""
    asset = client.meta.service_model.operation_model("GetAsset").output_shape.members
    shapes = {
        "id": asset["id"],
        "domain": asset["domainId"],
        "type": asset["typeIdentifier"],
        "form": asset["formsOutput"].member.members["formName"],
    }
    for name, shape in shapes.items():
        message = message.replace(f"{{pattern of {name}}}", shape.metadata["pattern"])
    longest = asset["externalIdentifier"].metadata["max"]
    return message.replace("{longest external}", str(longest))


# SearchListings


@pytest.mark.parametrize(
    ("form", "field", "value"),
    [
        ("GlueTableForm", "tableArn", ARN),
        ("RedshiftTableForm", "tableName", "penguins"),
        ("AssetCommonDetailsForm", "sourceIdentifier", ARN),
    ],
)
def test_a_pipeline_finds_an_asset_by_what_its_forms_say(client, add, form, field, value):
    add(SALES, name="sales", forms={form: {field: "another"}})
    add(forms={form: {field: value}, "SubjectForm": {"text": "birds"}})
    add("nolisting", name="draft", forms={form: {field: value}}, published=False)

    found = [
        item["assetListing"]["entityId"]
        for page in client.get_paginator("search_listings").paginate(
            domainIdentifier=DOMAIN, additionalAttributes=["FORMS"]
        )
        for item in page["items"]
        if json.loads(item["assetListing"]["additionalAttributes"]["forms"])[form][field] == value
    ]

    assert found == [PENGUINS]


@freeze_time(NOW)
def test_a_listing_has_what_the_asset_was_added_with(client, add):
    add(
        forms=FORMS,
        listing_identifier="listing-of_penguins",
        description="Three species",
        type_identifier="amazon.datazone.RedshiftTableAssetType",
        owning_project_identifier="zooproject",
    )
    answer = client.search_listings(
        domainIdentifier=DOMAIN, additionalAttributes=EVERY_ATTRIBUTE, searchText="penguins"
    )

    item = answer["items"][0]["assetListing"]
    assert json.loads(item["additionalAttributes"].pop("forms")) == FORMS
    assert item == {
        "listingId": "listing-of_penguins",
        "listingRevision": "1",
        "name": "penguins",
        "entityId": PENGUINS,
        "entityRevision": "1",
        "entityType": "RedshiftTableAssetType",
        "description": "Three species",
        "glossaryTerms": [],
        "createdAt": NOW,
        "owningProjectId": "zooproject",
        "additionalAttributes": {"latestTimeSeriesDataPointForms": []},
    }
    assert answer["totalMatchCount"] == 1
    assert "nextToken" not in answer


def test_attributes_that_were_not_asked_for_are_absent(client, add):
    add(forms=FORMS)
    post_form(client, a_form())

    listed = client.search_listings(domainIdentifier=DOMAIN)["items"][0]["assetListing"]
    found = client.search(domainIdentifier=DOMAIN, searchScope="ASSET")["items"][0]["assetItem"]

    absent = {"additionalAttributes", "description", "externalIdentifier"}
    assert absent.isdisjoint({*listed, *found})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["Penguins of Palmer", "Sales", "Straße"]),
        ("palmer", ["Penguins of Palmer"]),
        ("PALMER  penguins", ["Penguins of Palmer"]),
        ("palmer sales", []),
        ("three BIRDS", ["Penguins of Palmer"]),
        ("table/zoo/", ["Penguins of Palmer"]),
        ("bill_length", ["Penguins of Palmer"]),
        ("344", ["Penguins of Palmer"]),
        ("tableArn", []),
        ("erp-77", ["Sales"]),
        ("STRASSE", ["Straße"]),
        ('"palmer penguins"', ["Penguins of Palmer"]),
        ('"three" "birds"', ["Penguins of Palmer"]),
        ('"palmer sales"', []),
        ("Ünïts", ["Sales"]),
    ],
)
def test_search_text_is_found_word_by_word_in_any_case(client, add, text, expected):
    add(name="Penguins of Palmer", description="Three kinds of birds", forms=FORMS)
    add(SALES, name="Sales", external_identifier="ERP-77", forms={"Notes": {"text": "ünïts"}})
    add("street", name="Straße")

    listed = client.search_listings(domainIdentifier=DOMAIN, searchText=text)

    assert names(listed) == expected
    assert listed["totalMatchCount"] == len(expected)
    if text:
        found = client.search(domainIdentifier=DOMAIN, searchScope="ASSET", searchText=text)
        assert names(found, "assetItem") == expected


@pytest.mark.parametrize("operation", ["search_listings", "search"])
def test_every_page_size_gives_all_assets_in_the_order_added(client, add, operation):
    scope, item = ({"searchScope": "ASSET"}, "assetItem") if operation == "search" else ({}, "")
    added = [f"table {number}" for number in range(7)]
    for number, name in enumerate(added):
        add(f"asset{number}", name=name)
    for size in range(1, 9):
        pages = [
            *client.get_paginator(operation).paginate(
                domainIdentifier=DOMAIN, **scope, PaginationConfig={"PageSize": size}
            )
        ]

        assert [name for page in pages for name in names(page, item or "assetListing")] == added, (
            size
        )
        full, rest = divmod(7, size)
        assert [len(page["items"]) for page in pages] == [size] * full + [rest] * (rest > 0)
        assert {page["totalMatchCount"] for page in pages} == {7}


def test_a_page_has_50_items_unless_asked_otherwise(client, add):
    for number in range(51):
        add(f"asset{number}")

    first = client.search_listings(domainIdentifier=DOMAIN)
    second = client.search_listings(domainIdentifier=DOMAIN, nextToken=first["nextToken"])

    assert [len(first["items"]), len(second["items"])] == [50, 1]
    assert "nextToken" not in second


def test_a_token_leads_on_only_in_its_own_query(client, add, make_client, session):
    for number in range(3):
        add(f"asset{number}")
    token = client.search_listings(domainIdentifier=DOMAIN, maxResults=1)["nextToken"]
    elsewhere = session.client("datazone", region_name="eu-west-1")
    stale = (
        400,
        "ValidationException",
        (
            f"Invalid nextToken '{token}': it was not issued for this query, or what it pointed at "
            "has been deleted"
        ),
    )

    def listings(a_client=client, **parameters):
        parameters = {"domainIdentifier": DOMAIN, "nextToken": token, **parameters}
        return {"call": a_client.search_listings, **parameters}

    assert error_of(**listings(searchText="penguins")) == stale
    assert error_of(**listings(domainIdentifier=OTHER_DOMAIN)) == stale
    assert error_of(**listings(additionalAttributes=["FORMS"])) == stale
    assert error_of(**listings(elsewhere)) == stale
    assert (
        error_of(client.search, domainIdentifier=DOMAIN, searchScope="ASSET", nextToken=token)
        == stale
    )
    assert error_of(**listings(nextToken="x"))[:2] == stale[:2]
    search = {"domainIdentifier": DOMAIN, "searchScope": "ASSET"}
    found = client.search(**search, maxResults=1)["nextToken"]
    assert error_of(elsewhere.search, **search, nextToken=found)[:2] == stale[:2]
    assert len(client.search(**search, nextToken=found)["items"]) == 2
    # How many items a page has may change on the way.
    rest = make_client().search_listings(domainIdentifier=DOMAIN, nextToken=token, maxResults=50)
    assert len(rest["items"]) == 2


# Search


def test_search_finds_unpublished_assets_too(client, add):
    add()
    add(SALES, name="sales", published=False)

    found = client.search(domainIdentifier=DOMAIN, searchScope="ASSET")

    assert names(found, "assetItem") == ["penguins", "sales"]
    assert names(client.search_listings(domainIdentifier=DOMAIN)) == ["penguins"]


def test_search_finds_the_assets_of_a_project(client, add):
    add(owning_project_identifier="zoo")
    add(SALES, name="sales", owning_project_identifier="shop")

    def found(project):
        return names(
            client.search(
                domainIdentifier=DOMAIN, searchScope="ASSET", owningProjectIdentifier=project
            ),
            "assetItem",
        )

    assert [found("zoo"), found("shop"), found("neither")] == [["penguins"], ["sales"], []]


@freeze_time(NOW)
def test_a_found_asset_has_what_it_was_added_with(client, add):
    add(forms=FORMS, description="Three species", external_identifier="zoo/penguins")

    found = client.search(
        domainIdentifier=DOMAIN, searchScope="ASSET", additionalAttributes=EVERY_ATTRIBUTE
    )

    assert found["items"] == [
        {
            "assetItem": {
                "identifier": PENGUINS,
                "name": "penguins",
                "domainId": DOMAIN,
                "typeIdentifier": "amazon.datazone.GlueTableAssetType",
                "typeRevision": "1",
                "externalIdentifier": "zoo/penguins",
                "description": "Three species",
                "createdAt": NOW,
                "firstRevisionCreatedAt": NOW,
                "owningProjectId": "standinproject",
                "additionalAttributes": {
                    "formsOutput": [
                        {
                            "formName": name,
                            "typeName": f"amazon.datazone.{name}Type",
                            "typeRevision": "1",
                            "content": json.dumps(content),
                        }
                        for name, content in FORMS.items()
                    ],
                    "latestTimeSeriesDataPointFormsOutput": [],
                },
            }
        }
    ]


# GetAsset and GetListing


@freeze_time(NOW)
def test_get_asset(client, add):
    add(forms={"GlueTableForm": {"tableArn": ARN}}, listing_identifier="listing")

    asset = client.get_asset(domainIdentifier=DOMAIN, identifier=PENGUINS, revision="1")

    del asset["ResponseMetadata"]
    assert asset == {
        "id": PENGUINS,
        "name": "penguins",
        "domainId": DOMAIN,
        "typeIdentifier": "amazon.datazone.GlueTableAssetType",
        "typeRevision": "1",
        "createdAt": NOW,
        "firstRevisionCreatedAt": NOW,
        "owningProjectId": "standinproject",
        "revision": "1",
        "formsOutput": [
            {
                "formName": "GlueTableForm",
                "typeName": "amazon.datazone.GlueTableFormType",
                "typeRevision": "1",
                "content": json.dumps({"tableArn": ARN}),
            }
        ],
        "readOnlyFormsOutput": [],
        "latestTimeSeriesDataPointFormsOutput": [],
        "listing": {"listingId": "listing", "listingStatus": "ACTIVE"},
    }


@freeze_time(NOW)
def test_get_listing(client, add):
    add(forms=FORMS, listing_identifier="listing", description="Three species")

    listing = client.get_listing(domainIdentifier=DOMAIN, identifier="listing", listingRevision="1")

    del listing["ResponseMetadata"]
    assert json.loads(listing["item"]["assetListing"].pop("forms")) == FORMS
    assert listing == {
        "domainId": DOMAIN,
        "id": "listing",
        "listingRevision": "1",
        "createdAt": NOW,
        "updatedAt": NOW,
        "name": "penguins",
        "description": "Three species",
        "status": "ACTIVE",
        "item": {
            "assetListing": {
                "assetId": PENGUINS,
                "assetRevision": "1",
                "assetType": "GlueTableAssetType",
                "createdAt": NOW,
                "latestTimeSeriesDataPointForms": [],
                "owningProjectId": "standinproject",
            }
        },
    }


def test_an_asset_that_is_not_published_has_no_listing(client, add):
    add(published=False)
    assert "listing" not in client.get_asset(domainIdentifier=DOMAIN, identifier=PENGUINS)


def test_a_listing_that_is_not_named_gets_an_id_of_its_own(client, add):
    add()
    add(SALES)

    made_up = [
        item["assetListing"]["listingId"]
        for item in client.search_listings(domainIdentifier=DOMAIN)["items"]
    ]

    assert all(re.fullmatch("[a-z0-9]{14}", identifier) for identifier in made_up)
    assert len({*made_up, PENGUINS, SALES}) == 4
    for identifier, asset in zip(made_up, [PENGUINS, SALES], strict=True):
        listing = client.get_listing(domainIdentifier=DOMAIN, identifier=identifier)
        assert listing["item"]["assetListing"]["assetId"] == asset


NOT_FOUND = {
    kind: (
        404,
        "ResourceNotFoundException",
        f"The given {kind} doesn't exist. Try creating {kind} before accessing it.",
    )
    for kind in ("Asset", "Listing")
}


def test_what_is_not_there_is_not_found(client, add, datazone_ts):
    add(listing_identifier="listing")
    catalogue = f"the catalogue of domain '{DOMAIN}' has no"
    other_catalogue = f"the catalogue of domain '{OTHER_DOMAIN}' has no"
    elsewhere = {"domainIdentifier": OTHER_DOMAIN}
    for kind, identifier, extra, reason in [
        ("Asset", "nobody", {}, f"{catalogue} asset 'nobody'"),
        ("Asset", "listing", {}, f"{catalogue} asset 'listing'"),
        ("Listing", PENGUINS, {}, f"{catalogue} listing '{PENGUINS}'"),
        ("Asset", PENGUINS, {"revision": "2"}, f"asset '{PENGUINS}' has no revision '2'"),
        ("Listing", "listing", {"listingRevision": "2"}, "listing 'listing' has no revision '2'"),
        ("Asset", PENGUINS, elsewhere, f"{other_catalogue} asset '{PENGUINS}'"),
        ("Listing", "listing", elsewhere, f"{other_catalogue} listing 'listing'"),
    ]:
        a_client_call = client.get_asset if kind == "Asset" else client.get_listing
        parameters = {"domainIdentifier": DOMAIN, "identifier": identifier, **extra}
        assert error_of(a_client_call, **parameters) == NOT_FOUND[kind]
        assert datazone_ts.calls[-1].attempts[0].reason == reason


def test_an_asset_added_again_replaces_the_one_before(client, add):
    add(listing_identifier="before")
    add(SALES, name="sales", listing_identifier="sales")
    add(name="birds", listing_identifier="after", forms={"Notes": {}})

    listed = client.search_listings(domainIdentifier=DOMAIN)
    asset = client.get_asset(domainIdentifier=DOMAIN, identifier=PENGUINS)

    assert names(listed) == ["birds", "sales"]
    assert [form["formName"] for form in asset["formsOutput"]] == ["Notes"]
    gone = error_of(client.get_listing, domainIdentifier=DOMAIN, identifier="before")
    assert gone[1] == "ResourceNotFoundException"
    add(SALES, name="sales", listing_identifier="before")  # free again
    add(PENGUINS, name="birds", published=False)
    assert names(client.search_listings(domainIdentifier=DOMAIN)) == ["sales"]


def test_domains_have_catalogues_of_their_own(client, add):
    add(listing_identifier="listing")
    add(domain_identifier=OTHER_DOMAIN, name="other penguins", listing_identifier="listing")

    assert names(client.search_listings(domainIdentifier=DOMAIN)) == ["penguins"]
    assert names(client.search_listings(domainIdentifier=OTHER_DOMAIN)) == ["other penguins"]
    assert client.search_listings(domainIdentifier="dzd_third")["items"] == []


# The latest data points


def listing_forms(client, listing="listing"):
    """The same, asked for in every way."""
    item = client.get_listing(domainIdentifier=DOMAIN, identifier=listing)["item"]["assetListing"]
    (found,) = client.search_listings(
        domainIdentifier=DOMAIN, additionalAttributes=["TIME_SERIES_DATA_POINT_FORMS"]
    )["items"]
    attributes = found["assetListing"]["additionalAttributes"]
    forms = item["latestTimeSeriesDataPointForms"]
    assert attributes == {"latestTimeSeriesDataPointForms": forms}
    return forms


def asset_forms(client, asset=PENGUINS):
    """The same, asked for in every way."""
    forms = client.get_asset(domainIdentifier=DOMAIN, identifier=asset)
    (found,) = client.search(
        domainIdentifier=DOMAIN,
        searchScope="ASSET",
        additionalAttributes=["TIME_SERIES_DATA_POINT_FORMS"],
    )["items"]
    attributes = found["assetItem"]["additionalAttributes"]
    forms = forms["latestTimeSeriesDataPointFormsOutput"]
    assert attributes == {"latestTimeSeriesDataPointFormsOutput": forms}
    return forms


def test_the_newest_point_of_each_form_is_shown(client, add):
    add(listing_identifier="listing")
    newest, earlier, other = a_form(60, percentage=90), a_form(0), a_form(30, name="ranges")
    ids = [post_form(client, form) for form in (newest, earlier, other)]

    shown = [an_outline(newest, ids[0]), an_outline(other, ids[2])]
    assert asset_forms(client) == shown
    assert listing_forms(client) == shown


def test_what_is_posted_to_a_listing_is_shown_beside_what_is_posted_to_its_asset(client, add):
    add(listing_identifier="listing")
    on_asset, hidden, on_listing = a_form(name="freshness"), a_form(60), a_form(percentage=12)
    ids = [post_form(client, on_asset), post_form(client, hidden)]
    ids.append(post_form(client, on_listing, entity="listing", entity_type="LISTING"))

    assert asset_forms(client) == [an_outline(on_asset, ids[0]), an_outline(hidden, ids[1])]
    assert listing_forms(client) == [an_outline(on_asset, ids[0]), an_outline(on_listing, ids[2])]


def test_a_listing_lists_the_points_of_its_asset_too(client, add):
    add(listing_identifier="listing")
    earlier, later, middle = a_form(0), a_form(60), a_form(30)
    ids = [post_form(client, earlier), post_form(client, later)]
    ids.append(post_form(client, middle, entity="listing", entity_type="LISTING"))
    series = {"domainIdentifier": DOMAIN, "formName": "completeness"}
    of_listing = {**series, "entityType": "LISTING", "entityIdentifier": "listing"}
    of_asset = {**series, "entityType": "ASSET", "entityIdentifier": PENGUINS}

    def listed(**where):
        pages = client.get_paginator("list_time_series_data_points").paginate(
            **where, PaginationConfig={"PageSize": 1}
        )
        return [item["id"] for page in pages for item in page["items"]]

    assert listed(**of_listing) == [ids[1], ids[2], ids[0]]
    assert listed(**of_asset) == [ids[1], ids[0]]
    got = client.get_time_series_data_point(**of_listing, identifier=ids[0])
    assert (got["entityType"], got["entityId"], got["form"]["id"]) == ("LISTING", "listing", ids[0])
    error = error_of(client.get_time_series_data_point, **of_asset, identifier=ids[2])
    assert error[1] == "ResourceNotFoundException"

    client.delete_time_series_data_points(**of_listing)
    assert listed(**of_listing) == listed(**of_asset) == [ids[1], ids[0]]


def test_deleted_points_are_no_longer_shown(client, add):
    add(listing_identifier="listing")
    kept = a_form(name="ranges")
    post_form(client, a_form())
    identifier = post_form(client, kept)

    client.delete_time_series_data_points(
        domainIdentifier=DOMAIN,
        entityIdentifier=PENGUINS,
        entityType="ASSET",
        formName="completeness",
    )

    assert asset_forms(client) == listing_forms(client) == [an_outline(kept, identifier)]


def test_points_are_shown_in_their_region_only(client, add, session):
    add(listing_identifier="listing")
    elsewhere = session.client("datazone", region_name="eu-west-1")
    form = a_form()
    identifier = post_form(elsewhere, form)

    assert asset_forms(client) == listing_forms(client) == []
    assert asset_forms(elsewhere) == listing_forms(elsewhere) == [an_outline(form, identifier)]


# Entities that the catalogue does not have


def time_series_calls(client, entity, entity_type, domain=DOMAIN):
    where = {"domainIdentifier": domain, "entityIdentifier": entity, "entityType": entity_type}
    return {
        "post": lambda: client.post_time_series_data_points(**where, forms=[a_form()]),
        "list": lambda: client.list_time_series_data_points(**where, formName="completeness"),
        "get": lambda: client.get_time_series_data_point(
            **where, formName="completeness", identifier="athp9dyw75gzhj"
        ),
        "delete": lambda: client.delete_time_series_data_points(**where, formName="completeness"),
    }


@pytest.mark.parametrize(
    ("entity_type", "entity"),
    [("ASSET", "nobody"), ("ASSET", "listing"), ("LISTING", "nobody"), ("LISTING", PENGUINS)],
)
def test_a_domain_with_assets_has_no_other_entities(client, add, entity_type, entity):
    add(listing_identifier="listing")
    calls = time_series_calls(client, entity, entity_type)

    found = {name: error_of(call) for name, call in calls.items()}

    assert found == dict.fromkeys(calls, NOT_FOUND[entity_type.capitalize()])
    DataZoneTimeSeries.current().assert_not_posted()


@pytest.mark.parametrize(("entity_type", "entity"), [("ASSET", PENGUINS), ("LISTING", "listing")])
def test_the_entities_of_the_catalogue_take_points(client, add, entity_type, entity):
    add(listing_identifier="listing")
    calls = time_series_calls(client, entity, entity_type)

    calls["post"]()

    assert len(calls["list"]()["items"]) == 1
    assert "The given TimeSeriesDataPoint doesn't exist." in error_of(calls["get"])[2]
    calls["delete"]()


@pytest.mark.parametrize("entity_type", ["ASSET", "LISTING"])
@pytest.mark.parametrize("elsewhere", [True, False])
def test_every_entity_exists_in_a_domain_without_assets(client, add, entity_type, elsewhere):
    if elsewhere:
        add(domain_identifier=OTHER_DOMAIN)
    calls = time_series_calls(client, "nobody", entity_type)

    calls["post"]()

    assert len(calls["list"]()["items"]) == 1
    assert "The given TimeSeriesDataPoint doesn't exist." in error_of(calls["get"])[2]
    calls["delete"]()


# Everything that makes calls fail works on the catalogue's operations


def catalogue_calls(client):
    return {
        "SearchListings": lambda: client.search_listings(domainIdentifier=DOMAIN),
        "Search": lambda: client.search(domainIdentifier=DOMAIN, searchScope="ASSET"),
        "GetAsset": lambda: client.get_asset(domainIdentifier=DOMAIN, identifier=PENGUINS),
        "GetListing": lambda: client.get_listing(domainIdentifier=DOMAIN, identifier="listing"),
        "GetFormType": lambda: client.get_form_type(
            domainIdentifier=DOMAIN,
            formTypeIdentifier="amazon.datazone.DataQualityResultFormType",
        ),
    }


def test_faults_are_injected_into_catalogue_operations(client, add, datazone_ts):
    add(listing_identifier="listing")
    for operation, call in catalogue_calls(client).items():
        datazone_ts.inject("AccessDeniedException", operation=operation, domain_identifier=DOMAIN)
        assert error_of(call) == (
            403,
            "AccessDeniedException",
            f"User is not permitted to perform operation: {operation}",
        )
        call()
        assert [each.succeeded for each in datazone_ts.calls[-2:]] == [False, True]


def test_catalogue_operations_are_rate_limited(add, datazone_ts, make_client):
    add(listing_identifier="listing")
    with freeze_time(NOW):
        for operation, call in catalogue_calls(make_client(attempts=1)).items():
            datazone_ts.rate_limit(1, burst=1, operation=operation)
            call()
            assert error_of(call)[:2] == (429, "ThrottlingException")


def test_a_request_to_the_catalogue_is_validated(client, add):
    add()
    found = error_of(client.search_listings, domainIdentifier="nowhere", maxResults=51)
    assert found == (
        400,
        "ValidationException",
        told(
            client,
            "2 validation errors detected: "
            "Value at 'domainIdentifier' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: {pattern of domain}; "
            "Value at 'maxResults' failed to satisfy constraint: "
            "Member must have value less than or equal to 50",
        ),
    )


def test_a_response_of_the_test_s_own_comes_before_the_catalogue(client, add, datazone_ts):
    add()
    datazone_ts.respond("SearchListings", {"items": [], "totalMatchCount": 99}, times=1)

    counts = [client.search_listings(domainIdentifier=DOMAIN)["totalMatchCount"] for _ in range(2)]

    assert counts == [99, 1]


def test_reset_forgets_the_catalogue(client, add, datazone_ts):
    add("asset1", listing_identifier="listing")
    add("asset2")
    token = client.search_listings(domainIdentifier=DOMAIN, maxResults=1)["nextToken"]

    datazone_ts.reset()

    time_series_calls(client, "nobody", "ASSET")["post"]()
    with pytest.raises(UnansweredOperationError):
        client.get_asset(domainIdentifier=DOMAIN, identifier="asset1")
    datazone_ts.reset()
    add("asset3", listing_identifier="listing")
    assert names(client.search_listings(domainIdentifier=DOMAIN)) == ["penguins"]
    stale = error_of(client.search_listings, domainIdentifier=DOMAIN, nextToken=token)
    assert stale[1] == "ValidationException"


# What the catalogue does not do


@pytest.mark.datazone_ts(strict=False)
def test_a_parameter_that_would_be_ignored_is_an_error(client, add):
    add()
    members = client.meta.service_model.operation_model("SearchListings").input_shape.members
    if "aggregations" not in members:
        pytest.skip("this botocore is older than the parameter")
    with pytest.raises(UnansweredOperationError) as caught:
        client.search_listings(domainIdentifier=DOMAIN, aggregations=[{"attribute": "name"}])
    assert str(caught.value) == (
        "the double's SearchListings does not implement the parameter 'aggregations'. Answer the "
        "call in the test instead: datazone_ts.respond('SearchListings', {'items': []})"
    )


@pytest.mark.datazone_ts(strict=False)
@pytest.mark.parametrize("operation", ["SearchListings", "Search"])
def test_an_attribute_that_would_be_ignored_is_an_error(client, add, operation):
    members = client.meta.service_model.operation_model(operation).input_shape.members
    if "TEXT_MATCH_RATIONALE" not in members["additionalAttributes"].member.enum:
        pytest.skip("this botocore is older than the attribute")
    add()
    scope = {"searchScope": "ASSET"} if operation == "Search" else {}
    call = client.search if scope else client.search_listings
    attributes = ["FORMS", "TEXT_MATCH_RATIONALE"]
    with pytest.raises(UnansweredOperationError) as caught:
        call(domainIdentifier=DOMAIN, **scope, additionalAttributes=attributes)
    assert str(caught.value) == (
        f"the double's {operation} does not implement "
        "additionalAttributes=['TEXT_MATCH_RATIONALE']. Answer the call "
        f"in the test instead: datazone_ts.respond('{operation}', {{'items': []}})"
    )


@pytest.mark.datazone_ts(strict=False)
@pytest.mark.parametrize("scope", ["GLOSSARY", "GLOSSARY_TERM"])
def test_a_search_for_anything_but_assets_is_an_error(client, add, scope):
    add()
    with pytest.raises(UnansweredOperationError) as caught:
        client.search(domainIdentifier=DOMAIN, searchScope=scope)
    assert str(caught.value) == (
        f"the double's Search does not implement searchScope='{scope}': its catalogue holds "
        "assets only. Answer the call in the test instead: "
        "datazone_ts.respond('Search', {'items': []})"
    )


@pytest.mark.datazone_ts(strict=False)
def test_with_no_asset_the_error_names_both_ways_out(client):
    calls = catalogue_calls(client)
    calls.pop("GetFormType")()  # needs no catalogue
    for operation, call in calls.items():
        shape = client.meta.service_model.operation_model(operation).output_shape
        needed = shape.required_members or ["items"]
        with pytest.raises(UnansweredOperationError) as caught:
            call()
        before, example, after = re.split(r"({.*})", str(caught.value))
        assert [*ast.literal_eval(example)] == needed
        assert (before, after) == (
            (
                f"unhandled DataZone operation {operation}. Put an asset in the catalogue, "
                "with datazone_ts.add_asset(...). Or answer it in the test, such as "
                f"datazone_ts.respond('{operation}', "
            ),
            "), or let it through to the network or moto with the option unstubbed='passthrough'.",
        )


def test_what_the_catalogue_does_not_do_fails_the_test_that_swallows_it(pytester):
    pytester.makepyfile(
        """
        import contextlib

        def test_swallows(datazone_ts, datazone_ts_client):
            datazone_ts.add_asset("asset", domain_identifier="dzd_a", name="penguins")
            for text in ["a", "b"]:
                with contextlib.suppress(Exception):
                    datazone_ts_client.search_listings(
                        domainIdentifier="dzd_a", searchText=text, sort={"attribute": "popularity"}
                    )

        def test_swallows_that_it_is_empty(datazone_ts_client):
            with contextlib.suppress(Exception):
                datazone_ts_client.get_asset(domainIdentifier="dzd_a", identifier="asset")
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=2, errors=2)
    swallowed = "datazone_ts: the code under test swallowed errors that it should not handle:"
    result.stdout.fnmatch_lines(
        [
            swallowed,
            "  test_*.py:*: the double's SearchListings does not implement the attribute 'popul*",
            swallowed,
            "  test_*.py:*: unhandled DataZone operation GetAsset. Put an asset*",
        ]
    )


def test_an_empty_catalogue_lets_calls_through_if_they_may(make_client):
    client = make_client(signature_version=UNSIGNED)

    def network(request, **_):
        return answer(request, 403, **{"x-amzn-errortype": "FromTheNetwork"})

    client.meta.events.register_last("before-send.datazone", network)
    with mock_datazone_ts(unstubbed="passthrough") as ts:
        code = error_of(client.get_asset, domainIdentifier=DOMAIN, identifier=PENGUINS)[1]
        assert code == "FromTheNetwork"
        ts.add_asset(PENGUINS, domain_identifier=DOMAIN, name="penguins")
        asset = client.get_asset(domainIdentifier=DOMAIN, identifier=PENGUINS)
        assert asset["name"] == "penguins"


# add_asset


NOT_AN_ID = (
    "failed to satisfy constraint: Member must satisfy regular expression pattern: {pattern of id}"
)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        (
            {"entity_identifier": "not an id"},
            f"1 validation error detected: Value at 'entity_identifier' {NOT_AN_ID}",
        ),
        (
            {"listing_identifier": "x" * 37, "owning_project_identifier": "zoo/birds"},
            (
                f"2 validation errors detected: Value at 'listing_identifier' "
                f"{NOT_AN_ID}; Value at 'owning_project_identifier' {NOT_AN_ID}"
            ),
        ),
        (
            {"domain_identifier": "dzd5oo7xzoqltu8mf"},
            (
                "1 validation error detected: Value at 'domain_identifier' "
                "failed to satisfy constraint: Member must satisfy regular expression pattern: "
                "{pattern of domain}"
            ),
        ),
        (
            {"name": ""},
            (
                "1 validation error detected: Value at 'name' failed to satisfy constraint: "
                "Member must have length greater than or equal to 1"
            ),
        ),
        (
            {"name": None},
            (
                "1 validation error detected: Value at 'name' failed to satisfy constraint: "
                "Member must not be null"
            ),
        ),
        (
            {"entity_identifier": None, "domain_identifier": None},
            (
                "2 validation errors detected: Value at 'entity_identifier' failed to "
                "satisfy constraint: Member must not be null; Value at 'domain_identifier' "
                "failed to satisfy constraint: Member must not be null"
            ),
        ),
        (
            {"type_identifier": None, "owning_project_identifier": None},
            (
                "2 validation errors detected: Value at 'type_identifier' failed to satisfy "
                "constraint: Member must not be null; Value at 'owning_project_identifier' "
                "failed to satisfy constraint: Member must not be null"
            ),
        ),
        (
            {"type_identifier": "a type"},
            (
                "1 validation error detected: Value at 'type_identifier' failed to "
                "satisfy constraint: Member must satisfy regular expression pattern: "
                "{pattern of type}"
            ),
        ),
        (
            {"external_identifier": "x" * 10_000},
            (
                "1 validation error detected: Value at 'external_identifier' "
                "failed to satisfy constraint: Member must have length less than or equal to "
                "{longest external}"
            ),
        ),
        (
            {"description": "x" * 2049},
            (
                "1 validation error detected: Value at 'description' failed to "
                "satisfy constraint: Member must have length less than or equal to 2048"
            ),
        ),
        (
            {"forms": {"2nd": {}}},
            (
                "1 validation error detected: Value at 'forms.2nd.key' failed to satisfy "
                "constraint: Member must satisfy regular expression pattern: "
                "{pattern of form}"
            ),
        ),
        (
            {"forms": {f"f{number}": {} for number in range(11)}},
            (
                "1 validation error detected: Value at 'forms' failed to satisfy constraint: "
                "Member must have length less than or equal to 10"
            ),
        ),
    ],
)
def test_an_asset_that_datazone_could_not_have_is_rejected(client, add, keywords, message):
    with pytest.raises(ValueError, match=r"^add_asset\(\) got ") as caught:
        add(**keywords)
    assert str(caught.value) == told(
        client, f"add_asset() got a value that no asset in Amazon DataZone can have: {message}"
    )


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"entity_identifier": 7}, "add_asset(entity_identifier=...) takes a string, not 7"),
        ({"description": b"x"}, "add_asset(description=...) takes a string, not b'x'"),
        ({"published": 1}, "add_asset(published=...) takes True or False, not 1"),
        (
            {"forms": "{}"},
            "add_asset(forms=...) takes a dict of form names to content, not '{}'",
        ),
        (
            {"forms": {"Notes": "{}"}},
            (
                "add_asset(forms=...) takes the content of each form as a dict, such as "
                "{'GlueTableForm': {'tableArn': '...'}}, not {'Notes': '{}'}"
            ),
        ),
        (
            {"forms": {1: {}}},
            (
                "add_asset(forms=...) takes the content of each form as a dict, such as "
                "{'GlueTableForm': {'tableArn': '...'}}, not {1: {}}"
            ),
        ),
        (
            {"forms": {"Notes": {"at": NOW}}},
            (
                "add_asset(forms=...) takes values that JSON can represent: "
                "Object of type datetime is not JSON serializable"
            ),
        ),
    ],
)
def test_an_argument_of_the_wrong_type_is_rejected(add, keywords, message):
    with pytest.raises(TypeError) as caught:
        add(**keywords)
    assert str(caught.value) == message


def test_a_form_that_json_cannot_hold_is_rejected(add):
    circular = {}
    circular["self"] = circular
    for content in (circular, {"share": float("nan")}):
        with pytest.raises(
            ValueError, match=r"^add_asset\(forms=...\) takes values that JSON can represent: "
        ):
            add(forms={"Notes": content})


def test_a_listing_belongs_to_one_asset(add, client):
    add(listing_identifier="listing")
    with pytest.raises(ValueError, match="listing") as caught:
        add(SALES, name="sales", listing_identifier="listing")
    assert str(caught.value) == (
        f"add_asset(listing_identifier='listing'): this is already the listing of asset "
        f"'{PENGUINS}'. Give each asset its own, or none"
    )
    assert names(client.search(domainIdentifier=DOMAIN, searchScope="ASSET"), "assetItem") == [
        "penguins"
    ]


def test_an_asset_that_is_not_published_takes_no_listing(add):
    with pytest.raises(ValueError, match="published") as caught:
        add(published=False, listing_identifier="listing")
    assert str(caught.value) == (
        "add_asset(published=False, listing_identifier='listing'): an asset that is not published "
        "has no listing. Leave one of the two out"
    )


def test_an_asset_that_was_rejected_closes_no_domain(add, client):
    with pytest.raises(ValueError, match="'entity_identifier'"):
        add("not an id")
    time_series_calls(client, "anybody", "ASSET")["post"]()


def test_forms_that_change_later_change_nothing(add, client):
    forms = {"GlueTableForm": {"tableArn": ARN, "columns": [{"columnName": "year"}]}}
    add(forms=forms)
    before = client.get_asset(domainIdentifier=DOMAIN, identifier=PENGUINS)["formsOutput"]

    forms["GlueTableForm"]["columns"].append({"columnName": "sex"})
    forms["Notes"] = {}

    after = client.get_asset(domainIdentifier=DOMAIN, identifier=PENGUINS)["formsOutput"]
    assert after == before
