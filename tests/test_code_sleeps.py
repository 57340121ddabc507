"""Sleeps in the code under test are virtual, all others are real."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import subprocess
import sys
import threading
import time
import types
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest
import time_machine
from botocore.exceptions import ClientError
from freezegun import freeze_time
from sample import PATIENCE

from pytest_datazone_ts import mock_datazone_ts, sweep

REAL = types.SimpleNamespace(sleep=time.sleep, asyncio_sleep=asyncio.sleep)
"""The real functions. They are attributes because a double also replaces names in this module."""
NEW_YEAR = datetime(2024, 1, 1, tzinfo=timezone.utc)
LONG = 3600.0
"""Seconds that no test may really sleep."""


@pytest.fixture
def ts():
    started = time.perf_counter()
    with mock_datazone_ts(sleep="virtual") as ts:
        yield ts
    assert time.perf_counter() - started < PATIENCE
    assert (time.sleep, asyncio.sleep, asyncio.tasks.sleep) == (
        REAL.sleep,
        REAL.asyncio_sleep,
        REAL.asyncio_sleep,
    )


@pytest.fixture
def clock(ts, make_client, post):
    """Return the time of the double's clock, which is that of a data point posted now."""
    client = make_client()

    def clock():
        post(client)
        return ts.data_points[-1].posted_at

    return clock


def a_module(monkeypatch, source, name="pipeline"):
    module = types.ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(source, vars(module))  # noqa: S102 - the test's own
    return module


def seconds(passed):
    return pytest.approx(passed.total_seconds(), abs=5)


def test_a_retry_loop_waits_on_the_tests_clock(ts, make_client, post):
    ts.inject("ThrottlingException", times=3)
    client = make_client(attempts=1)
    for number in range(4):
        try:
            post(client)
        except ClientError:  # noqa: PERF203 - as pipelines do
            time.sleep(LONG * 2**number)
    first, *_, last = (call.attempts[0].at for call in ts.calls)
    assert ts.code_sleeps == (LONG, 2 * LONG, 4 * LONG)
    assert seconds(last - first) == 7 * LONG
    assert ts.sleeps == ()


def test_without_the_option_sleep_is_not_replaced():
    with mock_datazone_ts() as ts:
        assert (time.sleep, asyncio.sleep) == (REAL.sleep, REAL.asyncio_sleep)
        time.sleep(0.001)
        assert ts.code_sleeps == ()


def test_names_imported_before_the_double_and_while_it_is_active(monkeypatch):
    source = "from time import sleep as pause\nfrom asyncio import sleep"
    early = a_module(monkeypatch, source, "early")
    with mock_datazone_ts(sleep="virtual") as ts:
        late = a_module(monkeypatch, source, "late")
        another = a_module(monkeypatch, source, "pytest_something")
        for module in (early, late):
            module.pause(LONG)
            asyncio.run(module.sleep(LONG))
        assert ts.code_sleeps == (LONG,) * 4
    for module in (early, late, another):
        assert (module.pause, module.sleep) == (REAL.sleep, REAL.asyncio_sleep)


def test_a_sleep_kept_in_an_object_is_real_again_after_the_double():
    with mock_datazone_ts(sleep="virtual") as ts:
        kept, kept_async = time.sleep, asyncio.sleep
    kept(0.001)
    assert asyncio.run(kept_async(0.001, "result")) == "result"
    assert ts.code_sleeps == ()


def test_a_sleep_that_was_patched_in_another_test(monkeypatch):
    module = a_module(monkeypatch, "from time import sleep")
    calls = []
    with monkeypatch.context() as patch:
        patch.setattr(module, "sleep", calls.append)
        with mock_datazone_ts(sleep="virtual"):
            module.sleep(1)
    with mock_datazone_ts(sleep="virtual") as ts:
        module.sleep(LONG)
    assert (calls, ts.code_sleeps) == ([1], (LONG,))


def test_a_module_that_starts_the_double_while_it_is_loaded(monkeypatch, tmp_path):
    (tmp_path / "starting.py").write_text(
        "from pytest_datazone_ts import mock_datazone_ts\n"
        "mock = mock_datazone_ts(sleep='virtual')\n"
        "mock.start()\n"
        "from time import sleep as pause\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    starting = importlib.import_module("starting")
    monkeypatch.delitem(sys.modules, "starting")
    monkeypatch.setitem(sys.modules, "starting", starting)
    starting.pause(LONG)
    starting.mock.stop()
    assert starting.pause is REAL.sleep


def test_a_lazy_module_is_not_imported(monkeypatch):
    class Lazy(types.ModuleType):
        def __getattribute__(self, name):
            raise AssertionError(name)

    monkeypatch.setitem(sys.modules, "lazy", Lazy("lazy"))
    monkeypatch.setitem(sys.modules, "odd", object())
    with mock_datazone_ts(sleep="virtual"):
        pass


def test_a_sleep_patched_while_the_double_is_active_stays_patched(monkeypatch):
    calls = []
    with mock_datazone_ts(sleep="virtual") as ts:
        monkeypatch.setattr(time, "sleep", calls.append)
        time.sleep(1)
    time.sleep(2)
    monkeypatch.undo()
    assert calls == [1, 2]
    assert ts.code_sleeps == ()
    with mock_datazone_ts(sleep="virtual") as ts:  # undone to the name that was replaced
        time.sleep(LONG)
        assert ts.code_sleeps == (LONG,)
    assert time.sleep is REAL.sleep


# Advance


def test_advance_refills_a_rate_limit(ts, make_client, post):
    client = make_client(attempts=1)
    ts.rate_limit(1 / 60)
    post(client)
    with pytest.raises(ClientError):
        post(client)
    ts.advance(60)
    post(client)
    with pytest.raises(ClientError):
        post(client)
    time.sleep(60)
    post(client)
    assert ts.code_sleeps == (60,)


@pytest.mark.parametrize("option", ["real", "virtual"])
def test_advance_moves_frozen_clocks(option, make_client):
    make_client()  # its certificates and files are of today
    with mock_datazone_ts(sleep=option) as ts:
        with freeze_time(NEW_YEAR):
            ts.advance(1.5)
            assert datetime.now(timezone.utc) == NEW_YEAR + timedelta(seconds=1.5)
        with time_machine.travel(NEW_YEAR, tick=False):
            ts.advance(60)
            assert datetime.now(timezone.utc) == NEW_YEAR + timedelta(seconds=60)


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), True, "1", None])
def test_advance_takes_seconds(value, datazone_ts):
    with pytest.raises(ValueError, match=r"^advance") as caught:
        datazone_ts.advance(value)
    assert str(caught.value) == (
        f"advance(seconds) takes a finite number of seconds, 0 or more, not {value!r}"
    )


def test_advance_after_the_block_is_an_error():
    with mock_datazone_ts() as ts:
        ts.advance(0)
    with pytest.raises(RuntimeError, match=r"^advance\(\) came too late"):
        ts.advance(1)


# Frozen clocks


def test_freezegun_and_time_machine_inside_the_test(ts):
    for frozen in (freeze_time(NEW_YEAR), time_machine.travel(NEW_YEAR, tick=False)):
        with frozen:
            time.sleep(LONG)
            assert datetime.now(timezone.utc) == NEW_YEAR + timedelta(seconds=LONG)
        time.sleep(LONG)
    assert ts.code_sleeps == (LONG,) * 4


@freeze_time(NEW_YEAR)
def test_a_double_within_a_frozen_test():
    with mock_datazone_ts(sleep="virtual"):
        time.sleep(LONG)
    assert datetime.now(timezone.utc) == NEW_YEAR + timedelta(seconds=LONG)
    assert time.sleep is REAL.sleep


def test_a_clock_that_is_frozen_while_a_task_sleeps(ts):
    async def main():
        sleeping = asyncio.create_task(asyncio.sleep(LONG))
        await asyncio.sleep(0)
        with time_machine.travel(NEW_YEAR, tick=False):
            await sleeping
            return datetime.now(timezone.utc)

    assert asyncio.run(main()) == NEW_YEAR + timedelta(seconds=LONG)
    assert ts.code_sleeps == (LONG,)


# Tasks


def test_two_tasks_take_as_long_as_the_longer(ts, clock):
    async def main():
        return await asyncio.gather(asyncio.sleep(LONG, "a"), asyncio.sleep(3 * LONG, "b"))

    before = clock()
    assert asyncio.run(main()) == ["a", "b"]
    assert seconds(clock() - before) == 3 * LONG
    assert ts.code_sleeps == (LONG, 3 * LONG)


def test_tasks_wake_up_in_the_order_of_their_deadlines(ts, clock):
    woken = []

    async def worker(name, *delays):
        for delay in delays:
            await asyncio.sleep(delay)
            for _ in range(3):  # it is ready for a while
                await asyncio.sleep(0)
            woken.append((name, delay))

    async def main():
        await asyncio.gather(worker("a", 50, 50, 50), worker("b", 70, 10), worker("c", 120))

    before = clock()
    asyncio.run(main())
    assert woken == [("a", 50), ("b", 70), ("b", 10), ("a", 50), ("c", 120), ("a", 50)]
    assert seconds(clock() - before) == 150
    assert sorted(ts.code_sleeps) == [10, 50, 50, 50, 70, 120]


def test_tasks_with_the_same_deadline_wake_up_in_the_order_they_went_to_sleep(ts):
    async def main():
        woken = []

        async def worker(name):
            await asyncio.sleep(5)
            woken.append(name)

        await asyncio.gather(*map(worker, "abc"))
        return woken

    assert asyncio.run(main()) == ["a", "b", "c"]
    assert ts.code_sleeps == (5, 5, 5)


def test_a_cancelled_sleep_does_not_advance_the_clock(ts, clock):
    async def main():
        sleeping = asyncio.create_task(asyncio.sleep(100 * LONG))
        await asyncio.sleep(0)
        await asyncio.sleep(LONG)
        sleeping.cancel()
        await asyncio.sleep(LONG)
        with pytest.raises(asyncio.CancelledError):
            await sleeping

    before = clock()
    asyncio.run(main())
    assert seconds(clock() - before) == 2 * LONG
    assert ts.code_sleeps == (100 * LONG, LONG, LONG)


def test_the_last_sleep_can_be_cancelled(ts):
    async def main():
        sleeping = asyncio.create_task(asyncio.sleep(LONG))
        await asyncio.sleep(0)
        sleeping.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return sleeping.cancelled()

    assert asyncio.run(main())
    assert ts.code_sleeps == (LONG,)


def test_a_task_that_waits_in_a_loop_of_its_own_does_not_hang(ts):
    async def main():
        sleeping = asyncio.create_task(asyncio.sleep(0.02))
        while not sleeping.done():  # noqa: ASYNC110 - as code does that polls
            await asyncio.sleep(0)

    asyncio.run(main())
    assert ts.code_sleeps == (0.02,)


def test_a_second_event_loop_starts_afresh(ts):
    async def main():
        await asyncio.sleep(LONG)

    for _ in range(2):
        asyncio.run(main())
    assert ts.code_sleeps == (LONG, LONG)


def test_event_loops_do_not_wait_for_each_other(ts):
    loop = asyncio.new_event_loop()
    sleeping = loop.create_task(asyncio.sleep(LONG))
    loop.run_until_complete(asyncio.sleep(0))
    assert not sleeping.done()
    asyncio.run(asyncio.wait_for(asyncio.sleep(2 * LONG), 1))
    loop.run_until_complete(sleeping)
    loop.close()
    assert ts.code_sleeps == (LONG, 2 * LONG)


def test_asyncio_sleep_is_still_a_coroutine_function(ts):
    assert inspect.iscoroutinefunction(asyncio.sleep)
    assert ts.code_sleeps == ()


# Everyone else


def test_a_thread_sleeps_virtually_once_it_has_called(ts, make_client, post):
    client = make_client()

    def work():
        time.sleep(0.001)
        post(client)
        time.sleep(LONG)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()
    assert ts.code_sleeps == (LONG,)


@pytest.mark.usefixtures("ts")
def test_other_threads_run_during_a_virtual_sleep():
    """They run even if Python itself would not switch threads."""
    go, done = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: (go.wait(), done.set()))
    thread.start()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(PATIENCE)
    try:
        go.set()
        for _ in range(10_000):
            if not done.is_set():
                time.sleep(1)
        assert done.is_set()
    finally:
        sys.setswitchinterval(interval)
    thread.join()


def test_another_thread_is_left_alone(ts):
    asyncs = []

    def work():
        started = time.perf_counter()
        time.sleep(0.02)
        asyncio.run(asyncio.sleep(0.02))
        asyncs.append(time.perf_counter() - started)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert asyncs[0] >= 0.04
    assert ts.code_sleeps == ()


def test_in_another_thread_only_tasks_that_call_datazone_sleep_virtually(ts, make_client, post):
    client = make_client()

    async def work():
        post(client)
        await asyncio.sleep(LONG)

    async def main():
        await asyncio.gather(work(), asyncio.sleep(0.02))

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, main()).result()
    assert ts.code_sleeps == (LONG,)


@pytest.mark.parametrize("name", ["pytest_something", "xdist.workermanage", "subprocess", "moto"])
def test_other_code_than_the_code_under_test_really_sleeps(name, ts, monkeypatch):
    module = a_module(
        monkeypatch,
        "import time, asyncio\n"
        "def nap(seconds): time.sleep(seconds)\n"
        "async def doze(seconds): await asyncio.sleep(seconds)",
        "another",
    )
    vars(module)["__name__"] = name
    started = time.perf_counter()
    module.nap(0.02)
    asyncio.run(module.doze(0.02))
    assert time.perf_counter() - started >= 0.04
    assert ts.code_sleeps == ()


def test_a_subprocess_is_really_waited_for(ts):
    code = "import time; time.sleep(0.05)"
    assert subprocess.run([sys.executable, "-c", code], timeout=PATIENCE, check=True)  # noqa: S603
    assert ts.code_sleeps == ()


def test_the_backoffs_of_botocore_are_not_counted_as_sleeps_of_the_code(make_client, post):
    with mock_datazone_ts(sleep="virtual", retry_sleep="real") as ts:
        ts.inject("ThrottlingException")
        post(make_client(attempts=2))
        assert len(ts.sleeps) == 1
        assert ts.code_sleeps == ()


@pytest.mark.parametrize("wrong", ["1", None, -1, float("nan")])
def test_a_wrong_argument_is_passed_to_the_real_function(wrong, ts):
    with pytest.raises((TypeError, ValueError)) as real:
        REAL.sleep(wrong)
    with pytest.raises((TypeError, ValueError)) as caught:
        time.sleep(wrong)
    assert (type(caught.value), str(caught.value)) == (type(real.value), str(real.value))
    assert ts.code_sleeps == ()


def test_a_sleep_of_zero_is_not_recorded(ts):
    time.sleep(0)
    asyncio.run(asyncio.sleep(0))
    asyncio.run(asyncio.sleep(-1))
    assert ts.code_sleeps == ()


# The life of doubles


def test_the_innermost_double_decides(ts):
    with mock_datazone_ts() as inner:
        time.sleep(0.001)
        with mock_datazone_ts(sleep="virtual") as innermost:
            time.sleep(LONG)
            assert innermost.code_sleeps == (LONG,)
        assert inner.code_sleeps == ()
        time.sleep(0.001)
    time.sleep(2 * LONG)
    assert ts.code_sleeps == (2 * LONG,)


def test_reset_clears_the_sleeps(ts):
    time.sleep(LONG)
    ts.reset()
    assert ts.code_sleeps == ()
    time.sleep(LONG)
    assert ts.code_sleeps == (LONG,)


@pytest.mark.datazone_ts(sleep="virtual")
def test_the_marker_of_the_fixture_sets_the_option(datazone_ts):
    time.sleep(LONG)
    assert datazone_ts.code_sleeps == (LONG,)


@pytest.mark.parametrize("modules", [[time], [asyncio], [time, asyncio]])
def test_the_next_double_removes_stand_ins_that_undoing_a_patch_put_back(modules, monkeypatch):
    """A patch made in a double and undone after it puts the stand-in back."""
    pipeline = a_module(monkeypatch, "from time import sleep\ndef work(): sleep(0.3)")
    real = [module.sleep for module in modules]
    with pytest.MonkeyPatch.context() as patch, mock_datazone_ts(sleep="virtual"):
        for module in modules:
            patch.setattr(module, "sleep", lambda _: None)
    assert [module.sleep for module in modules] != real

    with mock_datazone_ts(sleep="virtual") as ts:
        pipeline.work()

    assert ts.code_sleeps == (0.3,)
    assert [module.sleep for module in modules] == real


def test_a_patch_of_time_sleep_is_not_called_by_a_virtual_sleep(monkeypatch):
    calls = []
    monkeypatch.setattr(time, "sleep", calls.append)
    with mock_datazone_ts(sleep="virtual") as ts:
        time.sleep(LONG)
    assert ts.code_sleeps == (LONG,)
    assert not calls


def test_the_same_patch_of_both_sleeps_stays(monkeypatch):
    calls = []
    own = calls.append
    for module in (time, asyncio):
        monkeypatch.setattr(module, "sleep", own)
    with mock_datazone_ts(sleep="virtual"):
        time.sleep(LONG)
        asyncio.sleep(LONG)
    assert calls == [LONG, LONG]


@pytest.mark.parametrize("module", [time, asyncio])
def test_undoing_a_patch_in_the_next_double_restores_the_real_function(module):
    real = module.sleep
    patch = pytest.MonkeyPatch()
    with mock_datazone_ts(sleep="virtual"):
        patch.setattr(module, "sleep", lambda _: None)
    with mock_datazone_ts(sleep="virtual"):
        patch.undo()
    assert module.sleep is real


@pytest.mark.parametrize("patched", [lambda _: lambda _: None, partial], ids=["fake", "wrapper"])
def test_a_patch_that_outlives_a_run_of_a_sweep_does_not_outlive_the_sweep(
    patched, monkeypatch, make_client, post
):
    """Neither a fake nor a wrapper of the original takes the place of the real function."""
    pipeline = a_module(monkeypatch, "from time import sleep")
    client = make_client()
    with pytest.MonkeyPatch.context() as patch:

        def setup(_):
            patch.undo()
            patch.setattr(time, "sleep", patched(time.sleep))

        sweep(lambda: (pipeline.sleep(LONG), post(client)), setup=setup)

    assert pipeline.sleep is REAL.sleep
    with mock_datazone_ts(sleep="virtual"):
        pass  # removes the stand-in that undoing the patch put back
    assert time.sleep is REAL.sleep


def test_a_function_that_ending_a_patch_put_back_is_replaced_by_an_inner_double(ts):
    patch = pytest.MonkeyPatch()
    patch.setattr(time, "sleep", REAL.sleep)  # as a patch older than the double does on undo
    with mock_datazone_ts(sleep="virtual") as inner:
        time.sleep(LONG)
    patch.undo()
    assert inner.code_sleeps == (LONG,)
    assert not ts.code_sleeps
