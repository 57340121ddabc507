"""HTTP/1.1 for a server on 127.0.0.1: connections, the requests on them and their bounds.

It keeps connections alive, which moto's own server does not: a client would meet every time a new
connection instead.
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

from pytest_datazone_ts.text import redacted_target, truncate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typing_extensions import Buffer

Answer = tuple[int, "Iterable[tuple[str, str]]", bytes]
"""A status, headers and a body."""

HOST = "127.0.0.1"
PATIENCE = 15.0
"""How many seconds a client may take to send the next bytes, or to read what it asked for."""
DEADLINE = 60.0
"""How many seconds a client may take to send a whole request."""
_LINE = 2**16
"""How long a line may be, and how much is read at a time."""
_IN_MEMORY = 2**20
"""How many bytes of a body are kept in memory while it arrives."""
_EMPTY_LINES = 8
"""How many empty lines may come before a request (RFC 9112, section 2.2)."""
_LINGER = 1.0
"""How many seconds a client that was refused gets to stop sending."""
_JOIN = 5.0
"""How many seconds the last requests get to end in: the test's own code may be answering."""
_LOGGED = 1_000
"""How many characters of a request the log shows."""

_CHUNK_HEAD = re.compile(rb"(?P<size>[0-9a-fA-F]{1,15})[ \t]*(;.*)?\r?\n")
_LINE_ENDS = (b"\r\n", b"\n")
_WITHOUT_BODY = (204, 304)
_CONNECTION_HEADERS = ("connection", "content-length", "keep-alive", "transfer-encoding")
_MONOTONIC = time.monotonic


class Refused(Exception):  # noqa: N818 - an answer
    """The request cannot be carried out, and is the last of its connection."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


class Server(TCPServer):
    """Accepts connections, and has a thread for each."""

    allow_reuse_address: bool = os.name == "posix"  # elsewhere it lets two servers share a port
    request_queue_size = 128

    def __init__(
        self,
        conversation: type[Conversation],
        port: int,
        *,
        log: Callable[[str], object],
        patience: float,
        deadline: float,
    ) -> None:
        self.log = log
        self.patience = patience
        self.deadline = deadline
        self.stopping: threading.Event = threading.Event()
        self._lock = threading.Lock()
        self._conversations: dict[threading.Thread, socket.socket] = {}
        super().__init__((HOST, port), conversation)
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.02,), name="datazone_ts_server", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.server_address[1]}"

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


class _Incoming(io.RawIOBase):
    """What a client sends: each wait for it is bounded, and so are all of them together."""

    def __init__(self, connection: socket.socket, patience: float) -> None:
        self._connection = connection
        self._patience = patience
        self._deadline = 0.0

    def due_in(self, seconds: float) -> None:
        """Set the time that is left for everything."""
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
    """The requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]
    close_connection: bool

    @abstractmethod
    def answer(self) -> None:
        """Answer the request that was read, or raise ``Refused``."""

    @abstractmethod
    def refusal(self, refused: Refused) -> Answer:
        """Return the answer to a request that is refused."""

    def setup(self) -> None:
        """Bound every wait for the client."""
        super().setup()
        self.rfile.close()
        self._incoming = _Incoming(self.connection, self.server.patience)
        self.rfile: io.BufferedIOBase = io.BufferedReader(self._incoming)

    def handle_one_request(self) -> None:
        """Read a request and answer it."""
        self.command = ""
        self.headers: Message[str, str] = Message()
        self._asks_for_body = False
        self._incoming.due_in(self.server.deadline)
        try:
            if self._read_head():
                self.answer()
        except Refused as refused:
            self._refuse(refused)

    def _read_head(self) -> bool:
        """Read the request line and the headers; return whether there is a request."""
        self.close_connection = True
        self.raw_requestline: bytes = self._request_line()
        if not self.raw_requestline:
            return False
        if len(self.raw_requestline) > _LINE:
            self.send_error(414, explain="the request line is too long")
        words = str(self.raw_requestline, "latin-1").split()
        # http.server takes a request without a version for HTTP/0.9, which has no headers.
        if len(words) < 3 or words[-1] == "HTTP/0.9":  # noqa: PLR2004 - method, target, version
            self.send_error(400, explain="the request line has no version of HTTP that is served")
        self.parse_request()
        if self.headers.defects:
            self.send_error(400, explain="the headers are malformed")
        if self.request_version != "HTTP/1.1":
            self.close_connection = True
        return True

    def _request_line(self) -> bytes:
        lines = (self.rfile.readline(_LINE + 1) for _ in range(_EMPTY_LINES + 1))
        line = next((line for line in lines if line not in _LINE_ENDS), None)
        if line is None:
            self.send_error(400, explain="there are too many empty lines before the request")
        return line

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> NoReturn:
        """Refuse what is no HTTP request; http.server calls it too."""
        text = explain or message or responses[code]
        raise Refused(code, "BadRequestException", text)

    def handle_expect_100(self) -> bool:
        """Leave it to ``body`` to ask for the body: a request that is refused needs none."""
        self._asks_for_body = True
        return True

    def body(self, limit: int) -> bytes:
        """Read the body: no byte of one that says that it is larger than ``limit``."""
        lengths = set(self.headers.get_all("content-length", ()))
        codings = self.headers.get_all("transfer-encoding", ())
        length = lengths.pop() if lengths and not codings else "0"
        if codings and (lengths or [coding.strip().lower() for coding in codings] != ["chunked"]):
            self.send_error(400, explain="the transfer-encoding is not chunked alone")
        if lengths or not re.fullmatch("[0-9]{1,18}", length, re.ASCII):
            self.send_error(400, explain="the content-length is malformed")
        _require_room(int(length), limit)
        if self._asks_for_body:
            super().handle_expect_100()
        # How long chunks are together is known at the end: no memory for what is refused then.
        with SpooledTemporaryFile(_IN_MEMORY) as body:
            try:
                if codings:
                    self._read_chunks(body, limit)
                else:
                    self._read(body, int(length))
            except TimeoutError:
                code = "RequestTimeoutException"
                raise Refused(408, code, "the body did not arrive in time") from None
            body.seek(0)
            return body.read()

    def _read(self, body: IO[bytes], size: int) -> None:
        # Not all at once: that would set memory aside for a client that only says so.
        for start in range(0, size, _LINE):
            piece = self.rfile.read(min(size - start, _LINE))
            body.write(piece)
            if len(piece) < min(size - start, _LINE):
                self.send_error(400, explain="the body ended early")

    def _read_chunks(self, body: IO[bytes], limit: int) -> None:
        while True:
            head = _CHUNK_HEAD.fullmatch(self.rfile.readline(_LINE))
            if head is None:
                self.send_error(400, explain="the chunked body is malformed")
            size = int(head["size"], 16)
            if not size:
                break
            _require_room(size, limit - body.tell())
            self._read(body, size)
            if self.rfile.readline(_LINE) not in _LINE_ENDS:
                self.send_error(400, explain="the chunked body is malformed")
        while self.rfile.readline(_LINE) not in (*_LINE_ENDS, b""):
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
        self.connection.settimeout(self.server.patience)
        if body_delay:
            self.wfile.write(head)
            self.server.stopping.wait(min(body_delay, threading.TIMEOUT_MAX))
            head = b""
        self.wfile.write(head + body)  # in one piece: two would wait for each other

    def _refuse(self, refused: Refused) -> None:
        self.close_connection = True
        self.log(f"{refused.status} {refused.code}")
        self.send(*self.refusal(refused))
        # Closing while the client still sends would have it lose the answer.
        self.connection.shutdown(socket.SHUT_WR)
        self._incoming.due_in(_LINGER)
        while self._incoming.read(_LINE):
            pass

    def log(self, outcome: str) -> None:
        """Log the request; what becomes of the line is not the client's concern.

        It comes before the answer, after which the client's next request may overtake it.
        """
        # http.server leaves no command of a line that is none of HTTP's.
        request = "malformed"
        if self.command:
            target = redacted_target(self.path)
            request = truncate(ascii(f"{self.command} {target}")[1:-1], _LOGGED)
        with suppress(Exception):
            self.server.log(f"{outcome.strip()} ({request})")


def _require_room(size: int, room: int) -> None:
    if size > room:
        raise Refused(413, "RequestEntityTooLargeException", "the body is too large")


def _monotonic() -> float:
    """Return the time of a clock that goes on where freezegun has stopped all others."""
    freezegun = sys.modules.get("freezegun.api")
    seconds: float = getattr(freezegun, "real_monotonic", _MONOTONIC)()
    return seconds
