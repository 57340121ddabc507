"""What a long series costs: time of a page and of a post, and memory of a point.

``python -m benchmarks.listing`` compares a double that holds 1,000 points with one that holds
1,000,000, in one process, by interleaved medians. It takes about half a minute and 1 GB.

A point that is older than all others is put in front of a list of them. That moves a million
references, some 0.3 ms, so it has no goal but as a boto3 user meets it.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import tracemalloc
import uuid
from datetime import datetime, timezone
from itertools import count
from statistics import median
from typing import TYPE_CHECKING, Any

from boto3.session import Session

from pytest_datazone_ts import DataZoneTimeSeries
from pytest_datazone_ts.clock import Clock
from pytest_datazone_ts.service import model, wire
from pytest_datazone_ts.service.operations import Service
from pytest_datazone_ts.service.store import SeriesKey
from pytest_datazone_ts.transport import hook

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (1_000, 1_000_000)
ROUNDS = 301
MEASURED_POSTS = 20_000
SLOWEST_RATIO = 2.0
"""The goal: what a million points may cost, over what a thousand cost."""
NO_GOAL = "post a point, the oldest (no goal)"
MOST_BYTES = 700
"""The goal: of memory for a stored point, beside its content."""

DOMAIN, ASSET, FORM_NAME = "dzd_5oo7xzoqltu8mf", "4wyh64k2n8czaf", "completeness"
FORM_TYPE = "amazon.datazone.DataQualityResultFormType"
CONTENT = '{"evaluationsCount": 8, "passingPercentage": 87.5}'
START = 1_704_067_200
"""2024-01-01: the first point's time; each further one is a second later."""
ENTITY = {"domainIdentifier": DOMAIN, "entityType": "ASSET", "entityIdentifier": ASSET}
URL = (
    f"https://datazone.us-east-1.api.aws/v2/domains/{DOMAIN}/entities/ASSET/{ASSET}"
    "/time-series-data-points"
)


def post_request(second: int) -> wire.Request:
    """Make a request that posts a point for this second."""
    form = {
        "formName": FORM_NAME,
        "typeIdentifier": FORM_TYPE,
        "timestamp": START + second,
        "content": CONTENT,
    }
    body = json.dumps({"clientToken": str(uuid.uuid4()), "forms": [form]}).encode()
    return wire.Request("PostTimeSeriesDataPoints", URL, {}, body, "us-east-1")


def list_request(**query: str) -> wire.Request:
    """Make a request for a page of 50 points."""
    query = {"formName": FORM_NAME, "maxResults": "50", **query}
    text = "&".join(f"{name}={value}" for name, value in query.items())
    return wire.Request("ListTimeSeriesDataPoints", f"{URL}?{text}", {}, b"", "us-east-1")


def answered(double: DataZoneTimeSeries, request: wire.Request) -> dict[str, Any]:
    """Return the body of the double's response."""
    response = double.exchange(request)
    if not isinstance(response, wire.Response) or response.status_code not in (200, 201):
        raise RuntimeError(response)
    body: dict[str, Any] = json.loads(response.body)
    return body


def filled(size: int) -> DataZoneTimeSeries:
    """Return a double that holds so many points."""
    double = DataZoneTimeSeries()
    store = double._service.store  # noqa: SLF001 - in requests, a million points take a minute
    key = SeriesKey("us-east-1", DOMAIN, "ASSET", ASSET, FORM_NAME)
    posted_at = datetime.now(timezone.utc)
    gc.disable()  # a million new objects, none of them garbage
    for second in range(size):
        form = {
            "typeIdentifier": FORM_TYPE,
            "timestamp": datetime.fromtimestamp(START + second, timezone.utc),
            "content": CONTENT,
        }
        store.add(key, form, type_revision="1", posted_at=posted_at)
    gc.enable()
    return double


def measures(double: DataZoneTimeSeries, size: int) -> dict[str, Callable[[], object]]:
    """Return what is timed of a double."""
    middle = datetime.fromtimestamp(START + size // 2, timezone.utc)
    ended_at = f"{middle:%Y-%m-%dT%H:%M:%SZ}"
    newest = list_request()
    from_the_middle = list_request(endedAt=ended_at)
    token = answered(double, from_the_middle)["nextToken"]
    next_of_the_middle = list_request(endedAt=ended_at, nextToken=token)
    later, earlier = count(size), count(-1, -1)
    client = Session(region_name="us-east-1").client("datazone")

    def through_client(call: Callable[[], object]) -> Callable[[], object]:
        def timed() -> object:
            hook.activate(double)
            try:
                return call()
            finally:
                hook.deactivate(double)

        return timed

    def list_with_client() -> object:
        return client.list_time_series_data_points(**ENTITY, formName=FORM_NAME, maxResults=50)

    def post_with_client(numbers: count[int]) -> object:
        form = {
            "formName": FORM_NAME,
            "typeIdentifier": FORM_TYPE,
            "timestamp": START + next(numbers),
            "content": CONTENT,
        }
        return client.post_time_series_data_points(**ENTITY, forms=[form])

    def post(numbers: count[int]) -> object:
        return double.exchange(post_request(next(numbers)))

    return {
        "newest page of 50": lambda: double.exchange(newest),
        "page of 50 from the middle": lambda: double.exchange(from_the_middle),
        "the page after that, by its token": lambda: double.exchange(next_of_the_middle),
        "post a point, the newest": lambda: post(later),
        NO_GOAL: lambda: post(earlier),
        "newest page of 50, through boto3": through_client(list_with_client),
        "post the newest, through boto3": through_client(lambda: post_with_client(later)),
        "post the oldest, through boto3": through_client(lambda: post_with_client(earlier)),
    }


def interleaved(small: Callable[[], object], large: Callable[[], object]) -> tuple[float, float]:
    """Return the medians of both, in microseconds, each timed in turn."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for measure, taken in zip((small, large), times, strict=True):
            start = time.perf_counter()
            measure()
            taken.append(time.perf_counter() - start)
    return median(times[0]) * 1e6, median(times[1]) * 1e6


def bytes_per_post(carry_out: Callable[[wire.Request], object]) -> float:
    """Return by how much a post of one point lets the memory grow."""
    for second in range(1_000):
        carry_out(post_request(second))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for second in range(1_000, 1_000 + MEASURED_POSTS):
        carry_out(post_request(second))
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before) / MEASURED_POSTS


def memory() -> tuple[float, float]:
    """Return the bytes of a stored point beside its content, and those of a recorded call."""
    service = Service(Clock(), content_check="warn")
    operation = model.operation("PostTimeSeriesDataPoints")

    def store(request: wire.Request) -> object:
        return service.answer(
            operation.name, request.region, wire.decode(operation, request)
        ).output

    stored = bytes_per_post(store)
    recorded = bytes_per_post(DataZoneTimeSeries().exchange)
    return stored - sys.getsizeof(CONTENT), recorded - stored


def main() -> int:
    """Print the tables; return 1 if a goal is missed."""
    lines = []
    missed = False
    stored, recorded = memory()
    missed |= stored > MOST_BYTES
    start = time.perf_counter()
    doubles = [filled(size) for size in SIZES]
    lines.append(f"filled in {time.perf_counter() - start:.1f} s")
    lines.append(f"{'microseconds, medians':36}{SIZES[0]:>12,}{SIZES[1]:>12,}{'ratio':>8}")
    small, large = (measures(double, size) for double, size in zip(doubles, SIZES, strict=True))
    for name in small:
        medians = interleaved(small[name], large[name])
        ratio = medians[1] / medians[0]
        missed |= ratio > SLOWEST_RATIO and name != NO_GOAL
        lines.append(f"{name:36}{medians[0]:>12.0f}{medians[1]:>12.0f}{ratio:>8.2f}")
    lines.append(f"{'goal':36}{'':24}{SLOWEST_RATIO:>8.2f}")
    lines.append("bytes, each point posted alone")
    lines.append(f"{'a stored point beside its content':36}{stored:>12.0f}  (goal {MOST_BYTES})")
    lines.append(f"{'the call that the double recorded':36}{recorded:>12.0f}")
    print("\n".join(lines))  # noqa: T201 - what it is for
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
