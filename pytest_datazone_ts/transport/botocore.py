"""The interception of botocore: events that every client in the process emits.

Importing this module registers an initializer with botocore (public API), which reaches
every session made from then on. Sessions and clients that exist already are found once,
when a double first becomes active. The handlers do nothing while none is.

What an event learns travels with the request: emitters may run each handler in a task or a
thread of its own.
"""

from __future__ import annotations

import gc
import math
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import botocore

from pytest_datazone_ts.transport import active
from pytest_datazone_ts.transport.active import ANSWERED_BY, PENDING

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
    from botocore.hooks import BaseEventHooks
    from botocore.session import Session

    from pytest_datazone_ts.exchange import Exchange
    from pytest_datazone_ts.transport.reply import Reply

_scanned = False


class _Url(str):
    """A request's URL, which botocore hands on to the request that it sends.

    botocore up to 1.36 hands on nothing else that can hold the context.
    """

    __slots__ = ("context",)
    context: dict[str, Any]


class _Pending(NamedTuple):
    """A request that a double has taken and not answered yet."""

    reply: Reply
    exchange: Exchange
    operation: str
    context: dict[str, Any]


def activate(double: Any, exchange: Exchange) -> None:
    """Let a double answer every DataZone client in the process."""
    global _scanned  # noqa: PLW0603 - once a process
    from pytest_datazone_ts.transport import retries, stand_ins  # noqa: PLC0415 - heavy

    with active.lock:
        if not _scanned:
            _reach_existing()
            _scanned = True
        active.push(double, exchange)
        stand_ins.install()
        retries.install()
        if exchange.options.sleep == "virtual":
            from pytest_datazone_ts.transport import code_sleeps  # noqa: PLC0415 - on demand

            code_sleeps.install(exchange)


def deactivate(exchange: Exchange) -> None:
    """Stop a double from answering; the one that was active before it answers again."""
    from pytest_datazone_ts.transport import retries, stand_ins  # noqa: PLC0415 - heavy

    with active.lock:
        active.remove(exchange)
        retries.restore(exchange)
        if exchange.options.sleep == "virtual" and not active.sleeps_virtually():
            from pytest_datazone_ts.transport import code_sleeps  # noqa: PLC0415 - on demand

            code_sleeps.uninstall()
        if active.innermost() is None:
            retries.uninstall()
            stand_ins.uninstall()


def reach(session: Session) -> None:
    """Put the handlers on a session, and so on every client that it makes."""
    _register(session.get_component("event_emitter"))
    with active.lock:
        if active.innermost() is not None:  # aiobotocore may have been imported only now
            from pytest_datazone_ts.transport import retries, stand_ins  # noqa: PLC0415 - heavy

            stand_ins.install()
            retries.install()


def _reach_existing() -> None:
    """Put the handlers on the emitters of the sessions and clients that exist."""
    from botocore.hooks import HierarchicalEmitter  # noqa: PLC0415 - heavy

    # By type(): isinstance() would wake proxies and other lazy objects.
    for item in [item for item in gc.get_objects() if issubclass(type(item), HierarchicalEmitter)]:
        _register(item)


def _register(emitter: BaseEventHooks) -> None:
    handlers: Any = (
        ("choose-signer.datazone", _on_choose_signer, emitter.register_first),
        # Last: after signing, which may call other services.
        ("request-created.datazone", _on_request_created, emitter.register_last),
        ("before-send.datazone", _on_before_send, emitter.register_first),
        # Last of all, as sending is: adaptive mode waits for its token before, not after.
        ("before-send", _on_sending, emitter.register_last),
        ("needs-retry.datazone", _on_needs_retry, emitter.register_first),
    )
    for event, handler, register in handlers:
        register(event, handler, unique_id=f"pytest-datazone-ts.{event}")


def _on_choose_signer(event_name: str, **_: object) -> object:
    exchange = active.exchange()
    if exchange is None or exchange.options.sign or not exchange.answers(_operation(event_name)):
        return None
    return botocore.UNSIGNED


def _on_request_created(request: AWSRequest, **_: object) -> None:
    context = request.context
    context.pop(ANSWERED_BY, None)
    request.url = _Url(request.url)
    request.url.context = context
    if active.exchange() is not None and "moto" in sys.modules:
        from pytest_datazone_ts.transport import stand_ins  # noqa: PLC0415 - heavy

        stand_ins.withhold_session_token(request.headers)


def _on_before_send(
    request: AWSPreparedRequest, event_name: str, **_: object
) -> AWSResponse | None:
    """Take the request before anyone else does."""
    exchange = active.exchange()
    operation = _operation(event_name)
    if exchange is None:
        from pytest_datazone_ts.transport import guard  # noqa: PLC0415 - for a call that goes out

        guard.let_pass(operation, request.url)
        return None
    if not exchange.answers(operation):
        return None
    context = getattr(request.url, "context", None)
    if context is None:
        exchange.refuse(f"{operation} was about to go to {request.url}")
    from pytest_datazone_ts.transport.reply import Reply  # noqa: PLC0415 - heavy

    context[ANSWERED_BY] = exchange
    reply = Reply(request.url)
    vars(request)[PENDING] = _Pending(reply, exchange, operation, context)
    return reply


def _on_sending(request: AWSPreparedRequest, **_: object) -> None:
    """Fill in the reply to a request that was taken."""
    pending: _Pending | None = vars(request).pop(PENDING, None)
    if pending is not None:
        _answer(request, *pending)


def _on_needs_retry(
    request_dict: dict[str, Any],
    endpoint: object,
    response: tuple[AWSResponse, object] | None,
    **_: object,
) -> None:
    """Keep the client's retry state before botocore's own handlers change it."""
    exchange = request_dict["context"].get(ANSWERED_BY)
    if exchange is None or (response is not None and response[0].status_code < 300):  # noqa: PLR2004
        return
    from pytest_datazone_ts.transport import retries  # noqa: PLC0415 - heavy

    with active.lock:  # nothing would restore it for a double that is left meanwhile
        if active.is_active(exchange):
            retries.remember(exchange, endpoint)


def _answer(
    request: AWSPreparedRequest,
    reply: Reply,
    exchange: Exchange,
    operation: str,
    context: dict[str, Any],
) -> None:
    from pytest_datazone_ts.message import Request  # noqa: PLC0415 - loaded with the double

    if exchange.options.sleep == "virtual":
        from pytest_datazone_ts.transport import code_sleeps  # noqa: PLC0415 - on demand

        code_sleeps.join(exchange)
    read_timeout = context["client_config"].read_timeout
    headers: Any = request.headers  # a mapping, whatever the stubs say
    result = exchange(
        Request(
            operation=operation,
            url=request.url,
            headers=headers,
            body=_bytes(request.body),
            region=context["client_region"],
            read_timeout=math.inf if read_timeout is None else read_timeout,
            invocation_id=context["retries"]["invocation-id"],
            attempt=context["retries"]["attempt"],
        )
    )
    reply.receive(result, exchange.clock)


def _operation(event_name: str) -> str:
    return event_name.rpartition(".")[2]


def _bytes(body: Any) -> bytes:
    if hasattr(body, "read"):
        body = body.read()  # botocore rewinds it before a retry
    return bytes(body or b"")


botocore.register_initializer(reach)
