"""Lineage events, and the operations that store and return them."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.records import LineageDataset, LineageEvent
from pytest_datazone_ts.service import pages
from pytest_datazone_ts.service.codec import read_date_time
from pytest_datazone_ts.service.error import not_found
from pytest_datazone_ts.service.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pytest_datazone_ts.clock import Clock
    from pytest_datazone_ts.service.identifiers import Identifiers


class Lineage:
    """The lineage events of an account, in all regions.

    Args:
        clock: The clock that provides the times at which events are posted.
        identifiers: Generates the ids of new events, and tokens.
    """

    def __init__(self, clock: Clock, identifiers: Identifiers) -> None:
        self._clock = clock
        self._identifiers = identifiers
        self._events: list[LineageEvent] = []
        self._pages = pages.Pages(identifiers)
        self._lock = threading.Lock()

    def events(self) -> Sequence[LineageEvent]:
        """Return every event, in the order posted."""
        with self._lock:
            return tuple(self._events)

    def clear(self) -> None:
        """Forget every event."""
        with self._lock:
            self._events.clear()
            self._pages.clear()

    def post_event(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``PostLineageEvent``: store an event, whether or not it is OpenLineage's."""
        content = bytes(parameters["event"]).decode("utf-8", "surrogateescape")
        event = _Parsed(content)
        posted_at = self._clock.now()
        stored = LineageEvent(
            id=self._identifiers.next(),
            domain_identifier=parameters["domainIdentifier"],
            event_type=event.text("eventType"),
            event_time=event.time() or posted_at,
            run_id=event.text("run", "runId"),
            job_namespace=event.text("job", "namespace"),
            job_name=event.text("job", "name"),
            inputs=event.datasets("inputs"),
            outputs=event.datasets("outputs"),
            processing_status="SUCCESS" if event.is_run_event() else "FAILED",
            content=content,
            region=region,
            posted_at=posted_at,
        )
        with self._lock:
            self._events.append(stored)
        return Result({"id": stored.id, "domainId": stored.domain_identifier})

    def list_events(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``ListLineageEvents``: return a page of events, newest first by default."""
        after, before = parameters.get("timestampAfter"), parameters.get("timestampBefore")
        status = parameters.get("processingStatus")
        events = [
            event
            for event in self.events()
            if (event.region, event.domain_identifier) == (region, parameters["domainIdentifier"])
            and (after is None or event.event_time >= after)
            and (before is None or event.event_time <= before)
            and status in {None, event.processing_status}
        ]
        events.sort(key=lambda event: event.event_time)
        if parameters.get("sortOrder") != "ASCENDING":
            events.reverse()
        items = [_item(event) for event in events]
        return Result(self._pages.page(region, parameters, items).output)

    def get_event(self, region: str, parameters: Mapping[str, Any]) -> Result:
        """Handle ``GetLineageEvent``."""
        domain, identifier = parameters["domainIdentifier"], parameters["identifier"]
        for event in self.events():
            if (event.region, event.domain_identifier, event.id) == (region, domain, identifier):
                return Result(
                    {
                        **_common_members(event),
                        "event": event.content.encode("utf-8", "surrogateescape"),
                    }
                )
        reason = f"no lineage event '{identifier}' was posted to domain '{domain}' in {region}"
        raise not_found("LineageEvent", reason)


class _Parsed:
    """An OpenLineage event, in which any member may be missing."""

    def __init__(self, content: str) -> None:
        try:
            self._event: Any = json.loads(content)
        except (ValueError, RecursionError):
            self._event = None

    def text(self, *path: str) -> str | None:
        """Return the string at a path, if there is one."""
        value = self._event
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        return value if isinstance(value, str) else None

    def time(self) -> datetime | None:
        """Return the time of the event, if it has one."""
        try:
            return read_date_time(self.text("eventTime") or "")
        except (ValueError, OverflowError):
            return None

    def datasets(self, name: str) -> tuple[LineageDataset, ...]:
        """Return the inputs or the outputs."""
        datasets = self._event.get(name) if isinstance(self._event, Mapping) else None
        return tuple(
            LineageDataset(str(dataset.get("namespace")), str(dataset.get("name")))
            for dataset in (datasets if isinstance(datasets, list) else ())
            if isinstance(dataset, Mapping)
        )

    def is_run_event(self) -> bool:
        """Return whether it has the members that OpenLineage requires in a run event."""
        required = (("run", "runId"), ("job", "namespace"), ("job", "name"))
        return (
            self.time() is not None
            and all(self.text(*path) for path in required)
            and self._event.get("eventType", "OTHER") in _EVENT_TYPES
        )


_EVENT_TYPES = ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")


def _common_members(event: LineageEvent) -> dict[str, Any]:
    return {
        "domainId": event.domain_identifier,
        "id": event.id,
        "processingStatus": event.processing_status,
        "eventTime": event.event_time,
        "createdAt": event.posted_at,
    }


def _item(event: LineageEvent) -> dict[str, Any]:
    if event.processing_status == "FAILED":
        return _common_members(event)
    summary: dict[str, Any] = {
        "runId": event.run_id,
        "job": {"namespace": event.job_namespace, "name": event.job_name},
        "inputs": [dataset._asdict() for dataset in event.inputs],
        "outputs": [dataset._asdict() for dataset in event.outputs],
    }
    if event.event_type is not None:
        summary["eventType"] = event.event_type
    return {
        **_common_members(event),
        "eventSummary": {"openLineageRunEventSummary": summary},
    }
