"""How values stand in what a person reads: on one line, escaped, cut, counted."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


COLUMNS = 79
"""How wide a line may be."""
SECRET = re.compile(
    "token|secret|passwo?r?d|pwd|passphrase|credential|authorization|cookie"
    "|(?:api|access|private)[_-]?key",
    re.IGNORECASE,
)
"""What the name of a parameter has whose value is not shown."""


def shown(value: object) -> str:
    """Return a value as messages write it."""
    if isinstance(value, datetime):
        return value.isoformat(" ").replace("+00:00", "Z")
    if isinstance(value, FunctionType):
        code = value.__code__
        return f"{value.__qualname__} ({Path(code.co_filename).name}:{code.co_firstlineno})"
    return repr(value)


def counted(number: int, noun: str) -> str:
    """Return ``1 call`` or ``2 calls``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def cut(text: str, room: int, start: int = 0, *, length_of: str | None = None) -> str:
    """Shorten a text that is too long, keeping what ``start`` points at; tell its length.

    ``length_of``: the text whose length to tell, where ``text`` stands for another.
    """
    if len(text) <= room:
        return text
    length = f" ({len(text if length_of is None else length_of)} characters)"
    room -= len(length)
    start = min(start, len(text) - room)
    head, tail = "..." if start else "", "..." if start + room < len(text) else ""
    return head + text[start + len(head) : start + room - len(tail)] + tail + length


def cut_alike(left: str, right: str, room: int) -> tuple[str, str]:
    """Cut two texts to where they begin to differ."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False))
    start = max(0, len(list(alike)) - room // 4)
    return cut(left, room, start), cut(right, room, start)


def brief(text: str, room: int) -> str:
    """Return the beginning of a text, escaped and without credentials; tell its length."""
    return cut(without_credentials(escaped(text)), room, length_of=text)


def escaped(text: str, *, but: str = "") -> str:
    """Return a text with what is not printable as Python's ``repr`` writes it.

    ``but``: the characters that stay.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in but else repr(character)[1:-1]
        for character in text
    )


def flowing(pieces: Iterable[str], first: str, then: str, columns: int = COLUMNS) -> Iterator[str]:
    """Yield pieces one after the other; none is broken: places and ids can be copied.

    ``first``, ``then``: how the first line and those after it are indented.
    """
    line = ""
    for piece in pieces:
        if line and len(f"{line}, {piece},") > columns:
            yield f"{line},"
            line = f"{then}{piece}"
        else:
            line = f"{line}, {piece}" if line else f"{first}{piece}"
    if line:
        yield line


def without_credentials(text: str) -> str:
    """Return a text without what looks like a credential, or has the name of one."""
    for pattern in _CREDENTIALS:
        text = pattern.sub(r"\g<name>***", text)
    return text


def redacted_target(target: str) -> str:
    """Return a URL's path and query without credentials: what a percent-encoding hides is seen."""
    path, mark, query = target.partition("?")
    return without_credentials(path) + mark + "&".join(map(_redacted_parameter, query.split("&")))


def _redacted_parameter(parameter: str) -> str:
    name, _, value = parameter.partition("=")
    plain = unquote_plus(parameter)
    if value and (SECRET.search(unquote_plus(name)) or without_credentials(plain) != plain):
        return f"{without_credentials(name)}=***"
    return without_credentials(parameter)


# A content may be long, and anything: none of these goes over the same characters for ever.
_CREDENTIALS = [
    re.compile(
        r"(?P<name>-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----)"
        r".*?(?:-----END [A-Z0-9 ]{1,60}-----|\Z)",
        re.DOTALL,
    ),
    re.compile(
        r"(?:\b|(?<=\\[nrt])|(?<=\\x[\da-f]{2})|(?<=\\u[\da-fA-F]{4}))"  # an escape ends in one
        r"(?P<name>)"
        r"(?:(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # access keys
        r"|(?:FQoG|FwoG|IQoJ)[\w+/=-]{16,}"  # session tokens
        r"|eyJ[\w-]{1,2000}\.[\w-]+\.[\w-]+"  # JSON web tokens
        r"|(?:gh[oprsu]_|github_pat_)\w{16,}"  # GitHub's
        r"|(?:xox[a-z](?:\.xox[a-z])?|xapp)-[\w-]{10,})"  # Slack's
    ),
    re.compile(
        r"(?P<name>(?i:X-Amz-Credential|X-Amz-Security-Token|Signature|AWSAccessKeyId)=)"
        r"[^\s&\"'<>\\]+"
    ),
    re.compile(r"(?P<name>://[^\s/:@\"'<>\\]{0,100}:)[^\s/@\"'<>\\]+(?=@)"),  # passwords
    re.compile(r"(?P<name>[\w.+-](?<!mailto):)[^\s/@\"'<>\\,;]{1,200}(?=@[\w.\[])"),  # no scheme
    re.compile(r"(?P<name>\b(?i:(?:set-)?cookie:)[ \t]{0,9})[^\r\n\"'\\]+"),  # whole headers
    # What has the name of one, in JSON, its like and text: a string, an escaped one, or a word.
    re.compile(
        rf"(?P<name>(?i:{SECRET.pattern})[\w-]{{0,40}}\\*[\"']?\s{{0,9}}[:=]"
        r"\s{0,9}(?:(?P<quote>[\"'])|(?P<escaped>\\+[\"']))?)"
        r"(?(quote)(?:\\.|(?!(?P=quote))[^\\])+|(?(escaped)(?:(?!(?P=escaped)).)+|"
        r"(?!(?:[-+.\d]+|null|true|false|None|True|False)(?:[\s,;&)}\]]|$)|[\[{\"'\\])"
        r"(?:(?:basic|bearer|Basic|Bearer)\s)?[^\s,;&)}\]\"'\\]+))",
        re.DOTALL,
    ),
    # There are counts of tokens; a number that is a password is one.
    re.compile(
        r"(?P<name>(?i:passwo?r?d|pwd|passphrase|api[_-]?key)\\*[\"']?\s{0,9}[:=]\s{0,9})[-+.\d]+"
    ),
]
