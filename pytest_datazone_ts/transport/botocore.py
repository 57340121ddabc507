"""Handlers of the events that every botocore client in the process emits.

``interception.py`` puts them on every new session. Sessions and clients that were created earlier
are found once, when a double is first activated. With neither a double nor the guard, the handlers
do nothing.

State travels with the request, because emitters may run each handler in a task or thread of its
own.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import ReferenceType, ref

from pytest_datazone_ts.handled_packages import handled_packages
from pytest_datazone_ts.transport import active, guard
from pytest_datazone_ts.transport.active import ANSWERED_BY, OPERATION_MODEL, PENDING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
    from botocore.hooks import BaseEventHooks
    from botocore.loaders import Loader
    from botocore.model import OperationModel, ServiceModel
    from botocore.session import Session

    from pytest_datazone_ts.transport.reply import Pending

_latest: ReferenceType[Loader] | None = None
"""The loader of the most recently created DataZone client, which keeps it alive."""


class _Url(str):
    """A URL that carries botocore's context of the call to the prepared request.

    Newer versions of botocore pass the context on themselves.
    """

    __slots__ = ("context",)
    context: dict[str, Any]


def start_guard() -> None:
    """Put the handlers on existing sessions and clients, and block metadata look-ups."""
    with active.lock:
        if "botocore.session" in sys.modules:
            from pytest_datazone_ts.transport import credentials  # noqa: PLC0415 - keeps start-up fast

            handle_existing()
            credentials.install()


def stop_guard() -> None:
    """Allow metadata look-ups again, unless a double or another run's guard is active."""
    with active.lock:
        if active.innermost() is None and not guard.is_guarding():
            from pytest_datazone_ts.transport import credentials  # noqa: PLC0415 - keeps start-up fast

            credentials.uninstall()


def handle_session(session: Session, package: ModuleType) -> None:
    """Put the handlers on a session, and so on every client that it creates.

    Args:
        session: The session.
        package: The botocore that it comes from.
    """
    emitter = session.get_component("event_emitter")
    _register(emitter, package)
    session_ref = ref(session)

    def on_client_class(**_: object) -> None:
        global _latest  # noqa: PLW0603 - process-wide state
        creating: Any = session_ref()  # alive, as it creates a client
        _latest = ref(creating.get_component("data_loader"))

    emitter.register("creating-client-class.datazone", on_client_class)
    is_active = active.innermost() is not None
    if not (is_active or guard.is_guarding()):
        return
    from pytest_datazone_ts.transport import credentials, retries  # noqa: PLC0415 - keeps start-up fast

    with active.lock:  # aiobotocore may only just have been imported
        credentials.install()
        if is_active:
            retries.install()
            moto = sys.modules.get("pytest_datazone_ts.transport.moto")
            # Old versions of moto create sessions while they are imported.
            if moto is not None and hasattr(moto, "install"):
                moto.install()


def latest_model() -> Iterator[ServiceModel]:
    """Yield the model of the most recently created DataZone client, if there is one.

    The loader of its session caches models, so no file is read.
    """
    loader = None if _latest is None else _latest()
    from botocore.loaders import Loader  # noqa: PLC0415 - keeps start-up fast
    from botocore.model import ServiceModel  # noqa: PLC0415 - keeps start-up fast

    if type(loader) is Loader:  # the code under test may have set its own
        # The arguments are the cache's key, so they must be the ones that botocore passes.
        yield ServiceModel(loader.load_service_model("datazone", "service-2", api_version=None))


def handle_existing() -> list[ServiceModel]:
    """Put the handlers on sessions and clients of the loaded botocore that lack them, once.

    Returns:
        The service models of the clients.
    """
    import botocore as package  # noqa: PLC0415 - a test may import botocore again

    if package in handled_packages:
        return []
    handled_packages.add(package)
    from botocore.hooks import HierarchicalEmitter  # noqa: PLC0415 - keeps start-up fast
    from botocore.model import ServiceModel  # noqa: PLC0415 - keeps start-up fast

    # Not isinstance(), which would evaluate proxies and other lazy objects.
    kinds = (HierarchicalEmitter, ServiceModel)
    gc.unfreeze()  # get_objects() omits frozen ones; a new freeze() would freeze all others too
    found = [item for item in gc.get_objects() if issubclass(type(item), kinds)]
    models = []
    for item in found:
        if issubclass(type(item), ServiceModel):
            models.append(item)
        else:
            _register(item, package)
    return models


def _register(emitter: BaseEventHooks, package: ModuleType) -> None:
    """Register the handlers with an event emitter, once."""
    for_package = _Handlers(package)
    handlers: Any = (
        # Last, because botocore's Stubber responds here.
        ("before-call.datazone", _on_before_call, emitter.register_last),
        ("choose-signer.datazone", for_package.on_choose_signer, emitter.register_first),
        # Last, after signing, which may call other services.
        ("request-created.datazone", _on_request_created, emitter.register_last),
        ("before-send.datazone", for_package.on_before_send, emitter.register_first),
        # Last, like sending: adaptive mode waits for its token before.
        ("before-send", _on_sending, emitter.register_last),
        ("needs-retry.datazone", _on_needs_retry, emitter.register_first),
    )
    for event, handler, register in handlers:
        register(event, handler, unique_id=f"pytest-datazone-ts.{event}")


class _Handlers:
    """The handlers that need objects of the client's own botocore package."""

    def __init__(self, package: ModuleType) -> None:
        self._package = package

    def on_choose_signer(self, event_name: str, **_: object) -> object:
        """Leave requests that the double answers unsigned, unless the option ``sign`` is set."""
        exchange = active.exchange()
        if exchange is None or exchange.options.sign:
            return None
        return self._package.UNSIGNED if exchange.answers(_operation_name(event_name)) else None

    def on_before_send(
        self, request: AWSPreparedRequest, event_name: str, **_: object
    ) -> AWSResponse | None:
        """Claim the request before any other handler does."""
        exchange = active.exchange()
        operation = _operation_name(event_name)
        context = getattr(request.url, "context", None) or getattr(request, "context", None)
        # urllib.parse caches the URLs that it splits, and would keep the context alive.
        request.url = str(request.url)
        if exchange is None:
            guard.check_send(operation, request.url)
            _redirect_to_parent(request)
            return None
        if not exchange.answers(operation):
            return None
        if not context:
            exchange.reject(f"{operation} was about to go to {request.url}")
        from pytest_datazone_ts.transport.reply import Pending, Reply  # noqa: PLC0415 - keeps start-up fast

        context[ANSWERED_BY] = exchange
        reply = Reply(request.url, self._package)
        vars(request)[PENDING] = Pending(reply, exchange, operation, context)
        return reply


def _redirect_to_parent(request: AWSPreparedRequest) -> None:
    """Send a request of a child process to the server of its parent's double, if it is served."""
    parent, url = active.parent(), active.server_url()
    if url is not None and parent is not None and parent.has_double:
        parts, server = urlsplit(request.url), urlsplit(url)
        request.url = server._replace(path=parts.path, query=parts.query).geturl()


def _on_before_call(model: OperationModel, params: dict[str, Any], **_: object) -> None:
    """Add the client's model to the context; stop a call that must not be made."""
    params["context"][OPERATION_MODEL] = model
    if active.exchange() is None:
        guard.check_call(model.name, params["url"])


def _on_request_created(request: AWSRequest, **_: object) -> None:
    """Add the context to the request's URL."""
    context = request.context
    context.pop(ANSWERED_BY, None)
    request.url = _Url(request.url)
    request.url.context = context
    if active.exchange() is not None and "moto" in sys.modules:
        from pytest_datazone_ts.transport import credentials  # noqa: PLC0415 - keeps start-up fast

        credentials.withhold_session_token(request.headers)


def _on_sending(request: AWSPreparedRequest, **_: object) -> None:
    """Answer a request that was claimed."""
    pending: Pending | None = vars(request).pop(PENDING, None)
    if pending is not None:
        pending.answer(request)


def _on_needs_retry(
    request_dict: dict[str, Any],
    endpoint: object,
    response: tuple[AWSResponse, object] | None,
    **_: object,
) -> None:
    """Save the client's retry state before botocore's own handlers change it."""
    exchange = request_dict["context"].get(ANSWERED_BY)
    if exchange is None or (response is not None and response[0].status_code < 300):  # noqa: PLR2004 - success
        return
    from pytest_datazone_ts.transport import retries  # noqa: PLC0415 - keeps start-up fast

    with active.lock:  # without it, the double could end here, and nothing would restore the state
        if active.is_active(exchange):
            retries.save(exchange, endpoint)
            retries.install()  # the test may have ended a mock that removed the stand-ins


def _operation_name(event_name: str) -> str:
    return event_name.rpartition(".")[2]
