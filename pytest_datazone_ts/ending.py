"""The end of a double's test or block, and the errors of using the double afterwards."""

from __future__ import annotations

from typing import NamedTuple

from pytest_datazone_ts import location

__tracebackhide__: location.Predicate = location.raised_on_purpose


class Ending(NamedTuple):
    """The end of the test or block that a double was for."""

    name: str
    """What ended, such as ``"the test test_scores.py::test_it"``."""
    test: str | None = None
    """The id of the only test that may still read the recording; ``None`` if any may."""


def require_active(ending: Ending | None, member: str) -> None:
    """Check that a double has not ended, before a member changes it.

    Raises:
        RuntimeError: It has ended.
    """
    if ending is not None:
        message = (
            f"{member}() came too late: {ending.name} is over, and this DataZoneTimeSeries "
            "answers no more calls. Use the one that is active: the datazone_ts of the test "
            "that runs, or DataZoneTimeSeries.current()."
        )
        raise RuntimeError(message)


def require_same_test(ending: Ending | None) -> None:
    """Check that a recording is not read in another test than its own.

    Raises:
        RuntimeError: Another test is running.
    """
    if ending is None or ending.test is None:
        return
    if location.current_test() not in {None, ending.test}:
        message = (
            f"this DataZoneTimeSeries recorded {ending.name}, which is over. Each test has a "
            "datazone_ts of its own: take the fixture as an argument in this one too, and do "
            "not keep it. To look at one recording in several tests, make it with "
            "mock_datazone_ts() in a fixture of a wider scope."
        )
        raise RuntimeError(message)
