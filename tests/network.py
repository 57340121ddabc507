"""A replacement for botocore's network layer. Some tests copy this file into other runs."""

from __future__ import annotations

import io
from typing import Any

from botocore.awsrequest import AWSResponse


class Raw(io.BytesIO):
    """The body of a response that did not come from a network."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


def answer(request: Any, status: int = 200, body: bytes = b"{}", **headers: str) -> AWSResponse:
    """Return a response to a request, as an HTTP session would."""
    return AWSResponse(request.url, status, headers, Raw(body))


class Network(list):
    """The requests sent so far; each is answered with ``status`` and ``body``."""

    status = 200
    body = b"{}"

    def send(self, request: Any) -> AWSResponse:
        self.append(request)
        return answer(request, self.status, self.body)
