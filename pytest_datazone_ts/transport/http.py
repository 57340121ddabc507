"""An HTTP/1.1 server on 127.0.0.1, with limits on the time and size of requests.

Unlike moto's own server it keeps connections alive, so that clients can reuse them.
"""

from __future__ import annotations

import io
import os
import re
import socket
import sys
import threading
import time
from abc import abstractmethod
from contextlib import suppress
from email.message import Message
from http.client import responses
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, NoReturn

from pytest_datazone_ts.text import excerpt, redacted_target, truncate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typing_extensions import Buffer

Answer = tuple[int, "Iterable[tuple[str, str]]", bytes]
"""A status, headers and a body."""

HOST = "127.0.0.1"
PATIENCE = 15.0
"""How many seconds a client may take to send the next bytes, or to read the response."""
DEADLINE = 60.0
"""How many seconds a client may take to send a whole request."""
_MAX_LINE = 2**16
"""The maximum length of a line, and the number of bytes to read at a time."""
_MAX_IN_MEMORY = 2**20
"""The number of bytes of a body to keep in memory while it arrives."""
_MAX_EMPTY_LINES = 8
"""The maximum number of empty lines before a request (RFC 9112, section 2.2)."""
_LINGER = 1.0
"""How many seconds a client has to stop sending after its request was rejected."""
_JOIN = 5.0
"""How many seconds the last requests have to end: the test's own code may be running."""
_MAX_MESSAGE = 2_000
"""The maximum number of characters of an error message, which may repeat the body."""
_MAX_LOGGED = 1_000
"""The maximum number of characters of a request, and of a detail, that the log shows."""

_CHUNK_HEAD = re.compile(rb"(?P<size>[0-9a-fA-F]{1,15})[ \t]*(;.*)?\r?\n")
_LINE_ENDS = (b"\r\n", b"\n")
_WITHOUT_BODY = (204, 304)
_CONNECTION_HEADERS = ("connection", "content-length", "keep-alive", "transfer-encoding")
_MONOTONIC = time.monotonic


class Rejected(Exception):  # noqa: N818 - it becomes a response
    """The request is rejected, and is the last on its connection.

    Args:
        status: The HTTP status of the response.
        code: The error code.
        message: The error message.
        **headers: Further headers of the response.
    """

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)  # the log redacts it, for which it must be whole
        self.message: str = truncate(message, _MAX_MESSAGE)
        self.status = status
        self.code = code
        self.headers = headers


class Server(TCPServer):
    """A server that handles each connection in a thread of its own."""

    allow_reuse_address: bool = os.name == "posix"  # elsewhere it lets two servers share a port
    request_queue_size = 128

    def __init__(
        self,
        conversation: type[Conversation],
        port: int,
        *,
        host: str = HOST,
        log: Callable[[str], object],
        patience: float,
        deadline: float,
    ) -> None:
        self.log = log
        self.patience = patience
        self.deadline = deadline
        self.stopping: threading.Event = threading.Event()
        self._lock = threading.Lock()
        self._connections: dict[threading.Thread, socket.socket] = {}
        super().__init__((host, port), conversation)
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.02,), name="datazone_ts_server", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"http://{HOST}:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread that handles a connection."""
        thread = threading.Thread(
            target=self._handle_connection,
            args=(request, client_address),
            name=f"datazone_ts_server {client_address[1]}",
            daemon=True,
        )
        with self._lock:
            self._connections[thread] = request
        thread.start()

    def _handle_connection(self, request: socket.socket, client_address: Any) -> None:
        try:
            with suppress(OSError):  # the client, or stop(), closed the connection
                self.finish_request(request, client_address)
        finally:  # whatever goes wrong, the client must not wait for a response
            with self._lock:
                del self._connections[threading.current_thread()]
                self.shutdown_request(request)

    def stop(self) -> None:
        """Stop listening, and close all connections."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        with self._lock:
            for request in self._connections.values():
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)
            threads = tuple(self._connections)
        for thread in threads:
            thread.join(_JOIN)


class _Incoming(io.RawIOBase):
    """The bytes that a client sends, with a limit on each wait and on all waits together."""

    def __init__(self, connection: socket.socket, patience: float) -> None:
        self._connection = connection
        self._patience = patience
        self._deadline = 0.0

    def set_deadline(self, seconds: float) -> None:
        """Limit all further waits together to ``seconds``."""
        self._deadline = _monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        left = min(self._patience, self._deadline - _monotonic())
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class Conversation(BaseHTTPRequestHandler):
    """The requests on one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]
    close_connection: bool

    @abstractmethod
    def answer(self) -> None:
        """Respond to the request that was read.

        Raises:
            Rejected: The request is rejected.
        """

    @abstractmethod
    def rejection(self, rejected: Rejected) -> Answer:
        """Return the response to a request that is rejected."""

    def setup(self) -> None:
        """Limit every wait for the client."""
        super().setup()
        self.rfile.close()
        self._incoming = _Incoming(self.connection, self.server.patience)
        self.rfile: io.BufferedIOBase = io.BufferedReader(self._incoming)

    def handle_one_request(self) -> None:
        """Read a request and respond to it."""
        self.command = ""
        self.headers: Message[str, str] = Message()
        self._expects_continue = False
        self._incoming.set_deadline(self.server.deadline)
        try:
            if self._read_head():
                self.answer()
        except Rejected as rejected:
            self._reject(rejected)

    def _read_head(self) -> bool:
        """Read the request line and the headers; return whether there is a request."""
        self.close_connection = True
        self.raw_requestline: bytes = self._request_line()
        if not self.raw_requestline:
            return False
        if len(self.raw_requestline) > _MAX_LINE:
            self.send_error(414, explain="the request line is too long")
        words = str(self.raw_requestline, "latin-1").split()
        # http.server treats a request without a version as HTTP/0.9, which has no headers.
        if len(words) < 3 or words[-1] == "HTTP/0.9":  # noqa: PLR2004 - method, target, version
            self.send_error(400, explain="the request line has no version of HTTP that is served")
        self.parse_request()
        if self.headers.defects:
            self.send_error(400, explain="the headers are malformed")
        if self.request_version != "HTTP/1.1":
            self.close_connection = True
        return True

    def _request_line(self) -> bytes:
        lines = (self.rfile.readline(_MAX_LINE + 1) for _ in range(_MAX_EMPTY_LINES + 1))
        line = next((line for line in lines if line not in _LINE_ENDS), None)
        if line is None:
            self.send_error(400, explain="there are too many empty lines before the request")
        return line

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> NoReturn:
        """Reject a malformed request; http.server calls this too."""
        text = explain or message or responses[code]
        raise Rejected(code, "BadRequestException", text)

    def handle_expect_100(self) -> bool:
        """Postpone ``100 Continue`` until ``body`` is called: a rejected request needs no body."""
        self._expects_continue = True
        return True

    def body(self, limit: int) -> bytes:
        """Return the request's body, without reading one whose announced length is too large.

        Args:
            limit: The maximum length.

        Raises:
            Rejected: The body is too large, malformed or late.
        """
        lengths = set(self.headers.get_all("content-length", ()))
        codings = self.headers.get_all("transfer-encoding", ())
        length = lengths.pop() if lengths and not codings else "0"
        if codings and (lengths or [coding.strip().lower() for coding in codings] != ["chunked"]):
            self.send_error(400, explain="the transfer-encoding is not chunked alone")
        if lengths or not re.fullmatch("[0-9]{1,18}", length, re.ASCII):
            self.send_error(400, explain="the content-length is malformed")
        _require_room(int(length), limit)
        if self._expects_continue:
            super().handle_expect_100()
        # Spooled to disk: the length of all chunks is known, and may be too large, only at the end.
        with SpooledTemporaryFile(_MAX_IN_MEMORY) as body:
            try:
                if codings:
                    self._read_chunks(body, limit)
                else:
                    self._read(body, int(length))
            except TimeoutError:
                code = "RequestTimeoutException"
                raise Rejected(408, code, "the body did not arrive in time") from None
            body.seek(0)
            return body.read()

    def _read(self, body: IO[bytes], size: int) -> None:
        # Not all at once, which would allocate memory for bytes that may never come.
        for start in range(0, size, _MAX_LINE):
            piece = self.rfile.read(min(size - start, _MAX_LINE))
            body.write(piece)
            if len(piece) < min(size - start, _MAX_LINE):
                self.send_error(400, explain="the body ended early")

    def _read_chunks(self, body: IO[bytes], limit: int) -> None:
        while True:
            head = _CHUNK_HEAD.fullmatch(self.rfile.readline(_MAX_LINE))
            if head is None:
                self.send_error(400, explain="the chunked body is malformed")
            size = int(head["size"], 16)
            if not size:
                break
            _require_room(size, limit - body.tell())
            self._read(body, size)
            if self.rfile.readline(_MAX_LINE) not in _LINE_ENDS:
                self.send_error(400, explain="the chunked body is malformed")
        while self.rfile.readline(_MAX_LINE) not in (*_LINE_ENDS, b""):
            pass  # trailers

    def send(
        self,
        status: int,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        *,
        body_delay: float = 0.0,
    ) -> None:
        """Send a response, its body ``body_delay`` seconds after its headers."""
        length = str(len(body))
        kept = []
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value  # the length of the response to GET
            elif name.lower() == "content-length" and value.isdigit() and int(value) > len(body):
                length = value
                self.close_connection = True  # the body is cut off
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
        self.connection.settimeout(self.server.patience)
        if body_delay:
            self.wfile.write(head)
            self.server.stopping.wait(min(body_delay, threading.TIMEOUT_MAX))
            head = b""
        self.wfile.write(head + body)  # in one piece, which is faster than two

    def _reject(self, rejected: Rejected) -> None:
        self.close_connection = True
        self.log(f"{rejected.status} {rejected.code}", str(rejected))
        self.send(*self.rejection(rejected))
        # If it were closed now, a client that is still sending would lose the response.
        self.connection.shutdown(socket.SHUT_WR)
        self._incoming.set_deadline(_LINGER)
        while self._incoming.read(_MAX_LINE):
            pass

    def log(self, outcome: str, detail: str = "") -> None:
        """Log the request and its outcome; an error of the log is ignored.

        Call it before sending the response, so that the client's next request cannot overtake it.

        Args:
            outcome: The status of the response, or why there is none.
            detail: Further information, such as an error message.
        """
        # http.server sets no command for a malformed request line.
        request = "malformed"
        if self.command:
            target = redacted_target(self.path)
            request = truncate(ascii(f"{self.command} {target}")[1:-1], _MAX_LOGGED)
        with suppress(Exception):
            explanation = f": {excerpt(detail, _MAX_LOGGED)}" if detail else ""
            self.server.log(f"{outcome.strip()} ({request}){explanation}")


def _require_room(size: int, room: int) -> None:
    """Reject a body, or a chunk of one, that is larger than the room that is left."""
    if size > room:
        raise Rejected(413, "RequestEntityTooLargeException", "the body is too large")


def _monotonic() -> float:
    """Return the time of the monotonic clock, even if freezegun has stopped it."""
    freezegun = sys.modules.get("freezegun.api")
    seconds: float = getattr(freezegun, "real_monotonic", _MONOTONIC)()
    return seconds
