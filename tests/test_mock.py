"""``mock_datazone_ts``: a context manager, and a decorator of functions, coroutines and classes."""

from __future__ import annotations

import asyncio
import functools
import inspect
import re
import sys
import threading
import unittest

import pytest
from boto3.session import Session
from hypothesis import given, settings
from hypothesis import strategies as st
from sample import FORM, PATIENCE

from pytest_datazone_ts import DataZoneTimeSeries, faults, mock_datazone_ts

current = DataZoneTimeSeries.current
client = Session(region_name="us-east-1").client("datazone")


def publish():
    client.post_time_series_data_points(
        domainIdentifier="dzd_x", entityIdentifier="e", entityType="ASSET", forms=[FORM]
    )


def is_active() -> bool:
    try:
        current()
    except RuntimeError:
        return False
    return True


def test_current_without_an_active_double_is_an_error_that_says_how_to_start_one():
    with pytest.raises(RuntimeError) as raised:
        current()

    assert str(raised.value) == (
        "no DataZone double is active here. Use the datazone_ts fixture, or wrap the code in "
        "mock_datazone_ts()."
    )


# A context manager


def test_a_context_manager_gives_the_double_that_answers():
    with mock_datazone_ts() as ts:
        publish()
        assert current() is ts
        assert len(ts.data_points) == 1
    assert not is_active()
    assert len(ts.data_points) == 1


def test_only_its_call_is_a_context_manager():
    assert not hasattr(mock_datazone_ts, "__enter__")
    assert hasattr(mock_datazone_ts(), "__enter__")


def test_leaving_fails_for_an_unused_injection():
    mock = mock_datazone_ts()
    mock.__enter__().inject("ThrottlingException")

    with pytest.raises(AssertionError, match=r"faults that were not used up:\n .*test_mock"):
        mock.__exit__(None, None, None)
    assert not is_active()


def test_leaving_with_an_error_lets_that_error_through():
    mock = mock_datazone_ts()
    mock.__enter__().inject("ThrottlingException")

    assert not mock.__exit__(KeyError, KeyError(), None)
    assert not is_active()


def test_leaving_is_lenient_where_strict_is_false():
    with mock_datazone_ts(strict=False) as ts:
        ts.inject("ThrottlingException")


def test_each_use_of_one_instance_has_its_own_double():
    mock = mock_datazone_ts()
    with mock as first:
        publish()
        with mock as inner:
            assert current() is inner
            assert not inner.data_points
        assert current() is first
    with mock as second:
        assert len({first, inner, second}) == 3
        assert not second.data_points


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.integers(min_value=0, max_value=5), max_size=20))
def test_the_innermost_double_answers_in_whatever_order_they_end(moves):
    """A move of 0 enters another double, a move of n leaves the nth active one."""
    active = []
    for move in [*moves, *[1] * len(moves)]:
        if move == 0:
            mock = mock_datazone_ts()
            active.append((mock, mock.__enter__()))
        elif active:
            mock, _ = active.pop((move - 1) % len(active))
            mock.__exit__(None, None, None)
        assert is_active() is bool(active)
        if active:
            assert current() is active[-1][1]


def test_calls_go_only_to_the_innermost_double():
    with mock_datazone_ts() as outer:
        publish()
        with mock_datazone_ts() as inner:
            publish()
            publish()
        publish()
    assert (len(outer.calls), len(inner.calls)) == (2, 2)


def test_each_thread_can_have_its_own_double():
    entered = threading.Barrier(4, timeout=PATIENCE)
    doubles = []

    def work():
        with mock_datazone_ts() as ts:
            doubles.append(ts)
            entered.wait()
            publish()
            entered.wait()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(len(ts.data_points) for ts in doubles) == 4
    assert not is_active()


def test_threads_that_share_an_instance_leave_their_own_doubles():
    """Whichever is left first, the other one is neither verified nor ended."""
    mock = mock_datazone_ts()
    entered, leave = threading.Event(), threading.Event()

    def use():
        with mock:
            entered.set()
            assert leave.wait(PATIENCE)

    thread = threading.Thread(target=use)
    with mock as first:
        thread.start()
        assert entered.wait(PATIENCE)
        second = current()
        second.inject("ThrottlingException").cancel()
    try:
        assert current() is second is not first
        with pytest.raises(RuntimeError, match="is over"):
            first.inject("ThrottlingException")
        second.inject("ThrottlingException").cancel()
    finally:
        leave.set()
        thread.join()
    assert not is_active()


def test_a_double_entered_in_one_thread_can_be_left_in_another():
    """Some frameworks run the two halves of a fixture in a thread pool."""
    mock = mock_datazone_ts()
    threads = [
        threading.Thread(target=step)
        for step in (mock.__enter__, lambda: mock.__exit__(*[None] * 3))
    ]
    for thread, active in zip(threads, (True, False), strict=True):
        thread.start()
        thread.join()
        assert is_active() is active


# A decorator of functions


@mock_datazone_ts
def test_a_decorated_test_has_a_double():
    publish()
    assert len(current().data_points) == 1


@mock_datazone_ts(strict=False)
def test_a_decorator_takes_options():
    current().inject("ThrottlingException")


@pytest.mark.parametrize("times", [1, 2])
@mock_datazone_ts()
def test_a_decorated_test_has_its_fixtures_and_parameters(make_client, post, times):
    for _ in range(times):
        post(make_client())
    assert len(current().data_points) == times


@mock_datazone_ts
def test_a_decorated_test_may_use_the_fixture_too(datazone_ts):
    publish()
    assert current() is not datazone_ts
    assert not datazone_ts.data_points


def test_a_decorated_function_is_still_itself():
    @mock_datazone_ts
    def decorated(number: int, /, *, unit: str = "s") -> str:
        """Return the arguments."""
        assert is_active()
        return f"{number} {unit}"

    assert decorated(2, unit="m") == "2 m"
    assert decorated.__name__ == "decorated"
    assert decorated.__doc__ == "Return the arguments."
    assert str(inspect.signature(decorated)).startswith("(number: 'int', /, *, unit: 'str' = 's')")
    assert not is_active()


def test_every_call_has_its_own_double_even_a_recursive_one():
    @mock_datazone_ts
    def doubles(depth: int) -> list[DataZoneTimeSeries]:
        mine = current()
        inner = doubles(depth - 1) if depth else []
        assert current() is mine
        return [mine, *inner]

    assert len({*doubles(3), *doubles(0)}) == 5


def test_a_decorated_function_fails_for_an_unused_injection_but_not_beside_an_error():
    @mock_datazone_ts
    def unused(error: Exception | None) -> None:
        current().inject(faults.ConflictException)
        if error:
            raise error

    with pytest.raises(AssertionError, match="not used up"):
        unused(None)
    with pytest.raises(KeyError, match="mine"):
        unused(KeyError("mine"))
    assert not is_active()


def test_other_callables_can_be_decorated():
    partial = functools.partial(pow, 2)

    assert mock_datazone_ts(partial)(5) == 32
    assert mock_datazone_ts(is_active)()


def test_static_and_class_methods_stay_what_they_are():
    class Pipeline:
        @mock_datazone_ts
        @staticmethod
        def static(number):
            return number, is_active()

        @staticmethod
        @mock_datazone_ts
        def static_inside(number):
            return number, is_active()

        @mock_datazone_ts
        @classmethod
        def of_class(cls, number):
            return cls, number, is_active()

    assert Pipeline().static(1) == Pipeline.static(1) == (1, True)
    assert Pipeline().static_inside(1) == (1, True)
    assert Pipeline().of_class(1) == Pipeline.of_class(1) == (Pipeline, 1, True)


# A decorator of coroutine functions


def test_it_is_active_while_a_decorated_coroutine_runs_and_only_then():
    @mock_datazone_ts(strict=True)
    async def decorated(number):
        mine = current()
        await asyncio.sleep(0)
        assert current() is mine
        publish()
        return number, len(mine.data_points)

    assert inspect.iscoroutinefunction(decorated)
    coroutine = decorated(7)
    assert not is_active()
    assert asyncio.run(coroutine) == (7, 1)
    assert not is_active()


def test_concurrent_coroutines_leave_their_own_doubles():
    order = []

    @mock_datazone_ts
    async def decorated(number):
        mine = current()
        for _ in range(number):
            await asyncio.sleep(0)
        order.append(number)
        return mine

    async def first_in_first_out():
        tasks = [asyncio.ensure_future(decorated(number)) for number in (2, 8)]
        await tasks[0]
        assert not tasks[1].done()
        still_active = current()
        return await tasks[0], await tasks[1], still_active

    first, second, still_active = asyncio.run(first_in_first_out())

    assert order == [2, 8]
    assert first is not second
    assert still_active is second


def test_a_decorated_coroutine_fails_for_an_unused_injection_but_not_when_cancelled():
    @mock_datazone_ts
    async def decorated(event):
        current().inject("ConflictException")
        event.set()
        await asyncio.sleep(0 if event.passes else 60)

    async def cancelled():
        event = asyncio.Event()
        event.passes = False
        task = asyncio.ensure_future(decorated(event))
        await event.wait()
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    assert not is_active()

    event = asyncio.Event()
    event.passes = True
    with pytest.raises(AssertionError, match="not used up"):
        asyncio.run(decorated(event))
    assert not is_active()


# What it does not decorate


def generator():
    yield


async def async_generator():
    yield


@pytest.mark.parametrize("mock", [mock_datazone_ts, mock_datazone_ts()])
@pytest.mark.parametrize(
    ("target", "name"),
    [
        (generator, "generator"),
        (async_generator, "async_generator"),
        (functools.partial(generator), str(functools.partial(generator))),
    ],
    ids=["generator", "async generator", "partial"],
)
def test_decorating_a_generator_is_an_error_that_says_what_to_do(mock, target, name):
    message = (
        f"mock_datazone_ts cannot decorate the generator {name}: use `with mock_datazone_ts() "
        "as ts: yield ts` inside it"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        mock(target)


@pytest.fixture
def double():
    with mock_datazone_ts() as ts:
        yield ts


@pytest.mark.parametrize("mock", [mock_datazone_ts, mock_datazone_ts()])
def test_decorating_a_fixture_is_an_error_that_says_what_to_do(mock):
    """It would no longer be a fixture."""
    message = (
        "mock_datazone_ts cannot decorate the fixture double: use `with mock_datazone_ts() as "
        "ts: yield ts` inside it"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        mock(double)


@pytest.mark.parametrize("mock", [mock_datazone_ts, mock_datazone_ts()])
@pytest.mark.parametrize("target", [False, "strict", {"strict": False}])
def test_an_option_by_position_is_an_error(mock, target):
    message = (
        "mock_datazone_ts takes its options by keyword, and decorates functions and classes: "
        f"not {target!r}"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        mock(target)


def test_a_class_without_tests_is_an_error():
    class Pipeline:
        testing = True

        def run(self): ...

    with pytest.raises(TypeError) as raised:
        mock_datazone_ts(Pipeline)

    assert str(raised.value) == (
        "mock_datazone_ts decorates a class's methods whose names start with 'test'; "
        f"{Pipeline.__qualname__} has none"
    )


# A decorator of classes


class Inherited:
    def test_inherited(self):
        publish()
        assert len(current().data_points) == 1


@mock_datazone_ts
class TestDecoratedClass(Inherited):
    test_data = (1, 2)

    @property
    def test_case(self):
        raise NotImplementedError

    def helper(self):
        return is_active()

    def test_method(self):
        publish()
        assert len(current().data_points) == 1
        assert self.helper()

    @staticmethod
    def test_static():
        assert is_active()

    @classmethod
    def test_class_method(cls):
        assert is_active()
        assert cls.__name__ == "TestDecoratedClass"

    @pytest.mark.parametrize("number", test_data)
    def test_parameters(self, number, make_client, post):
        post(make_client())
        assert number in self.test_data
        assert len(current().data_points) == 1


class TestClassThatDecoratedOneInheritsFrom(Inherited):
    """The class above got its own methods."""

    def test_inherited(self):
        with pytest.raises(RuntimeError):
            current()

    def test_what_is_no_test_is_left_alone(self):
        assert not TestDecoratedClass().helper()
        assert isinstance(vars(TestDecoratedClass)["test_case"], property)
        assert isinstance(vars(TestDecoratedClass)["test_static"], staticmethod)
        assert isinstance(vars(TestDecoratedClass)["test_class_method"], classmethod)


def test_attributes_that_are_called_like_tests_are_left_alone():
    @mock_datazone_ts
    class Decorated:
        test_factory = dict
        test_partial = functools.partial(pow, 2)

        def test_method(self): ...

    assert Decorated.test_factory is dict
    assert isinstance(Decorated.test_partial, functools.partial)


@pytest.mark.parametrize("parameters", ["self", "self, method"])
def test_a_class_has_one_double_around_its_setup_and_teardown(pytester, parameters):
    pytester.makepyfile(
        f"""
        from pytest_datazone_ts import DataZoneTimeSeries, mock_datazone_ts

        ASSET = dict(domain_identifier="dzd_x", name="penguins")

        def current():
            return DataZoneTimeSeries.current()

        @mock_datazone_ts
        class TestPipeline:
            def setup_method({parameters}):
                self.double = current()

            def teardown_method({parameters}):
                assert current() is self.double

            def test_one(self):
                assert current() is self.double

            def test_another(self):
                assert current() is self.double
                self.double.inject("ThrottlingException")  # line 23, never used

        @mock_datazone_ts
        class TestWithoutSetup:
            def teardown_method({parameters}):
                current()
                raise LookupError("the tear-down's own")

            def test_one(self):
                current().inject("ThrottlingException")

        @mock_datazone_ts
        class TestFailsInSetup:
            def setup_method({parameters}):
                current().inject("ThrottlingException")
                raise LookupError("the set-up's own")

            def test_one(self):
                raise AssertionError("not reached")

        @mock_datazone_ts
        class TestDecoratedTwice(TestPipeline):
            def test_another(self):
                pass

        def test_no_double_is_left():
            try:
                current()
            except RuntimeError:
                return
            raise AssertionError("left")
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(passed=6, errors=3)
    result.stdout.fnmatch_lines(
        [
            "*used 0 of 1 times",
            "E *LookupError: the tear-down's own",
            "E *LookupError: the set-up's own",
        ]
    )
    assert result.stdout.str().count("faults that were not used up") == 1


# A decorator of unittest's test cases

TEST_CASES = """
import asyncio
import unittest

from pytest_datazone_ts import DataZoneTimeSeries, mock_datazone_ts

current = DataZoneTimeSeries.current

@mock_datazone_ts
class Passes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.doubles = set()

    def setUp(self):
        self.double = current()
        assert self.double not in self.doubles
        self.doubles.add(self.double)
        self.addCleanup(self.check)

    def tearDown(self):
        self.check()

    def check(self):
        assert current() is self.double

    def test_one_double(self):
        self.check()

    def test_another_double(self):
        self.check()

    def test_sub_tests(self):
        for number in 1, 2:
            with self.subTest(number=number):
                self.check()

class PassesToo(Passes):
    def test_of_its_own(self):
        self.check()

@mock_datazone_ts(strict=False)
class Lenient(unittest.TestCase):
    def test_unused(self):
        current().inject("ConflictException")

@mock_datazone_ts
class Async(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.double = current()

    async def asyncTearDown(self):
        assert current() is self.double

    async def test_async(self):
        await asyncio.sleep(0)
        assert current() is self.double

class NotDecorated(unittest.TestCase):
    def test_none_is_active(self):
        self.assertRaises(RuntimeError, current)

@mock_datazone_ts()
class Unused(unittest.TestCase):
    def test_unused(self):
        current().inject("ConflictException")

    def test_skips(self):
        current().inject("ConflictException")
        self.skipTest("now")

    @unittest.skip("always")
    def test_skipped(self): ...

    @unittest.expectedFailure
    def test_expected_failure(self):
        current().inject("ConflictException")
        self.fail("as expected")

    def test_fails(self):
        current().inject("ConflictException")
        self.fail("the only failure")

@unittest.skip("all")
@mock_datazone_ts
class Skipped(unittest.TestCase):
    def test_skipped(self): ...

@mock_datazone_ts
class SetUpFails(unittest.TestCase):
    def setUp(self):
        current().inject("ConflictException")
        raise OSError("in setUp")

    def test_set_up_fails(self): ...
"""


def test_test_cases_run_under_pytest(pytester):
    pytester.makepyfile(test_it=TEST_CASES)

    result = pytester.runpytest_inprocess()

    result.assert_outcomes(passed=10, failed=3, skipped=3, xfailed=1)
    result.stdout.fnmatch_lines_random(
        [
            "FAILED *::Unused::test_unused*",
            "E   AssertionError: datazone_ts: the test injected faults that were not used up:",
            "*test_it.py:65: ConflictException*",
            "FAILED *::Unused::test_fails - AssertionError: the only failure",
            "FAILED *::SetUpFails::test_set_up_fails - OSError: in setUp",
        ]
    )


def test_test_cases_run_under_unittest(pytester):
    pytester.makepyfile(test_cases=TEST_CASES)

    result = pytester.run(sys.executable, "-W", "error", "-m", "unittest", "test_cases")

    assert result.ret == 1
    result.stderr.fnmatch_lines_random(
        [
            "Ran 1[4-7] tests in *",  # Python 3.12.1 does not count skipped ones
            "FAILED (failures=2, errors=1, skipped=3, expected failures=1)",
            "AssertionError: datazone_ts: the test injected faults that were not used up:",
            "AssertionError: the only failure",
            "OSError: in setUp",
        ]
    )


def test_strict_is_not_applied_after_a_failed_subtest():
    @mock_datazone_ts
    class Case(unittest.TestCase):
        def test_sub_test(self):
            current().inject("ConflictException")
            with self.subTest():
                self.fail("the only failure")

    result = Case("test_sub_test").run()

    assert [text.splitlines()[-1] for _, text in result.failures] == [
        "AssertionError: the only failure"
    ]
    assert not result.errors
    assert not is_active()


# start() and stop(), async with, and the settings of the run


def test_it_starts_and_stops(make_client, post):
    mock = mock_datazone_ts()
    ts = mock.start()
    post(make_client())
    mock.stop()

    assert ts.data_points.one().form_name == "completeness"
    with pytest.raises(RuntimeError, match="no DataZone double is active"):
        DataZoneTimeSeries.current()


def test_stopping_it_applies_strict():
    mock = mock_datazone_ts()
    mock.start().inject("ThrottlingException")

    with pytest.raises(AssertionError, match="injected faults that were not used up"):
        mock.stop()


def test_stop_without_start_is_an_error():
    with pytest.raises(RuntimeError) as caught:
        mock_datazone_ts().stop()
    assert str(caught.value) == "mock_datazone_ts() was stopped, but not started"


def test_async_with(make_client, post):
    async def main():
        async with mock_datazone_ts() as ts:
            post(make_client())
            ts.inject("ThrottlingException").cancel()
            return ts

    assert len(asyncio.run(main()).data_points) == 1


def test_async_with_applies_strict():
    async def main():
        async with mock_datazone_ts() as ts:
            ts.inject("ThrottlingException")

    with pytest.raises(AssertionError, match="injected faults that were not used up"):
        asyncio.run(main())


def test_the_ini_settings_of_the_run_are_its_defaults(run_pytest, pytester):
    pytester.makeini("[pytest]\ndatazone_ts_strict = false\ndatazone_ts_content_check = off")
    module = """
        from pytest_datazone_ts import DataZoneTimeSeries, mock_datazone_ts

        mock = mock_datazone_ts(content_check="error")

        @mock
        def test_decorated():
            options = DataZoneTimeSeries.current().options
            assert (options.strict, options.content_check) == (False, "error")

        def test_block():
            with mock_datazone_ts() as ts:
                assert (ts.options.strict, ts.options.content_check) == (False, "off")
    """
    run_pytest(module).assert_outcomes(passed=2)
    with mock_datazone_ts() as ts:
        assert ts.options.strict
