"""Which attempts get which of the injected faults."""

from __future__ import annotations

import inspect
import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample import DOMAIN, ENTITY

from pytest_datazone_ts import faults, mock_datazone_ts

CODES = ["ThrottlingException", "ConflictException", "ValidationException"]


@pytest.fixture
def code_of(post):
    """Post once; return the error code, ``None`` for a success."""

    def code_of(client, **keywords):
        try:
            post(client, **keywords)
        except ClientError as error:
            return error.response["Error"]["Code"]
        return None

    return code_of


@pytest.fixture
def codes_of(make_client, code_of):
    """Post a number of times without retries; return the error code of each."""
    client = make_client(attempts=1)
    return lambda count, **keywords: [code_of(client, **keywords) for _ in range(count)]


@settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    specifications=st.lists(
        st.tuples(st.sampled_from(CODES), st.none() | st.integers(1, 3), st.integers(0, 3)),
        max_size=4,
    )
)
def test_injections_are_used_in_the_order_injected(codes_of, specifications):
    waiting = [[code, times, after] for code, times, after in specifications]
    expected = []
    for _ in range(8):
        expected.append(None)
        for injection in waiting:
            code, times, after = injection
            if times == 0:
                continue
            if after:  # it counts only the attempts that no earlier one has taken
                injection[2] -= 1
                continue
            injection[1] = None if times is None else times - 1
            expected[-1] = code
            break
    with mock_datazone_ts(strict=False) as ts:
        injections = [ts.inject(code, times=n, after=after) for code, n, after in specifications]
        assert codes_of(8) == expected
        assert sum(each.hits for each in injections) == len(expected) - expected.count(None)
        assert [each.remaining for each in injections] == [times for _, times, _ in waiting]


def test_a_sequence_of_different_faults_hits_the_attempts_of_one_call(
    datazone_ts, make_client, post
):
    sequence = [
        faults.ThrottlingException(),
        faults.ReadTimeout(),
        faults.HttpError(503),
        faults.InternalServerException(),
        faults.ConnectionClosed(),
    ]
    for fault in sequence:
        datazone_ts.inject(fault)
    post(make_client(attempts=6))
    attempts = datazone_ts.calls.one().attempts
    assert [each.fault for each in attempts] == [*sequence, None]
    assert [each.number for each in attempts] == [1, 2, 3, 4, 5, 6]
    assert [each.status_code for each in attempts] == [429, None, 503, 500, None, 201]
    assert [each.error_code for each in attempts] == [
        "ThrottlingException",
        None,
        "503",
        "InternalServerException",
        None,
        None,
    ]
    assert datazone_ts.calls.one().succeeded


def test_an_exception_in_the_middle_of_a_loop(datazone_ts, codes_of):
    datazone_ts.inject("AccessDeniedException", after=2)
    assert codes_of(4) == [None, None, "AccessDeniedException", None]
    assert len(datazone_ts.data_points) == 3


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ({"entity_identifier": "second"}, ["second"]),
        ({"domain_identifier": DOMAIN, "region": "us-east-1"}, ["first", "second"]),
        ({"where": lambda call: call.parameters["entityIdentifier"] == "first"}, ["first"]),
        (
            {"content": {"passingPercentage": 87.5}, "form_name": "completeness"},
            ["first", "second"],
        ),
        ({"form_name": "range"}, []),
    ],
)
def test_only_matching_attempts_are_hit(match, hit, codes_of):
    with mock_datazone_ts(strict=False) as ts:
        injection = ts.inject("ConflictException", times=None, **match)
        for entity in ("first", "second"):
            expected = "ConflictException" if entity in hit else None
            assert codes_of(1, entityIdentifier=entity) == [expected]
        assert injection.hits == len(hit)


def test_after_counts_matching_attempts_only(datazone_ts, codes_of):
    datazone_ts.inject("ConflictException", after=1, entity_identifier=ENTITY)
    assert codes_of(3, entityIdentifier="another") == [None] * 3
    assert codes_of(3) == [None, "ConflictException", None]


def results_of(ts):
    """Return the error codes of each call's attempts."""
    return [[attempt.error_code for attempt in call.attempts] for call in ts.calls]


THROTTLED = "ThrottlingException"


@pytest.mark.parametrize(
    ("keywords", "second"),
    [
        ({}, [THROTTLED] * 3),
        ({"times": None}, [THROTTLED] * 3),
        ({"times": 1}, [THROTTLED, None]),
        ({"times": 2}, [THROTTLED, THROTTLED, None]),
        ({"times": 3}, [THROTTLED] * 3),
    ],
)
def test_one_call_fails_on_all_its_attempts_or_on_the_first_of_them(
    keywords, second, datazone_ts, make_client, code_of
):
    injection = datazone_ts.inject(THROTTLED, call=2, **keywords)
    client = make_client()

    codes = [code_of(client) for _ in range(3)]

    assert results_of(datazone_ts) == [[None], second, [None]]
    assert codes == [None, second[-1], None]
    assert injection.hits == second.count(THROTTLED)


def test_after_lets_attempts_of_that_call_through(datazone_ts, make_client, code_of):
    injection = datazone_ts.inject("InternalServerException", call=1, after=1, times=1)
    datazone_ts.inject(THROTTLED, times=1)
    client = make_client()

    assert [code_of(client) for _ in range(2)] == [None, None]

    internal = "InternalServerException"
    assert results_of(datazone_ts) == [[THROTTLED, internal, None], [None]]
    assert (injection.hits, injection.remaining) == (1, 0)


def test_only_matching_calls_are_counted(datazone_ts, codes_of, make_client):
    datazone_ts.inject("ConflictException", call=2, entity_identifier=ENTITY)
    make_client().list_time_series_data_points(
        domainIdentifier=DOMAIN, entityIdentifier=ENTITY, entityType="ASSET", formName="x"
    )

    assert codes_of(1, entityIdentifier="another") == [None]
    assert codes_of(2) == [None, "ConflictException"]


def test_a_call_counts_even_if_another_fault_meets_it(datazone_ts, make_client, code_of):
    datazone_ts.inject("ValidationException", call=1)
    datazone_ts.inject("ConflictException", call=3)
    datazone_ts.inject(THROTTLED, times=1)
    client = make_client()

    codes = [code_of(client) for _ in range(4)]

    assert codes == ["ValidationException", None, "ConflictException", None]
    assert results_of(datazone_ts)[1] == [THROTTLED, None]


def test_all_attempts_of_a_call_fail_though_another_call_is_made_between_them(
    datazone_ts, make_client, code_of
):
    datazone_ts.inject(THROTTLED, call=1)
    client, another = make_client(attempts=2), make_client()
    client.meta.events.register(
        "needs-retry.datazone", lambda attempts, **_: code_of(another) if attempts == 1 else None
    )

    assert code_of(client) == THROTTLED

    assert results_of(datazone_ts) == [[THROTTLED] * 2, [None]]


def test_threads_agree_on_which_call_it_is(make_client, code_of):
    clients = [make_client(attempts=2) for _ in range(8)]
    with mock_datazone_ts() as ts, ThreadPoolExecutor(8) as pool:
        injection = ts.inject(THROTTLED, call=17)
        codes = list(pool.map(code_of, clients * 10))
        assert codes.count(THROTTLED) == 1
        assert results_of(ts).count([THROTTLED, THROTTLED]) == 1
        assert injection.hits == 2


@pytest.mark.parametrize(
    ("keywords", "calls", "used"),
    [
        ({}, 2, "used 0 times"),
        ({"times": None}, 2, "used 0 times"),
        ({"times": 2}, 2, "used 0 of 2 times"),
        ({"times": 2}, 3, "used 1 of 2 times"),
        ({"after": 1}, 3, "used 0 times"),
    ],
)
def test_strict_fails_for_a_call_that_was_not_made(keywords, calls, used, codes_of):
    mock = mock_datazone_ts()
    injection = mock.start().inject("ConflictException", call=3, **keywords)
    codes_of(calls)

    with pytest.raises(AssertionError) as caught:
        mock.stop()

    message = " ".join(str(caught.value).split())
    assert (
        f"{injection.armed_at}: ConflictException on call 3 of PostTimeSeriesDataPoints, "
        f"{used} The code under test" in message
    )


def test_strict_expects_one_attempt_of_a_call_unless_times_is_given(make_client, code_of):
    with mock_datazone_ts() as ts:
        ts.inject(THROTTLED, call=1)
        ts.inject(THROTTLED, call=3).cancel()
        assert code_of(make_client(attempts=2)) == THROTTLED


def test_the_repr_of_an_injection_has_its_call(datazone_ts):
    injection = datazone_ts.inject("ConflictException", call=3)
    assert injection.call == 3
    assert repr(injection).startswith(
        "<Injection ConflictException on call 3 of PostTimeSeriesDataPoints: 0 hits, "
    )
    injection.cancel()


@pytest.mark.parametrize("call", [0, -1, 1.5, True, "2"])
def test_call_is_the_number_of_a_call(call, datazone_ts):
    with pytest.raises(ValueError, match=r"^inject\(call") as caught:
        datazone_ts.inject("ThrottlingException", call=call)
    assert str(caught.value) == (
        f"inject(call=...) takes 1 for the first call, 2 for the next, not {call!r}"
    )


def test_where_sees_the_attempts_so_far(datazone_ts, make_client, post):
    datazone_ts.inject("ThrottlingException", times=2, where=lambda call: len(call.attempts) < 2)
    post(make_client())
    assert len(datazone_ts.calls.one().attempts) == 3


def test_another_operations_injection_is_not_used(codes_of):
    with mock_datazone_ts(strict=False) as ts:
        ts.inject("ThrottlingException", operation="ListTimeSeriesDataPoints")
        assert codes_of(1) == [None]


def test_a_with_block_cancels_unused_injections(datazone_ts, codes_of):
    with datazone_ts.inject("ThrottlingException", times=5) as injection:
        assert codes_of(2) == ["ThrottlingException"] * 2
        assert (injection.hits, injection.remaining) == (2, 3)
    assert (injection.hits, injection.remaining) == (2, 0)
    assert codes_of(1) == [None]


def test_a_with_block_lets_exceptions_out(datazone_ts, make_client, post):
    with (
        pytest.raises(ClientError, match="slow down"),
        datazone_ts.inject(faults.ThrottlingException("slow down"), times=None),
    ):
        post(make_client())
    post(make_client())


def test_cancel_ends_an_unlimited_injection(datazone_ts, codes_of):
    injection = datazone_ts.inject("ThrottlingException", times=None)
    assert codes_of(3) == ["ThrottlingException"] * 3
    assert injection.remaining is None
    injection.cancel()
    assert injection.remaining == 0
    assert codes_of(1) == [None]


def test_reset_removes_injections(datazone_ts, codes_of):
    datazone_ts.inject("ThrottlingException", times=None)
    datazone_ts.rate_limit(0.001)
    datazone_ts.reset()
    assert codes_of(2) == [None, None]


def test_the_repr_of_an_injection_has_its_fault_and_location(codes_of):
    with mock_datazone_ts(strict=False) as ts:
        injection = ts.inject(faults.Latency(2), times=2)
        line = inspect.currentframe().f_lineno - 1
        codes_of(1)
        forever = ts.inject(faults.ReadTimeout, times=None, operation="GetTimeSeriesDataPoint")
    assert repr(injection) == (
        "<Injection Latency(seconds=2) on PostTimeSeriesDataPoints: 1 hit, 1 remaining, "
        f"injected at {injection.armed_at}>"
    )
    assert re.fullmatch(rf".*test_injections\.py:{line}", injection.armed_at)
    assert repr(forever).startswith(
        "<Injection ReadTimeout on GetTimeSeriesDataPoint: 0 hits, unlimited remaining, "
    )


def test_an_attempt_has_the_location_where_its_fault_was_injected(datazone_ts, codes_of):
    first = datazone_ts.inject("ConflictException")
    second = datazone_ts.inject(faults.Latency(1))
    datazone_ts.rate_limit(0.001)
    codes_of(3)
    armed_at = [call.attempts[0].armed_at for call in datazone_ts.calls]
    assert armed_at[:2] == [first.armed_at, second.armed_at]
    assert armed_at[2] not in {None, *armed_at[:2]}


def test_an_injection_on_another_drive_has_an_absolute_path(datazone_ts, monkeypatch):
    def relpath(path):
        raise ValueError(path)

    with monkeypatch.context() as patch:
        patch.setattr(os.path, "relpath", relpath)
        injection = datazone_ts.inject("ReadTimeout")
        line = inspect.currentframe().f_lineno - 1
    injection.cancel()
    assert injection.armed_at == f"{__file__}:{line}"


def test_threads_share_an_injection_exactly(make_client, code_of):
    clients = [make_client(attempts=1) for _ in range(8)]
    with mock_datazone_ts() as ts, ThreadPoolExecutor(8) as pool:
        ts.inject("ConflictException", times=33, after=7)
        codes = list(pool.map(code_of, clients * 10))
        assert codes.count("ConflictException") == 33
        assert codes.count(None) == len(ts.data_points) == 80 - 33


@pytest.mark.parametrize("times", [0, -1, 1.5, True, "2"])
def test_times_is_a_positive_integer_or_none(times, datazone_ts):
    with pytest.raises(ValueError, match=r"^inject\(times") as caught:
        datazone_ts.inject("ThrottlingException", times=times)
    assert str(caught.value) == (
        f"inject(times=...) takes 1 or more, or None for all, not {times!r}"
    )


@pytest.mark.parametrize("after", [-1, 0.5, None, False])
def test_after_is_a_non_negative_integer(after, datazone_ts):
    with pytest.raises(ValueError, match=r"^inject\(after") as caught:
        datazone_ts.inject("ThrottlingException", after=after)
    assert str(caught.value) == f"inject(after=...) takes 0 or more attempts, not {after!r}"


@pytest.mark.parametrize(
    ("operation", "hint"),
    [
        ("PostTimeSeriesDataPoint", " Did you mean 'PostTimeSeriesDataPoints'?"),
        ("post_timeseries_datapoints", " Did you mean 'PostTimeSeriesDataPoints'?"),
        ("?", ""),
    ],
)
def test_an_unknown_operation_gets_a_suggestion(operation, hint, datazone_ts):
    for arm in (
        lambda: datazone_ts.inject("ThrottlingException", operation=operation),
        lambda: datazone_ts.rate_limit(1, operation=operation),
    ):
        with pytest.raises(ValueError, match="is not an operation") as caught:
            arm()
        assert str(caught.value) == f"{operation!r} is not an operation of Amazon DataZone.{hint}"


def test_an_operation_can_be_named_by_its_boto3_method(datazone_ts, datazone_ts_client):
    injection = datazone_ts.inject("ThrottlingException", operation="list_domains")
    datazone_ts.respond("list_domains", {"items": []})
    limit = datazone_ts.rate_limit(1, operation="list_domains")

    datazone_ts_client.list_domains()

    assert injection.operation == "ListDomains"
    assert injection.hits == 1
    assert limit.throttled == 0
    assert faults.documented("list_domains") == faults.documented("ListDomains")


def test_an_unknown_match_keyword_is_rejected_by_inject(datazone_ts):
    with pytest.raises(TypeError) as caught:
        datazone_ts.inject("ThrottlingException", form="completeness")
    assert str(caught.value) == (
        "inject() got an unknown keyword 'form'. Did you mean 'form_name'? Valid keywords: "
        "times, after, call, operation, domain_identifier, entity_identifier, entity_type, "
        "form_name, type_identifier, type_revision, timestamp, content, region, where."
    )


def test_a_misspelled_keyword_of_inject_gets_a_suggestion(datazone_ts):
    with pytest.raises(TypeError, match=r"unknown keyword 'time'\. Did you mean 'times'\?"):
        datazone_ts.inject("ThrottlingException", time=2)


@pytest.mark.parametrize("end", ["used up", "cancelled"])
def test_where_is_not_called_once_the_injection_is_over(datazone_ts, codes_of, end):
    seen = []
    injection = datazone_ts.inject("ConflictException", where=lambda call: not seen.append(call))
    if end == "cancelled":
        injection.cancel()
    codes_of(2)
    assert len(seen) == (0 if end == "cancelled" else 1)


def test_where_can_cancel_its_injection(datazone_ts, codes_of):
    injection = datazone_ts.inject("ConflictException", where=lambda _: injection.cancel() is None)
    assert codes_of(2) == [None, None]
    assert injection.hits == 0


def test_a_rejected_injection_has_no_effect(datazone_ts, codes_of):
    with pytest.raises(ValueError, match="inject"):
        datazone_ts.inject("ThrottlingException", times=0)
    assert codes_of(1) == [None]
