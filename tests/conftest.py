"""What the tests share: real clients and the call that most of them make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from boto3.session import Session
from botocore.config import Config
from sample import DOMAIN, ENTITY, FORM

if TYPE_CHECKING:
    from collections.abc import Callable

pytest_plugins = ["pytester"]


@pytest.fixture(scope="session")
def session() -> Session:
    """A session of the tests' own: loading DataZone's model takes most of a client's time."""
    return Session(region_name="us-east-1")


@pytest.fixture
def make_client(session: Session) -> Callable[..., Any]:
    """Make a client; ``mode`` and ``attempts`` say how it retries."""

    def make(mode: str = "standard", attempts: int = 3, **config: Any) -> Any:
        retries = {"mode": mode, "total_max_attempts": attempts}
        return session.client("datazone", config=Config(retries=retries, **config))

    return make


@pytest.fixture
def post() -> Callable[..., Any]:
    """Post one form with a client; keywords replace the call's or, if they fit, the form's."""

    def post(client: Any, **keywords: Any) -> Any:
        form = {**FORM, **{name: keywords.pop(name) for name in [*keywords] if name in FORM}}
        call = {
            "domainIdentifier": DOMAIN,
            "entityIdentifier": ENTITY,
            "entityType": "ASSET",
            "forms": [form],
        }
        return client.post_time_series_data_points(**{**call, **keywords})

    return post
