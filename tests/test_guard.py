"""Calls that no double answers: what ``guard`` blocks, and what goes past moto."""

from __future__ import annotations

import textwrap
from pathlib import Path

import network
import pytest
from sample import UTCNOW

PIPELINE = """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    def client(**keywords):
        return boto3.client(
            "datazone",
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(retries={"total_max_attempts": 1}),
            **keywords,
        )

    def publish(**keywords):
        client(**keywords).post_time_series_data_points(
            domainIdentifier="dzd_5oo7xzoqltu8mf",
            entityIdentifier="4wyh64k2n8czaf",
            entityType="ASSET",
            forms=[{"formName": "f", "typeIdentifier": "t", "timestamp": 1704067200}],
        )

    def publish_and_hide(**keywords):
        try:
            publish(**keywords)
        except Exception:
            pass
"""
CONFTEST = """
    import pytest
    from botocore.httpsession import URLLib3Session
    from network import answer

    @pytest.fixture(scope="session", autouse=True)
    def network():
        reached = []

        def send(session, request):
            reached.append(request.url)
            return answer(request)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(URLLib3Session, "send", send)
            yield reached
"""
BLOCKED = (
    "PostTimeSeriesDataPoints was about to go to https://datazone.us-east-1.api.aws while no "
    "double is active: the ini setting datazone_ts_guard blocked it. Add the fixture datazone_ts "
    "to the test, or wrap the code in mock_datazone_ts()."
)
HIDDEN = (
    "datazone_ts: the test called DataZone while no double was active, and the code under test "
    "swallowed the error:"
)
HIDDEN_AT_IMPORT = (
    "datazone_ts: test_it.py called DataZone while it was collected, and swallowed the error:"
)


@pytest.fixture
def run(pytester, run_pytest):
    """Run a test module with the module ``pipeline`` and a network that only records requests.

    Use ``in_subprocess`` if a call is made before or after the tests: in this process, it would
    count as a call of the test that starts the run.
    """
    beside = {"network": Path(network.__file__).read_text("utf-8"), "pipeline": PIPELINE}

    def run(module, *arguments, in_subprocess=False, **ini):
        settings = "".join(f"{name} = {value}\n" for name, value in ini.items())
        pytester.makeini(f"[pytest]\nfilterwarnings =\n  error\n  {UTCNOW}\n{settings}")
        return run_pytest(
            module, *arguments, in_subprocess=in_subprocess, conftest=CONFTEST, **beside
        )

    return run


def line_of(text, module=PIPELINE):
    lines = textwrap.dedent(module).strip().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


MODULE = """
    import pytest
    from pytest_datazone_ts import DataZoneBlockedError, mock_datazone_ts
    from pipeline import client, publish, publish_and_hide

    def test_seen():
        publish()

    def test_hidden():
        publish_and_hide()
        publish_and_hide()

    def test_hidden_and_failed():
        publish_and_hide()
        assert 0

    @pytest.fixture
    def seed():
        publish_and_hide()

    def test_hidden_in_set_up(seed):
        pass

    def test_expected():
        with pytest.raises(DataZoneBlockedError):
            publish()

    def test_expected_of_the_others():
        datazone = client()
        series = {
            "domainIdentifier": "dzd_5oo7xzoqltu8mf",
            "entityIdentifier": "4wyh64k2n8czaf",
            "entityType": "ASSET",
            "formName": "f",
        }
        with pytest.raises(DataZoneBlockedError):
            datazone.list_time_series_data_points(**series)
        with pytest.raises(DataZoneBlockedError):
            datazone.get_time_series_data_point(**series, identifier="9zfkfw98b9757k")
        with pytest.raises(DataZoneBlockedError):
            datazone.delete_time_series_data_points(**series)

    def test_own_endpoint():
        publish(endpoint_url="http://127.0.0.1:9")

    def test_nothing_of_an_earlier_test_is_blamed_on_this_one(network):
        assert network == []

    def test_another_operation(network):
        client().get_domain(identifier="dzd_5oo7xzoqltu8mf")
        assert network.pop() == "https://datazone.us-east-1.api.aws/v2/domains/dzd_5oo7xzoqltu8mf"

    def test_with_the_fixture(datazone_ts):
        publish()

    @mock_datazone_ts
    def test_decorated():
        publish()
"""


def test_a_guarded_call_is_not_sent_and_fails_the_test(run):
    result = run(MODULE, "--tb=short", "-rfE", datazone_ts_guard="true")
    result.assert_outcomes(passed=4, failed=6, errors=1)
    where = f"pipeline.py:{line_of('client(**keywords).post_time_series')}: "
    result.stdout.fnmatch_lines(
        [
            f"E   pytest_datazone_ts.*DataZoneBlockedError: {BLOCKED}",
            HIDDEN,
            f"  {where}{BLOCKED}",
        ]
    )
    assert result.stdout.str().count(f"  {where}{BLOCKED}") == 3  # each line once a test
    assert BLOCKED.replace("https://datazone.us-east-1.api.aws", "http://127.0.0.1:9") in (
        result.stdout.str()
    )


def test_under_xdist_and_in_junits_file_it_is_the_same(run, pytester):
    module = """
        from pipeline import publish_and_hide

        def test_hidden():
            publish_and_hide()
    """
    result = run(module, "-n1", "--junitxml=it.xml", datazone_ts_guard="true")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([HIDDEN, f"  pipeline.py:*: {BLOCKED}"])
    assert BLOCKED in (pytester.path / "it.xml").read_text()


def test_a_call_that_a_module_hides_at_its_import_fails_the_module(run):
    """Not the first test that runs after it."""
    source = """
        from pipeline import publish_and_hide

        publish_and_hide()

        def test(): ...
    """
    result = run(source, in_subprocess=True, datazone_ts_guard="true")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR collecting test_it.py*",
            HIDDEN_AT_IMPORT,
            f"  pipeline.py:16: {BLOCKED}",
        ],
        consecutive=True,
    )


def test_a_run_within_a_run_ends_no_guard_but_its_own(run):
    source = """
        from pipeline import publish_and_hide

        def test_it(pytester):
            pytester.makeini("[pytest]\\ndatazone_ts_guard = true")
            pytester.makepyfile(test_within="def test(): ...")
            pytester.runpytest_inprocess().assert_outcomes(passed=1)
            publish_and_hide()
    """
    result = run(source, "-p", "pytester", datazone_ts_guard="true")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([HIDDEN, f"  *pipeline.py:*: {BLOCKED}"])


def test_without_guard_the_call_is_sent(run):
    module = """
        from pipeline import publish

        def test_it(network):
            publish()
            assert len(network) == 1
    """
    run(module).assert_outcomes(passed=1)


def test_a_run_within_a_run_leaves_no_guard(run):
    module = """
        import pytest
        from botocore.session import Session
        from pipeline import publish

        pytest_plugins = ["pytester"]

        def test_it(pytester, network):
            before = dict(vars(Session))
            pytester.makeini("[pytest]\\ndatazone_ts_guard = true")
            pytester.makepyfile(test_inner="def test_inner(): pass")
            pytester.runpytest_inprocess().assert_outcomes(passed=1)
            assert dict(vars(Session)) == before
            publish()
            assert len(network) == 1
    """
    run(module).assert_outcomes(passed=1)


def test_the_guard_lasts_until_the_process_ends(run):
    """What is registered with atexit, and threads that outlive the run, reach nothing either."""
    module = """
        import atexit, threading, time
        from pipeline import publish

        def late(name):
            try:
                publish()
            except Exception as error:
                print(name, type(error).__name__, flush=True)

        def after_the_run():
            threading.main_thread().join()
            late("thread")

        def test_it():
            atexit.register(late, "atexit")
            threading.Thread(target=after_the_run).start()
    """
    result = run(module, in_subprocess=True, datazone_ts_guard="true")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines_random(
        ["thread DataZoneBlockedError", "atexit DataZoneBlockedError"]
    )


def test_a_second_run_of_the_process_has_a_guard_only_if_it_says_so(pytester):
    pytester.makepyfile(
        test_it="def test_it(): pass",
        twice="""
            import sys, pytest
            from pytest_datazone_ts.transport import guard

            states = []
            for setting in ("true", "false"):
                pytest.main(["-p", "no:cacheprovider", "-o", f"datazone_ts_guard={setting}"])
                states.append(guard.is_guarding())
            print(states)
        """,
    )
    pytester.runpython("twice.py").stdout.fnmatch_lines(["[[]True, False]"])


@pytest.mark.parametrize("ends", ['pytest.skip("later")', 'pytest.xfail("known")', "assert False"])
def test_a_test_that_hides_a_call_and_then_skips_or_xfails_fails(run, ends):
    module = f"""
        import pytest
        from pipeline import publish_and_hide

        def test_it():
            publish_and_hide()
            {ends}
    """
    result = run(module, datazone_ts_guard="true")
    result.assert_outcomes(failed=1)
    if "assert" not in ends:
        result.stdout.fnmatch_lines([HIDDEN, f"  *pipeline.py:*: {BLOCKED}"])


def test_a_marked_xfail_that_hides_a_call_fails(run, pytester):
    module = """
        import pytest
        from pipeline import publish_and_hide

        @pytest.mark.xfail
        def test_it():
            publish_and_hide()
            assert False
    """
    result = run(module, "--junitxml=it.xml", datazone_ts_guard="true")
    result.assert_outcomes(failed=1)
    assert 'failures="1"' in (pytester.path / "it.xml").read_text()


BLOCKED_AT_THE_END = "*= datazone_ts: calls to DataZone were blocked =*"


@pytest.mark.parametrize("processes", [(), ("-n1",)])
def test_a_call_at_the_end_of_the_session_fails_the_run(run, pytester, processes):
    module = """
        def test_it(): pass
    """
    plugin = """
        import pytest
        from pipeline import publish_and_hide

        @pytest.hookimpl(trylast=True)
        def pytest_sessionfinish():
            publish_and_hide()
    """
    pytester.makepyfile(late=plugin)
    result = run(module, "-p", "late", *processes, in_subprocess=True, datazone_ts_guard="true")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([BLOCKED_AT_THE_END, f"  *pipeline.py:*: {BLOCKED}"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_run_that_has_failed_already_shows_such_a_call_too(run, pytester):
    plugin = """
        from pipeline import publish_and_hide

        def pytest_sessionfinish():
            publish_and_hide()
    """
    pytester.makepyfile(late=plugin)
    result = run(
        "def test_it(): assert 0", "-p", "late", in_subprocess=True, datazone_ts_guard="true"
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([BLOCKED_AT_THE_END])


def test_without_a_terminal_such_a_call_fails_the_run_all_the_same(run, pytester):
    plugin = """
        from pipeline import publish_and_hide

        def pytest_sessionfinish():
            publish_and_hide()
    """
    pytester.makepyfile(late=plugin)
    arguments = ("-p", "late", "-p", "no:terminal")
    result = run("def test_it(): pass", *arguments, in_subprocess=True, datazone_ts_guard="true")
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_thread_belongs_to_the_test_that_started_it(run):
    module = """
        import threading
        from pipeline import publish_and_hide

        go, done = threading.Event(), threading.Event()

        def work():
            go.wait()
            publish_and_hide()
            done.set()

        def test_that_leaves_a_thread():
            threading.Thread(target=work, name="worker").start()

        def test_between(): ...

        def test_next():
            go.set()
            done.wait()
    """
    result = run(module, datazone_ts_guard="true")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            BLOCKED_AT_THE_END,
            f"  test_it.py::test_that_leaves_a_thread: *pipeline.py:* in thread '*': {BLOCKED}",
        ]
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_thread_of_the_running_test_fails_it(run):
    module = """
        import threading
        from pipeline import publish_and_hide

        def test_it():
            thread = threading.Thread(target=publish_and_hide, name="worker")
            thread.start()
            thread.join()
    """
    result = run(module, datazone_ts_guard="true")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([HIDDEN, f"  *pipeline.py:* in thread 'worker': {BLOCKED}"])


def test_a_conftest_that_calls_at_import_fails_the_run(run, pytester):
    pytester.makepyfile(
        early="""
            from pipeline import publish_and_hide
            publish_and_hide()
        """
    )
    result = run(
        "def test_it(): pass",
        "-p",
        "pipeline",
        "-p",
        "no:early",
        in_subprocess=True,
        datazone_ts_guard="true",
    )
    result.assert_outcomes(passed=1)
    folder = pytester.mkdir("tests")
    (folder / "conftest.py").write_text("import early")
    (folder / "test_below.py").write_text("def test_it(): pass")
    result = run("def test_it(): pass", "tests", in_subprocess=True, datazone_ts_guard="true")
    result.stdout.fnmatch_lines(["datazone_ts: * called DataZone while it was collected, *"])
    assert result.ret != pytest.ExitCode.OK


def test_a_client_that_is_older_than_the_plugin_is_blocked(run, pytester):
    pytester.makepyfile(older="import pipeline; CLIENT = pipeline.client()")
    module = """
        from older import CLIENT

        def test_it():
            CLIENT.list_time_series_data_points(
                domainIdentifier="dzd_5oo7xzoqltu8mf", entityIdentifier="a",
                entityType="ASSET", formName="f",
            )
    """
    result = run(module, "-p", "older", in_subprocess=True, datazone_ts_guard="true")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *DataZoneBlockedError: ListTimeSeriesDataPoints was about *"])


def test_a_call_at_the_end_of_a_workers_session_fails_the_run(run, pytester):
    pytest.importorskip("xdist")
    pytester.makepyfile(
        late="""
        def pytest_sessionfinish(session):
            if hasattr(session.config, "workerinput"):
                from pipeline import publish_and_hide

                publish_and_hide()
        """
    )
    arguments = ("-n", "1", "-p", "late")
    result = run("def test_it(): pass", *arguments, in_subprocess=True, datazone_ts_guard="true")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*datazone_ts: calls to DataZone were blocked*", f"*{BLOCKED}"])


@pytest.mark.usefixtures("bare_machine")
def test_a_session_that_is_older_than_the_plugin_queries_no_metadata_service(
    run, pytester, monkeypatch
):
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    pytester.makepyfile(older="import boto3; SESSION = boto3.Session(region_name='us-east-1')")
    module = """
        from older import SESSION

        def test_it(network):
            SESSION.client("datazone")
            assert not network
    """
    result = run(module, "-p", "older", in_subprocess=True, datazone_ts_guard="true")
    result.assert_outcomes(passed=1)


def test_a_conftest_can_load_the_plugin_with_its_guard(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\ndatazone_ts_guard = true\n")
    pytester.makeconftest('pytest_plugins = ["pytest_datazone_ts.plugin"]')
    pytester.makepyfile(pipeline=PIPELINE)
    pytester.makepyfile("from pipeline import publish\n\ndef test_it(): publish()")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *DataZoneBlockedError: PostTimeSeriesDataPoints was about *"])


BARE = """
    import asyncio
    import boto3
    import pytest
    import urllib3
    from pytest_datazone_ts import DataZoneBlockedError

    POINT = {
        "domainIdentifier": "dzd_5oo7xzoqltu8mf", "entityIdentifier": "a", "entityType": "ASSET",
        "forms": [{"formName": "f", "typeIdentifier": "t", "timestamp": 1704067200}],
    }

    @pytest.fixture(autouse=True)
    def no_network(monkeypatch):
        def refuse(*_, **__):
            raise AssertionError("the network was reached")
        monkeypatch.setattr("socket.socket.connect", refuse)

    def test_sync():
        with pytest.raises(DataZoneBlockedError):
            boto3.client("datazone").post_time_series_data_points(**POINT)

    def test_async():
        session = pytest.importorskip("aiobotocore.session")

        async def main():
            async with session.get_session().create_client("datazone") as client:
                with pytest.raises(DataZoneBlockedError):
                    await client.post_time_series_data_points(**POINT)

        asyncio.run(main())

    def test_the_stubber_still_answers():
        from botocore.stub import Stubber
        client = boto3.client("datazone")
        with Stubber(client) as stubber:
            stubber.add_response("post_time_series_data_points", {})
            client.post_time_series_data_points(**POINT)
"""


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize("profile", ["", "gone"])
def test_on_a_bare_machine_a_call_is_blocked_before_credentials_are_looked_for(
    monkeypatch, pytester, profile
):
    if profile:
        monkeypatch.setenv("AWS_PROFILE", profile)
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    pytester.makeini("[pytest]\ndatazone_ts_guard = true")
    pytester.makepyfile(BARE)
    result = pytester.runpytest_subprocess()
    # Those whose call was blocked fail, although they expected it.
    outcomes = result.parseoutcomes()
    assert outcomes.pop("passed") == 1
    assert outcomes.pop("failed") + outcomes.pop("skipped", 0) == 2
    assert not outcomes
    result.stdout.fnmatch_lines([HIDDEN, f"  test_*.py:*: {BLOCKED}"])
    assert not result.stdout.str().count("the network was reached")


LIST = """
            client.list_time_series_data_points(
                domainIdentifier="dzd_5oo7xzoqltu8mf", entityIdentifier="a",
                entityType="ASSET", formName="f",
            )
"""


def test_a_call_is_blocked_before_it_is_signed(run):
    module = f"""
        import pipeline

        def sign(**_):
            raise LookupError("it was signed")

        def test_it():
            client = pipeline.client()
            client.meta.events.register("before-sign.datazone", sign)
            {LIST.strip()}
    """
    result = run(module, datazone_ts_guard="true")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *DataZoneBlockedError: ListTimeSeriesDataPoints was about *"])


def test_a_handler_of_the_test_may_answer_before_it_is_blocked(run):
    module = f"""
        import pipeline
        from botocore.awsrequest import AWSResponse

        def answer(**_):
            return AWSResponse("", 200, {{}}, None), {{"items": []}}

        def test_it():
            client = pipeline.client()
            client.meta.events.register("before-call.datazone", answer)
            {LIST.strip()}
    """
    run(module, datazone_ts_guard="true").assert_outcomes(passed=1)


def test_a_password_in_the_endpoint_is_not_shown(run):
    module = """
        from pipeline import publish

        def test_it():
            publish(endpoint_url="http://user:PASS0@127.0.0.1:9")
    """
    result = run(module, "--tb=line", datazone_ts_guard="true")
    result.stdout.fnmatch_lines(["*DataZoneBlockedError: * about to go to http://127.0.0.1:9 *"])
    result.stdout.no_fnmatch_line("*PASS0*")


@pytest.mark.parametrize("option", ["--setup-only", "--setup-plan"])
def test_a_run_that_only_sets_up(run, option):
    """The fixtures of a test are set up with the former option, and no test runs with either."""
    module = """
        import pytest
        from pipeline import publish_and_hide

        @pytest.fixture
        def injected(datazone_ts):
            datazone_ts.inject("ThrottlingException")

        @pytest.fixture
        def seed():
            publish_and_hide()

        def test_it(injected): assert 0
        def test_hidden(seed): assert 0
    """
    result = run(module, option, datazone_ts_guard="true")

    if option == "--setup-plan":
        assert result.ret == pytest.ExitCode.OK
        result.stdout.no_fnmatch_line(HIDDEN)
    else:
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["*ERROR at setup of test_hidden*", HIDDEN])


def test_a_wrong_setting_is_an_error(run):
    result = run("def test_it(): pass", in_subprocess=True, datazone_ts_guard="perhaps")
    result.stderr.fnmatch_lines(
        ["ERROR: the ini setting datazone_ts_guard: invalid truth value 'perhaps'"]
    )


MOTO = """
    import boto3
    import warnings
    from moto import mock_aws
    from pytest_datazone_ts import DataZonePassthroughWarning, mock_datazone_ts
    from pipeline import client, publish

    @mock_aws
    def test_past_moto(network):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DataZonePassthroughWarning)
            publish()
        (warning,) = caught
        assert len(network) == 1
        assert warning.category is DataZonePassthroughWarning
        assert warning.filename.endswith("pipeline.py")
        assert warning.lineno == LINE
        assert str(warning.message) == (
            "test_it.py::test_past_moto: the DataZone call PostTimeSeriesDataPoints goes to "
            "https://datazone.us-east-1.api.aws. moto's mock_aws is active, but moto has no "
            "DataZone. Add the fixture datazone_ts to the test, or wrap the code in "
            "mock_datazone_ts()."
        )

    @mock_aws
    def test_answered(network, datazone_ts):
        publish()

    @mock_aws
    def test_asked_for():
        with mock_datazone_ts(unstubbed="passthrough"):
            client().get_domain(identifier="dzd_5oo7xzoqltu8mf")

    @mock_aws
    def test_moto_answers_itself():
        try:
            publish(endpoint_url="https://datazone.us-east-1.amazonaws.com")
        except Exception as error:
            assert not isinstance(error, Warning)
            assert "mock" in str(error) or "404" in str(error), error

    def test_moto_is_over(network):
        del network[:]
        publish()
        assert len(network) == 1
"""


def test_a_call_past_moto_warns_and_names_the_test_and_the_fixture(run):
    line = line_of("client(**keywords).post_time_series")
    run(MOTO.replace("LINE", str(line))).assert_outcomes(passed=5)


def test_outside_a_test_the_warning_names_none(run):
    module = """
        import warnings
        from moto import mock_aws
        from pytest_datazone_ts import DataZonePassthroughWarning
        from pipeline import publish

        with mock_aws(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DataZonePassthroughWarning)
            try:
                publish(endpoint_url="http://127.0.0.1:9")
            except Exception:
                pass

        def test_it():
            assert str(caught[0].message).startswith(
                "the DataZone call PostTimeSeriesDataPoints goes to http://127.0.0.1:9. moto's "
            )
    """
    run(module).assert_outcomes(passed=1)
