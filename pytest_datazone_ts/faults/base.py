"""The base class of faults, and checks for their arguments."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import MISSING, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_datazone_ts import location

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from pytest_datazone_ts.message import NoResponse, Request, Response
    from pytest_datazone_ts.service.error import ServiceError

    Outcome: TypeAlias = Response | NoResponse | ServiceError
    """What a client gets; a ``ServiceError`` is encoded like those of the service."""
    Serve: TypeAlias = Callable[[], Response]
    """Makes the service carry out the request, and returns its response."""

__tracebackhide__: location.Predicate = location.raised_on_purpose


@dataclass(frozen=True, repr=False)
class Fault:
    """Anything that ``inject`` can make happen to an attempt."""

    _impossible_over_http: ClassVar[str] = ""
    """Why ``datazone_ts_server`` cannot make it happen; ``""`` if it can."""

    @abstractmethod
    def _outcome(self, request: Request, serve: Serve) -> Outcome:
        """Return what the client gets; call ``serve`` if the service carries out the request."""

    def __repr__(self) -> str:
        arguments = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            # Omit arguments that are equal to their defaults.
            if field.default is MISSING or replace(self, **{field.name: field.default}) != self
        ]
        name = type(self).__name__
        return f"{name}({', '.join(arguments)})" if arguments else name

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - IPython's signature
        """Have Hypothesis print the ``repr`` instead of every field."""
        printer.text(repr(self))


def apply_fault(fault: Fault, request: Request, serve: Serve) -> Outcome:
    """Return what the client of a request gets because of a fault."""
    return fault._outcome(request, serve)  # noqa: SLF001 - not for tests


def impossible_over_http(fault: Fault) -> str:
    """Return why a fault cannot happen over HTTP; ``""`` if it can."""
    return fault._impossible_over_http  # noqa: SLF001 - not for tests


def require_type(what: str, value: object, kind: type | tuple[type, ...], noun: str) -> None:
    """Raise a ``TypeError`` unless an argument has a type, such as ``str`` (``"a string"``)."""
    if not isinstance(value, kind):
        error = f"{what} takes {noun}, not {type(value).__name__}"
        raise TypeError(error)


def require_status(what: str, value: object) -> None:
    """Raise a ``ValueError`` unless an argument is the HTTP status of an error."""
    if value not in range(400, 600):
        error = f"{what} takes an HTTP status from 400 to 599, not {value!r}"
        raise ValueError(error)
