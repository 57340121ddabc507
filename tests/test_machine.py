"""The state machine finds pipelines that lose or double points, and no others."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sample import DOMAIN, FORM

from pytest_datazone_ts import DataZoneTimeSeries, mock_datazone_ts, strategies

BOTH = (BotoCoreError, ClientError)
SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    stateful_step_count=8,
    phases=[Phase.generate],
    suppress_health_check=[*HealthCheck],
)


class Machine(strategies.PipelineMachine):
    assets: ClassVar = ["one", "two", "three"]
    client: Any = None

    def prepare(self):
        for asset in self.assets:
            self.ts.add_asset(asset, domain_identifier=DOMAIN, name=asset)

    def post(self, asset, **keywords):
        if Machine.client is None:
            config = Config(retries={"mode": "standard", "total_max_attempts": 2})
            Machine.client = boto3.client("datazone", region_name="us-east-1", config=config)
        Machine.client.post_time_series_data_points(
            domainIdentifier=DOMAIN,
            entityIdentifier=asset,
            entityType="ASSET",
            **{"forms": [FORM], **keywords},
        )


class Loud(Machine):
    def pipeline(self):
        for asset in self.assets:
            self.post(asset)


class Reporting(Machine):
    def pipeline(self):
        failed = []
        for asset in self.assets:
            try:
                self.post(asset)
            except Exception:  # noqa: BLE001, PERF203 - as it is in pipelines
                failed.append(asset)
        return failed

    def reported(self, result):
        return bool(result)


class Swallowing(Machine):
    def pipeline(self):
        for asset in self.assets:
            with suppress(*BOTH):
                self.post(asset)


class Doubling(Machine):
    def pipeline(self):
        for asset in self.assets:
            try:
                self.post(asset)
            except BOTH:  # noqa: PERF203 - as it is in pipelines
                self.post(asset)


class Keeping(Machine):
    def pipeline(self):
        for asset in self.assets:
            try:
                self.post(asset, clientToken=f"token-{asset}")
            except BOTH:  # noqa: PERF203 - as it is in pipelines
                self.post(asset, clientToken=f"token-{asset}")


class Broken(Machine):
    def pipeline(self):
        raise LookupError


class Hourly(Machine):
    def pipeline(self):
        for hour in range(2):
            self.post("one", forms=[{**FORM, "timestamp": hour * 3600}])


class Once(Hourly):
    timestamps = False


def run(machine, examples=40):
    run_state_machine_as_test(machine, settings=settings(SETTINGS, max_examples=examples))
    with pytest.raises(RuntimeError):
        DataZoneTimeSeries.current()


@pytest.mark.parametrize("machine", [Loud, Reporting, Keeping, Hourly])
def test_a_pipeline_that_reports_its_failures_passes(machine):
    run(machine)


@pytest.mark.parametrize(
    ("machine", "finding"),
    [
        (Swallowing, "while the client saw a failure|never stored"),
        (Doubling, "stored more than once"),
        (Once, "stored more than once"),
    ],
)
def test_a_pipeline_that_loses_or_doubles_points_fails(machine, finding):
    with pytest.raises(AssertionError, match=finding):
        run(machine, examples=100)


def test_a_pipeline_that_fails_without_a_fault_is_broken():
    with pytest.raises(LookupError):
        run(Broken)


@contextmanager
def started(machine):
    started = machine()
    try:
        yield started
    finally:
        started.teardown()


def test_a_fault_excuses_only_its_own_run():
    with started(Loud) as machine:
        machine.inject("AccessDeniedException", call=1, times=None)
        machine.run()
        machine.pipeline = Broken.pipeline.__get__(machine)
        with pytest.raises(LookupError):
            machine.run()


def test_every_run_is_prepared():
    class Reading(Loud):
        def pipeline(self):
            super().pipeline()
            self.client.get_asset(domainIdentifier=DOMAIN, identifier="one")

    with started(Reading) as machine:
        for _ in range(2):
            machine.run()
            assert len(machine.ts.data_points) == 3


def test_no_wait_of_a_run_takes_real_time():
    class Waiting(Loud):
        def pipeline(self):
            super().pipeline()
            time.sleep(0.01)

    with started(Waiting) as machine:
        machine.run()
        assert machine.ts.code_sleeps == (0.01,)


def test_a_machine_without_a_pipeline_is_an_error():
    with pytest.raises(NotImplementedError):
        run(strategies.PipelineMachine)


def test_a_failure_can_be_replayed(run_pytest):
    result = run_pytest(
        """
        from hypothesis import Phase, settings
        from pytest_datazone_ts import strategies
        from test_machine_pipeline import publish

        class Publishing(strategies.PipelineMachine):
            def pipeline(self):
                publish()

        TestPublishing = Publishing.TestCase
        TestPublishing.settings = settings(
            derandomize=True, database=None, deadline=None, phases=[Phase.generate],
            stateful_step_count=6,
        )
        """,
        test_machine_pipeline=f"""
        import boto3

        def publish():
            client = boto3.client("datazone", region_name="us-east-1")
            try:
                client.post_time_series_data_points(
                    domainIdentifier={DOMAIN!r}, entityIdentifier="x", entityType="ASSET",
                    forms=[{{"formName": "f", "typeIdentifier": "t", "timestamp": 1704067200}}],
                )
            except Exception:
                pass
        """,
    )
    text = result.stdout.str()
    assert "state.inject(call=None, fault=" in text or "state.inject(fault=" in text
    assert "state.run()" in text


def test_the_double_is_over_with_the_example():
    machine = Loud()
    assert DataZoneTimeSeries.current() is machine.ts
    with mock_datazone_ts():
        pass
    machine.teardown()
    with pytest.raises(RuntimeError):
        DataZoneTimeSeries.current()
