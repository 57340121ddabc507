"""Forked processes have no double, and reach the one in the parent over HTTP."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from contextlib import ExitStack

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws
from publishing import error_of_publishing, publish, publish_with_its_own_double

from pytest_datazone_ts import mock_datazone_ts, trace

pytestmark = [
    pytest.mark.skipif(
        "fork" not in multiprocessing.get_all_start_methods(), reason="this system has no fork"
    ),
    # Python 3.12 and later: the server has a thread.
    pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning"),
]
CLIENT = boto3.client(
    "datazone",
    region_name="us-east-1",
    aws_access_key_id="a",
    aws_secret_access_key="b",  # noqa: S106
)


def publish_with_an_older_client(asset):
    publish(asset, CLIENT)


def retry_with_its_own_double(_):
    with mock_datazone_ts() as ts:
        ts.inject("ThrottlingException")
        publish("a", CLIENT)
        return len(ts.calls.one().attempts)


def error_of_publishing_elsewhere(asset):
    client = boto3.client(
        "datazone",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:2",
        aws_access_key_id="a",
        aws_secret_access_key="b",  # noqa: S106
        config=Config(retries={"total_max_attempts": 1}),
    )
    return error_of_publishing(asset, client)


def fork_and(function):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        results = pool.map(function, ["a", "b"])
        pool.close()
        pool.join()  # they end by themselves: coverage is written then
        return results


@pytest.mark.usefixtures("datazone_ts_server")
@pytest.mark.parametrize("function", [publish, publish_with_an_older_client])
def test_with_the_server_forked_children_reach_the_double(datazone_ts, function):
    fork_and(function)

    assert {point.entity_identifier for point in datazone_ts.data_points} == {"a", "b"}


@pytest.mark.parametrize("function", [error_of_publishing])
def test_without_the_server_a_call_in_a_forked_child_is_an_error(datazone_ts, function, network):
    message = (
        "PostTimeSeriesDataPoints was about to go to https://datazone.us-east-1.api.aws from a "
        "child process, where the double of the test is not active. Start this child process, or "
        "its pool, in a test that requests datazone_ts_server: the child's calls then go to the "
        "double over HTTP. If the process does not inherit the test's environment, update its "
        "os.environ with datazone_ts_server.environ, for example in the pool's initializer."
    )
    assert fork_and(function) == [("DataZoneBlockedError", message)] * 2
    assert not datazone_ts.calls
    assert not network


@pytest.mark.usefixtures("datazone_ts_server")
def test_with_the_server_and_moto_forked_children_reach_the_double(datazone_ts):
    with mock_aws():
        fork_and(publish)

    assert {point.entity_identifier for point in datazone_ts.data_points} == {"a", "b"}


def test_a_process_forked_without_a_double_uses_its_own_endpoint(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_DATAZONE", "http://127.0.0.1:1")
    for _, message in fork_and(error_of_publishing_elsewhere):
        assert message.startswith('Could not connect to the endpoint URL: "http://127.0.0.1:2/')


def test_a_forked_child_can_have_its_own_double(datazone_ts):
    assert fork_and(publish_with_its_own_double) == [(1, None)] * 2
    assert not datazone_ts.calls


def test_a_process_forked_without_a_double_is_left_alone(network):
    assert fork_and(sys.getsizeof) == [sys.getsizeof("a")] * 2
    assert not network


def locks():
    """The locks that the process has one of: those of modules, and of the trace of the test."""
    modules = [module for name, module in sys.modules.items() if name.startswith("pytest_datazone")]
    owners = [vars(module) for module in modules] + [{"": trace.current()._lock}]  # noqa: SLF001 - it hung
    kinds = (type(threading.Lock()), type(threading.RLock()))
    return [value for owner in owners for value in owner.values() if isinstance(value, kinds)]


def test_a_lock_that_a_thread_held_at_the_fork_hangs_no_child():
    held, over = threading.Event(), threading.Event()

    def hold():
        with ExitStack() as stack:
            for lock in locks():
                stack.enter_context(lock)
            held.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        try:
            result = pool.map_async(retry_with_its_own_double, ["a"])
            assert result.get(timeout=30) == [2]
            pool.close()
            pool.join()
        finally:
            over.set()
            thread.join()
