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


class Reply(AWSResponse):
    """A response that is read like botocore's, awaited like aiobotocore's, and filled in later."""

    def __init__(self, url: str) -> None:
        nothing: Any = {}
        super().__init__(url, 0, nothing, None)
        self._body = _Body()

    @property
    def content(self) -> bytes:
        """The body."""
        return self._body

    def receive(self, reply: Response | faults.TransportFault) -> None:
        """Become the response, or raise what botocore itself raises for a failure, and retries."""
        if isinstance(reply, faults.TransportFault):
            raise _EXCEPTIONS[type(reply)](endpoint_url=self.url)
        headers: Any = reply.headers
        super().__init__(self.url, reply.status_code, headers, _Raw(reply))
        self._body = _Body(reply.body)


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
