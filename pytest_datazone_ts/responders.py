"""The responses that a test sets with ``respond``."""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING, Any

from botocore.validate import ParamValidator

from pytest_datazone_ts import location
from pytest_datazone_ts.count import require_times
from pytest_datazone_ts.service import model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from pytest_datazone_ts.entries import CallEntry
    from pytest_datazone_ts.service.model import Operation

    Response: TypeAlias = Mapping[str, Any] | Callable[[dict[str, Any]], Mapping[str, Any] | None]

__tracebackhide__: location.Predicate = location.raised_on_purpose


class Responders:
    """The responses of one double; the latest for an operation comes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._responders: dict[str, list[_Responder]] = {}

    def add(self, operation: Operation, response: Response, times: int | None) -> None:
        """Add a response for an operation, for ``times`` calls or indefinitely (``None``).

        Raises:
            ValueError: The double answers the operation itself, ``times`` is out of range, or the
                response does not fit the operation's output shape.
        """
        if operation.name in model.TIME_SERIES_OPERATIONS:
            message = (
                f"respond() does not take {operation.name}: the double answers it itself, from "
                "what was posted. To make it fail, use inject()."
            )
            raise ValueError(message)
        require_times("respond", times)
        if not callable(response):
            response = copy.deepcopy(_check_output(operation, response))
        with self._lock:
            self._responders.setdefault(operation.name, []).insert(0, _Responder(response, times))

    def has_response(self, operation: str) -> bool:
        """Return whether there is a response for an operation."""
        return any(responder.remaining != 0 for responder in self._responders.get(operation, ()))

    def respond(
        self,
        operation: Operation,
        call: CallEntry,
        validate: Callable[[Operation, Mapping[str, Any]], None],
    ) -> Mapping[str, Any] | None:
        """Return the output for a call; ``None`` if there is no response for it.

        Args:
            operation: The operation that is called.
            call: The call.
            validate: Checks the call's parameters, before the response is used.

        Raises:
            ServiceError: The parameters are not valid.
            ValueError: The callable's response does not fit the operation's output shape.
        """
        if not self.has_response(operation.name):
            return None
        validate(operation, call.parameters)
        for responder in tuple(self._responders.get(operation.name, ())):
            output = self._use(responder, operation, call)
            if output is not None:
                return output
        return None

    def _use(
        self, responder: _Responder, operation: Operation, call: CallEntry
    ) -> Mapping[str, Any] | None:
        """Return the output of a responder; ``None`` if it is used up or returned ``None``."""
        with self._lock:
            if responder.remaining == 0:
                return None
            if responder.remaining is not None:
                responder.remaining -= 1
        if not callable(responder.response):
            return responder.response
        response = responder.response(call.record().parameters)
        if response is not None:
            return _check_output(operation, response)
        with self._lock:
            if responder.remaining is not None:
                responder.remaining += 1
        return None

    def clear(self) -> None:
        """Forget every response."""
        with self._lock:
            self._responders.clear()


class _Responder:
    """A response, and the number of calls that it is still used for."""

    def __init__(self, response: Response, times: int | None) -> None:
        self.response = response
        self.remaining = times


def _check_output(operation: Operation, response: Any) -> Mapping[str, Any]:
    """Return a response without its ``ResponseMetadata``.

    Raises:
        ValueError: It does not fit the operation's output shape.
    """
    output: Mapping[str, Any] = response
    if isinstance(response, dict):
        output = {name: value for name, value in response.items() if name != "ResponseMetadata"}
    shape = operation.output
    if shape is None:
        report = (
            "" if output == {} else f"it has no output, so the response is {{}}, not {output!r}"
        )
    else:
        try:
            report = ParamValidator().validate(output, shape).generate_report()
        except RuntimeError as error:  # for a number that is not a time
            report = str(error)
    if report:
        message = (
            f"the response given for {operation.name} does not fit its output shape:\n{report}"
        )
        raise ValueError(message)
    return output
