"""moto's ``mock_aws`` together with a double, for the option ``mock_aws``.

moto answers requests to hosts that it knows. It returns a bare 404 for other hosts of
``amazonaws.com``, and lets requests to all other hosts through to the network. This module blocks
both of these, except for requests to this machine. It blocks the latter in the last step before the
network, where botocore's endpoint passes a request to its HTTP session.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from botocore.endpoint import Endpoint
from moto import mock_aws
from moto.backends import get_service_from_url
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.config import default_user_config
from moto.core.models import botocore_stubber

from pytest_datazone_ts.errors import UnansweredOperationError
from pytest_datazone_ts.text import without_credentials
from pytest_datazone_ts.transport import loopback, other_services
from pytest_datazone_ts.transport.replacement import Attribute, Replacements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSPreparedRequest
    from moto.core.models import MockAWS

    from pytest_datazone_ts.exchange import Exchange

_mocks: dict[Exchange, MockAWS] = {}
"""The ``mock_aws`` of each active double that has the option, keyed by the double's exchange."""


def start(exchange: Exchange) -> None:
    """Activate ``mock_aws``, and block the requests that it does not answer.

    Args:
        exchange: The exchange that reports blocked requests to the test.
    """
    with _environment_unchanged():
        mock = mock_aws()
        mock.start()
    _mocks[exchange] = mock
    install()


def stop(exchange: Exchange) -> None:
    """Stop a double's ``mock_aws``, and stop blocking requests if it was the last one."""
    mock = _mocks.pop(exchange, None)
    if not _mocks:
        _replacements.undo()
    if mock is None:  # it failed to start
        return
    with _environment_unchanged():
        mock.stop()


def install() -> None:
    """Block requests while a double has the option, including those of a new aiobotocore."""
    if _mocks:
        _replacements.put()


def _process_request(original: Callable[..., Any]) -> Callable[..., Any]:
    def process_request(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Any:
        if not _mocks:  # the test still holds a reference to this function
            return original(stubber, request)
        try:
            response = original(stubber, request)
        except ModuleNotFoundError as missing:
            service = get_service_from_url(request.url.partition("?")[0])
            error = other_services.missing_module(missing, service)
            next(reversed(_mocks)).errors.append(error)
            raise error from missing
        if response == _NOT_IMPLEMENTED:
            _block(request)
        return response

    return process_request


_NOT_IMPLEMENTED: tuple[int, dict[str, str], str] = (404, {}, "Not yet implemented")
"""moto's response to a request for which it has no code."""


def _send(original: Callable[..., Any]) -> Callable[..., Any]:
    def send(endpoint: Endpoint, request: AWSPreparedRequest) -> Any:
        if loopback.is_url(request.url) or not _mocks:
            return original(endpoint, request)
        # Sessions created before moto was imported do not have its handler.
        response = botocore_stubber("before-send", request)
        if response is None:
            _block(request)
        return response

    return send


def _send_async(original: Callable[..., Any]) -> Callable[..., Any]:
    async def send(endpoint: Any, request: AWSPreparedRequest) -> Any:
        if _mocks and not loopback.is_url(request.url):
            _block(request)
        return await original(endpoint, request)

    return send


_replacements = Replacements(
    Attribute(BotocoreStubber, "process_request", _process_request),
    Attribute(Endpoint, "_send", _send),
    Attribute("botocore.endpoint:Endpoint", "_send", _send),  # in case the test has reimported it
    Attribute("aiobotocore.endpoint:AioEndpoint", "_send", _send_async),
)


def _block(request: AWSPreparedRequest) -> None:
    """Block a request.

    Raises:
        UnansweredOperationError: Always; with the option ``strict``, it also fails the test.
    """
    url = request.url.partition("?")[0]
    service = get_service_from_url(url)
    unsupported = f"this {service} request" if service else "any service at this address"
    error = UnansweredOperationError(
        f"the option mock_aws blocked {request.method} {without_credentials(url)}: moto does not "
        f"support {unsupported}. Mock this call, for example with botocore's Stubber, give its "
        "client an endpoint_url on this machine, or turn the option off for this test."
    )
    next(reversed(_mocks)).errors.append(error)
    raise error


@contextmanager
def _environment_unchanged() -> Iterator[None]:
    """Prevent ``mock_aws`` from changing the environment, and restore its settings.

    The double provides stand-in credentials. Keys that moto sets in the environment and removes
    again would conflict with changes that the test makes and undoes in another order.
    """
    core: Any = {**default_user_config.get("core", {}), "mock_credentials": False}
    with patch.dict(default_user_config, core=core):
        yield
