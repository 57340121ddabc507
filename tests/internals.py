"""All uses of the package's internals in tests.

Tests use them for what no client can bring about: a request that botocore would not send, a server
with shorter timeouts, and features of rest-json that DataZone does not use yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_datazone_ts import DataZoneTimeSeries
from pytest_datazone_ts.__main__ import main as run_command
from pytest_datazone_ts.clock import Clock
from pytest_datazone_ts.double import exchange_behind
from pytest_datazone_ts.message import Request
from pytest_datazone_ts.mock import verify
from pytest_datazone_ts.option_keywords import OptionKeywords
from pytest_datazone_ts.options import Options
from pytest_datazone_ts.service import model, wire
from pytest_datazone_ts.service.codec import DecodeError as UnreadableError
from pytest_datazone_ts.service.error import ServiceError
from pytest_datazone_ts.service.operations import Service
from pytest_datazone_ts.transport.server import LARGEST_BODY, LARGEST_FOREIGN_BODY, serve

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "LARGEST_BODY",
    "LARGEST_FOREIGN_BODY",
    "OptionKeywords",
    "Options",
    "UnreadableError",
    "decode",
    "encode",
    "exchange",
    "new_double",
    "new_operation",
    "rejection_of",
    "run_command",
    "serve",
    "verify",
]


def new_double(**options: Any) -> DataZoneTimeSeries:
    """Make a double that is not active: no client in this process finds it."""
    return DataZoneTimeSeries(Options(**options))


def exchange(
    double: DataZoneTimeSeries,
    operation: str,
    url: str,
    body: bytes = b"",
    *,
    headers: Mapping[str, str | bytes] | None = None,
    region: str = "us-east-1",
    **details: Any,
) -> Any:
    """Pass a request to a double and return the result."""
    request = Request(
        operation=model.operation(operation),
        url=url,
        headers=headers or {},
        body=body,
        region=region,
        **details,
    )
    return exchange_behind(double)(request)


def rejection_of(operation: str, parameters: Mapping[str, Any]) -> str:
    """Return the message of the error that the service rejects parameters with."""
    with pytest.raises(ServiceError) as caught:
        Service(Clock(), content_check="off").validate(model.operation(operation), parameters)
    return str(caught.value)


def new_operation(query: Any, body: Any) -> Any:
    """Make an operation that DataZone does not have from two structure shapes.

    Requests and responses have one in the query and the other in the body.
    """
    return model.Operation(
        name="Any",
        method="POST",
        segments=("any",),
        success=200,
        input=body,
        output=body,
        members={"uri": {}, "querystring": query.members, "header": {}, "body": body.members},
        errors={},
    )


def decode(operation: Any, body: bytes, query: str = "") -> dict[str, Any]:
    """Decode a request for an operation made by ``new_operation``."""
    url = f"https://datazone.us-east-1.api.aws/any?{query}"
    request = Request(operation=operation, url=url, headers={}, body=body, region="us-east-1")
    return wire.decode(operation, request)


def encode(operation: Any, output: Mapping[str, Any]) -> bytes:
    """Encode the body of a response for an operation made by ``new_operation``."""
    return wire.encode(operation, output, request_id="id", at=0.0).body
