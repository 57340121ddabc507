"""``DataZoneTimeSeries``, the double as tests see it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts import audit, location, text
from pytest_datazone_ts.clock import require_seconds
from pytest_datazone_ts.count import require_posted_count
from pytest_datazone_ts.ending import require_active, require_same_test
from pytest_datazone_ts.exchange import Exchange
from pytest_datazone_ts.injections import Injection, RateLimit, resolve_fault
from pytest_datazone_ts.match import POINT_KEYWORDS, Match, Selection, check_match, point_matches
from pytest_datazone_ts.options import Options
from pytest_datazone_ts.reporting import messages, timeline
from pytest_datazone_ts.service import model
from pytest_datazone_ts.service.asset import Asset, choose_listing_identifier, plain_forms
from pytest_datazone_ts.service.form_types import build_check
from pytest_datazone_ts.service.operations import POST
from pytest_datazone_ts.transport import active, retries
from pytest_datazone_ts.views import Calls, DataPoints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Unpack

    from pytest_datazone_ts.audit import Audit
    from pytest_datazone_ts.faults import Fault, FaultName
    from pytest_datazone_ts.match import PointMatch

__tracebackhide__: location.Predicate = location.raised_on_purpose


_NONE_ACTIVE = (
    "no DataZone double is active here. Use the datazone_ts fixture, or wrap the code in "
    "mock_datazone_ts()."
)


_check = partial(check_match, more=POINT_KEYWORDS)


class _Default(int):
    """A default that is recognized as one."""


class DataZoneTimeSeries:
    """An in-memory Amazon DataZone that records calls and injects faults.

    Get one from the ``datazone_ts`` fixture or from ``mock_datazone_ts``.
    """

    def __init__(self, options: Options | None = None) -> None:
        self._exchange = Exchange(options or Options())

    def __repr__(self) -> str:
        calls = text.counted(len(self._exchange.log.calls()), "call")
        points = self._exchange.service.store.points()
        return f"<{type(self).__name__}: {calls}, {text.counted(len(points), 'data point')}>"

    def __str__(self) -> str:
        return timeline.describe(self._exchange.log.calls(), self._exchange.injections.unused())

    @staticmethod
    def current() -> DataZoneTimeSeries:
        """Return the active double; the innermost, if several are.

        Raises:
            RuntimeError: No double is active.
        """
        innermost = active.innermost()
        if innermost is None:
            raise RuntimeError(_NONE_ACTIVE)
        double: DataZoneTimeSeries = innermost.double
        return double

    @property
    def options(self) -> Options:
        """The options that it was created with."""
        return self._exchange.options

    @property
    def data_points(self) -> DataPoints:
        """Every stored point, in the order posted."""
        require_same_test(self._exchange.ending)
        points = self._exchange.service.store.points()
        return DataPoints(points, selection=Selection(Match(), points, self._exchange.log.calls))

    @property
    def calls(self) -> Calls:
        """Every API call, in the order of their first attempts."""
        require_same_test(self._exchange.ending)
        return Calls(self._exchange.log.calls())

    @property
    def sleeps(self) -> tuple[float, ...]:
        """The waits, in seconds, that botocore requested, in order."""
        require_same_test(self._exchange.ending)
        return tuple(self._exchange.sleeps)

    @property
    def code_sleeps(self) -> tuple[float, ...]:
        """The waits, in seconds, of the code under test itself, in order.

        The option ``sleep="virtual"`` has those of ``time.sleep`` and ``asyncio.sleep`` here.
        """
        require_same_test(self._exchange.ending)
        return tuple(self._exchange.code_sleeps)

    def advance(self, seconds: float) -> None:
        """Let time pass on the test's clock, also on one that freezegun or time-machine holds.

        Rate limits refill meanwhile.

        Args:
            seconds: How much time passes.

        Raises:
            RuntimeError: The test or block that the double was for is over.
            ValueError: It is not a finite number of seconds, 0 or more.
        """
        require_active(self._exchange.ending, "advance")
        require_seconds("advance(seconds)", seconds)
        self._exchange.clock.advance(seconds)

    def inject(
        self,
        fault: Fault | type[Fault] | FaultName | str,
        *,
        times: int | None = _Default(1),
        after: int = 0,
        call: int | None = None,
        operation: str = POST,
        **match: Unpack[Match],
    ) -> Injection:
        """Arm a fault for the next matching attempts.

        Injections that match the same attempt are used in the order armed. ``times`` and
        ``after`` count attempts, of which botocore may make several for one call; ``call``
        counts calls.

        Args:
            fault: An instance, a class or a name of :mod:`pytest_datazone_ts.faults`: of an
                exception that the operation documents, of one of AWS's common errors, or of a
                failure of the transport.
            times: The number of attempts that it is used on; ``None`` for all. Unless it is
                given, with ``call`` it is all of that call's.
            after: The number of matching attempts to let through first.
            call: Which of the matching calls gets it, from 1; ``times`` and ``after`` then
                count the attempts of that call. ``None`` for all of them.
            operation: The operation that fails: its API name, or boto3's of its method.
            match: The keywords of :class:`~pytest_datazone_ts.Match`.

        Raises:
            RuntimeError: The test or block that the double was for is over.
            TypeError: A keyword is unknown, or the fault is a class that needs arguments.
            ValueError: The operation does not document the fault, or is not an operation;
                ``times``, ``after`` or ``call`` is not a count; or the fault cannot happen
                over HTTP while ``datazone_ts_server`` is up.
        """
        require_active(self._exchange.ending, "inject")
        operation = model.operation_name(operation)
        injection = Injection(
            resolve_fault(fault, operation),
            operation=operation,
            match=check_match(match, caller="inject", own=("times", "after", "call", "operation")),
            times=None if call is not None and isinstance(times, _Default) else times,
            after=after,
            call=call,
        )
        self._exchange.injections.arm(injection)
        self._exchange.log.armed(injection)
        return injection

    def rate_limit(self, rate: float, *, burst: float = 1, operation: str = POST) -> RateLimit:
        """Throttle an operation with a token bucket on the test's clock.

        An attempt over the limit gets a ``ThrottlingException``. The limit replaces the
        operation's earlier one.

        Args:
            rate: Calls a second.
            burst: The number of calls that may be made at once.
            operation: Its API name, or boto3's of its method.

        Raises:
            RuntimeError: The test or block that the double was for is over.
            ValueError: An argument is out of range, or the operation does not exist.
        """
        require_active(self._exchange.ending, "rate_limit")
        operation = model.operation_name(operation)
        limit = RateLimit(rate, burst=burst, clock=self._exchange.clock)
        self._exchange.injections.limit(operation, limit)
        self._exchange.log.armed(limit)
        return limit

    def respond(
        self,
        operation: str,
        response: Mapping[str, Any] | Callable[[dict[str, Any]], Mapping[str, Any]],
        *,
        times: int | None = None,
    ) -> None:
        """Answer one of DataZone's other operations.

        The latest response wins. After ``times`` calls it is used up, and the previous one is used.

        Args:
            operation: Its API name, or boto3's of its method.
            response: A dict as boto3 returns it, or a callable that takes the call's parameters
                and returns one. It is checked against botocore's output shape.
            times: The number of calls to answer; ``None`` for all.

        Raises:
            RuntimeError: The test or block that the double was for is over.
            ValueError: The double answers the operation itself, the operation does not exist,
                or the response does not fit its output shape.
        """
        require_active(self._exchange.ending, "respond")
        described = model.operation(model.operation_name(operation))
        self._exchange.responders.add(described, response, times)

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
        """Put an asset in the catalogue, and a listing of it if it is published.

        Once a domain has an asset, entities that it does not have are answered with
        ``ResourceNotFoundException``. An asset added again replaces the one before.

        Args:
            entity_identifier: The asset's id.
            domain_identifier: The id of its domain.
            name: Its name.
            forms: The content of its metadata forms by form name, such as
                ``{"GlueTableForm": {"tableArn": ...}}``.
            listing_identifier: The id of its listing; generated by default.
            published: Whether it has a listing.
            description: Its description.
            type_identifier: Its asset type.
            external_identifier: Its id outside DataZone.
            owning_project_identifier: The id of the project that owns it.

        Raises:
            RuntimeError: The test or block that the double was for is over.
            TypeError: An argument has the wrong type.
            ValueError: DataZone would reject an argument, or two arguments contradict each other.
        """
        require_active(self._exchange.ending, "add_asset")
        service = self._exchange.service
        service.catalogue.add(
            Asset(
                entity_identifier=entity_identifier,
                domain_identifier=domain_identifier,
                name=name,
                forms=plain_forms({} if forms is None else forms),
                listing_identifier=choose_listing_identifier(
                    listing_identifier, published=published, identifiers=service.identifiers
                ),
                description=description,
                type_identifier=type_identifier,
                external_identifier=external_identifier,
                owning_project_identifier=owning_project_identifier,
                created_at=self._exchange.clock.now(),
            )
        )

    def register_form_type(
        self, type_identifier: str, check: Mapping[str, Any] | Callable[[Any], object]
    ) -> None:
        """Validate the content of a form type; violations get a ``ValidationException``.

        Args:
            type_identifier: The form type.
            check: A JSON Schema (needs the extra ``jsonschema``), or a callable that takes the
                parsed content (``None`` if there is none) and, for wrong content, raises
                ``ValueError``, returns messages, or returns ``False``.

        Raises:
            ImportError: ``check`` is a JSON Schema and jsonschema is not installed.
            RuntimeError: The test or block that the double was for is over.
            TypeError: ``check`` is neither a dict nor a callable.
            ValueError: The identifier is not one of a form type, or the schema is invalid.
        """
        require_active(self._exchange.ending, "register_form_type")
        self._exchange.service.form_types.register(type_identifier, build_check(check))

    def assert_posted(self, count: int | None = None, **match: Unpack[PointMatch]) -> DataPoints:
        """Return the data points that match.

        Args:
            count: The number of points that must match; ``None`` for one or more.
            match: The keywords of :class:`~pytest_datazone_ts.PointMatch`.

        Raises:
            AssertionError: No point matches, or not exactly ``count`` points do.
            TypeError: A keyword is unknown.
            ValueError: ``count`` is not a non-negative integer.
        """
        wanted = _check(match, caller="assert_posted", own=("count",))
        require_posted_count(count)
        points = self.data_points
        matched = DataPoints(point for point in points if point_matches(wanted, point))
        if (not matched) if count is None else (len(matched) != count):
            raise AssertionError(messages.not_posted(wanted, count, points, matched, self.calls))
        return matched

    def assert_not_posted(self, **match: Unpack[PointMatch]) -> None:
        """Check that no data point matches.

        Raises:
            AssertionError: A data point matches.
            TypeError: A keyword is unknown.
        """
        wanted = _check(match, caller="assert_not_posted")
        if matched := [point for point in self.data_points if point_matches(wanted, point)]:
            raise AssertionError(messages.posted(wanted, matched))

    def audit(self, *, timestamps: bool = True) -> Audit:
        """Look for what went wrong without anyone noticing.

        Args:
            timestamps: Whether points with different timestamps are different. Code that stamps
                each try anew needs ``False``.
        """
        return audit.audit(self.data_points, self.calls, timestamps=timestamps)

    def reset(self) -> None:
        """Forget everything recorded, stored, armed and seeded.

        The retry state of clients (quotas, adaptive rates) is restored too, as it is when the
        double ends.
        """
        self._exchange.clear()
        retries.restore(self._exchange)


def exchange_behind(double: DataZoneTimeSeries) -> Exchange:
    """Return the exchange behind a double, for the transports."""
    return double._exchange  # noqa: SLF001 - the one door
