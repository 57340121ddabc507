"""botocore's network layer as tests replace it. It imports no test: other runs have a copy."""

from __future__ import annotations

import io
from typing import Any

from botocore.awsrequest import AWSResponse


class Raw(io.BytesIO):
    """The body of a response that no network brought."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


def answer(request: Any, status: int = 200, body: bytes = b"{}", **headers: str) -> AWSResponse:
    """Answer a request, as an HTTP session would."""
    return AWSResponse(request.url, status, headers, Raw(body))


class Network(list):
    """The requests that reached it; it answers each with ``status`` and ``body``."""

    status = 200
    body = b"{}"

    def send(self, request: Any) -> AWSResponse:
        self.append(request)
        return answer(request, self.status, self.body)
