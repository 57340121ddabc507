"""The errors and warnings of the double itself."""

from __future__ import annotations


class UnansweredOperationError(NotImplementedError):
    """The code under test called an unhandled operation.

    The operation is one of DataZone's or, with the option ``mock_aws``, any other AWS service's.
    """


class DataZoneBlockedError(RuntimeError):
    """A DataZone call was made while no double was active, and was blocked."""


class DataZonePassthroughWarning(UserWarning):
    """A DataZone call bypassed moto and went to the network, as no double is active."""


class DataZoneContentWarning(UserWarning):
    """The content of a posted form does not match its built-in form type."""


class SweepError(AssertionError):
    """The code under test cannot be swept: it fails without a fault, or varies between runs."""
