"""A hint about ``datazone_ts_stand_ins``, for modules that create a client at import."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts import location

if TYPE_CHECKING:
    import pytest

STAND_INS = (
    "datazone_ts: a client was created while pytest collected the tests, and no region is "
    "configured here. Set datazone_ts_stand_ins = true in pytest's configuration file to use "
    "stand-ins for a missing region and missing credentials."
)
_ADDED = f"\n{STAND_INS}"


def add_to(error: BaseException) -> bool:
    """Add the hint to an error's message if it comes from botocore's ``NoRegionError``.

    Returns:
        Whether the hint was added.
    """
    # There is no such error unless the module is loaded.
    kind: Any = getattr(sys.modules.get("botocore.exceptions"), "NoRegionError", ())
    found = [each for each in location.error_chain(error) if isinstance(each, kind)]
    for each in found:  # not add_note(), which Python 3.10 does not have
        each.args = (f"{str(each).removesuffix(_ADDED)}{_ADDED}",)  # it may be raised twice
    return bool(found)


def append_to(report: pytest.CollectReport) -> None:
    """Append the hint to a report that does not show it yet."""
    text = report.longreprtext
    if STAND_INS not in text:
        report.longrepr = f"{text}{_ADDED}"
