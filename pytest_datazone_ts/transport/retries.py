"""Retries of DataZone calls that wait on the test's clock instead of sleeping.

botocore sleeps through the names ``time`` (botocore) and ``asyncio`` (aiobotocore) of its
endpoint modules, and adaptive mode waits in its token buckets. While a double is active,
stand-ins delegate from those names and act for DataZone alone. ``time.sleep`` itself is
untouched.

botocore passes them only a number of seconds. The call that waits is found in botocore's frame,
because state that is kept elsewhere would not survive every event emitter.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.transport import active
from pytest_datazone_ts.transport.active import ANSWERED_BY, PENDING
from pytest_datazone_ts.transport.replacement import Attribute, Replacements

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, ModuleType

    from pytest_datazone_ts.exchange import Exchange


def _passes_virtually(seconds: float) -> bool:
    """Record the backoff of a DataZone call, and return whether it takes no real time."""
    request = _caller_variable("request_dict")
    context = {} if request is None else request["context"]
    exchange: Exchange | None = context.get(ANSWERED_BY)
    if exchange is None or not active.is_active(exchange):
        return False
    return exchange.wait(seconds, invocation_id=context["retries"]["invocation-id"])


def _caller_variable(name: str) -> Any:
    """Return a variable of the nearest calling function that has it, if any."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - what inspect uses
    while frame is not None:
        if name in frame.f_code.co_varnames:
            return frame.f_locals.get(name)
        frame = frame.f_back
    return None


class _Delegate:
    """A module with one function replaced."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


class _Time(_Delegate):
    def sleep(self, seconds: float) -> None:
        if not _passes_virtually(seconds):
            self._module.sleep(seconds)


class _Asyncio(_Delegate):
    async def sleep(self, seconds: float, *arguments: object) -> object:
        virtual = _passes_virtually(seconds)
        return await self._module.sleep(0 if virtual else seconds, *arguments)


def _acquirer(original: Any) -> Any:
    def acquire(bucket: Any, amount: float, block: bool) -> Any:  # noqa: FBT001 - botocore's signature
        _wait_for_token(bucket, amount)
        return original(bucket, amount, block)  # aiobotocore's returns an awaitable

    return acquire


def _wait_for_token(bucket: Any, amount: float) -> None:
    """Let a token bucket refill on the test's clock until it holds ``amount``."""
    pending = getattr(_caller_variable("request"), PENDING, None)
    if pending is None:
        return
    bucket._refill()  # noqa: SLF001 - botocore has no public API for this
    # Negative if the test has moved its clock back.
    capacity = max(0, bucket.available_capacity)
    if capacity >= amount:
        return
    if pending.exchange.wait((amount - capacity) / bucket.max_rate, invocation_id=None):
        bucket._current_capacity = amount  # noqa: SLF001 - as above
        bucket._last_timestamp = bucket._clock.current_time()  # noqa: SLF001 - as above


def _anyio_sleeper(original: Any) -> Any:
    async def sleep(endpoint: Any, seconds: float) -> None:
        virtual = _passes_virtually(seconds)
        await original(endpoint, 0 if virtual else seconds)

    return sleep


_replacements = Replacements(
    Attribute("botocore.endpoint", "time", _Time),
    Attribute("botocore.retries.bucket:TokenBucket", "_acquire", _acquirer),
    Attribute("aiobotocore.endpoint", "asyncio", _Asyncio),
    Attribute("aiobotocore.endpoint:AnyioEndpoint", "_sleep", _anyio_sleeper),
    Attribute("aiobotocore.retries.bucket:AsyncTokenBucket", "_acquire", _acquirer),
)


def install() -> None:
    """Install the stand-ins in the modules that are loaded."""
    _replacements.put()


def uninstall() -> None:
    """Remove the stand-ins."""
    _replacements.undo()


_States = list[tuple[Any, dict[str, Any]]]
_saved: dict[Exchange, dict[Any, _States]] = {}


def save(exchange: Exchange, endpoint: Any) -> None:
    """Save a client's retry state (quota, rates) before a double changes it."""
    with active.lock:
        by_endpoint = _saved.setdefault(exchange, {})
        if endpoint not in by_endpoint:
            by_endpoint[endpoint] = [(state, {**vars(state)}) for state in _retry_state(endpoint)]


def restore(exchange: Exchange) -> None:
    """Restore the retry state of every client that a double made retry."""
    with active.lock:
        for states in _saved.pop(exchange, {}).values():
            for state, values in states:
                state.__dict__.update(values)


def _retry_state(endpoint: Any) -> Iterator[Any]:
    """Yield a client's retry handlers, and the objects that hold their state.

    botocore has no public API for this, so the attributes of objects from its ``retries`` packages
    are followed.
    """
    aliaser = endpoint._event_emitter  # noqa: SLF001 - see above
    handlers = aliaser._emitter._handlers  # noqa: SLF001 - see above
    event = "needs-retry.datazone.PostTimeSeriesDataPoints"
    pending = [getattr(handler, "__self__", None) for handler in handlers.prefix_search(event)]
    seen: list[Any] = []
    while pending:
        candidate = pending.pop()
        module = type(candidate).__module__
        if not module.startswith(("botocore.retries.", "aiobotocore.retries.")):
            continue
        if any(candidate is other for other in seen) or not hasattr(candidate, "__dict__"):
            continue
        seen.append(candidate)
        yield candidate
        pending.extend(vars(candidate).values())
