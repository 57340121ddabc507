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
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.headers: Mapping[str, str] = headers or {}
