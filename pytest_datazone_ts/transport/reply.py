"""Replies of a double, as botocore's HTTP layer would hand them over."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from pytest_datazone_ts import faults

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_datazone_ts.service.wire import Response

_EXCEPTIONS: dict[type[faults.Fault], type[BotoCoreError]] = {
    faults.ConnectTimeout: ConnectTimeoutError,
    faults.ReadTimeout: ReadTimeoutError,
    faults.ConnectionClosed: ConnectionClosedError,
    faults.EndpointUnreachable: EndpointConnectionError,
}


def reply_to_botocore(reply: Response | faults.TransportFault, url: str) -> AWSResponse:
    """Return a response, or raise what botocore itself raises for a failure, and retries."""
    if isinstance(reply, faults.TransportFault):
        raise _EXCEPTIONS[type(reply)](endpoint_url=url)
    return _Response(url, reply)


class _Response(AWSResponse):
    """A response that is read like botocore's, and awaited like aiobotocore's."""

    def __init__(self, url: str, response: Response) -> None:
        headers: Any = response.headers
        super().__init__(url, response.status_code, headers, _Raw(response))
        self._body = _Body(response.body)

    @property
    def content(self) -> bytes:
        return self._body


class _Raw(BytesIO):
    """What a response is read from; aiobotocore up to 2.20 reads the headers from it too."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.body)
        self.raw_headers = [
            (name.encode(), value.encode()) for name, value in response.headers.items()
        ]


class _Body(bytes):
    __slots__ = ()

    def __await__(self) -> Generator[None, None, bytes]:
        yield from ()
        return bytes(self)
