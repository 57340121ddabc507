"""Stores the data points."""

from __future__ import annotations

from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.moto_api._internal import mock_random


class DataZoneBackend(BaseBackend):
    """Amazon DataZone in one account and region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.points: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}

    def post_time_series_data_points(
        self,
        *,
        domain_identifier: str,
        entity_identifier: str,
        entity_type: str,
        forms: list[dict[str, Any]],
    ) -> dict[str, Any]:
        """Store forms and echo them with their ids."""
        stored = [
            {"typeRevision": "1", **form, "id": mock_random.get_random_string(14)} for form in forms
        ]
        for form in stored:
            key = domain_identifier, entity_type, entity_identifier, form["formName"]
            self.points.setdefault(key, []).append(form)
        return {
            "domainId": domain_identifier,
            "entityId": entity_identifier,
            "entityType": entity_type,
            "forms": stored,
        }


datazone_backends = BackendDict(DataZoneBackend, "datazone")
