"""A cell of a sweep: the outcome of one run of the code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from typing import TypeAlias

    from pytest_datazone_ts.records import Call
    from pytest_datazone_ts.views import DataPoints

Mode: TypeAlias = Literal["attempt", "call", "outage"]
Outcome: TypeAlias = Literal["ok", "loud", "LOST", "DOUBLED", "HUNG", "UNEXPECTED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepCell:
    """One run of the code under test: one fault at one call, in one mode."""

    site: str
    """The line of the code that made the call, as ``file:line``."""
    operation: str
    """The API name of the operation that failed."""
    call: int
    """The number of the call that failed, from 1, among those of the operation."""
    fault: str
    """The name of the fault, such as ``"ResponseLost"``."""
    mode: Mode
    """What failed, which is one attempt (``"attempt"``), every attempt of the call (``"call"``), or
    everything from the call on (``"outage"``)."""
    outcome: Outcome
    """``"ok"``, ``"loud"``, ``"LOST"``, ``"DOUBLED"`` or ``"HUNG"``; ``"UNEXPECTED"`` for an
    ``"ok"`` or ``"loud"`` that contradicts ``expect``."""
    expected: str | None
    """The outcome that ``expect`` requires, if any."""
    allowed: str | None
    """The reason from ``allow``, if any."""
    error: str | None
    """The exception that the code raised, if any; for ``"HUNG"``, the limit that was exceeded."""
    lost: DataPoints
    """The data points of the baseline that are missing."""
    doubled: DataPoints
    """The data points that the baseline does not have, or not as often."""
    sleeps: tuple[float, ...]
    """The waits that botocore requested, in seconds."""
    replay: str
    """The code that makes the same happen in a test with ``datazone_ts``."""
    calls: tuple[Call, ...] = field(default=(), compare=False, repr=False)
    """The recorded calls, kept only for the first failing cell of each outcome."""
    returned: str | None = field(default=None, compare=False, repr=False)
    """The ``repr`` of what the code returned, truncated; ``None`` if it returned ``None``. It is
    kept only for the first failing cell of each outcome."""

    @property
    def failed(self) -> bool:
        """Whether it fails the sweep."""
        return self.outcome not in {"ok", "loud"} and self.allowed is None
