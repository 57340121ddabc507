"""A stateful machine for pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pytest_datazone_ts.faults import MalformedResponse, ResponseLost, ThrottlingException
from pytest_datazone_ts.mock import mock_datazone_ts
from pytest_datazone_ts.strategies.fault import faults

if TYPE_CHECKING:
    from pytest_datazone_ts.double import DataZoneTimeSeries
    from pytest_datazone_ts.faults import Fault


_FREQUENT = (ThrottlingException(), ResponseLost(), MalformedResponse())
"""The faults that are drawn more often: they store nothing or all, with or without a retry."""


class PipelineMachine(RuleBasedStateMachine):
    """Runs a pipeline under drawn faults, and checks that it loses and doubles no data point.

    Derive a class with a method ``pipeline``, and assign its ``TestCase`` for pytest to collect::

        class Publishing(strategies.PipelineMachine):
            def pipeline(self):
                return publish_all(DOMAIN, ASSETS)

        TestPublishing = Publishing.TestCase

    Hypothesis injects faults and runs the pipeline, in any order. Each run has an empty double, and
    no wait takes real time. After a run that ended normally,
    :meth:`DataZoneTimeSeries.audit() <pytest_datazone_ts.DataZoneTimeSeries.audit>` must find
    nothing. A run may also report a failure: it raises, or ``reported`` is true of its result.
    """

    timestamps: bool = True
    """Whether points with different timestamps are different, as in ``audit``."""

    def __init__(self) -> None:
        super().__init__()
        self._mock = mock_datazone_ts(sleep="virtual", strict=False)
        self.ts: DataZoneTimeSeries = self._mock.start()
        """The double of the next run, or of the run that has ended."""
        self._has_faults = False
        self._has_ended = False
        self.prepare()

    def pipeline(self) -> object:
        """Run the code under test. A coroutine needs ``asyncio.run``."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Prepare ``ts`` for a run, for example with ``add_asset``."""

    def reported(self, result: Any) -> bool:  # noqa: ARG002 - for derived classes
        """Return whether the result of ``pipeline`` reports a failure."""
        return False

    @rule(
        fault=st.sampled_from(_FREQUENT) | faults(),
        call=st.none() | st.integers(1, 5),
        times=st.none() | st.integers(1, 3),
    )
    def inject(self, fault: Fault, call: int | None, times: int | None) -> None:
        """Inject a fault into the next run."""
        self._begin()
        self.ts.inject(fault, call=call, times=times)
        self._has_faults = True

    @rule()
    def run(self) -> None:
        """Run the pipeline, which may raise only if a fault was injected."""
        self._begin()
        try:
            was_loud = self.reported(self.pipeline())
        except Exception:
            if not self._has_faults:
                raise
            was_loud = True
        if was_loud:
            self._reset()
        else:
            self._has_ended = True

    @precondition(lambda self: self._has_ended)
    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        """Audit a run that ended normally."""
        audit = self.ts.audit(timestamps=self.timestamps)
        assert not audit, str(audit)  # noqa: S101 - the check of a test

    def teardown(self) -> None:
        """Deactivate the double."""
        self._mock.stop()

    def _begin(self) -> None:
        """Reset the double if a run has ended."""
        if self._has_ended:
            self._reset()

    def _reset(self) -> None:
        self.ts.reset()
        self._has_faults = self._has_ended = False
        self.prepare()
