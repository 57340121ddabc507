"""The HTTP server on 127.0.0.1, for code in other processes and languages.

A double answers requests for DataZone and under ``/_datazone_ts/``; moto answers all others.
"""

from __future__ import annotations

import json
import os
import re
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes
from urllib.request import getproxies_environment
from wsgiref.util import setup_testing_defaults

from botocore.session import Session

from pytest_datazone_ts.double import exchange_behind
from pytest_datazone_ts.message import Request, Response
from pytest_datazone_ts.service import model, wire
from pytest_datazone_ts.transport import control, credentials, loopback, other_services
from pytest_datazone_ts.transport.http import (
    DEADLINE,
    HOST,
    PATIENCE,
    Answer,
    Conversation,
    Rejected,
    Server,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_datazone_ts.double import DataZoneTimeSeries

HOLD = 65.0
"""How many seconds a connection without a response stays open; botocore gives up after 60."""
LARGEST_BODY = 10 * 2**20
LARGEST_FOREIGN_BODY = 100 * 2**20
"""moto needs about four times as much memory. The largest Lambda function fits, and larger objects
in S3 take a multipart upload."""

_ORIGIN = re.compile("^https?://[^/?]*", re.IGNORECASE)
_SCOPE = re.compile(
    r"Credential=[^/,\s]*/\d{8}/((?P<region>[a-z0-9-]+)/)?(?P<service>[a-z0-9-]+)/aws4_request",
    re.ASCII,
)
"""The region and the service that a request is signed for, in its ``authorization`` header."""

_ATTEMPT = re.compile(r"\battempt=([0-9]{1,9})\b", re.ASCII)
"""The number of the attempt, in the header ``amz-sdk-request``."""


@dataclass(frozen=True)
class DataZoneServer:
    """The double of the same test, behind HTTP."""

    endpoint_url: str
    """Such as ``"http://127.0.0.1:49152"``."""
    environ: Mapping[str, str]
    """The environment variables that make the AWS SDKs of a child process use it:
    ``env={**os.environ, **environ}``."""


@contextmanager
def serve(
    double: DataZoneTimeSeries,
    *,
    host: str = HOST,
    port: int = 0,
    log: Callable[[str], object] | None = None,
    patience: float = PATIENCE,
    deadline: float = DEADLINE,
    hold: float = HOLD,
) -> Iterator[str]:
    """Serve a double over HTTP, and yield the URL of the endpoint.

    Args:
        double: The double that answers the requests for DataZone.
        host: The address to listen on; clients must still use 127.0.0.1 or localhost.
        port: The port to listen on; 0 for a free one.
        log: Called with a line for each request, in order. It must not block, because the response
            waits for it.
        patience: How many seconds a client may take to send the next bytes.
        deadline: How many seconds a client may take to send a whole request.
        hold: How many seconds a connection without a response stays open.

    Raises:
        ValueError: A fault that was injected cannot happen over HTTP.
        OSError: The port is taken.

    """
    exchange = exchange_behind(double)
    with (
        exchange.injections.over_http(),
        other_services.reset_on_exit(),
        _Server(
            double,
            port,
            hold,
            host=host,
            log=log or (lambda _: None),
            patience=patience,
            deadline=deadline,
        ) as server,
    ):
        exchange.endpoint_url = server.url
        try:
            yield server.url
        finally:
            exchange.endpoint_url = None
            server.stop()


def environment(endpoint_url: str) -> dict[str, str]:
    """Return the environment variables that make the AWS SDKs of a process use only the server."""
    region = (
        os.environ.get("AWS_REGION")
        or Session().get_config_variable("region")
        or credentials.REGION
    )
    # Some SDKs read one name, some the other.
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


CONFLICTING_VARIABLES = (
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
)
"""The environment variables that lead to other credentials or away from the server."""


class _Server(Server):
    """A server with a double."""

    def __init__(self, double: DataZoneTimeSeries, port: int, hold: float, **options: Any) -> None:
        self.double = double
        self.exchange = exchange_behind(double)
        self.hold = hold
        super().__init__(_Conversation, port, **options)


class _Conversation(Conversation):
    """The requests on one connection of an AWS client."""

    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def answer(self) -> None:
        """Have the double or moto respond to the request."""
        reason = loopback.rejection_reason(self.headers, self.path, self.server.url)
        if reason is not None:
            raise Rejected(403, "ForbiddenException", reason)
        target = _ORIGIN.sub("", self.path)
        path = target.partition("?")[0]
        if not path.startswith("/"):
            self.send_error(400, explain=f"{self.path} is not a path")
        if f"{path}/".startswith(control.PREFIX):
            self._answer_from_control(target)
            return
        region, service = self._scope()
        if service == "datazone" or (service is None and f"{path}/".startswith("/v2/domains/")):
            operation = self._operation(path)
            if self.server.exchange.answers(operation):
                self._answer_from_double(operation, target, region or credentials.REGION)
                return
        self._answer_from_moto(target, service)

    def rejection(self, rejected: Rejected) -> Answer:
        """Return an error that the client of the service can read."""
        _, service = self._scope()
        if service not in (None, "datazone"):
            return other_services.error(
                service,
                self.headers.get("content-type", ""),
                rejected.code,
                rejected.message,
                status=rejected.status,
            )
        response = wire.encode_error(
            rejected.code,
            rejected.message,
            status=rejected.status,
            request_id=str(uuid.uuid4()),
            at=self.server.exchange.clock.time(),
            extra_headers=rejected.headers,
        )
        return response.status_code, response.headers.items(), response.body

    def _scope(self) -> tuple[str | None, str | None]:
        """Return the region and the service that the request is signed for."""
        scope = _SCOPE.search(self.headers.get("authorization", ""))
        return (None, None) if scope is None else (scope["region"], scope["service"])

    def _operation(self, path: str) -> str:
        operations = model.operations_at(path)
        if not operations:
            code = "UnknownOperationException"
            raise Rejected(404, code, f"Amazon DataZone has no operation at {path}")
        if self.command not in operations:
            code = "MethodNotAllowedException"
            methods = ", ".join(sorted(operations))
            message = f"{path} takes {methods}, not {self.command}"
            raise Rejected(405, code, message, allow=methods)
        return operations[self.command]

    def _answer_from_double(self, operation: str, target: str, region: str) -> None:
        body = self.body(LARGEST_BODY)
        encoding = self.headers.get("content-encoding", "identity")
        if encoding != "identity":
            code = "UnsupportedMediaTypeException"
            raise Rejected(
                415, code, f"the body's content-encoding, {encoding!r}, is not supported"
            )
        number = _ATTEMPT.search(self.headers.get("amz-sdk-request", ""))
        request = Request(
            operation=model.operation(operation),
            url=target,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            region=region,
            invocation_id=self.headers.get("amz-sdk-invocation-id"),
            attempt=None if number is None else int(number[1]),
        )
        try:
            result = self.server.exchange(request)
        except Exception as error:  # noqa: BLE001 - may come from the test's own code
            # Not 501, which some SDKs retry.
            raise Rejected(400, type(error).__name__, str(error)) from None
        stopping = self.server.stopping
        if isinstance(result, Response):
            self.log(f"{operation} {result.status_code} {result.error_code or ''}", _detail(result))
            if not stopping.wait(min(result.delay, threading.TIMEOUT_MAX)):
                self.send(
                    result.status_code,
                    result.headers.items(),
                    result.body,
                    body_delay=result.body_delay,
                )
                return
        else:
            self.log(f"{operation} no response ({result.exception})")
            if result.hangs:
                stopping.wait(self.server.hold)
        self.close_connection = True

    def _answer_from_control(self, target: str) -> None:
        answer = control.answer(self.server.double, self.command, target, self.body(LARGEST_BODY))
        if self.command != "GET":  # health checks and other polling would fill the log
            self.log(str(answer[0]))
        self.send(*answer)

    def _answer_from_moto(self, target: str, service: str | None) -> None:
        environ = self._environ(target)
        body = self.body(LARGEST_FOREIGN_BODY)
        message = ""
        try:
            answer = other_services.answer(environ, body, service)
        except Exception as error:  # noqa: BLE001 - moto raises many kinds of error
            message = f"moto cannot answer this request: {error}"
            if isinstance(error, ModuleNotFoundError):
                message = str(other_services.missing_module(error, service))
            kind = environ["CONTENT_TYPE"]
            answer = other_services.error(service, kind, type(error).__name__, message)
        self.log(f"{service or 'unsigned'} {answer[0]}", message)
        self.send(*answer)

    def _environ(self, target: str) -> dict[str, Any]:
        """Return the request, without its body, as a WSGI environment (PEP 3333)."""
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
            # With this, moto keeps the underscores in the names of S3 metadata.
            "moto.preserved_header_names": {key: name for name, key in keys.items() if "_" in name},
        }
        setup_testing_defaults(environ)  # the keys that moto does not read
        return environ


def _detail(response: Response) -> str:
    """Return the message of an error, or the names of the forms in a response."""
    try:
        content = json.loads(response.body)
        if response.error_code:
            return str(content["message"])
        return ", ".join(form["formName"] for form in content["forms"])
    except (KeyError, TypeError, ValueError):  # another operation, or a malformed response
        return ""
