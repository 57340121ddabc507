"""The result of a request that succeeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pytest_datazone_ts.records import DataPoint


class Result(NamedTuple):
    """The output of a request that succeeds, and the data points that it stored."""

    output: dict[str, Any]
    """The operation's output, in boto3's form."""
    stored: tuple[DataPoint, ...] = ()
    """The data points that it stored; none if it repeats a ``clientToken``."""
    reason: str | None = None
    """Why the output is empty, for the test's author."""
