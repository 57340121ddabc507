"""The log of a double: every call and its attempts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.entries import CallEntry
from pytest_datazone_ts.listeners import listeners

if TYPE_CHECKING:
    from pytest_datazone_ts.injections import Injection, RateLimit
    from pytest_datazone_ts.message import Request
    from pytest_datazone_ts.records import Call


class Log:
    """Calls, in the order of their first attempts."""

    def __init__(self, *, virtual: bool) -> None:
        self.virtual: bool = virtual
        """Whether botocore's backoffs take no real time."""
        self._lock = threading.Lock()
        self._calls: list[CallEntry] = []
        self._by_key: dict[str | None, CallEntry] = {}
        """The latest call by invocation id, or by ``clientToken`` if there is no invocation id."""

    def call(self, request: Request, parameters: dict[str, Any]) -> CallEntry:
        """Return the call that a request belongs to, which is new unless the request is a retry.

        A client that sends no invocation id repeats the ``clientToken`` when it retries.
        """
        key = request.invocation_id or parameters.get("clientToken")
        with self._lock:
            call = self._by_key.get(key)
            if call is not None and call.is_retried_by(request, parameters):
                return call
            call = CallEntry(request.operation.name, request.region, parameters)
            self._calls.append(call)
            if key is not None:
                self._by_key[key] = call
        for listener in listeners:
            listener.called(self, call)
        return call

    def injected(self, injected: Injection | RateLimit) -> None:
        """Notify the listeners of a fault or a rate limit."""
        for listener in listeners:
            listener.injected(self, injected)

    def backed_off(self, invocation_id: str, seconds: float) -> None:
        """Record how long botocore waits before the next attempt of a call."""
        with self._lock:
            call = self._by_key.get(invocation_id)
            if call is not None and call.attempts:
                call.attempts[-1].slept += seconds

    def calls(self) -> tuple[Call, ...]:
        """Return a record of every call in its current state."""
        with self._lock:
            return tuple(call.record() for call in self._calls)

    def clear(self) -> None:
        """Forget every call."""
        with self._lock:
            self._calls.clear()
            self._by_key.clear()
        for listener in listeners:
            listener.cleared(self)
