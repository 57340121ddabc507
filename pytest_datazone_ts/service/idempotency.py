"""Idempotency: a request repeated with the same ``clientToken`` has no further effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pytest_datazone_ts.service import model
from pytest_datazone_ts.service.error import ServiceError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

Value = TypeVar("Value")


class _Record(NamedTuple):
    parameters: Mapping[str, Any]
    value: Any


class Idempotency:
    """Remembers the first request with each ``clientToken``, and what it returned.

    Args:
        lock: Held while a request is carried out.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._records: dict[tuple[str, str, str], _Record] = {}
        """Keyed by operation, region and ``clientToken``."""

    def is_repeated(self, operation: str, region: str, parameters: Mapping[str, Any]) -> bool:
        """Return whether a request repeats an earlier one.

        Raises:
            ServiceError: The ``clientToken`` was used with a different request.
        """
        return self._record(operation, region, parameters) is not None

    def once(
        self,
        operation: str,
        region: str,
        parameters: Mapping[str, Any],
        act: Callable[[], Value],
    ) -> tuple[Value, bool]:
        """Carry out a request, unless it repeats an earlier one.

        Args:
            operation: The operation's API name.
            region: The region to which the request was sent.
            parameters: The parameters of the request.
            act: Carries out the request.

        Returns:
            The value that ``act`` returned, now or for the earlier request, and whether the request
            is new.

        Raises:
            ServiceError: The ``clientToken`` was used with a different request.
        """
        with self._lock:
            record = self._record(operation, region, parameters)
            if record is not None:
                return record.value, False
            value = act()
            if "clientToken" in parameters:
                key = (operation, region, parameters["clientToken"])
                self._records[key] = _Record(parameters, value)
            return value, True

    def _record(self, operation: str, region: str, parameters: Mapping[str, Any]) -> _Record | None:
        token = parameters.get("clientToken", "")
        record = self._records.get((operation, region, token))
        if record is not None and record.parameters != parameters:
            documented = model.operation(operation).errors
            raise ServiceError(
                "ConflictException" if "ConflictException" in documented else "ValidationException",
                f"clientToken '{token}' was already used with a different {operation} request",
            )
        return record

    def clear(self) -> None:
        """Forget every request."""
        self._records.clear()
