"""The error responses of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class ServiceError(Exception):
    """The service responds to a request with an error.

    Args:
        code: The error code, such as ``"ValidationException"``.
        message: The error message, ``error.response["Error"]["Message"]`` in boto3.
        status: The HTTP status; ``None`` for the one in botocore's model.
        headers: Further headers of the response.
        reason: The cause, for the test's author; by default the message.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.headers: Mapping[str, str] = headers or {}
        self.reason: str = message if reason is None else reason


def not_found(kind: str, reason: str) -> ServiceError:
    """Return the error for a resource that does not exist, with DataZone's message.

    Args:
        kind: The kind of resource, such as ``"Asset"``.
        reason: Exactly which resource does not exist, for the test's author.
    """
    message = f"The given {kind} doesn't exist. Try creating {kind} before accessing it."
    return ServiceError("ResourceNotFoundException", message, reason=reason)
