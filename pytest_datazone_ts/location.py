"""Locations in the user's code, written as ``file:line``."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType
    from typing import TypeAlias

    import pytest

    Predicate: TypeAlias = Callable[[pytest.ExceptionInfo[BaseException]], bool]
    """What pytest accepts as ``__tracebackhide__``."""

_PACKAGE = __name__.partition(".")[0]
_CLIENTS = frozenset({"aioboto3", "aiobotocore", "boto3", "botocore"})
_NOT_THE_USERS = (
    _CLIENTS
    | {_PACKAGE, "anyio", "backoff", "retrying", "stamina", "tenacity", "trio", "wrapt"}
    | sys.stdlib_module_names
)
"""Packages that may call a client for the user's code, and contain no call sites."""
_RUNNERS = frozenset({"_pytest", "pluggy", "pytest"})


def format_location(path: str, line: int) -> str:
    """Return ``file:line``, relative to the current directory if the file is inside it."""
    try:
        relative = os.path.relpath(path)
    except (ValueError, OSError):  # another drive on Windows, or a deleted directory
        relative = path
    return f"{path if relative.startswith(os.pardir) else relative}:{line}"


def caller_frame() -> FrameType:
    """Return the nearest frame that belongs to neither this package nor a client library."""
    frame = sys._getframe(1)  # noqa: SLF001 - as inspect does, without reading sources
    while frame.f_back is not None and _package(frame) in _CLIENTS | {_PACKAGE}:
        frame = frame.f_back
    return frame


def caller_location() -> str:
    """Return the location of the code that called this package."""
    frame = caller_frame()
    return format_location(frame.f_code.co_filename, frame.f_lineno)


def user_location(start: CodeType) -> str:
    """Return the line of the user's code that made the call, directly or through a library.

    Args:
        start: The function that called the user's code; frames outside it do not count.

    Returns:
        The location, or the name of a module if a thread or task of a library made the call.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - as above
    while frame is not None and frame.f_code is not start:
        if _package(frame) not in _NOT_THE_USERS:
            return format_location(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    frame = caller_frame()
    if _package(frame) in _NOT_THE_USERS:
        return str(frame.f_globals["__name__"])
    return format_location(frame.f_code.co_filename, frame.f_lineno)


def is_users(frame: FrameType) -> bool:
    """Return whether a frame is the user's: in no client library, event loop or pytest plugin."""
    package = _package(frame)
    return package not in _NOT_THE_USERS and not package.startswith("pytest")


def error_location(error: BaseException) -> str | None:
    """Return where an error was raised.

    Returns:
        The location in the test's own callable, or else in the code that called this package;
        ``None`` if the call arrived over HTTP.
    """
    before: list[str] = []
    after: list[str] = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        package = _package(frame)
        if package == _PACKAGE:
            before += after
            after = []
        elif package not in _CLIENTS:
            after.append(format_location(frame.f_code.co_filename, line))
    return next(iter(after[:1] or before[-1:]), None)


def error_chain(error: BaseException) -> list[BaseException]:
    """Return an error, all errors that led to it, and, if it is a group, those that it contains."""
    errors = [error]
    for each in errors:  # the loop extends it
        inside = getattr(each, "exceptions", ())  # Python 3.10 has no ExceptionGroup
        before = (each.__cause__, each.__context__, *(inside if type(inside) is tuple else ()))
        for one in before:  # compared with "is": the user's errors may not be comparable
            if isinstance(one, BaseException) and not any(one is other for other in errors):
                errors.append(one)
    return errors


def is_from_direct_call(error: BaseException) -> bool:
    """Return whether this package raised an error in a call not made through a client library."""
    packages = [_package(frame) for frame, _ in traceback.walk_tb(error.__traceback__)]
    return packages[-1:] == [_PACKAGE] and _CLIENTS.isdisjoint(packages)


def end_at_users_line(error: BaseException) -> int:
    """Remove the frames of the client and the double from the end of an error's traceback.

    Returns:
        The number of frames that are left.
    """
    frames, kept = 0, 0
    last, each = None, error.__traceback__
    while each is not None:
        frames += 1
        if _package(each.tb_frame) not in _NOT_THE_USERS | _RUNNERS:
            last, kept = each, frames
        each = each.tb_next
    if last is None:  # a library's thread or task made the call
        return frames
    last.tb_next = None
    return kept


def current_test() -> str | None:
    """Return the id of the running test, as pytest publishes it; ``None`` outside tests."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0] or None


def warn(message: str, category: type[Warning]) -> None:
    """Issue a warning at the line that called this package, through any client library."""
    frame = caller_frame()
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__"),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def raised_on_purpose(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    """Return whether this package raised an error on purpose, with a ``raise`` statement.

    As a module's ``__tracebackhide__``, it has pytest hide the module's frames in such errors
    alone, and not in those that a bug in this package causes.
    """
    innermost = excinfo.traceback[-1]
    is_raise = str(innermost.statement).lstrip().startswith("raise ")
    return is_raise and _package(innermost.frame.raw) == _PACKAGE


def _package(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0]
