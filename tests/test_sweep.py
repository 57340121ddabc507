"""The sweep: every fault at every call in every mode, and what happens to the points."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count

import pytest
import time_machine
from botocore.exceptions import ClientError
from freezegun import freeze_time
from sample import DOCUMENTED, DOMAIN, ENTITY, FORM, SERIES, location

from pytest_datazone_ts import (
    SweepCell,
    SweepError,
    SweepReport,
    UnansweredOperationError,
    faults,
    mock_datazone_ts,
    sweep,
)

TRANSPORT = [
    *("ConnectTimeout", "ReadTimeout", "ConnectionClosed", "EndpointUnreachable", "ResponseLost"),
    *("MalformedResponse", "HttpError", "Latency", "SlowBody"),
]
RETRIED = ["InternalServerException", "ThrottlingException", *TRANSPORT[:4], "HttpError"]
"""Faults that botocore retries, and that the service did not carry out."""
STORED = ["Latency", "ResponseLost", "SlowBody"]
"""Faults that botocore retries, although the service carried out the request."""
MODES = ["attempt", "call", "outage"]
ASSETS = ["asset1", "asset2", "asset3"]


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture
def post_one(client, post):
    return lambda asset=ENTITY: post(client, entityIdentifier=asset)


def outcomes(report, **values):
    return {(cell.fault, cell.mode): cell.outcome for cell in report.where(**values)}


def test_each_fault_is_tried_at_each_call_in_each_mode(post_one):
    report = sweep(post_one)

    assert isinstance(report, SweepReport)
    assert [(cell.fault, cell.mode) for cell in report.cells] == [
        (fault, mode) for fault in [*DOCUMENTED, *TRANSPORT] for mode in MODES
    ]
    assert {(cell.operation, cell.call) for cell in report.cells} == {
        ("PostTimeSeriesDataPoints", 1)
    }


def test_code_that_propagates_errors_is_ok_or_loud(post_one):
    def publish():
        for asset in ASSETS:
            post_one(asset)

    report = sweep(publish)

    assert not report.failures
    report.check()
    assert str(report) == report.matrix()
    survived = {key for key, outcome in outcomes(report).items() if outcome == "ok"}
    assert survived == {(fault, "attempt") for fault in [*RETRIED, *STORED]}
    cell = report.where(fault="ThrottlingException", mode="call", call=3)[0]
    assert cell.error.startswith("ThrottlingException: An error occurred (ThrottlingException)")
    assert len(cell.sleeps) == 2
    assert [point.entity_identifier for point in cell.lost] == ["asset3"]


def test_code_that_logs_errors_and_continues_loses_points(post_one):
    def publish():
        for asset in ASSETS:
            try:
                post_one(asset)
            except Exception:  # noqa: PERF203
                logging.getLogger("scores").exception("could not post")

    report = sweep(publish)

    first = outcomes(report, call=1)
    assert set(first.values()) == {"ok", "LOST"}
    assert first["AccessDeniedException", "attempt"] == "LOST"
    assert first["ThrottlingException", "attempt"] == "ok"
    assert first["ThrottlingException", "call"] == "LOST"
    assert first["ResponseLost", "outage"] == "ok"  # stored, although no response arrived
    (outage,) = report.where(fault="ReadTimeout", mode="outage", call=1)
    assert [point.entity_identifier for point in outage.lost] == ASSETS
    assert outage.error is None
    with pytest.raises(AssertionError, match=r"^the sweep found \d+ LOST\n"):
        report.check()


def test_a_retry_loop_around_botocore_doubles_points(post_one):
    def publish():
        for asset in ASSETS:
            for attempts_left in (1, 0):
                try:
                    post_one(asset)
                    break
                except Exception:
                    if not attempts_left:
                        raise

    report = sweep(publish)

    doubled = {key for key, outcome in outcomes(report, call=1).items() if outcome == "DOUBLED"}
    assert doubled == {
        *((fault, mode) for fault in STORED for mode in ("call", "outage")),
        *(("MalformedResponse", mode) for mode in MODES),
    }
    (cell,) = report.where(fault="ResponseLost", mode="call", call=3)
    assert [point.entity_identifier for point in cell.doubled] == ["asset3"]
    assert cell.lost == []
    assert outcomes(report, call=1)["AccessDeniedException", "outage"] == "loud"


def test_code_that_keeps_its_token_duplicates_nothing(client, post):
    def publish():
        try:
            post(client, clientToken="the-same")
        except Exception:  # noqa: BLE001
            post(client, clientToken="the-same")

    assert not sweep(publish).where(outcome="DOUBLED")


def test_points_that_the_baseline_does_not_have_are_extra(post_one):
    def publish():
        try:
            post_one()
        except ClientError:
            post_one("errors")

    report = sweep(publish, allow={("AccessDeniedException", "call"): "it says so elsewhere"})

    (cell,) = report.where(fault="AccessDeniedException", mode="call", call=1)
    assert cell.outcome == "LOST"
    assert [point.entity_identifier for point in cell.doubled] == ["errors"]


def test_a_return_value_can_report_failures(post_one):
    def publish():
        try:
            post_one()
        except Exception:  # noqa: BLE001
            return ["failed"]
        return []

    assert sweep(publish).where(outcome="LOST")
    report = sweep(publish, reported=bool)
    assert not report.failures
    assert outcomes(report)["AccessDeniedException", "call"] == "loud"
    assert report.where(fault="AccessDeniedException")[0].error is None


@pytest.mark.parametrize("reported", [None, lambda result: result["failed"] > 9])
def test_a_failure_shows_what_the_code_returned(reported, post_one):
    def publish():
        failed = 0
        try:
            post_one()
        except Exception:  # noqa: BLE001
            failed += 1
        return {"failed": failed, "password": "hunter2", "log": "x " * 250}

    text = str(sweep(publish, reported=reported))

    (ending,) = re.findall(r"it ended normally[\s\S]+?\n(?=  1 data point lost)", text)
    assert re.sub(r"\s+", " ", ending).strip() == (
        "it ended normally, and returned {'failed': 1, 'password': '***', 'log': "
        f"'{'x ' * 69}x... (547 characters). If that reports a failure, "
        "reported=... must return true for it"
    )
    assert max(map(len, text.splitlines())) <= 72


def test_a_return_value_whose_repr_fails_is_shown_by_its_type(post_one):
    class Broken:
        def __repr__(self):
            raise LookupError

    def publish():
        with contextlib.suppress(Exception):
            post_one()
        return Broken()

    assert "it ended normally, and returned <Broken, whose repr fails>" in re.sub(
        r"\s+", " ", str(sweep(publish))
    )


def test_code_that_never_gives_up_hangs(post_one):
    def publish():
        while True:
            with contextlib.suppress(Exception):
                return post_one()

    report = sweep(publish, max_calls=5)

    assert {cell.mode for cell in report.where(outcome="HUNG")} == {"outage"}
    assert len(report.where(outcome="HUNG")) == len([*DOCUMENTED, *TRANSPORT])
    assert report.where(outcome="HUNG")[0].error == "more than 5 calls"
    assert "\n  ended after more than 5 calls. A limit that the code sets" in str(report)


def test_code_can_make_many_more_calls_than_the_baseline(post_one):
    def publish():
        for _ in range(50):
            with contextlib.suppress(ClientError):
                return post_one()
        raise RuntimeError

    report = sweep(publish)

    assert outcomes(report)["AccessDeniedException", "outage"] == "loud"


@pytest.mark.parametrize(("max_calls", "limit"), [(5, 5), (None, 110)])
def test_code_may_make_as_many_calls_as_the_limit_allows(max_calls, limit, post_one):
    def publish(attempts):
        for _ in range(attempts):
            with contextlib.suppress(ClientError):
                return post_one()
        raise RuntimeError

    outcome = [
        outcomes(sweep(partial(publish, attempts), max_calls=max_calls))
        for attempts in (limit, limit + 1)
    ]

    assert [each["AccessDeniedException", "outage"] for each in outcome] == ["loud", "HUNG"]


def test_code_may_take_all_of_its_time(post_one):
    def publish(seconds):
        post_one()
        time.sleep(seconds)

    with freeze_time("2024-01-01"):
        assert sweep(partial(publish, 100), timeout=100).where(outcome="loud")
        with pytest.raises(SweepError, match="more than 100 seconds of the test's clock"):
            sweep(partial(publish, 100.5), timeout=100)


def test_code_that_waits_too_long_hangs(post_one):
    report = sweep(post_one, timeout=100)

    hung = {(cell.fault, cell.mode) for cell in report.where(outcome="HUNG")}
    assert hung == {(fault, mode) for fault in ("Latency", "SlowBody") for mode in MODES[1:]}


def test_a_hung_run_ends_in_code_that_catches_everything(post_one):
    def publish():
        for _ in range(10):
            with contextlib.suppress(BaseException):
                post_one()
                break

    assert sweep(publish, max_calls=3).where(outcome="HUNG")


def test_an_expected_outcome_that_does_not_occur_is_a_failure(post_one):
    report = sweep(
        post_one,
        expect={
            "ThrottlingException": "ok",
            ("ThrottlingException", "outage"): "loud",
            "AccessDeniedException": "loud",
            ("ReadTimeout", "attempt"): "loud",
        },
    )

    assert [(cell.fault, cell.mode, cell.expected) for cell in report.failures] == [
        ("ThrottlingException", "call", "ok"),
        ("ReadTimeout", "attempt", "loud"),
    ]
    assert {cell.outcome for cell in report.failures} == {"UNEXPECTED"}
    assert "expected ok, but it raised ThrottlingException: An error" in str(report)


def test_an_expectation_does_not_hide_what_is_worse(client, post):
    def swallow():
        with contextlib.suppress(ClientError):
            post(client)

    report = sweep(swallow, expect={"AccessDeniedException": "ok"})

    cells = report.where(fault="AccessDeniedException", expected="ok")
    assert [(cell.mode, cell.outcome) for cell in cells] == [("attempt", "LOST"), ("call", "LOST")]


def test_an_expectation_can_be_for_one_site(client):
    def publish():
        client.list_time_series_data_points(**SERIES)
        client.list_time_series_data_points(**SERIES)

    line = publish.__code__.co_firstlineno
    first, second = (location(__file__, line + offset) for offset in (1, 2))

    report = sweep(publish, expect={("ReadTimeout", "call", first): "ok", "ReadTimeout": "loud"})

    assert [(cell.site, cell.mode) for cell in report.failures] == [
        (first, "attempt"),
        (first, "call"),
        (second, "attempt"),
    ]


def test_a_failing_cell_can_be_allowed_with_a_reason(post_one):
    def publish():
        with contextlib.suppress(ClientError):
            post_one()

    every = dict.fromkeys([*DOCUMENTED, "HttpError"], "a missing score is no harm")
    outages = {(fault, "outage"): reason for fault, reason in every.items()}

    report = sweep(publish, allow={**every, **outages})

    assert report.where(outcome="LOST")
    assert report.failures == ()
    report.check()
    assert "* allowed: a missing score is no harm" in report.matrix()
    assert re.search(
        r"^AccessDeniedException +LOST\* +LOST\* +LOST\*$", report.matrix(), re.MULTILINE
    )
    assert [cell.mode for cell in sweep(publish, allow=every).failures] == ["outage"] * len(every)


@pytest.mark.parametrize("argument", ["expect", "allow"])
@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("ThrotlingException", "Did you mean 'ThrottlingException'? The faults are Internal"),
        (("ReadTimeout", "calls"), "Did you mean 'call'? The modes are attempt, call, outage."),
        (("ReadTimeout", "call", "a.py:1", 1), "takes as a key the name of a fault, (name, mode)"),
        (404, "(name, mode, site), not 404"),
        ("PostTimeSeriesDataPoints", "key 'PostTimeSeriesDataPoints'. The faults are Internal"),
    ],
)
def test_a_wrong_key_is_an_error(argument, key, message, post_one):
    with pytest.raises(ValueError, match=re.escape(message)):
        sweep(post_one, **{argument: {key: "ok"}})


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"sites": "some"}, "sweep(sites=...) takes 'distinct' or 'all', not 'some'"),
        ({"expect": {"ReadTimeout": "LOST"}}, "takes the outcomes 'ok' and 'loud', not 'LOST'."),
        ({"sign": 1}, "sweep(): the option 'sign' takes True or False, not 1"),
    ],
)
def test_a_wrong_argument_is_an_error(keywords, message, post_one):
    with pytest.raises(ValueError, match=re.escape(message)):
        sweep(post_one, **keywords)


def test_an_unknown_option_is_an_error(post_one):
    with pytest.raises(TypeError, match="Did you mean 'retry_sleep'"):
        sweep(post_one, retrysleep="real")


def test_the_first_and_the_last_call_from_a_line_are_swept(client):
    def publish():
        for _ in range(3):
            client.list_time_series_data_points(**SERIES)
        client.list_time_series_data_points(**SERIES)

    line = publish.__code__.co_firstlineno
    loop, last = (location(__file__, line + offset) for offset in (2, 3))

    assert {cell.call: cell.site for cell in sweep(publish).cells} == {1: loop, 3: loop, 4: last}
    every = sweep(publish, sites="all")
    assert {cell.call for cell in every.cells} == {1, 2, 3, 4}
    assert "\n1-3  ListTimeSeriesDataPoints at " in every.matrix()


def test_the_lines_of_a_report_fit_80_columns_when_pytest_indents_them(client, post):
    form = {**FORM, "typeIdentifier": "team.Long", "content": json.dumps({"rows": [*range(99)]})}

    def publish():
        for number in range(8):
            with contextlib.suppress(*[Exception] * (number % 2)):
                post(client, entityIdentifier=f"asset{number}", forms=[form])

    report = sweep(publish, sites="all")

    assert "LOST 2, 4," in report.matrix()
    assert "data point lost" in str(report)
    assert max(map(len, str(report).splitlines())) <= 72


def test_the_site_of_a_call_in_a_library_is_the_line_that_calls_the_library(client):
    def publish():
        with contextlib.ExitStack() as stack:
            stack.callback(client.list_time_series_data_points, **SERIES)

    line = publish.__code__.co_firstlineno
    # From Python 3.10 on, the line of a block's end is that of its beginning.
    assert {cell.site for cell in sweep(publish).cells} == {location(__file__, line + 1)}


def test_a_method_of_a_client_can_be_swept(client):
    line = test_a_method_of_a_client_can_be_swept.__code__.co_firstlineno + 2
    report = sweep(partial(client.list_time_series_data_points, **SERIES))
    assert {cell.site for cell in report.cells} == {location(__file__, line)}


def test_setup_prepares_each_fresh_double_and_is_not_swept(client, post_one):
    def setup(ts):
        doubles.append(ts)
        post_one("before")
        ts.add_asset(ENTITY, domain_identifier=DOMAIN, name="penguins")

    def publish():
        client.get_asset(domainIdentifier=DOMAIN, identifier=ENTITY)
        post_one()

    doubles = []

    report = sweep(publish, setup=setup)

    assert len({id(double) for double in doubles}) == len(report.cells) + 2
    assert {(cell.operation, cell.call) for cell in report.cells} == {
        ("GetAsset", 1),
        ("PostTimeSeriesDataPoints", 1),
    }


def test_reads_are_swept(client, post):
    def publish():
        pages = client.get_paginator("list_time_series_data_points").paginate(
            **SERIES, PaginationConfig={"PageSize": 1}
        )
        seen = []
        with contextlib.suppress(Exception):
            for page in pages:
                seen += [item["id"] for item in page["items"]]
        for _ in seen:
            post(client, entityIdentifier="copy")

    def setup(_):
        for _ in range(3):
            post(client)

    report = sweep(publish, setup=setup)

    reads = report.where(operation="ListTimeSeriesDataPoints", mode="attempt")
    assert {cell.call for cell in reads} == {1, 3}
    assert {cell.fault for cell in reads}.isdisjoint({"ConflictException"})
    (last,) = report.where(
        fault="AccessDeniedException", mode="attempt", call=3, operation="ListTimeSeriesDataPoints"
    )
    assert (last.outcome, len(last.lost)) == ("LOST", 1)
    assert last.replay == (
        'datazone_ts.inject("AccessDeniedException", operation="ListTimeSeriesDataPoints", '
        "call=3, times=1)"
    )


def test_an_outage_affects_every_operation_that_can_get_the_fault(client, post_one):
    def publish():
        post_one()
        with contextlib.suppress(Exception):
            post_one("asset2")
        client.list_time_series_data_points(**SERIES)

    report = sweep(publish)

    (unreachable,) = report.where(
        fault="EndpointUnreachable", mode="outage", call=2, operation="PostTimeSeriesDataPoints"
    )
    assert unreachable.outcome == "loud"
    assert unreachable.replay.splitlines() == [
        'datazone_ts.inject("EndpointUnreachable", after=1, times=None)',
        (
            'datazone_ts.inject("EndpointUnreachable", operation="ListTimeSeriesDataPoints", '
            "times=None)"
        ),
    ]
    (conflict,) = report.where(fault="ConflictException", mode="outage", call=2)
    assert conflict.outcome == "LOST"
    with mock_datazone_ts() as datazone_ts:  # the suggested lines have the same effect
        for line in unreachable.replay.splitlines():
            eval(line, {"datazone_ts": datazone_ts})  # noqa: S307
        with pytest.raises(Exception, match="Could not connect"):
            publish()
        assert [call.succeeded for call in datazone_ts.calls] == [True, False, False]


@pytest.mark.parametrize(
    ("fault", "mode", "replay"),
    [
        ("ResponseLost", "call", 'datazone_ts.inject("ResponseLost", call=1)'),
        ("ResponseLost", "attempt", 'datazone_ts.inject("ResponseLost", call=1, times=1)'),
        ("Latency", "call", "datazone_ts.inject(faults.Latency(seconds=3600), call=1)"),
        ("ReadTimeout", "outage", 'datazone_ts.inject("ReadTimeout", times=None)'),
    ],
)
def test_each_cell_has_the_line_that_replays_it(fault, mode, replay, post_one):
    (cell,) = sweep(post_one).where(fault=fault, mode=mode)
    assert cell.replay == replay


def test_timestamps_are_compared_on_request(client, post):
    seconds = count()

    def publish():
        post(client, timestamp=next(seconds))

    assert not sweep(publish).failures
    with pytest.raises(SweepError, match="does not do the same in two runs") as caught:
        sweep(publish, timestamps=True)
    text = " ".join(str(caught.value).split())
    first, second = re.findall(r" in us-east-1 at (\S+ \S+)", text)
    assert first != second


def test_timestamps_that_are_compared_are_in_plain_cells(post_one):
    (cell,) = [
        cell
        for cell in sweep(post_one, timestamps=True).as_dicts()
        if (cell["fault"], cell["mode"]) == ("ReadTimeout", "call")
    ]
    assert cell["lost"][0]["timestamp"] == "2024-01-01T00:00:00+00:00"


class TestBaseline:
    def test_code_that_fails_without_faults_is_rejected(self, post_one):
        def publish():
            post_one()
            raise LookupError("no table")  # noqa: TRY003

        message = "^without a fault the code raises LookupError: no table$"
        with pytest.raises(SweepError, match=message) as caught:
            sweep(publish)
        assert isinstance(caught.value.__cause__, LookupError)

    def test_code_that_makes_no_call_is_rejected(self):
        with pytest.raises(SweepError, match=r"^the code makes no DataZone call"):
            sweep(lambda: None)

    def test_code_that_reports_a_failure_is_rejected(self, post_one):
        def publish():
            post_one()
            return {"posted": 1, "password": "hunter2"}

        with pytest.raises(SweepError) as caught:
            sweep(publish, reported=bool)
        assert str(caught.value) == (
            "without a fault, reported(...) is already true of what the code returned: "
            "{'posted': 1, 'password': '***'}"
        )

    def test_code_whose_searches_find_nothing_is_rejected(self, client, post_one):
        def publish():
            found = client.search(
                domainIdentifier=DOMAIN, searchScope="ASSET", owningProjectIdentifier="zoo"
            )
            client.list_time_series_data_points(**{**SERIES, "entityIdentifier": "asset1"})
            for item in found["items"]:
                post_one(item["assetItem"]["identifier"])

        def setup(ts):
            post_one("asset1")
            for asset in ASSETS[:2]:
                ts.add_asset(asset, domain_identifier=DOMAIN, name="penguins")

        with pytest.raises(SweepError) as caught:
            sweep(publish, setup=setup)
        owner = "its owner is 'standinproject', not 'zoo'"
        assert str(caught.value).splitlines() == [
            "without a fault, the code stored no data point, so no fault can lose or double one:",
            f"  Search: 0 of 2 assets: asset1: {owner}; asset2: {owner}",
        ]

    def test_code_whose_writes_all_fail_is_rejected(self, client, post_one):
        def publish():
            client.get_asset(domainIdentifier=DOMAIN, identifier="known")
            for number in range(4):
                with contextlib.suppress(ClientError):
                    post_one(f"unknown{number}")

        def setup(ts):
            ts.add_asset("known", domain_identifier=DOMAIN, name="penguins")

        with pytest.raises(SweepError) as caught:
            sweep(publish, setup=setup)
        title, *reasons = str(caught.value).splitlines()
        assert title == (
            "without a fault, the code stored no data point, so no fault can lose or double one:"
        )
        assert [re.findall(r"unknown\d", reason) for reason in reasons] == [
            ["unknown0"],
            ["unknown1"],
            ["unknown2"],
        ]
        assert reasons[0].startswith("  PostTimeSeriesDataPoints: ")

    def test_code_whose_writes_all_meet_faults_from_the_setup_is_rejected(self, post_one):
        def publish():
            with contextlib.suppress(ClientError):
                post_one()

        with pytest.raises(SweepError) as caught:
            sweep(publish, setup=lambda ts: ts.inject("AccessDeniedException", times=None))
        assert str(caught.value) == (
            "without a fault, the code stored no data point, so no fault can lose or double one"
        )

    def test_the_reasons_contain_no_secrets(self, client, post):
        def publish():
            with contextlib.suppress(ClientError):
                post(client, entityIdentifier="other", clientToken="hunter2")

        with pytest.raises(
            SweepError, match=r"\n  PostTimeSeriesDataPoints: clientToken '\*\*\*' "
        ):
            sweep(publish, setup=lambda _: post(client, clientToken="hunter2"))

    def test_code_that_only_reads_what_it_finds_is_accepted(self, client):
        def read():
            for text in ("whales", "penguins"):
                client.search(domainIdentifier=DOMAIN, searchScope="ASSET", searchText=text)

        report = sweep(
            read,
            setup=lambda ts: ts.add_asset("asset1", domain_identifier=DOMAIN, name="penguins"),
        )

        assert {cell.outcome for cell in report.cells} == {"ok", "loud"}

    def test_points_stored_although_every_response_is_lost_are_enough(self, post_one):
        def publish():
            with contextlib.suppress(Exception):
                post_one()

        report = sweep(publish, setup=lambda ts: ts.inject("ResponseLost", times=None))

        assert report.where(outcome="LOST")

    def test_code_that_hangs_is_rejected(self, client, post):
        def publish():
            with contextlib.suppress(Exception):
                post(client)

        message = r"^without a fault the code hangs: more than 1e-09 seconds of the test's clock$"
        with pytest.raises(SweepError, match=message):
            sweep(publish, setup=lambda ts: ts.rate_limit(0.001) and post(client), timeout=1e-9)

    def test_code_that_calls_unhandled_operations_is_rejected(self, client):
        def publish():
            with contextlib.suppress(UnansweredOperationError):
                client.get_domain(identifier=DOMAIN)

        with pytest.raises(SweepError, match="unhandled DataZone operation GetDomain"):
            sweep(publish)

    def test_differences_between_runs_are_named(self, client, post):
        runs = count()

        def publish():
            post(client, content=json.dumps({"run": next(runs)}), typeIdentifier="team.Type")

        with pytest.raises(SweepError) as caught:
            sweep(publish)
        assert str(caught.value).splitlines() == [
            "without a fault the code does not do the same in two runs:",
            "only the first run stored",
            "  1. 'completeness' of ASSET 4wyh64k2n8czaf in us-east-1",
            '     {"run": 0}',
            "only the second run stored",
            "  1. 'completeness' of ASSET 4wyh64k2n8czaf in us-east-1",
            '     {"run": 1}',
            "Freeze the time, seed what is random, and keep nothing from one run for",
            "the next.",
        ]

    def test_different_calls_are_named(self, client, post_one):
        cache = []

        def publish():
            if not cache:
                cache.append(client.list_time_series_data_points(**SERIES))
            post_one()

        line = location(__file__, publish.__code__.co_firstlineno + 2)
        with pytest.raises(SweepError) as caught:
            sweep(publish)
        assert f"\n  ListTimeSeriesDataPoints at {line} (1 time)\n" in str(caught.value)
        assert "second run" not in str(caught.value)

    def test_code_that_stops_calling_later_is_rejected(self, post_one):
        runs = count()

        def publish():
            if next(runs) < 2:
                post_one()

        with pytest.raises(SweepError, match="in two runs and not in another"):
            sweep(publish)

    def test_an_error_path_with_unhandled_operations_is_rejected(self, client, post_one):
        def publish():
            try:
                post_one()
            except ClientError:
                client.get_domain(identifier=DOMAIN)

        with pytest.raises(SweepError, match="unhandled DataZone operation GetDomain"):
            sweep(publish)


class TestCode:
    def test_a_script_that_exits(self, post_one):
        def publish():
            try:
                post_one()
            except Exception:  # noqa: BLE001
                sys.exit(1)
            sys.exit(0)

        report = sweep(publish)

        assert not report.failures
        assert report.where(fault="AccessDeniedException")[0].error == "SystemExit: 1"

    def test_exceptions_that_are_not_errors_propagate(self, post_one):
        def publish():
            post_one()
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            sweep(publish)

    def test_a_coroutine_function(self, post_one):
        async def publish():
            await asyncio.sleep(0)
            post_one()

        assert outcomes(sweep(publish)) == outcomes(sweep(post_one))

    def test_a_coroutine_function_while_a_loop_runs(self, post_one):
        async def publish():
            post_one()

        async def test():
            return sweep(publish)

        assert outcomes(asyncio.run(test())) == outcomes(sweep(post_one))

    def test_a_cancelled_coroutine_is_loud(self, post_one):
        async def publish():
            try:
                post_one()
            except Exception:  # noqa: BLE001
                asyncio.current_task().cancel()
                await asyncio.sleep(0)

        assert not sweep(publish).failures

    def test_a_hung_coroutine(self, post_one):
        async def publish():
            while True:
                with contextlib.suppress(Exception):
                    return post_one()

        assert sweep(publish, max_calls=3).where(outcome="HUNG")

    def test_threads(self, client, post):
        def publish():
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda asset: post(client, entityIdentifier=asset), "abcd"))

        first, second = sweep(publish), sweep(publish)

        assert not first.failures
        assert first.matrix() == second.matrix()
        assert {cell.call for cell in first.cells} == {1, 4}

    def test_a_thread_that_begins_in_the_client(self, client):
        def publish():
            keywords = {**SERIES}
            thread = threading.Thread(
                target=client.list_time_series_data_points, kwargs=keywords, daemon=True
            )
            thread.start()
            thread.join()

        with contextlib.ExitStack() as stack:
            stack.callback(setattr, threading, "excepthook", threading.excepthook)
            threading.excepthook = lambda _: None
            assert {cell.site for cell in sweep(publish).cells} == {"threading"}

    def test_only_the_output_of_the_baseline_is_shown(self, post_one, capfd):
        def publish():
            sys.stdout.write("posting\n")
            sys.stderr.write("posting\n")
            post_one()

        sweep(publish)

        assert capfd.readouterr() == ("posting\n", "posting\n")

    def test_progress(self, post_one):
        seen = []
        report = sweep(post_one, progress=lambda done, cells: seen.append((done, cells)))
        cells = len(report.cells)
        assert seen == [(done, cells) for done in range(cells)]


@pytest.mark.parametrize("way", ["none", "freezegun", "time-machine"])
def test_waits_take_no_time_and_a_frozen_clock_is_put_back(way, post_one, monkeypatch):
    monkeypatch.setattr(time, "sleep", None)
    freeze = {
        "none": contextlib.nullcontext,
        "freezegun": partial(freeze_time, "2024-01-01"),
        "time-machine": partial(time_machine.travel, 0, tick=False),
    }[way]
    with freeze():
        before = time.time()
        report = sweep(post_one, retry_sleep="real")
        after = time.time()
    assert report.where(fault="ReadTimeout", mode="attempt")[0].sleeps
    assert after - before < 1 or way == "none"


def test_the_plain_cells_are_the_same_in_every_run(post_one, post):
    def publish():
        with contextlib.suppress(ClientError):
            post_one()

    first, second = (sweep(publish) for _ in range(2))

    assert first.as_dicts() == second.as_dicts()
    assert json.loads(json.dumps(first.as_dicts())) == first.as_dicts()
    (cell,) = [
        cell
        for cell in first.as_dicts()
        if (cell["fault"], cell["mode"]) == ("ConflictException", "call")
    ]
    assert cell == {
        "site": location(post.__code__.co_filename, post.__code__.co_firstlineno + 8),
        "operation": "PostTimeSeriesDataPoints",
        "call": 1,
        "fault": "ConflictException",
        "mode": "call",
        "outcome": "LOST",
        "expected": None,
        "allowed": None,
        "error": None,
        "lost": [
            {
                "region": "us-east-1",
                "domain_identifier": DOMAIN,
                "entity_type": "ASSET",
                "entity_identifier": ENTITY,
                "form_name": "completeness",
                "content": json.loads(FORM["content"]),
            }
        ],
        "doubled": [],
        "replay": 'datazone_ts.inject("ConflictException", call=1)',
    }


def test_cells_are_selected_by_their_fields(post_one):
    report = sweep(post_one)
    (cell,) = report.where(fault="HttpError", mode="outage", outcome="loud")
    assert report.where(operation="post_time_series_data_points") == report.cells
    assert isinstance(cell, SweepCell)
    assert not cell.failed
    with pytest.raises(TypeError, match=r"unknown keyword 'faults'\. Did you mean 'fault'"):
        report.where(faults="HttpError")


def test_every_exception_that_an_operation_documents_is_a_fault():
    from botocore.session import get_session  # noqa: PLC0415

    service = get_session().get_service_model("datazone")
    documented = {
        shape.name
        for name in service.operation_names
        for shape in service.operation_model(name).error_shapes
    }
    assert documented <= {*faults.__all__}
