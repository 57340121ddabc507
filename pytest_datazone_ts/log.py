"""The log of a double: every call and its attempts, as they come in."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.records import Attempt, Call, Calls

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_datazone_ts.faults import Fault
    from pytest_datazone_ts.records import DataPoint


class OpenCall:
    """A call that may still get further attempts."""

    __slots__ = ("attempts", "operation", "parameters", "region", "said", "stored")

    def __init__(self, operation: str, region: str, parameters: dict[str, Any]) -> None:
        self.operation: str = operation
        self.region: str = region
        self.parameters: dict[str, Any] = parameters
        self.attempts: tuple[Attempt, ...] = ()
        self.stored: tuple[tuple[int, tuple[DataPoint, ...]], ...] = ()
        """The numbers of the attempts that stored points, and these."""
        self.said: tuple[tuple[int, str], ...] = ()
        """The numbers of those that the double itself refused or failed, and why."""

    def store(self, points: tuple[DataPoint, ...]) -> None:
        """Note what the attempt that is being answered stored."""
        if points:
            self.stored += ((len(self.attempts) + 1, points),)

    def say(self, why: str) -> None:
        """Note why the attempt that is being answered is refused or fails."""
        self.said += ((len(self.attempts) + 1, why),)

    @property
    def asked(self) -> tuple[str, str, dict[str, Any]]:
        """What was asked for: the same in every attempt."""
        return self.operation, self.region, self.parameters

    def snapshot(self) -> Call:
        """Return the call as it stands, for the test to keep and to change."""
        try:
            parameters = _copy(self.parameters)
        except RecursionError:
            parameters = self.parameters  # too deep for whoever might change it, too
        return Call(
            operation=self.operation,
            parameters=parameters,
            attempts=self.attempts,
            region=self.region,
        )


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


class CallLog:
    """Calls in the order of their first attempts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[OpenCall] = []
        self._by_invocation: dict[str | None, OpenCall] = {}

    def open(
        self,
        invocation_id: str | None,
        *,
        operation: str,
        region: str,
        parameters: dict[str, Any],
    ) -> OpenCall:
        """Return the call that an attempt belongs to: a new one, unless it is a retry.

        A retry is the same request again: some clients give all their calls one id.
        """
        with self._lock:
            call = self._by_invocation.get(invocation_id)
            if call is None or call.asked != (operation, region, parameters):
                call = OpenCall(operation, region, parameters)
                self._calls.append(call)
                if invocation_id is not None:
                    self._by_invocation[invocation_id] = call
            return call

    def attempted(
        self,
        call: OpenCall,
        *,
        status_code: int | None,
        error_code: str | None,
        fault: Fault | None,
        armed_at: str | None,
        at: datetime,
        request_id: str | None,
    ) -> None:
        """Add an attempt to a call."""
        with self._lock:
            attempt = Attempt(
                number=len(call.attempts) + 1,
                status_code=status_code,
                error_code=error_code,
                fault=fault,
                armed_at=armed_at,
                slept=0.0,
                at=at,
                request_id=request_id,
            )
            call.attempts = (*call.attempts, attempt)

    def backed_off(self, invocation_id: str, seconds: float) -> None:
        """Note how long botocore waits before the next attempt of a call."""
        with self._lock:
            call = self._by_invocation.get(invocation_id)
            if call is not None and call.attempts:
                *earlier, last = call.attempts
                call.attempts = (*earlier, replace(last, slept=last.slept + seconds))

    def calls(self) -> Calls:
        """Return every call as it stands."""
        with self._lock:
            return Calls(call.snapshot() for call in self._calls)

    def clear(self) -> None:
        """Forget every call."""
        with self._lock:
            self._calls.clear()
            self._by_invocation.clear()
