"""The machine, and the versions, that the figures are of."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("pytest-datazone-ts", "boto3", "botocore", "aiobotocore", "moto", "pytest")


def describe() -> str:
    """Return a few lines of Markdown."""
    versions = [f"{name} {_version(name)}" for name in PACKAGES]
    return "\n".join(
        f"- {line}"
        for line in (
            f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
            f"load when the run began: {_load()}",
            f"{platform.python_implementation()} {platform.python_version()}, {versions[0]}",
            ", ".join(versions[1:]),
        )
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "a processor without a name"


def _load() -> str:
    if not hasattr(os, "getloadavg"):
        return "not known"
    return f"{os.getloadavg()[0]:.1f} processes, over the minute before"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
