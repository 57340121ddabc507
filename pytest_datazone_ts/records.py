"""What a double records: data points, lineage events, and calls with their attempts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_datazone_ts import location
from pytest_datazone_ts.text import lines_in, multiline_repr

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_datazone_ts.data_quality import DataQuality
    from pytest_datazone_ts.faults import Fault

__tracebackhide__: location.Predicate = location.raised_on_purpose


class _Record:
    """The base class of records, whose ``repr`` has one field per line, to be easy to diff."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown: Any = [field.name for field in fields(self) if field.repr]  # type: ignore[arg-type]
        items = (f"{name}={multiline_repr(getattr(self, name))}" for name in shown)
        return lines_in(f"{type(self).__name__}(", items, ")")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DataPoint(_Record):
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
    """If none was posted, the revision of the form type; AWS does not document a default."""
    timestamp: datetime
    """The form's timestamp: aware, in UTC, as precise as the client sent it."""
    content: str | None
    """The form's content, exactly as posted; ``None`` if there was none."""
    region: str
    posted_at: datetime
    """The time on the test's clock at which it was stored: aware, in UTC."""
    client_token: str | None = field(default=None, compare=False, repr=False)
    """The ``clientToken`` of its call; boto3 generates one if the code under test sets none."""

    @property
    def data_quality(self) -> DataQuality:
        """The content of an ``amazon.datazone.DataQualityResultFormType`` form, as a typed view.

        Raises:
            ValueError: The form has another type, or its content does not fit the type.
        """
        from pytest_datazone_ts import data_quality  # noqa: PLC0415 - keeps the first use fast

        try:
            return data_quality.parse(self.type_identifier, self.content)
        except ValueError as error:
            form_type = "DataQualityResultFormType"
            message = f"data point {self.id} ({self.form_name}) is not a {form_type}: {error}"
            raise ValueError(message) from None

    def json(self) -> Any:
        """Return ``content``, parsed.

        Raises:
            ValueError: There is no content, or it is not JSON.
        """
        if self.content is None:
            message = f"data point {self.id} ({self.form_name}) was posted without content"
            raise ValueError(message)
        return _parse_content(self.content, f"data point {self.id} ({self.form_name})")


class LineageDataset(NamedTuple):
    """A dataset that a job reads or writes."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LineageEvent(_Record):
    """One stored lineage event; members that it does not have are ``None`` or empty."""

    id: str
    domain_identifier: str
    event_type: str | None
    """``"START"``, ``"RUNNING"``, ``"COMPLETE"``, ``"ABORT"``, ``"FAIL"`` or ``"OTHER"``."""
    event_time: datetime
    """The time in the event, or the time at which it was stored if it has none: aware."""
    run_id: str | None
    job_namespace: str | None
    job_name: str | None
    inputs: tuple[LineageDataset, ...]
    outputs: tuple[LineageDataset, ...]
    processing_status: str
    """``"SUCCESS"``, or ``"FAILED"`` if it is not an OpenLineage run event."""
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
        return _parse_content(self.content, f"lineage event {self.id}")


def _parse_content(content: str, record: str) -> Any:
    """Return the JSON value of a record's content."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        message = f"the content of {record} is not JSON: {error}"
        # With a cause, pytest would show the standard library's frames.
        raise ValueError(message) from None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Attempt(_Record):
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
    """Why the double itself rejected it, failed or found nothing; ``None`` for injected faults."""
    has_next_page: bool = field(default=False, compare=False, repr=False)
    """Whether its response has a ``nextToken``."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Call(_Record):
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
