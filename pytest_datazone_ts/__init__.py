"""A pytest plugin and test double for Amazon DataZone's time-series API.

Add the ``datazone_ts`` fixture to a test, run ordinary boto3 code, and look at what it
posted. Outside pytest, ``mock_datazone_ts`` does the same as a context manager or decorator.

Each name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_datazone_ts import faults
    from pytest_datazone_ts import strategies as strategies
    from pytest_datazone_ts.audit import Audit, UnstoredPoint
    from pytest_datazone_ts.data_quality import DataQuality, Evaluation
    from pytest_datazone_ts.double import DataZoneTimeSeries
    from pytest_datazone_ts.errors import (
        DataZoneBlockedError,
        DataZoneContentWarning,
        DataZonePassthroughWarning,
        SweepError,
        UnansweredOperationError,
    )
    from pytest_datazone_ts.injections import Injection, RateLimit
    from pytest_datazone_ts.match import CallMatch, LineageMatch, Match, PointMatch
    from pytest_datazone_ts.mock import mock_datazone_ts
    from pytest_datazone_ts.records import Attempt, Call, DataPoint, LineageDataset, LineageEvent
    from pytest_datazone_ts.sweep_cell import SweepCell
    from pytest_datazone_ts.sweep_report import SweepReport
    from pytest_datazone_ts.sweeps import sweep
    from pytest_datazone_ts.transport.server import DataZoneServer
    from pytest_datazone_ts.views import Calls, DataPoints, LineageEvents

__version__ = "0.1.0"

_MODULES = {
    "Attempt": "records",
    "Audit": "audit",
    "Call": "records",
    "CallMatch": "match",
    "Calls": "views",
    "DataPoint": "records",
    "DataPoints": "views",
    "DataQuality": "data_quality",
    "DataZoneBlockedError": "errors",
    "DataZoneContentWarning": "errors",
    "DataZonePassthroughWarning": "errors",
    "DataZoneServer": "transport.server",
    "DataZoneTimeSeries": "double",
    "Evaluation": "data_quality",
    "Injection": "injections",
    "LineageDataset": "records",
    "LineageEvent": "records",
    "LineageEvents": "views",
    "LineageMatch": "match",
    "Match": "match",
    "PointMatch": "match",
    "RateLimit": "injections",
    "SweepCell": "sweep_cell",
    "SweepError": "errors",
    "SweepReport": "sweep_report",
    "UnansweredOperationError": "errors",
    "UnstoredPoint": "audit",
    "faults": None,
    "mock_datazone_ts": "mock",
    "strategies": None,
    "sweep": "sweeps",
}

# Not "strategies", which needs an extra: "import *" must work without it.
__all__ = [
    "Attempt",
    "Audit",
    "Call",
    "CallMatch",
    "Calls",
    "DataPoint",
    "DataPoints",
    "DataQuality",
    "DataZoneBlockedError",
    "DataZoneContentWarning",
    "DataZonePassthroughWarning",
    "DataZoneServer",
    "DataZoneTimeSeries",
    "Evaluation",
    "Injection",
    "LineageDataset",
    "LineageEvent",
    "LineageEvents",
    "LineageMatch",
    "Match",
    "PointMatch",
    "RateLimit",
    "SweepCell",
    "SweepError",
    "SweepReport",
    "UnansweredOperationError",
    "UnstoredPoint",
    "faults",
    "mock_datazone_ts",
    "sweep",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    module = _MODULES[name]
    value = (
        import_module(f"{__name__}.{name}")
        if module is None
        else getattr(import_module(f"{__name__}.{module}"), name)
    )
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
