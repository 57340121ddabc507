"""The AWS services that are not DataZone: moto's server application answers for them."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

Answer = tuple[int, list[tuple[str, str]], bytes]
"""A status, headers and a body."""


def answer(environ: dict[str, Any], body: bytes, service: str | None) -> Answer:
    """Answer a request, given as a WSGI environment; ``service``: the one it is signed for."""
    if find_spec("flask") is None or find_spec("flask_cors") is None:
        return error(
            environ,
            service,
            "NotInstalled",
            f"this request is for {service or 'an AWS service other than DataZone'}. moto's server "
            "answers it here once it is installed: pip install 'pytest-datazone-ts[server]'",
        )
    from werkzeug.test import run_wsgi_app  # noqa: PLC0415 - on demand

    stream = {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    chunks, status, headers = run_wsgi_app(_moto(), {**environ, **stream}, buffered=True)
    return int(status.split()[0]), list(headers), b"".join(chunks)


def error(environ: Mapping[str, Any], service: str | None, code: str, message: str) -> Answer:
    """Write an error in the protocol that the client of ``service`` reads."""
    status = 501  # no client retries it
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        kind, text = "text/xml", f"<ErrorResponse>{_xml(code, message)}</ErrorResponse>"
    elif service in ("s3", None):
        kind, text = "application/xml", _xml(code, message)
    else:
        kind, text = "application/json", json.dumps({"__type": code, "message": message})
    return status, [("content-type", kind), ("x-amzn-errortype", code)], text.encode()


def forget() -> None:
    """Have moto forget what it was asked to keep, unless a ``mock_aws`` sees to that."""
    if not _moto.cache_info().currsize:
        return
    from moto.core.models import botocore_stubber  # noqa: PLC0415 - on demand
    from werkzeug.test import EnvironBuilder, run_wsgi_app  # noqa: PLC0415 - on demand

    if not botocore_stubber.enabled:
        reset = EnvironBuilder("/moto-api/reset", method="POST").get_environ()
        run_wsgi_app(_moto(), reset, buffered=True)


@cache
def _moto() -> Any:
    """Return moto's server application: importing it takes most of a second."""
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 - on demand
        DomainDispatcherApplication,
        create_backend_app,
    )

    return DomainDispatcherApplication(create_backend_app)


def _xml(code: str, message: str) -> str:
    return f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
