"""Requests for other AWS services, which moto's server application answers."""

from __future__ import annotations

import json
import re
import sys
import threading
import uuid
import zlib
from contextlib import contextmanager
from functools import cache
from importlib.metadata import metadata
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import botocore

from pytest_datazone_ts.transport.credentials import ACCESS_KEY, REGION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_datazone_ts.transport.http import Answer


def answer(environ: dict[str, Any], body: bytes, service: str | None) -> Answer:
    """Return the response to a request.

    Args:
        environ: The request as a WSGI environment, without its body.
        body: Its body.
        service: The signing name of the service, if the request is signed.
    """
    if find_spec("flask") is None or find_spec("flask_cors") is None:
        return error(
            service,
            environ["CONTENT_TYPE"],
            "NotInstalled",
            f"this request is for {service or 'an AWS service other than DataZone'}. moto's server "
            "answers it here once it is installed: pip install 'pytest-datazone-ts[server]'",
        )
    from werkzeug.test import run_wsgi_app  # noqa: PLC0415 - an optional dependency, and slow

    if service is None and (found := _find_service(environ, body)) is not None:
        scope = f"Credential={ACCESS_KEY}/20240101/{REGION}/{found}/aws4_request"
        authorization = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"
        environ = {**environ, "HTTP_AUTHORIZATION": authorization}
    stream = {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    chunks, status, headers = run_wsgi_app(_moto(), {**environ, **stream}, buffered=True)
    return int(status.split()[0]), list(headers), b"".join(chunks)


def error(
    service: str | None, content_type: str, code: str, message: str, *, status: int = 400
) -> Answer:
    """Return an error in the protocol that the client of a service reads.

    Args:
        service: The signing name of the service, if it is known.
        content_type: The content type of the request.
        code: The error code.
        message: The error message.
        status: The HTTP status; by default one that no client retries.
    """
    if _is_form(content_type):
        kind, text = "text/xml", f"<ErrorResponse>{_xml(code, message)}</ErrorResponse>"
    elif service in ("s3", None):
        kind, text = "application/xml", _xml(code, message)
    else:
        kind, text = "application/json", json.dumps({"__type": code, "message": message})
    headers = {
        "content-type": kind,
        "x-amzn-errortype": code,
        "x-amzn-requestid": str(uuid.uuid4()),
    }
    return status, headers.items(), text.encode()


def missing_module(error: ModuleNotFoundError, service: str | None) -> ModuleNotFoundError:
    """Return an error that shows what to install.

    Args:
        error: The error that moto raised for a missing module.
        service: The name of the service, in moto or in signatures.
    """
    from moto.backends import ALT_SERVICE_NAMES  # noqa: PLC0415 - an optional dependency, and slow

    name = (service or "").replace("-", "")
    extra = ALT_SERVICE_NAMES.get(name, name)
    if extra not in (metadata("moto").get_all("Provides-Extra") or ()):
        extra = "all"
    message = (
        f"moto needs the module {error.name} to answer {service or 'this request'}, and it is not "
        f"installed: pip install 'moto[{extra}]'"
    )
    return ModuleNotFoundError(message, name=error.name)


@contextmanager
def reset_on_exit() -> Iterator[None]:
    """Reset moto's state on exit, unless somebody else uses it.

    moto has one state for the process, and can only reset all of it. It is not reset if it held
    something before, if another server is running, or if ``mock_aws`` is active, which resets it
    itself.
    """
    found = sys.modules.get("moto.core.base_backend")
    held = found is not None and bool(found.BackendDict._instances)  # noqa: SLF001 - moto has no public API for this
    try:
        yield
    finally:
        if not held and _moto.cache_info().currsize and not _is_shared():
            _reset()


def _is_shared() -> bool:
    """Return whether another server or ``mock_aws`` uses moto's state."""
    from moto.core.models import botocore_stubber  # noqa: PLC0415 - an optional dependency, and slow

    # ThreadedMotoServer's thread is named after its method; ours has a name of its own.
    threads = [thread.name for thread in threading.enumerate()]
    return botocore_stubber.enabled or any(map(_SERVERS.search, threads))


_SERVERS = re.compile(r"\(_server_entry\)|^datazone_ts_server$")


def _reset() -> None:
    """Reset moto's state."""
    from werkzeug.test import EnvironBuilder, run_wsgi_app  # noqa: PLC0415 - an optional dependency, and slow

    reset = EnvironBuilder("/moto-api/reset", method="POST").get_environ()
    run_wsgi_app(_moto(), reset, buffered=True)


def _find_service(environ: Mapping[str, Any], body: bytes) -> str | None:
    """Return the signing name of the service that an unsigned request is for, if it is known.

    Requests in the JSON protocols name a target, those in the query protocol an API version. moto
    looks only at the signature, and takes unsigned requests to be for S3.
    """
    if "HTTP_X_AMZ_TARGET" in environ:
        return _signing_names().get(environ["HTTP_X_AMZ_TARGET"].rpartition(".")[0])
    if _is_form(environ["CONTENT_TYPE"]):
        version = parse_qs(body.decode("latin-1")).get("Version", [""])
        return _signing_names().get(version[-1])
    return None


@cache
def _signing_names() -> dict[str, str]:
    """Return the signing names of services by target prefix or API version.

    Both are near the beginning of botocore's service models; reading whole models takes seconds.
    """
    names: dict[str, str] = {}
    for path in sorted((Path(botocore.__file__).parent / "data").glob("*/*/service-2.json*")):
        data = path.read_bytes()[:_HEAD]
        text = zlib.decompressobj(wbits=31).decompress(data) if path.suffix == ".gz" else data
        head: dict[str, str] = dict(
            _MEMBER.findall(text.decode("latin-1").partition('"operations"')[0])
        )
        name = head.get("signingName") or head["endpointPrefix"]
        if "targetPrefix" in head:
            names.setdefault(head["targetPrefix"], name)
        elif head.get("protocol") in ("query", "ec2"):
            names.setdefault(head["apiVersion"], name)
    return names


_HEAD = 8192
_MEMBER = re.compile(r'"(\w+)"\s*:\s*"([^"]*)"')


@cache
def _moto() -> Any:
    """Return moto's server application, whose import takes most of a second."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication  # noqa: PLC0415 - an optional dependency, and slow

    application = DomainDispatcherApplication(_service_app)
    # With a last pattern that matches all hosts, moto does not fail obscurely on unknown hosts.
    patterns = [*application.backend_url_patterns, ("", re.compile(""))]
    application.backend_url_patterns = patterns
    return application


def _service_app(service: Any) -> Any:
    """Return moto's application for a service, which raises an error for unsupported requests.

    Args:
        service: moto's name for the service; empty if moto does not support it.
    """
    from moto.moto_server.werkzeug_app import create_backend_app  # noqa: PLC0415 - an optional dependency, and slow
    from werkzeug.exceptions import NotFound  # noqa: PLC0415 - an optional dependency, and slow

    def unsupported(_: object = None) -> NoReturn:
        what = f"this {service} operation" if service else "this service"
        message = f"it does not support {what}. Mock the call, or give its client another endpoint"
        raise NotImplementedError(message)

    if not service:
        unsupported()
    app = create_backend_app(service)
    app.register_error_handler(NotFound, unsupported)
    return app


def _xml(code: str, message: str) -> str:
    return f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"


def _is_form(content_type: str) -> bool:
    """Return whether a request's body is a form, as in the query protocol."""
    return content_type.startswith("application/x-www-form-urlencoded")
