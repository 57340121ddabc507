"""What the API changes in the catalogue: assets, their revisions and their listings."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError
from freezegun import freeze_time
from sample import DOMAIN, ENTITY, FORM, service

from pytest_datazone_ts import UnansweredOperationError

NOW = datetime(2024, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
DAY = timedelta(days=1)
ARN = "arn:aws:glue:eu-west-1:123456789012:table/zoo/penguins"
GLUE_FORM = {
    "formName": "GlueTableForm",
    "typeIdentifier": "amazon.datazone.GlueTableFormType",
    "typeRevision": "13",
    "content": f'{{"tableArn":"{ARN}"}}',
}
ASSET = {
    "domainIdentifier": DOMAIN,
    "name": "penguins",
    "typeIdentifier": "amazon.datazone.GlueTableAssetType",
    "owningProjectIdentifier": "zooproject",
}


@pytest.fixture
def client(checked_client):
    return checked_client


@pytest.fixture
def add(datazone_ts):
    def add(entity_identifier=ENTITY, **keywords):
        keywords = {"domain_identifier": DOMAIN, "name": "penguins", **keywords}
        datazone_ts.add_asset(entity_identifier, **keywords)

    return add


def output_of(call, **parameters):
    output = call(**parameters)
    del output["ResponseMetadata"]
    return output


def error_of(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def get(client, identifier=ENTITY, **parameters):
    return output_of(client.get_asset, domainIdentifier=DOMAIN, identifier=identifier, **parameters)


def revise(client, identifier=ENTITY, name="birds", **parameters):
    return output_of(
        client.create_asset_revision,
        domainIdentifier=DOMAIN,
        identifier=identifier,
        name=name,
        **parameters,
    )


def change_listing(client, action="PUBLISH", identifier=ENTITY, **parameters):
    return output_of(
        client.create_listing_change_set,
        domainIdentifier=DOMAIN,
        entityIdentifier=identifier,
        entityType="ASSET",
        action=action,
        **parameters,
    )


def listed_names(client):
    items = client.search_listings(domainIdentifier=DOMAIN)["items"]
    return [item["assetListing"]["name"] for item in items]


# CreateAsset


@freeze_time(NOW)
def test_create_asset(client):
    about = {"externalIdentifier": "erp/7", "description": "Birds", "glossaryTerms": ["term"]}
    created = output_of(
        client.create_asset, **ASSET, **about, typeRevision="24", formsInput=[GLUE_FORM]
    )

    assert created == {
        "id": "9zfkfw98b9757k",
        "name": "penguins",
        "domainId": DOMAIN,
        "typeIdentifier": "amazon.datazone.GlueTableAssetType",
        "typeRevision": "24",
        **about,
        "createdAt": NOW,
        "firstRevisionCreatedAt": NOW,
        "owningProjectId": "zooproject",
        "revision": "1",
        "formsOutput": [
            {
                "formName": "GlueTableForm",
                "typeName": "amazon.datazone.GlueTableFormType",
                "typeRevision": "13",
                "content": GLUE_FORM["content"],
            }
        ],
        "readOnlyFormsOutput": [],
        "latestTimeSeriesDataPointFormsOutput": [],
    }
    assert get(client, created["id"]) == created
    assert listed_names(client) == []


def test_a_form_that_says_nothing_has_defaults(client):
    created = client.create_asset(**ASSET, formsInput=[{"formName": "NotesForm"}])
    assert created["formsOutput"] == [
        {
            "formName": "NotesForm",
            "typeName": "amazon.datazone.NotesFormType",
            "typeRevision": "1",
            "content": "{}",
        }
    ]


def test_an_external_identifier_is_unique_in_a_domain(client, add):
    add("keepers", external_identifier="erp/7")
    duplicate = {**ASSET, "externalIdentifier": "erp/7"}

    assert error_of(client.create_asset, **duplicate) == (
        "ConflictException",
        "An asset with the externalIdentifier 'erp/7' already exists.",
    )
    assert client.create_asset(**{**duplicate, "domainIdentifier": "dzd_other"})["id"]
    assert client.create_asset(**{**duplicate, "externalIdentifier": "erp/8"})["id"]


@pytest.mark.datazone_ts(strict=False)
@pytest.mark.parametrize("operation", ["create_asset", "create_asset_revision"])
def test_two_forms_with_the_same_name_are_an_error(client, add, operation):
    add()
    method = getattr(client, operation)
    with pytest.raises(UnansweredOperationError, match="does not implement two forms with"):
        method(**CHANGES[operation], formsInput=[GLUE_FORM, GLUE_FORM])


def test_content_that_is_not_json_is_kept(client):
    form = {"formName": "NotesForm", "content": "[" * 100_000}
    created = client.create_asset(**ASSET, formsInput=[form])
    assert created["formsOutput"][0]["content"] == form["content"]
    change_listing(client, identifier=created["id"])
    found = client.search_listings(domainIdentifier=DOMAIN, additionalAttributes=["FORMS"])
    forms = found["items"][0]["assetListing"]["additionalAttributes"]["forms"]
    assert json.loads(forms) == {"NotesForm": form["content"]}


def test_a_domain_with_a_created_asset_has_no_other_entities(client, post):
    created = client.create_asset(**ASSET)["id"]
    post(client, entityIdentifier=created)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        post(client)


def test_form_types_of_assets_are_known(client, add, datazone_ts):
    datazone_ts.register_form_type("amazon.datazone.NotesFormType", revision="7")
    add(
        forms={"GlueTableForm": {}, "NotesForm": {}, "OwnForm": {}},
        form_type_revisions={"GlueTableForm": "13"},
    )

    forms = get(client)["formsOutput"]

    revisions = {form["typeName"]: form["typeRevision"] for form in forms}
    assert [*revisions.values()] == ["13", "7", "1"]
    for name, revision in revisions.items():
        found = client.get_form_type(domainIdentifier=DOMAIN, formTypeIdentifier=name)
        assert found["revision"] == revision


# CreateAssetRevision, ListAssetRevisions


def test_a_revision_has_what_the_request_has(client, add):
    with freeze_time(NOW):
        add(
            description="Birds",
            external_identifier="erp/7",
            owning_project_identifier="zoo",
            forms={"GlueTableForm": {"tableArn": ARN}, "NotesForm": {}},
            listing_identifier="listing",
        )
    with freeze_time(NOW + DAY):
        revised = revise(client, formsInput=[GLUE_FORM], glossaryTerms=["term"], typeRevision="2")

    assert revised == get(client) == get(client, revision="2")
    assert revised["revision"] == "2"
    assert revised["name"] == "birds"
    assert (revised["typeRevision"], revised["glossaryTerms"]) == ("2", ["term"])
    assert (revised["firstRevisionCreatedAt"], revised["createdAt"]) == (NOW, NOW + DAY)
    assert (revised["externalIdentifier"], revised["owningProjectId"]) == ("erp/7", "zoo")
    assert "description" not in revised
    assert [form["formName"] for form in revised["formsOutput"]] == ["GlueTableForm"]
    assert revised["listing"] == {"listingId": "listing", "listingStatus": "ACTIVE"}
    first = get(client, revision="1")
    assert (first["name"], first["description"]) == ("penguins", "Birds")


def test_the_next_revision_is_numbered_after_the_last_one(client, add):
    add(revision="9")
    assert get(client)["revision"] == "9"
    assert [revise(client)["revision"] for _ in range(2)] == ["10", "11"]
    error = error_of(get, client=client, revision="8")
    assert error[0] == "ResourceNotFoundException"


def test_revisions_are_listed_the_latest_first(client, add):
    with freeze_time(NOW) as clock:
        add()
        for _ in range(2):
            clock.tick(DAY)
            revise(client)

    asset = {"domainIdentifier": DOMAIN, "identifier": ENTITY}
    first = output_of(client.list_asset_revisions, **asset, maxResults=2)
    rest = output_of(client.list_asset_revisions, **asset, nextToken=first.pop("nextToken"))

    assert [*first["items"], *rest["items"]] == [
        {
            "domainId": DOMAIN,
            "id": ENTITY,
            "revision": str(number),
            "createdAt": NOW + (number - 1) * DAY,
        }
        for number in (3, 2, 1)
    ]
    assert "nextToken" not in rest
    assert error_of(client.list_asset_revisions, **{**asset, "identifier": "nobody"}) == (
        "ResourceNotFoundException",
        "The given Asset doesn't exist. Try creating Asset before accessing it.",
    )


@pytest.mark.parametrize("wrong", ["0", "01", "1.0", "latest", "", "9" * 19])
def test_a_revision_is_a_number(add, wrong):
    with pytest.raises(ValueError, match=r"^add_asset\(\) got .* Value at 'revision' failed"):
        add(revision=wrong)


@pytest.mark.parametrize(
    ("revisions", "kind", "message"),
    [
        ("13", TypeError, "takes a dict of form names to revisions, such as .*, not '13'"),
        ({"NotesForm": 13}, TypeError, r"not \{'NotesForm': 13\}"),
        ({"OtherForm": "13"}, ValueError, "the asset has no form 'OtherForm'"),
        ({"NotesForm": ""}, ValueError, r"Value at 'form_type_revisions.NotesForm.value' failed"),
    ],
)
def test_the_revisions_of_form_types_are_checked(add, revisions, kind, message):
    with pytest.raises(kind, match=message):
        add(forms={"NotesForm": {}}, form_type_revisions=revisions)


# CreateListingChangeSet


@freeze_time(NOW)
def test_an_asset_is_published_as_it_is_now(client, add):
    add(published=False)

    published = change_listing(client)
    revise(client)

    assert published["listingRevision"] == "1"
    assert published["status"] == "ACTIVE"
    assert listed_names(client) == ["penguins"]
    listing = {"domainIdentifier": DOMAIN, "identifier": published["listingId"]}
    assert client.get_listing(**listing)["item"]["assetListing"]["assetRevision"] == "1"

    again = change_listing(client)
    assert again == {**published, "listingRevision": "2"}
    assert listed_names(client) == ["birds"]
    assert client.get_listing(**listing)["item"]["assetListing"]["assetRevision"] == "2"
    first = client.get_listing(**listing, listingRevision="1")
    assert (first["name"], first["listingRevision"]) == ("penguins", "1")


def test_a_listing_does_not_show_the_ids_of_glossary_terms(client):
    created = client.create_asset(**ASSET, glossaryTerms=["term"])
    change_listing(client, identifier=created["id"])
    [item] = client.search_listings(domainIdentifier=DOMAIN)["items"]
    assert "glossaryTerms" not in item["assetListing"]


def test_an_earlier_revision_is_published(client, add):
    add()
    revise(client)
    change_listing(client, entityRevision="1")
    assert listed_names(client) == ["penguins"]
    assert error_of(change_listing, client=client, entityRevision="3")[0] == (
        "ResourceNotFoundException"
    )


def test_an_asset_is_unpublished_and_published_again(client, add):
    with freeze_time(NOW) as clock:
        add(listing_identifier="listing")
        clock.tick(DAY)
        gone = change_listing(client, "UNPUBLISH")

    assert gone == {"listingId": "listing", "listingRevision": "2", "status": "INACTIVE"}
    assert listed_names(client) == []
    assert get(client)["listing"] == {"listingId": "listing", "listingStatus": "INACTIVE"}
    listing = client.get_listing(domainIdentifier=DOMAIN, identifier="listing")
    assert (listing["status"], listing["createdAt"]) == ("INACTIVE", NOW)
    assert listing["updatedAt"] == NOW + DAY

    assert change_listing(client)["listingRevision"] == "3"
    assert listed_names(client) == ["penguins"]


def test_an_asset_that_was_never_published_cannot_be_unpublished(client, add, datazone_ts):
    add(published=False)
    error = error_of(change_listing, client=client, action="UNPUBLISH")
    assert error == (
        "ResourceNotFoundException",
        "The given Listing doesn't exist. Try creating Listing before accessing it.",
    )
    reason = datazone_ts.calls[-1].attempts[0].reason
    assert reason == f"asset '{ENTITY}' was never published"


def test_the_points_of_an_asset_show_on_the_listing_that_it_gets_later(client, add, post):
    add(published=False)
    point = post(client)["forms"][0]["id"]
    listing = change_listing(client)["listingId"]
    found = client.get_listing(domainIdentifier=DOMAIN, identifier=listing)
    [shown] = found["item"]["assetListing"]["latestTimeSeriesDataPointForms"]
    assert shown["id"] == point


# Identifiers


def test_no_two_things_have_the_same_id(client, add, post):
    add()
    ids = [
        get(client)["listing"]["listingId"],
        post(client)["forms"][0]["id"],
        (created := client.create_asset(**ASSET)["id"]),
        change_listing(client, identifier=created)["listingId"],
        post(client)["forms"][0]["id"],
        client.search(domainIdentifier=DOMAIN, searchScope="ASSET", maxResults=1)["nextToken"],
        client.list_time_series_data_points(
            domainIdentifier=DOMAIN,
            entityIdentifier=ENTITY,
            entityType="ASSET",
            formName=FORM["formName"],
            maxResults=1,
        )["nextToken"],
    ]
    if "PostLineageEvent" in service().operation_names:
        ids += [
            client.post_lineage_event(domainIdentifier=DOMAIN, event=b"{}")["id"],
            client.post_lineage_event(domainIdentifier=DOMAIN, event=b"{}")["id"],
            client.list_lineage_events(domainIdentifier=DOMAIN, maxResults=1)["nextToken"],
        ]
    assert len({*ids}) == len(ids)


# clientToken


CHANGES = {
    "create_asset": ASSET,
    "create_asset_revision": {
        "domainIdentifier": DOMAIN,
        "identifier": ENTITY,
        "name": "birds",
    },
    "create_listing_change_set": {
        "domainIdentifier": DOMAIN,
        "entityIdentifier": ENTITY,
        "entityType": "ASSET",
        "action": "PUBLISH",
    },
}


@pytest.mark.parametrize("operation", CHANGES)
def test_a_token_changes_the_catalogue_once(client, add, operation):
    add()
    call, parameters = getattr(client, operation), CHANGES[operation]

    first = output_of(call, **parameters, clientToken="token")
    assert output_of(call, **parameters, clientToken="token") == first
    assert output_of(call, **parameters) != first
    different = {**parameters, "domainIdentifier": "dzd_other"}
    assert error_of(call, **different, clientToken="token")[0] == "ConflictException"


# What it does not do


@pytest.mark.datazone_ts(strict=False)
def test_what_would_be_ignored_is_an_error(client, add):
    add()
    prediction = {"businessNameGeneration": {"enabled": True}}
    for call in (client.create_asset, client.create_asset_revision):
        parameters = ASSET if call == client.create_asset else CHANGES["create_asset_revision"]
        with pytest.raises(UnansweredOperationError, match="parameter 'predictionConfiguration'"):
            call(**parameters, predictionConfiguration=prediction)


@pytest.mark.datazone_ts(strict=False)
def test_data_products_are_not_published(client, add):
    members = client.meta.service_model.shape_for("EntityType").enum
    if "DATA_PRODUCT" not in members:
        pytest.skip("this botocore is older than data products")
    add()
    parameters = {**CHANGES["create_listing_change_set"], "entityType": "DATA_PRODUCT"}
    with pytest.raises(UnansweredOperationError, match="implement entityType='DATA_PRODUCT'"):
        client.create_listing_change_set(**parameters)


@pytest.mark.datazone_ts(strict=False)
def test_with_no_asset_there_is_nothing_to_revise(client):
    for operation in ("create_asset_revision", "create_listing_change_set"):
        with pytest.raises(UnansweredOperationError, match=r"datazone_ts\.add_asset\(\.\.\.\)"):
            getattr(client, operation)(**CHANGES[operation])


def test_a_revision_after_a_lost_response_is_one_revision(add, datazone_ts, make_client):
    add()
    datazone_ts.inject("ResponseLost", operation="CreateAssetRevision")
    assert revise(make_client())["revision"] == "2"


def test_the_whole_story(client, datazone_ts):
    """A pipeline that creates its asset, publishes it, scores it and looks at the listing."""
    asset = client.create_asset(**ASSET, formsInput=[GLUE_FORM])["id"]
    change_listing(client, identifier=asset)
    client.post_time_series_data_points(
        domainIdentifier=DOMAIN, entityIdentifier=asset, entityType="ASSET", forms=[FORM]
    )
    [item] = client.search_listings(
        domainIdentifier=DOMAIN, additionalAttributes=["TIME_SERIES_DATA_POINT_FORMS"]
    )["items"]
    [shown] = item["assetListing"]["additionalAttributes"]["latestTimeSeriesDataPointForms"]
    assert shown["id"] == datazone_ts.data_points.one().id
