"""``DataZoneTimeSeries``, the double."""

from __future__ import annotations

import copy
import math
import threading
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from botocore.validate import ParamValidator

from pytest_datazone_ts import faults, origin, reporting, spelling, text, trace
from pytest_datazone_ts import match as matching
from pytest_datazone_ts.clock import Clock
from pytest_datazone_ts.errors import UnansweredOperationError
from pytest_datazone_ts.injections import Injection, RateLimit
from pytest_datazone_ts.log import CallLog
from pytest_datazone_ts.options import Options
from pytest_datazone_ts.records import Calls, DataPoints, Selection
from pytest_datazone_ts.service import model, wire
from pytest_datazone_ts.service.catalogue import Asset, plain_forms
from pytest_datazone_ts.service.form_types import check_of
from pytest_datazone_ts.service.operations import CATALOGUE_OPERATIONS, POST, Service
from pytest_datazone_ts.service.refusal import Refusal
from pytest_datazone_ts.transport import hook, retries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from typing_extensions import Unpack

    from pytest_datazone_ts.log import OpenCall
    from pytest_datazone_ts.match import Match

__tracebackhide__: origin.Hides = origin.hides_frames

Reply = wire.Response | faults.TransportFault
"""What comes of a request: a response, or a failure that leaves the client without one."""


class DataZoneTimeSeries:
    """An in-memory Amazon DataZone: what was posted, and what goes wrong.

    Get one from the ``datazone_ts`` fixture or from ``mock_datazone_ts``.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.options: Options = options or Options()
        """How it behaves (read-only)."""
        self._clock = Clock()
        self._service = Service(self._clock, content_check=self.options.content_check)
        self._log = CallLog()
        self._request_numbers = count(1)
        self._lock = threading.Lock()
        self._injections: list[Injection] = []
        self._rate_limits: dict[str, RateLimit] = {}
        self._responders: dict[str, list[_Responder]] = {}
        self._sleeps: list[float] = []
        self._errors: list[Exception] = []
        self._impossible: Mapping[type[faults.Fault], str] = {}
        self._over: str | None = None
        self._only_of: str | None = None

    def __repr__(self) -> str:
        calls = text.counted(len(self._log.calls()), "call")
        points = text.counted(len(tuple(self._service.store.points())), "data point")
        return f"<{type(self).__name__}: {calls}, {points}>"

    @staticmethod
    def current() -> DataZoneTimeSeries:
        """Return the active double, the innermost; a ``RuntimeError`` if none is active."""
        double = hook.active()
        if double is None:
            message = (
                "no DataZone double is active here. Use the datazone_ts fixture, or wrap the "
                "code in mock_datazone_ts()."
            )
            raise RuntimeError(message)
        return double

    @property
    def data_points(self) -> DataPoints:
        """Every stored point, in the order posted."""
        self._require_same_test()
        points = tuple(self._service.store.points())
        return DataPoints(points, selection=Selection({}, points, self._log.calls))

    @property
    def calls(self) -> Calls:
        """Every API call, in the order of their first attempts."""
        self._require_same_test()
        return self._log.calls()

    @property
    def sleeps(self) -> tuple[float, ...]:
        """The waits, in seconds, that botocore asked for, in order."""
        self._require_same_test()
        return tuple(self._sleeps)

    def inject(
        self,
        fault: faults.Fault | type[faults.Fault] | str,
        *,
        times: int | None = 1,
        after: int = 0,
        operation: str = POST,
        **match: Unpack[Match],
    ) -> Injection:
        """Arm a fault for the next matching attempts.

        ``fault``: an instance, a class, or the name of an exception that the operation
        documents. ``times``: how many attempts get it; ``None``: all. ``after``: how many
        matching attempts go through first. Injections that match the same attempt are used in
        the order armed. Raises ``ValueError`` for a fault that the operation does not
        document.
        """
        self._require_active("inject")
        model.require_operation(operation)
        if times is not None and (not _is_count(times) or times < 1):
            message = f"inject(times=...) takes 1 or more, or None for ever, not {times!r}"
            raise ValueError(message)
        if not _is_count(after) or after < 0:
            message = f"inject(after=...) takes 0 or more attempts, not {after!r}"
            raise ValueError(message)
        meant = _fault(fault, operation)
        self._require_possible(meant)
        injection = Injection(
            meant,
            operation=operation,
            match=matching.checked(match, caller="inject", own=("times", "after", "operation")),
            times=times,
            after=after,
        )
        with self._lock:
            self._injections.append(injection)
        trace.armed(self, injection)
        return injection

    def rate_limit(self, rate: float, *, burst: float = 1, operation: str = POST) -> RateLimit:
        """Throttle an operation with a token bucket on the test's clock.

        ``rate``: calls a second; ``burst``: how many may come at once. An attempt over it is
        answered with ``ThrottlingException``. It replaces the operation's earlier limit.
        """
        self._require_active("rate_limit")
        model.require_operation(operation)
        limit = RateLimit(rate, burst=burst, clock=self._clock)
        with self._lock:
            self._rate_limits[operation] = limit
        trace.armed(self, limit)
        return limit

    def respond(
        self,
        operation: str,
        response: Mapping[str, Any] | Callable[[dict[str, Any]], Mapping[str, Any]],
        *,
        times: int | None = None,
    ) -> None:
        """Answer one of DataZone's other operations.

        ``response``: a dict as boto3 returns it, or a callable that takes the call's
        parameters and returns one. It is checked against botocore's output shape. The latest
        response wins; used up after ``times`` calls, it gives way to the one before.
        """
        self._require_active("respond")
        model.require_operation(operation)
        if operation in model.TIME_SERIES_OPERATIONS:
            message = (
                f"respond() does not take {operation}: the double answers it itself, from what "
                "was posted. To make it fail, use inject()."
            )
            raise ValueError(message)
        if times is not None and (not _is_count(times) or times < 1):
            message = f"respond(times=...) takes 1 or more, or None for ever, not {times!r}"
            raise ValueError(message)
        if not callable(response):
            response = copy.deepcopy(_output(operation, response))
        with self._lock:
            self._responders.setdefault(operation, []).append(_Responder(response, times))

    def add_asset(
        self,
        entity_identifier: str,
        *,
        domain_identifier: str,
        name: str,
        forms: Mapping[str, Any] | None = None,
        listing_identifier: str | None = None,
        published: bool = True,
        description: str | None = None,
        type_identifier: str = "amazon.datazone.GlueTableAssetType",
        external_identifier: str | None = None,
        owning_project_identifier: str = "standinproject",
    ) -> None:
        """Put an asset in the catalogue, and a listing of it unless ``published`` is false.

        ``forms``: the content of its metadata forms by their names, such as
        ``{"GlueTableForm": {"tableArn": ...}}``. ``listing_identifier``: made up where it is
        not given. Once a domain has an asset, entities that it does not have are answered
        with ``ResourceNotFoundException``. An asset added again replaces the one before.
        """
        self._require_active("add_asset")
        if listing_identifier is not None and not published:
            message = (
                f"add_asset(published=False, listing_identifier={listing_identifier!r}): an asset "
                "that is not published has no listing. Leave one of the two out"
            )
            raise ValueError(message)
        if listing_identifier is None and published:
            listing_identifier = self._service.identifiers.next()
        self._service.catalogue.add(
            Asset(
                entity_identifier=entity_identifier,
                domain_identifier=domain_identifier,
                name=name,
                forms=plain_forms({} if forms is None else forms),
                listing_identifier=listing_identifier,
                description=description,
                type_identifier=type_identifier,
                external_identifier=external_identifier,
                owning_project_identifier=owning_project_identifier,
                created_at=self._clock.now(),
            )
        )

    def register_form_type(
        self, type_identifier: str, check: Mapping[str, Any] | Callable[[Any], object]
    ) -> None:
        """Check the content of forms of a type; what is wrong is a ``ValidationException``.

        ``check``: a JSON Schema (needs the extra ``jsonschema``), or a callable that is given
        the parsed content (``None`` where there is none) and raises ``ValueError`` or returns
        messages, or ``False``, for content that is wrong.
        """
        self._require_active("register_form_type")
        self._service.form_types.register(type_identifier, check_of(check))

    def assert_posted(self, count: int | None = None, **match: Unpack[Match]) -> DataPoints:
        """Return the matching data points; an ``AssertionError`` if there are none.

        ``count``: exactly how many must match; ``None``: one or more.
        """
        wanted = matching.checked(match, caller="assert_posted", own=("count",))
        if count is not None and (not _is_count(count) or count < 0):
            message = f"assert_posted(count=...) takes a number of data points, not {count!r}"
            raise ValueError(message)
        points = self.data_points
        matched = DataPoints(point for point in points if matching.point_matches(wanted, point))
        if (not matched) if count is None else (len(matched) != count):
            raise AssertionError(reporting.not_posted(wanted, count, points, matched, self.calls))
        return matched

    def assert_not_posted(self, **match: Unpack[Match]) -> None:
        """Raise an ``AssertionError`` if any data point matches."""
        wanted = matching.checked(match, caller="assert_not_posted")
        matched = [point for point in self.data_points if matching.point_matches(wanted, point)]
        if matched:
            raise AssertionError(reporting.posted(wanted, matched))

    def reset(self) -> None:
        """Forget everything recorded, stored, armed and seeded.

        Clients forget what throttling taught their retries, as they do when the double ends.
        """
        with self._lock:
            self._service.clear()
            self._log.clear()
            self._injections.clear()
            self._rate_limits.clear()
            self._responders.clear()
            self._sleeps.clear()
            self._errors.clear()
        retries.restore(self)
        trace.ended(self)

    # What follows is for the transports, and for whatever puts the double in place.

    def answers(self, operation: str) -> bool:
        """Tell whether a request for ``operation`` is for the double to answer."""
        return (
            self.options.unstubbed == "error"
            or self._service.answers(operation)
            or any(each.remaining != 0 for each in self._responders.get(operation, ()))
            or any(
                injection.operation == operation and injection.remaining != 0
                for injection in self._injections
            )
        )

    def exchange(self, request: wire.Request) -> Reply:
        """Answer a request: the one way in, whatever the transport."""
        operation = model.operation(request.operation)
        at = self._clock.now()
        request_id = f"00000000-0000-4000-8000-{next(self._request_numbers):012x}"
        unreadable = None
        parameters: dict[str, Any] = {}
        try:
            parameters = wire.decode(operation, request)
        except wire.SerializationError as error:
            unreadable = error
        call = self._log.open(
            request.invocation_id,
            operation=request.operation,
            region=request.region,
            parameters=parameters,
        )
        if not call.attempts:
            trace.called(self, call)
        fault: faults.Fault | None = None
        cause: Injection | RateLimit | None = None
        reply: Reply | None = None
        try:
            if self._injections and (cause := self._injected(call)) is not None:
                fault = cause.fault
            if fault is not None and not isinstance(fault, _CARRIED_OUT):
                reply = self._failure(operation, fault, request_id)
            else:
                if unreadable is not None:
                    why = str(unreadable)
                    call.say(why)
                    response = self._error("SerializationException", why, 400, request_id)
                else:
                    limit = self._exceeded(operation) if self._rate_limits else None
                    cause = cause or limit
                    response = self._serve(operation, call, limit, request_id, at)
                reply = response if fault is None else self._delivered(request, response, fault)
        except Exception as error:
            self._errors.append(error)
            call.say(f"{type(error).__name__}: {error}")
            raise
        else:
            return reply
        finally:
            answered = reply if isinstance(reply, wire.Response) else None
            self._log.attempted(
                call,
                status_code=None if answered is None else answered.status_code,
                error_code=None if answered is None else _error_code(answered),
                fault=fault,
                armed_at=None if cause is None else cause.armed_at,
                at=at,
                request_id=None if answered is None else answered.headers.get("x-amzn-requestid"),
            )

    def rule_out(self, impossible: Mapping[type[faults.Fault], str]) -> None:
        """Have ``inject`` refuse faults that a transport can not make happen, and say why.

        Raises ``ValueError`` if one of them is armed already. It replaces what was ruled out
        before.
        """
        self._impossible = impossible
        for injection in tuple(self._injections):
            if injection.remaining != 0:
                self._require_possible(injection.fault)

    def wait(self, seconds: float, *, back_off_of: str | None) -> bool:
        """Note a wait that botocore asks for; tell whether it has passed, in no real time.

        ``back_off_of``: the invocation id of the call whose next attempt it precedes;
        ``None``: it is for a token of adaptive mode's.
        """
        self._sleeps.append(seconds)
        if back_off_of is not None:
            self._log.backed_off(back_off_of, seconds)
        # On a clock that stands still, a token would be waited for without end.
        if self.options.retry_sleep == "real" and (back_off_of is not None or not self._clock.held):
            return False
        self._clock.advance(seconds)
        return True

    def end(self, what: str, *, only_of: str | None = None) -> None:
        """Note that ``what`` it was for is over: nothing that is armed now would be met.

        ``only_of``: the id of the only test that may still look at what it recorded.
        """
        self._over = what
        self._only_of = only_of

    def verify(self) -> None:
        """Raise an ``AssertionError`` for what the option ``strict`` does not allow."""
        if not self.options.strict:
            return
        unused = [injection for injection in self._injections if injection.owed]
        problems = []
        if self._errors:
            problems.append(reporting.swallowed(self._errors))
        if unused:
            problems.append(reporting.unused(unused))
        if problems:
            raise AssertionError("\n".join(problems))

    def _require_active(self, member: str) -> None:
        if self._over is not None:
            message = (
                f"{member}() came too late: {self._over} is over, and this DataZoneTimeSeries "
                "answers no more calls. Use the one that is active: the datazone_ts of the test "
                "that runs, or DataZoneTimeSeries.current()."
            )
            raise RuntimeError(message)

    def _require_same_test(self) -> None:
        if self._only_of is not None and origin.test() not in {None, self._only_of}:
            message = (
                f"this DataZoneTimeSeries recorded {self._over}, which is over. Each test has a "
                "datazone_ts of its own: take the fixture as an argument in this one too, and do "
                "not keep it. To look at one recording in several tests, make it with "
                "mock_datazone_ts() in a fixture of a wider scope."
            )
            raise RuntimeError(message)

    def _require_possible(self, fault: faults.Fault) -> None:
        why = self._impossible.get(type(fault))
        if why is not None:
            message = f"{type(fault).__name__} can not be injected: {why}"
            raise ValueError(message)

    def _injected(self, call: OpenCall) -> Injection | None:
        snapshot = call.snapshot()
        for injection in tuple(self._injections):
            if injection.take(snapshot):
                return injection
        return None

    def _exceeded(self, operation: model.Operation) -> RateLimit | None:
        limit = self._rate_limits.get(operation.name)
        return None if limit is None or limit.admit() else limit

    def _failure(self, operation: model.Operation, fault: faults.Fault, request_id: str) -> Reply:
        """Return what a fault makes of a request that is not carried out."""
        if isinstance(fault, faults.HttpError):
            body = (fault.body or "").encode()
            headers = {"content-type": "text/html", "content-length": str(len(body))}
            return wire.Response(fault.status, headers, body)
        if isinstance(fault, faults.TransportFault):
            return fault
        return self._service_exception(
            operation, cast("faults.ServiceException", fault), request_id
        )

    def _delivered(
        self, request: wire.Request, response: wire.Response, fault: faults.Fault
    ) -> Reply:
        """Return what arrives of the service's response."""
        if isinstance(fault, faults.ResponseLost):
            return faults.ReadTimeout()
        if isinstance(fault, faults.MalformedResponse):
            # Over a real connection it can be cut short of what its headers announce.
            announced = max(len(fault.body), len(response.body) if request.real_time else 0)
            headers = {**response.headers, "content-length": str(announced)}
            return replace(response, body=fault.body, headers=headers)
        seconds = cast("faults.Latency", fault).seconds
        if request.real_time:
            return replace(response, delay=seconds)
        self._clock.advance(min(seconds, request.read_timeout))
        return faults.ReadTimeout() if seconds >= request.read_timeout else response

    def _serve(
        self,
        operation: model.Operation,
        call: OpenCall,
        exceeded: RateLimit | None,
        request_id: str,
        at: datetime,
    ) -> wire.Response:
        """Let the service, or a response that the test gave, answer."""
        if exceeded is not None:
            return self._service_exception(operation, faults.ThrottlingException(), request_id)
        try:
            output = self._responded(call)
            if output is None:
                if not self._service.answers(operation.name):
                    output_shape = operation.output
                    message = reporting.unanswered(
                        operation.name,
                        []
                        if output_shape is None
                        else output_shape.required_members or [*output_shape.members][:1],
                        from_catalogue=operation.name in CATALOGUE_OPERATIONS,
                        is_armed=self.options.unstubbed == "passthrough",
                    )
                    raise UnansweredOperationError(message)
                answer = self._service.answer(operation.name, call.region, call.parameters)
                call.store(answer.stored)
                output = answer.output
        except Refusal as refusal:
            call.say(str(refusal))
            status = model.error_status(refusal.code)
            return self._error(refusal.code, str(refusal), status, request_id)
        return wire.encode(operation, output, request_id=request_id, at=at.timestamp())

    def _responded(self, call: OpenCall) -> Mapping[str, Any] | None:
        operation = call.operation
        if operation not in self._responders:
            return None
        with self._lock:
            responders = self._responders.get(operation, ())
            responder = next((each for each in reversed(responders) if each.remaining != 0), None)
            if responder is None:
                return None
            self._service.validate(operation, call.parameters)
            if responder.remaining is not None:
                responder.remaining -= 1
        if not callable(responder.response):
            return responder.response
        return _output(operation, responder.response(call.snapshot().parameters))

    def _service_exception(
        self, operation: model.Operation, fault: faults.ServiceException, request_id: str
    ) -> wire.Response:
        code = type(fault).__name__
        extra = {}
        if isinstance(fault, faults.ThrottlingException) and fault.retry_after is not None:
            extra = {
                "retry-after": str(math.ceil(fault.retry_after)),
                "x-amz-retry-after": str(round(fault.retry_after * 1000)),
            }
        message = fault.message.replace("{operation}", operation.name)
        return self._error(code, message, model.error_status(code), request_id, extra)

    def _error(
        self,
        code: str,
        message: str,
        status: int,
        request_id: str,
        extra_headers: Mapping[str, str] | None = None,
    ) -> wire.Response:
        return wire.encode_error(
            code,
            message,
            status=status,
            request_id=request_id,
            at=self._clock.time(),
            extra_headers=extra_headers,
        )


_CARRIED_OUT = (faults.ResponseLost, faults.MalformedResponse, faults.Latency)
"""The faults of a request that the service did carry out."""


class _Responder:
    """A response that a test gave for an operation, and how often it may still be used."""

    def __init__(
        self,
        response: Mapping[str, Any] | Callable[[dict[str, Any]], Mapping[str, Any]],
        times: int | None,
    ) -> None:
        self.response = response
        self.remaining = times


def _error_code(response: wire.Response) -> str | None:
    """Return the error code that botocore finds in a response."""
    status = response.status_code
    return response.headers.get("x-amzn-errortype", str(status) if status >= 400 else None)  # noqa: PLR2004


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _fault(fault: faults.Fault | type[faults.Fault] | str, operation: str) -> faults.Fault:
    """Return the fault meant by an instance, a class or a name."""
    documented = model.operation(operation).errors
    transport = [name for name in faults.__all__ if _is_transport(getattr(faults, name))]
    known = [*documented, *transport]
    meant = getattr(faults, fault, fault) if isinstance(fault, str) and fault in known else fault
    kind = meant if isinstance(meant, type) else type(meant)
    if not issubclass(kind, faults.Fault) or kind.__name__ not in known:
        misspelt = isinstance(fault, str) and fault not in faults.__all__
        hint = spelling.hint(fault, known) if misspelt else ""
        message = (
            f"inject() got {fault!r}, which is not a fault of {operation}.{hint} "
            f"It documents {', '.join(documented)}; "
            f"the transport can fail with {', '.join(transport)}."
        )
        raise ValueError(message)
    if isinstance(meant, faults.Fault):
        return meant
    try:
        return kind()
    except TypeError:
        message = (
            f"{kind.__name__} takes arguments: inject an instance, such as "
            f"faults.{kind.__name__}(...)"
        )
        raise TypeError(message) from None


def _is_transport(kind: type) -> bool:
    return issubclass(kind, faults.TransportFault) and kind is not faults.TransportFault


def _output(operation: str, response: Any) -> Mapping[str, Any]:
    """Return the output in a response; a ``ValueError`` unless boto3 could return it."""
    output: Mapping[str, Any] = response
    if isinstance(response, dict):
        output = {name: value for name, value in response.items() if name != "ResponseMetadata"}
    shape = model.operation(operation).output
    if shape is None:
        wrong = "" if output == {} else f"it has no output, so the response is {{}}, not {output!r}"
    else:
        wrong = ParamValidator().validate(output, shape).generate_report()
    if wrong:
        message = f"the response given for {operation} does not fit its output shape:\n{wrong}"
        raise ValueError(message)
    return output
