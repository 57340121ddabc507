"""The way in from botocore: events that every client in the process emits.

Importing this module registers an initializer with botocore (public API), which reaches
every session made from then on. Sessions and clients that exist already are found once,
when a double first becomes active. The handlers do nothing while none is.
"""

from __future__ import annotations

import gc
import math
import sys
import threading
from contextvars import ContextVar
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any
from weakref import WeakSet, ref

import botocore

from pytest_datazone_ts.transport import waits

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
    from botocore.hooks import BaseEventHooks
    from botocore.session import Session

    from pytest_datazone_ts.double import DataZoneTimeSeries
    from pytest_datazone_ts.service.wire import Request
    from pytest_datazone_ts.transport.reply import Reply

_active: list[DataZoneTimeSeries] = []
"""The active doubles, innermost last."""
_lock = threading.RLock()
_scanned: WeakSet[ModuleType] = WeakSet()
"""The botocores whose older sessions and clients are reached: a test may import another one."""
_context: ContextVar[dict[str, Any] | None] = ContextVar("datazone_ts_context", default=None)
"""botocore's context of the DataZone request that is about to be sent.

Not its ``request.context``: older ones have none there.
"""
_ANSWERED_BY = "pytest_datazone_ts"
"""Where that context, one for all attempts of a call, keeps which double answered last.

Weakly, in the wait that may follow: a thread's last context outlives the call and the double.
"""
_REPLY = "_datazone_ts_reply"
"""Where a request keeps the reply that will be filled in."""


def active() -> DataZoneTimeSeries | None:
    """Return the double that answers now: the innermost."""
    return _active[-1] if _active else None


def activate(double: DataZoneTimeSeries) -> None:
    """Let ``double`` answer every DataZone client in the process."""
    from pytest_datazone_ts.transport import credentials, retries  # noqa: PLC0415 - heavy

    with _lock:
        _reach_loaded(import_module("botocore"))
        _active.append(double)
        credentials.install(active)
        retries.install()


def deactivate(double: DataZoneTimeSeries) -> None:
    """Stop ``double`` from answering; the one that was active before it does again."""
    from pytest_datazone_ts.transport import credentials, retries  # noqa: PLC0415 - heavy

    with _lock:
        _active.remove(double)
        retries.restore(double)
        if not _active:
            retries.uninstall()
            credentials.uninstall()


def reach(session: Session, package: ModuleType = botocore) -> None:
    """Put the handlers on a session of a botocore, and so on every client that it will make."""
    _register(session.get_component("event_emitter"), package)
    with _lock:
        if _active:  # a session class of aiobotocore's may have been imported only now
            from pytest_datazone_ts.transport import credentials, retries  # noqa: PLC0415 - heavy

            credentials.install(active)
            retries.install()


def _reach_loaded(package: ModuleType) -> None:
    """Put the handlers on the sessions and clients of the botocore that is loaded, once."""
    if package in _scanned:
        return
    if package is not botocore:
        package.register_initializer(partial(reach, package=package))
    from botocore.hooks import HierarchicalEmitter  # noqa: PLC0415 - heavy

    # By type(): isinstance() would wake proxies and other lazy objects.
    for item in [item for item in gc.get_objects() if issubclass(type(item), HierarchicalEmitter)]:
        _register(item, package)
    _scanned.add(package)


def _register(emitter: BaseEventHooks, package: ModuleType) -> None:
    handlers: Any = (
        ("choose-signer.datazone", _choose_signer_handler(package), emitter.register_first),
        # Last: after signing, which may call other services.
        ("request-created", _on_request_created, emitter.register_last),
        ("before-send.datazone", _before_send_handler(package), emitter.register_first),
        # Last of all, as sending is: adaptive mode waits for its token before, not after.
        ("before-send", _on_sending, emitter.register_last),
        ("needs-retry.datazone", _on_needs_retry, emitter.register_first),
        ("after-call.datazone", _on_after_call, emitter.register_first),
        ("after-call-error.datazone", _on_after_call, emitter.register_first),
    )
    for event, handler, register in handlers:
        register(event, handler, unique_id=f"pytest-datazone-ts.{event}")


def _choose_signer_handler(package: ModuleType) -> Callable[..., object]:
    """Return the handler for clients of one botocore, which know its own ``UNSIGNED`` alone."""

    def on_choose_signer(event_name: str, **_: object) -> object:
        double = active()
        if double is None or double.options.sign or not double.answers(_operation(event_name)):
            return None
        return package.UNSIGNED

    return on_choose_signer


def _on_request_created(request: AWSRequest, event_name: str, **_: object) -> None:
    # A DataZone call that was cancelled just before a wait leaves it expected: not this one's.
    waits.expect(None)
    if not event_name.startswith("request-created.datazone."):
        return
    request.context.pop(_ANSWERED_BY, None)
    _context.set(request.context if _active else None)
    if _active and "moto" in sys.modules:
        from pytest_datazone_ts.transport import credentials  # noqa: PLC0415 - heavy

        credentials.withhold_session_token(request.headers)


def _before_send_handler(package: ModuleType) -> Callable[..., AWSResponse | None]:
    """Return the handler for clients of one botocore, which retry its own exceptions alone."""

    def on_before_send(
        request: AWSPreparedRequest, event_name: str, **_: object
    ) -> AWSResponse | None:
        return _take(request, event_name, package)

    return on_before_send


def _take(request: AWSPreparedRequest, event_name: str, package: ModuleType) -> AWSResponse | None:
    """Take the request before anyone else does."""
    double = active()
    context = _context.get()
    operation = _operation(event_name)
    if double is None:
        from pytest_datazone_ts.transport import guard  # noqa: PLC0415 - for a call that goes out

        guard.let_pass(operation, request.url)
        return None
    if context is None or not double.answers(operation):
        return None
    wait = waits.Wait(ref(double), context["retries"]["invocation-id"])
    context[_ANSWERED_BY] = wait
    waits.expect(wait)
    _request, new_reply = _messages()
    reply = new_reply(request.url, package)
    vars(request)[_REPLY] = reply, double, operation, context
    return reply


def _on_sending(request: AWSPreparedRequest, **_: object) -> None:
    """Fill in the reply to a request that was taken."""
    taken = vars(request).pop(_REPLY, None)
    if taken is None:
        return
    reply, double, operation, context = taken
    read_timeout = context["client_config"].read_timeout
    headers: Any = request.headers  # a mapping, whatever the stubs say
    new_request, _reply = _messages()
    answer = double.exchange(
        new_request(
            operation=operation,
            url=request.url,
            headers=headers,
            body=_bytes(request.body),
            region=context["client_region"],
            read_timeout=math.inf if read_timeout is None else read_timeout,
            invocation_id=context["retries"]["invocation-id"],
        )
    )
    reply.receive(answer)


def _on_needs_retry(
    request_dict: dict[str, Any],
    endpoint: object,
    response: tuple[AWSResponse, object] | None,
    **_: object,
) -> None:
    context = request_dict["context"]
    wait = context.get(_ANSWERED_BY)
    double = None if wait is None else wait.double()
    with _lock:  # for a double that is left meanwhile, nothing would be put back
        if double not in _active:
            waits.expect(None)
            return
        if response is None or response[0].status_code >= 300:  # noqa: PLR2004
            from pytest_datazone_ts.transport import retries  # noqa: PLC0415 - heavy

            retries.remember(double, endpoint)
    waits.expect(wait)


def _on_after_call(**_: object) -> None:
    waits.expect(None)


def _operation(event_name: str) -> str:
    return event_name.rpartition(".")[2]


@cache  # an import statement costs a microsecond each time
def _messages() -> tuple[type[Request], type[Reply]]:
    from pytest_datazone_ts.service.wire import Request  # noqa: PLC0415 - heavy
    from pytest_datazone_ts.transport.reply import Reply  # noqa: PLC0415 - heavy

    return Request, Reply


def _bytes(body: Any) -> bytes:
    if hasattr(body, "read"):
        body = body.read()  # botocore rewinds it before a retry
    return bytes(body or b"")


botocore.register_initializer(reach)
