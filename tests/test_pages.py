"""Pages: however a list is divided, nothing is missing and nothing is repeated."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_datazone_ts import mock_datazone_ts

ENTITY = {"domainIdentifier": "dzd_a", "entityIdentifier": "a", "entityType": "ASSET"}


@pytest.fixture(scope="module")
def client(session):
    return session.client("datazone")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    # Few different times: pages end among equal ones.
    times=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    size=st.integers(1, 5),
    bounds=st.fixed_dictionaries(
        {}, optional={"startedAt": st.integers(0, 3), "endedAt": st.integers(0, 3)}
    ),
)
def test_the_pages_together_are_the_whole_list(client, times, size, bounds):
    form = {"formName": "score", "typeIdentifier": "team.ScoreFormType"}
    with mock_datazone_ts():
        posted = [
            client.post_time_series_data_points(**ENTITY, forms=[{**form, "timestamp": time}])
            for time in times
        ]
        pages = [
            [point["id"] for point in page["items"]]
            for page in client.get_paginator("list_time_series_data_points").paginate(
                **ENTITY, formName="score", **bounds, PaginationConfig={"PageSize": size}
            )
        ]
    newest_first = sorted([(time, number) for number, time in enumerate(times)], reverse=True)
    selected = range(bounds.get("startedAt", 0), bounds.get("endedAt", 3) + 1)
    expected = [
        posted[number]["forms"][0]["id"] for time, number in newest_first if time in selected
    ]
    assert [identifier for page in pages for identifier in page] == expected
    full, rest = divmod(len(expected), size)
    assert [len(page) for page in pages] == ([size] * full + [rest] * (rest > 0) or [0])
