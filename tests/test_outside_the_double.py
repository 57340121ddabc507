"""Calls before and after the double of a test that requests ``datazone_ts``."""

from __future__ import annotations

import sys

import pytest

PIPELINE = """
    import boto3

    def make_client():
        return boto3.client(
            "datazone",
            region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
        )

    def publish():
        form = {"formName": "f", "typeIdentifier": "t", "timestamp": 1704067200}
        make_client().post_time_series_data_points(
            domainIdentifier="dzd_5oo7xzoqltu8mf", entityIdentifier="asset", entityType="ASSET",
            forms=[form],
        )

    def publish_and_swallow():
        try:
            publish()
        except Exception:
            pass

    def get_domain():
        make_client().get_domain(identifier="dzd_5oo7xzoqltu8mf")
"""
GOES = "PostTimeSeriesDataPoints was about to go to https://datazone.us-east-1.api.aws"


@pytest.fixture
def run(run_pytest, network):
    """Run a test module beside the pipeline, and check that nothing reached the network."""

    def run(module, *arguments):
        result = run_pytest(module, *arguments, pipeline=PIPELINE)
        assert not network
        return result

    return run


def test_a_fixture_that_posts_after_the_double_fails_the_test(run):
    module = """
        import pytest
        from pipeline import publish

        @pytest.fixture
        def publisher():
            yield
            publish()

        def test_it(publisher, datazone_ts): pass
    """
    result = run(module)
    result.assert_outcomes(passed=1, errors=1)
    message = (
        f"{GOES} from publisher, outside the life of this test's double. Have publisher request "
        "datazone_ts: it is then set up after the double and torn down before it."
    )
    result.stdout.fnmatch_lines([f"E *DataZoneBlockedError: {message}"])


def test_a_fixture_that_posts_and_swallows_the_error_fails_the_test(run):
    module = """
        import pytest
        from pipeline import publish_and_swallow

        @pytest.fixture
        def publisher():
            publish_and_swallow()

        def test_it(publisher, datazone_ts): pass
    """
    result = run(module)
    result.assert_outcomes(errors=1)
    title = "datazone_ts: the test called DataZone while no double was active, *the error:"
    reason = f"  pipeline.py:*: {GOES} from publisher, outside the life of *"
    result.stdout.fnmatch_lines([title, reason])


def test_a_fixture_that_requests_the_double_can_post(run):
    module = """
        import pytest
        from pipeline import publish

        @pytest.fixture
        def publisher(datazone_ts):
            yield
            publish()

        def test_it(publisher, datazone_ts): pass
    """
    run(module).assert_outcomes(passed=1)


@pytest.mark.parametrize("method", ["setup_method", "teardown_method"])
def test_a_method_that_posts_outside_the_double_is_named(run, method):
    module = f"""
        from pipeline import publish

        class TestIt:
            def {method}(self):
                publish()

            def test_it(self, datazone_ts): pass
    """
    result = run(module)
    name = f"TestIt.{method}" if sys.version_info >= (3, 11) else method  # 3.11 added co_qualname
    message = (
        f"{GOES} from {name}, outside the life of this test's double. Replace it with a fixture "
        "that requests datazone_ts, such as @pytest.fixture(autouse=True)."
    )
    result.stdout.fnmatch_lines([f"E *DataZoneBlockedError: {message}"])


def test_the_setup_of_a_unittest_class_is_named(run):
    module = """
        import unittest
        import pytest
        from pipeline import publish

        class TestIt(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def double(self, datazone_ts): pass

            @classmethod
            def setUpClass(cls):
                publish()

            def test_it(self): pass
    """
    result = run(module)
    result.stdout.fnmatch_lines([f"E *DataZoneBlockedError: {GOES} from *setUpClass, outside *"])


def test_every_operation_is_blocked(run):
    module = """
        import pytest
        from pipeline import get_domain

        @pytest.fixture
        def domain():
            get_domain()

        def test_it(domain, datazone_ts): pass
    """
    result = run(module)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *DataZoneBlockedError: GetDomain was about to go to *"])


def test_passthrough_applies_outside_the_double(run_pytest, network):
    module = """
        import pytest
        from pipeline import get_domain

        @pytest.fixture
        def domain():
            get_domain()

        @pytest.mark.datazone_ts(unstubbed="passthrough")
        def test_it(domain, datazone_ts): pass
    """
    run_pytest(module, pipeline=PIPELINE).assert_outcomes(passed=1)
    assert len(network) == 1


def test_a_thread_that_posts_after_the_double_is_reported_without_a_fixture(run):
    module = """
        import threading
        import pytest
        from pipeline import publish_and_swallow

        @pytest.fixture
        def publisher():
            yield
            thread = threading.Thread(target=publish_and_swallow)
            thread.start()
            thread.join()

        def test_it(publisher, datazone_ts): pass
    """
    result = run(module)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [f"  pipeline.py:* in thread *: {GOES} while the double of this test is not active. *"]
    )


def test_the_next_test_is_not_blocked(run_pytest, network):
    module = """
        from pipeline import publish

        def test_first(datazone_ts): pass

        def test_next(): publish()
    """
    run_pytest(module, pipeline=PIPELINE).assert_outcomes(passed=2)
    assert len(network) == 1


@pytest.mark.parametrize("ends", ["addfinalizer", "fixture"])
def test_a_double_that_is_requested_in_the_test_forbids_what_comes_after_it(run, ends):
    module = f"""
        import pytest
        from pipeline import publish

        @pytest.fixture
        def addfinalizer(request):
            request.addfinalizer(publish)

        @pytest.fixture
        def fixture():
            yield
            publish()

        def test_it({ends}, request):
            request.getfixturevalue("datazone_ts")
    """
    result = run(module)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"E *DataZoneBlockedError: {GOES} from *"])


ASYNC = """
    import asyncio
    import anyio
    import pytest
    from pipeline import publish

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    @pytest.fixture
    async def publisher():
        yield
        publish()

    async def test_it(publisher, datazone_ts): pass
"""
PYTEST_ASYNCIO = """
    import pytest
    import pytest_asyncio
    from pipeline import publish

    @pytest_asyncio.fixture
    async def publisher():
        yield
        publish()

    @pytest.mark.asyncio
    async def test_it(publisher, datazone_ts): pass
"""


@pytest.mark.parametrize(
    ("plugin", "module", "arguments"),
    [("anyio", ASYNC, ["-p", "anyio"]), ("pytest_asyncio", PYTEST_ASYNCIO, [])],
    ids=["anyio", "pytest_asyncio"],
)
def test_an_asynchronous_fixture_is_named_and_not_the_plugin_that_runs_it(
    run, plugin, module, arguments
):
    pytest.importorskip(plugin)
    result = run(module, *arguments)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"E *DataZoneBlockedError: {GOES} from publisher, outside *"])


def test_a_fixture_that_calls_a_mock_or_an_event_loop_is_named(run):
    module = """
        import asyncio
        from unittest.mock import Mock
        import pytest
        from pipeline import publish

        async def main():
            Mock(side_effect=publish)()

        @pytest.fixture
        def publisher():
            asyncio.run(main())

        def test_it(publisher, datazone_ts): pass
    """
    result = run(module)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"E *DataZoneBlockedError: {GOES} from publisher, outside *"])
