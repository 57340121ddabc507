"""Replies of a double, as botocore's HTTP layer would return them."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import botocore
from botocore.awsrequest import AWSResponse

from pytest_datazone_ts.message import NoResponse

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from types import ModuleType

    from pytest_datazone_ts.clock import Clock
    from pytest_datazone_ts.message import Response


class Reply(AWSResponse):
    """A response for botocore and, with an awaitable body, for aiobotocore; filled in later."""

    def __init__(self, url: str, package: ModuleType = botocore) -> None:
        # The rest comes with what is received.
        self.url = url
        self._package = package  # the client's botocore, which retries its own exceptions alone

    @property
    def content(self) -> bytes:
        """The body."""
        return self._body

    def receive(self, result: Response | NoResponse, clock: Clock) -> None:
        """Become a response, or raise what botocore raises for none, once its time has passed."""
        if isinstance(result, NoResponse):
            clock.advance(result.delay)
            raise getattr(self._package.exceptions, result.exception)(endpoint_url=self.url)
        if seconds := result.delay + result.body_delay:
            clock.advance(seconds)
        # Only over a real connection can a body be shorter than its headers announce.
        headers: Any = {**result.headers, "content-length": str(len(result.body))}
        super().__init__(self.url, result.status_code, headers, _Raw(result.body))
        self.raw.headers = headers
        self._body = _Body(result.body)


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
