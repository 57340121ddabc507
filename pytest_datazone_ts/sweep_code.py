"""The code that a sweep runs: how it ends, and what it prints."""

from __future__ import annotations

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import BufferedWriter, RawIOBase, TextIOWrapper
from typing import TYPE_CHECKING, Any

import pytest

from pytest_datazone_ts import location
from pytest_datazone_ts.errors import SweepError
from pytest_datazone_ts.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

__tracebackhide__: location.Predicate = location.raised_on_purpose

_RESULT = 200
"""The number of characters of a result that are shown."""
_PASSED_ON = (
    KeyboardInterrupt,
    pytest.exit.Exception,
    pytest.fail.Exception,
    pytest.skip.Exception,
)
"""The errors that end the test or the run; pytest-timeout raises one in the code."""


class HungError(BaseException):
    """Ends a run that hangs; not an ``Exception``, which code might swallow."""


def run(code: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """Return the result of the code, or the error that it raises."""
    __tracebackhide__ = True
    try:
        result = code()
        if inspect.isawaitable(result):
            result = _await(result)
    except SystemExit as error:
        return None, error if error.code else None
    except _PASSED_ON:
        raise
    except HungError:
        return None, None
    except BaseException as error:  # noqa: BLE001 - any is an outcome
        return None, error
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        message = (
            "the code returned a generator, which nobody ran. Sweep a function that does, such as "
            "lambda: list(publish())"
        )
        raise SweepError(message)
    return result, None


def _await(awaitable: Awaitable[Any]) -> Any:
    """Return the result of an awaitable, also while an event loop is running."""

    async def main() -> Any:
        return await awaitable

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(main())
    with ThreadPoolExecutor(1) as pool:  # this thread's loop is busy with the test
        return pool.submit(asyncio.run, main()).result()


class _Nowhere(RawIOBase):
    """A file that discards everything."""

    def writable(self) -> bool:
        return True

    def write(self, text: Any) -> int:
        return len(text)


@contextmanager
def silence() -> Iterator[None]:
    """Suppress what the code prints, which would be printed once for each cell."""
    # Never closed, because a logging handler may keep it.
    nowhere = TextIOWrapper(BufferedWriter(_Nowhere()), encoding="utf-8", write_through=True)
    with redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


def describe_error(error: BaseException) -> str:
    """Return the type and the message of an error."""
    return f"{type(error).__name__}: {error}"


def describe_result(result: object) -> str:
    """Return the beginning of a result's ``repr``, without credentials."""
    try:
        return excerpt(repr(result), _RESULT)
    except Exception:  # noqa: BLE001 - a repr can raise anything
        return f"<{type(result).__name__}, whose repr fails>"
