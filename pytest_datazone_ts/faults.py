"""What can go wrong with a call: the faults that ``DataZoneTimeSeries.inject`` accepts.

A fault is a small frozen value: two faults with the same arguments are equal. The first
eight are the exceptions that Amazon DataZone documents for ``PostTimeSeriesDataPoints``,
and the next six AWS's common errors, which every operation may get; they travel as real error
responses, so botocore itself parses and retries them. The others are failures of the transport
between the client and the service.

Each class says in its ``_outcome`` what it means for a request: whether the service carries
the request out, and what reaches the client. Nothing else in the package tells faults apart.
"""

from __future__ import annotations

import math
import re
from abc import abstractmethod
from dataclasses import MISSING, dataclass, fields, replace
from http.client import responses
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pytest_datazone_ts import location
from pytest_datazone_ts.clock import require_seconds
from pytest_datazone_ts.message import NoResponse, Response
from pytest_datazone_ts.service.error import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from pytest_datazone_ts.message import Request

    Outcome: TypeAlias = Response | NoResponse | ServiceError
    """What a client gets; a ``ServiceError`` is encoded as the service encodes its own."""
    Serve: TypeAlias = Callable[[], Response]
    """Has the service carry the request out, and returns its response."""

__tracebackhide__: location.Predicate = location.raised_on_purpose

__all__ = [
    "COMMON",
    "TRANSPORT",
    "AccessDeniedException",
    "AwsError",
    "ConflictException",
    "ConnectTimeout",
    "ConnectionClosed",
    "EndpointUnreachable",
    "ExpiredTokenException",
    "Fault",
    "FaultName",
    "HttpError",
    "IncompleteSignatureException",
    "InternalServerException",
    "InvalidSignatureException",
    "Latency",
    "MalformedResponse",
    "ReadTimeout",
    "RequestExpired",
    "ResourceNotFoundException",
    "ResponseLost",
    "ServiceException",
    "ServiceQuotaExceededException",
    "ServiceUnavailableException",
    "SlowBody",
    "ThrottlingException",
    "TransportFault",
    "UnauthorizedException",
    "UnrecognizedClientException",
    "ValidationException",
    "documented",
]

FaultName = Literal[
    "AccessDeniedException",
    "ConflictException",
    "ConnectTimeout",
    "ConnectionClosed",
    "EndpointUnreachable",
    "ExpiredTokenException",
    "HttpError",
    "IncompleteSignatureException",
    "InternalServerException",
    "InvalidSignatureException",
    "MalformedResponse",
    "ReadTimeout",
    "RequestExpired",
    "ResourceNotFoundException",
    "ResponseLost",
    "ServiceQuotaExceededException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "UnauthorizedException",
    "UnrecognizedClientException",
    "ValidationException",
]
"""The names that ``inject`` takes, for editors to complete."""


def _require_status(what: str, value: object) -> None:
    if value not in range(400, 600):
        error = f"{what} takes an HTTP status from 400 to 599, not {value!r}"
        raise ValueError(error)


@dataclass(frozen=True, repr=False)
class Fault:
    """Anything that ``inject`` can make happen to an attempt."""

    _impossible_over_http: ClassVar[str] = ""
    """Why ``datazone_ts_server`` cannot make it happen, if so."""

    @abstractmethod
    def _outcome(self, request: Request, serve: Serve) -> Outcome:
        """Return what the client of a request gets; call ``serve`` if it is carried out."""

    def __repr__(self) -> str:
        arguments = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            # Those that, left out, would make the same fault are left out.
            if field.default is MISSING or replace(self, **{field.name: field.default}) != self
        ]
        name = type(self).__name__
        return f"{name}({', '.join(arguments)})" if arguments else name

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - IPython's
        """Have Hypothesis print the ``repr``: it would print every field."""
        printer.text(repr(self))


@dataclass(frozen=True, repr=False)
class ServiceException(Fault):
    """An exception of a name that AWS gives it, answered as an HTTP error response.

    It is what these exceptions have in common: inject one of its subclasses, or for a code that
    has none :class:`AwsError`. The HTTP status of an exception that Amazon DataZone documents
    comes from botocore's service model. ``message`` is what the client finds in
    ``error.response["Error"]["Message"]``; AWS documents no message texts, so the defaults are
    realistic ones of our own (``AccessDeniedException``'s is AWS's). A ``{operation}`` in the
    message is replaced by the operation's name.
    """

    message: str = ""
    default_message: ClassVar[str] = ""
    _status: ClassVar[int | None] = None
    """The HTTP status, if botocore's service model does not have it."""

    def __post_init__(self) -> None:
        if type(self) is ServiceException:
            error = (
                "ServiceException is what the exceptions have in common, and has no name of its "
                "own: use one of them, such as ThrottlingException(...), or for any other code "
                "AwsError(code, status_code, message)"
            )
            raise TypeError(error)
        if not isinstance(self.message, str):
            error = (
                f"{type(self).__name__}(message=...) takes a string, "
                f"not {type(self.message).__name__}"
            )
            raise TypeError(error)
        object.__setattr__(self, "message", self.message or self.default_message)

    def _outcome(self, request: Request, serve: Serve) -> Outcome:  # noqa: ARG002
        message = self.message.replace("{operation}", request.operation)
        name = type(self).__name__
        return ServiceError(name, message, status=self._status, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        return {}


class InternalServerException(ServiceException):
    """The request failed because of an unknown error (HTTP 500). botocore retries it."""

    default_message = "An internal server error occurred. Try the request again."


class ResourceNotFoundException(ServiceException):
    """The domain, entity or point cannot be found (HTTP 404)."""

    default_message = "The specified resource cannot be found."


class AccessDeniedException(ServiceException):
    """The caller is not allowed to perform the operation (HTTP 403)."""

    default_message = "User is not permitted to perform operation: {operation}"


@dataclass(frozen=True, repr=False)
class ThrottlingException(ServiceException):
    """The request was denied because of throttling (HTTP 429). botocore retries it.

    ``retry_after``: seconds, sent as ``Retry-After`` and, in milliseconds, as
    ``x-amz-retry-after``. botocore honours the latter in its newer retry modes only.
    """

    retry_after: float | None = None
    default_message: ClassVar[str] = "Rate exceeded"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.retry_after is not None:
            require_seconds("ThrottlingException(retry_after=...)", self.retry_after)

    def _headers(self) -> dict[str, str]:
        if self.retry_after is None:
            return {}
        return {
            "retry-after": str(math.ceil(self.retry_after)),
            "x-amz-retry-after": str(round(self.retry_after * 1000)),
        }


class ServiceQuotaExceededException(ServiceException):
    """The request exceeds a service quota (HTTP 402)."""

    default_message = "The request has exceeded the specified service quota."


class ConflictException(ServiceException):
    """The request conflicts with another one (HTTP 409)."""

    default_message = "There is a conflict while performing this action."


class ValidationException(ServiceException):
    """The input fails the service's constraints (HTTP 400)."""

    default_message = "The input fails to satisfy the constraints specified by the service."


class UnauthorizedException(ServiceException):
    """The caller could not be authenticated (HTTP 401)."""

    default_message = "You do not have permission to perform this action."


class ExpiredTokenException(ServiceException):
    """The credentials' session has ended (HTTP 403): what a long job meets. Not retried."""

    default_message = "The security token included in the request is expired"
    _status = 403


class UnrecognizedClientException(ServiceException):
    """AWS does not know the access key or the session token (HTTP 403). Not retried."""

    default_message = "The security token included in the request is invalid."
    _status = 403


class InvalidSignatureException(ServiceException):
    """The signature does not match, as with a wrong secret key (HTTP 403). Not retried."""

    default_message = (
        "The request signature we calculated does not match the signature you provided. Check "
        "your AWS Secret Access Key and signing method. Consult the service documentation for "
        "details."
    )
    _status = 403


class IncompleteSignatureException(ServiceException):
    """The signature lacks something (HTTP 400). Not retried."""

    default_message = "The request signature does not conform to AWS standards."
    _status = 400


class RequestExpired(ServiceException):
    """The request came too long after its time stamp, or before it (HTTP 400). Not retried.

    It is what a machine meets whose clock is wrong.
    """

    default_message = "Request has expired."
    _status = 400


class ServiceUnavailableException(ServiceException):
    """The service is down for a moment (HTTP 503). botocore retries it."""

    default_message = "The service is temporarily unavailable. Try the request again."
    _status = 503


COMMON: tuple[type[ServiceException], ...] = (
    ExpiredTokenException,
    UnrecognizedClientException,
    InvalidSignatureException,
    IncompleteSignatureException,
    RequestExpired,
    ServiceUnavailableException,
)
"""AWS's common errors, which every operation may get, though its model does not document them."""


def documented(operation: str = "PostTimeSeriesDataPoints") -> tuple[type[ServiceException], ...]:
    """Return the exceptions that an operation documents, for ``pytest.mark.parametrize``.

    Args:
        operation: The operation's API name.

    Raises:
        ValueError: Amazon DataZone has no such operation.
    """
    from pytest_datazone_ts.service import model  # noqa: PLC0415 - heavy

    model.require_operation(operation)
    return tuple(globals()[name] for name in model.operation(operation).errors)


@dataclass(frozen=True, repr=False)
class AwsError(Fault):
    """An error with any other code, answered as an HTTP error response by any operation.

    ``code``: what the client finds in ``error.response["Error"]["Code"]``. ``status_code``: the
    HTTP status, 400 to 599. ``message``: as in :class:`ServiceException`. botocore retries it
    for its status, 500, 502, 503 or 504, and for codes of throttling such as ``"SlowDown"``.
    """

    code: str
    status_code: int
    message: str = ""

    def __post_init__(self) -> None:
        code: object = self.code
        if not isinstance(code, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]*", code):
            error = f"AwsError(code) takes a code such as 'SlowDown', not {code!r}"
            raise ValueError(error)
        _require_status("AwsError(status_code)", self.status_code)
        if not isinstance(self.message, str):
            error = f"AwsError(message=...) takes a string, not {type(self.message).__name__}"
            raise TypeError(error)

    def _outcome(self, request: Request, serve: Serve) -> Outcome:  # noqa: ARG002
        message = self.message.replace("{operation}", request.operation)
        return ServiceError(self.code, message, status=self.status_code)


@dataclass(frozen=True, repr=False)
class TransportFault(Fault):
    """A failure between the client and the service."""


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
    """The service carried the request out, and its response never arrived.

    In boto3: ``botocore.exceptions.ReadTimeoutError``, retried. This is the case that
    ``clientToken`` exists for: botocore's own retry sends the same token and stores nothing
    twice; code that calls again without keeping the token stores its points twice.
    """

    def _outcome(self, request: Request, serve: Serve) -> Outcome:  # noqa: ARG002
        serve()
        return _READ_TIMEOUT


@dataclass(frozen=True, repr=False)
class MalformedResponse(TransportFault):
    """The service carried the request out, and its response arrived garbled.

    ``body`` replaces the response's body; the status stays that of a success. botocore does
    not retry it, and has no exception for it. What the code under test meets depends on the
    body: bytes that are not UTF-8 (the default: a gzip header, as from a proxy that
    compresses and does not say so) are a ``UnicodeDecodeError``; ``b"[]"`` is an
    ``AttributeError`` and ``b"null"`` a ``TypeError``; but a body that is empty, cut off or
    HTML is a success whose response holds nothing but ``ResponseMetadata``. Over HTTP, a body
    that is shorter than the right one is also cut short of its ``Content-Length``.
    """

    body: bytes = b"\x1f\x8b\x08\x00"

    def __post_init__(self) -> None:
        if not isinstance(self.body, bytes):
            error = f"MalformedResponse(body=...) takes bytes, not {type(self.body).__name__}"
            raise TypeError(error)

    def _outcome(self, request: Request, serve: Serve) -> Outcome:  # noqa: ARG002
        response = serve()
        # Over a real connection it is cut short of what its headers announce.
        announced = max(len(self.body), len(response.body))
        headers = {**response.headers, "content-length": str(announced)}
        return replace(response, body=self.body, headers=headers)


@dataclass(frozen=True, repr=False)
class HttpError(TransportFault):
    """An error from something in between, such as a proxy's HTML page: nothing was stored.

    ``status``: the HTTP status, 400 to 599. ``body``: its body, a small HTML page unless
    given. In boto3: ``ClientError`` with the status as its code, and as its message the
    body, or from 500 on the status's own phrase. 500, 502, 503 and 504 are retried; 429 is
    in legacy mode, and from botocore 1.44 on in the others.
    """

    status: int = 502
    body: str | None = None

    def __post_init__(self) -> None:
        _require_status("HttpError(status=...)", self.status)
        if self.body is not None and not isinstance(self.body, str):
            error = f"HttpError(body=...) takes a string, not {type(self.body).__name__}"
            raise TypeError(error)
        if self.body is None:
            title = f"{self.status} {responses.get(self.status, '')}".strip()
            page = f"<html><head><title>{title}</title></head><body>{title}</body></html>"
            object.__setattr__(self, "body", page)

    def _outcome(self, request: Request, serve: Serve) -> Outcome:  # noqa: ARG002
        body = (self.body or "").encode()
        headers = {"content-type": "text/html", "content-length": str(len(body))}
        return Response(self.status, headers, body, error_code=str(self.status))


@dataclass(frozen=True, repr=False)
class Latency(TransportFault):
    """The response takes ``seconds`` of the test's clock, and no real time.

    At or past the client's ``read_timeout`` it becomes a read timeout, as a slow service's
    would: the points are stored, and the client gives up waiting.
    """

    seconds: float

    def __post_init__(self) -> None:
        require_seconds("Latency(seconds)", self.seconds)

    def _outcome(self, request: Request, serve: Serve) -> Outcome:
        response = serve()
        if self.seconds >= request.read_timeout:
            return replace(_READ_TIMEOUT, delay=request.read_timeout)
        return replace(response, delay=self.seconds)


@dataclass(frozen=True, repr=False)
class SlowBody(TransportFault):
    """The response's headers arrive at once, and its body late.

    The body takes ``seconds_per_kilobyte`` for each 1,024 bytes, of the test's clock and no
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
            return replace(_READ_TIMEOUT, delay=request.read_timeout)
        return replace(response, body_delay=seconds)


TRANSPORT: tuple[TransportFault | type[TransportFault], ...] = (
    ConnectTimeout,
    ReadTimeout,
    ConnectionClosed,
    EndpointUnreachable,
    ResponseLost,
    MalformedResponse,
    HttpError,
    Latency(120),  # twice botocore's read_timeout
    SlowBody(1_000),
)
"""Every failure of the transport, for ``pytest.mark.parametrize``.

Those that take arguments are instances, and slow enough for botocore's default ``read_timeout``
of 60 seconds to end them.
"""


def outcome(fault: Fault, request: Request, serve: Serve) -> Outcome:
    """Return what the client of a request gets when the request meets a fault."""
    return fault._outcome(request, serve)  # noqa: SLF001


def impossible_over_http(fault: Fault) -> str:
    """Return why a fault cannot happen over HTTP; ``""`` if it can."""
    return fault._impossible_over_http  # noqa: SLF001
