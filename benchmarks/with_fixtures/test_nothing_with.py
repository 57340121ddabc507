"""Tests that do nothing, each with a fixture."""

from __future__ import annotations

import pytest


@pytest.mark.usefixtures("datazone_ts")
def test_datazone_ts(number: int) -> None:
    """Use our fixture."""


@pytest.mark.usefixtures("mocked_aws")
def test_mock_aws(number: int) -> None:
    """Use moto's."""


@pytest.mark.usefixtures("nothing")
def test_nothing(number: int) -> None:
    """Use an empty one."""
