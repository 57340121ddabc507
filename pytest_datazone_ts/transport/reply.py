"""Replies of a double, in the form in which botocore's HTTP layer returns responses."""

from __future__ import annotations

import math
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

import botocore
from botocore.awsrequest import AWSResponse, HeadersDict

from pytest_datazone_ts.message import NoResponse, Request
from pytest_datazone_ts.service import model
from pytest_datazone_ts.transport.active import OPERATION_MODEL

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from types import ModuleType

    from botocore.awsrequest import AWSPreparedRequest

    from pytest_datazone_ts.clock import Clock
    from pytest_datazone_ts.exchange import Exchange
    from pytest_datazone_ts.message import Response


class Reply(AWSResponse):
    """A response for botocore and, as its body is awaitable, for aiobotocore; empty at first."""

    def __init__(self, url: str, package: ModuleType = botocore) -> None:
        # receive() sets the rest.
        self.url = url
        self._package = package  # the client's own, which retries only its own exceptions

    @property
    def content(self) -> bytes:
        """The body."""
        return self._body

    def receive(self, result: Response | NoResponse, clock: Clock) -> None:
        """Fill in a result, after its delay on the clock.

        Raises:
            botocore.exceptions.BotoCoreError: There is no response.
        """
        if isinstance(result, NoResponse):
            clock.advance(result.delay)
            raise getattr(self._package.exceptions, result.exception)(endpoint_url=self.url)
        if seconds := result.delay + result.body_delay:
            clock.advance(seconds)
        # Only over a real connection can a body be shorter than its headers say.
        headers: Any = _Headers({**result.headers, "content-length": str(len(result.body))})
        self.status_code: int = result.status_code
        self.headers: Any = headers
        self.raw: Any = _Raw(result.body)
        self.raw.headers = headers
        self._body = _Body(result.body)


class _Headers(HeadersDict):
    """Headers by lower-case name, without botocore's wrapping of the name in each look-up."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = {name.lower(): value for name, value in headers.items()}

    def __getitem__(self, name: str) -> str:
        return self._headers[name.lower()]

    def __setitem__(self, name: str, value: str) -> None:
        self._headers[name.lower()] = value

    def __delitem__(self, name: str) -> None:
        del self._headers[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)

    def __repr__(self) -> str:
        return repr(self._headers)

    def copy(self) -> _Headers:
        return _Headers(self._headers)


class _Raw(BytesIO):
    """The raw stream of a response."""

    headers: Mapping[str, str]

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers, as aiobotocore up to 2.20 reads them."""
        return [(name.encode(), value.encode()) for name, value in self.headers.items()]


class _Body(bytes):
    """Bytes that can be awaited."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, bytes]:
        yield from ()
        return bytes(self)


class Pending(NamedTuple):
    """A request that a double has claimed and not answered yet."""

    reply: Reply
    exchange: Exchange
    operation: str
    context: dict[str, Any]
    """botocore's context of the call."""

    def answer(self, request: AWSPreparedRequest) -> None:
        """Have the exchange answer the request, and fill in the reply."""
        if self.exchange.options.sleep == "virtual":
            from pytest_datazone_ts.transport import code_sleeps  # noqa: PLC0415 - for sleep="virtual" only

            code_sleeps.join(self.exchange)
        described = self.context.get(OPERATION_MODEL)
        read_timeout = self.context["client_config"].read_timeout
        headers: Any = request.headers  # a mapping, whatever the stubs say
        result = self.exchange(
            Request(
                # The context has no model if the double became active during the call.
                operation=model.operation(self.operation)
                if described is None
                else model.operation_from(described),
                url=request.url,
                headers=headers,
                body=_bytes(request.body),
                region=self.context["client_region"],
                read_timeout=math.inf if read_timeout is None else read_timeout,
                invocation_id=self.context["retries"]["invocation-id"],
                attempt=self.context["retries"]["attempt"],
            )
        )
        self.reply.receive(result, self.exchange.clock)


def _bytes(body: Any) -> bytes:
    if hasattr(body, "read"):
        body = body.read()  # botocore rewinds it before a retry
    return bytes(body or b"")
