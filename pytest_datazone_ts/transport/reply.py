"""Replies of a double, as botocore's HTTP layer would hand them over."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import botocore
from botocore.awsrequest import AWSResponse

from pytest_datazone_ts import faults

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from types import ModuleType

    from pytest_datazone_ts.service.wire import Response

_EXCEPTIONS: dict[type[faults.Fault], str] = {
    faults.ConnectTimeout: "ConnectTimeoutError",
    faults.ReadTimeout: "ReadTimeoutError",
    faults.ConnectionClosed: "ConnectionClosedError",
    faults.EndpointUnreachable: "EndpointConnectionError",
}


class Reply(AWSResponse):
    """A response that is read like botocore's, awaited like aiobotocore's, and filled in later."""

    def __init__(self, url: str, package: ModuleType = botocore) -> None:
        # The rest comes with what is received.
        self.url = url
        self._package = package  # the client's botocore: it retries its own exceptions alone

    @property
    def content(self) -> bytes:
        """The body."""
        return self._body

    def receive(self, reply: Response | faults.TransportFault) -> None:
        """Become the response, or raise what botocore itself raises for a failure, and retries."""
        if isinstance(reply, faults.TransportFault):
            exception = getattr(self._package.exceptions, _EXCEPTIONS[type(reply)])
            raise exception(endpoint_url=self.url)
        headers: Any = reply.headers
        super().__init__(self.url, reply.status_code, headers, _Raw(reply.body))
        self.raw.headers = reply.headers
        self._body = _Body(reply.body)


class _Raw(BytesIO):
    """What a response is read from."""

    headers: Mapping[str, str]

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers, as aiobotocore up to 2.20 reads them."""
        return [(name.encode(), value.encode()) for name, value in self.headers.items()]


class _Body(bytes):
    __slots__ = ()

    def __await__(self) -> Generator[None, None, bytes]:
        yield from ()
        return bytes(self)
