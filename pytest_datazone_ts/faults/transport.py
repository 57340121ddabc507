"""Faults of the transport: failures between the client and the service."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from pytest_datazone_ts import location
from pytest_datazone_ts.clock import require_seconds
from pytest_datazone_ts.faults.base import Fault, require_status, require_type
from pytest_datazone_ts.message import NoResponse, Response

if TYPE_CHECKING:
    from pytest_datazone_ts.faults.base import Outcome, Serve
    from pytest_datazone_ts.message import Request

__tracebackhide__: location.Predicate = location.raised_on_purpose


@dataclass(frozen=True, repr=False)
class TransportFault(Fault):
    """A failure between the client and the service."""


# Not http.client.responses: http.client imports ssl, which is slow.
_PHRASES: dict[int, str] = {status: status.phrase for status in HTTPStatus}
_READ_TIMEOUT = NoResponse("ReadTimeoutError", hangs=True)
_ALREADY_CONNECTED = (
    "the double is served over HTTP, and a client that reaches the server has connected. Inject "
    "ConnectionClosed or ReadTimeout instead, or test it without datazone_ts_server."
)


class ConnectTimeout(TransportFault):
    """No connection within the client's ``connect_timeout``: nothing reached the service.

    In boto3: ``botocore.exceptions.ConnectTimeoutError``, retried.
    """

    _impossible_over_http = _ALREADY_CONNECTED

    def _outcome(self, request: Request, serve: Serve) -> Outcome:  # noqa: ARG002
        return NoResponse("ConnectTimeoutError")


class ReadTimeout(TransportFault):
    """No response within the client's ``read_timeout``, and the service stored nothing.

    In boto3: ``botocore.exceptions.ReadTimeoutError``, retried. For the case in which the
    service did store the points, see :class:`ResponseLost`.
    """

    def _outcome(self, request: Request, serve: Serve) -> Outcome:  # noqa: ARG002
        return _READ_TIMEOUT


class ConnectionClosed(TransportFault):
    """The connection closed before a response, and the service stored nothing.

    In boto3: ``botocore.exceptions.ConnectionClosedError``, retried.
    """

    def _outcome(self, request: Request, serve: Serve) -> Outcome:  # noqa: ARG002
        return NoResponse("ConnectionClosedError")


class EndpointUnreachable(TransportFault):
    """The host cannot be reached or its name does not resolve.

    In boto3: ``botocore.exceptions.EndpointConnectionError``, retried.
    """

    _impossible_over_http = _ALREADY_CONNECTED

    def _outcome(self, request: Request, serve: Serve) -> Outcome:  # noqa: ARG002
        return NoResponse("EndpointConnectionError")


class ResponseLost(TransportFault):
    """The service carried out the request, but its response never arrived.

    In boto3: ``botocore.exceptions.ReadTimeoutError``, retried. This is the case that
    ``clientToken`` exists for: botocore's own retry sends the same token and stores nothing
    twice; code that calls again without keeping the token stores its points twice.
    """

    def _outcome(self, request: Request, serve: Serve) -> Outcome:  # noqa: ARG002
        serve()
        return _READ_TIMEOUT


@dataclass(frozen=True, repr=False)
class MalformedResponse(TransportFault):
    """The service carried out the request, but its response arrived garbled.

    The status remains that of a success. botocore does not retry it, and has no exception for it.
    What the code under test gets depends on the body: bytes that are not UTF-8 are a
    ``UnicodeDecodeError``, ``b"[]"`` is an ``AttributeError`` and ``b"null"`` a ``TypeError``; but
    a body that is empty, cut off or HTML is a success whose response contains only
    ``ResponseMetadata``. Over HTTP, a body that is shorter than the original one also ends before
    its ``Content-Length``.

    Args:
        body: Replaces the body of the response; by default a gzip header, as from a proxy that
            compresses without declaring it.
    """

    body: bytes = b"\x1f\x8b\x08\x00"

    def __post_init__(self) -> None:
        require_type("MalformedResponse(body=...)", self.body, bytes, "bytes")

    def _outcome(self, request: Request, serve: Serve) -> Outcome:  # noqa: ARG002
        response = serve()
        # Over HTTP, a shorter body ends before the length that its headers announce.
        announced = max(len(self.body), len(response.body))
        headers = {**response.headers, "content-length": str(announced)}
        return response._replace(body=self.body, headers=headers)


@dataclass(frozen=True, repr=False)
class HttpError(TransportFault):
    """An error from an intermediary, such as a proxy's HTML page: nothing was stored.

    In boto3: ``ClientError`` with the status as its code. Its message is the body, or from status
    500 on the standard phrase for the status. 500, 502, 503 and 504 are retried; 429 is retried in
    legacy mode, and from botocore 1.44 on in the other modes.

    Args:
        status: The HTTP status, 400 to 599.
        body: The body; by default a small HTML page.
    """

    status: int = 502
    body: str | bytes | None = None

    def __post_init__(self) -> None:
        require_status("HttpError(status=...)", self.status)
        if self.body is None:
            title = f"{self.status} {_PHRASES.get(self.status, '')}".strip()
            page = f"<html><head><title>{title}</title></head><body>{title}</body></html>"
            object.__setattr__(self, "body", page)
        require_type("HttpError(body=...)", self.body, (str, bytes), "a string or bytes")

    def _outcome(self, request: Request, serve: Serve) -> Outcome:  # noqa: ARG002
        body = self.body.encode() if isinstance(self.body, str) else self.body or b""
        headers = {"content-type": "text/html", "content-length": str(len(body))}
        return Response(self.status, headers, body, error_code=str(self.status))


@dataclass(frozen=True, repr=False)
class Latency(TransportFault):
    """The response takes ``seconds`` on the test's clock, and no real time.

    At or past the client's ``read_timeout`` it becomes a read timeout, as a slow service's
    would: the points are stored, and the client gives up waiting.
    """

    seconds: float

    def __post_init__(self) -> None:
        require_seconds("Latency(seconds)", self.seconds)

    def _outcome(self, request: Request, serve: Serve) -> Outcome:
        response = serve()
        if self.seconds >= request.read_timeout:
            return _READ_TIMEOUT._replace(delay=request.read_timeout)
        return response._replace(delay=self.seconds)


@dataclass(frozen=True, repr=False)
class SlowBody(TransportFault):
    """The headers of the response arrive at once, and its body arrives late.

    The body takes ``seconds_per_kilobyte`` for every 1,024 bytes, on the test's clock and not in
    real time. At or past the client's ``read_timeout`` it becomes a read timeout: the points
    are stored, and the client gives up waiting. In boto3:
    ``botocore.exceptions.ReadTimeoutError``, retried.
    """

    seconds_per_kilobyte: float

    def __post_init__(self) -> None:
        require_seconds("SlowBody(seconds_per_kilobyte)", self.seconds_per_kilobyte)

    def _outcome(self, request: Request, serve: Serve) -> Outcome:
        response = serve()
        seconds = self.seconds_per_kilobyte * len(response.body) / 1024
        if seconds >= request.read_timeout:
            return _READ_TIMEOUT._replace(delay=request.read_timeout)
        return response._replace(body_delay=seconds)


TRANSPORT: tuple[TransportFault | type[TransportFault], ...] = (
    ConnectTimeout,
    ReadTimeout,
    ConnectionClosed,
    EndpointUnreachable,
    ResponseLost,
    MalformedResponse,
    HttpError,
    Latency(3_600),
    SlowBody(36_000),  # an hour for each 100 bytes
)
"""Every failure of the transport, for ``pytest.mark.parametrize``.

Faults with required arguments are instances, with delays that exceed any usual ``read_timeout``.
"""
