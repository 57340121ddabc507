"""The plugin as pytest runs it: fixtures, marker, strictness, and what it leaves behind."""

from __future__ import annotations

import sys
from functools import partial
from importlib.metadata import entry_points, version
from pathlib import Path

import network
import pytest
from botocore.exceptions import ClientError
from sample import UTCNOW

import pytest_datazone_ts
from pytest_datazone_ts import DataZoneTimeSeries

PIPELINE = """
from datetime import datetime, timezone

import boto3

client = boto3.client("datazone", region_name="us-east-1")

def publish(client=client):
    form = {
        "formName": "completeness",
        "typeIdentifier": "amazon.datazone.CustomFormType",
        "timestamp": datetime(2024, 1, 1, tzinfo=timezone.utc),
    }
    return client.post_time_series_data_points(
        domainIdentifier="dzd_x", entityIdentifier="asset", entityType="ASSET", forms=[form]
    )

def swallow():
    try:
        client.list_domains()
    except Exception:
        pass
"""


@pytest.fixture
def run(run_pytest):
    """Run pytest in this process on a test file beside the pipeline."""
    return partial(run_pytest, pipeline=PIPELINE)


# What pytest shows, and what it costs


def test_it_is_an_entry_point_of_pytest():
    (entry_point,) = entry_points(group="pytest11", name="datazone_ts")

    assert entry_point.value == "pytest_datazone_ts.entry_point"


@pytest.mark.parametrize("disabled", ["", "1"], ids=["beside its entry point", "by name alone"])
@pytest.mark.parametrize("arguments", [(), ("-n", "1")], ids=["here", "xdist"])
@pytest.mark.parametrize("where", ["-p", "conftest", "module"])
def test_the_plugin_can_also_be_named_explicitly(pytester, monkeypatch, disabled, arguments, where):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", disabled)
    named = 'pytest_plugins = ["pytest_datazone_ts.plugin"]'
    pytester.makeconftest(named if where == "conftest" else "")
    test = "def test_it(datazone_ts): assert not datazone_ts.calls"
    pytester.makepyfile(f"{named if where == 'module' else ''}\n{test}")
    arguments = (
        *(("-p", "pytest_datazone_ts.plugin") if where == "-p" else ()),
        *(("-p", "xdist") if disabled and arguments else ()),
        *arguments,
    )
    result = pytester.runpytest_subprocess("-W", "error", *arguments)
    result.assert_outcomes(passed=1)
    assert "Traceback" not in result.stderr.str()


def test_pytest_shows_the_marker(run):
    run("", "--markers").stdout.fnmatch_lines(
        [
            (
                "@pytest.mark.datazone_ts(strict=True, unstubbed='error', retry_sleep='virtual', "
                "sleep='real', content_check='warn', sign=False, mock_aws=False): options of the "
                "datazone_ts fixture for this test; the closest marker wins."
            )
        ]
    )


def test_pytest_shows_the_fixtures(run):
    result = run("", "--fixtures", "-v")

    result.stdout.fnmatch_lines(
        [
            "datazone_ts -- *pytest_datazone_ts*plugin.py:*",
            "    An in-memory Amazon DataZone that answers every boto3 client in this test.",
            "    It records what is posted (``data_points``, ``calls``), and makes calls fail *",
            "datazone_ts_client -- *pytest_datazone_ts*plugin.py:*",
            "    A boto3 ``datazone`` client in us-east-1, answered by ``datazone_ts``.",
        ]
    )


def test_pytest_shows_the_ini_settings(run):
    result = run("", "--help")

    names = (
        *("strict", "unstubbed", "retry_sleep", "sleep", "content_check", "sign", "mock_aws"),
        *("stand_ins", "guard", "report_size"),
    )
    for name in names:
        result.stdout.fnmatch_lines([f"  datazone_ts_{name} (*)*"])


@pytest.mark.parametrize("guard", ["false", "true"])
def test_a_run_that_does_not_use_it_imports_nothing_heavy(pytester, monkeypatch, guard):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        """
        import gc
        import sys
        from pathlib import Path

        HEAVY = {"asyncio", "boto3", "botocore", "freezegun", "moto", "ssl", "urllib3"}

        def size(paths):
            return sum(Path(path).stat().st_size for path in paths)

        def check_little_is_loaded():
            import pytest_datazone_ts

            assert not HEAVY & {*sys.modules}
            classes = [each for each in gc.get_objects() if isinstance(each, type)]
            ours = [each for each in classes if each.__module__.startswith("pytest_datazone_ts")]
            names = {each.__name__ for each in ours if not issubclass(each, BaseException)}
            assert not names & {*pytest_datazone_ts.__all__}
            loaded = [
                module.__file__
                for name, module in sys.modules.items()
                if name.startswith("pytest_datazone_ts")
            ]
            package = Path(pytest_datazone_ts.__file__).parent
            assert size(loaded) < size(package.rglob("*.py")) / 5

        def test_unused(pytestconfig):
            assert pytestconfig.pluginmanager.has_plugin("datazone_ts")
            check_little_is_loaded()

            import pytest_datazone_ts

            assert {*pytest_datazone_ts.__all__} <= {*dir(pytest_datazone_ts)}

            from pytest_datazone_ts import faults

            assert faults.ThrottlingException
            check_little_is_loaded()
        """
    )
    # pytest's debugging plugin imports pdb, which imports asyncio from Python 3.14 on.
    result = pytester.runpytest_subprocess(
        *("-p", "datazone_ts", "-p", "no:debugging", "-o", f"datazone_ts_guard={guard}")
    )
    result.assert_outcomes(passed=1)


def test_the_package_has_its_public_names_and_no_others():
    for name in pytest_datazone_ts.__all__:
        assert getattr(pytest_datazone_ts, name).__name__.endswith(name)
    assert pytest_datazone_ts.__version__ == version("pytest-datazone-ts")
    with pytest.raises(AttributeError, match="module 'pytest_datazone_ts' has no attribute 'moto'"):
        _ = pytest_datazone_ts.moto


# The fixtures


@pytest.mark.parametrize("run", [1, 2])
def test_each_test_has_a_fresh_double(datazone_ts, datazone_ts_client, post, run):
    assert DataZoneTimeSeries.current() is datazone_ts
    assert not datazone_ts.data_points
    assert not datazone_ts.calls
    for _ in range(run):
        post(datazone_ts_client)
    assert len(datazone_ts.data_points) == run


def test_the_client_is_in_us_east_1(datazone_ts, datazone_ts_client, post, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    post(datazone_ts_client)
    assert datazone_ts_client.meta.region_name == "us-east-1"
    assert datazone_ts.data_points.one().region == "us-east-1"


@pytest.mark.parametrize("attempts", [1, 2])
def test_the_client_is_configured_as_in_this_test(request, monkeypatch, tmp_path, post, attempts):
    (tmp_path / "config").write_text(f"[default]\nretry_mode=standard\nmax_attempts={attempts}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"):
        monkeypatch.delenv(name, raising=False)
    client = request.getfixturevalue("datazone_ts_client")
    ts = DataZoneTimeSeries.current()
    ts.inject("ThrottlingException", times=None)

    with pytest.raises(ClientError):
        post(client)

    assert len(ts.calls.one().attempts) == attempts


def test_a_fixture_of_any_scope_can_hold_a_double(run):
    result = run(
        """
        import pytest
        from pipeline import publish
        from pytest_datazone_ts import DataZoneTimeSeries, mock_datazone_ts

        @pytest.fixture(scope="session")
        def whole_run():
            with mock_datazone_ts() as ts:
                yield ts

        def test_before():
            with pytest.raises(RuntimeError):
                DataZoneTimeSeries.current()

        def test_first(whole_run):
            publish()
            assert len(whole_run.data_points) == 1

        def test_inside(whole_run, datazone_ts):
            publish()
            assert len(datazone_ts.data_points) == len(whole_run.data_points) == 1

        def test_last(whole_run):
            publish()
            assert len(whole_run.data_points) == 2
        """
    )
    result.assert_outcomes(passed=4)


# Strictness


def test_strict_fails_a_passing_test_with_unused_injections_or_swallowed_errors(run):
    result = run(
        """
        import pytest
        from pipeline import publish, swallow

        def test_unused(datazone_ts):
            datazone_ts.inject("ConflictException", after=1)
            publish()

        def test_swallows(datazone_ts):
            swallow()

        @pytest.mark.datazone_ts(strict=False)
        def test_lenient(datazone_ts):
            datazone_ts.inject("ConflictException")
            swallow()

        def test_pays(datazone_ts):
            datazone_ts.inject("ThrottlingException", times=2)
            publish()
        """
    )
    result.assert_outcomes(passed=4, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_unused*",
            "datazone_ts: the test injected faults that were not used up:",
            "  test_it.py:5: ConflictException on PostTimeSeriesDataPoints,",
            "    used 0 of 1 times",
            "*ERROR at teardown of test_swallows*",
            "datazone_ts: the code under test swallowed errors that it should not handle:",
            "  pipeline.py:*: unhandled DataZone operation ListDomains.*",
            "ERROR *::test_unused - Failed: datazone_ts: the test injected*",
            "ERROR *::test_swallows - Failed: datazone_ts: the code under test*",
        ]
    )
    result.stdout.no_fnmatch_line("*During handling of the above exception*")
    result.stdout.no_fnmatch_line("*double.py*")


def test_strict_is_not_applied_to_a_test_that_does_not_pass(run):
    result = run(
        """
        import unittest

        import pytest
        from pipeline import swallow

        @pytest.fixture
        def injected(datazone_ts):
            datazone_ts.inject("ConflictException")
            swallow()

        @pytest.fixture
        def broken(injected):
            raise OSError

        def test_fails(injected):
            raise OSError

        def test_set_up_fails(broken): ...

        def test_skips(injected):
            pytest.skip("now")

        def test_fails_as_expected(injected):
            pytest.xfail("now")

        @pytest.mark.xfail(raises=OSError)
        def test_fails_as_marked(injected):
            raise OSError

        @pytest.mark.xfail(strict=True)
        def test_passes_against_its_mark(injected): ...

        @pytest.mark.usefixtures("injected")
        class TestCase(unittest.TestCase):
            def test_fails(self):
                self.fail("only once")

            def test_skips(self):
                self.skipTest("now")

            @unittest.expectedFailure
            def test_fails_as_expected(self):
                self.fail("as expected")
        """
    )
    result.assert_outcomes(failed=3, errors=1, skipped=2, xfailed=3)
    result.stdout.no_fnmatch_line("*ERROR at teardown*")


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest has subtests from 9.0")
def test_strict_is_applied_only_if_all_subtests_pass(run):
    result = run(
        """
        def test_one_fails(datazone_ts, subtests):
            datazone_ts.inject("ConflictException")
            with subtests.test():
                raise OSError
            with subtests.test():
                pass

        def test_all_pass(datazone_ts, subtests):
            datazone_ts.inject("ConflictException")
            with subtests.test():
                pass
        """
    )
    result.stdout.no_fnmatch_line("*ERROR at teardown of test_one_fails*")
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_all_pass*"])


def test_strict_is_not_applied_to_an_interrupted_test(run):
    result = run(
        """
        import pytest

        def test_stops(datazone_ts):
            datazone_ts.inject("ConflictException")
            pytest.exit("enough", returncode=7)
        """
    )
    assert result.ret == 7
    result.stdout.fnmatch_lines(["*Exit: enough*"])
    assert "not used up" not in result.stdout.str() + result.stderr.str()


def test_strict_is_applied_to_each_rerun_separately(run):
    result = run(
        """
        runs = []

        def test_fails_then_passes(datazone_ts):
            runs.append(0)
            datazone_ts.inject("ConflictException")
            assert len(runs) > 1

        def test_passes_twice(datazone_ts): ...
        """,
        conftest="""
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            runtestprotocol(item, log=False, nextitem=nextitem)
            item._initrequest()  # as plugins do that run a test again
        """,
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_fails_then_passes*"])


# A failing test shows the user's line and the message


def test_tracebacks_show_no_line_of_the_package(run):
    result = run(
        """
        from pipeline import publish
        from pytest_datazone_ts import mock_datazone_ts

        def test_one(datazone_ts):
            datazone_ts.data_points.one()

        def test_latest(datazone_ts):
            datazone_ts.calls.latest()

        def test_assert_posted(datazone_ts):
            datazone_ts.assert_posted()

        def test_assert_not_posted(datazone_ts):
            publish()
            datazone_ts.assert_not_posted()

        def test_with():
            with mock_datazone_ts() as ts:
                ts.inject("ConflictException")

        @mock_datazone_ts
        def test_decorated():
            raise OSError
        """
    )
    result.assert_outcomes(failed=6)
    result.stdout.fnmatch_lines(
        [
            ">       datazone_ts.data_points.one()",
            "E       AssertionError: expected exactly one data point, found none",
            "test_it.py:5: AssertionError",
            ">       datazone_ts.calls.latest()",
            "E       AssertionError: expected at least one call, found none",
            "test_it.py:8: AssertionError",
            ">       datazone_ts.assert_posted()",
            "E       AssertionError: expected a data point to have been posted",
            "test_it.py:11: AssertionError",
            ">       datazone_ts.assert_not_posted()",
            "E       AssertionError: expected no data point to have been posted",
            "test_it.py:15: AssertionError",
            ">       with mock_datazone_ts() as ts:",
            "E       AssertionError: datazone_ts: the test injected faults that were not used up:",
            "test_it.py:18: AssertionError",
            ">       raise OSError",
            "test_it.py:23: OSError",
        ]
    )
    for module in ("double", "records", "plugin", "hook"):
        result.stdout.no_fnmatch_line(f"*{module}.py*")


# Ways of running


def test_two_runs_in_one_process_record_a_call_once_each(run):
    source = """
        from pipeline import publish

        def test_publishes(datazone_ts, datazone_ts_client):
            publish()
            publish(datazone_ts_client)
            assert len(datazone_ts.calls) == len(datazone_ts.data_points) == 2
        """
    for _ in range(2):
        run(source).assert_outcomes(passed=1)


def test_it_works_with_xdist(pytester):
    pytest.importorskip("xdist")
    pytester.makepyfile(
        pipeline=PIPELINE,
        test_publishing="""
        import pytest
        from pipeline import publish

        @pytest.mark.parametrize("number", range(4))
        def test_publishes(datazone_ts, number):
            publish()
            assert len(datazone_ts.data_points) == 1
            if number == 3:
                datazone_ts.inject("ConflictException")
        """,
    )
    pytester.makeini("[pytest]\ndatazone_ts_stand_ins = true\n")
    result = pytester.runpytest_subprocess("-n", "2", "-W", "error")

    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_publishes[[]3]*"])


def test_it_can_be_switched_off(pytester):
    pytester.makepyfile(
        """
        import sys

        def test_without():
            assert not [name for name in sys.modules if name.startswith("pytest_datazone_ts")]

        def test_with(datazone_ts): ...
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:datazone_ts")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E       fixture 'datazone_ts' not found"])


def test_sessions_and_clients_made_before_the_plugin_was_loaded_are_answered(pytester):
    pytester.makepyfile(
        pipeline=PIPELINE,
        early="""
        import sys
        import boto3
        import botocore.session

        assert "pytest_datazone_ts" not in sys.modules
        session = botocore.session.Session()
        client = session.create_client("datazone", region_name="us-east-1")
        boto3.setup_default_session()
        """,
        test_early="""
        import early
        import pipeline  # through boto3's default session

        def test_older(datazone_ts):
            pipeline.publish()
            pipeline.publish(early.client)
            pipeline.publish(early.session.create_client("datazone", region_name="us-west-2"))
            assert [call.region for call in datazone_ts.calls] == [
                "us-east-1", "us-east-1", "us-west-2"
            ]
        """,
    )
    pytester.syspathinsert()
    pytester.runpytest_subprocess("-p", "early").assert_outcomes(passed=1)


LEFTOVERS = """
import gc
import os
import socket
import sys
import threading

import pipeline
from network import answer

def from_elsewhere(request, **_):
    return answer(request, body=b'{"domainId": "from elsewhere"}')

def names():
    modules = {
        (module, name): value
        for module in [*sys.modules]
        if module.partition(".")[0] in {"asyncio", "boto3", "botocore", "time", "urllib3"}
        for name, value in vars(sys.modules[module]).items()
    }
    attributes = {
        (owner, name): value
        for owner in {value for value in modules.values() if isinstance(value, type)}
        for name, value in vars(owner).items()
    }
    return {**modules, **attributes}

def effects():
    return {
        "environment": {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
        "threads": threading.enumerate(),
        "sockets": sum(issubclass(type(item), socket.socket) for item in gc.get_objects()),
    }

def pytest_sessionstart(session):
    pipeline.client.meta.events.register_last("before-send.datazone", from_elsewhere)
    pipeline.publish()  # what botocore itself sets up at a first call
    session.names, session.effects = names(), effects()

def pytest_sessionfinish(session):
    after = names()
    print()
    print("patched:", [key for key, value in session.names.items() if after.get(key) != value])
    print("effects:", [key for key, value in effects().items() if session.effects[key] != value])
    print("answered:", pipeline.publish()["domainId"])
"""


@pytest.mark.usefixtures("machine_with_keys")
def test_a_run_leaves_nothing_behind(pytester):
    pytester.makeconftest(LEFTOVERS)
    pytester.makepyfile(
        network=Path(network.__file__).read_text("utf-8"),
        pipeline=PIPELINE,
        test_publishing="""
        from pipeline import publish
        from pytest_datazone_ts import mock_datazone_ts

        def test_publishes(datazone_ts, datazone_ts_client):
            datazone_ts.inject("ThrottlingException")
            datazone_ts.inject("ReadTimeout")
            publish()
            publish(datazone_ts_client)
            assert datazone_ts.sleeps

        @mock_datazone_ts
        def test_decorated():
            publish()
        """,
    )
    warnings = ("-W", "error", "-W", UTCNOW)
    result = pytester.run(sys.executable, "-X", "dev", *warnings, "-m", "pytest", "-s", *warnings)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["patched: []", "effects: []", "answered: from elsewhere"])
    assert not result.stderr.str()


# Stand-ins for a bare machine

PROBE = """
import atexit
import os

before = dict(os.environ)

@atexit.register
def compare():
    changes = {*before.items()} ^ {*os.environ.items()}
    print("changed:", [name for name, _ in changes if not name.startswith("PYTEST_")])
"""
AT_IMPORT = """
import boto3

client = boto3.client("datazone")
"""


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize(
    ("conftest", "disabled"),
    [("import at_import", ""), ('pytest_plugins = ["pytest_datazone_ts.plugin"]', "1")],
    ids=["by its entry point", "by a conftest"],
)
def test_with_stand_ins_a_client_can_be_made_at_import(pytester, monkeypatch, conftest, disabled):
    """However pytest loads the plugin."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", disabled)
    monkeypatch.setenv("AWS_PROFILE", "missing")
    pytester.makeini("[pytest]\ndatazone_ts_stand_ins = true\n")
    pytester.makeconftest(conftest)
    pytester.makepyfile(
        probe=PROBE,
        at_import=AT_IMPORT,
        test_it="""
        import os
        from at_import import client

        def test_loads(datazone_ts):
            client.list_time_series_data_points(
                domainIdentifier="dzd_x", entityIdentifier="asset", entityType="ASSET",
                formName="f",
            )
            assert datazone_ts.calls.one().region == client.meta.region_name == "us-east-1"

        def test_environment():
            assert {name: value for name, value in os.environ.items() if name[:4] == "AWS_"} == {
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "stand-in",
                "AWS_SECRET_ACCESS_KEY": "stand-in",
            }
        """,
    )
    result = pytester.runpytest_subprocess("-p", "probe")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["changed: []"])


HINT = (
    "E   datazone_ts: a client was created while pytest collected the tests, and no region is "
    "configured here. Set datazone_ts_stand_ins = true in pytest's configuration file to use "
    "stand-ins for a missing region and missing credentials."
)


@pytest.mark.usefixtures("bare_machine")
def test_without_stand_ins_a_client_cannot_be_made_at_import(pytester, monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")  # botocore would wait for it
    pytester.makepyfile(AT_IMPORT)
    result = pytester.runpytest_inprocess()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["E   botocore.exceptions.NoRegionError: You must specify a region.", HINT],
        consecutive=True,
    )


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize("folder", ["tests", "deeper/tests"])
def test_a_conftest_that_creates_a_client_shows_the_hint(pytester, monkeypatch, folder):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    path = pytester.path / folder
    path.mkdir(parents=True)
    (path / "conftest.py").write_text(AT_IMPORT)
    (path / "test_it.py").write_text("def test_it(): pass")

    result = pytester.runpytest_subprocess()

    assert result.ret in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERRUPTED}
    shown = result.stdout.str() + result.stderr.str()
    assert f"NoRegionError: You must specify a region.\n{HINT}" in shown


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize(
    "handler",
    [
        'raise RuntimeError("cannot start") from error',
        'raise ImportError("cannot start") from error',
        'raise RuntimeError("cannot start") from None',
        pytest.param(
            'errors = [error]\nraise ExceptionGroup("cannot start", errors)',
            marks=pytest.mark.skipif(sys.version_info < (3, 11), reason="new in Python 3.11"),
        ),
    ],
)
def test_the_hint_is_shown_however_a_module_raises_the_error(pytester, monkeypatch, handler):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    pytester.makepyfile(
        at_import=AT_IMPORT,
        test_it=f"try:\n    import at_import\nexcept Exception as error:\n    {handler}",
    )
    result = pytester.runpytest_inprocess()

    result.assert_outcomes(errors=1)
    assert result.stdout.str().count(HINT.removeprefix("E   ")) == 1


@pytest.mark.usefixtures("bare_machine")
def test_the_hint_is_shown_once_in_an_error_that_two_modules_raise(pytester, monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    pytester.makepyfile(
        at_import="""
        import boto3

        try:
            boto3.client("datazone")
        except Exception as raised:
            error = raised
        """,
        test_it="import at_import\nraise at_import.error",
        test_that="import at_import\nraise at_import.error",
    )
    result = pytester.runpytest_inprocess()

    result.assert_outcomes(errors=2)
    assert result.stdout.str().count(HINT) == 2


@pytest.mark.usefixtures("bare_machine")
def test_other_errors_show_no_hint(pytester):
    pytester.makepyfile(test_it="raise ValueError('no region')", test_that="import botocore; 1 / 0")
    pytester.makeconftest("import botocore.exceptions")

    result = pytester.runpytest_inprocess()

    result.assert_outcomes(errors=2)
    result.stdout.no_fnmatch_line("*stand_ins*")


def test_stand_ins_change_nothing_if_everything_is_configured(pytester, monkeypatch, bare_machine):
    monkeypatch.setenv("HOME", str(bare_machine.parent))  # pytester has another
    monkeypatch.setenv("AWS_PROFILE", "work")
    (bare_machine / "config").write_text("[profile work]\nregion = eu-west-1\n")
    (bare_machine / "credentials").write_text(
        "[work]\naws_access_key_id = a\naws_secret_access_key = b\n"
    )
    pytester.makepyfile(
        at_import=AT_IMPORT,
        test_it="""
        import os
        from at_import import client

        def test_environment():
            assert client.meta.region_name == "eu-west-1"
            assert {name: value for name, value in os.environ.items() if name[:4] == "AWS_"} == {
                "AWS_PROFILE": "work"
            }
        """,
    )
    pytester.makeini("[pytest]\ndatazone_ts_stand_ins = true\n")
    pytester.runpytest_inprocess().assert_outcomes(passed=1)
