"""Reads a request and writes its response, in each of the two ways that moto's services have."""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from benchmarks.moto_datazone.models import DataZoneBackend, datazone_backends


class DataZoneResponse(BaseResponse):
    """As moto's newer services do: moto's parser and serializer, driven by botocore's model."""

    def __init__(self) -> None:
        super().__init__(service_name="datazone")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> DataZoneBackend:
        """The region's backend."""
        backend: DataZoneBackend = datazone_backends[self.current_account][self.region]
        return backend

    def post_time_series_data_points(self) -> Any:
        """Store the request's forms."""
        return ActionResult(
            self.backend.post_time_series_data_points(
                domain_identifier=self._get_param("domainIdentifier"),
                entity_identifier=self._get_param("entityIdentifier"),
                entity_type=self._get_param("entityType"),
                forms=self._get_param("forms"),
            )
        )


class PlainDataZoneResponse(DataZoneResponse):
    """As moto's older services do: ``json`` alone."""

    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = False

    def post_time_series_data_points(self) -> Any:
        """Store the request's forms."""
        output = self.backend.post_time_series_data_points(
            domain_identifier=self.uri_match["domainIdentifier"],
            entity_identifier=self.uri_match["entityIdentifier"],
            entity_type=self.uri_match["entityType"],
            forms=json.loads(self.body)["forms"],
        )
        return 201, {"status": 201}, json.dumps(output)
