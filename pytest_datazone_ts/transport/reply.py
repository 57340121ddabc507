"""Replies of a double, as botocore's HTTP layer would return them."""

from __future__ import annotations

import math
from io import BytesIO
from typing import TYPE_CHECKING, Any

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
    """A response for botocore and, with an awaitable body, for aiobotocore; filled in later."""

    def __init__(
        self,
        url: str,
        package: ModuleType,
        exchange: Exchange,
        operation: str,
        context: dict[str, Any],
    ) -> None:
        self.url = url
        self.exchange = exchange
        """What answers the request."""
        self._package = package  # the client's botocore, which retries its own exceptions alone
        self._operation = operation
        self._context = context  # botocore's, of the call

    @property
    def content(self) -> bytes:
        """The body."""
        return self._body

    def fill_in(self, request: AWSPreparedRequest) -> None:
        """Pass the request on, and become its response or raise what botocore raises for none."""
        exchange, context = self.exchange, self._context
        if exchange.options.sleep == "virtual":
            from pytest_datazone_ts.transport import code_sleeps  # noqa: PLC0415 - on demand

            code_sleeps.join(exchange)
        described = context.get(OPERATION_MODEL)
        read_timeout = context["client_config"].read_timeout
        headers: Any = request.headers  # a mapping, whatever the stubs say
        result = exchange(
            Request(
                # A client that was reached in the middle of a call has not noted it.
                operation=model.operation(self._operation)
                if described is None
                else model.operation_from(described),
                url=request.url,
                headers=headers,
                body=_bytes(request.body),
                region=context["client_region"],
                read_timeout=math.inf if read_timeout is None else read_timeout,
                invocation_id=context["retries"]["invocation-id"],
                attempt=context["retries"]["attempt"],
            )
        )
        self._receive(result, exchange.clock)

    def _receive(self, result: Response | NoResponse, clock: Clock) -> None:
        if isinstance(result, NoResponse):
            clock.advance(result.delay)
            raise getattr(self._package.exceptions, result.exception)(endpoint_url=self.url)
        if seconds := result.delay + result.body_delay:
            clock.advance(seconds)
        # Only over a real connection can a body be shorter than its headers announce.
        headers: Any = _Headers({**result.headers, "content-length": str(len(result.body))})
        self.status_code = result.status_code
        self.headers = headers
        self.raw = _Raw(result.body)
        self.raw.headers = headers
        self._body = _Body(result.body)


class _Headers(HeadersDict):
    """Headers by their lower-case names: botocore's own wraps a name whenever it is looked up."""

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


def _bytes(body: Any) -> bytes:
    if hasattr(body, "read"):
        body = body.read()  # botocore rewinds it before a retry
    return bytes(body or b"")
