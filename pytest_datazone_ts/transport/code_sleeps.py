"""The waits of the code under test: ``time.sleep`` and ``asyncio.sleep`` on the test's clock.

While a double with the option ``sleep="virtual"`` is active, stand-ins replace the two functions
under every name that a loaded module has for them, such as that of ``from time import sleep``. A
stand-in sleeps virtually for the code under test alone: in the test's own thread, and in the
threads and tasks that call DataZone. For anyone else it is the function that it replaces.

Tasks wake up in the order of their deadlines on the test's clock, and only once no other task of
their event loop is ready to run: two that sleep at the same time take as long as the longer.
"""

from __future__ import annotations

import asyncio
import math
import sys
import threading
import time
from heapq import heappop, heappush
from itertools import count
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from pytest_datazone_ts.transport import active

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

    from pytest_datazone_ts.clock import Clock
    from pytest_datazone_ts.exchange import Exchange

_OTHERS = ("_pytest", "aiobotocore", "botocore", "execnet", "moto", "pluggy", "xdist")
"""Packages that are not the code under test, besides the standard library and ``pytest...``."""

_real_sleep: Callable[[float], None] = time.sleep
_real_asyncio_sleep: Callable[..., Any] = asyncio.sleep


def sleep(seconds: float, /) -> None:
    """Stand in for ``time.sleep``."""
    exchange = _exchange_of(sys._getframe(1))  # noqa: SLF001 - what inspect uses
    if exchange is None or not _is_wait(seconds):
        _real_sleep(seconds)
        return
    exchange.code_sleeps.append(seconds)
    exchange.clock.advance(seconds)
    _real_sleep(0)  # other threads may run, as during any sleep


async def asyncio_sleep(delay: float, result: Any = None) -> Any:
    """Stand in for ``asyncio.sleep``."""
    exchange = _exchange_of(sys._getframe(1))  # noqa: SLF001 - what inspect uses
    if exchange is None or not _is_wait(delay):
        return await _real_asyncio_sleep(delay, result)
    exchange.code_sleeps.append(delay)
    sleepers = _sleepers.setdefault(asyncio.get_running_loop(), _Sleepers())
    await sleepers.sleep(delay, exchange.clock)
    return result


def _exchange_of(caller: FrameType) -> Exchange | None:
    """Return the exchange on whose clock a caller sleeps, if any."""
    exchange = active.exchange()
    if exchange is None or exchange.options.sleep == "real":
        return None
    if threading.current_thread() not in exchange.sleepers and _task() not in exchange.sleepers:
        return None
    return None if _is_other(caller.f_globals.get("__name__", "")) else exchange


def _is_other(module: str) -> bool:
    """Return whether a module is not part of the code under test.

    A coroutine that is a task's own is called by asyncio.
    """
    package = module.partition(".")[0]
    return package != "asyncio" and (
        package in sys.stdlib_module_names or package.startswith("pytest") or package in _OTHERS
    )


def _task() -> asyncio.Task[Any] | None:
    running = asyncio._get_running_loop() is not None  # noqa: SLF001 - documented, for libraries
    return asyncio.current_task() if running else None


def _is_wait(seconds: object) -> bool:
    """Return whether it is a time to wait: not zero, indefinite or an error."""
    return (isinstance(seconds, float) or hasattr(seconds, "__index__")) and (
        0 < seconds < math.inf  # type: ignore[operator]
    )


class _Sleeper(NamedTuple):
    """A task that sleeps, in the order in which they wake up."""

    deadline: float
    """In seconds that have passed on the clock virtually."""
    number: int
    latest: float
    """The event loop's time by which it would wake up without a double."""
    clock: Clock
    woken: asyncio.Future[None]


class _Sleepers:
    """The tasks of an event loop, the running one, that sleep on the test's clock."""

    def __init__(self) -> None:
        self._heap: list[_Sleeper] = []
        self._numbers = count()
        self._is_scheduled = False

    async def sleep(self, seconds: float, clock: Clock) -> None:
        """Let the running task sleep."""
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        latest = loop.time() + seconds
        deadline = clock.passed + seconds
        heappush(self._heap, _Sleeper(deadline, next(self._numbers), latest, clock, woken))
        self._schedule()
        await woken

    def _schedule(self) -> None:
        if self._heap and not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._wake_next)

    def _wake_next(self) -> None:
        self._is_scheduled = False
        while self._heap and self._heap[0].woken.done():  # its task was cancelled
            heappop(self._heap)
        loop = asyncio.get_running_loop()
        # Loops that are not asyncio's own do not tell whether another task is ready.
        is_idle = not getattr(loop, "_ready", ())
        # Where one always is, such as one that waits in a loop of sleep(0), real time passes.
        if self._heap and (is_idle or loop.time() >= self._heap[0].latest):
            first = heappop(self._heap)
            try:
                first.clock.advance(max(0.0, first.deadline - first.clock.passed))
            except BaseException as error:  # noqa: BLE001 - a sweep's time is up
                first.woken.set_exception(error)
            else:
                first.woken.set_result(None)
        self._schedule()


_sleepers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Sleepers] = WeakKeyDictionary()


def join(exchange: Exchange) -> None:
    """Let the running task, or the thread if it runs no event loop, sleep virtually."""
    exchange.sleepers.add(_task() or threading.current_thread())


def install(exchange: Exchange) -> None:
    """Put the stand-ins in place, for the thread that runs and those that call DataZone."""
    global _real_sleep, _real_asyncio_sleep  # noqa: PLW0603 - one for the process
    exchange.sleepers.add(threading.current_thread())
    if time.sleep is not sleep:
        _real_sleep = time.sleep
    if asyncio.sleep is not asyncio_sleep:
        _real_asyncio_sleep = asyncio.sleep
    _swap({id(_real_sleep): sleep, id(_real_asyncio_sleep): asyncio_sleep}, everywhere=False)


def uninstall() -> None:
    """Take the stand-ins away, also from modules that were loaded meanwhile."""
    _swap({id(sleep): _real_sleep, id(asyncio_sleep): _real_asyncio_sleep}, everywhere=True)


_without: dict[str, int] = {}
"""The modules that have no name for a sleep, and need not be searched again, with their ids."""


def _swap(replacements: Mapping[int, Any], *, everywhere: bool) -> None:
    """Replace functions under every name that modules have for them.

    Args:
        replacements: The new functions by the ids of the old ones.
        everywhere: Whether to look into modules that are not of the code under test too.
    """
    sleeps = {*replacements, *map(id, replacements.values())}
    for name, module in [*sys.modules.items()]:
        if _without.get(name) == id(module) or not issubclass(type(module), ModuleType):
            continue
        if name == __name__ or (not everywhere and name != "time" and _is_other(name)):
            continue
        variables = object.__getattribute__(module, "__dict__")  # or a lazy module would load
        # As fast as Python can: there are hundreds of thousands of names.
        if not sleeps.isdisjoint(map(id, [*variables.values()])):
            for variable, value in [*variables.items()]:
                if id(value) in replacements:
                    variables[variable] = replacements[id(value)]
        elif "sleep" not in variables and not _is_loading(variables):
            _without[name] = id(module)


def _is_loading(variables: Mapping[str, Any]) -> bool:
    return getattr(variables.get("__spec__"), "_initializing", False)
