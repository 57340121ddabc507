"""``DataZoneTimeSeries``, the double as tests see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_datazone_ts import assertions, audit, location, text
from pytest_datazone_ts.clock import require_seconds
from pytest_datazone_ts.ending import require_active, require_same_test
from pytest_datazone_ts.injections import Injection, RateLimit, resolve_fault
from pytest_datazone_ts.match import Match, Selection, check_match
from pytest_datazone_ts.service import model
from pytest_datazone_ts.service.operations import POST
from pytest_datazone_ts.service_setup import ServiceSetup
from pytest_datazone_ts.transport import active, retries
from pytest_datazone_ts.views import Calls, DataPoints, LineageEvents

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from pytest_datazone_ts.audit import Audit
    from pytest_datazone_ts.exchange import Exchange
    from pytest_datazone_ts.faults import Fault, FaultName
    from pytest_datazone_ts.options import Options

__tracebackhide__: location.Predicate = location.raised_on_purpose


_NONE_ACTIVE = (
    "no DataZone double is active here. Use the datazone_ts fixture, or wrap the code in "
    "mock_datazone_ts()."
)


class _Default(int):
    """A default that is recognized as one."""


class DataZoneTimeSeries(ServiceSetup):
    """An in-memory Amazon DataZone that records calls and injects faults.

    Get one from the ``datazone_ts`` fixture or from ``mock_datazone_ts``.
    """

    def __repr__(self) -> str:
        calls = text.counted(len(self._exchange.log.calls()), "call")
        points = text.counted(len(self._exchange.service.store.points()), "data point")
        return f"<{type(self).__name__}: {calls}, {points}>"

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

        They are those of ``time.sleep`` and ``asyncio.sleep``, with the option
        ``sleep="virtual"``.
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
            operation: The API name of the operation that fails.
            match: The keywords of :class:`~pytest_datazone_ts.Match`.

        Raises:
            RuntimeError: The test or block that the double was for is over.
            TypeError: A keyword is unknown, or the fault is a class that needs arguments.
            ValueError: The operation does not document the fault, or is not an operation;
                ``times``, ``after`` or ``call`` is not a count; or the fault cannot happen
                over HTTP while ``datazone_ts_server`` is up.
        """
        require_active(self._exchange.ending, "inject")
        model.require_operation(operation)
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
            operation: The API name of the operation.

        Raises:
            RuntimeError: The test or block that the double was for is over.
            ValueError: An argument is out of range, or the operation does not exist.
        """
        require_active(self._exchange.ending, "rate_limit")
        model.require_operation(operation)
        limit = RateLimit(rate, burst=burst, clock=self._exchange.clock)
        self._exchange.injections.limit(operation, limit)
        self._exchange.log.armed(limit)
        return limit

    def assert_posted(self, count: int | None = None, **match: Unpack[Match]) -> DataPoints:
        """Return the data points that match.

        Args:
            count: The number of points that must match; ``None`` for one or more.
            match: The keywords of :class:`~pytest_datazone_ts.Match`.

        Raises:
            AssertionError: No point matches, or not exactly ``count`` points do.
            TypeError: A keyword is unknown.
            ValueError: ``count`` is not a non-negative integer.
        """
        return assertions.assert_posted(self.data_points, self._exchange.log.calls, count, match)

    def assert_not_posted(self, **match: Unpack[Match]) -> None:
        """Check that no data point matches.

        Raises:
            AssertionError: A data point matches.
            TypeError: A keyword is unknown.
        """
        assertions.assert_not_posted(self.data_points, match)

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
