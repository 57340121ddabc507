"""The interception of botocore: events that every client in the process emits.

Importing this module registers an initializer with botocore (public API), which reaches
every session made from then on. Sessions and clients that exist already, if there may be any, are
found once, when a double first becomes active. The handlers do nothing while none is.

What an event learns travels with the request: emitters may run each handler in a task or a
thread of its own.
"""

from __future__ import annotations

import gc
import sys
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import ReferenceType, WeakSet, ref

import botocore

from pytest_datazone_ts.transport import active, guard
from pytest_datazone_ts.transport.active import ANSWERED_BY, OPERATION_MODEL, PENDING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
    from botocore.hooks import BaseEventHooks
    from botocore.model import OperationModel, ServiceModel
    from botocore.session import Session

    from pytest_datazone_ts.transport.reply import Reply

_scanned: WeakSet[ModuleType] = WeakSet()
"""The botocores whose older sessions and clients are reached: a test may import another one."""
if "botocore.session" not in sys.modules:
    _scanned.add(botocore)  # there are none
_latest: ReferenceType[Session] | None = None
"""The session that was made last."""


class _Url(str):
    """A request's URL that carries the context of the call to the request that is sent.

    Newer versions of botocore pass the context on themselves.
    """

    __slots__ = ("context",)
    context: dict[str, Any]


def start_guard() -> None:
    """Reach the sessions and clients that exist, and keep them from metadata services."""
    with active.lock:
        if "botocore.session" in sys.modules:
            from pytest_datazone_ts.transport import credentials  # noqa: PLC0415 - heavy

            reach_existing()
            credentials.install()


def reach(session: Session, package: ModuleType = botocore) -> None:
    """Put the handlers on a session of a botocore, and so on every client that it makes."""
    global _latest  # noqa: PLW0603 - one for the process
    _latest = ref(session)
    _register(session.get_component("event_emitter"), package)
    is_active = active.innermost() is not None
    if not (is_active or guard.is_guarding()):
        return
    from pytest_datazone_ts.transport import credentials, retries  # noqa: PLC0415 - heavy

    with active.lock:  # aiobotocore may have been imported only now
        credentials.install()
        if is_active:
            retries.install()


def latest_model() -> Iterator[ServiceModel]:
    """Yield DataZone's model as the session has it that was made last, if there is one.

    Its loader keeps what it has read, so this reads no file if the session has a client.
    """
    session = None if _latest is None else _latest()
    if session is None:
        return
    from botocore.loaders import Loader  # noqa: PLC0415 - heavy
    from botocore.model import ServiceModel  # noqa: PLC0415 - heavy

    loader = session.get_component("data_loader")
    if type(loader) is Loader:
        # With the arguments that botocore passes, by which the loader keeps it.
        yield ServiceModel(loader.load_service_model("datazone", "service-2", api_version=None))


def reach_existing() -> list[ServiceModel]:
    """Put the handlers on the sessions and clients of the botocore that is loaded, once.

    Returns:
        The models that clients have.
    """
    package = import_module("botocore")
    if package in _scanned:
        return []
    _scanned.add(package)
    if package is not botocore:
        package.register_initializer(partial(reach, package=package))
    from botocore.hooks import HierarchicalEmitter  # noqa: PLC0415 - heavy
    from botocore.model import ServiceModel  # noqa: PLC0415 - heavy

    # By type(): isinstance() would wake proxies and other lazy objects.
    kinds = (HierarchicalEmitter, ServiceModel)
    found = [item for item in gc.get_objects() if issubclass(type(item), kinds)]
    models = []
    for item in found:
        if issubclass(type(item), ServiceModel):
            models.append(item)
        else:
            _register(item, package)
    return models


def _register(emitter: BaseEventHooks, package: ModuleType) -> None:
    for_package = _Handlers(package)
    handlers: Any = (
        # Last: botocore's Stubber answers here.
        ("before-call.datazone", _on_before_call, emitter.register_last),
        ("choose-signer.datazone", for_package.on_choose_signer, emitter.register_first),
        # Last: after signing, which may call other services.
        ("request-created.datazone", _on_request_created, emitter.register_last),
        ("before-send.datazone", for_package.on_before_send, emitter.register_first),
        # Last of all, as sending is: adaptive mode waits for its token before, not after.
        ("before-send", _on_sending, emitter.register_last),
        ("needs-retry.datazone", _on_needs_retry, emitter.register_first),
    )
    for event, handler, register in handlers:
        register(event, handler, unique_id=f"pytest-datazone-ts.{event}")


class _Handlers:
    """The handlers for clients of one botocore, which know its own objects alone."""

    def __init__(self, package: ModuleType) -> None:
        self._package = package

    def on_choose_signer(self, event_name: str, **_: object) -> object:
        """Leave requests unsigned that the double answers, unless the option ``sign`` is set."""
        exchange = active.exchange()
        if exchange is None or exchange.options.sign:
            return None
        return self._package.UNSIGNED if exchange.answers(_operation(event_name)) else None

    def on_before_send(
        self, request: AWSPreparedRequest, event_name: str, **_: object
    ) -> AWSResponse | None:
        """Take the request before any other handler does."""
        exchange = active.exchange()
        operation = _operation(event_name)
        context = getattr(request.url, "context", None) or getattr(request, "context", None)
        # urllib.parse caches what it splits, and would keep the context.
        request.url = str(request.url)
        if exchange is None:
            guard.check_send(operation, request.url)
            _redirect_forked(request)
            return None
        if not exchange.answers(operation):
            return None
        if not context:
            exchange.refuse(f"{operation} was about to go to {request.url}")
        from pytest_datazone_ts.transport.reply import Reply  # noqa: PLC0415 - heavy

        context[ANSWERED_BY] = exchange
        reply = Reply(request.url, self._package, exchange, operation, context)
        vars(request)[PENDING] = reply
        return reply


def _redirect_forked(request: AWSPreparedRequest) -> None:
    """Send a request of a forked process to the server of the double, if it is served."""
    forked = active.forked()
    if forked is not None and forked.endpoint_url is not None:
        parts, server = urlsplit(request.url), urlsplit(forked.endpoint_url)
        request.url = server._replace(path=parts.path, query=parts.query).geturl()


def _on_before_call(model: OperationModel, params: dict[str, Any], **_: object) -> None:
    """Note the client's model, and stop a call that must not be made before it is signed."""
    params["context"][OPERATION_MODEL] = model
    if active.exchange() is None:
        guard.check_call(model.name, params["url"])


def _on_request_created(request: AWSRequest, **_: object) -> None:
    context = request.context
    context.pop(ANSWERED_BY, None)
    request.url = _Url(request.url)
    request.url.context = context
    if active.exchange() is not None and "moto" in sys.modules:
        from pytest_datazone_ts.transport import credentials  # noqa: PLC0415 - heavy

        credentials.withhold_session_token(request.headers)


def _on_sending(request: AWSPreparedRequest, **_: object) -> None:
    """Fill in the reply to a request that was taken."""
    reply: Reply | None = vars(request).pop(PENDING, None)
    if reply is not None:
        reply.fill_in(request)


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
            retries.install()  # the test may have ended a mock and, with it, the stand-ins


def _operation(event_name: str) -> str:
    return event_name.rpartition(".")[2]


botocore.register_initializer(reach)
