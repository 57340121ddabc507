"""The waits that botocore may ask for next, each in the context of its call."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from weakref import ref

    from pytest_datazone_ts.double import DataZoneTimeSeries


class Wait(NamedTuple):
    """A wait that botocore may ask for next, and the double whose call it is for."""

    double: ref[DataZoneTimeSeries]
    """Weak: a call that is interrupted leaves its wait expected for as long as its thread lives."""
    invocation_id: str


_expected: ContextVar[Wait | None] = ContextVar("datazone_ts_wait", default=None)


def expect(wait: Wait | None) -> None:
    """botocore may back off next, or wait for a token of adaptive mode's; ``None``: it may not."""
    _expected.set(wait)


def expected() -> Wait | None:
    """Return the wait that may come next."""
    return _expected.get()
