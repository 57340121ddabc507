"""aiobotocore and aioboto3, on asyncio and on trio: what they post, what they meet, what stays."""

from __future__ import annotations

import asyncio
import functools
import sys
import textwrap
import unittest
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoRegionError,
    ReadTimeoutError,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample import serving

from pytest_datazone_ts import (
    DataZoneTimeSeries,
    UnansweredOperationError,
    faults,
    mock_datazone_ts,
)

anyio = pytest.importorskip("anyio")
AioSession = pytest.importorskip("aiobotocore.session").AioSession
AioConfig = pytest.importorskip("aiobotocore.config").AioConfig

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("machine_with_keys")]

COMPLETENESS = {
    "domainIdentifier": "dzd_5oo7xzoqltu8mf",
    "entityIdentifier": "4wyh64k2n8czaf",
    "entityType": "ASSET",
    "formName": "completeness",
}
WAYS = ["aiobotocore", "aioboto3", "httpx", "trio"]
MODES = ["legacy", "standard", "adaptive"]


@pytest.fixture
def without_keys(machine_with_keys, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    return machine_with_keys


@pytest.fixture(params=WAYS)
def way(request):
    """How the client is made: the library and, with aiobotocore, HTTP library and event loop."""
    if request.param == "aioboto3":
        pytest.importorskip("aioboto3")
    elif request.param != "aiobotocore":
        pytest.importorskip("httpx2")
        pytest.importorskip("trio")
    return request.param


one_way = pytest.mark.parametrize("way", ["aiobotocore"], indirect=True)


@pytest.fixture
def anyio_backend(way):
    return "trio" if way == "trio" else "asyncio"


def http_session(way):
    if way in {"aiobotocore", "aioboto3"}:
        return {}
    from aiobotocore.httpxsession import HttpxSession  # noqa: PLC0415 - newer ones have it

    return {"http_session_cls": HttpxSession}


def new_session(way):
    session = AioSession()
    session.set_default_client_config(AioConfig(**http_session(way)))
    return session


def clients_of(way, session):
    if way != "aioboto3":
        return session.create_client
    import aioboto3  # noqa: PLC0415 - not in every environment

    return aioboto3.Session(botocore_session=session).client


@functools.cache
def shared_clients(way):
    return clients_of(way, new_session(way))  # which caches DataZone's model


@pytest.fixture
def connect(way):
    """Make a client for ``async with`` that retries in ``mode``, up to ``attempts`` attempts."""

    def connect(service="datazone", mode="standard", attempts=3, region_name="us-east-1"):
        retries = {"mode": mode, "total_max_attempts": attempts}
        config = AioConfig(retries=retries, **http_session(way))
        return shared_clients(way)(service, region_name=region_name, config=config)

    return connect


@pytest.fixture
def slept(monkeypatch):
    """The waits that would have been real ones."""
    slept = []

    def noted(sleep):
        async def noted(seconds, *arguments):
            if seconds:
                slept.append(seconds)
            return await sleep(0, *arguments)

        return noted

    monkeypatch.setattr(asyncio, "sleep", noted(asyncio.sleep))
    monkeypatch.setattr(anyio, "sleep", noted(anyio.sleep))
    return slept


async def test_posts_lists_gets_and_deletes(datazone_ts, connect, post):
    async with connect() as client:
        posted = await post(client)
        listed = await client.list_time_series_data_points(**COMPLETENESS)
        identifier = posted["forms"][0]["id"]
        got = await client.get_time_series_data_point(**COMPLETENESS, identifier=identifier)
        point = datazone_ts.data_points.one()
        await client.delete_time_series_data_points(**COMPLETENESS)

        assert (await client.list_time_series_data_points(**COMPLETENESS))["items"] == []
    assert point.id == identifier == listed["items"][0]["id"] == got["form"]["id"]
    assert point.json()["passingPercentage"] == 87.5
    assert point.content == got["form"]["content"]
    assert [call.operation for call in datazone_ts.calls] == [
        "PostTimeSeriesDataPoints",
        "ListTimeSeriesDataPoints",
        "GetTimeSeriesDataPoint",
        "DeleteTimeSeriesDataPoints",
        "ListTimeSeriesDataPoints",
    ]
    assert [call.attempts[0].status_code for call in datazone_ts.calls] == [201, 200, 200, 204, 200]


async def test_paginators_turn_every_page(datazone_ts, connect, post):
    for number in range(5):
        datazone_ts.add_asset(
            f"asset{number}", domain_identifier="dzd_5oo7xzoqltu8mf", name=f"asset {number}"
        )
    async with connect() as client:
        for number in range(7):
            await post(client, entityIdentifier="asset1", timestamp=number)
        pages = client.get_paginator("list_time_series_data_points").paginate(
            **{**COMPLETENESS, "entityIdentifier": "asset1"}, PaginationConfig={"PageSize": 3}
        )
        sizes = [len(page["items"]) async for page in pages]
        listings = client.get_paginator("search_listings").paginate(
            domainIdentifier="dzd_5oo7xzoqltu8mf", PaginationConfig={"PageSize": 2}
        )
        found = [
            item["assetListing"]["entityId"] async for page in listings for item in page["items"]
        ]

    assert sizes == [3, 3, 1]
    assert sorted(found) == [f"asset{number}" for number in range(5)]


async def test_every_documented_exception_is_the_clients_own(datazone_ts, connect, post):
    async with connect(attempts=1) as client:
        operation = client.meta.service_model.operation_model("PostTimeSeriesDataPoints")
        documented = {
            shape.name: shape.metadata["error"]["httpStatusCode"]
            for shape in operation.error_shapes
        }
        assert len(documented) == 8
        for name, status in documented.items():
            datazone_ts.inject(name)
            with pytest.raises(getattr(client.exceptions, name)) as raised:
                await post(client)

            response = raised.value.response
            assert response["Error"]["Code"] == name
            assert response["Error"]["Message"] == response["message"] != ""
            assert response["ResponseMetadata"]["HTTPStatusCode"] == status
            assert (
                response["ResponseMetadata"]["RequestId"]
                == datazone_ts.calls.latest().attempts[0].request_id
            )

    assert [call.error_code for call in datazone_ts.calls] == [*documented]
    assert not datazone_ts.data_points


TRANSPORT = {
    faults.ConnectTimeout(): (ConnectTimeoutError, 0),
    faults.ReadTimeout(): (ReadTimeoutError, 0),
    faults.ConnectionClosed(): (ConnectionClosedError, 0),
    faults.EndpointUnreachable(): (EndpointConnectionError, 0),
    faults.ResponseLost(): (ReadTimeoutError, 1),
    faults.Latency(3600): (ReadTimeoutError, 1),
    faults.HttpError(502): (ClientError, 0),
}


async def test_faults_of_the_transport_are_botocores_own_and_retried(datazone_ts, connect, post):
    async with connect(attempts=2) as client:
        for fault, (exception, stored) in TRANSPORT.items():
            datazone_ts.reset()
            datazone_ts.inject(fault, times=2)
            with pytest.raises(exception):
                await post(client)

            assert len(datazone_ts.data_points) == stored
            assert [attempt.fault for attempt in datazone_ts.calls.one().attempts] == [fault] * 2

            datazone_ts.reset()
            datazone_ts.inject(fault)
            response = await post(client)

            assert response["ResponseMetadata"]["RetryAttempts"] == 1
            assert response["forms"][0]["id"] == datazone_ts.data_points.one().id


async def test_a_malformed_response_and_a_slow_one(datazone_ts, connect, post):
    async with connect() as client:
        datazone_ts.inject(faults.MalformedResponse())
        with pytest.raises(UnicodeDecodeError):
            await post(client)
        datazone_ts.inject(faults.MalformedResponse(b""))
        response = await post(client)
        datazone_ts.inject(faults.Latency(2.5))
        await post(client)

    assert [*response] == ["ResponseMetadata"]
    assert [len(call.attempts) for call in datazone_ts.calls] == [1, 1, 1]
    assert len(datazone_ts.data_points) == 3
    assert not datazone_ts.sleeps


async def test_canned_responses_and_unhandled_operations(connect):
    domain = {"id": "dzd_1", "domainExecutionRole": "role", "status": "AVAILABLE"}
    mock = mock_datazone_ts()
    ts = mock.__enter__()
    ts.respond("GetDomain", domain)
    async with connect() as client:
        answered = await client.get_domain(identifier="dzd_1")
        with pytest.raises(UnansweredOperationError, match="ListDomains"):
            await client.list_domains()

    with pytest.raises(AssertionError, match="ListDomains"):
        mock.__exit__(None, None, None)
    del answered["ResponseMetadata"]
    assert answered == domain


async def test_synchronous_and_asynchronous_clients_share_the_double(
    datazone_ts, datazone_ts_client, connect, post
):
    async with connect() as client:
        await post(client, formName="asynchronous")
        post(datazone_ts_client, formName="synchronous")
        listed = await client.list_time_series_data_points(
            **{**COMPLETENESS, "formName": "synchronous"}
        )

    assert [point.form_name for point in datazone_ts.data_points] == ["asynchronous", "synchronous"]
    assert listed["items"][0]["id"] == datazone_ts.data_points.latest().id


@pytest.mark.parametrize("mode", MODES)
async def test_concurrent_calls_keep_their_retries_apart(datazone_ts, connect, post, slept, mode):
    datazone_ts.inject("ThrottlingException", times=2, entity_identifier="throttled")
    entities = [*map(str, range(10)), "throttled"]
    async with connect(mode=mode) as client, anyio.create_task_group() as group:
        for entity in entities:
            group.start_soon(functools.partial(post_one, post, client, entity))

    assert {point.entity_identifier for point in datazone_ts.data_points} == {*entities}
    assert {
        call.parameters["entityIdentifier"]: len(call.attempts) for call in datazone_ts.calls
    } == {
        **dict.fromkeys(entities, 1),
        "throttled": 3,
    }
    throttled = datazone_ts.calls.where(entity_identifier="throttled").one()
    backoffs = [attempt.slept for attempt in throttled.attempts]
    assert all(backoffs[:2])
    assert backoffs[2] == 0
    assert {*backoffs[:2]} <= {*datazone_ts.sleeps}
    assert (len(datazone_ts.sleeps) > 2) is (mode == "adaptive")  # for a token, too
    assert not slept


async def post_one(post, client, entity):
    await post(client, entityIdentifier=entity)


@one_way
async def test_a_hundred_calls_can_be_gathered(datazone_ts, connect, post):
    async with connect() as client:
        responses = await asyncio.gather(
            *(post(client, entityIdentifier=str(number)) for number in range(100))
        )

    assert {point.id: point.entity_identifier for point in datazone_ts.data_points} == {
        response["forms"][0]["id"]: response["entityId"] for response in responses
    }
    assert [response["entityId"] for response in responses] == [*map(str, range(100))]


@one_way
async def test_a_thousand_tasks_lose_and_double_nothing(datazone_ts, connect, post):
    """Some calls are throttled, some lose their response; each task keeps its order."""
    datazone_ts.inject("ThrottlingException", times=30, after=100)
    datazone_ts.inject("ResponseLost", times=30, after=300)
    responses = {}

    async def call(client, caller):
        for number in range(2):
            entity = f"{caller}-{number}"
            responses[entity] = await post(client, entityIdentifier=entity)

    async with connect(attempts=100) as client, anyio.create_task_group() as group:
        for caller in range(1000):
            group.start_soon(call, client, caller)

    points = {point.id: point.entity_identifier for point in datazone_ts.data_points}
    assert len(responses) == len(points) == 2000
    assert {response["forms"][0]["id"]: entity for entity, response in responses.items()} == points
    position = {entity: index for index, entity in enumerate(points.values())}
    assert all(position[f"{caller}-0"] < position[f"{caller}-1"] for caller in range(1000))
    assert len(datazone_ts.calls) == 2000
    for call in datazone_ts.calls:
        metadata = responses[call.parameters["entityIdentifier"]]["ResponseMetadata"]
        assert [attempt.number for attempt in call.attempts] == [
            *range(1, metadata["RetryAttempts"] + 2)
        ]
        assert call.attempts[-1].request_id == metadata["RequestId"]
    assert Counter(
        type(attempt.fault).__name__ for call in datazone_ts.calls for attempt in call.attempts
    ) == {"ThrottlingException": 30, "ResponseLost": 30, "NoneType": 2000}
    assert len(datazone_ts.sleeps) == 60


async def test_a_call_cancelled_at_any_step_leaves_nothing_behind(
    datazone_ts, connect, post, slept
):
    """The recorded calls stay consistent, and waits of other services stay real."""
    cancelled = 0

    async def work(client, s3, scope, entity):
        nonlocal cancelled
        with scope:
            await post(client, entityIdentifier=entity)
        cancelled += scope.cancelled_caught
        with pytest.raises(EndpointConnectionError):
            await s3.list_buckets()

    def unreachable(**_):
        raise EndpointConnectionError(endpoint_url="https://s3.example")

    async def slow(**_):
        await anyio.lowlevel.checkpoint()

    steps = range(20)
    async with connect(mode="legacy", attempts=30) as client, connect("s3", attempts=2) as s3:
        s3.meta.events.register("before-send", unreachable)
        for event in ("request-created", "before-send", "needs-retry"):
            client.meta.events.register(event, slow)
        for step in steps:
            datazone_ts.inject("ThrottlingException", times=None, entity_identifier=str(step))
            async with anyio.create_task_group() as group:
                scope = anyio.CancelScope()
                group.start_soon(work, client, s3, scope, str(step))
                for _ in range(step):
                    await anyio.lowlevel.checkpoint()
                scope.cancel()
            assert len(slept) == step + 1  # Amazon S3's one retry
        await post(client, entityIdentifier="after")

    assert cancelled > len(steps) / 2
    assert sorted(datazone_ts.sleeps) == sorted(
        attempt.slept for call in datazone_ts.calls for attempt in call.attempts if attempt.slept
    )
    assert datazone_ts.data_points.one().entity_identifier == "after"
    assert datazone_ts.calls.latest().attempts[0].number == 1


async def test_a_cancelled_call_leaves_no_wait_expected(datazone_ts, connect, post, slept):
    """Cancelled between botocore's decision to retry and its backoff."""
    scope = anyio.CancelScope()

    async def cancel(**_):
        scope.cancel()
        await anyio.lowlevel.checkpoint()

    def unreachable(**_):
        raise EndpointConnectionError(endpoint_url="https://s3.example")

    datazone_ts.inject("ThrottlingException")
    async with connect() as client, connect("s3", attempts=2) as s3:
        client.meta.events.register("needs-retry", cancel)
        s3.meta.events.register("before-send", unreachable)
        with scope:
            await post(client)
        assert scope.cancelled_caught
        with pytest.raises(EndpointConnectionError):
            await s3.list_buckets()

    assert datazone_ts.sleeps == ()
    assert len(slept) == 1


@one_way
async def test_a_call_to_another_service_within_a_call_leaves_its_wait_virtual(
    datazone_ts, connect, post, slept
):
    def unreachable(**_):
        raise EndpointConnectionError(endpoint_url="https://s3.example")

    datazone_ts.inject("ThrottlingException")
    async with connect() as client, connect("s3", attempts=2) as s3:
        s3.meta.events.register("before-send", unreachable)

        async def report(**_):
            with pytest.raises(EndpointConnectionError):
                await s3.list_buckets()

        client.meta.events.register("response-received", report)
        await post(client)

    assert len(slept) == 2  # Amazon S3's, once in each attempt
    assert datazone_ts.sleeps == (datazone_ts.calls.one().attempts[0].slept,)


@one_way
def test_threads_with_loops_of_their_own(datazone_ts, connect, post):
    datazone_ts.inject("ThrottlingException", times=20)

    async def post_all(thread):
        async with connect(attempts=30) as client:
            for number in range(10):
                await post(client, entityIdentifier=f"{thread}-{number}")

    with ThreadPoolExecutor(4) as pool:
        [*pool.map(lambda thread: asyncio.run(post_all(thread)), range(4))]

    points = [point.entity_identifier.split("-") for point in datazone_ts.data_points]
    assert len(datazone_ts.calls) == len(points) == 40
    assert len(datazone_ts.sleeps) == 20
    for thread in "0123":
        numbers = [int(number) for poster, number in points if poster == thread]
        assert numbers == [*range(10)]


@settings(
    derandomize=True,
    deadline=None,
    max_examples=10,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # only for what they share
)
@given(
    injected=st.lists(
        st.sampled_from(["ThrottlingException", "ConnectionClosed", "ResponseLost"]), max_size=8
    ),
    tasks=st.integers(1, 8),
)
@one_way
def test_the_recorded_calls_and_attempts_add_up(connect, post, injected, tasks):
    """There are as many attempts as faults and calls together, and each point is stored once."""

    async def main():
        async with connect(attempts=10) as client:
            await asyncio.gather(
                *(post(client, entityIdentifier=str(number)) for number in range(tasks))
            )

    with mock_datazone_ts() as ts:
        for fault in injected:
            ts.inject(fault)
        asyncio.run(main())

        attempts = [attempt for call in ts.calls for attempt in call.attempts]
        assert len(attempts) == len(injected) + tasks
        assert len(ts.sleeps) == len(injected)
        assert len(ts.data_points) == len({p.entity_identifier for p in ts.data_points}) == tasks


async def test_a_client_made_before_the_double_is_answered(connect, post):
    async with connect() as client:
        with mock_datazone_ts() as ts:
            ts.inject("ThrottlingException")
            response = await post(client)

    assert response["ResponseMetadata"]["RetryAttempts"] == 1
    assert ts.data_points.one().form_name == "completeness"


ELDER = """
    import asyncio, sys

    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    FORM = {"formName": "f", "typeIdentifier": "t", "timestamp": 1}

    async def post(client, entity):
        await client.post_time_series_data_points(
            domainIdentifier="dzd_1", entityIdentifier=entity, entityType="ASSET", forms=[FORM]
        )

    async def main():
        session = get_session()
        options = {
            "region_name": "eu-west-1",
            "config": AioConfig(retries={"mode": "standard", "total_max_attempts": 3}),
        }
        async with session.create_client("datazone", **options) as elder:
            assert not [name for name in sys.modules if name.startswith("pytest_datazone_ts")]
            from pytest_datazone_ts import mock_datazone_ts

            with mock_datazone_ts() as ts:
                ts.inject("ThrottlingException", times=2)
                await post(elder, "elder")
                async with session.create_client("datazone", **options) as younger:
                    await post(younger, "younger")
                print([(p.entity_identifier, p.region) for p in ts.data_points], len(ts.sleeps))

    asyncio.run(main())
"""


def test_a_client_made_before_the_package_was_imported_is_answered(pytester):
    result = pytester.run(sys.executable, "-W", "error", "-c", textwrap.dedent(ELDER))

    assert result.ret == 0
    assert result.outlines == ["[('elder', 'eu-west-1'), ('younger', 'eu-west-1')] 2"]
    assert result.errlines == []


LATECOMER = """
    import sys

    from pytest_datazone_ts import mock_datazone_ts

    async def main():
        from aiobotocore.config import AioConfig
        from aiobotocore.session import get_session

        retries = {"mode": "standard", "total_max_attempts": 3}
        async with get_session().create_client(
            "datazone", config=AioConfig(retries=retries)
        ) as client:
            await client.post_time_series_data_points(
                domainIdentifier="dzd_1", entityIdentifier="e", entityType="ASSET",
                forms=[{"formName": "f", "typeIdentifier": "t", "timestamp": 1}],
            )

    with mock_datazone_ts() as ts:
        import asyncio

        assert not [name for name in sys.modules if name.startswith("aiobotocore")]
        ts.inject("ThrottlingException", times=2)
        asyncio.run(main())
        print(len(ts.data_points), len(ts.sleeps), ts.data_points.one().region)
"""


@pytest.mark.usefixtures("without_keys")
def test_aiobotocore_can_be_imported_while_a_double_is_active(pytester):
    result = pytester.run(sys.executable, "-W", "error", "-c", textwrap.dedent(LATECOMER))

    assert result.errlines == []
    assert result.outlines == ["1 2 us-east-1"]


@mock_datazone_ts(strict=False)
async def test_a_decorated_coroutine_has_a_double_while_it_runs(connect, post):
    outer = DataZoneTimeSeries.current()

    @mock_datazone_ts
    async def publish(client):
        await post(client)
        return DataZoneTimeSeries.current()

    async with connect() as client:
        coroutine = publish(client)
        assert DataZoneTimeSeries.current() is outer
        inner = await coroutine
        await post(client, formName="outer")

    assert inner.data_points.one().form_name == "completeness"
    assert outer.data_points.one().form_name == "outer"
    assert outer.options.strict is False


@one_way
async def test_a_decorated_coroutine_that_is_cancelled_leaves_its_double():
    @mock_datazone_ts
    async def publish():
        DataZoneTimeSeries.current().inject("ThrottlingException")  # which strict never checks
        await asyncio.Event().wait()

    task = asyncio.create_task(publish())
    await asyncio.sleep(0)
    assert DataZoneTimeSeries.current()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    with pytest.raises(RuntimeError, match="no DataZone double is active here"):
        DataZoneTimeSeries.current()


@one_way
async def test_a_decorated_coroutine_is_verified(connect, post):
    @mock_datazone_ts
    async def publish():
        DataZoneTimeSeries.current().inject("ThrottlingException", after=1)
        async with connect() as client:
            await post(client)

    with pytest.raises(AssertionError, match="ThrottlingException"):
        await publish()


@one_way
def test_classes_of_asynchronous_tests_are_decorated(connect, post):
    seen = []

    @mock_datazone_ts
    class Case(unittest.IsolatedAsyncioTestCase):
        async def asyncSetUp(self):
            connection = connect()
            self.client = await connection.__aenter__()
            self.addAsyncCleanup(connection.__aexit__, None, None, None)
            await post(self.client, formName="set up")

        async def test_posts(self):
            await post(self.client)
            seen.append([p.form_name for p in DataZoneTimeSeries.current().data_points])

        test_posts_again = test_posts

    @mock_datazone_ts
    class Plain:
        async def test_posts(self):
            async with connect() as client:
                await post(client)
            seen.append([p.form_name for p in DataZoneTimeSeries.current().data_points])

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    asyncio.run(Plain().test_posts())

    assert (result.testsRun, result.errors, result.failures) == (2, [], [])
    assert seen == [["set up", "completeness"]] * 2 + [["completeness"]]


PYTEST_ASYNCIO = """
    import asyncio

    import pytest
    import pytest_asyncio
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    from pytest_datazone_ts import DataZoneTimeSeries, mock_datazone_ts

    FORM = {"formName": "f", "typeIdentifier": "t", "timestamp": 1}
    CONFIG = AioConfig(retries={"mode": "standard", "total_max_attempts": 3})

    async def post(client):
        return await client.post_time_series_data_points(
            domainIdentifier="dzd_1", entityIdentifier="e", entityType="ASSET", forms=[FORM]
        )

    @pytest_asyncio.fixture(loop_scope="session", scope="session")
    async def session_client():
        \"\"\"Made before any double, in the loop of the whole session.\"\"\"
        async with get_session().create_client(
            "datazone", region_name="us-east-1", config=CONFIG,
            aws_access_key_id="own", aws_secret_access_key="own",
        ) as client:
            yield client

    @pytest_asyncio.fixture
    async def client(datazone_ts):
        async with get_session().create_client("datazone", config=CONFIG) as client:
            await post(client)
            yield client
        assert len(datazone_ts.data_points) == 2

    @pytest.fixture(scope="session")
    def whole_session():
        with mock_datazone_ts() as ts:
            yield ts

    @pytest.mark.asyncio
    async def test_an_asynchronous_fixture_posts(client, datazone_ts):
        await post(client)

    @pytest.mark.asyncio(loop_scope="session")
    @pytest.mark.parametrize("turn", range(2))
    async def test_a_session_long_client(session_client, datazone_ts, turn):
        datazone_ts.inject("ThrottlingException", times=2)
        await asyncio.gather(*(post(session_client) for _ in range(10)))
        assert len(datazone_ts.calls) == 10
        assert len(datazone_ts.sleeps) == 2

    @pytest.mark.asyncio(loop_scope="session")
    @pytest.mark.parametrize("turn", [1, 2])
    async def test_a_session_long_double(session_client, whole_session, turn):
        await post(session_client)
        assert len(whole_session.data_points) == turn

    @pytest.mark.asyncio
    @mock_datazone_ts
    async def test_decorated():
        async with get_session().create_client("datazone", config=CONFIG) as client:
            await post(client)
        assert len(DataZoneTimeSeries.current().data_points) == 1

    @pytest.mark.asyncio
    async def test_an_unused_injection(datazone_ts):
        datazone_ts.inject("ThrottlingException")
"""


@pytest.mark.usefixtures("without_keys")
def test_pytest_asyncio(pytester):
    """Remove the credentials; an unclosed client or loop is an error."""
    pytest.importorskip("pytest_asyncio")
    pytester.makepyfile(PYTEST_ASYNCIO)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")

    result = run_pytest(pytester)

    result.assert_outcomes(passed=7, errors=1)
    result.stdout.fnmatch_lines(["*ThrottlingException*", "*test_an_unused_injection*"])


ANYIO = """
    import anyio
    import pytest
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    FORM = {"formName": "f", "typeIdentifier": "t", "timestamp": 1}
    CONFIG = AioConfig(retries={"mode": "standard", "total_max_attempts": 3})

    pytestmark = pytest.mark.anyio

    @pytest.fixture(scope="module")
    def anyio_backend():
        return "asyncio"

    @pytest.fixture(scope="module")
    async def module_client():
        async with get_session().create_client(
            "datazone", region_name="us-east-1", config=CONFIG,
            aws_access_key_id="own", aws_secret_access_key="own",
        ) as client:
            yield client

    @pytest.fixture
    async def client(datazone_ts):
        async with get_session().create_client("datazone", config=CONFIG) as client:
            yield client

    @pytest.mark.parametrize("turn", range(2))
    async def test_posts(module_client, client, datazone_ts, turn):
        async def post(client):
            await client.post_time_series_data_points(
                domainIdentifier="dzd_1", entityIdentifier="e", entityType="ASSET", forms=[FORM]
            )

        datazone_ts.inject("ThrottlingException", times=2)
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(post, client)
                group.start_soon(post, module_client)
        assert len(datazone_ts.calls) == 10
        assert len(datazone_ts.sleeps) == 2

    async def test_an_unused_injection(datazone_ts):
        datazone_ts.inject("ThrottlingException")
"""


@pytest.mark.usefixtures("without_keys")
def test_anyio(pytester):
    pytester.makepyfile(ANYIO)

    result = run_pytest(pytester, "-p", "anyio", "-p", "no:asyncio")

    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*ThrottlingException*", "*test_an_unused_injection*"])


def run_pytest(pytester, *arguments):
    """Run pytest with warnings as errors from the start of the interpreter."""
    return pytester.run(sys.executable, "-W", "error", "-m", "pytest", "-W", "error", *arguments)


@pytest.fixture
def metadata_service(without_keys, monkeypatch):  # noqa: ARG001
    """A metadata service that knows nothing; yields its URL and the requested paths."""
    with serving(404) as (url, paths):
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
        yield url, paths


async def test_no_metadata_is_requested_on_a_bare_machine_while_a_double_is_active(
    way, metadata_service, monkeypatch, post
):
    _, paths = metadata_service
    monkeypatch.setenv("AWS_DEFAULTS_MODE", "auto")
    session = new_session(way)
    with mock_datazone_ts() as ts:
        async with clients_of(way, session)("datazone") as client:
            await post(client)
        credentials = await session.get_credentials()
        frozen = await credentials.get_frozen_credentials()

    assert ts.data_points.one().region == "us-east-1"
    assert frozen[:2] == ("stand-in", "stand-in")
    assert frozen.token is None
    assert not paths
    with pytest.raises(NoRegionError):
        await session.create_client("datazone").__aenter__()
    assert await session.get_credentials() is None
    assert any("/latest/" in path for path in paths)


async def test_the_region_is_looked_up_again_after_the_double(way, metadata_service, monkeypatch):
    _, paths = metadata_service
    monkeypatch.setenv("AWS_DEFAULTS_MODE", "auto")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "configured")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "configured")
    session = new_session(way)
    with mock_datazone_ts():
        pass
    async with session.create_client("datazone", region_name="us-east-1"):
        assert any("placement" in path or "token" in path for path in paths)


@pytest.mark.parametrize(
    "settings", ["credential_process = /nonexistent", "source_profile = nope\nrole_arn = arn"]
)
async def test_a_profile_without_usable_credentials_is_harmless_unless_the_code_names_it(
    way, without_keys, monkeypatch, post, settings
):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    (without_keys / "config").write_text(f"[profile mine]\nregion = eu-west-1\n{settings}\n")
    session, named = new_session(way), new_session(way)
    named.set_config_variable("profile", "mine")
    with mock_datazone_ts() as ts:
        async with clients_of(way, session)("datazone") as client:
            await post(client)
        assert (await session.get_credentials()).access_key == "stand-in"
        with pytest.raises(Exception, match=r"."):
            await named.get_credentials()
    assert ts.data_points.one().region == "eu-west-1"


async def test_no_credentials_are_requested_from_a_container_while_a_double_is_active(
    way, metadata_service, monkeypatch
):
    url, paths = metadata_service
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/container")
    session = new_session(way)
    with mock_datazone_ts():
        assert (await session.get_credentials()).access_key == "stand-in"
    assert not paths


async def test_no_role_credentials_are_requested_from_an_instance_while_a_double_is_active(
    way, metadata_service, bare_machine, post
):
    _, paths = metadata_service
    (bare_machine / "config").write_text(
        "[default]\n"
        "role_arn = arn:aws:iam::123456789012:role/publisher\n"
        "credential_source = Ec2InstanceMetadata\n"
    )
    with mock_datazone_ts() as ts:
        async with clients_of(way, new_session(way))("datazone") as client:
            await post(client)

        assert len(ts.data_points) == 1
    assert not paths


async def test_credentials_configured_later_replace_the_stand_ins(way, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    session = new_session(way)
    with mock_datazone_ts():
        assert (await session.get_credentials()).method == "stand-in"
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "later")
        assert (await session.get_credentials()).access_key == "later"
    assert (await session.get_credentials()).access_key == "later"


async def test_requests_are_signed_with_the_option_sign(way, monkeypatch, post):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    signatures = []

    def note(request, **_):
        signatures.append(request.headers.get("Authorization"))

    session = new_session(way)
    for sign in (True, False):
        with mock_datazone_ts(sign=sign):
            async with clients_of(way, session)("datazone") as client:
                client.meta.events.register("before-send", note)
                await post(client)

    assert b"Credential=stand-in/" in signatures[0]
    assert signatures[1] is None


def test_credential_providers_are_restored_after_the_double():
    from aiobotocore import credentials, session, utils  # noqa: PLC0415

    places = [
        *map(vars, (credentials, session, utils, session.AioSession)),
        vars(credentials.AioContainerProvider),
        vars(credentials.AioInstanceMetadataProvider),
        vars(utils.AioIMDSRegionProvider),
    ]
    before = [dict(place) for place in places]
    with mock_datazone_ts():
        during = [dict(place) for place in places]

    assert [dict(place) for place in places] == before != during


@one_way
@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("loaded_before", [True, False])
async def test_mock_aws_rejects_what_moto_does_not_answer(loaded_before, monkeypatch):
    endpoint = sys.modules["aiobotocore.endpoint"]
    sent = []

    async def send(_, request):
        sent.append(request.url)
        raise ConnectionClosedError(endpoint_url=request.url)

    monkeypatch.setattr(endpoint.AioEndpoint, "_send", send)
    if not loaded_before:
        monkeypatch.delitem(sys.modules, "aiobotocore.endpoint")
    with mock_datazone_ts(mock_aws=True, strict=False):
        monkeypatch.setitem(sys.modules, "aiobotocore.endpoint", endpoint)
        config = AioConfig(retries={"total_max_attempts": 1})
        for host, error in [
            ("https://sts.us-east-1.api.aws", UnansweredOperationError),
            ("http://127.0.0.1:9", ConnectionClosedError),
        ]:
            async with AioSession().create_client(
                "sts", region_name="us-east-1", endpoint_url=host, config=config
            ) as client:
                with pytest.raises(error):
                    await client.get_caller_identity()

    assert sent == ["http://127.0.0.1:9/"]
