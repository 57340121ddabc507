"""The domain, entity and form that most tests post, and helpers that several modules use."""

from __future__ import annotations

import http.client
import json
import os
import threading
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

from botocore.session import get_session

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from botocore.model import ServiceModel

DOMAIN = "dzd_5oo7xzoqltu8mf"
ENTITY = "4wyh64k2n8czaf"
FORM = {
    "formName": "completeness",
    "typeIdentifier": "amazon.datazone.DataQualityResultFormType",
    "timestamp": datetime(2024, 1, 1, tzinfo=timezone.utc),
    "content": '{"evaluationsCount": 8, "passingPercentage": 87.5, "evaluations": []}',
}
SERIES = {
    "domainIdentifier": DOMAIN,
    "entityIdentifier": ENTITY,
    "entityType": "ASSET",
    "formName": FORM["formName"],
}

# The lowest botocore and moto warn of this from Python 3.12 on. It is no warning of ours in the
# runs that tests start, where every other warning is an error.
UTCNOW = "ignore:datetime.datetime.utc:DeprecationWarning"

METHODS = {
    "PostTimeSeriesDataPoints": "post_time_series_data_points",
    "ListTimeSeriesDataPoints": "list_time_series_data_points",
    "GetTimeSeriesDataPoint": "get_time_series_data_point",
    "DeleteTimeSeriesDataPoints": "delete_time_series_data_points",
}
"""The time-series operations and their boto3 methods."""

DOCUMENTED = {
    "InternalServerException": 500,
    "ResourceNotFoundException": 404,
    "AccessDeniedException": 403,
    "ThrottlingException": 429,
    "ServiceQuotaExceededException": 402,
    "ConflictException": 409,
    "ValidationException": 400,
    "UnauthorizedException": 401,
}
"""The exceptions that PostTimeSeriesDataPoints documents, and their statuses."""

COMMON = {
    "ExpiredTokenException": 403,
    "UnrecognizedClientException": 403,
    "InvalidSignatureException": 403,
    "IncompleteSignatureException": 400,
    "RequestExpired": 400,
    "ServiceUnavailableException": 503,
}
"""AWS's common errors, and their statuses."""

PATIENCE = 60.0
"""Seconds after which something hangs, even on a busy machine."""


@cache
def service() -> ServiceModel:
    """Return botocore's model of DataZone."""
    return get_session().get_service_model("datazone")


def location(path: str, line: int) -> str:
    """Return ``file:line`` as messages show it: relative to the current folder if inside it."""
    relative = os.path.relpath(path)
    return f"{path if relative.startswith(os.pardir) else relative}:{line}"


def await_end(running: Collection[threading.Thread]) -> None:
    """Wait until all threads have ended except those that were ``running`` before."""
    while others := {*threading.enumerate()}.difference(running):
        for thread in others:
            thread.join(PATIENCE)
            assert not thread.is_alive(), f"{thread} hangs"


@contextmanager
def serving(status: int, body: bytes = b"") -> Iterator[tuple[str, list[str]]]:
    """Answer every request in the same way; yield the URL and the paths requested so far."""
    paths = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            paths.append(self.path)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_GET  # noqa: N815 - the names that are looked for

        def log_message(self, *arguments: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", paths
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def connected(endpoint_url: str) -> Iterator[http.client.HTTPConnection]:
    """Connect to a server for any number of requests."""
    address = endpoint_url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        yield connection
    finally:
        connection.close()


def ask(
    endpoint_url: str,
    method: str,
    path: str,
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Mapping[str, str], Any]:
    """Send one request; return the status, the headers and the parsed body."""
    with connected(endpoint_url) as connection:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        text = response.read()
    return response.status, response.headers, json.loads(text) if text else None
