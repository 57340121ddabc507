"""What the package replaces in other modules, beside what a test replaces there itself."""

from __future__ import annotations

from unittest import mock

import botocore.endpoint
import pytest
from botocore.session import Session

from pytest_datazone_ts import mock_datazone_ts

PLACES = [(botocore.endpoint, "time"), (Session, "get_credentials")]


@pytest.mark.parametrize(("owner", "name"), PLACES)
def test_a_mock_of_the_tests_outlives_the_double(owner, name):
    original = getattr(owner, name)
    patch = mock.patch.object(owner, name)
    with mock_datazone_ts():
        mocked = patch.start()
        with mock_datazone_ts():
            assert getattr(owner, name) is mocked
    try:
        assert getattr(owner, name) is mocked
    finally:
        patch.stop()  # this puts back what it found, which was the double's

    with mock_datazone_ts():
        pass
    assert getattr(owner, name) is original


@pytest.mark.parametrize(("owner", "name"), PLACES)
def test_a_mock_of_the_tests_may_still_be_there_for_the_next_double(owner, name):
    original = getattr(owner, name)
    patch = mock.patch.object(owner, name)
    with mock_datazone_ts():
        mocked = patch.start()
    with mock_datazone_ts():
        assert getattr(owner, name) is not mocked
    try:
        assert getattr(owner, name) is mocked
    finally:
        patch.stop()
        setattr(owner, name, original)


def test_a_covered_back_off_is_waited_for_once(make_client, post):
    patch = mock.patch.object(botocore.endpoint, "time")
    with mock_datazone_ts():
        patch.start()
    patch.stop()
    with mock_datazone_ts() as ts:
        ts.inject("ThrottlingException")
        post(make_client())

        assert len(ts.sleeps) == 1
