"""Each constraint of botocore's model: a value just inside is accepted, just outside rejected.

The constraints are found by walking the model, so those that a newer botocore adds are tested too.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from copy import deepcopy
from datetime import datetime, timezone
from functools import cache
from typing import Any, NamedTuple

import pytest
from boto3.session import Session
from botocore.awsrequest import prepare_request_dict
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import create_loader
from botocore.serialize import create_serializer
from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from internals import exchange, new_double
from sample import service

from pytest_datazone_ts import UnansweredOperationError, mock_datazone_ts

ENDPOINT = "https://datazone.us-east-1.api.aws"
METHODS = {
    "PostTimeSeriesDataPoints": "post_time_series_data_points",
    "ListTimeSeriesDataPoints": "list_time_series_data_points",
    "GetTimeSeriesDataPoint": "get_time_series_data_point",
    "DeleteTimeSeriesDataPoints": "delete_time_series_data_points",
    # The operations of the catalogue.
    "SearchListings": "search_listings",
    "Search": "search",
    "GetAsset": "get_asset",
    "GetListing": "get_listing",
    "GetFormType": "get_form_type",
    "CreateAsset": "create_asset",
    "CreateAssetRevision": "create_asset_revision",
    "ListAssetRevisions": "list_asset_revisions",
    "CreateListingChangeSet": "create_listing_change_set",
}
if "PostLineageEvent" in service().operation_names:  # in newer models
    METHODS |= {
        "PostLineageEvent": "post_lineage_event",
        "ListLineageEvents": "list_lineage_events",
        "GetLineageEvent": "get_lineage_event",
    }
DOMAIN = {"domainIdentifier": {"required", "pattern"}}
PAGE = {"maxResults": {"min", "max"}, "nextToken": {"min", "max"}}
ENTITY = {
    **DOMAIN,
    "entityType": {"required", "enum"},
    "entityIdentifier": {"required", "pattern"},
}
TOKEN = {"clientToken": {"min", "max", "pattern"}}
SERIES = {**ENTITY, "formName": {"required", "min", "max"}}
KNOWN = {
    "PostTimeSeriesDataPoints": {
        **ENTITY,
        **TOKEN,
        "forms": {"required"},
        "forms.member.formName": {"required", "min", "max"},
        "forms.member.typeIdentifier": {"required", "min", "max", "pattern"},
        "forms.member.typeRevision": {"min", "max"},
        "forms.member.timestamp": {"required"},
        "forms.member.content": {"min", "max"},
    },
    "ListTimeSeriesDataPoints": {**SERIES, **PAGE},
    "GetTimeSeriesDataPoint": {**SERIES, "identifier": {"required", "pattern"}},
    "DeleteTimeSeriesDataPoints": {**SERIES, **TOKEN},
    "SearchListings": {
        **DOMAIN,
        **PAGE,
        "filters.and": {"min", "max"},
        "filters.filter.attribute": {"required", "min", "max"},
        "additionalAttributes.member": {"enum"},
    },
    "Search": {**DOMAIN, **PAGE, "searchScope": {"required", "enum"}, "sort.order": {"enum"}},
    "GetAsset": {**DOMAIN, "identifier": {"required", "pattern"}, "revision": {"min", "max"}},
    "GetListing": {**DOMAIN, "identifier": {"required", "pattern"}},
    "GetFormType": {**DOMAIN, "formTypeIdentifier": {"required", "min", "max", "pattern"}},
    "CreateAsset": {
        **DOMAIN,
        **TOKEN,
        "name": {"required", "min", "max"},
        "typeIdentifier": {"required", "min", "max", "pattern"},
        "formsInput.member.formName": {"required", "min", "max", "pattern"},
    },
    "CreateAssetRevision": {
        **DOMAIN,
        **TOKEN,
        "identifier": {"required", "pattern"},
        "name": {"required", "min", "max"},
    },
    "ListAssetRevisions": {**DOMAIN, **PAGE, "identifier": {"required", "pattern"}},
    "CreateListingChangeSet": {
        **DOMAIN,
        **TOKEN,
        "action": {"required", "enum"},
        "entityType": {"required", "enum"},
    },
}


@cache
def a_client():
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    return Session(region_name="us-east-1").client("datazone", config=config)


def model_of(operation):
    return a_client().meta.service_model.operation_model(operation)


# What the model says


class Constraint(NamedTuple):
    """One constraint on the member at a path of names, ``member``, ``key`` or ``value``."""

    operation: str
    path: tuple[str, ...]
    kind: str
    shape: Any

    def __str__(self):
        return f"{self.operation} {'.'.join(self.path)} {self.kind}"


def constraints(operation, shape, path=(), around=()):
    """Yield every constraint within a shape; a recursive shape is visited once."""
    if shape.name in around:
        return
    kinds = [kind for kind in ("min", "max", "pattern", "enum") if kind in shape.metadata]
    yield from (Constraint(operation, path, kind, shape) for kind in kinds)
    for step, inner in parts(shape).items():
        is_body = inner.type_name == "blob"  # which is empty, but never missing
        if step in getattr(shape, "required_members", ()) and not is_body:
            yield Constraint(operation, (*path, step), "required", inner)
        yield from constraints(operation, inner, (*path, step), (*around, shape.name))


def parts(shape):
    if shape.type_name == "structure":
        return shape.members
    if shape.type_name == "list":
        return {"member": shape.member}
    return {"key": shape.key, "value": shape.value} if shape.type_name == "map" else {}


ALL = [each for name in METHODS for each in constraints(name, model_of(name).input_shape)]


def test_the_known_constraints_are_found():
    found = {}
    for each in ALL:
        members = found.setdefault(each.operation, {})
        members.setdefault(".".join(each.path), set()).add(each.kind)

    assert {
        operation: {path: found[operation][path] & kinds for path, kinds in known.items()}
        for operation, known in KNOWN.items()
    } == KNOWN


# Values


@cache
def matching(pattern):
    """Return a text that matches a pattern."""
    texts = st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)
    options = settings(database=None, derandomize=True, deadline=None, phases=[Phase.generate])
    return find(texts, len, settings=options)


def stretched(text, length, pattern=""):
    """Return a text with a given length, by repeating a character if the pattern allows it."""
    texts = (
        [text[:at] + text[at] * (length - len(text)) + text[at:] for at in range(len(text))]
        if length > len(text)
        else [text[:length]]
    )
    return next((each for each in texts if fits(pattern, each)), texts[0])


def fits(pattern, text):
    return not pattern or re.fullmatch(pattern, text, re.ASCII) is not None


def a_string(shape, length=None):
    """Return a string that is valid except for its length, if one is given."""
    if shape.enum:
        return shape.enum[0]
    pattern = shape.metadata.get("pattern", "")
    text = matching(pattern) if pattern else "x"
    least = max(shape.metadata.get("min", 1), len(text))
    return stretched(text, least if length is None else length, pattern)


def a_value(shape, touched=()):
    """Return a valid value with the required members and those on the given path."""
    metadata = shape.metadata
    kind = shape.type_name
    if kind == "structure":
        return {
            name: a_value(member, touched[1:] if touched[:1] == (name,) else ())
            for name, member in shape.members.items()
            if name in shape.required_members or touched[:1] == (name,)
        }
    if kind == "list":
        number = min(max(metadata.get("min", 2), 2), metadata.get("max", 2))
        return [a_value(shape.member, touched[1:]) for _ in range(number)]
    if kind == "map":
        return {a_value(shape.key): a_value(shape.value, touched[1:])}
    if kind == "string":
        return a_string(shape)
    plain = {"boolean": True, "timestamp": datetime(2024, 1, 1, tzinfo=timezone.utc), "blob": b"x"}
    return plain[kind] if kind in plain else metadata.get("min", metadata.get("max", 1))


def sized(shape, size):
    """Return a value with a given size: the value of a number, otherwise the length."""
    if shape.type_name == "string":
        return a_string(shape, size)
    if shape.type_name == "blob":
        return b"x" * size
    if shape.type_name == "list":
        return [a_value(shape.member)] * size
    if shape.type_name == "map":
        keys = (a_string(shape.key, length) for length in range(1, 1_000))
        keys = [key for key in dict.fromkeys(keys) if not [*broken(shape.key, key)]][:size]
        assert len(keys) == size
        return dict.fromkeys(keys, a_value(shape.value))
    return size


def steps(shape):
    """Return the smallest difference between two sizes."""
    if shape.type_name in ("float", "double"):
        return math.ulp
    return lambda _: 1


def around(constraint):
    """Return values just inside and just outside a constraint."""
    kind, shape = constraint.kind, constraint.shape
    if kind == "required":
        # A URL cannot omit a label; an empty one is closest to that.
        return [a_value(shape), "" if shape.serialization.get("location") == "uri" else None]
    limit = shape.metadata[kind]
    if kind == "enum":
        return [*limit, *map(str.lower, limit), f"{limit[0]}S", limit[0][:-1], f" {limit[0]}", ""]
    if kind in ("min", "max"):
        step = steps(shape)(limit)
        sizes = [limit - step, limit, limit + step]
        countable = shape.type_name in ("string", "list", "map")
        return [sized(shape, size) for size in sizes if size >= 0 or not countable]
    text = matching(limit)
    lengths = [length for length in range(600) if fits(limit, stretched(text, length, limit))]
    edges = {edge + step for edge in (lengths[0], lengths[-1]) for step in (-1, 0, 1)}
    return [
        *(stretched(text, length, limit) for length in sorted(edges) if length >= 0),
        *(text + odd for odd in ODD),
        *(odd + text for odd in ODD),
        *(text[:1] + odd + text[1:] for odd in ODD),
    ]


ODD = ["\n", " ", "!", ".", "-", "é", "\u0663", "\N{SNOWMAN}", "\x7f", "/", "%2F"]


# What a value results in


def broken(shape, value):
    """Yield the constraints that a value violates, in AWS's words."""
    metadata = shape.metadata
    if value is None:
        yield "Member must not be null"
        return
    what, measure = ("value", float) if isinstance(value, (int, float)) else ("length", len)
    if "min" in metadata and measure(value) < metadata["min"]:
        yield f"Member must have {what} greater than or equal to {metadata['min']}"
    if "max" in metadata and measure(value) > metadata["max"]:
        yield f"Member must have {what} less than or equal to {metadata['max']}"
    if not fits(metadata.get("pattern", ""), value):
        yield f"Member must satisfy regular expression pattern: {metadata['pattern']}"
    if "enum" in metadata and value not in metadata["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(metadata['enum'])}]"


def expected(constraint, value, path):
    """Return the message that a value is rejected with, or ``None`` if it is accepted."""
    found = [*broken(constraint.shape, value)]
    if not found:
        # ListAssetRevisions does not find the asset, before it looks at the token.
        if path != "nextToken" or constraint.operation == "ListAssetRevisions":
            return None
        return (
            f"Invalid nextToken '{value}': it was not issued for this query, or what it pointed "
            "at has been deleted"
        )
    violations = "; ".join(
        f"Value at '{path}' failed to satisfy constraint: {each}" for each in found
    )
    return f"{len(found)} validation error{'s'[: len(found) - 1]} detected: {violations}"


def put(parameters, path, value):
    """Set the value at a path, or remove it for ``None``; return the path as in messages."""
    step, *rest = path
    if step == "member":
        number, inner = len(parameters), parameters[-1]
        step = f"{number}.member"
        if not rest:
            parameters[-1] = value
    elif step in ("key", "value") and step not in parameters:  # a map's
        [(key, inner)] = parameters.items()
        if step == "key":
            parameters[value] = parameters.pop(key)
            return f"{value}.key"
        step = f"{key}.value"
        if not rest:
            parameters[key] = value
    else:
        inner = parameters.get(step)
        if not rest:
            parameters[step] = value
            if value is None:
                del parameters[step]
    return ".".join([step, *([put(inner, rest, value)] if rest else [])])


def have_catalogue(ts):
    """Make the double answer catalogue operations, in a domain that no request uses."""
    ts.add_asset("asset", domain_identifier="dzd_another_one", name="penguins")


def rejection_of_request(operation, parameters):
    """Send a request without the validation of a client."""
    model = model_of(operation)
    request = create_serializer(
        model.service_model.protocol, include_validation=False
    ).serialize_to_request(parameters, model)
    prepare_request_dict(request, ENDPOINT)
    ts = new_double()
    have_catalogue(ts)
    try:
        headers = {name.lower(): value for name, value in request["headers"].items()}
        reply = exchange(ts, operation, request["url"], request["body"] or b"", headers=headers)
    except UnansweredOperationError:  # it is accepted, but not in the catalogue
        return None
    if reply.headers.get("x-amzn-errortype") != "ValidationException":
        return None
    assert reply.status_code == 400
    return json.loads(reply.body)["message"]


def rejection_of_call(operation, parameters):
    """Make a call with a client that does not validate."""
    with mock_datazone_ts(strict=False) as ts:
        have_catalogue(ts)
        try:
            getattr(a_client(), METHODS[operation])(**parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationException":
                assert ts.data_points == []
                return error.response["Error"]["Message"]
        except UnansweredOperationError:
            pass
    return None


def can_be_broken(constraint):
    """Return whether a value can violate a constraint: no length is below 0."""
    return (constraint.kind, constraint.shape.metadata.get("min")) != ("min", 0)


@pytest.mark.parametrize("constraint", ALL, ids=str)
def test_a_value_is_accepted_just_inside_and_rejected_just_outside(constraint):
    sides = set()
    for value in around(constraint):
        parameters = a_value(model_of(constraint.operation).input_shape, constraint.path)
        path = put(parameters, constraint.path, value)
        message = expected(constraint, value, path)
        sides.add(not [*broken(constraint.shape, value)])

        assert rejection_of_request(constraint.operation, parameters) == message
        assert rejection_of_call(constraint.operation, parameters) == message
    assert sides == ({True, False} if can_be_broken(constraint) else {True})


# A newer botocore


def newer(service):
    """Add constraints that a service model lacks: on lists, maps, numbers and headers."""
    shapes = service["shapes"]
    shapes["NewText"] = {"type": "string", "max": 3, "pattern": "[a-c]+"}
    text = {"shape": "NewText"}
    shapes["NewMap"] = {"type": "map", "min": 1, "max": 2, "key": text, "value": text}
    shapes["NewList"] = {"type": "list", "max": 2, "member": {"shape": "NewStructure"}}
    shapes["NewStructure"] = {
        "type": "structure",
        "required": ["map"],
        "members": {"map": {"shape": "NewMap"}, "weight": {"shape": "NewNumber"}},
    }
    shapes["NewNumber"] = {"type": "double", "min": -0.5, "max": 1.5}
    shapes["NewCount"] = {"type": "long", "box": True, "min": -2, "max": 3}
    new = {
        "newList": {"shape": "NewList"},
        "newHeader": {"shape": "NewText", "location": "header", "locationName": "x-new"},
        "newQuery": {"shape": "NewCount", "location": "querystring", "locationName": "new"},
    }
    shapes["PostTimeSeriesDataPointsInput"]["members"] |= new


def test_the_constraints_of_a_newer_botocore_are_tested_as_well(tmp_path):
    """botocore prefers the service models in the user's home."""
    service = deepcopy(create_loader().load_service_model("datazone", "service-2"))
    newer(service)
    folder = tmp_path / ".aws" / "models" / "datazone" / service["metadata"]["apiVersion"]
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps(service))
    unwanted = [f"-pno:{name}" for name in ("anyio", "cacheprovider", "randomly")]
    options = ["-W", "error", *unwanted, "-k", "inside and new"]
    run = subprocess.run(  # noqa: S603 - Python itself
        [sys.executable, "-m", "pytest", "-vv", *options, __file__],
        env={**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    passed = re.findall(r"\[PostTimeSeriesDataPoints (new\S+ \w+)\] PASSED", run.stdout)
    assert {*passed} == {
        *("newHeader max", "newHeader pattern", "newQuery min", "newQuery max", "newList max"),
        *("newList.member.map required", "newList.member.map min", "newList.member.map max"),
        *("newList.member.map.key max", "newList.member.map.key pattern"),
        *("newList.member.map.value max", "newList.member.map.value pattern"),
        *("newList.member.weight min", "newList.member.weight max"),
    }
    assert run.returncode == 0
