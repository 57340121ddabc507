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


_TELLING = (ThrottlingException(), ResponseLost(), MalformedResponse())
"""Drawn more often: nothing was stored, or everything was, with and without a retry."""


class PipelineMachine(RuleBasedStateMachine):
    """Runs a pipeline under drawn faults, and checks that it loses and doubles no data point.

    Derive a class that has the method ``pipeline``, and give pytest its ``TestCase``::

        class Publishing(strategies.PipelineMachine):
            def pipeline(self):
                return publish_all(DOMAIN, ASSETS)

        TestPublishing = Publishing.TestCase

    Hypothesis arms faults and runs the pipeline, in any order. Each run has an empty double, and
    all waits are virtual. After a run that ended normally,
    :meth:`DataZoneTimeSeries.audit() <pytest_datazone_ts.DataZoneTimeSeries.audit>` must find
    nothing. One that raised, or that returned what is ``reported``, told of its failure.
    """

    timestamps: bool = True
    """Whether points with different timestamps are different, as in ``audit``."""

    def __init__(self) -> None:
        super().__init__()
        self._mock = mock_datazone_ts(sleep="virtual", strict=False)
        self.ts: DataZoneTimeSeries = self._mock.start()
        """The double of the next run, or of the one that ended."""
        self._is_armed = False
        self._is_over = False
        self.prepare()

    def pipeline(self) -> object:
        """Run the code under test; a coroutine with ``asyncio.run``."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Set ``ts`` up for a run, such as with ``add_asset``."""

    def reported(self, result: Any) -> bool:  # noqa: ARG002 - for derived classes
        """Return whether what ``pipeline`` returned tells of a failure."""
        return False

    @rule(
        fault=st.sampled_from(_TELLING) | faults(),
        call=st.none() | st.integers(1, 5),
        times=st.none() | st.integers(1, 3),
    )
    def inject(self, fault: Fault, call: int | None, times: int | None) -> None:
        """Arm a fault for the next run."""
        self._begin()
        self.ts.inject(fault, call=call, times=times)
        self._is_armed = True

    @rule()
    def run(self) -> None:
        """Run the pipeline."""
        self._begin()
        try:
            was_loud = self.reported(self.pipeline())
        except Exception:
            if not self._is_armed:
                raise
            was_loud = True
        if was_loud:
            self._reset()
        else:
            self._is_over = True

    @precondition(lambda self: self._is_over)
    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        """Check the recording of a run that ended normally."""
        audit = self.ts.audit(timestamps=self.timestamps)
        assert not audit, str(audit)  # noqa: S101 - it is a test

    def teardown(self) -> None:
        """End the double."""
        self._mock.stop()

    def _begin(self) -> None:
        if self._is_over:
            self._reset()

    def _reset(self) -> None:
        self.ts.reset()
        self._is_armed = self._is_over = False
        self.prepare()
