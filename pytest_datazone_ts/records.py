"""What a double records: data points, lineage events, and calls with their attempts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_datazone_ts import location

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_datazone_ts.faults import Fault

__tracebackhide__: location.Predicate = location.raised_on_purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPoint:
    """One stored data point: a form as it was posted."""

    id: str
    """14 lower-case letters and digits, like DataZone's own ids; the same in every run."""
    domain_identifier: str
    entity_identifier: str
    entity_type: str
    """``"ASSET"`` or ``"LISTING"``."""
    form_name: str
    type_identifier: str
    type_revision: str
    """The revision of the form type if none was posted: AWS does not document its default."""
    timestamp: datetime
    """The form's timestamp: aware, in UTC, as precise as the client sent it."""
    content: str | None
    """The form's content, exactly as posted; ``None`` if there was none."""
    region: str
    posted_at: datetime
    """The time on the test's clock at which it was stored: aware, in UTC."""

    def json(self) -> Any:
        """Return ``content``, parsed.

        Raises:
            ValueError: There is no content, or it is not JSON.
        """
        if self.content is None:
            message = f"data point {self.id} ({self.form_name}) was posted without content"
            raise ValueError(message)
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            message = f"the content of data point {self.id} ({self.form_name}) is not JSON: {error}"
            raise ValueError(message) from error


class LineageDataset(NamedTuple):
    """A dataset that a job reads or writes."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageEvent:
    """One stored lineage event; what it does not have is ``None`` or empty."""

    id: str
    domain_identifier: str
    event_type: str | None
    """``"START"``, ``"RUNNING"``, ``"COMPLETE"``, ``"ABORT"``, ``"FAIL"`` or ``"OTHER"``."""
    event_time: datetime
    """Aware; the time at which it was stored if the event has none."""
    run_id: str | None
    job_namespace: str | None
    job_name: str | None
    inputs: tuple[LineageDataset, ...]
    outputs: tuple[LineageDataset, ...]
    processing_status: str
    """``"SUCCESS"``, or ``"FAILED"`` for what is not a run event of OpenLineage."""
    content: str
    """The event, exactly as posted."""
    region: str
    posted_at: datetime
    """The time on the test's clock at which it was stored: aware, in UTC."""

    def json(self) -> Any:
        """Return ``content``, parsed.

        Raises:
            ValueError: It is not JSON.
        """
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            message = f"the content of lineage event {self.id} is not JSON: {error}"
            raise ValueError(message) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One HTTP request of a call, and its result."""

    number: int
    """1 for the first attempt of its call."""
    status_code: int | None
    """The HTTP status; ``None`` if no response reached the client."""
    error_code: str | None
    """The error code of the response, such as ``"ThrottlingException"``."""
    fault: Fault | None
    """The fault that the test injected into this attempt."""
    armed_at: str | None
    """Where the test injected the fault, or set the rate limit that throttled it: ``file:line``."""
    slept: float
    """The seconds that botocore backed off before the next attempt; 0.0 if none followed."""
    at: datetime
    """The time on the test's clock at which it was made: aware, in UTC."""
    request_id: str | None
    """The request id in the response; ``None`` if no response reached the client."""
    stored: tuple[DataPoint, ...] = field(default=(), compare=False, repr=False)
    """The data points that it stored, whether or not the client learned of it."""
    reason: str | None = field(default=None, compare=False, repr=False)
    """Why the double itself refused it, failed or found nothing; ``None`` for injected faults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One API call of the code under test; botocore's retries are its attempts."""

    operation: str
    """The API's name, such as ``"PostTimeSeriesDataPoints"``."""
    parameters: dict[str, Any]
    """The boto3 keyword arguments as they arrived, with times as aware datetimes in UTC."""
    attempts: tuple[Attempt, ...]
    region: str

    @property
    def succeeded(self) -> bool:
        """Whether the last attempt got a response without an error."""
        status_code = self.attempts[-1].status_code if self.attempts else None
        return status_code is not None and status_code < 300  # noqa: PLR2004

    @property
    def error_code(self) -> str | None:
        """The error code of the last attempt, if any."""
        return self.attempts[-1].error_code if self.attempts else None
