"""Sweeps of retry loops of every kind: here, because the docs' environment has the libraries."""

from __future__ import annotations

import asyncio
import time
from time import sleep

import backoff
import boto3
import pytest
import stamina
import tenacity
from botocore.config import Config
from freezegun import freeze_time

from pytest_datazone_ts import sweep

ATTEMPTS = 4
ASSETS = ("first", "second")


@pytest.fixture(scope="module")
def client():
    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    return boto3.client("datazone", region_name="us-east-1", config=config)


def loop(function):
    def wrapper(*arguments):
        attempt = 1
        while True:
            try:
                return function(*arguments)
            except Exception:
                if attempt == ATTEMPTS:
                    raise
            time.sleep(2 ** (attempt - 1))
            attempt += 1

    return wrapper


def loop_with_imported_sleep(function):
    def wrapper(*arguments):
        waits = [1, 2, 4]
        while True:
            try:
                return function(*arguments)
            except Exception:
                if not waits:
                    raise
            sleep(waits.pop(0))

    return wrapper


def async_loop(function):
    async def wrapper(*arguments):
        waits = [1, 2, 4]
        while True:
            try:
                return await function(*arguments)
            except Exception:
                if not waits:
                    raise
            await asyncio.sleep(waits.pop(0))

    return wrapper


LIBRARIES = {
    "tenacity": tenacity.retry(
        wait=tenacity.wait_exponential(), stop=tenacity.stop_after_attempt(ATTEMPTS), reraise=True
    ),
    "backoff": backoff.on_exception(backoff.expo, Exception, max_tries=ATTEMPTS, jitter=None),
    "stamina": stamina.retry(
        on=Exception, attempts=ATTEMPTS, wait_initial=1, wait_jitter=0, timeout=None
    ),
}
LOOPS = {"time.sleep": loop, "from time import sleep": loop_with_imported_sleep, **LIBRARIES}
ASYNC_LOOPS = {"asyncio.sleep": async_loop, **LIBRARIES}


def swept(code):
    # A call every two seconds: where waits did not move the clock, no second one would pass. The
    # clock is frozen, so that only waits do.
    with freeze_time("2024-01-01"):
        report = sweep(code, setup=lambda ts: ts.rate_limit(0.5))
    assert not report.failures
    return {(cell.call, cell.fault, cell.mode): cell.outcome for cell in report.cells}


@pytest.mark.parametrize("way", LOOPS)
def test_a_retry_loop(way, client):
    def publish(asset):
        client.post_time_series_data_points(
            domainIdentifier="dzd_1",
            entityIdentifier=asset,
            entityType="ASSET",
            forms=[{"formName": "nightly", "typeIdentifier": "team.Type", "timestamp": 0}],
            clientToken=asset,
        )

    patient = LOOPS[way](publish)

    outcomes = swept(lambda: [patient(asset) for asset in ASSETS])

    # The last call of the baseline is the fourth: the second asset waits for 1 and 2 seconds.
    assert {call for call, _, _ in outcomes} == {1, 4}
    assert outcomes[1, "ThrottlingException", "call"] == "ok"
    assert outcomes[1, "ResponseLost", "call"] == "ok"
    assert outcomes[1, "AccessDeniedException", "outage"] == "loud"


@pytest.mark.parametrize("way", ASYNC_LOOPS)
def test_an_asynchronous_retry_loop(way, client):
    async def publish(asset):
        client.post_time_series_data_points(
            domainIdentifier="dzd_1",
            entityIdentifier=asset,
            entityType="ASSET",
            forms=[{"formName": "nightly", "typeIdentifier": "team.Type", "timestamp": 0}],
            clientToken=asset,
        )

    patient = ASYNC_LOOPS[way](publish)

    async def publish_all():
        await asyncio.gather(*map(patient, ASSETS))

    outcomes = swept(publish_all)

    assert outcomes[1, "ThrottlingException", "call"] == "ok"
    assert outcomes[1, "ResponseLost", "call"] == "ok"
    assert outcomes[1, "AccessDeniedException", "outage"] == "loud"
