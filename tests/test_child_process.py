"""Child processes that multiprocessing spawns load no plugins, but reach the double."""

from __future__ import annotations

import multiprocessing
import os
import py_compile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver

import pytest
from publishing import error_of_publishing, publish, publish_with_its_own_double
from sample import DOMAIN

from pytest_datazone_ts import mock_datazone_ts

METHODS = [method for method in multiprocessing.get_all_start_methods() if method != "fork"]


PUBLISHER = f"""
import os

import boto3

def publish(environ):
    os.environ.update(environ)
    boto3.client("datazone", region_name="us-east-1").list_time_series_data_points(
        domainIdentifier="{DOMAIN}",
        entityIdentifier="a",
        entityType="ASSET",
        formName="completeness",
    )
"""


def error_in_a_grandchild(asset):
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(error_of_publishing, asset).result(timeout=60)


def publish_with_another_endpoint(asset):
    os.environ["AWS_ENDPOINT_URL_DATAZONE"] = "https://vpce-1.datazone.us-east-1.vpce.amazonaws.com"
    publish(asset)


@pytest.fixture(scope="module", autouse=True)
def _fork_server():
    """Start the fork server, which is older than what the tests set up."""
    if "forkserver" in METHODS:
        forkserver.ensure_running()


@pytest.fixture(params=METHODS)
def run(bare_machine, request):  # noqa: ARG001
    """Run a function in a new process."""
    context = multiprocessing.get_context(request.param)

    def run(function, argument="a"):
        with ProcessPoolExecutor(1, context) as pool:
            return pool.submit(function, argument).result(timeout=60)

    return run


@pytest.mark.parametrize("function", [publish, publish_with_another_endpoint])
def test_with_the_server_children_reach_the_double(run, datazone_ts, request, function):
    request.getfixturevalue("datazone_ts_server")

    run(function)

    assert datazone_ts.data_points.one().entity_identifier == "a"


@pytest.mark.parametrize("function", [error_of_publishing, error_in_a_grandchild])
def test_without_the_server_a_call_in_a_child_is_an_error(run, datazone_ts, function):
    message = (
        "PostTimeSeriesDataPoints was about to go to https://datazone.us-east-1.api.aws from a "
        "child process, where the double of the test is not active. Start this child process, or "
        "its pool, in a test that requests datazone_ts_server: the child's calls then go to the "
        "double over HTTP. If the process does not inherit the test's environment, update its "
        "os.environ with datazone_ts_server.environ, for example in the pool's initializer."
    )
    assert run(function) == ("DataZoneBlockedError", message)
    assert not datazone_ts.calls


def test_a_child_can_have_its_own_double(run, datazone_ts):
    assert run(publish_with_its_own_double) == (1, None)
    assert not datazone_ts.calls


@pytest.mark.usefixtures("datazone_ts")
def test_a_child_loads_botocore_only_if_it_needs_it(run):
    assert run(eval, "'botocore' in __import__('sys').modules") is False


def test_a_child_that_cannot_import_the_package_starts_anyway(
    datazone_ts, monkeypatch, tmp_path, capfd
):
    empty = tmp_path / "empty.py"
    empty.touch()
    # The child imports this empty module instead of the package. It is compiled without its
    # source, so that coverage ignores it.
    py_compile.compile(str(empty), str(tmp_path / "pytest_datazone_ts.pyc"), "<empty>")
    monkeypatch.syspath_prepend(tmp_path)
    process = multiprocessing.get_context("spawn").Process(target=len, args=["a"])
    process.start()
    process.join()
    assert process.exitcode == 0
    assert not datazone_ts.calls
    assert capfd.readouterr().err == (
        'pytest-datazone-ts: cannot set up this child process: ModuleNotFoundError("No module '
        "named 'pytest_datazone_ts.transport'; 'pytest_datazone_ts' is not a package\")\n"
    )


def test_a_child_that_is_started_without_a_double_is_left_alone(run):
    with mock_datazone_ts():
        pass
    assert run(eval, "'pytest_datazone_ts' in __import__('sys').modules") is False


def test_a_client_created_before_the_child_is_set_up_reaches_the_double(pytester):
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


def test_a_process_created_before_the_first_double_reaches_it(pytester):
    pytester.makepyfile(
        publisher=PUBLISHER,
        test_it=f"""
        import multiprocessing

        import pytest
        from publisher import publish

        PROCESSES = {{
            method: multiprocessing.get_context(method).Process(target=publish, args=[{{}}])
            for method in {METHODS}
        }}

        @pytest.mark.usefixtures("datazone_ts_server")
        @pytest.mark.parametrize("method", {METHODS})
        def test_process(datazone_ts, method, monkeypatch):
            monkeypatch.delenv("AWS_ENDPOINT_URL_DATAZONE")
            PROCESSES[method].start()
            PROCESSES[method].join()
            assert datazone_ts.calls.one().succeeded
        """,
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=len(METHODS))


@pytest.mark.parametrize(("guard", "requested"), [("false", "datazone_ts"), ("true", "tmp_path")])
def test_a_pool_that_is_older_than_the_server_can_be_given_its_environment(
    pytester, guard, requested
):
    pytester.makeini(f"[pytest]\ndatazone_ts_guard = {guard}")
    pytester.makepyfile(
        publisher=PUBLISHER,
        test_it=f"""
        import multiprocessing

        import pytest
        from publisher import publish

        @pytest.fixture(params={multiprocessing.get_all_start_methods()})
        def pool(request, {requested}):
            with multiprocessing.get_context(request.param).Pool(1) as pool:
                pool.apply(len, ["a"])
                yield pool

        @pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
        def test_pool(pool, request):
            datazone_ts = request.getfixturevalue("datazone_ts")
            server = request.getfixturevalue("datazone_ts_server")
            pool.map(publish, [server.environ])
            assert datazone_ts.calls.one().succeeded
        """,
    )
    passed = len(multiprocessing.get_all_start_methods())
    pytester.runpytest_subprocess().assert_outcomes(passed=passed)


def test_children_of_a_fork_server_get_the_variables_of_the_server(pytester, monkeypatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "older than the server")
    monkeypatch.setenv("AWS_UNRELATED", "older than the server")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
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
            request.getfixturevalue("datazone_ts")
            with monkeypatch.context() as patch:
                patch.delenv("AWS_SESSION_TOKEN")
                with context.Pool(1) as pool:
                    expected = "older than the server" if method == "forkserver" else None
                    assert pool.apply(os.getenv, ["AWS_SESSION_TOKEN"]) == expected
            before = {{**os.environ}}
            request.getfixturevalue("datazone_ts_server")
            changed = {{name for name, value in os.environ.items() if before.get(name) != value}}
            changed |= before.keys() - os.environ.keys()
            assert {{"AWS_SESSION_TOKEN", "AWS_REGION", "NO_PROXY"}} < changed
            with context.Pool(1) as pool:
                for name in changed - {{"PYTEST_CURRENT_TEST"}}:
                    assert pool.apply(os.getenv, [name]) == os.environ.get(name), name
                assert pool.apply(os.getenv, ["AWS_UNRELATED"]) == "older than the server"
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=len(METHODS))


def test_a_child_that_has_an_environment_of_its_own_keeps_it(datazone_ts_server):
    # What some process pools do. os.environ does not show it.
    os.putenv("AWS_REGION", "eu-west-1")
    try:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            assert pool.apply(os.getenv, ["AWS_REGION"]) == "eu-west-1"
    finally:
        os.putenv("AWS_REGION", datazone_ts_server.environ["AWS_REGION"])


def test_a_child_that_outlives_its_test_can_be_given_the_next_server(pytester):
    pytester.makepyfile(
        publisher=PUBLISHER,
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
        publisher=PUBLISHER,
        test_it=f"""
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        import pytest
        from publisher import publish
        from pytest_datazone_ts import DataZoneBlockedError

        # A server on this machine is used only by the clients that are configured for it.
        OTHER_ENDPOINT = {{
            "AWS_ENDPOINT_URL_DATAZONE": "http://127.0.0.1:1",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        }}

        @pytest.mark.parametrize("environ", [{{}}, OTHER_ENDPOINT], ids=["", "other"])
        @pytest.mark.parametrize("method", {METHODS})
        def test_pool(method, environ):
            with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool:
                with pytest.raises(DataZoneBlockedError) as raised:
                    pool.submit(publish, environ).result()
            assert str(raised.value) == (
                "ListTimeSeriesDataPoints was about to go to https://datazone.us-east-1.api.aws "
                "while no double is active: the ini setting datazone_ts_guard blocked it. Start "
                "this child process, or its pool, in a test that requests datazone_ts_server: the "
                "child's calls then go to the double over HTTP. If the process does not inherit "
                "the test's environment, update its os.environ with datazone_ts_server.environ, "
                "for example in the pool's initializer."
            )
        """,
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2 * len(METHODS))
