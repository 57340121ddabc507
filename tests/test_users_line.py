"""Where the tracebacks of the double's and the guard's errors end: at a line of the user's."""

from __future__ import annotations

import sys

import pytest

PIPELINE = """
import boto3

def client():
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client("datazone", region_name="us-east-1", **keys)

def get_domain():
    client().get_domain(identifier="dzd_5oo7xzoqltu8mf")

def list_points():
    client().list_time_series_data_points(
        domainIdentifier="dzd_1", entityIdentifier="e", entityType="ASSET", formName="f"
    )
"""
UNANSWERED = "E   *UnansweredOperationError: unhandled DataZone operation GetDomain. *"


@pytest.fixture
def run(run_pytest, network):
    """Run a test module beside the pipeline, with the guard; nothing may reach the network."""

    def run(source, *arguments):
        result = run_pytest(
            source, "-o", "datazone_ts_guard=true", "--tb=short", *arguments, pipeline=PIPELINE
        )
        assert not network
        return result

    return run


def shows_no_frame_of_a_client(result):
    result.stdout.no_fnmatch_line("*botocore/*")
    result.stdout.no_fnmatch_line("*botocore.py*")
    result.stdout.no_fnmatch_line("*exchange.py*")
    result.stdout.no_fnmatch_line("*guard.py*")


def test_a_missing_argument_ends_at_the_users_line(run):
    result = run(
        """
        def test_it(datazone_ts):
            datazone_ts.add_asset("a")
        """
    )

    result.stdout.fnmatch_lines(["test_it.py:2: in test_it", "    datazone_ts.add_asset(*", "E *"])
    result.stdout.no_fnmatch_line("*spelling.py*")


def test_an_unanswered_call_ends_at_the_users_line(run):
    result = run(
        """
        from pipeline import get_domain

        def test_it(datazone_ts):
            get_domain()
        """
    )

    result.stdout.fnmatch_lines(
        [
            "test_it.py:4: in test_it",
            "    get_domain()",
            "pipeline.py:8: in get_domain",
            '    client().get_domain(identifier="dzd_5oo7xzoqltu8mf")',
            UNANSWERED,
            "*- datazone_ts -*",
        ],
        consecutive=True,
    )


def test_so_does_a_call_that_the_guard_stops(run):
    result = run(
        """
        import pytest
        from pipeline import list_points

        def test_it():
            list_points()

        @pytest.fixture
        def early():
            list_points()

        def test_set_up(early, datazone_ts):
            pass
        """
    )

    result.assert_outcomes(failed=1, errors=1)
    shows_no_frame_of_a_client(result)
    result.stdout.fnmatch_lines(
        [
            "*DataZoneBlockedError: ListTimeSeriesDataPoints was about *from early,*",
            "*DataZoneBlockedError: ListTimeSeriesDataPoints was about *datazone_ts_guard*",
        ]
    )


def test_so_does_one_at_import_in_a_testcase_and_as_a_cause(run, pytester):
    pytester.makepyfile(test_import="from pipeline import list_points\nlist_points()")
    result = run(
        """
        import unittest

        from pipeline import get_domain
        from pytest_datazone_ts import mock_datazone_ts

        class TestCase(unittest.TestCase):
            @mock_datazone_ts
            def test_it(self):
                get_domain()

        def test_cause(datazone_ts):
            try:
                get_domain()
            except NotImplementedError as error:
                raise RuntimeError("no domain") from error
        """,
        "--continue-on-collection-errors",
        "test_import.py",
        "test_it.py",
    )

    result.assert_outcomes(failed=2, errors=1)
    shows_no_frame_of_a_client(result)
    result.stdout.fnmatch_lines(
        [
            "test_import.py:2: in <module>",
            "    list_points()",
            "pipeline.py:11: in list_points",
            "*DataZoneBlockedError: *",
            "test_it.py:9: in test_it",
            UNANSWERED,
            "The above exception was the direct cause of the following exception:",
        ]
    )


@pytest.mark.skipif(sys.version_info < (3, 11), reason="ExceptionGroup came with Python 3.11")
def test_so_do_the_errors_in_an_exception_group(run):
    result = run(
        """
        from pipeline import get_domain

        def test_it(datazone_ts):
            errors = []
            for _ in range(2):
                try:
                    get_domain()
                except NotImplementedError as error:
                    errors.append(error)
            raise ExceptionGroup("no domains", [errors[0], ExceptionGroup("more", errors[1:])])
        """
    )

    result.assert_outcomes(failed=1)
    shows_no_frame_of_a_client(result)
    assert result.stdout.str().count('pipeline.py", line 8, in get_domain') == 2


def test_errors_need_not_be_comparable(run):
    result = run(
        """
        class Incomparable(Exception):
            def __eq__(self, other):
                raise TypeError("not comparable")

        def test_it(datazone_ts):
            try:
                raise Incomparable("first")
            except Incomparable:
                raise Incomparable("second")
        """
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *Incomparable: second"])


def test_where_no_line_is_the_users_all_is_shown_and_if_all_is_asked_for(run):
    source = """
        from concurrent.futures import ThreadPoolExecutor

        from pipeline import client, get_domain

        def test_library(datazone_ts):
            with ThreadPoolExecutor() as pool:
                called = pool.submit(client().get_domain, identifier="dzd_5oo7xzoqltu8mf")
            raise RuntimeError("no domain") from called.exception()

        def test_all(datazone_ts):
            get_domain()
        """

    run(source, "-k", "library").stdout.fnmatch_lines(["*botocore/client.py:*", UNANSWERED])
    run(source, "-k", "all", "--full-trace").stdout.fnmatch_lines(["*client.py:*", UNANSWERED])


def test_the_debugger_starts_there_after_failed_assertions_and_rejected_calls(pytester):
    path = pytester.makepyfile(
        test_it="""
        import pytest

        @pytest.fixture
        def ts(datazone_ts):
            return datazone_ts

        def check(ts):
            ts.assert_posted(count=1)

        def test_assert_posted(ts):
            check(ts)

        def test_one(ts):
            ts.data_points.one()

        def test_index(ts):
            ts.calls[0]

        def test_inject(ts):
            ts.inject("Nonsense")
        """,
    )
    result = pytester.run(
        sys.executable, "-m", "pytest", "--pdb", path, stdin=b"continue\n" * 4, timeout=60
    )

    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(
        [
            "> *test_it.py(8)check()",
            "> *test_it.py(14)test_one()",
            "> *test_it.py(17)test_index()",
            "> *test_it.py(20)test_inject()",
        ]
    )
