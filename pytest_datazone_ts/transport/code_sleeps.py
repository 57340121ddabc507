"""The waits of the code under test: ``time.sleep`` and ``asyncio.sleep`` on the test's clock.

While a double with the option ``sleep="virtual"`` is active, or a sweep runs, stand-ins replace the
two functions under every name that a loaded module has for them, such as the one that
``from time import sleep`` binds. A stand-in sleeps virtually only for the code under test: in the
test's own thread, and in the threads and tasks that call DataZone. For all other code it calls the
function that it replaces.

Tasks wake up in the order of their deadlines on the test's clock, and only once no other task of
their event loop is ready to run: two concurrent sleeps take as long as the longer one.
"""

from __future__ import annotations

import asyncio
import math
import sys
import threading
import time
from contextlib import contextmanager
from heapq import heappop, heappush
from itertools import count
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from pytest_datazone_ts.transport import active

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    from pytest_datazone_ts.clock import Clock
    from pytest_datazone_ts.exchange import Exchange

_OTHER_PACKAGES = ("_pytest", "aiobotocore", "botocore", "execnet", "moto", "pluggy", "xdist")
"""Packages that are not code under test, besides the standard library and ``pytest...``."""


def _time_sleep(original: Callable[..., None]) -> Any:
    """Return a stand-in for ``time.sleep``."""

    def sleep(seconds: float, /) -> None:
        exchange = _virtual_exchange(sys._getframe(1))  # noqa: SLF001 - as inspect does
        if exchange is None or not _is_wait(seconds):
            original(seconds)
            return
        exchange.code_sleeps.append(seconds)
        exchange.clock.advance(seconds)
        threading.Event().wait(1e-9)  # lets other threads run, as any sleep does

    return sleep


def _asyncio_sleep(original: Callable[..., Any]) -> Any:
    """Return a stand-in for ``asyncio.sleep``."""

    async def sleep(delay: float, result: Any = None) -> Any:
        exchange = _virtual_exchange(sys._getframe(1))  # noqa: SLF001 - as inspect does
        if exchange is None or not _is_wait(delay):
            return await original(delay, result)
        exchange.code_sleeps.append(delay)
        sleepers = _sleepers.setdefault(asyncio.get_running_loop(), _Sleepers())
        await sleepers.sleep(delay, exchange.clock)
        return result

    return sleep


def _virtual_exchange(caller: FrameType) -> Exchange | None:
    """Return the exchange on whose clock the caller sleeps; ``None`` if its sleep is real."""
    exchange = active.exchange()
    if exchange is None or exchange.options.sleep == "real":
        return None
    if threading.current_thread() not in exchange.sleepers and _task() not in exchange.sleepers:
        return None
    return None if _is_other(caller.f_globals.get("__name__", "")) else exchange


def _is_other(module: str) -> bool:
    """Return whether a module is not part of the code under test.

    asyncio counts as part of that code, because asyncio calls the coroutine of a task.
    """
    package = module.partition(".")[0]
    return package != "asyncio" and (
        package in sys.stdlib_module_names
        or package.startswith("pytest")
        or package in _OTHER_PACKAGES
    )


def _task() -> asyncio.Task[Any] | None:
    running = asyncio._get_running_loop() is not None  # noqa: SLF001 - documented, for libraries
    return asyncio.current_task() if running else None


def _is_wait(seconds: object) -> bool:
    """Return whether ``sleep`` would wait for a positive, finite time."""
    return (isinstance(seconds, float) or hasattr(seconds, "__index__")) and (
        0 < seconds < math.inf  # type: ignore[operator]
    )


class _Sleeper(NamedTuple):
    """A sleeping task; tasks sort in the order in which they wake up."""

    deadline: float
    """The value of ``clock.passed`` at which it wakes up."""
    number: int
    latest: float
    """The event loop's time at which it would wake up without a double."""
    clock: Clock
    woken: asyncio.Future[None]


class _Sleepers:
    """The tasks of one event loop that sleep on the test's clock."""

    def __init__(self) -> None:
        self._heap: list[_Sleeper] = []
        self._numbers = count()
        self._is_scheduled = False

    async def sleep(self, seconds: float, clock: Clock) -> None:
        """Make the running task sleep."""
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
        # Event loops other than asyncio's own do not show whether another task is ready.
        is_idle = not getattr(loop, "_ready", ())
        # If one always is ready, such as a task that polls with sleep(0), wait in real time.
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
    """Make later sleeps of the running task, or of a thread without an event loop, virtual."""
    exchange.sleepers.add(_task() or threading.current_thread())


_originals: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""The function that each stand-in replaces. An entry is kept after the stand-in is removed, because
undoing a test's patch may put the stand-in back."""
_installed: dict[int, Any] = {}
"""The stand-ins in use, keyed by the ``id()`` of the function that each one replaces."""


def install(exchange: Exchange) -> None:
    """Install the stand-ins, for the current thread and for those that call DataZone."""
    exchange.sleepers.add(threading.current_thread())
    current: list[Any] = [time.sleep, asyncio.sleep]
    if current[0] is current[1]:  # the test has patched both with the same function
        return
    if not _installed:
        for function, build in zip(current, (_time_sleep, _asyncio_sleep), strict=True):
            stand_in = function if _is_stand_in(function) else build(function)
            original = _originals.setdefault(stand_in, function)
            _installed[id(original)] = stand_in
    elif all(map(_is_stand_in, current)):
        return  # modules loaded since the first install have the stand-ins
    _swap(_installed, everywhere=False)


def uninstall() -> None:
    """Remove the stand-ins, including from modules that were loaded in the meantime.

    They stay while an active double or a running sweep needs them.
    """
    if not (active.sleeps_virtually() or _sweeps):
        _installed.clear()
        originals = dict(_originals)  # keeps the stand-ins alive, so that their ids are not reused
        _swap({id(each): original for each, original in originals.items()}, everywhere=True)


def _is_stand_in(function: object) -> bool:
    return any(function is each for each in _originals)


_sweeps = 0
"""The number of sweeps that are running."""


@contextmanager
def kept() -> Iterator[None]:
    """Keep the stand-ins between the doubles of a sweep, as installing them each time is slow."""
    global _sweeps  # noqa: PLW0603 - process-wide state
    with active.lock:
        _sweeps += 1
    try:
        yield
    finally:
        with active.lock:
            _sweeps -= 1
            uninstall()


_without_sleeps: dict[str, int] = {}
"""The names and ids of modules that have no name for a sleep, so are not searched again."""


def _swap(replacements: Mapping[int, Any], *, everywhere: bool) -> None:
    """Replace functions under every name that modules have for them.

    Args:
        replacements: The new functions by the ids of the old ones.
        everywhere: Whether to also search modules that are not part of the code under test.
    """
    sleeps = {*replacements, *map(id, replacements.values())}
    for name, module in [*sys.modules.items()]:
        if _without_sleeps.get(name) == id(module) or not issubclass(type(module), ModuleType):
            continue
        if not everywhere and name != "time" and _is_other(name):
            continue
        variables = object.__getattribute__(module, "__dict__")  # vars() would load a lazy module
        # Optimized: there are hundreds of thousands of names.
        if not sleeps.isdisjoint(map(id, [*variables.values()])):
            for variable, value in [*variables.items()]:
                if id(value) in replacements:
                    variables[variable] = replacements[id(value)]
        elif "sleep" not in variables and not _is_loading(variables):
            _without_sleeps[name] = id(module)


def _is_loading(variables: Mapping[str, Any]) -> bool:
    return getattr(variables.get("__spec__"), "_initializing", False)
