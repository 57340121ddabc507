"""Times whole tests: set-up, call, tear-down and reports, as pytest runs them."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest

from pytest_datazone_ts import mock_datazone_ts

try:
    from moto import mock_aws
except ImportError:
    mock_aws = None

if TYPE_CHECKING:
    from collections.abc import Iterator

_seconds: dict[str, list[float]] = defaultdict(list)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take how often each test runs, and where its times go."""
    parser.addoption("--each", type=int)
    parser.addoption("--figures", type=Path)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have each test many times."""
    metafunc.parametrize("number", range(metafunc.config.getoption("--each")))


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Mix the tests: what slows the machine for a while slows them alike."""
    if mock_aws is None:
        items[:] = [item for item in items if "mocked_aws" not in item.fixturenames]
    random.Random(0).shuffle(items)  # noqa: S311 - the same order in every run


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: Any) -> Iterator[None]:
    """Time a test."""
    started = perf_counter()
    yield
    _seconds[item.originalname].append(perf_counter() - started)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write them down."""
    session.config.getoption("--figures").write_text(json.dumps(_seconds), encoding="utf-8")


@pytest.fixture(scope="session", autouse=True)
def used_before() -> None:
    """Leave what the first use costs out."""
    with mock_datazone_ts():
        pass
    if mock_aws is not None:
        with mock_aws():
            pass


@pytest.fixture
def mocked_aws() -> Iterator[None]:
    """A fixture as moto's documentation has it."""
    with mock_aws():
        yield


@pytest.fixture
def nothing() -> Iterator[None]:
    """What any fixture costs."""
    return (yield)
