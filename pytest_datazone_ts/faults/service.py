"""Faults of the service: errors that arrive as HTTP error responses."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_datazone_ts import location
from pytest_datazone_ts.clock import require_seconds
from pytest_datazone_ts.faults.base import Fault, require_status
from pytest_datazone_ts.service.error import ServiceError

if TYPE_CHECKING:
    from pytest_datazone_ts.faults.base import Outcome, Serve
    from pytest_datazone_ts.message import Request

__tracebackhide__: location.Predicate = location.raised_on_purpose


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
        message = self.message.replace("{operation}", request.operation.name)
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

    Those that only a client's own model has (``AWS_DATA_PATH``) have no class, and are left out:
    ``inject`` takes their names.

    Args:
        operation: The operation's API name, or boto3's of its method.

    Raises:
        ValueError: Amazon DataZone has no such operation.
    """
    from pytest_datazone_ts.service import model  # noqa: PLC0415 - heavy

    described = model.operation(model.operation_name(operation))
    classes = (globals().get(name) for name in described.errors)
    return tuple(each for each in classes if each is not None)


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
        require_status("AwsError(status_code)", self.status_code)
        if not isinstance(self.message, str):
            error = f"AwsError(message=...) takes a string, not {type(self.message).__name__}"
            raise TypeError(error)

    def _outcome(self, request: Request, serve: Serve) -> Outcome:  # noqa: ARG002
        message = self.message.replace("{operation}", request.operation.name)
        return ServiceError(self.code, message, status=self.status_code)
