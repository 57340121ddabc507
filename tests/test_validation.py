"""The service rejects values that violate a constraint in botocore's model, in AWS's words."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from functools import cache
from urllib.parse import quote, urlencode

import pytest
from boto3.session import Session
from botocore.exceptions import ClientError, ParamValidationError
from hypothesis import given, settings
from hypothesis import strategies as st
from internals import exchange, new_double
from sample import METHODS

from pytest_datazone_ts import mock_datazone_ts

ENTITY = {
    "domainIdentifier": "dzd_5oo7xzoqltu8mf",
    "entityIdentifier": "4wyh64k2n8czaf",
    "entityType": "ASSET",
}
SERIES = {**ENTITY, "formName": "score"}
FORM = {
    "formName": "score",
    "typeIdentifier": "team.ScoreFormType",
    "timestamp": datetime(2024, 1, 1, tzinfo=timezone.utc),
}
VALID = {
    "PostTimeSeriesDataPoints": {**ENTITY, "forms": [FORM, FORM], "clientToken": "token"},
    "ListTimeSeriesDataPoints": {**SERIES, "maxResults": 5},
    "GetTimeSeriesDataPoint": {**SERIES, "identifier": "athp9dyw75gzhj"},
    "DeleteTimeSeriesDataPoints": {**SERIES, "clientToken": "token"},
}
IN_PATH = ("domainIdentifier", "entityType", "entityIdentifier", "identifier")


@cache
def a_client():
    return Session(region_name="us-east-1").client("datazone")


def input_shape(operation):
    return a_client().meta.service_model.operation_model(operation).input_shape


def rejection_of_request(operation, parameters):
    """Return the message that a request is rejected with, or ``None``.

    The parameters may be any, those too that no botocore client would send.
    """
    segments = ["/v2/domains/{domainIdentifier}/entities/{entityType}/{entityIdentifier}"]
    segments.append("/time-series-data-points")
    segments.append("/{identifier}" if operation == "GetTimeSeriesDataPoint" else "")
    labels = {name: quote(parameters.get(name, ""), safe="") for name in IN_PATH}
    url = "https://datazone.us-east-1.api.aws" + "".join(segments).format(**labels)
    others = {name: value for name, value in parameters.items() if name not in IN_PATH}
    posting = operation == "PostTimeSeriesDataPoints"
    body = json.dumps(others, default=datetime.timestamp).encode() if posting else b""
    url = url if posting else f"{url}?{urlencode(others)}"
    response = exchange(new_double(), operation, url, body)
    if response.headers.get("x-amzn-errortype") != "ValidationException":
        return None
    assert response.status_code == 400
    return json.loads(response.body)["message"]


def rejection_of_call(operation, parameters):
    """Return the message that a call is rejected with, or ``None``."""
    with mock_datazone_ts() as ts:
        try:
            getattr(a_client(), METHODS[operation])(**parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationException":
                assert ts.data_points == []
                return error.response["Error"]["Message"]
    return None


# The messages, word for word


@pytest.mark.parametrize(
    ("operation", "changes", "message"),
    [
        (
            "PostTimeSeriesDataPoints",
            {"domainIdentifier": "my-domain"},
            (
                "1 validation error detected: Value at 'domainIdentifier' failed to "
                "satisfy constraint: Member must satisfy regular expression pattern: "
                "{pattern of domainIdentifier}"
            ),
        ),
        (
            "ListTimeSeriesDataPoints",
            {"entityType": "TABLE"},
            (
                "1 validation error detected: Value at 'entityType' failed to satisfy "
                "constraint: Member must satisfy enum value set: [ASSET, LISTING]"
            ),
        ),
        (
            "DeleteTimeSeriesDataPoints",
            {"formName": "n" * 129},
            (
                "1 validation error detected: Value at 'formName' failed to satisfy "
                "constraint: Member must have length less than or equal to 128"
            ),
        ),
        (
            "ListTimeSeriesDataPoints",
            {"maxResults": 51},
            (
                "1 validation error detected: Value at 'maxResults' failed to satisfy "
                "constraint: Member must have value less than or equal to 50"
            ),
        ),
        (
            "PostTimeSeriesDataPoints",
            {"entityType": "x" * 256},
            (
                "1 validation error detected: Value at 'entityType' failed to "
                "satisfy constraint: Member must satisfy enum value set: [ASSET, LISTING]"
            ),
        ),
        (
            "PostTimeSeriesDataPoints",
            {"forms": [FORM, {**FORM, "content": "x" * 500_001}]},
            (
                "1 validation error detected: Value at 'forms.2.member.content' "
                "failed to satisfy constraint: Member must have length less than or equal to 500000"
            ),
        ),
        (
            "PostTimeSeriesDataPoints",
            {
                "domainIdentifier": "no domain",
                "entityType": "asset",
                "forms": [
                    FORM,
                    {**FORM, "typeIdentifier": ".hidden", "typeRevision": "9" * 65},
                ],
            },
            (
                "4 validation errors detected: Value at 'domainIdentifier' failed to "
                "satisfy constraint: Member must satisfy regular expression pattern: "
                "{pattern of domainIdentifier}; Value at 'entityType' failed to satisfy "
                "constraint: Member must satisfy enum value set: [ASSET, LISTING]; Value "
                "at 'forms.2.member.typeIdentifier' failed to satisfy constraint: Member must "
                "satisfy regular expression pattern: {pattern of typeIdentifier}; "
                "Value at 'forms.2.member.typeRevision' failed to satisfy "
                "constraint: Member must have length less than or equal to 64"
            ),
        ),
    ],
    ids=["pattern", "enum", "length", "range", "echo", "content", "all at once"],
)
def test_a_violation_is_reported_in_awss_words(operation, changes, message):
    """The patterns themselves are botocore's, and differ between its versions."""
    form = input_shape("PostTimeSeriesDataPoints").members["forms"].member
    for name, shape in (
        ("domainIdentifier", input_shape(operation).members["domainIdentifier"]),
        ("typeIdentifier", form.members["typeIdentifier"]),
    ):
        message = message.replace(f"{{pattern of {name}}}", shape.metadata["pattern"])

    assert rejection_of_call(operation, {**VALID[operation], **changes}) == message


@pytest.mark.parametrize(
    ("operation", "parameters", "message"),
    [
        (
            "ListTimeSeriesDataPoints",
            ENTITY,
            (
                "1 validation error detected: Value at 'formName' failed to satisfy "
                "constraint: Member must not be null"
            ),
        ),
        (
            "PostTimeSeriesDataPoints",
            ENTITY,
            (
                "1 validation error detected: Value at 'forms' failed to satisfy constraint: "
                "Member must not be null"
            ),
        ),
        (
            "PostTimeSeriesDataPoints",
            {
                **ENTITY,
                "forms": [
                    {**FORM, "formName": None},
                    {"formName": "score", "typeIdentifier": "team.ScoreFormType"},
                ],
            },
            (
                "2 validation errors detected: Value at 'forms.1.member.formName' failed to "
                "satisfy constraint: Member must not be null; Value at "
                "'forms.2.member.timestamp' failed to satisfy constraint: Member must not be null"
            ),
        ),
        (
            "ListTimeSeriesDataPoints",
            {**SERIES, "maxResults": 0},
            (
                "1 validation error detected: Value at 'maxResults' failed to satisfy "
                "constraint: Member must have value greater than or equal to 1"
            ),
        ),
        (
            "DeleteTimeSeriesDataPoints",
            {**ENTITY, "formName": ""},
            (
                "1 validation error detected: Value at 'formName' failed to satisfy constraint: "
                "Member must have length greater than or equal to 1"
            ),
        ),
    ],
    ids=["query", "body", "members", "range", "length"],
)
def test_requests_that_a_botocore_client_would_not_send_are_rejected(
    operation, parameters, message
):
    assert rejection_of_request(operation, parameters) == message


@pytest.mark.parametrize("length", [0, 1, 499_999, 500_000])
def test_content_can_have_half_a_million_characters(length):
    forms = [{**FORM, "content": "\N{SNOWMAN}" * length}]

    assert rejection_of_call("PostTimeSeriesDataPoints", {**ENTITY, "forms": forms}) is None


# Several constraints at once


def leaves(shape, path=()):
    """The constrained members of an input: (path, shape); of a list, its second item's."""
    for name, member in shape.members.items():
        if member.type_name == "list":
            yield from leaves(member.member, (*path, name, 1))
        elif member.type_name in ("string", "integer"):
            yield (*path, name), member


def values(shape):
    """Values around a shape's constraints, on both sides."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    edges = [edge + step for edge in (least, most) if edge is not None for step in (-1, 0, 1)]
    if shape.type_name == "integer":
        return st.sampled_from(edges) | st.integers(-(2**31), 2**31 - 1)
    kinds = [st.text(max_size=5)]
    kinds += [
        st.sampled_from("aZ_.-! \N{SNOWMAN}").map(lambda character, n=length: character * n)
        for length in edges
        if 0 <= length < 10_000
    ]
    if shape.enum:
        kinds.append(st.sampled_from([*shape.enum, *map(str.lower, shape.enum), "ASSETS"]))
    if "pattern" in shape.metadata:
        inside = st.from_regex(re.compile(shape.metadata["pattern"], re.ASCII), fullmatch=True)
        kinds += [
            inside,
            st.builds("{}{}".format, inside, st.sampled_from("\n .-é٣A" + "A" * 3)),
            st.builds("{}{}".format, st.sampled_from("\n .-éA"), inside),
            inside.map(lambda text: text * 40),
        ]
    return st.one_of(kinds)


def broken(shape, value):
    """Yield the constraints that a value violates, in AWS's words."""
    metadata = shape.metadata
    what, measure = "length", value
    if shape.type_name == "integer":
        what = "value"
    else:
        measure = len(value)
    if measure < metadata.get("min", measure):
        yield f"Member must have {what} greater than or equal to {metadata['min']}"
    if measure > metadata.get("max", measure):
        yield f"Member must have {what} less than or equal to {metadata['max']}"
    if "pattern" in metadata and not re.fullmatch(metadata["pattern"], value, re.ASCII):
        yield f"Member must satisfy regular expression pattern: {metadata['pattern']}"
    if value not in metadata.get("enum", [value]):
        yield f"Member must satisfy enum value set: [{', '.join(metadata['enum'])}]"


def with_value(parameters, path, value):
    """A copy of nested parameters with one of them replaced."""
    if not path:
        return value
    first, *rest = path
    if isinstance(first, int):
        changed = list(parameters)
        changed[first] = with_value(parameters[first], rest, value)
        return changed
    return {**parameters, first: with_value(parameters.get(first), rest, value)}


def as_written(path):
    """A path as messages write it: the second item of a list is ``2.member``."""
    return ".".join(f"{part + 1}.member" if isinstance(part, int) else part for part in path)


@pytest.mark.parametrize("operation", VALID)
def test_the_valid_parameters_are_accepted(operation):
    assert rejection_of_request(operation, VALID[operation]) is None
    assert rejection_of_call(operation, VALID[operation]) is None


@pytest.mark.parametrize("operation", VALID)
@settings(derandomize=True, database=None, deadline=None, max_examples=40)
@given(data=st.data())
def test_every_constraint_is_enforced_exactly(operation, data):
    members = list(leaves(input_shape(operation)))
    touched = data.draw(st.lists(st.sampled_from(members), min_size=1, max_size=4, unique_by=str))
    parameters, found = VALID[operation], []
    for path, shape in sorted(touched, key=members.index):
        value = data.draw(values(shape), label=as_written(path))
        parameters = with_value(parameters, path, value)
        found += [
            f"Value at '{as_written(path)}' failed to satisfy constraint: {constraint}"
            for constraint in broken(shape, value)
        ]
    noun = "error" if len(found) == 1 else "errors"
    expected = f"{len(found)} validation {noun} detected: {'; '.join(found)}" if found else None
    if expected is None and "nextToken" in parameters:
        expected = (
            f"Invalid nextToken '{parameters['nextToken']}': it was not issued for this query, "
            "or what it pointed at has been deleted"
        )

    assert rejection_of_request(operation, parameters) == expected
    try:
        assert rejection_of_call(operation, parameters) == expected
    except ParamValidationError:
        assert "greater than or equal to" in (expected or "")


def test_every_kind_of_constraint_is_generated():
    """The test above would show little if the model stopped naming its constraints."""
    kinds = {
        (kind, shape.type_name)
        for operation in VALID
        for _, shape in leaves(input_shape(operation))
        for kind in ("min", "max", "pattern", "enum")
        if kind in shape.metadata
    }

    assert kinds == {
        ("min", "string"),
        ("max", "string"),
        ("pattern", "string"),
        ("enum", "string"),
        ("min", "integer"),
        ("max", "integer"),
    }


# Constraints that only DataZone's other operations have


def test_the_lengths_and_members_of_lists_and_maps_are_checked(datazone_ts, datazone_ts_client):
    datazone_ts.respond("CreateAsset", dict)
    datazone_ts.respond("TagResource", {})

    with pytest.raises(datazone_ts_client.exceptions.ValidationException) as of_list:
        datazone_ts_client.create_asset(
            domainIdentifier="dzd_5oo7xzoqltu8mf",
            name="penguins",
            owningProjectIdentifier="project",
            typeIdentifier="amazon.datazone.GlueTableAssetType",
            glossaryTerms=["term"] * 20 + ["a term"],
        )
    with pytest.raises(datazone_ts_client.exceptions.ValidationException) as of_map:
        datazone_ts_client.tag_resource(resourceArn="arn", tags={"key!": "value!"})

    tail = "failed to satisfy constraint: Member must"
    term = a_client().meta.service_model.shape_for("GlossaryTermId").metadata["pattern"]
    assert of_list.value.response["Error"]["Message"] == (
        f"2 validation errors detected: Value at 'glossaryTerms' {tail} have length "
        f"less than or equal to 20; Value at 'glossaryTerms.21.member' {tail} satisfy "
        f"regular expression pattern: {term}"
    )
    key = a_client().meta.service_model.shape_for("TagKey").metadata["pattern"]
    value = a_client().meta.service_model.shape_for("TagValue").metadata["pattern"]
    assert of_map.value.response["Error"]["Message"] == (
        f"2 validation errors detected: Value at 'tags.key!.key' {tail} satisfy regular "
        f"expression pattern: {key}; Value at 'tags.key!.value' {tail} satisfy regular "
        f"expression pattern: {value}"
    )


def test_a_pattern_that_only_java_understands_is_ignored(datazone_ts, datazone_ts_client):
    datazone_ts.respond("GetGroupProfile", {"groupName": "team"})

    answer = datazone_ts_client.get_group_profile(
        domainIdentifier="dzd_5oo7xzoqltu8mf", groupIdentifier="team"
    )

    assert answer["groupName"] == "team"
