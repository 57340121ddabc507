"""What can go wrong with a call: the faults that ``DataZoneTimeSeries.inject`` accepts.

A fault is a small frozen value: two faults with the same arguments are equal. The first
eight are the exceptions that Amazon DataZone documents for ``PostTimeSeriesDataPoints``,
and the next six AWS's common errors, which every operation may get; they travel as real error
responses, so botocore itself parses and retries them. The others are failures of the transport
between the client and the service.

Each class defines in ``_outcome`` what it means for a request: whether the service carries out
the request, and what reaches the client. No other code in the package distinguishes faults.
"""

from typing import TYPE_CHECKING, Literal

from pytest_datazone_ts import spelling
from pytest_datazone_ts.faults.base import Fault
from pytest_datazone_ts.faults.service import (
    COMMON,
    AccessDeniedException,
    AwsError,
    ConflictException,
    ExpiredTokenException,
    IncompleteSignatureException,
    InternalServerException,
    InvalidSignatureException,
    RequestExpired,
    ResourceNotFoundException,
    ServiceException,
    ServiceQuotaExceededException,
    ServiceUnavailableException,
    ThrottlingException,
    UnauthorizedException,
    UnrecognizedClientException,
    ValidationException,
    documented,
)
from pytest_datazone_ts.faults.transport import (
    TRANSPORT,
    ConnectionClosed,
    ConnectTimeout,
    EndpointUnreachable,
    HttpError,
    Latency,
    MalformedResponse,
    ReadTimeout,
    ResponseLost,
    SlowBody,
    TransportFault,
)

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

if not TYPE_CHECKING:  # a type checker would then know every name

    def __getattr__(name: str) -> object:
        hint = (
            " For parametrize, documented() returns the exceptions that an operation documents, "
            "COMMON has AWS's common errors, and TRANSPORT the failures of the transport."
            if name.isupper()
            else spelling.hint(name, __all__)
        )
        message = f"module {__name__!r} has no attribute {name!r}.{hint}"
        raise AttributeError(message)
