"""The entries of a double's log: calls and attempts that may still change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.message import Response
from pytest_datazone_ts.records import Attempt, Call

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_datazone_ts.faults import Fault
    from pytest_datazone_ts.message import NoResponse, Request
    from pytest_datazone_ts.records import DataPoint


class AttemptEntry:
    """An attempt, during and after which its entry may change."""

    __slots__ = (
        "armed_at",
        "at",
        "error_code",
        "fault",
        "has_next_page",
        "reason",
        "request_id",
        "response_id",
        "slept",
        "status_code",
        "stored",
    )

    def __init__(self, at: datetime, request_id: str) -> None:
        self.at: datetime = at
        self.status_code: int | None = None
        self.error_code: str | None = None
        self.fault: Fault | None = None
        self.armed_at: str | None = None
        self.slept: float = 0.0
        self.request_id: str = request_id
        self.response_id: str | None = None
        """``request_id``, if the client got a response with it."""
        self.stored: tuple[DataPoint, ...] = ()
        self.reason: str | None = None
        self.has_next_page: bool = False

    def finish(self, result: Response | NoResponse | None) -> None:
        """Record the result that the client gets; ``None`` if the double failed."""
        if isinstance(result, Response):
            self.status_code = result.status_code
            self.error_code = result.error_code
            self.response_id = result.headers.get("x-amzn-requestid")
        # A fault may have replaced the response.
        received = result.body if isinstance(result, Response) else b""
        self.has_next_page = self.has_next_page and b'"nextToken"' in received

    def record(self, number: int) -> Attempt:
        """Return the attempt as a record."""
        return Attempt(
            number=number,
            status_code=self.status_code,
            error_code=self.error_code,
            fault=self.fault,
            armed_at=self.armed_at,
            slept=self.slept,
            at=self.at,
            request_id=self.response_id,
            stored=self.stored,
            reason=self.reason,
            has_next_page=self.has_next_page,
        )


class CallEntry:
    """A call that may still get further attempts."""

    __slots__ = ("attempts", "operation", "parameters", "region")

    def __init__(self, operation: str, region: str, parameters: dict[str, Any]) -> None:
        self.operation: str = operation
        self.region: str = region
        self.parameters: dict[str, Any] = parameters
        self.attempts: list[AttemptEntry] = []

    def record(self) -> Call:
        """Return a record of the call in its current state, whose parameters tests may change."""
        try:
            parameters = _copy(self.parameters)
        except RecursionError:
            parameters = self.parameters  # nested too deeply to be copied
        attempts = enumerate(tuple(self.attempts), 1)
        return Call(
            operation=self.operation,
            parameters=parameters,
            attempts=tuple(attempt.record(number) for number, attempt in attempts),
            region=self.region,
        )

    def is_retried_by(self, request: Request, parameters: dict[str, Any]) -> bool:
        """Return whether a request with the same invocation id or token is a retry of this call.

        Some clients send one id with all their calls, so a retry must also be an equal request and
        follow an attempt that failed or whose response was lost.
        """
        if (self.operation, self.region) != (request.operation.name, request.region):
            return False
        if self.parameters != parameters:
            return False
        if request.attempt is not None:
            return request.attempt > 1
        return not self.attempts or self.attempts[-1].status_code not in range(200, 300)


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
