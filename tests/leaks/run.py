"""Run pytest on a file twice and print what each run left behind, as one line of JSON."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
import threading
import warnings
from collections import Counter
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType

import botocore
import pytest
from botocore.config import Config
from botocore.session import Session

PATCHED = (
    *("aiobotocore", "aiohttp", "boto3", "botocore", "freezegun", "moto", "urllib3"),
    *("asyncio", "builtins", "datetime", "os", "socket", "ssl", "threading", "time", "warnings"),
)
"""Packages that might be patched, imported before the first inventory if installed."""
session = Session()
client = session.create_client(
    "datazone",
    region_name="us-east-1",
    aws_access_key_id="key",
    aws_secret_access_key="key",  # noqa: S106 - it opens nothing
    endpoint_url="http://127.0.0.1:9",  # where nothing listens
    config=Config(retries={"total_max_attempts": 1}),
)


def is_ours(item):
    """Return whether an object, its class or its function is defined by the plugin."""
    item = item.func if isinstance(item, partial) else item
    homes = (getattr(item, "__module__", None), type(item).__module__)
    return any(isinstance(home, str) and home.startswith("pytest_datazone_ts") for home in homes)


def names():
    """Yield the names and values of the attributes of modules and of their classes."""
    for home, module in [*sys.modules.items()]:
        if home.startswith(("pytest_datazone_ts", "test_", "__main__")):
            continue
        for name, item in [*vars(module).items()]:
            yield f"{home}.{name}", item
            if isinstance(item, type) and item.__module__ == home:
                for member, value in [*vars(item).items()]:
                    yield f"{home}.{name}.{member}", value


def handlers():
    """Yield the handlers of a client and of a session that no test made, by their events."""
    for owner, emitter in (
        ("client", client.meta.events),
        ("session", session.get_component("event_emitter")),
    ):
        nodes = [(owner, emitter._emitter._handlers._root)]  # noqa: SLF001
        while nodes:
            path, node = nodes.pop()
            for part in node["values"] or ():
                yield from ((path, handler) for handler in part)
            nodes += [(f"{path} {step}", child) for step, child in node["children"].items()]


def descriptors():
    """Return open files and sockets, where the system has a folder of them."""
    folder = Path("/proc/self/fd")
    numbers = os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208 - it opens no other
    # But the one that the folder itself was read through.
    return {f"{n} {(folder / n).readlink()}" for n in numbers if (folder / n).is_symlink()}


def what_a_call_meets():
    """Return what is raised where no double is active: a refused connection."""
    try:
        client.list_time_series_data_points(
            domainIdentifier="dzd_5oo7xzoqltu8mf",
            entityIdentifier="4wyh64k2n8czaf",
            entityType="ASSET",
            formName="score",
        )
    except Exception as error:  # noqa: BLE001 - to be reported
        return [type(error).__name__]


def stock():
    """Return an inventory of everything that a run might leave behind."""
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(name, None)  # where pytest keeps the frames of a failure
    gc.collect()
    return {
        # Before the call below: its thread keeps what botocore has of the last call.
        "doubles": [
            repr(each) for each in gc.get_objects() if type(each).__name__ == "DataZoneTimeSeries"
        ],
        "threads": {thread.name for thread in threading.enumerate()},
        "descriptors": descriptors(),
        "environment": {f"{name}={value}" for name, value in os.environ.items()},
        "names": {
            name: id(item)
            for name, item in names()
            if name.startswith(PATCHED) and (callable(item) or isinstance(item, ModuleType))
        },
        "names of ours": {name for name, item in names() if is_ours(item)},
        "handlers": {f"{path} {id(each)}" for path, each in handlers() if not is_ours(each)},
        "handlers of ours": [
            f"{count} at {path}"
            for path, count in Counter(path for path, each in handlers() if is_ours(each)).items()
        ],
        "initializers of ours": [str(sum(map(is_ours, botocore._INITIALIZERS)))],  # noqa: SLF001
        "warning filters": {*map(str, warnings.filters)},
        "calls": what_a_call_meets(),
    }


def left(before, after):
    """Return what was added to or removed from an inventory."""
    found = {}
    for kind, was in before.items():
        now = after[kind]
        if isinstance(was, dict):  # names: those of what was loaded meanwhile are new
            found[kind] = sorted(name for name in was if now.get(name) != was[name])
        else:
            found[kind] = [
                *(f"+ {each}" for each in now if each not in was),
                *(f"- {each}" for each in was if each not in now),
            ]
    return found


if __name__ == "__main__":
    # ctypes: newer ones of libffi, which it loads, keep their own file open.
    later = ("aiobotocore.endpoint", "aiobotocore.session", "ctypes", "moto.core.models")
    for name in (*PATCHED, *later):
        with contextlib.suppress(ImportError):
            import_module(name)
    unwanted = ("asyncio", "cacheprovider", "randomly", "xdist")
    options = ["-q", *(f"-pno:{plugin}" for plugin in unwanted)]
    stocks = [stock()]
    for _ in range(2):
        pytest.main([*options, *sys.argv[1:]])
        stocks.append(stock())
    sys.stdout.write(f"LEFT {json.dumps([left(*stocks[:2]), left(*stocks[1:])])}")
