"""The errors and warnings that the double itself raises."""

from __future__ import annotations


class UnansweredOperationError(NotImplementedError):
    """The code under test called a DataZone operation that nothing answers."""


class DataZoneBlockedError(RuntimeError):
    """A test without the double called a time-series operation, and ``guard`` stopped it."""


class DataZonePassthroughWarning(UserWarning):
    """A DataZone call bypassed moto and went to the network, as no double is active."""


class DataZoneContentWarning(UserWarning):
    """The content of a posted form does not match its built-in form type."""


class SweepError(AssertionError):
    """The code under test cannot be swept: it fails without a fault, or varies between runs."""
