"""The pytest plugin: options, the marker and fixtures. Slow imports are inside functions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

# Importing interception intercepts every botocore session that is created from now on.
from pytest_datazone_ts import guarded_run, interception, trace  # noqa: F401
from pytest_datazone_ts.options import INI_SETTINGS, NAMES, Options, run_options, set_run_options

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from botocore.client import BaseClient
    from botocore.loaders import Loader

    from pytest_datazone_ts.double import DataZoneTimeSeries
    from pytest_datazone_ts.sweep_report import SweepReport
    from pytest_datazone_ts.transport.server import DataZoneServer

_STAND_INS = pytest.StashKey[bool]()
_GUARD = pytest.StashKey[bool]()
_BLOCKED = "datazone_ts_blocked"
_OUTCOMES = pytest.StashKey[set[str]]()

_MARKER = (
    f"datazone_ts({', '.join(f'{name}={INI_SETTINGS[name].default!r}' for name in NAMES)}): "
    "options of the datazone_ts fixture for this test; the closest marker wins."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option and the ini settings."""
    parser.getgroup("datazone_ts", "Amazon DataZone").addoption(
        "--datazone-ts-report",
        metavar="FILE",
        help="write one HTML page that shows what the run posted to Amazon DataZone's double",
    )
    for name, each in INI_SETTINGS.items():
        keywords: Any = {"type": "bool"} if isinstance(each.default, bool) else {}
        help_text = f"datazone_ts: {each.meaning}"
        parser.addini(f"datazone_ts_{name}", help_text, default=each.default, **keywords)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, None]:
    """Start the guard and set the stand-ins before a conftest creates a client."""
    _start_guard(early_config)
    _set_stand_ins(early_config)
    outcome = yield
    if outcome.excinfo is not None and not early_config.stash[_STAND_INS]:
        from pytest_datazone_ts import hint  # noqa: PLC0415 - keeps start-up fast

        hint.add_to(outcome.excinfo[1])


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and read the ini settings, as an invalid one stops the run."""
    config.addinivalue_line("markers", _MARKER)
    try:
        config.add_cleanup(set_run_options(_ini_options(config)))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    _start_guard(config)  # if a conftest loads the plugin
    _set_stand_ins(config)
    file = config.getoption("datazone_ts_report", None)  # a test module may load the plugin late
    if file is not None:
        from pytest_datazone_ts.reporting.html import run  # noqa: PLC0415 - for the report only

        run.install(config, file, _ini(config, "report_size"))


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a parametrized test after its fault."""
    faults = sys.modules.get("pytest_datazone_ts.faults")
    return repr(val) if faults is not None and isinstance(val, faults.Fault) else None


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, None]:
    """Fail a module that swallowed the error of a blocked call, which no test can report."""
    outcome = yield
    report: pytest.CollectReport = outcome.get_result()
    blocked = guarded_run.take_blocked(None)
    if blocked or report.failed:
        from pytest_datazone_ts import reports  # noqa: PLC0415 - keeps start-up fast

        has_stand_ins = collector.config.stash.get(_STAND_INS, False)
        reports.complete_collect_report(report, collector, blocked, has_stand_ins=has_stand_ins)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, None, None]:
    """Trace the test's doubles, from its setup to its teardown."""
    outer_trace = trace.begin(None)
    outer_test = guarded_run.begin_test(guarded_run.RunningTest(item.nodeid))
    yield
    trace.begin(outer_trace)
    guarded_run.end_test(outer_test)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin a new trace here, because a plugin may set up a test more than once."""
    trace.begin(trace.Trace())
    fixtures = {"datazone_ts", "datazone_ts_sweep"}.intersection(getattr(item, "fixturenames", ()))
    if fixtures:
        sweeps = "datazone_ts" not in fixtures
        guarded_run.require_double(lambda: _options(item).unstubbed == "passthrough", sweeps=sweeps)


@pytest.hookimpl(specname="pytest_runtest_makereport")
def pytest_end_at_users_line(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Hide the frames below the user's line; errors of unittest tests reach only this hook."""
    # If its module is not loaded, this package has raised no error of its own.
    if call.excinfo is not None and "pytest_datazone_ts.errors" in sys.modules:
        from pytest_datazone_ts import reports  # noqa: PLC0415 - keeps start-up fast

        reports.end_at_users_line(call.excinfo, item.config)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, None]:
    """Record the outcome of the test and its subtests; fail one that swallowed a blocked call.

    A failure shows what the test's doubles recorded.
    """
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    if blocked := guarded_run.take_blocked(item.nodeid):
        from pytest_datazone_ts import reports  # noqa: PLC0415 - keeps start-up fast

        reports.fail_if_blocked(report, blocked)
    if call.when == "call" and _OUTCOMES in item.stash:
        item.stash[_OUTCOMES].add(report.outcome)
    if report.failed and (recorded := trace.current()):
        from pytest_datazone_ts import reports  # noqa: PLC0415 - keeps start-up fast

        reports.add_timeline(report, recorded, item.config)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Fail a run in which a call was blocked but no test has reported it."""
    yield
    if blocked := guarded_run.take_rest():
        from pytest_datazone_ts import reports  # noqa: PLC0415 - keeps start-up fast

        reports.fail_session(session, blocked)


@pytest.hookimpl(specname="pytest_sessionfinish", hookwrapper=True, trylast=True)
def pytest_send_blocked(session: pytest.Session) -> Generator[None, None, None]:
    """Send the calls that were blocked in a worker, before pytest-xdist sends its output."""
    yield
    worker_output = getattr(session.config, "workeroutput", None)
    if worker_output is not None:
        worker_output[_BLOCKED] = guarded_run.take_rest()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add the calls that were blocked in a worker of pytest-xdist."""
    guarded_run.add_blocked_elsewhere(getattr(node, "workeroutput", {}).get(_BLOCKED, ()))


def pytest_assertrepr_compare(
    config: pytest.Config, op: str, left: object, right: object
) -> list[str] | None:
    """Compare records field by field; without their module, there are none."""
    if op != "==" or "pytest_datazone_ts.records" not in sys.modules:
        return None
    from pytest_datazone_ts import reports  # noqa: PLC0415 - keeps start-up fast
    from pytest_datazone_ts.reporting import comparison  # noqa: PLC0415 - keeps start-up fast

    return comparison.explain(left, right, everything=reports.is_very_verbose(config))


@pytest.fixture
def datazone_ts(request: pytest.FixtureRequest) -> Generator[DataZoneTimeSeries, None, None]:
    """An in-memory Amazon DataZone that answers every boto3 client in this test.

    It records what is posted (``data_points``, ``calls``), and makes calls fail (``inject``).
    """
    from pytest_datazone_ts import mock  # noqa: PLC0415 - keeps start-up fast

    node = request.node
    node.stash[_OUTCOMES] = set()
    # Again, because a test may request the fixture with request.getfixturevalue().
    guarded_run.require_double(lambda: _options(node).unstubbed == "passthrough", sweeps=False)
    with mock.double_for_test(node.nodeid, _options(node)) as double:
        yield double
    # A test that failed, was skipped or was interrupted may not have used up its faults.
    if node.stash[_OUTCOMES] == {"passed"}:
        try:
            mock.verify(double)
        except AssertionError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture
def datazone_ts_client(
    datazone_ts: DataZoneTimeSeries,  # noqa: ARG001 - active while the client is used
    _datazone_ts_loader: Loader,
) -> BaseClient:
    """A boto3 ``datazone`` client in us-east-1, answered by ``datazone_ts``.

    Its ``exceptions`` are not those of other clients, because each botocore session creates classes
    of its own. Expect ``botocore.exceptions.ClientError`` from the code under test, and compare
    ``error.response["Error"]["Code"]``.
    """
    from botocore.session import Session  # noqa: PLC0415 - keeps start-up fast

    # Not one session for all tests, which would keep the configuration of the first.
    session = Session()
    session.register_component("data_loader", _datazone_ts_loader)
    return session.create_client("datazone", region_name="us-east-1")


@pytest.fixture
def datazone_ts_sweep(request: pytest.FixtureRequest) -> Callable[..., SweepReport]:
    """The function :func:`~pytest_datazone_ts.sweep`, as a check that nothing is lost or doubled.

    It takes the arguments of ``sweep``, and fails the test if points are lost or doubled. With
    ``subtests=`` and pytest's fixture of that name, each cell is a subtest.
    """
    from pytest_datazone_ts import sweep_fixture  # noqa: PLC0415 - keeps start-up fast

    return sweep_fixture.checked(request.node, _keywords(request.node))


@pytest.fixture
def datazone_ts_server(
    datazone_ts: DataZoneTimeSeries, monkeypatch: pytest.MonkeyPatch
) -> Generator[DataZoneServer, None, None]:
    """``datazone_ts`` behind HTTP on 127.0.0.1, for code in another process or language.

    ``endpoint_url`` is its URL, and ``environ`` what a child process needs. With the extra
    ``server``, moto answers for all other AWS services at the same endpoint.
    """
    from pytest_datazone_ts.transport import server  # noqa: PLC0415 - keeps start-up fast

    with server.serve(datazone_ts) as endpoint_url:
        environ = server.environment(endpoint_url)
        # With monkeypatch, these and the test's own changes are undone in the right order.
        for name in server.CONFLICTING_VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in environ.items():
            if name != "AWS_ENDPOINT_URL":  # mock_aws may answer for others in this process
                monkeypatch.setenv(name, value)
        yield server.DataZoneServer(endpoint_url, environ)


@pytest.fixture(scope="session")
def _datazone_ts_loader() -> Loader:
    """The loader that caches DataZone's model, whose loading dominates the time for a client."""
    from botocore.loaders import create_loader  # noqa: PLC0415 - keeps start-up fast

    return create_loader()


def _ini(config: pytest.Config, name: str) -> Any:
    setting = f"datazone_ts_{name}"
    try:
        return config.getini(setting)
    except (TypeError, ValueError, pytest.UsageError) as error:  # depends on pytest's version
        message = f"the ini setting {setting}: {error}"
        raise pytest.UsageError(message) from None


def _ini_options(config: pytest.Config) -> Options:
    options = Options()
    for name in NAMES:
        source = f"the ini setting datazone_ts_{name}"
        options = options.override({name: _ini(config, name)}, source=source)
    return options


def _start_guard(config: pytest.Config) -> None:
    if _GUARD in config.stash:
        return
    config.stash[_GUARD] = _ini(config, "guard")
    end_run = guarded_run.start(guards=config.stash[_GUARD])
    if config.stash[_GUARD]:
        from pytest_datazone_ts.transport import botocore, child_process  # noqa: F401, PLC0415 - for the guard only

        config.add_cleanup(botocore.stop_guard)
        botocore.start_guard()
    config.add_cleanup(end_run)


def _set_stand_ins(config: pytest.Config) -> None:
    if _STAND_INS in config.stash:
        return
    config.stash[_STAND_INS] = _ini(config, "stand_ins")
    if config.stash[_STAND_INS]:
        from pytest_datazone_ts.transport import credentials  # noqa: PLC0415 - keeps start-up fast

        config.add_cleanup(credentials.set_environment_defaults())


def _options(node: pytest.Item) -> Options:
    try:
        return run_options().override(_keywords(node), source="@pytest.mark.datazone_ts")
    except (TypeError, ValueError) as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def _keywords(node: pytest.Item) -> dict[str, Any]:
    """Return the options from the test's markers."""
    keywords: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("datazone_ts"))):
        if marker.args:
            message = f"@pytest.mark.datazone_ts takes its options by keyword, not {marker.args}"
            pytest.fail(message, pytrace=False)
        keywords |= marker.kwargs
    return keywords
