"""What a throttled call costs: four throttles, then success, in each of botocore's retry modes.

Run it with ``python -m benchmarks.throttled_call``; it takes a minute or two, nearly all of
them botocore's real back-offs. The cost of the same call with virtual sleeps is also given as
a ratio to that of five attempts that are not throttled; the goal is 3 at most.
"""

from __future__ import annotations

from datetime import datetime, timezone
from statistics import median
from time import perf_counter
from typing import Any, Literal

from boto3.session import Session
from botocore.config import Config

from pytest_datazone_ts import mock_datazone_ts

ATTEMPTS = 5
ROUNDS = 3
"""How often a call really waits."""
CALLS = 50
"""How many calls with virtual sleeps, and how many times five plain ones, in each round."""
HIGHEST_RATIO = 3.0
"""The goal: what a throttled call may cost, over five attempts that are not."""


def main() -> int:
    """Print the medians of each mode; return 1 if the goal is missed."""
    session = Session(region_name="us-east-1")
    lines = [f"{'mode':10}{'real':>12}{'virtual':>12}{'5 attempts':>12}{'ratio':>8}"]
    missed = False
    for mode in ("legacy", "standard", "adaptive"):
        retries = {"mode": mode, "total_max_attempts": ATTEMPTS}
        client = session.client("datazone", config=Config(retries=retries))
        real, virtual, plain = [], [], []
        for _ in range(ROUNDS):
            real.append(seconds(client, throttled=True, retry_sleep="real"))
            for _ in range(CALLS):
                virtual.append(seconds(client, throttled=True))
                plain.append(sum(seconds(client) for _ in range(ATTEMPTS)))
        ratio = median(virtual) / median(plain)
        missed |= ratio > HIGHEST_RATIO
        lines.append(
            f"{mode:10}{median(real):10.3f} s{median(virtual) * 1000:9.2f} ms"
            f"{median(plain) * 1000:9.2f} ms{ratio:8.2f}"
        )
    lines.append(f"{'goal':46}{HIGHEST_RATIO:8.2f}")
    print("\n".join(lines))  # noqa: T201 - what it is for
    return int(missed)


def seconds(
    client: Any, *, throttled: bool = False, retry_sleep: Literal["virtual", "real"] = "virtual"
) -> float:
    """Return how long it takes to post a data point; throttled: with the last attempt."""
    # A double of its own: what the client learns of throttling ends with it.
    with mock_datazone_ts(retry_sleep=retry_sleep) as double:
        if throttled:
            double.inject("ThrottlingException", times=ATTEMPTS - 1)
        started = perf_counter()
        client.post_time_series_data_points(
            domainIdentifier="dzd_5oo7xzoqltu8mf",
            entityIdentifier="4wyh64k2n8czaf",
            entityType="ASSET",
            forms=[
                {
                    "formName": "completeness",
                    "typeIdentifier": "amazon.datazone.DataQualityResultFormType",
                    "timestamp": datetime(2024, 1, 1, tzinfo=timezone.utc),
                    "content": '{"evaluationsCount": 8, "passingPercentage": 87.5}',
                }
            ],
        )
        return perf_counter() - started


if __name__ == "__main__":
    raise SystemExit(main())
