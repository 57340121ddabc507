"""The way in over HTTP: a server on 127.0.0.1 for code in other processes and languages.

Requests for DataZone go to a double, all others to moto. It keeps connections alive, which
moto's own server does not: a client would meet every time a new connection instead.
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import responses
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote_to_bytes
from urllib.request import getproxies_environment
from wsgiref.util import setup_testing_defaults

from botocore.session import Session

from pytest_datazone_ts.double import exchange_behind
from pytest_datazone_ts.message import Request, Response
from pytest_datazone_ts.service import model, wire
from pytest_datazone_ts.transport import credentials, other_services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_datazone_ts.double import DataZoneTimeSeries
    from pytest_datazone_ts.exchange import Exchange

HOST = "127.0.0.1"
PATIENCE = 15.0
"""How many seconds a client may take to send the next bytes, or to read what it asked for."""
HOLD = 65.0
"""How many seconds a request that gets no answer is kept: botocore gives up after 60."""
LARGEST_BODY = 10 * 2**20
LARGEST_FOREIGN_BODY = 2**30
_LINE = 2**16
"""How long a line may be, and how much is read at a time."""
_LINGER = 1.0
"""How many seconds a client that was refused gets to stop sending."""
_JOIN = 5.0
"""How many seconds the last requests get to end in: the test's own code may be answering."""

_ORIGIN = re.compile("^https?://[^/?]*", re.IGNORECASE)
_SCOPE = re.compile(
    r"Credential=[^/,\s]*/\d{8}/((?P<region>[a-z0-9-]+)/)?(?P<service>[a-z0-9-]+)/aws4_request",
    re.ASCII,
)
"""What a request is signed for."""
_CHUNK_HEAD = re.compile(rb"(?P<size>[0-9a-fA-F]{1,15})[ \t]*(;.*)?\r?\n")
_LINE_ENDS = (b"\r\n", b"\n")
_ATTEMPT = re.compile(r"\battempt=([0-9]{1,9})\b", re.ASCII)
"""The number of the attempt, in the header ``amz-sdk-request``."""
_WITHOUT_BODY = (204, 304)
_CONNECTION_HEADERS = ("connection", "content-length", "keep-alive", "transfer-encoding")


@dataclass(frozen=True)
class DataZoneServer:
    """The double of the same test, behind HTTP."""

    endpoint_url: str
    """Such as ``"http://127.0.0.1:49152"``."""
    environ: Mapping[str, str]
    """What makes the AWS SDKs of a child process use it: ``env={**os.environ, **environ}``."""


@contextmanager
def serve(
    double: DataZoneTimeSeries,
    *,
    port: int = 0,
    log: Callable[[str], object] | None = None,
    patience: float = PATIENCE,
    hold: float = HOLD,
) -> Iterator[str]:
    """Serve a double over HTTP, and yield the endpoint's URL.

    ``port``: 0 for a free one. ``log``: called with a line for each request. Raises
    ``ValueError`` if a fault is armed that can not happen over HTTP, ``OSError`` if the port
    is taken.
    """
    exchange = exchange_behind(double)
    try:
        with (
            exchange.injections.over_http(),
            _Server(exchange, port, log or (lambda _: None), patience, hold) as server,
        ):
            exchange.endpoint_url = f"http://{HOST}:{server.server_address[1]}"
            try:
                yield exchange.endpoint_url
            finally:
                exchange.endpoint_url = None
                server.stop()
    finally:
        other_services.forget()


def environment(endpoint_url: str) -> dict[str, str]:
    """Return what makes the AWS SDKs of a process use the server, and nothing that is real."""
    region = (
        os.environ.get("AWS_REGION")
        or Session().get_config_variable("region")
        or credentials.REGION
    )
    # Some SDKs read the one name, some the other.
    regions = {
        name: os.environ.get(name) or region for name in ("AWS_DEFAULT_REGION", "AWS_REGION")
    }
    proxies = getproxies_environment()
    direct = ",".join(filter(None, (proxies.get("no"), HOST)))
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ENDPOINT_URL_DATAZONE": endpoint_url,
        "AWS_ACCESS_KEY_ID": credentials.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": credentials.SECRET_KEY,
        **regions,
        **(dict.fromkeys(("NO_PROXY", "no_proxy"), direct) if proxies else {}),
    }


ELSEWHERE = (
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
)
"""What would lead a process to real credentials, or away from the server."""


class _Server(TCPServer):
    """Accepts connections, and has a thread for each."""

    allow_reuse_address = os.name == "posix"  # elsewhere it lets two servers share a port
    request_queue_size = 128

    def __init__(
        self,
        exchange: Exchange,
        port: int,
        log: Callable[[str], object],
        patience: float,
        hold: float,
    ) -> None:
        self.exchange = exchange
        self.log = log
        self.patience = patience
        self.hold = hold
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._conversations: dict[threading.Thread, socket.socket] = {}
        super().__init__((HOST, port), _Conversation)
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.02,), name="datazone_ts_server", daemon=True
        )
        self._thread.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own."""
        thread = threading.Thread(
            target=self._converse,
            args=(request, client_address),
            name=f"datazone_ts_server {client_address[1]}",
            daemon=True,
        )
        with self._lock:
            self._conversations[thread] = request
        thread.start()

    def _converse(self, request: socket.socket, client_address: Any) -> None:
        try:
            with suppress(OSError):  # the client, or stop(), hung up
                self.finish_request(request, client_address)
        finally:  # whatever goes wrong here, the client is not to wait for an answer
            with self._lock:
                del self._conversations[threading.current_thread()]
                self.shutdown_request(request)

    def stop(self) -> None:
        """Hang up on everyone."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        with self._lock:
            for request in self._conversations.values():
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)
            threads = tuple(self._conversations)
        for thread in threads:
            thread.join(_JOIN)


class _Refused(Exception):  # noqa: N818 - an answer
    """The request is not one that can be carried out, and the last of its connection."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


class _Conversation(BaseHTTPRequestHandler):
    """The requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def setup(self) -> None:
        """Bound every wait for the client."""
        super().setup()
        self.connection.settimeout(self.server.patience)

    def handle_one_request(self) -> None:
        """Read a request and answer it."""
        self.command = ""
        try:
            self.raw_requestline = self.rfile.readline(_LINE + 1)
            if len(self.raw_requestline) > _LINE:
                self.send_error(414, explain="the request line is too long")
            if not self.parse_request():
                return
            if self.headers.defects:
                self.send_error(400, explain="the headers are malformed")
            if self.request_version != "HTTP/1.1":
                self.close_connection = True
            self._answer()
        except _Refused as refused:
            self._refuse(refused)

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> NoReturn:
        """Refuse what is no HTTP request; http.server calls it too."""
        text = explain or message or responses[code]
        raise _Refused(code, "BadRequestException", text)

    def _answer(self) -> None:
        target = _ORIGIN.sub("", self.path)
        path = target.partition("?")[0]
        if not path.startswith("/"):
            self.send_error(400, explain=f"{self.path} is not a path")
        scope = _SCOPE.search(self.headers.get("authorization", ""))
        service = None if scope is None else scope["service"]
        if service == "datazone" or (service is None and f"{path}/".startswith("/v2/domains/")):
            operation = self._operation(path)
            if self.server.exchange.answers(operation):
                region = None if scope is None else scope["region"]
                self._ask_double(operation, target, region or credentials.REGION)
                return
        self._ask_moto(target, service)

    def _operation(self, path: str) -> str:
        operations = model.operations_at(path)
        if not operations:
            code = "UnknownOperationException"
            raise _Refused(404, code, f"Amazon DataZone has no operation at {path}")
        if self.command not in operations:
            code = "MethodNotAllowedException"
            methods = ", ".join(sorted(operations))
            message = f"{path} takes {methods}, not {self.command}"
            raise _Refused(405, code, message, allow=methods)
        return operations[self.command]

    def _ask_double(self, operation: str, target: str, region: str) -> None:
        body = self._body(LARGEST_BODY)
        encoding = self.headers.get("content-encoding", "identity")
        if encoding != "identity":
            code = "UnsupportedMediaTypeException"
            raise _Refused(
                415, code, f"the body's content-encoding, {encoding!r}, is not supported"
            )
        number = _ATTEMPT.search(self.headers.get("amz-sdk-request", ""))
        request = Request(
            operation=operation,
            url=target,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            region=region,
            invocation_id=self.headers.get("amz-sdk-invocation-id"),
            attempt=None if number is None else int(number[1]),
        )
        try:
            result = self.server.exchange(request)
        except Exception as error:  # noqa: BLE001 - the test's own code, or a call for the test
            raise _Refused(501, type(error).__name__, str(error)) from None
        stopping = self.server.stopping
        if isinstance(result, Response):
            self._log(f"{operation} {result.status_code} {result.error_code or ''}")
            if not stopping.wait(min(result.delay, threading.TIMEOUT_MAX)):
                self._send(
                    result.status_code,
                    result.headers.items(),
                    result.body,
                    body_delay=result.body_delay,
                )
                return
        else:
            self._log(f"{operation} no response ({result.exception})")
            if result.hangs:
                stopping.wait(self.server.hold)
        self.close_connection = True

    def _ask_moto(self, target: str, service: str | None) -> None:
        environ = self._environ(target)
        body = self._body(LARGEST_FOREIGN_BODY)
        try:
            answer = other_services.answer(environ, body, service)
        except Exception as error:  # noqa: BLE001 - moto's, which says what it does not do so
            answer = other_services.error(environ, service, type(error).__name__, str(error))
        self._log(f"{service or 'unsigned'} {answer[0]}")
        self._send(*answer)

    def _environ(self, target: str) -> dict[str, Any]:
        """Return the request, but its body, as WSGI (PEP 3333) has it."""
        path, _, query = target.partition("?")
        keys = {name: f"HTTP_{name.upper().replace('-', '_')}" for name in self.headers}
        headers = {key: ",".join(self.headers.get_all(name, ())) for name, key in keys.items()}
        content_type = headers.pop("HTTP_CONTENT_TYPE", "")
        for framing in ("HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"):
            headers.pop(framing, None)
        environ: dict[str, Any] = {
            **headers,
            "CONTENT_TYPE": content_type,
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "RAW_URI": target,
            # What lets moto keep the underscores in the names of S3's metadata.
            "moto.preserved_header_names": {key: name for name, key in keys.items() if "_" in name},
        }
        setup_testing_defaults(environ)  # of what moto does not ask for
        return environ

    def _body(self, limit: int) -> bytes:
        """Read the body: no byte of one that says that it is larger than ``limit``."""
        lengths = set(self.headers.get_all("content-length", ()))
        codings = self.headers.get_all("transfer-encoding")
        try:
            if not codings:
                length = lengths.pop() if lengths else "0"
                if lengths or not re.fullmatch("[0-9]{1,18}", length, re.ASCII):
                    self.send_error(400, explain="the content-length is malformed")
                return self._read(int(length), limit)
            if lengths or [coding.strip().lower() for coding in codings] != ["chunked"]:
                self.send_error(400, explain="the transfer-encoding is not chunked alone")
            return self._read_chunks(limit)
        except TimeoutError:
            code = "RequestTimeoutException"
            raise _Refused(408, code, "the body did not arrive in time") from None

    def _read(self, size: int, limit: int) -> bytes:
        if size > limit:
            raise _Refused(413, "RequestEntityTooLargeException", "the body is too large")
        # Not all at once: that would set memory aside for a client that only says so.
        pieces = [self.rfile.read(_LINE) for _ in range(size // _LINE)]
        body = b"".join([*pieces, self.rfile.read(size % _LINE)])
        if len(body) < size:
            self.send_error(400, explain="the body ended early")
        return body

    def _read_chunks(self, limit: int) -> bytes:
        body = bytearray()
        while True:
            head = _CHUNK_HEAD.fullmatch(self.rfile.readline(_LINE))
            if head is None:
                self.send_error(400, explain="the chunked body is malformed")
            if not int(head["size"], 16):
                break
            body += self._read(int(head["size"], 16), limit - len(body))
            if self.rfile.readline(_LINE) not in _LINE_ENDS:
                self.send_error(400, explain="the chunked body is malformed")
        while self.rfile.readline(_LINE) not in (*_LINE_ENDS, b""):
            pass  # trailers
        return bytes(body)

    def _send(
        self,
        status: int,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        *,
        body_delay: float = 0.0,
    ) -> None:
        length = str(len(body))
        kept = []
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value  # of what GET would answer
            elif name.lower() == "content-length" and value.isdigit() and int(value) > len(body):
                length = value
                self.close_connection = True  # cut short
            elif name.lower() not in _CONNECTION_HEADERS:
                kept.append((name, value))
        if status in _WITHOUT_BODY or self.command == "HEAD":
            body = b""
        if status not in _WITHOUT_BODY:
            kept.append(("content-length", length))
        if self.close_connection:
            kept.append(("connection", "close"))
        lines = [f"HTTP/1.1 {status} {responses.get(status, '')}"]
        # A line break in a value would end the header.
        lines += [f"{name}: {' '.join(value.splitlines())}" for name, value in kept]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
        if body_delay:
            self.wfile.write(head)
            self.server.stopping.wait(min(body_delay, threading.TIMEOUT_MAX))
            head = b""
        self.wfile.write(head + body)  # in one piece: two would wait for each other

    def _refuse(self, refused: _Refused) -> None:
        self.close_connection = True
        self._log(f"{refused.status} {refused.code}")
        response = wire.encode_error(
            refused.code,
            str(refused),
            status=refused.status,
            request_id=str(uuid.uuid4()),
            at=time.time(),
            extra_headers=refused.headers,
        )
        self._send(response.status_code, response.headers.items(), response.body)
        # Closing while the client still sends would have it lose the answer.
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(_LINGER)
        while self.connection.recv(_LINE):
            pass

    def _log(self, outcome: str) -> None:
        # http.server leaves no command of a line that is none of HTTP's.
        request = ascii(f"{self.command} {self.path}")[1:-1] if self.command else "malformed"
        self.server.log(f"{outcome.strip()} ({request})")
