"""Descriptions of attempts, shared by messages, timelines and HTML pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_datazone_ts.records import Attempt, Call

NO_RESPONSE = "no response"
_CREATED = 201
_REDIRECTION = 300


def result(attempt: Attempt) -> str:
    """Return the result that the client got, such as ``"429 ThrottlingException"``."""
    if attempt.status_code is None:
        return NO_RESPONSE
    status = str(attempt.status_code)
    return status if attempt.error_code in {None, status} else f"{status} {attempt.error_code}"


def is_malformed(attempt: Attempt) -> bool:
    """Return whether the client got a status of success, but a malformed body."""
    if attempt.fault is None:
        return False
    from pytest_datazone_ts.faults import MalformedResponse  # noqa: PLC0415 - keeps the first use fast

    return isinstance(attempt.fault, MalformedResponse)


def succeeded(attempt: Attempt) -> bool:
    """Return whether the client got the response that it requested."""
    status = attempt.status_code
    return status is not None and status < _REDIRECTION and not is_malformed(attempt)


def brief_result(attempt: Attempt) -> str:
    """Return the result that the client got and its cause, in a word or two."""
    if attempt.error_code is not None:
        return attempt.error_code
    words = [] if attempt.status_code is None else [str(attempt.status_code)]
    if attempt.fault is not None:
        words.append(type(attempt.fault).__name__)
    return " ".join(words) or NO_RESPONSE


def cause(attempt: Attempt) -> str | None:
    """Return the fault or rate limit that an attempt got; ``None`` if neither."""
    if attempt.armed_at is None:
        return None
    return "rate limit" if attempt.fault is None else repr(attempt.fault)


def is_repetition(call: Call, attempt: Attempt) -> bool:
    """Return whether an attempt got the response to an earlier request with its token."""
    created = attempt.status_code == _CREATED and bool(call.parameters.get("forms"))
    return created and not attempt.stored
