"""Interception in process: which clients it reaches, and what they get."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.exceptions import NoRegionError
from botocore.history import get_global_history_recorder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from network import answer
from sample import serving

from pytest_datazone_ts import DataZoneTimeSeries, mock_datazone_ts

pytestmark = pytest.mark.usefixtures("machine_with_keys")

RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 3})


@pytest.fixture
def loopback():
    """A server on 127.0.0.1; yields its URL and the requested paths."""
    with serving(201, b"{}") as server:
        yield server


def without_builtin_handlers():
    return botocore.session.Session(include_builtin_handlers=False)


WAYS = {
    "boto3.client": lambda: boto3.client,
    "boto3.Session": lambda: boto3.Session().client,
    "a botocore session": lambda: botocore.session.get_session().create_client,
    "without builtin handlers": lambda: without_builtin_handlers().create_client,
}
existing_and_new = pytest.mark.parametrize("made", ["before", "between", "after"])


@existing_and_new
@pytest.mark.parametrize("way", WAYS)
def test_every_client_is_answered_and_its_retries_are_one_call(way, made, post, network):
    def client():
        return create("datazone", region_name="eu-west-1", config=RETRIES)

    if made != "after":  # "between": the session exists, its client does not
        create = WAYS[way]()
    if made == "before":
        posting = client()
    with mock_datazone_ts() as ts:
        if made == "after":
            create = WAYS[way]()
        if made != "before":
            posting = client()
        ts.inject("ThrottlingException", times=2)
        response = post(posting)

        assert response["ResponseMetadata"]["RetryAttempts"] == 2
        codes = [attempt.error_code for attempt in ts.calls.one().attempts]
        assert codes == ["ThrottlingException", "ThrottlingException", None]
        assert [attempt.number for attempt in ts.calls.one().attempts] == [1, 2, 3]
        assert ts.data_points.one().region == "eu-west-1"
    assert not network


def test_a_client_without_builtin_handlers_sends_no_invocation_id(post, network):
    client = without_builtin_handlers().create_client("datazone", region_name="us-east-1")
    sent = []
    client.meta.events.register(
        "before-send", lambda request, **_: sent.append({*map(str.lower, request.headers)})
    )
    with mock_datazone_ts():
        post(client)

    assert "amz-sdk-invocation-id" not in sent[0]
    assert not network


def test_clients_made_at_import_are_answered(pytester):
    pytester.makeconftest("""
        import boto3

        CLIENT = boto3.client("datazone", region_name="us-east-1")
        SESSION = boto3.Session(region_name="us-east-1")
    """)
    pytester.makepyfile("""
        import boto3
        import conftest
        import pytest

        CLIENT = boto3.client("datazone", region_name="us-east-1")

        @pytest.mark.parametrize(
            "client", [CLIENT, conftest.CLIENT, conftest.SESSION.client("datazone")]
        )
        def test_posts(client, datazone_ts):
            client.post_time_series_data_points(
                domainIdentifier="dzd_1", entityIdentifier="e", entityType="ASSET",
                forms=[{"formName": "f", "typeIdentifier": "t", "timestamp": 1}],
            )
            assert datazone_ts.data_points.one().form_name == "f"
    """)

    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    "statement", ["gc.freeze()", "del sys.modules['botocore.session']; import botocore.session"]
)
def test_a_client_that_is_older_than_the_plugin_is_answered_even_after(statement, pytester):
    pytester.makepyfile(
        older="""
        import boto3

        CLIENT = boto3.client(
            "datazone",
            region_name="us-east-1",
            endpoint_url="http://127.0.0.1:1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
        """,
        test_it=f"""
        import gc
        import sys

        from older import CLIENT

        {statement}

        def test_posts(datazone_ts):
            CLIENT.delete_time_series_data_points(
                domainIdentifier="dzd_1", entityIdentifier="e", entityType="ASSET", formName="f"
            )
            assert datazone_ts.calls.one().succeeded
        """,
    )

    pytester.runpytest_subprocess("-p", "older").assert_outcomes(passed=1)


def test_the_first_double_freezes_no_objects(pytester):
    """Some versions of Python freeze objects at start-up, before any code runs."""
    pytester.makepyfile(
        older="""
        import gc

        import boto3

        gc.freeze()
        """,
        test_it="""
        import gc
        import weakref

        class Cycle:
            pass

        def test_cycle(request):
            cycle = Cycle()
            cycle.itself = cycle
            alive = weakref.ref(cycle)
            request.getfixturevalue("datazone_ts")
            del cycle
            gc.collect()
            assert alive() is None
        """,
    )

    pytester.runpytest_subprocess("-p", "older").assert_outcomes(passed=1)


ELDERS = """
    import sys, weakref

    import boto3, botocore.session

    class Woken(BaseException):
        pass

    class Lazy:
        @property
        def __class__(self):
            raise Woken

        def __getattr__(self, name):
            raise Woken

    class Target:
        @property
        def __class__(self):
            raise Woken

    lazy, target = Lazy(), Target()
    proxy = weakref.proxy(target)
    dangling = weakref.proxy(type("Gone", (), {})())

    boto3_session = boto3.Session(region_name="us-east-1")
    bare_session = botocore.session.Session(include_builtin_handlers=False)
    clients = [
        boto3.client("datazone", region_name="us-east-1"),
        boto3_session.client("datazone"),
        bare_session.create_client("datazone", region_name="us-east-1"),
    ]
    assert not [name for name in sys.modules if name.startswith("pytest_datazone_ts")]

    import pytest_datazone_ts

    with pytest_datazone_ts.mock_datazone_ts() as ts:
        clients.append(boto3_session.client("datazone"))
        clients.append(bare_session.create_client("datazone", region_name="us-east-1"))
        for number, client in enumerate(clients):
            ts.inject("ThrottlingException")
            response = client.post_time_series_data_points(
                domainIdentifier="dzd_1", entityIdentifier=str(number), entityType="ASSET",
                forms=[{"formName": "f", "typeIdentifier": "t", "timestamp": 1}],
            )
        assert [len(call.attempts) for call in ts.calls] == [2] * 5
        assert [point.entity_identifier for point in ts.data_points] == list("01234")
        print(*[point.id for point in ts.data_points])
        print(*[call.attempts[-1].request_id for call in ts.calls])
"""


def test_clients_made_before_the_package_was_imported_are_found_without_side_effects(
    pytester, monkeypatch, post, make_client
):
    """Ids are the same in every process."""
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
    result = pytester.run(sys.executable, "-W", "error", pytester.makepyfile(elders=ELDERS))
    assert (result.ret, result.errlines) == (0, [])

    client = make_client()
    with mock_datazone_ts() as ts:
        for number in range(5):
            ts.inject("ThrottlingException")
            post(client, entityIdentifier=str(number))
        ids = [point.id for point in ts.data_points]
        request_ids = [call.attempts[-1].request_id for call in ts.calls]

    assert result.outlines == [" ".join(ids), " ".join(request_ids)]
    assert all(re.fullmatch(r"[a-z0-9]{14}", identifier) for identifier in ids)


PLACES = [
    ("eu-central-1", {}, None),
    ("cn-north-1", {}, None),
    ("us-gov-west-1", {}, None),
    ("us-iso-east-1", {}, None),
    ("xx-nowhere-9", {}, None),
    ("us-east-1", {"use_fips_endpoint": True}, None),
    ("us-east-1", {"use_dualstack_endpoint": True}, None),
    ("us-gov-west-1", {"use_fips_endpoint": True, "use_dualstack_endpoint": True}, None),
    ("us-east-1", {}, "https://datazone.us-east-1.amazonaws.com"),
    ("us-east-1", {}, "http://localhost:4566"),
    ("us-east-1", {}, "https://proxy.example/aws/datazone/"),
    ("us-east-1", {}, "http://[::1]:4566/v2/domains"),
]


@pytest.mark.parametrize("place", PLACES)
def test_every_endpoint_is_answered(place, session, post, network):
    region, config, endpoint_url = place
    client = session.client(
        "datazone", region_name=region, endpoint_url=endpoint_url, config=Config(**config)
    )
    urls = []
    client.meta.events.register("before-send", lambda request, **_: urls.append(request.url))
    with mock_datazone_ts() as ts:
        post(client)

        assert ts.data_points.one().region == ts.calls.one().region == region
    assert urls[0].startswith(endpoint_url or "https://datazone")
    assert ("fips" in urls[0]) is ("use_fips_endpoint" in config)
    assert not network


@settings(
    derandomize=True,
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # only for what they share
)
@given(
    prefix=st.lists(st.text("abc-._~%20é", min_size=1, max_size=6), max_size=3).map("/".join),
    entity=st.text("abcXYZ019_-", min_size=1, max_size=36),
)
def test_any_path_prefix_of_an_endpoint_is_left_out(session, post, prefix, entity):
    client = session.client("datazone", endpoint_url=f"http://proxy.example/{prefix}")
    with mock_datazone_ts() as ts:
        post(client, entityIdentifier=entity)

        assert ts.data_points.one().entity_identifier == entity


def test_an_endpoint_from_the_environment_is_answered(monkeypatch, post, network):
    monkeypatch.setenv("AWS_ENDPOINT_URL_DATAZONE", "http://localhost:4566/prefix")
    client = boto3.client("datazone", region_name="us-east-1")
    with mock_datazone_ts() as ts:
        post(client)

        assert len(ts.data_points) == 1
    assert client.meta.endpoint_url == "http://localhost:4566/prefix"
    assert not network


def test_calls_in_threads_are_all_recorded_with_their_retries(make_client, post):
    """A client shared by eight threads is throttled at random moments."""
    client = make_client(attempts=100)
    with mock_datazone_ts() as ts:
        ts.inject("ThrottlingException", times=60)

        def post_all(thread):
            return {
                f"{thread}-{number}": post(client, entityIdentifier=f"{thread}-{number}")
                for number in range(15)
            }

        with ThreadPoolExecutor(8) as pool:
            responses = {}
            for posted in pool.map(post_all, range(8)):
                responses |= posted

        assert len(ts.calls) == 120
        assert {point.entity_identifier for point in ts.data_points} == {*responses}
        assert len(ts.data_points) == 120
        assert Counter(attempt.error_code for call in ts.calls for attempt in call.attempts) == {
            "ThrottlingException": 60,
            None: 120,
        }
        for call in ts.calls:
            entity = call.parameters["entityIdentifier"]
            assert call.succeeded
            assert [attempt.number for attempt in call.attempts] == [
                *range(1, responses[entity]["ResponseMetadata"]["RetryAttempts"] + 2)
            ]
            assert (
                call.attempts[-1].request_id == responses[entity]["ResponseMetadata"]["RequestId"]
            )


def test_doubles_in_other_threads_are_the_same_double(make_client, post):
    with mock_datazone_ts() as ts, ThreadPoolExecutor(1) as pool:
        assert pool.submit(DataZoneTimeSeries.current).result() is ts
        pool.submit(post, make_client()).result()

        assert len(ts.data_points) == 1


def test_the_handlers_of_the_client_are_called(make_client, post):
    client = make_client()
    seen = []

    def before_send(request, event_name, **_):
        seen.append((event_name, urlsplit(request.url).path.rpartition("/")[2]))

    client.meta.events.register_first("before-send.datazone.PostTimeSeriesDataPoints", before_send)
    client.meta.events.register_last("before-send.*.*", before_send)
    with mock_datazone_ts() as ts:
        post(client)

        assert len(ts.calls) == 1
    assert seen == [
        ("before-send.datazone.PostTimeSeriesDataPoints", "time-series-data-points")
    ] * len(seen)
    assert len(seen) == 2


@pytest.mark.skipif(
    "context" not in inspect.signature(AWSPreparedRequest).parameters,
    reason="this version of botocore passes on the context of a call only with the URL",
)
def test_a_handler_may_replace_the_url(make_client, post):
    def replace_url(request, **_):
        request.url = "".join(request.url)

    client = make_client()
    event = "before-send.datazone.PostTimeSeriesDataPoints"
    client.meta.events.register_first(event, replace_url)
    with mock_datazone_ts() as ts:
        post(client)

        assert ts.data_points.one()


def test_the_response_of_the_double_takes_precedence_over_that_of_a_handler(make_client, post):
    """Other libraries respond in the same event."""
    client = make_client()
    client.meta.events.register(
        "before-send.datazone",
        lambda request, **_: answer(request),
    )
    with mock_datazone_ts() as ts:
        assert post(client)["forms"][0]["id"] == ts.data_points.one().id


def test_one_client_reaches_its_endpoint_then_the_double_then_its_endpoint(session, post, loopback):
    endpoint_url, paths = loopback
    client = session.client("datazone", endpoint_url=endpoint_url)

    post(client, entityIdentifier="first")
    with mock_datazone_ts() as ts:
        post(client, entityIdentifier="second")
    post(client, entityIdentifier="third")

    assert [path.split("/")[-2] for path in paths] == ["first", "third"]
    assert ts.data_points.one().entity_identifier == "second"
    assert len(ts.calls) == 1
    client.close()


def test_without_a_double_nothing_changes(session, post, network):
    network.status = 201
    client = session.client("datazone")
    with mock_datazone_ts():
        pass

    response = post(client)

    headers = {name.lower(): value for name, value in network[0].headers.items()}
    assert b"Credential=configured/" in headers["authorization"]
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 201
    with pytest.raises(NoRegionError):
        boto3.client("datazone")
    with pytest.raises(RuntimeError, match="no DataZone double is active here"):
        DataZoneTimeSeries.current()


def test_a_request_in_progress_when_a_double_becomes_active_is_answered(make_client, post, network):
    client = make_client()
    mock = mock_datazone_ts()
    client.meta.events.register_first(
        "before-send.datazone.PostTimeSeriesDataPoints", lambda **_: mock.__enter__() and None
    )
    post(client)
    double = DataZoneTimeSeries.current()
    mock.__exit__(None, None, None)

    assert not network
    assert double.data_points.one().form_name == "completeness"


def test_a_double_that_ends_during_a_call_no_longer_answers_its_retries(make_client, post, network):
    client = make_client()
    mock = mock_datazone_ts(strict=False)
    client.meta.events.register_first(
        "response-received.datazone",
        lambda **_: network or mock.__exit__(None, None, None),
    )
    double = mock.__enter__()
    double.inject("ConnectionClosed", times=None)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("time.sleep", lambda _seconds: None)
        post(client)

    assert len(network) == 1
    assert [attempt.fault for attempt in double.calls.one().attempts] == [
        double.calls.one().attempts[0].fault
    ]


def test_waits_are_real_once_the_double_ended_during_a_call(make_client, post):
    client = make_client()
    with mock_datazone_ts() as outer, pytest.MonkeyPatch.context() as patched:
        slept = []
        patched.setattr("time.sleep", slept.append)
        mock = mock_datazone_ts(strict=False)
        inner = mock.__enter__()
        inner.inject("ThrottlingException", times=None)
        client.meta.events.register_first(
            "response-received.datazone",
            lambda **_: outer.calls or slept or mock.__exit__(None, None, None),
        )
        post(client)

        assert len(inner.calls.one().attempts) == len(outer.calls.one().attempts) == 1
        assert inner.sleeps == outer.sleeps == ()
        assert len(slept) == 1


def test_a_call_within_a_call_is_recorded_separately(make_client, post):
    client = make_client()
    with mock_datazone_ts() as ts:
        ts.inject("ThrottlingException", operation="SearchListings")
        ts.inject("ThrottlingException")

        def search(parameters):
            post(client, entityIdentifier=parameters["searchText"])
            return {"totalMatchCount": 1}

        ts.respond("SearchListings", search)
        response = client.search_listings(domainIdentifier="dzd_1", searchText="asset1")

        assert response["totalMatchCount"] == 1
        assert ts.data_points.one().entity_identifier == "asset1"
        assert [(call.operation, len(call.attempts)) for call in ts.calls] == [
            ("SearchListings", 2),
            ("PostTimeSeriesDataPoints", 2),
        ]
        assert len(ts.sleeps) == 2
        assert all(call.attempts[0].slept > 0 for call in ts.calls)


def test_the_response_has_the_metadata_of_a_real_one(make_client, post):
    client = make_client()
    with mock_datazone_ts() as ts:
        ts.inject("InternalServerException")
        response = post(client)

        metadata = response.pop("ResponseMetadata")
        attempt = ts.calls.one().attempts[-1]
        assert metadata["HTTPStatusCode"] == attempt.status_code == 201
        assert metadata["RequestId"] == attempt.request_id
        assert metadata["RetryAttempts"] == 1
        assert metadata["HTTPHeaders"]["x-amzn-requestid"] == attempt.request_id
        assert metadata["HTTPHeaders"]["content-type"] == "application/json"
        assert metadata["HTTPHeaders"]["date"].endswith(" GMT")
        assert int(metadata["HTTPHeaders"]["content-length"]) > 0
        assert response["forms"][0]["id"] == ts.data_points.one().id

        with pytest.raises(client.exceptions.ResourceNotFoundException) as rejected:
            client.get_time_series_data_point(
                domainIdentifier="dzd_1",
                entityIdentifier="e",
                entityType="ASSET",
                formName="f",
                identifier="i",
            )
        metadata = rejected.value.response["ResponseMetadata"]
        assert metadata["HTTPStatusCode"] == 404
        assert metadata["RequestId"] == ts.calls.latest().attempts[-1].request_id
        assert metadata["RetryAttempts"] == 0


def test_an_async_client_awaits_its_responses():
    aiobotocore = pytest.importorskip("aiobotocore.session")
    identifiers = {
        "domainIdentifier": "dzd_1",
        "entityIdentifier": "e",
        "entityType": "ASSET",
    }

    async def post_and_fail():
        session = aiobotocore.get_session()
        async with session.create_client("datazone") as client:
            form = {"formName": "f", "typeIdentifier": "t", "timestamp": 1}
            posted = await client.post_time_series_data_points(**identifiers, forms=[form])
            with pytest.raises(client.exceptions.ResourceNotFoundException):
                await client.get_time_series_data_point(
                    **identifiers, formName="f", identifier="absent"
                )
        return posted

    with mock_datazone_ts() as ts:
        posted = asyncio.run(post_and_fail())

        assert posted["forms"][0]["id"] == ts.data_points.one().id


def test_botocores_debug_log_shows_the_exchange(make_client, post, monkeypatch, capsys):
    logger = logging.getLogger("botocore")
    monkeypatch.setattr(logger, "handlers", [])
    level = logger.level
    boto3.set_stream_logger("botocore")
    try:
        with mock_datazone_ts() as ts:
            post(make_client())
            point = ts.data_points.one()
    finally:
        logger.setLevel(level)

    logged = capsys.readouterr().err
    assert "Response body" in logged
    assert point.id in logged


def test_botocores_history_recorder_sees_the_exchange(make_client, post, monkeypatch):
    class Recorder:
        def emit(self, event_type, payload, *_):
            events[event_type] = payload

    events = {}
    recorder = get_global_history_recorder()
    monkeypatch.setattr(recorder, "_handlers", [])
    recorder.add_handler(Recorder())
    recorder.enable()
    try:
        with mock_datazone_ts() as ts:
            post(make_client())
            point = ts.data_points.one()
    finally:
        recorder.disable()

    assert events["HTTP_REQUEST"]["method"] == "POST"
    assert point.id.encode() in events["HTTP_RESPONSE"]["body"]
    assert events["PARSED_RESPONSE"]["forms"][0]["id"] == point.id


def test_a_header_that_a_handler_adds_as_text_is_accepted(make_client, post):
    client = make_client()

    def add(request, **_):
        request.headers["x-own"] = "text"

    client.meta.events.register_first("before-send.datazone.PostTimeSeriesDataPoints", add)
    with mock_datazone_ts() as ts:
        post(client)

        assert len(ts.data_points) == 1


FIRST_USE = """
import pytest_datazone_ts.plugin
from botocore import loaders
from botocore.session import Session

class OwnLoader(loaders.Loader):
    pass

sessions = {sessions}
if sessions[1:]:
    sessions[1].register_component("data_loader", OwnLoader())
clients = [each.create_client("datazone", region_name="us-east-1") for each in sessions]
later = Session()
read = []
load_file = loaders.JSONFileLoader.load_file

def noting(loader, path):
    read.append(path)
    return load_file(loader, path)

loaders.JSONFileLoader.load_file = noting
from pytest_datazone_ts import mock_datazone_ts
with mock_datazone_ts():
    print(len(set(path for path in read if "datazone" in path and path.endswith("service-2"))))
"""


@pytest.mark.parametrize(
    ("sessions", "files"),
    [("[Session()]", 0), ("[]", 1), ("[Session(), Session()]", 1)],
    ids=["a client has it", "no client", "the last client has a loader of its own"],
)
def test_the_first_double_reads_the_model_unless_the_last_client_has(sessions, files):
    code = FIRST_USE.format(sessions=sessions)
    result = subprocess.run(  # noqa: S603 - Python itself
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert (result.stdout.split(), result.stderr) == ([str(files)], "")
