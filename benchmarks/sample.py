"""The call that is measured, the same for all: one score, posted with a boto3 client."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import TYPE_CHECKING, Any

import botocore.session
from boto3.session import Session
from botocore.config import Config
from botocore.loaders import create_loader

from pytest_datazone_ts import mock_datazone_ts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DOMAIN, ASSET, FORM_NAME = "dzd_5oo7xzoqltu8mf", "4wyh64k2n8czaf", "completeness"
FORM_TYPE = "amazon.datazone.DataQualityResultFormType"
CONTENT = '{"evaluationsCount": 8, "passingPercentage": 87.5}'
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
ENTITY = {"domainIdentifier": DOMAIN, "entityType": "ASSET", "entityIdentifier": ASSET}
RETRIES = {"mode": "standard", "total_max_attempts": 3}
_loader = create_loader()
"""What keeps the service's model: reading it takes most of a client's time."""


def form(second: int = 0) -> dict[str, Any]:
    """Return a form for so many seconds after the start."""
    return {
        "formName": FORM_NAME,
        "typeIdentifier": FORM_TYPE,
        "timestamp": START + timedelta(seconds=second),
        "content": CONTENT,
    }


def post(
    client: Any, forms: int = 1, *, first: int = 0, varies: bool = True
) -> Callable[[], object]:
    """Return a call that posts so many forms in a request, from so many seconds on.

    If it ``varies``, no content comes twice, so that no cache of contents makes it faster.
    """
    posted = [form(first + number) for number in range(forms)]
    numbers = count(1)

    def call() -> object:
        for each in posted if varies else ():
            each["content"] = f'{{"evaluationsCount": {next(numbers)}, "passingPercentage": 87.5}}'
        return client.post_time_series_data_points(**ENTITY, forms=posted)

    return call


def make_client(retries: Mapping[str, Any] = RETRIES, **keywords: Any) -> Any:
    """Make a client on a session of its own, on which nobody else's handlers are."""
    session = botocore.session.Session()
    session.register_component("data_loader", _loader)
    client = Session(
        aws_access_key_id="stand-in",
        aws_secret_access_key="stand-in",  # noqa: S106 - it opens nothing
        region_name="us-east-1",
        botocore_session=session,
    ).client("datazone", config=Config(retries={**retries}), **keywords)
    if "moto" in sys.modules:  # it is on every session that is made once it is imported
        from moto.core.models import botocore_stubber  # noqa: PLC0415 - as said

        client.meta.events.unregister("before-send", botocore_stubber)
    return client


@contextmanager
def out_of_reach() -> Iterator[None]:
    """Keep the double's handlers off the sessions and clients that are made meanwhile."""
    with mock_datazone_ts():  # the first one looks for what exists already
        pass
    initializers = botocore._INITIALIZERS  # noqa: SLF001 - it is not known under which name
    before = initializers[:]
    initializers.clear()
    try:
        yield
    finally:
        initializers[:] = before


def unsigned(client: Any) -> Any:
    """Have a client's requests go unsigned, as the double has them by default."""
    client.meta.events.register("choose-signer.datazone", lambda **_: botocore.UNSIGNED)
    return client
