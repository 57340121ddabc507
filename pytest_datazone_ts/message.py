"""HTTP requests and what becomes of them, independent of any transport."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_datazone_ts.service.model import Operation


@dataclass(slots=True)  # not frozen: creating one would take three times as long
class Request:
    """An HTTP request for one operation."""

    operation: Operation
    url: str
    headers: Mapping[str, str | bytes]
    """Looked up by lower-case names."""
    body: bytes
    region: str
    read_timeout: float = math.inf
    """The seconds that the client waits for a response; infinite where nobody knows."""
    invocation_id: str | None = None
    """The same for every attempt of one call."""
    attempt: int | None = None
    """The number of the attempt, from 1, where the client sends it."""


@dataclass(slots=True)
class Response:
    """An HTTP response."""

    status_code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    error_code: str | None = None
    """The code that the client finds in it, such as ``"ThrottlingException"``."""
    delay: float = 0.0
    """The seconds that pass before it begins to arrive."""
    body_delay: float = 0.0
    """The seconds that pass between its headers and its body."""


@dataclass(frozen=True, slots=True)
class NoResponse:
    """The client gets no response."""

    exception: str
    """The class in ``botocore.exceptions`` that botocore raises."""
    hangs: bool = False
    """Whether the connection stays open and silent, rather than closes."""
    delay: float = 0.0
    """The seconds that pass before the client gives up."""
