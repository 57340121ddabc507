"""Sweeps of code that is hard to sweep, and invalid arguments."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
import time

import boto3
import pytest
from sample import DOMAIN, ENTITY, FORM, location

from pytest_datazone_ts import DataZoneTimeSeries, SweepError, mock_datazone_ts, sweep

LONG = 1000
"""Seconds that no test really waits."""


@pytest.fixture
def client(make_client):
    return make_client(attempts=2)


@pytest.fixture
def post_one(client, post):
    return lambda asset=ENTITY: post(client, entityIdentifier=asset)


def outcomes(report, **values):
    return {(cell.fault, cell.mode): cell.outcome for cell in report.where(**values)}


class TestHung:
    def test_code_that_catches_everything_indefinitely_is_ended(self, post_one):
        def publish():
            while True:
                with contextlib.suppress(BaseException):
                    return post_one()

        (cell, *_) = sweep(publish, max_calls=3).where(outcome="HUNG")
        assert (cell.mode, cell.error) == ("outage", "more than 3 calls")

    def test_code_that_catches_everything_and_sleeps_is_ended(self, post_one):
        def publish():
            while True:
                with contextlib.suppress(BaseException):
                    time.sleep(LONG)
                    return post_one()

        (cell, *_) = sweep(publish, timeout=10 * LONG).where(outcome="HUNG")
        assert cell.error == "more than 10000 seconds of the test's clock"

    def test_a_task_that_waits_too_long(self, post_one):
        async def publish():
            while True:
                with contextlib.suppress(Exception):
                    return post_one()
                await asyncio.sleep(LONG)

        assert {cell.mode for cell in sweep(publish, timeout=500).where(outcome="HUNG")} >= {
            "outage"
        }

    def test_the_baseline_has_the_same_limit(self, post_one):
        def publish():
            post_one()
            post_one()

        with pytest.raises(SweepError, match=r"^without a fault the code hangs: more than 1 calls"):
            sweep(publish, max_calls=1)


class TestEnding:
    @pytest.mark.parametrize("end", [pytest.fail, pytest.skip])
    def test_a_cell_that_ends_the_test_is_an_error_that_names_it(self, end, post_one):
        def publish():
            try:
                post_one()
            except Exception:  # noqa: BLE001
                end("no scores")

        with pytest.raises(SweepError) as caught:
            sweep(publish)
        assert str(caught.value).startswith(
            "with InternalServerException, call, at call 1 of PostTimeSeriesDataPoints, "
        )
        kind = end.Exception.__name__
        assert f"something ended the test while the code ran: {kind}: no scores." in str(
            caught.value
        )

    def test_any_other_exception_is_loud(self, post_one):
        class Abort(BaseException):
            pass

        def publish():
            try:
                post_one()
            except Exception as error:
                raise Abort from error

        assert not sweep(publish).failures

    @pytest.mark.parametrize("error", [KeyboardInterrupt, pytest.exit.Exception])
    def test_ending_the_run_is_not_an_outcome_of_the_code(self, error, post_one):
        def publish():
            try:
                post_one()
            except Exception:  # noqa: BLE001
                raise error from None

        with pytest.raises(error):
            sweep(publish)

    def test_a_long_error_is_truncated(self, post_one):
        def publish():
            try:
                post_one()
            except Exception:  # noqa: BLE001
                raise RuntimeError("x" * 5000 + "\n" * 500) from None

        report = sweep(publish, expect={"AccessDeniedException": "ok"})

        assert len(report.failures[0].error) > 5000
        assert len(str(report)) < 5000
        assert "(5514 characters)" in str(report)

    def test_assertions_in_the_code(self, post_one, client):
        def publish():
            post_one()
            assert len(DataZoneTimeSeries.current().data_points) == 1
            with pytest.raises(client.exceptions.ValidationException):
                post_one("not an asset")

        report = sweep(publish, expect={"ValidationException": "loud"})

        assert {cell.outcome for cell in report.where(call=1)} == {"ok", "loud"}


class TestWhatIsSwept:
    @pytest.mark.parametrize("code", [None, "publish", [], 3])
    def test_it_must_be_callable(self, code):
        message = f"takes a function to call, such as lambda: publish(...), not {code!r}"
        with pytest.raises(TypeError, match=re.escape(message)):
            sweep(code)

    def test_a_coroutine_is_not(self, post_one):
        async def publish():
            post_one()

        coroutine = publish()
        with contextlib.closing(coroutine), pytest.raises(TypeError, match="not <coroutine object"):
            sweep(coroutine)

    def test_a_generator_runs_nothing(self, post_one):
        def publish():
            yield post_one()

        async def publish_later():
            yield post_one()

        message = r"^the code returned a generator, which nobody ran\."
        for code in (publish, publish_later):
            with pytest.raises(SweepError, match=message):
                sweep(code)
        assert not sweep(lambda: list(publish())).failures

    def test_calls_answered_by_another_double_are_not_counted(self, post_one):
        with pytest.raises(SweepError, match=r"Calls that a double of its own answers, or that"):
            sweep(mock_datazone_ts(post_one))


class TestArguments:
    @pytest.mark.parametrize(
        ("keywords", "message"),
        [
            ({"max_calls": 0}, "sweep(max_calls=...) takes 1 or more, or None, not 0"),
            ({"timeout": -1}, "sweep(timeout=...) takes a finite number of seconds, 0 or more"),
            ({"allow": {"ReadTimeout": ""}}, "takes a reason for each key, not ''"),
            ({"allow": {"ReadTimeout": " "}}, "takes a reason for each key, not ' '"),
            ({"allow": {"ReadTimeout": True}}, "takes a reason for each key, not True"),
            (
                {"expect": {"ExpiredTokenException": "ok"}},
                "The faults are InternalServerException, ",
            ),
        ],
    )
    def test_an_invalid_value_is_an_error(self, keywords, message, post_one):
        with pytest.raises(ValueError, match=re.escape(message)):
            sweep(post_one, **keywords)

    def test_a_misspelled_keyword_is_an_error(self, post_one):
        with pytest.raises(TypeError) as caught:
            sweep(post_one, expected={})
        assert "an unknown keyword 'expected'. Did you mean 'expect'?" in str(caught.value)
        assert "Valid keywords: setup, reported, expect, allow, " in str(caught.value)

    @pytest.mark.parametrize("argument", ["expect", "allow"])
    @pytest.mark.parametrize("site", ["nightly.py:1", "GetFormType", "get_form_type"])
    def test_a_site_that_makes_no_call_is_an_error(self, argument, site, client):
        def publish():
            client.get_form_type(
                domainIdentifier=DOMAIN,
                formTypeIdentifier="amazon.datazone.DataQualityResultFormType",
            )

        here = location(__file__, publish.__code__.co_firstlineno + 1)
        with pytest.raises(ValueError, match="makes no call there") as caught:
            sweep(publish, **{argument: {("ReadTimeout", "call", site): "ok"}})
        assert str(caught.value) == (
            f"sweep({argument}=...) got the key {('ReadTimeout', 'call', site)}, and the code "
            f"makes no call there. The sites are the files and lines of its calls: {here}."
        )


class TestState:
    def test_state_left_by_a_failing_run_is_detected(self, post_one):
        left = []

        def publish():
            todo, left[:] = [*left, "asset1", "asset2"], []
            for asset in todo:
                try:
                    post_one(asset)
                except Exception:  # noqa: BLE001, PERF203
                    left.append(asset)
            return left

        with pytest.raises(SweepError) as caught:
            sweep(publish, reported=bool)
        text = " ".join(str(caught.value).split())
        assert text.startswith("the run with ResourceNotFoundException, attempt, at call 1 of Post")
        assert "left something behind: in a second run without a fault the code does not" in text
        assert "only the second run stored 1. 'completeness' of ASSET asset1" in text

    def test_a_breaker_that_stays_open_is_rejected(self, post_one):
        broken = []

        def publish():
            if broken:
                raise RuntimeError
            try:
                post_one()
            except Exception:
                broken.append(True)
                raise

        with pytest.raises(SweepError, match="what it does must not depend on earlier runs"):
            sweep(publish)

    def test_a_client_made_in_the_code(self):
        def publish():
            client = boto3.client("datazone", region_name="eu-west-1")
            client.post_time_series_data_points(
                domainIdentifier=DOMAIN, entityIdentifier=ENTITY, entityType="ASSET", forms=[FORM]
            )

        report = sweep(publish)

        assert not report.failures
        assert {point.region for cell in report.cells for point in cell.lost} == {"eu-west-1"}

    def test_faults_of_the_setup_come_after_those_of_the_cell(self, post_one):
        report = sweep(post_one, setup=lambda ts: ts.inject("ThrottlingException"))

        # The attempt after the cell's: with two attempts it is the last.
        assert outcomes(report)["ReadTimeout", "attempt"] == "loud"
        assert not report.failures

    def test_a_setup_that_fails_shows_its_own_error(self, post_one):
        with pytest.raises(ZeroDivisionError):
            sweep(post_one, setup=lambda _: 1 / 0)
        with pytest.raises(RuntimeError, match="no DataZone double is active"):
            DataZoneTimeSeries.current()


class TestNesting:
    def test_a_sweep_in_a_double_leaves_it_alone(self, post_one):
        with mock_datazone_ts() as ts:
            injection = ts.inject("ThrottlingException", times=1)
            sweep(lambda: post_one("inside")).check()
            assert (len(ts.calls), injection.hits) == (0, 0)
            post_one("after")
        assert [point.entity_identifier for point in ts.data_points] == ["after"]
        assert injection.hits == 1

    def test_a_sweep_in_a_sweep(self, post_one):
        inner = []

        def publish():
            post_one()
            if not inner:
                inner.append(sweep(post_one).matrix())

        outer = sweep(publish)

        assert not outer.failures
        assert inner == [sweep(post_one).matrix()]


class TestSleep:
    def test_a_thread_that_waits_before_it_calls(self, post_one):
        def publish():
            def work():
                time.sleep(LONG)
                with contextlib.suppress(Exception):
                    post_one()

            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

        assert sweep(publish).where(outcome="LOST")

    def test_a_coroutine_that_waits_before_it_calls_while_a_loop_runs(self, post_one):
        async def publish():
            await asyncio.sleep(LONG)
            post_one()

        async def test():
            return sweep(publish)

        assert not asyncio.run(test()).failures

    def test_threads_started_before_the_sweep_really_wait(self, post_one):
        waited = []

        def watch():
            while not over.wait(0.001):
                before = time.monotonic()
                time.sleep(0.002)
                waited.append(time.monotonic() - before)

        over = threading.Event()
        thread = threading.Thread(target=watch)
        thread.start()
        try:
            sweep(post_one)
        finally:
            over.set()
            thread.join()
        assert min(waited) >= 0.002

    def test_gathered_waits_take_as_long_as_the_longest(self, post_one):
        async def publish():
            await asyncio.gather(asyncio.sleep(LONG), asyncio.sleep(LONG / 2))
            post_one()

        # The sum would be too long.
        assert not sweep(publish, timeout=1.4 * LONG).failures
