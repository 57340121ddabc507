"""Values as text for people: escaped, truncated, counted, and without credentials."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from itertools import takewhile
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


COLUMNS = 79
"""The maximum width of a line."""
_SENSITIVE = (
    "(?i:token|secret|passwo?r?d|pwd|passphrase|credential|authorization|cookie"
    "|(?:api|access|private)[_-]?key)"
)
"""Matches the names of parameters whose values are not shown; compiled when it is first used."""


NAIVE_AS_UTC = timezone(timedelta(), "UTC")
"""The timezone of a datetime that was naive and is taken as UTC."""


def format_value(value: object) -> str:
    """Return a value as it appears in messages, without credentials."""
    if isinstance(value, datetime):
        text = value.isoformat(" ").replace("+00:00", "Z")
        if value.tzinfo is None:
            return f"{text} (naive)"
        return f"{text} (naive: taken as UTC)" if value.tzinfo is NAIVE_AS_UTC else text
    if isinstance(value, FunctionType):
        code = value.__code__
        return f"{value.__qualname__} ({Path(code.co_filename).name}:{code.co_firstlineno})"
    return without_credentials(repr(value))


def multiline_repr(value: object) -> str:
    """Return the ``repr`` of a value, with one key or item of its containers per line."""
    if isinstance(value, dict) and value:
        return lines_in(
            "{", (f"{key!r}: {multiline_repr(item)}" for key, item in value.items()), "}"
        )
    if isinstance(value, (list, tuple)) and value:
        start, end = "()" if isinstance(value, tuple) else "[]"
        return lines_in(start, map(multiline_repr, value), end)
    return repr(value)


def lines_in(start: str, items: Iterable[str], end: str) -> str:
    """Return items between brackets, each indented on its own line."""
    lines = [f"    {line}" for item in items for line in f"{item},".split("\n")]
    return "\n".join([start, *lines, end])


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as ``1 call`` or ``2 calls``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def parse_json(document: str | bytes) -> Any:
    """Return the value of a JSON document.

    Raises:
        ValueError: It is not JSON, is nested too deeply, or contains NaN or an infinity, which
            Python's parser accepts.
    """
    try:
        return json.loads(document, parse_constant=_reject_constant)
    except RecursionError:
        message = "it is nested too deeply"
        raise ValueError(message) from None


def _reject_constant(constant: str) -> NoReturn:
    message = f"{constant} is not a JSON value"
    raise ValueError(message)


def without_class_name(message: str, owner: type) -> str:
    """Return an error's message without the class name that Python puts before a method's name.

    Args:
        message: The message.
        owner: The class whose method was called, which may have inherited it.
    """
    for each in owner.__mro__:
        message = message.removeprefix(f"{each.__name__}.")
    return message


def truncate(text: str, width: int, start: int = 0, *, original: str | None = None) -> str:
    """Shorten a text that is too long, and append its length.

    Args:
        text: The text.
        width: The maximum length of the result.
        start: The index of the first character to keep.
        original: The text whose length to append, if ``text`` is an edited copy of it.
    """
    if len(text) <= width:
        return text
    length = f" ({len(text if original is None else original)} characters)"
    width -= len(length)
    start = min(start, len(text) - width)
    head, tail = "..." if start else "", "..." if start + width < len(text) else ""
    return head + text[start + len(head) : start + width - len(tail)] + tail + length


def truncate_pair(left: str, right: str, width: int) -> tuple[str, str]:
    """Truncate two texts so that both show where they begin to differ."""
    common = takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False))
    start = max(0, len(list(common)) - width // 4)
    return truncate(left, width, start), truncate(right, width, start)


def excerpt(text: str, width: int) -> str:
    """Return the beginning of a text, escaped and without credentials."""
    return truncate(without_credentials(escape(text)), width, original=text)


def escape(text: str, *, keep: str = "") -> str:
    """Return a text with characters that are not printable escaped as in ``repr``.

    Args:
        text: The text.
        keep: Characters to leave as they are.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in keep else repr(character)[1:-1]
        for character in text
    )


def wrap_list(
    items: Iterable[str], initial_indent: str, subsequent_indent: str, width: int = COLUMNS
) -> Iterator[str]:
    """Yield lines of comma-separated items.

    No item is broken across lines, so that locations and ids can be copied.
    """
    line = ""
    for item in items:
        if line and len(f"{line}, {item},") > width:
            yield f"{line},"
            line = f"{subsequent_indent}{item}"
        else:
            line = f"{line}, {item}" if line else f"{initial_indent}{item}"
    if line:
        yield line


def is_secret(name: str) -> bool:
    """Return whether the value of a parameter with this name is not shown."""
    return re.search(_SENSITIVE, name) is not None


def without_credentials(text: str) -> str:
    """Return a text in which ``***`` replaces everything that looks like a credential."""
    for pattern in _CREDENTIALS:
        text = re.sub(pattern, r"\g<name>***", text)
    return text


def redacted_target(target: str) -> str:
    """Return a URL's path and query without credentials, even if they are percent-encoded."""
    path, mark, query = target.partition("?")
    return without_credentials(path) + mark + "&".join(map(_redacted_parameter, query.split("&")))


def _redacted_parameter(parameter: str) -> str:
    name, _, value = parameter.partition("=")
    plain = unquote_plus(parameter)
    if value and (is_secret(unquote_plus(name)) or without_credentials(plain) != plain):
        return f"{without_credentials(name)}=***"
    return without_credentials(parameter)


# Content may be long and of any form, so these patterns must not backtrack without limit. They
# are compiled when they are first used.
_CREDENTIALS = [
    (
        r"(?s)(?P<name>-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----)"
        r".*?(?:-----END [A-Z0-9 ]{1,60}-----|\Z)"
    ),
    (
        r"(?:\b|(?<=\\[nrt])|(?<=\\x[\da-f]{2})|(?<=\\u[\da-fA-F]{4}))"  # after an escape
        r"(?P<name>)"
        r"(?:(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # access keys
        r"|(?:FQoG|FwoG|IQoJ)[\w+/=-]{16,}"  # session tokens
        r"|eyJ[\w-]{1,2000}\.[\w-]+\.[\w-]+"  # JSON web tokens
        r"|(?:gh[oprsu]_|github_pat_)\w{16,}"  # GitHub's
        r"|(?:xox[a-z](?:\.xox[a-z])?|xapp)-[\w-]{10,})"  # Slack's
    ),
    (
        r"(?P<name>(?i:X-Amz-Credential|X-Amz-Security-Token|Signature|AWSAccessKeyId)=)"
        r"[^\s&\"'<>\\]+"
    ),
    r"(?P<name>://[^\s/:@\"'<>\\]{0,100}:)[^\s/@\"'<>\\]+(?=@)",  # passwords
    r"(?P<name>[\w.+-](?<!mailto):)[^\s/@\"'<>\\,;]{1,200}(?=@[\w.\[])",  # no scheme
    r"(?P<name>\b(?i:(?:set-)?cookie:)[ \t]{0,9})[^\r\n\"'\\]+",  # whole headers
    # The value of a secret's name in JSON or text: a string, an escaped string, or a word.
    (
        rf"(?s)(?P<name>{_SENSITIVE}[\w-]{{0,40}}\\*[\"']?\s{{0,9}}[:=]"
        r"\s{0,9}(?:(?P<quote>[\"'])|(?P<escaped>\\+[\"']))?)"
        r"(?(quote)(?:\\.|(?!(?P=quote))[^\\])+|(?(escaped)(?:(?!(?P=escaped)).)+|"
        r"(?!(?:[-+.\d]+|null|true|false|None|True|False)(?:[\s,;&)}\]]|$)|[\[{\"'\\])"
        r"(?:(?:basic|bearer|Basic|Bearer)\s)?[^\s,;&)}\]\"'\\]+))"
    ),
    # Numbers are redacted only after these names, because a "token" may be a count of tokens.
    r"(?P<name>(?i:passwo?r?d|pwd|passphrase|api[_-]?key)\\*[\"']?\s{0,9}[:=]\s{0,9})[-+.\d]+",
]
