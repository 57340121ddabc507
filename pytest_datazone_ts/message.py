"""HTTP requests and their results, independent of any transport."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_datazone_ts.service.model import Operation


class Request(NamedTuple):
    """An HTTP request for one operation."""

    operation: Operation
    url: str
    headers: Mapping[str, str | bytes]
    """Looked up by lower-case names."""
    body: bytes
    region: str
    read_timeout: float = math.inf
    """The seconds that the client waits for a response; infinite if unknown."""
    invocation_id: str | None = None
    """The id that all attempts of one call share."""
    attempt: int | None = None
    """The number of the attempt, from 1, if the client sends it."""


class Response(NamedTuple):
    """An HTTP response."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes
    error_code: str | None = None
    """The error code in it, such as ``"ThrottlingException"``."""
    delay: float = 0.0
    """The seconds before it begins to arrive."""
    body_delay: float = 0.0
    """The seconds between its headers and its body."""


class NoResponse(NamedTuple):
    """The client gets no response."""

    exception: str
    """The class in ``botocore.exceptions`` that botocore raises."""
    hangs: bool = False
    """Whether the connection stays open without a response, rather than being closed."""
    delay: float = 0.0
    """The seconds before the client gives up."""
