"""The ``Exchange``, which every request from any transport passes through."""

from __future__ import annotations

from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import WeakSet

from pytest_datazone_ts.clock import Clock
from pytest_datazone_ts.entries import AttemptEntry
from pytest_datazone_ts.errors import UnansweredOperationError
from pytest_datazone_ts.injections import Injections
from pytest_datazone_ts.log import Log
from pytest_datazone_ts.reporting import messages
from pytest_datazone_ts.responders import Responders
from pytest_datazone_ts.service import wire
from pytest_datazone_ts.service.codec import DecodeError
from pytest_datazone_ts.service.error import ServiceError
from pytest_datazone_ts.service.operations import Service
from pytest_datazone_ts.service.unanswered import example_response
from pytest_datazone_ts.text import without_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_datazone_ts.ending import Ending
    from pytest_datazone_ts.entries import CallEntry
    from pytest_datazone_ts.message import NoResponse, Request, Response
    from pytest_datazone_ts.options import Options
    from pytest_datazone_ts.service.model import Operation


class Exchange:
    """Answers requests, and holds the state of a double."""

    def __init__(self, options: Options) -> None:
        self.options: Options = options
        self.clock: Clock = Clock()
        self.service: Service = Service(self.clock, content_check=options.content_check)
        self.log: Log = Log(virtual=options.retry_sleep == "virtual")
        self.injections: Injections = Injections()
        self.responders: Responders = Responders()
        self.sleeps: list[float] = []
        """The waits that botocore requested, in seconds."""
        self.code_sleeps: list[float] = []
        """The waits of the code under test itself, in seconds."""
        self.errors: list[Exception] = []
        """Errors that the test must see, although the code under test may have swallowed them."""
        self.ending: Ending | None = None
        self.endpoint_url: str | None = None
        """The URL of the double, if it is served over HTTP."""
        self.standalone: bool = False
        """Whether it is served outside a test, so that errors suggest the server's flags."""
        self._request_numbers = count(1)

    @cached_property
    def sleepers(self) -> WeakSet[object]:
        """The threads and tasks that sleep virtually, with the option ``sleep="virtual"``."""
        return WeakSet()

    def answers(self, operation: str) -> bool:
        """Return whether the double answers an operation, and does not let it through."""
        return (
            self.options.unstubbed == "error"
            or self.service.handles(operation)
            or self.responders.has_response(operation)
            or self.injections.has_fault(operation)
        )

    def __call__(self, request: Request) -> Response | NoResponse:
        """Answer a request.

        Raises:
            UnansweredOperationError: The operation is unhandled.
            Exception: The test's own code raised it, such as a callable given to ``respond``.
        """
        operation = request.operation
        request_id = f"00000000-0000-4000-8000-{next(self._request_numbers):012x}"
        attempt = AttemptEntry(self.clock.now(), request_id)
        undecodable = None
        parameters: dict[str, Any] = {}
        try:
            parameters = wire.decode(operation, request)
        except DecodeError as error:
            undecodable = error
        call = self.log.call(request, parameters)

        def serve() -> Response:
            return self._serve(operation, call, attempt, undecodable)

        result: Response | NoResponse | None = None
        try:
            injection = self.injections.take(call) if self.injections else None
            if injection is None:
                result = serve()
            else:
                attempt.fault, attempt.armed_at = injection.fault, injection.armed_at
                from pytest_datazone_ts.faults.base import apply_fault  # noqa: PLC0415 - keeps the first use fast

                outcome = apply_fault(injection.fault, request, serve)
                result = (
                    self._encode_error(operation, outcome, attempt)
                    if isinstance(outcome, ServiceError)
                    else outcome
                )
        except Exception as error:
            self.errors.append(error)
            attempt.reason = f"{type(error).__name__}: {error}"
            raise
        else:
            return result
        finally:
            attempt.finish(result)
            call.attempts.append(attempt)

    def reject(self, request: str) -> NoReturn:
        """Reject a request that cannot be attributed to a call, so that it is not sent.

        Args:
            request: A description, such as ``"GetDomain was about to go to ..."``.

        Raises:
            UnansweredOperationError: Always. The option ``strict`` reports it too.
        """
        error = UnansweredOperationError(
            f"{without_credentials(request)}, and the double blocked it: the request does not "
            "carry botocore's context of the call. Either the call began before the double was "
            "active, or a handler of the event request-created replaced the request's URL."
        )
        self.errors.append(error)
        raise error

    def wait(self, seconds: float, *, invocation_id: str | None) -> bool:
        """Record a wait that botocore requests, and advance the clock if waits are virtual.

        Args:
            seconds: Its length.
            invocation_id: The call whose next attempt it precedes; ``None`` if adaptive retry
                mode waits for a token.

        Returns:
            Whether the wait has passed on the clock, so that no real time must pass.
        """
        self.sleeps.append(seconds)
        if invocation_id is not None:
            self.log.backed_off(invocation_id, seconds)
        # On a frozen clock, a real wait for a token would never end.
        is_real = self.options.retry_sleep == "real"
        if is_real and (invocation_id is not None or not self.clock.held):
            return False
        self.clock.advance(seconds)
        return True

    def clear(self) -> None:
        """Forget everything recorded, stored, injected and added."""
        self.service.clear()
        self.log.clear()
        self.injections.clear()
        self.responders.clear()
        self.sleeps.clear()
        self.code_sleeps.clear()
        self.errors.clear()

    def problems(self) -> list[str]:
        """Return a message for each problem that the option ``strict`` reports."""
        problems = []
        if self.errors:
            problems.append(messages.swallowed_errors(self.errors))
        if unused := self.injections.unused():
            problems.append(messages.unused_faults(unused, self.log.calls()))
        return problems

    def _serve(
        self,
        operation: Operation,
        call: CallEntry,
        attempt: AttemptEntry,
        undecodable: DecodeError | None,
    ) -> Response:
        """Return a response from the rate limit, from ``respond`` or from the service."""
        if undecodable is not None:
            attempt.reason = str(undecodable)
            error = ServiceError("SerializationException", attempt.reason, status=400)
            return self._encode_error(operation, error, attempt)
        try:
            limit = self.injections.exceeded(operation.name, call.region)
            if limit is not None:
                attempt.armed_at = attempt.armed_at or limit.armed_at
                from pytest_datazone_ts.faults import ThrottlingException  # noqa: PLC0415 - keeps the first use fast

                throttled = ServiceError("ThrottlingException", ThrottlingException.default_message)
                return self._encode_error(operation, throttled, attempt)
            output = self._output(operation, call, attempt)
            attempt.has_next_page = bool(output.get("nextToken"))
        except ServiceError as error:
            attempt.reason = error.reason
            return self._encode_error(operation, error, attempt)
        return wire.encode(
            operation, output, request_id=attempt.request_id, at=attempt.at.timestamp()
        )

    def _output(
        self, operation: Operation, call: CallEntry, attempt: AttemptEntry
    ) -> Mapping[str, Any]:
        """Return the output from ``respond`` or from the service."""
        output = self.responders.respond(operation, call, self.service.validate)
        if output is not None:
            return output
        if not self.service.handles(operation.name):
            raise UnansweredOperationError(self._unanswered(operation))
        result = self.service.handle(operation, call.region, call.parameters)
        attempt.stored = result.stored
        attempt.reason = result.reason
        return result.output

    def _unanswered(self, operation: Operation) -> str:
        example = example_response(operation)
        needs_catalogue = self.service.needs_catalogue(operation.name)
        if self.standalone:
            return messages.unanswered_by_server(
                operation.name, example, needs_catalogue=needs_catalogue
            )
        return messages.unanswered(
            operation.name,
            example,
            needs_catalogue=needs_catalogue,
            has_fault=self.options.unstubbed == "passthrough",
        )

    def _encode_error(
        self, operation: Operation, error: ServiceError, attempt: AttemptEntry
    ) -> Response:
        """Return an error as a response."""
        return wire.encode_error(
            error.code,
            str(error),
            status=operation.status(error.code) if error.status is None else error.status,
            request_id=attempt.request_id,
            at=self.clock.time(),
            extra_headers=error.headers,
        )
