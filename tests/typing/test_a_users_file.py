"""A user's test file, which type checkers must accept in strict mode, and which must pass."""

from __future__ import annotations

import asyncio
import unittest
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from pytest_datazone_ts import (
    Attempt,
    Audit,
    Call,
    Calls,
    DataPoint,
    DataPoints,
    DataZoneTimeSeries,
    Injection,
    LineageEvents,
    Match,
    RateLimit,
    SweepCell,
    SweepReport,
    UnstoredPoint,
    faults,
    mock_datazone_ts,
    sweep,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2024, 1, 1, 12, tzinfo=timezone.utc)


def publish(client: Any, *form_names: str) -> None:
    client.post_time_series_data_points(
        domainIdentifier="dzd_x",
        entityIdentifier="asset",
        entityType="ASSET",
        forms=[
            {
                "formName": name,
                "typeIdentifier": "org.CustomFormType",
                "timestamp": NOON,
                "content": '{"passingPercentage": 87.5}',
            }
            for name in form_names
        ],
    )


NAME: faults.FaultName = "ExpiredTokenException"
COMMON: tuple[type[faults.ServiceException], ...] = faults.COMMON
DOCUMENTED: tuple[type[faults.ServiceException], ...] = faults.documented("GetDomain")


@pytest.mark.parametrize("fault", [*faults.documented(), *faults.TRANSPORT, NAME])
def test_every_fault(
    datazone_ts: DataZoneTimeSeries, fault: faults.Fault | type[faults.Fault] | faults.FaultName
) -> None:
    datazone_ts.inject(fault, call=2).cancel()
    datazone_ts.inject(f"{'Throttling'}Exception", times=None, call=2).cancel()
    datazone_ts.inject(faults.AwsError("SlowDown", 400, "slower"), call=1, times=1).cancel()


def make_client() -> Any:
    session: Any = boto3.Session()  # typed where mypy-boto3-datazone is installed
    return session.client("datazone", region_name="us-east-1")


def test_records(datazone_ts: DataZoneTimeSeries, datazone_ts_client: Any) -> None:
    publish(datazone_ts_client, "completeness", "ranges")

    points: DataPoints = datazone_ts.data_points
    point: DataPoint = points.where(form_name="ranges", timestamp=NOON).one()
    first: DataPoint = points[0]
    rest: DataPoints = points[1:]
    assert [each.form_name for each in points] == [first.form_name, rest.latest().form_name]
    assert point.json()["passingPercentage"] == 87.5
    text: str | None = point.content
    assert text is not None
    posted_at: datetime = point.posted_at
    assert posted_at.tzinfo is timezone.utc

    events: LineageEvents = datazone_ts.lineage_events.where(event_type="COMPLETE")
    names: list[str | None] = [event.job_name for event in events[:1]]
    assert names == []

    calls: Calls = datazone_ts.calls.where(region="us-east-1", entity_type="ASSET")
    call: Call = calls.one()
    attempt: Attempt = call.attempts[0]
    status: int | None = attempt.status_code
    assert (call.succeeded, call.error_code, status) == (True, None, 201)
    assert call is not datazone_ts.calls.latest()


def test_asserts(datazone_ts: DataZoneTimeSeries, datazone_ts_client: Any) -> None:
    publish(datazone_ts_client, "completeness", "ranges")

    both: DataPoints = datazone_ts.assert_posted(
        2,
        domain_identifier="dzd_x",
        entity_identifier="asset",
        entity_type="ASSET",
        type_identifier="org.CustomFormType",
        type_revision="1",
        content={"passingPercentage": 87.5},
        region="us-east-1",
    )
    assert len(both) == 2
    datazone_ts.assert_posted(count=1, where=lambda point: point.form_name == "ranges")
    datazone_ts.assert_not_posted(form_name="uniqueness")
    wanted: Match = {"form_name": "ranges"}
    assert datazone_ts.assert_posted(**wanted).one() in both


def test_faults(datazone_ts: DataZoneTimeSeries) -> None:
    injections: list[Injection] = [
        datazone_ts.inject("ThrottlingException", times=None, form_name="completeness"),
        datazone_ts.inject(faults.ResponseLost, after=2, entity_identifier="asset"),
        datazone_ts.inject(faults.ThrottlingException(retry_after=2), region="eu-west-1"),
        datazone_ts.inject(faults.HttpError(502, "<html>"), operation="GetTimeSeriesDataPoint"),
    ]
    with datazone_ts.inject(faults.Latency(0.5), where=lambda _: True) as injection:
        assert injection.remaining == 1
    for injection in injections:
        injection.cancel()
    limit: RateLimit = datazone_ts.rate_limit(10, burst=2)
    assert limit.throttled == 0
    waits: tuple[float, ...] = datazone_ts.sleeps
    assert waits == ()
    datazone_ts.respond("ListDomains", {"items": []}, times=1)
    datazone_ts.add_asset("asset", domain_identifier="dzd_x", name="penguins")
    datazone_ts.reset()


@pytest.fixture
def lenient() -> Iterator[DataZoneTimeSeries]:
    with mock_datazone_ts(strict=False, content_check="off") as ts:
        yield ts


def test_a_context_manager(lenient: DataZoneTimeSeries) -> None:
    publish(make_client(), "completeness")
    assert DataZoneTimeSeries.current() is lenient


@mock_datazone_ts
def test_a_decorator() -> None:
    publish(make_client(), "completeness")
    DataZoneTimeSeries.current().assert_posted(1)


@pytest.mark.parametrize("name", ["completeness", "ranges"])
@mock_datazone_ts(retry_sleep="virtual", unstubbed="error", sign=False)
def test_a_decorator_with_options(name: str) -> None:
    publish(make_client(), name)
    DataZoneTimeSeries.current().assert_posted(1, form_name=name)


@mock_datazone_ts
def scored(number: int, *, unit: str) -> str:
    return f"{number}{unit}"


@mock_datazone_ts(strict=True)
async def scored_later(number: int) -> int:
    publish(make_client(), "completeness")
    return number


def test_decorated_functions_keep_their_types() -> None:
    text: str = scored(87, unit="%")
    number: int = asyncio.run(scored_later(87))
    assert (text, number) == ("87%", 87)


@mock_datazone_ts
class TestDecoratedClass:
    def test_method(self) -> None:
        DataZoneTimeSeries.current().assert_not_posted()


@mock_datazone_ts(strict=False)
class DecoratedTestCase(unittest.TestCase):
    def setUp(self) -> None:
        self.double: DataZoneTimeSeries = DataZoneTimeSeries.current()

    def test_method(self) -> None:
        assert DataZoneTimeSeries.current() is self.double


def test_what_a_type_checker_rejects(datazone_ts: DataZoneTimeSeries) -> None:
    """Strict mypy reports a ``type: ignore`` that it does not need."""
    with pytest.raises(TypeError):
        datazone_ts.inject("ConflictException", form_nam="ranges")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        datazone_ts.data_points.where(nme="ranges")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        datazone_ts.assert_posted(entity="asset")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        mock_datazone_ts(strct=False)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="'content_check' takes 'off' or 'warn' or 'error'"):
        mock_datazone_ts(content_check="of")  # type: ignore[call-overload]
    with pytest.raises(AttributeError):
        datazone_ts.options.strict = False  # type: ignore[misc]
    with pytest.raises(AttributeError):
        datazone_ts.options.strickt  # type: ignore[attr-defined] # noqa: B018
    with pytest.raises(TypeError):
        scored("87", unit=1, more=2)  # type: ignore[call-arg, arg-type]


def test_sweeps() -> None:
    client = make_client()

    async def publish_later() -> None:
        publish(client, "ranges")

    def setup(ts: DataZoneTimeSeries) -> None:
        ts.add_asset("asset", domain_identifier="dzd_x", name="penguins")

    report: SweepReport = sweep(
        lambda: publish(client, "completeness"),
        setup=setup,
        reported=bool,
        expect={"ReadTimeout": "loud", ("ReadTimeout", "attempt"): "ok"},
        allow={("ResponseLost", "call"): "it is known"},
        sites="all",
        content_check="off",
    )
    cell: SweepCell = report.where(fault="ReadTimeout", mode="call")[0]
    lost: DataPoints = cell.lost
    assert (cell.outcome, len(lost)) == ("loud", 1)
    assert sweep(publish_later).failures == ()
    with pytest.raises(ValueError, match="the code makes no call there"):
        sweep(publish_later, allow={("ResponseLost", "call", "pipeline.py:1"): "it is known"})


def test_audits(datazone_ts: DataZoneTimeSeries, datazone_ts_client: Any) -> None:
    publish(datazone_ts_client, "completeness")
    audit: Audit = datazone_ts.audit()
    doubled: DataPoints = audit.doubled
    unstored: tuple[UnstoredPoint, ...] = audit.unstored
    assert not audit
    assert (len(doubled), len(unstored)) == (0, 0)
