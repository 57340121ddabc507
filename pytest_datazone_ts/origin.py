"""Where in the user's code something comes from, as ``file:line``."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import TypeAlias

    import pytest

    Hides: TypeAlias = Callable[[pytest.ExceptionInfo[BaseException]], bool]
    """What pytest takes as a ``__tracebackhide__``."""

_PACKAGE = __name__.partition(".")[0]
_CLIENTS = frozenset({"aioboto3", "aiobotocore", "boto3", "botocore"})


def place(path: str, line: int) -> str:
    """Write ``file:line``, from the current folder where the file is in it."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive on Windows
        relative = path
    return f"{path if relative.startswith(os.pardir) else relative}:{line}"


def caller() -> FrameType:
    """Return the nearest frame that is neither this package's nor a client library's."""
    frame = sys._getframe(1)  # noqa: SLF001 - what inspect uses, without reading sources
    while frame.f_back is not None and _package(frame) in _CLIENTS | {_PACKAGE}:
        frame = frame.f_back
    return frame


def calling() -> str:
    """Return where the caller of this package is."""
    frame = caller()
    return place(frame.f_code.co_filename, frame.f_lineno)


def test() -> str | None:
    """Return the id of the test that runs, as pytest tells it; ``None`` outside tests."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0] or None


def warn(message: str, category: type[Warning]) -> None:
    """Warn about the line that called this package, through whatever client library."""
    frame = caller()
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__"),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def hides_frames(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    """Tell pytest whether a module's frames tell nothing: errors with a message for the user.

    For a module's ``__tracebackhide__``.
    """
    return excinfo.errisinstance((AssertionError, ImportError, RuntimeError, TypeError, ValueError))


def of(error: BaseException) -> str | None:
    """Return where an error comes from: the test's own callable, or else the line that called.

    ``None`` where the call came over HTTP.
    """
    before: list[str] = []
    after: list[str] = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        package = _package(frame)
        if package == _PACKAGE:
            before += after
            after = []
        elif package not in _CLIENTS:
            after.append(place(frame.f_code.co_filename, line))
    return next(iter(after[:1] or before[-1:]), None)


def _package(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0]
