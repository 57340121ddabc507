"""Fixtures for all tests: clients, the call that most tests make, machines, runs of pytest."""

from __future__ import annotations

import gc
import os
import socket
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any

import boto3
import botocore
import pytest
from boto3.session import Session
from botocore.config import Config
from botocore.httpsession import URLLib3Session
from botocore.loaders import JSONFileLoader, Loader
from botocore.validate import ParamValidator
from network import Network
from sample import DOMAIN, ENTITY, FORM

import pytest_datazone_ts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytest_plugins = ["pytester"]


@pytest.fixture(scope="session", autouse=True)
def botocore_data() -> Iterator[None]:
    """Parse each of botocore's data files only once, and list botocore's services only once.

    By default, every new session does both again.
    """
    folder = str(Path(botocore.__file__).parent)
    packages = str(Path(folder).parent)  # boto3 adds a folder of its own
    load_file = JSONFileLoader.load_file
    list_services = Loader.list_available_services
    parsed: dict[str, Any] = {}
    listed: dict[tuple[str, ...], list[str]] = {}

    def load_file_once(loader: JSONFileLoader, path: str) -> Any:
        if not path.startswith(folder):
            return load_file(loader, path)
        if path not in parsed:
            parsed[path] = load_file(loader, path)
        return parsed[path]

    def list_services_once(loader: Loader, type_name: str) -> list[str]:
        folders = [path for path in loader.search_paths if os.path.isdir(path)]  # noqa: PTH112 - a string
        if not all(path.startswith(packages) for path in folders):
            return list_services(loader, type_name)
        key = (type_name, *folders)
        if key not in listed:
            listed[key] = list_services(loader, type_name)
        return listed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", load_file_once)
        patch.setattr(Loader, "list_available_services", list_services_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def rare_full_collections() -> Iterator[None]:
    """Make full garbage collections rare: each one traverses botocore's large models."""
    young, middle, old = gc.get_threshold()
    gc.set_threshold(young, middle, 100)
    yield
    gc.set_threshold(young, middle, old)


@pytest.fixture(scope="session")
def session() -> Session:
    """A session shared by all tests, because a new one takes a while to make a client."""
    return Session(region_name="us-east-1")


@pytest.fixture
def make_client(session: Session) -> Callable[..., Any]:
    """Make a client that retries in ``mode``, up to ``attempts`` attempts."""

    def make(mode: str = "standard", attempts: int = 3, **config: Any) -> Any:
        retries = {"mode": mode, "total_max_attempts": attempts}
        return session.client("datazone", config=Config(retries=retries, **config))

    return make


@pytest.fixture
def post() -> Callable[..., Any]:
    """Post one form with a client; keywords replace members of the form or parameters."""

    def post(client: Any, **keywords: Any) -> Any:
        form = {**FORM, **{name: keywords.pop(name) for name in [*keywords] if name in FORM}}
        call = {
            "domainIdentifier": DOMAIN,
            "entityIdentifier": ENTITY,
            "entityType": "ASSET",
            "forms": [form],
        }
        return client.post_time_series_data_points(**{**call, **keywords})

    return post


@pytest.fixture
def checked_client(datazone_ts_client: Any) -> Iterator[Any]:
    """A client that validates every output against its shape in botocore's model."""

    def check(parsed: dict[str, Any], model: Any, **_: object) -> None:
        if "Error" not in parsed and model.output_shape is not None:
            output = {name: parsed[name] for name in parsed if name != "ResponseMetadata"}
            assert ParamValidator().validate(output, model.output_shape).generate_report() == ""

    datazone_ts_client.meta.events.register("after-call.datazone", check)
    yield datazone_ts_client
    datazone_ts_client.meta.events.unregister("after-call.datazone", check)


@pytest.fixture
def sent_headers(post: Callable[..., Any]) -> Callable[[Any], dict[str, str]]:
    """Post with a client and return the headers sent, as a dict with lower-case names."""

    def sent_headers(client: Any) -> dict[str, str]:
        sent = {}

        def note(request: Any, **_: Any) -> None:
            for name, value in request.headers.items():
                sent[name.lower()] = value.decode() if isinstance(value, bytes) else value

        client.meta.events.register("before-send.datazone", note)
        post(client)
        return sent

    return sent_headers


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any AWS configuration; returns its empty ``~/.aws``."""
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    for name in [*os.environ]:
        if name.startswith(("AWS_", "BOTO")) or name.upper() in proxies:
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return home / ".aws"


@pytest.fixture
def machine_with_keys(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with credentials only, which is what a client needs without a double."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "configured")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "configured")
    return bare_machine


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses that something tried to connect to; every connection fails."""
    tried = []

    def connect(_socket: socket.socket, address: Any) -> None:
        tried.append(address)
        raise OSError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """The requests that get past the double to botocore's network layer, which is replaced."""
    network = Network()
    monkeypatch.setattr(URLLib3Session, "send", lambda _, request: network.send(request))
    return network


@pytest.fixture(scope="session")
def loaded() -> None:
    """Import the whole package before pytest runs in this process.

    After such a run, pytester forgets the modules that it imported, and a second import would
    create other classes.
    """
    for module in walk_packages(pytest_datazone_ts.__path__, "pytest_datazone_ts."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


@pytest.fixture
def pytester(
    loaded: None,  # noqa: ARG001
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> pytest.Pytester:
    """pytester without the plugins that reorder tests or are slow to import."""
    others = ("anyio", "fakefs", "hypothesispytest", "randomly")
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-p no:{name}" for name in others))
    return pytester


@pytest.fixture
def run_pytest(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run pytest on a test module and other modules in the same directory.

    With ``in_subprocess``, it runs in another process.
    """

    def run_pytest(
        source: str, *arguments: str, in_subprocess: bool = False, **modules: str
    ) -> Any:
        pytester.makepyfile(**modules, test_it=source)
        start = pytester.runpytest_subprocess if in_subprocess else pytester.runpytest_inprocess
        with monkeypatch.context() as patch:
            # Python would take the cached bytecode of a file with the same size and second.
            patch.setattr(sys, "dont_write_bytecode", True)
            patch.delenv("PYTEST_CURRENT_TEST")  # which would belong to the outer test
            return start(*arguments)

    return run_pytest
