"""Access to the server, which is for programs on this machine and not for web pages.

A browser lets any web page send requests to 127.0.0.1. The page cannot read the responses, but its
requests take effect: it could store points and, through moto, create users. A page whose host name
resolves to 127.0.0.1 (DNS rebinding) can read the responses too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_datazone_ts.text import truncate

if TYPE_CHECKING:
    from email.message import Message

# S3 puts a bucket in front of the host, and other services an account number or a prefix such as
# "data-". Nobody can register a domain name with this ending.
_AUTHORITY = r"(?:(?:[a-z0-9_.-]*[.-])?(?:localhost|127\.0\.0\.1)\.?|\[::1\])(?::\d{1,5})?"
_HOST = re.compile(_AUTHORITY, re.IGNORECASE | re.ASCII)
_ORIGIN = re.compile(f"https?://{_AUTHORITY}", re.IGNORECASE | re.ASCII)
_TARGET = re.compile("https?://(?P<authority>[^/?]*)", re.IGNORECASE)
_MAX_LENGTH = 200


def rejection_reason(headers: Message, target: str, endpoint_url: str) -> str | None:
    """Return why a request is rejected and what to do instead; ``None`` if it is accepted.

    Args:
        headers: The request's headers.
        target: The request's target, a path or a whole URL.
        endpoint_url: The URL of the server.

    """
    hosts = headers.get_all("host", [])
    if (whole := _TARGET.match(target)) is not None:
        hosts.append(whole["authority"])
    for host in hosts:
        if not _HOST.fullmatch(host.strip()):
            return (
                f"the request is for the host {_quoted(host)}, and the server only answers as "
                "127.0.0.1 and localhost: under another name a web page could reach it (DNS "
                f"rebinding). Use {endpoint_url} as the endpoint"
            )
    origins = headers.get_all("origin", [])
    for origin in origins:
        if not _ORIGIN.fullmatch(origin.strip()):
            return f"the request is from a web page of the origin {_quoted(origin)}, {_NO_PAGES}"
    if not origins and headers.get("sec-fetch-site", "").strip().lower() == "cross-site":
        return f"the request is from a web page of another site (Sec-Fetch-Site), {_NO_PAGES}"
    return None


def is_url(url: str) -> bool:
    """Return whether a URL leads to this machine."""
    return _HOST.fullmatch(urlsplit(url).netloc) is not None


_NO_PAGES = (
    "and any page could change what the server holds. Send it from a program, or from a page that "
    "is served on localhost"
)


def _quoted(value: str) -> str:
    return truncate(ascii(value), _MAX_LENGTH)
