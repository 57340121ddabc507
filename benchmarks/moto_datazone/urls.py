"""DataZone's host, and the path of the one operation."""

from __future__ import annotations

from benchmarks.moto_datazone.responses import DataZoneResponse

url_bases = [r"https?://datazone\.(.+)\.api\.aws"]
url_paths = {
    "{0}/v2/domains/(?P<domainIdentifier>[^/]+)/entities/(?P<entityType>[^/]+)"
    "/(?P<entityIdentifier>[^/]+)/time-series-data-points$": DataZoneResponse.dispatch,
}
