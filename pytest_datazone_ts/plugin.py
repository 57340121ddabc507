"""The pytest plugin: options, markers and fixtures, and no import that costs anything."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_datazone_ts import location
from pytest_datazone_ts.options import MEANINGS, NAMES, Options, run_options, set_run_options
from pytest_datazone_ts.reporting import trace

# Importing it registers with botocore, so that sessions made from here on are reached.
from pytest_datazone_ts.transport import botocore  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from botocore.client import BaseClient
    from botocore.loaders import Loader

    from pytest_datazone_ts.double import DataZoneTimeSeries
    from pytest_datazone_ts.sweep_report import SweepReport
    from pytest_datazone_ts.transport.server import DataZoneServer

_STAND_INS = pytest.StashKey[bool]()
_HIDDEN = (
    "datazone_ts_guard: the test called DataZone without the double, and the code under test hid "
    "the error:"
)
_OUTCOMES = pytest.StashKey[set[str]]()

_MARKER = (
    f"datazone_ts({', '.join(f'{name}={getattr(Options(), name)!r}' for name in NAMES)}): "
    "options of the datazone_ts fixture for this test; the closest marker wins."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option and the ini settings."""
    parser.getgroup("datazone_ts", "Amazon DataZone").addoption(
        "--datazone-ts-report",
        metavar="FILE",
        help="write one HTML page that shows what the run posted to Amazon DataZone's double",
    )
    defaults = Options()
    for name in NAMES:
        default = getattr(defaults, name)
        keywords: Any = {"type": "bool"} if isinstance(default, bool) else {}
        meaning = f"datazone_ts: {MEANINGS[name]}"
        parser.addini(f"datazone_ts_{name}", meaning, default=default, **keywords)
    parser.addini(
        "datazone_ts_stand_ins",
        "datazone_ts: where no region or no credentials are configured, have stand-ins in the "
        "environment for the whole run",
        type="bool",
        default=False,
    )
    parser.addini(
        "datazone_ts_guard",
        "datazone_ts: fail a test without the double that calls a DataZone time-series operation, "
        "in place of letting the call reach the network",
        type="bool",
        default=False,
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Have the stand-ins in place before a conftest makes a client."""
    _put_stand_ins(early_config)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and read the ini settings so that a wrong one stops the run."""
    config.addinivalue_line("markers", _MARKER)
    try:
        config.add_cleanup(set_run_options(_ini_options(config)))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    _put_stand_ins(config)  # for a plugin that a conftest loads
    if _ini(config, "guard"):
        from pytest_datazone_ts.transport import guard  # noqa: PLC0415 - on demand

        config.add_cleanup(guard.start())
    file = config.getoption("datazone_ts_report")
    if file is not None:
        from pytest_datazone_ts.reporting.html import run  # noqa: PLC0415 - on demand

        run.install(config, file)


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, None]:
    """Fail a module that hid a blocked call: no test of another one may answer for it."""
    outcome = yield
    _fail_if_hidden(
        outcome.get_result(),
        collector.config,
        f"datazone_ts_guard: {collector.nodeid or 'a conftest'} called DataZone while it was "
        "collected, and hid the error:",
    )


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol() -> Generator[None, None, None]:
    """Keep what the test's doubles are asked, from its set-up to its teardown."""
    before = trace.begin(None)
    yield
    trace.begin(before)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Begin here, not above: a plugin may set a test up again."""
    trace.begin(trace.Trace())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, None]:
    """Note how the test ended, each of its subtests too; fail one that hid a blocked call.

    A failure shows what the test's doubles were asked.
    """
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    _fail_if_hidden(report, item.config, _HIDDEN)
    if call.when == "call" and _OUTCOMES in item.stash:
        item.stash[_OUTCOMES].add(report.outcome)
    if report.failed and (asked := trace.current()):
        _add_timeline(report, asked, item.config)


def pytest_assertrepr_compare(
    config: pytest.Config, op: str, left: object, right: object
) -> list[str] | None:
    """Compare records field by field: none exist unless their module is imported."""
    if op != "==" or "pytest_datazone_ts.records" not in sys.modules:
        return None
    from pytest_datazone_ts.reporting import comparison  # noqa: PLC0415 - heavy

    return comparison.explain(left, right, everything=_is_very_verbose(config))


@pytest.fixture
def datazone_ts(request: pytest.FixtureRequest) -> Generator[DataZoneTimeSeries, None, None]:
    """An in-memory Amazon DataZone that answers every boto3 client in this test.

    It records what is posted (``data_points``, ``calls``), and makes calls fail (``inject``).
    """
    from pytest_datazone_ts.exchange import Ending  # noqa: PLC0415 - heavy
    from pytest_datazone_ts.mock import active_double, verify  # noqa: PLC0415 - heavy

    node = request.node
    node.stash[_OUTCOMES] = set()
    ending = Ending(f"the test {node.nodeid}", test=location.current_test())
    with active_double(_options(node), ending) as double:
        yield double
    # A test that failed, was skipped or was interrupted did not get to use its faults up.
    if node.stash[_OUTCOMES] == {"passed"}:
        try:
            verify(double)
        except AssertionError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture
def datazone_ts_client(
    datazone_ts: DataZoneTimeSeries,  # noqa: ARG001 - active while the client is used
    _datazone_ts_loader: Loader,
) -> BaseClient:
    """A boto3 ``datazone`` client in us-east-1, answered by ``datazone_ts``."""
    from botocore.session import Session  # noqa: PLC0415 - heavy

    # Not one session for the run: it would keep the configuration of the first test.
    session = Session()
    session.register_component("data_loader", _datazone_ts_loader)
    return session.create_client("datazone", region_name="us-east-1")


@pytest.fixture
def datazone_ts_sweep(request: pytest.FixtureRequest) -> Callable[..., SweepReport]:
    """The function :func:`~pytest_datazone_ts.sweep`, as a check that nothing is lost or doubled.

    Called like ``sweep``, it fails the test where points are lost or doubled. ``subtests=``
    takes pytest's fixture of that name, and makes each cell a subtest.
    """
    from pytest_datazone_ts import sweep_fixture  # noqa: PLC0415 - heavy

    return sweep_fixture.checked(request.node, _keywords(request.node))


@pytest.fixture
def datazone_ts_server(
    datazone_ts: DataZoneTimeSeries, monkeypatch: pytest.MonkeyPatch
) -> Generator[DataZoneServer, None, None]:
    """``datazone_ts`` behind HTTP on 127.0.0.1, for code in another process or language.

    ``endpoint_url``; ``environ``: what a child process needs. All other AWS services answer at
    the same endpoint through moto, with the extra ``server``.
    """
    from pytest_datazone_ts.transport import server  # noqa: PLC0415 - heavy

    with server.serve(datazone_ts) as endpoint_url:
        environ = server.environment(endpoint_url)
        # The test's own changes and these are undone as one, in the right order.
        for name in server.ELSEWHERE:
            monkeypatch.delenv(name, raising=False)
        for name, value in environ.items():
            if name != "AWS_ENDPOINT_URL":  # in this process, mock_aws may answer the others
                monkeypatch.setenv(name, value)
        yield server.DataZoneServer(endpoint_url, environ)


@pytest.fixture(scope="session")
def _datazone_ts_loader() -> Loader:
    """What keeps DataZone's model: loading it takes most of a client's time."""
    from botocore.loaders import create_loader  # noqa: PLC0415 - heavy

    return create_loader()


def _ini(config: pytest.Config, name: str) -> Any:
    setting = f"datazone_ts_{name}"
    try:
        return config.getini(setting)
    except (TypeError, ValueError, pytest.UsageError) as error:  # as pytest's version has it
        message = f"the ini setting {setting}: {error}"
        raise pytest.UsageError(message) from None


def _ini_options(config: pytest.Config) -> Options:
    options = Options()
    for name in NAMES:
        source = f"the ini setting datazone_ts_{name}"
        options = options.but({name: _ini(config, name)}, source=source)
    return options


def _fail_if_hidden(
    report: pytest.CollectReport | pytest.TestReport, config: pytest.Config, title: str
) -> None:
    if not _ini(config, "guard"):
        return
    from pytest_datazone_ts.transport import guard  # noqa: PLC0415 - on demand

    blocked = guard.take_blocked()
    if blocked and report.passed:
        report.outcome = "failed"
        report.longrepr = "\n".join([title, *(f"  {each}" for each in blocked)])


def _add_timeline(report: pytest.TestReport, asked: trace.Trace, config: pytest.Config) -> None:
    in_xml = config.getoption("xmlpath", None)
    if config.getoption("tbstyle", None) == "line" and not in_xml:
        return
    from pytest_datazone_ts.reporting import timeline  # noqa: PLC0415 - heavy

    text = timeline.render(asked, failure=report.longreprtext, everything=_is_very_verbose(config))
    longrepr: Any = report.longrepr
    if not text:
        return
    if not in_xml:
        report.sections.append(("datazone_ts", text))
    # --junitxml writes none of a report's sections into the failure.
    elif hasattr(longrepr, "addsection"):
        longrepr.addsection("datazone_ts", text)
    else:
        report.longrepr = f"{longrepr}\n{' datazone_ts ':-^80}\n{text}"


def _is_very_verbose(config: pytest.Config) -> bool:
    verbose: Any = config.getoption("verbose", 0)  # the terminal's: there may be none
    return bool(verbose > 1)


def _put_stand_ins(config: pytest.Config) -> None:
    if _STAND_INS in config.stash:
        return
    config.stash[_STAND_INS] = _ini(config, "stand_ins")
    if config.stash[_STAND_INS]:
        from pytest_datazone_ts.transport import stand_ins  # noqa: PLC0415 - on demand

        config.add_cleanup(stand_ins.put_in_environment())


def _options(node: pytest.Item) -> Options:
    try:
        return run_options().but(_keywords(node), source="@pytest.mark.datazone_ts")
    except (TypeError, ValueError) as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def _keywords(node: pytest.Item) -> dict[str, Any]:
    """Return the options that the test's markers give."""
    keywords: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("datazone_ts"))):
        if marker.args:
            pytest.fail(
                f"@pytest.mark.datazone_ts takes its options by keyword, not {marker.args}",
                pytrace=False,
            )
        keywords |= marker.kwargs
    return keywords
