"""What moto's DataZone could be, were there one: PostTimeSeriesDataPoints, in moto's own way.

Its files are those of a service in moto, and moto finds it as it finds its own.
"""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from moto import backend_index, mock_aws
from moto.core.models import botocore_stubber

from benchmarks.moto_datazone import urls
from benchmarks.moto_datazone.models import datazone_backends
from benchmarks.moto_datazone.responses import DataZoneResponse, PlainDataZoneResponse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

__all__ = ["datazone_backends", "newer", "older", "reached"]


def newer() -> AbstractContextManager[None]:
    """Have moto answer with its parser and serializer, as its newer services do."""
    return _mocked(DataZoneResponse)


def older() -> AbstractContextManager[None]:
    """Have moto answer with ``json`` alone, as its older services do, which are the faster."""
    return _mocked(PlainDataZoneResponse)


def reached(client: Any) -> Any:
    """Put moto's handler on a client that it is not on."""
    client.meta.events.register("before-send", botocore_stubber)
    return client


@contextmanager
def _mocked(responder: type[DataZoneResponse]) -> Iterator[None]:
    """Have moto answer, its DataZone in its alphabetical place among the others."""
    patterns = [*backend_index.backend_url_patterns]
    place = next(index for index, (name, _) in enumerate(patterns) if name > "datazone")
    patterns.insert(place, ("datazone", re.compile(urls.url_bases[0])))
    with (
        patch.dict(sys.modules, {"moto.datazone": sys.modules[__name__]}),
        patch.dict(urls.url_paths, dict.fromkeys(urls.url_paths, responder.dispatch)),
        patch.object(backend_index, "backend_url_patterns", patterns),
        mock_aws(),
    ):
        yield
