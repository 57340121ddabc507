"""Processes that multiprocessing does not fork from pytest's load no plugin; they are told."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import boto3
import pytest
from sample import DOMAIN, FORM

from pytest_datazone_ts import mock_datazone_ts

METHODS = [method for method in multiprocessing.get_all_start_methods() if method != "fork"]


def publish(asset):
    boto3.client("datazone").post_time_series_data_points(
        domainIdentifier=DOMAIN, entityIdentifier=asset, entityType="ASSET", forms=[FORM]
    )


def error_of_publishing(asset):
    try:
        publish(asset)
    except Exception as error:  # noqa: BLE001 - to be looked at
        return type(error).__name__, str(error)


def error_in_a_grandchild(asset):
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(error_of_publishing, asset).result(timeout=60)


def publish_with_a_double_of_its_own(asset):
    with mock_datazone_ts() as ts:
        publish(asset)
        return len(ts.data_points), error_of_publishing("b")


@pytest.fixture(params=METHODS)
def run(bare_machine, request):  # noqa: ARG001
    """Run a function in a new process. A fork server is older than what the test sets up."""
    context = multiprocessing.get_context(request.param)

    def run(function, argument="a"):
        with ProcessPoolExecutor(1, context) as pool:
            return pool.submit(function, argument).result(timeout=60)

    run(len)
    return run


def test_with_the_server_children_reach_the_double(run, datazone_ts, request):
    request.getfixturevalue("datazone_ts_server")

    run(publish)

    assert datazone_ts.data_points.one().entity_identifier == "a"


@pytest.mark.parametrize("function", [error_of_publishing, error_in_a_grandchild])
def test_without_the_server_a_call_in_a_child_is_an_error(run, datazone_ts, function):
    message = (
        "PostTimeSeriesDataPoints was about to go to https://datazone.us-east-1.api.aws from a "
        "child process, where the double of the test is not active. Start this child process, or "
        "its pool, in a test that requests datazone_ts_server: its calls then go to the double "
        "over HTTP."
    )
    assert run(function) == ("DataZoneBlockedError", message)
    assert not datazone_ts.calls


def test_a_child_can_have_its_own_double(run, datazone_ts):
    assert run(publish_with_a_double_of_its_own) == (1, None)
    assert not datazone_ts.calls


def test_a_child_that_is_started_without_a_double_is_left_alone(run):
    with mock_datazone_ts():
        pass
    assert run(eval, "'pytest_datazone_ts' in __import__('sys').modules") is False


def test_a_client_that_is_older_than_what_the_child_is_told_reaches_the_double(pytester):
    pytester.makepyfile(
        publisher=f"""
        import multiprocessing

        import boto3

        CLIENT = boto3.client("datazone", region_name="us-east-1")

        class Publisher(multiprocessing.get_context("spawn").Process):
            def run(self):
                CLIENT.list_time_series_data_points(
                    domainIdentifier="{DOMAIN}",
                    entityIdentifier="a",
                    entityType="ASSET",
                    formName="completeness",
                )
        """,
        test_it="""
        from publisher import Publisher

        def test_process(datazone_ts, datazone_ts_server, monkeypatch):
            monkeypatch.delenv("AWS_ENDPOINT_URL_DATAZONE")
            process = Publisher()
            process.start()
            process.join()
            assert datazone_ts.calls.one().succeeded
        """,
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_children_get_the_current_variables_of_aws(pytester, monkeypatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "older than the server")
    monkeypatch.setenv("UNRELATED", "older than the server")
    pytester.makepyfile(
        f"""
        import multiprocessing
        import os

        import pytest

        @pytest.mark.parametrize("method", {METHODS})
        def test_variables(method, request, monkeypatch):
            context = multiprocessing.get_context(method)
            with context.Pool(1) as pool:
                assert pool.apply(os.getenv, ["AWS_SESSION_TOKEN"]) == "older than the server"
            server = request.getfixturevalue("datazone_ts_server")
            with context.Pool(1) as pool:
                assert pool.apply(os.getenv, ["AWS_ENDPOINT_URL_DATAZONE"]) == server.endpoint_url
                assert pool.apply(os.getenv, ["AWS_SESSION_TOKEN"]) is None
                assert pool.apply(os.getenv, ["UNRELATED"]) == "older than the server"
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=len(METHODS))


def test_a_child_that_outlives_its_test_can_be_given_the_next_server(pytester):
    pytester.makepyfile(
        publisher=f"""
        import os

        import boto3

        def publish(environ):
            os.environ.update(environ)
            boto3.client("datazone").list_time_series_data_points(
                domainIdentifier="{DOMAIN}",
                entityIdentifier="a",
                entityType="ASSET",
                formName="completeness",
            )
        """,
        test_it=f"""
        import multiprocessing
        from contextlib import ExitStack

        import pytest
        from publisher import publish

        @pytest.fixture(scope="module")
        def pools():
            with ExitStack() as stack:
                yield stack, {{}}

        @pytest.mark.parametrize("number", [1, 2])
        @pytest.mark.parametrize("method", {METHODS})
        def test_pool(datazone_ts, datazone_ts_server, pools, method, number):
            stack, started = pools
            if method not in started:
                pool = multiprocessing.get_context(method).Pool(1)
                started[method] = stack.enter_context(pool)
            started[method].map(publish, [datazone_ts_server.environ])
            assert datazone_ts.calls.one().succeeded
        """,
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2 * len(METHODS))


def test_the_guard_blocks_the_calls_of_children(pytester):
    pytester.makeini("[pytest]\ndatazone_ts_guard = true")
    pytester.makepyfile(
        publisher="""
        import boto3

        def publish(_):
            client = boto3.client("datazone", region_name="us-east-1")
            client.post_time_series_data_points(
                domainIdentifier="dzd_1", entityIdentifier="a", entityType="ASSET", forms=[]
            )
        """,
        test_it=f"""
        import multiprocessing

        import pytest
        from publisher import publish
        from pytest_datazone_ts import DataZoneBlockedError

        @pytest.mark.parametrize("method", {METHODS})
        def test_pool(method):
            with multiprocessing.get_context(method).Pool(1) as pool:
                with pytest.raises(DataZoneBlockedError) as raised:
                    pool.map(publish, [1])
            assert str(raised.value) == (
                "PostTimeSeriesDataPoints was about to go to https://datazone.us-east-1.api.aws "
                "while no double is active: the ini setting datazone_ts_guard blocked it. Start "
                "this child process, or its pool, in a test that requests datazone_ts_server: its "
                "calls then go to the double over HTTP."
            )
        """,
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=len(METHODS))
