"""What pytest's start costs more where the plugin is installed and no test uses it.

The environments are made for this: folders that hold pytest, botocore and what they need, and in
one of them this package, as a wheel installs it. Nothing else is on the path of the processes, and
pytest finds the plugin by its entry point, as it does anywhere. A third one has a plugin that does
nothing, to show what any plugin costs.

It is the processor's time: a few milliseconds of two hundred are lost in how long a busy machine
lets a process wait.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from base64 import urlsafe_b64encode
from compileall import compile_dir
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import cache_from_source
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import TYPE_CHECKING

import pytest_datazone_ts
from benchmarks.interleaved import Figures
from benchmarks.table import Goal, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = 50


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield a row over each of the others; the environments take turns."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "test_nothing.py").write_text("def test_nothing():\n    pass\n", "utf-8")
        environments = [_environment(folder / name) for name in ("ours", "without it", "empty")]
        _add_ours(environments[0])
        _add_empty(environments[2])
        seconds: dict[str, list[float]] = {each.name: [] for each in environments}
        for round_ in range(1 if quick else RUNS + 1):
            for environment in environments:
                taken = _run(environment, folder)
                if round_ or quick:  # the first one writes bytecode
                    seconds[environment.name].append(taken)
    figures, label = Figures(seconds), "pytest with the plugin"
    most = Goal(5.0, of="difference")
    yield figures.row(label, "without it", unit="ms", differs=True, goal=most)
    yield figures.row(label, "an empty plugin", theirs="empty", unit="ms", differs=True)


def _environment(folder: Path) -> Path:
    """Make a folder of packages to import: pytest, botocore and what they need."""
    folder.mkdir()
    wanted = ["pytest", "botocore"]
    for name in wanted:
        try:
            found = distribution(name)
        except PackageNotFoundError:  # needed on other machines
            continue
        for need in found.requires or ():
            needed = re.split(r"[^\w.-]", need)[0]
            if "extra ==" not in need and needed not in wanted:
                wanted.append(needed)
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            (folder / top).symlink_to(found.locate_file(top))
    return folder


def _add_ours(environment: Path) -> None:
    package = Path(pytest_datazone_ts.__file__).parent
    shutil.copytree(package, environment / package.name)
    compile_dir(environment / package.name, quiet=1)  # as pip does
    metadata = distribution("pytest-datazone-ts")
    texts = {name: metadata.read_text(name) or "" for name in ("METADATA", "entry_points.txt")}
    _add_metadata(environment, package.name, texts)


def _add_empty(environment: Path) -> None:
    package = environment / "empty_plugin"
    package.mkdir()
    for name in ("__init__.py", "plugin.py"):
        (package / name).touch()
    texts = {
        "METADATA": "Metadata-Version: 2.1\nName: empty-plugin\nVersion: 1\n",
        "entry_points.txt": "[pytest11]\nempty = empty_plugin.plugin\n",
    }
    _add_metadata(environment, package.name, texts)


def _add_metadata(environment: Path, package: str, texts: dict[str, str]) -> None:
    """Write what pip writes beside a package: pytest reads every entry of ``RECORD``."""
    folder = environment / f"{package}-1.dist-info"
    folder.mkdir()
    names = ("INSTALLER", "METADATA", "RECORD", "REQUESTED", "WHEEL", "entry_points.txt", "LICENSE")
    lines = [f"{folder.name}/{name},," for name in names]
    for path in (environment / package).rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            digest = urlsafe_b64encode(sha256(path.read_bytes()).digest()).decode().rstrip("=")
            file = path.relative_to(environment)
            lines.append(f"{file},sha256={digest},{path.stat().st_size}")
            if path.suffix == ".py":
                bytecode = Path(cache_from_source(str(file)))
                lines.append(f"{bytecode},,")
    for name, text in {**texts, "RECORD": "\n".join([*lines, ""])}.items():
        (folder / name).write_text(text, "utf-8")


def _run(environment: Path, folder: Path) -> float:
    """Return for how many seconds pytest computes to run one test that does nothing."""
    # -S: without the packages of the environment that this process runs in.
    command = [sys.executable, "-S", "-m", "pytest", "-p", "no:cacheprovider", "-c", os.devnull]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PY")}
    environ["PYTHONPATH"] = str(environment)
    before = _computed()
    subprocess.run(  # noqa: S603 - pytest
        [*command, f"--rootdir={folder}", "test_nothing.py"],
        env=environ,
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return _computed() - before


def _computed() -> float:
    """Return for how many seconds the processes have computed that this one started."""
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
