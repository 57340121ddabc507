"""Requests whose nesting is close to Python's recursion limit, or far beyond it."""

from __future__ import annotations

import inspect
import sys

from internals import exchange, new_double, rejection_of


def test_nested_filters_are_read_up_to_the_recursion_limit(datazone_ts, datazone_ts_client):
    datazone_ts.respond("Search", {})
    clause = {"filter": {"attribute": "name", "value": "penguins"}}
    call = {"domainIdentifier": "dzd_5oo7xzoqltu8mf", "searchScope": "ASSET"}
    for _ in range(20):
        clause = {"and": [clause]}

    datazone_ts_client.search(**call, filters=clause)

    assert datazone_ts.calls.one().parameters["filters"] == clause
    rejected = search_deeply(datazone_ts, 5_000)
    assert rejected.headers["x-amzn-errortype"] == "SerializationException"
    assert b"the request body is nested too deeply" in rejected.body


def test_every_decoded_request_can_be_recorded_and_matched():
    ts = new_double()
    ts.inject("ThrottlingException", operation="Search", domain_identifier="another", times=None)
    seen = []
    ts.respond("Search", lambda parameters: seen.append(parameters) or {})

    answers = [search_deeply(ts, depth).status_code for depth in range(100, 700, 7)]

    assert {*answers} == {200, 400}
    assert len(seen) == answers.count(200)
    assert len(ts.calls) == len(answers)


def test_a_request_nested_too_deeply_to_be_copied_is_recorded_as_it_is():
    ts = new_double()
    ts.respond("Search", lambda _: {})
    assert search_deeply(ts, 100).status_code == 200

    def parameters(levels):
        return parameters(levels - 1) if levels else ts.calls.one().parameters

    near_the_limit = sys.getrecursionlimit() - len(inspect.stack(0)) - 150
    assert parameters(near_the_limit) is parameters(near_the_limit)
    assert parameters(near_the_limit) == parameters(0)


def test_a_request_nested_too_deeply_for_validation_is_rejected():
    clause = {}
    for _ in range(5_000):
        clause = {"and": [clause]}

    message = rejection_of("Search", {"filters": clause})

    assert message == "the request is nested too deeply"


def search_deeply(double, depth):
    innermost = '{"filter": {"attribute": "name", "value": "penguins"}}'
    clauses = '{"and": [' * depth + innermost + "]}" * depth
    url = "https://datazone.us-east-1.api.aws/v2/domains/dzd_1/search"
    body = f'{{"searchScope": "ASSET", "filters": {clauses}}}'.encode()
    return exchange(double, "Search", url, body)
