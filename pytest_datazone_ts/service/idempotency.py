"""Idempotency: a request repeated with the same ``clientToken`` has no further effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_datazone_ts.service import model
from pytest_datazone_ts.service.error import ServiceError
from pytest_datazone_ts.service.result import Result

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping


class _Record(NamedTuple):
    parameters: Mapping[str, Any]
    output: dict[str, Any]


class Idempotency:
    """Remembers the first request with each ``clientToken``, and its output.

    Args:
        lock: Held while a request is carried out.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._records: dict[tuple[str, str, str], _Record] = {}
        """Keyed by operation, region and ``clientToken``."""

    def output(
        self, operation: str, region: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Return the output of an earlier, equal request with the same ``clientToken``.

        Raises:
            ServiceError: The earlier request was a different one.
        """
        token = parameters.get("clientToken", "")
        record = self._records.get((operation, region, token))
        if record is None:
            return None
        if record.parameters != parameters:
            documented = model.operation(operation).errors
            raise ServiceError(
                "ConflictException" if "ConflictException" in documented else "ValidationException",
                f"clientToken '{token}' was already used with a different {operation} request",
            )
        return record.output

    def once(
        self,
        operation: str,
        region: str,
        parameters: Mapping[str, Any],
        act: Callable[[], Result],
    ) -> Result:
        """Carry out a request, unless it repeats an earlier one.

        Args:
            operation: The operation's API name.
            region: The region to which the request was sent.
            parameters: The parameters of the request.
            act: Carries out the request.

        Raises:
            ServiceError: The ``clientToken`` was used with a different request.
        """
        with self._lock:
            output = self.output(operation, region, parameters)
            if output is not None:
                return Result(output)
            result = act()
            if "clientToken" in parameters:
                key = (operation, region, parameters["clientToken"])
                self._records[key] = _Record(parameters, result.output)
            return result

    def clear(self) -> None:
        """Forget every request."""
        self._records.clear()
