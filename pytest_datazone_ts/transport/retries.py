"""Retries of DataZone calls that wait on the test's clock instead of sleeping.

botocore asks for its back-offs through the names ``time`` (botocore) and ``asyncio``
(aiobotocore) of its endpoint modules, and adaptive mode waits in its token buckets. Those
names have delegating stand-ins while a double is active, which act for DataZone alone: the
event that comes right before a wait says whose it is. ``time.sleep`` itself is untouched.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.transport import waits
from pytest_datazone_ts.transport.replacement import Replacements

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from pytest_datazone_ts.double import DataZoneTimeSeries


_replacements = Replacements()


def _waits_virtually(seconds: float, *, is_back_off: bool) -> bool:
    """Note a wait if it is for a DataZone call; tell whether it takes no real time."""
    wait = waits.expected()
    if wait is None or (double := wait.double()) is None:
        return False
    return double.wait(seconds, back_off_of=wait.invocation_id if is_back_off else None)


class _Delegate:
    """A module under which one function is another."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


class _Time(_Delegate):
    def sleep(self, seconds: float) -> None:
        if not _waits_virtually(seconds, is_back_off=True):
            self._module.sleep(seconds)


class _Asyncio(_Delegate):
    async def sleep(self, seconds: float, *arguments: object) -> object:
        virtual = _waits_virtually(seconds, is_back_off=True)
        return await self._module.sleep(0 if virtual else seconds, *arguments)


def _acquire(bucket: Any, amount: float, block: bool) -> Any:  # noqa: FBT001
    from botocore.retries.bucket import TokenBucket  # noqa: PLC0415 - heavy

    _wait_for_token(bucket, amount)
    return _replacements.original(TokenBucket, "_acquire")(bucket, amount, block)


async def _aio_acquire(bucket: Any, amount: float, block: bool) -> Any:  # noqa: FBT001
    owner = sys.modules["aiobotocore.retries.bucket"].AsyncTokenBucket
    _wait_for_token(bucket, amount)
    return await _replacements.original(owner, "_acquire")(bucket, amount, block)


def _wait_for_token(bucket: Any, amount: float) -> None:
    """Let a bucket fill on the test's clock until ``amount`` can be taken at once."""
    if waits.expected() is None:
        return
    bucket._refill()  # noqa: SLF001
    # A clock that the test moved back would leave the bucket owing tokens.
    capacity = max(0, bucket.available_capacity)
    if capacity >= amount:
        return
    if _waits_virtually((amount - capacity) / bucket.max_rate, is_back_off=False):
        bucket._current_capacity = amount  # noqa: SLF001
        bucket._last_timestamp = bucket._clock.current_time()  # noqa: SLF001


async def _anyio_sleep(endpoint: Any, seconds: float) -> None:
    owner = sys.modules["aiobotocore.endpoint"].AnyioEndpoint
    virtual = _waits_virtually(seconds, is_back_off=True)
    await _replacements.original(owner, "_sleep")(endpoint, 0 if virtual else seconds)


def install() -> None:
    """Put the stand-ins in place, in the modules that are loaded by now."""
    from botocore import endpoint  # noqa: PLC0415 - heavy
    from botocore.retries.bucket import TokenBucket  # noqa: PLC0415 - heavy

    _replacements.put(endpoint, "time", _Time(vars(endpoint)["time"]))
    _replacements.put(TokenBucket, "_acquire", _acquire)
    aio_endpoint = sys.modules.get("aiobotocore.endpoint")
    if aio_endpoint is not None:
        _replacements.put(aio_endpoint, "asyncio", _Asyncio(aio_endpoint.asyncio))
        if hasattr(aio_endpoint, "AnyioEndpoint"):
            _replacements.put(aio_endpoint.AnyioEndpoint, "_sleep", _anyio_sleep)
    aio_bucket = sys.modules.get("aiobotocore.retries.bucket")
    if aio_bucket is not None:
        _replacements.put(aio_bucket.AsyncTokenBucket, "_acquire", _aio_acquire)


def uninstall() -> None:
    """Take the stand-ins away."""
    _replacements.undo()


_States = list[tuple[Any, dict[str, Any]]]
_remembered: dict[DataZoneTimeSeries, dict[Any, _States]] = {}
_lock = threading.Lock()
"""Held by whoever uses what is remembered."""


def remember(double: DataZoneTimeSeries, endpoint: Any) -> None:
    """Note a client's retry state (quota, rates) before ``double`` changes it."""
    with _lock:
        by_endpoint = _remembered.setdefault(double, {})
        if endpoint not in by_endpoint:
            by_endpoint[endpoint] = [(state, {**vars(state)}) for state in _retry_state(endpoint)]


def restore(double: DataZoneTimeSeries) -> None:
    """Put back the retry state of every client that ``double`` made retry."""
    with _lock:
        for states in _remembered.pop(double, {}).values():
            for state, values in states:
                state.__dict__.update(values)


def _retry_state(endpoint: Any) -> Iterator[Any]:
    """Yield the retry handlers of a client's endpoint, and what they hold their state in.

    botocore has no public name for it; objects of its retries packages are followed.
    """
    aliaser = endpoint._event_emitter  # noqa: SLF001
    handlers = aliaser._emitter._handlers  # noqa: SLF001
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
