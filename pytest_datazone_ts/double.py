"""``DataZoneTimeSeries``, the double and its public members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_datazone_ts import assertions, location, text
from pytest_datazone_ts.clock import require_seconds
from pytest_datazone_ts.ending import require_active, require_same_test
from pytest_datazone_ts.injections import Injection, RateLimit, resolve_fault
from pytest_datazone_ts.match import Match, Selection, check_match
from pytest_datazone_ts.service import model
from pytest_datazone_ts.service.operations import POST
from pytest_datazone_ts.service_setup import ServiceSetup
from pytest_datazone_ts.spelling import checks_keywords
from pytest_datazone_ts.transport import active, retries
from pytest_datazone_ts.views import Calls, DataPoints, LineageEvents

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from pytest_datazone_ts.audit import Audit
    from pytest_datazone_ts.exchange import Exchange
    from pytest_datazone_ts.faults import Fault, FaultName
    from pytest_datazone_ts.match import PointMatch
    from pytest_datazone_ts.options import Options

__tracebackhide__: location.Predicate = location.raised_on_purpose


_NONE_ACTIVE = (
    "no DataZone double is active here. Use the datazone_ts fixture, or wrap the code in "
    "mock_datazone_ts()."
)


class _Default(int):
    """A default value, as opposed to an equal argument."""


class DataZoneTimeSeries(ServiceSetup):
    """An in-memory Amazon DataZone that records calls and injects faults.

    Get one from the ``datazone_ts`` fixture or from ``mock_datazone_ts``.
    """

    def __repr__(self) -> str:
        calls = text.counted(len(self._exchange.log.calls()), "call")
        points = self._exchange.service.store.points()
        return f"<{type(self).__name__}: {calls}, {text.counted(len(points), 'data point')}>"

    def __str__(self) -> str:
        from pytest_datazone_ts.reporting import timeline  # noqa: PLC0415 - keeps the first use fast

        return timeline.describe(self._exchange.log.calls(), self._exchange.injections.unused())

    @staticmethod
    def current() -> DataZoneTimeSeries:
        """Return the active double; if several are active, the innermost.

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
        """The options of the double."""
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
    def lineage_events(self) -> LineageEvents:
        """Every stored lineage event, in the order posted."""
        require_same_test(self._exchange.ending)
        return LineageEvents(self._exchange.service.lineage.events())

    @property
    def sleeps(self) -> tuple[float, ...]:
        """The waits, in seconds, that botocore requested, in order."""
        require_same_test(self._exchange.ending)
        return tuple(self._exchange.sleeps)

    @property
    def code_sleeps(self) -> tuple[float, ...]:
        """The waits, in seconds, of the code under test itself, in order.

        The option ``sleep="virtual"`` records those in ``time.sleep`` and ``asyncio.sleep``.
        """
        require_same_test(self._exchange.ending)
        return tuple(self._exchange.code_sleeps)

    def advance(self, seconds: float) -> None:
        """Advance the test's clock, also when freezegun or time-machine controls it.

        Rate limits refill accordingly.

        Args:
            seconds: The time that passes.

        Raises:
            RuntimeError: The test or block that the double was for is over.
            ValueError: ``seconds`` is not a finite number, 0 or more.
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
        """Inject a fault into the next matching attempts.

        Faults that match the same attempt are used in the order injected. ``times`` and
        ``after`` count attempts, of which botocore may make several for one call; ``call``
        counts calls.

        Args:
            fault: An instance, a class or the name of a class in :mod:`pytest_datazone_ts.faults`:
                an exception that the operation documents, one of AWS's common errors, or a
                failure of the transport.
            times: The number of attempts that it is used on; ``None`` for all. With ``call``,
                the default is all attempts of that call.
            after: The number of matching attempts to let through first.
            call: The number of the matching call that gets it, from 1; ``times`` and ``after``
                then count the attempts of that call. ``None`` for all calls.
            operation: The name of the operation that fails, or of its boto3 method.
            match: The keywords of :class:`~pytest_datazone_ts.Match`.

        Returns:
            The injection, which counts its hits and can be cancelled.

        Raises:
            RuntimeError: The test or block that the double was for is over.
            TypeError: A keyword is unknown, ``where`` is not callable, or the fault is a class
                that needs arguments.
            ValueError: The operation does not exist or does not document the fault; ``times``,
                ``after`` or ``call`` is out of range; ``timestamp`` is not a time; or the fault
                cannot happen over HTTP while ``datazone_ts_server`` is up.
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
        self._exchange.injections.add(injection)
        self._exchange.log.injected(injection)
        return injection

    @checks_keywords
    def rate_limit(self, rate: float, *, burst: float = 1, operation: str = POST) -> RateLimit:
        """Throttle an operation with a token bucket on the test's clock.

        An attempt over the limit gets a ``ThrottlingException``. Each region has its own bucket,
        as AWS's limits apply per region. The limit replaces the operation's earlier one.

        Args:
            rate: The number of calls per second.
            burst: The number of calls that may be made at once.
            operation: The name of the operation, or of its boto3 method.

        Returns:
            The rate limit, which counts the attempts that it throttles and can be cancelled.

        Raises:
            RuntimeError: The test or block that the double was for is over.
            ValueError: An argument is out of range, or the operation does not exist.
        """
        require_active(self._exchange.ending, "rate_limit")
        operation = model.operation_name(operation)
        limit = RateLimit(rate, burst=burst, clock=self._exchange.clock)
        self._exchange.injections.limit(operation, limit)
        self._exchange.log.injected(limit)
        return limit

    def assert_posted(self, count: int | None = None, **match: Unpack[PointMatch]) -> DataPoints:
        """Check that matching data points were posted, and return them.

        Args:
            count: The number of points that must match; ``None`` for one or more.
            match: The keywords of :class:`~pytest_datazone_ts.PointMatch`.

        Raises:
            AssertionError: No point matches, or not exactly ``count`` points do.
            TypeError: A keyword is unknown.
            ValueError: ``count`` is not a non-negative integer.
        """
        return assertions.assert_posted(self.data_points, self._exchange.log.calls, count, match)

    def assert_not_posted(self, **match: Unpack[PointMatch]) -> None:
        """Check that no data point matches.

        Raises:
            AssertionError: A data point matches.
            TypeError: A keyword is unknown.
        """
        assertions.assert_not_posted(self.data_points, match)

    def audit(self, *, timestamps: bool = True) -> Audit:
        """Look for data points that were lost or doubled.

        Args:
            timestamps: Whether points with different timestamps are different. Use ``False`` for
                code that takes a new timestamp for each try.

        Returns:
            The findings, which are true if there are any.
        """
        from pytest_datazone_ts.audit import audit  # noqa: PLC0415 - keeps the first use fast

        return audit(self.data_points, self.calls, timestamps=timestamps)

    def reset(self) -> None:
        """Forget everything recorded, stored, injected and added.

        The retry state of clients (quotas, adaptive rates) is restored too, as it is when the
        double ends.
        """
        self._exchange.clear()
        retries.restore(self._exchange)


def exchange_behind(double: DataZoneTimeSeries) -> Exchange:
    """Return the exchange behind a double, for the transports."""
    return double._exchange  # noqa: SLF001 - the only access to it
