"""Faults of the service: errors that arrive as HTTP error responses."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_datazone_ts import location
from pytest_datazone_ts.clock import require_seconds
from pytest_datazone_ts.faults.base import Fault, require_status, require_type
from pytest_datazone_ts.service.error import ServiceError

if TYPE_CHECKING:
    from pytest_datazone_ts.faults.base import Outcome, Serve
    from pytest_datazone_ts.message import Request

__tracebackhide__: location.Predicate = location.raised_on_purpose


@dataclass(frozen=True, repr=False)
class ServiceException(Fault):
    """The base class of exceptions that AWS documents, which arrive as HTTP error responses.

    Inject one of its subclasses, or :class:`AwsError` for a code that has none. The HTTP status of
    an exception that Amazon DataZone documents comes from botocore's service model.

    Args:
        message: What the client finds in ``error.response["Error"]["Message"]``, with
            ``{operation}`` replaced by the name of the operation. The defaults of
            ``AccessDeniedException`` and ``ResourceNotFoundException`` are AWS's texts; the other
            defaults are realistic texts of our own.
    """

    message: str = ""
    default_message: ClassVar[str] = ""
    _status: ClassVar[int | None] = None
    """The HTTP status; ``None`` if it is in botocore's service model."""

    def __post_init__(self) -> None:
        if type(self) is ServiceException:
            error = (
                "ServiceException is a base class: use one of its subclasses, such as "
                "ThrottlingException(...), or AwsError(code, status_code, message) for any other "
                "code"
            )
            raise TypeError(error)
        require_type(f"{type(self).__name__}(message=...)", self.message, str, "a string")
        object.__setattr__(self, "message", self.message or self.default_message)

    def _outcome(self, request: Request, serve: Serve) -> Outcome:  # noqa: ARG002
        message = _fill_in(self.message, request)
        name = type(self).__name__
        return ServiceError(name, message, status=self._status, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        """Return further headers of the response."""
        return {}


def _fill_in(message: str, request: Request) -> str:
    """Return a message with ``{operation}`` replaced."""
    return message.replace("{operation}", request.operation.name)


class InternalServerException(ServiceException):
    """The request failed because of an unknown error (HTTP 500). botocore retries it."""

    default_message = "An internal server error occurred. Try the request again."


class ResourceNotFoundException(ServiceException):
    """The domain, entity or point cannot be found (HTTP 404)."""

    default_message = "The given Asset doesn't exist. Try creating Asset before accessing it."


class AccessDeniedException(ServiceException):
    """The caller is not allowed to perform the operation (HTTP 403)."""

    default_message = "User is not permitted to perform operation: {operation}"


@dataclass(frozen=True, repr=False)
class ThrottlingException(ServiceException):
    """The request was denied because of throttling (HTTP 429). botocore retries it.

    Args:
        message: As in :class:`ServiceException`.
        retry_after: Seconds, sent as ``Retry-After`` and, in milliseconds, as
            ``x-amz-retry-after``. botocore 1.44 honours the latter in standard and adaptive modes,
            up to 5 seconds more than its own delay.
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
    """The session of the credentials has expired (HTTP 403), as in a long job. Not retried."""

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
    """The signature is incomplete (HTTP 400). Not retried."""

    default_message = "The request signature does not conform to AWS standards."
    _status = 400


class RequestExpired(ServiceException):
    """The request arrived too long after its timestamp, or before it (HTTP 400). Not retried.

    This happens on a machine whose clock is wrong.
    """

    default_message = "Request has expired."
    _status = 400


class ServiceUnavailableException(ServiceException):
    """The service is temporarily unavailable (HTTP 503). botocore retries it."""

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
"""AWS's common errors, which any operation may return, although its model does not have them."""


def documented(operation: str = "PostTimeSeriesDataPoints") -> tuple[type[ServiceException], ...]:
    """Return the exceptions that an operation documents, for ``pytest.mark.parametrize``.

    Exceptions that exist only in a client's own model (``AWS_DATA_PATH``) have no class, and are
    left out; ``inject`` takes their names.

    Args:
        operation: The name of the operation, or of its boto3 method.

    Raises:
        ValueError: Amazon DataZone has no such operation.
    """
    from pytest_datazone_ts.service import model  # noqa: PLC0415 - keeps this import fast

    described = model.operation(model.operation_name(operation))
    classes = (globals().get(name) for name in described.errors)
    return tuple(each for each in classes if each is not None)


@dataclass(frozen=True, repr=False)
class AwsError(Fault):
    """An error with any other code, which any operation may return.

    botocore retries it if the status is 500, 502, 503 or 504, or if the code is one of throttling,
    such as ``"SlowDown"``.

    Args:
        code: What the client finds in ``error.response["Error"]["Code"]``.
        status_code: The HTTP status, 400 to 599.
        message: As in :class:`ServiceException`.
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
        require_type("AwsError(message=...)", self.message, str, "a string")

    def _outcome(self, request: Request, serve: Serve) -> Outcome:  # noqa: ARG002
        message = _fill_in(self.message, request)
        return ServiceError(self.code, message, status=self.status_code)
