"""A page of the documentation, run as its reader would run it.

What its fenced blocks are, in the order of the page:

- a block whose first line is a comment that is nothing but a file name is that file:
  ``# publish.py``, ``# pytest.ini``, ``// publish.mjs``; ``# publish.py, continued`` adds to it;
- a ``diff`` changes one, which its first line names: ``@@ publish.py @@``;
- other ``python`` blocks are together the page's own module of tests;
- ``console`` blocks are commands, each after ``$ ``, and what they print. There, a line ``...``
  stands for any lines, and ``^C`` is where the reader presses Ctrl-C. A block without a ``$ `` is a
  command alone. ``pip install`` is not run; what it names is held against the package's metadata;
- MyST's directives hold no code; what they include has tests of its own.

All other blocks are errors. In the end pytest runs the tests that no command of the page ran.
``<!-- needs: node -->`` before a block leaves it out where a program, or a package of npm's, is
missing.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from difflib import unified_diff
from importlib.metadata import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "pytest-datazone-ts"
DIRECTIVES = (
    "{eval-rst}",
    "{include} ",
    "{literalinclude} ",
    "{options}",
    "{raw} html",
    "{toctree}",
)
PATIENCE = 120
"""How many seconds a command may take."""

_FILE_NAME = re.compile(r"(?:#|//) ([\w.-]+\.\w+)(, continued)?\n")
_CHANGED = re.compile(r"@@ (\S+) @@\n")
_NEEDS = re.compile(r"<!-- needs: (.+) -->")
_AUTODOC = re.compile(r"((\.\. (auto|currentmodule|module)| +:).*)?")
_EXTRAS = re.compile(rf"{PACKAGE}\[([^]]*)\]")
_PLUGINS = {
    "anyio": "anyio",
    "hypothesis": "hypothesispytest",
    "inline-snapshot": "inline_snapshot",
    "pytest-asyncio": "asyncio",  # it warns about an unset option
    "pytest-regressions": "regressions",
    "syrupy": "syrupy",
    "time-machine": "time_machine",
    "xdist": "xdist",
}
"""The plugins that pytest loads only on pages that use them, by package name."""
_VARYING = {
    re.compile(r"\b\d+\.\d{2,3} ?s\b"): "0.12s",
    re.compile(r"(\b\d{4}-\d\d-\d\d )?\b\d\d:\d\d:\d\d(\.\d+)?"): "12:00:00",
    re.compile(r"\b127\.0\.0\.1:\d+"): "127.0.0.1:49152",
    re.compile(r"\b0x[0-9a-f]+"): "0x7f0000000000",
}


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    language: str
    text: str
    line: int
    """Where its text begins in the page, counted from 0."""
    needs: tuple[str, ...]

    @property
    def file_name(self) -> str | None:
        """The name of the file that it is, or changes, if it says so."""
        found = (_CHANGED if self.language == "diff" else _FILE_NAME).match(self.text)
        return found and found[1]

    def apply(self, before: str | None) -> str:
        """Return the text of its file, of which ``before`` is what the page showed so far."""
        found = _FILE_NAME.match(self.text)
        if found and not found[2]:
            return self.text
        assert before is not None, f"{self.file_name} is changed before it is shown"
        if found:
            return f"{before}\n\n{self.text}"
        lines = self.text.splitlines(keepends=True)[1:]
        old, new = ("".join(line[1:] for line in lines if line[0] in kept) for kept in (" -", " +"))
        assert before.count(old) == 1, (
            f"{self.file_name} has this {before.count(old)} times:\n{old}"
        )
        return before.replace(old, new)


def blocks(text: str) -> Iterator[Block]:
    """Yield a page's blocks of code; an ``AssertionError`` for one of an unknown kind."""
    needs: tuple[str, ...] = ()
    for token in MarkdownIt().parse(text):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "html_block":
            found = _NEEDS.fullmatch(token.content.strip())
            needs = tuple(found[1].split()) if found else ()
            assert token.content.startswith("<!--"), f"line {line}: HTML that is no comment"
        elif token.type == "fence" and not token.info.startswith(DIRECTIVES):
            block = Block(token.info, token.content, line, needs)
            known = block.language in {"python", "console"} or block.file_name
            assert known, f"line {line}: a block of {token.info!r} that is no file"
            needs = ()
            yield block
        elif token.info == "{eval-rst}":
            plain = all(_AUTODOC.fullmatch(text) for text in token.content.splitlines())
            assert plain, f"line {line}: reStructuredText that is more than autodoc's directives"
        assert token.type != "code_block", f"line {line}: code that is indented, not fenced"


class Run:
    """A run of a page in an empty folder."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        self.missing: set[str] = set()
        """What the machine lacks, so that a part of the page was left out."""
        self._module = f"test_{name.replace('-', '_')}.py"
        self._unused: set[str] = set()
        clients = Path(os.environ.get("DATAZONE_TS_CLIENTS", folder / "no-clients"))
        if (clients / "js" / "node_modules").exists():
            (folder / "node_modules").symlink_to(clients / "js" / "node_modules")
        programs = [Path(sys.executable).parent, clients / "cli" / "bin", os.environ["PATH"]]
        self._environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "PYTEST_"))
        } | {
            "AWS_CONFIG_FILE": str(folder / "no-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
            "COLUMNS": "80",
            "NO_COLOR": "1",
            "PATH": os.pathsep.join(map(str, programs)),
        }

    def page(self, text: str) -> None:
        """Run it; an ``AssertionError`` if it is not as it says."""
        others = (name for package, name in _PLUGINS.items() if package not in text.lower())
        self._environ["PYTEST_ADDOPTS"] = " ".join(f"-p no:{name}" for name in others)
        for extras in _EXTRAS.findall(text):
            _check_requirement(f"{PACKAGE}[{extras}]")
        found = list(blocks(text))
        for block in found:
            missing = {name for name in block.needs if not self._has(name)}
            self.missing |= missing
            if missing:
                continue
            if block.file_name:
                others = "".join(other.text for other in found if other is not block)
                self._save(block.file_name, block, others)
            elif block.language == "python":
                self._extend_module(block)
            else:
                for command, printed in _commands(block.text):
                    self.command(command, printed)
        tests = sorted(name for name in self._unused if name.startswith("test_"))
        if tests:
            self._passes(tests)

    def _has(self, name: str) -> bool:
        if name.startswith("@"):
            return (self.folder / "node_modules" / name).exists()
        return shutil.which(name, path=self._environ["PATH"]) is not None

    def _save(self, name: str, block: Block, others: str) -> None:
        path = self.folder / name
        before = path.read_text(encoding="utf-8") if path.exists() else None
        after = block.apply(before)
        assert name not in self._unused or after.startswith(str(before)), (
            f"{name} is shown again before anything has used it"
        )
        run_by_pytest = name.startswith(("test_", "conftest.", "pytest.ini", "pyproject.toml"))
        stem = name.partition(".")[0]
        assert run_by_pytest or stem in others, f"{name} is shown, and nothing uses it"
        self._unused.add(name)
        path.write_text(after, encoding="utf-8")

    def _extend_module(self, block: Block) -> None:
        """Put a block where the page has it: a traceback has the page's line numbers."""
        path = self.folder / self._module
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(
            before + "\n" * (block.line - before.count("\n")) + block.text, encoding="utf-8"
        )
        self._unused.add(self._module)

    def command(self, command: str, shown: list[str]) -> None:
        """Run a command; an ``AssertionError`` if it does not print what is shown."""
        if "pip install" in command:
            _check_install(command)
            assert not shown, f"$ {command}: its output would never be checked"
            return
        status, output = self.output_of(command, shown)
        expected, printed = (
            [self.without_what_varies(line) for line in lines]
            for lines in (shown, output.splitlines())
        )
        as_shown = "".join(
            r"(?:.*\n)*?" if line == "..." else re.escape(line) + "\n"
            for line in expected
            if line != "^C"
        )
        if not re.fullmatch(as_shown, "".join(f"{line}\n" for line in printed)):
            difference = unified_diff(expected, printed, "the page", "the command", lineterm="")
            raise AssertionError("\n".join([f"$ {command}", *difference]))
        assert shown or status == 0, f"$ {command}: exit status {status}"
        words = command.split()
        if "pytest" in words:
            tests = {name for name in self._unused if name.startswith("test_")}
            self._unused = tests.difference(words) if tests.intersection(words) else set()

    def output_of(self, command: str, shown: list[str]) -> tuple[int, str]:
        """Run a command; return its exit status and what it prints."""
        process = subprocess.Popen(  # noqa: S603
            ["sh", "-c", command],  # noqa: S607
            cwd=self.folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        watch = threading.Timer(PATIENCE, os.killpg, (process.pid, signal.SIGKILL))
        watch.start()
        with process:
            before = ""
            if "^C" in shown:
                before = "".join(process.stdout.readline() for _ in range(shown.index("^C")))
                os.killpg(process.pid, signal.SIGINT)
            output = before + process.stdout.read()
        watch.cancel()
        return process.returncode, output

    def without_what_varies(self, line: str) -> str:
        """Return a line of output with one time, port, address and folder for all."""
        for varying, instead in _VARYING.items():
            line = varying.sub(instead, line)
        return line.replace(f"{self.folder}{os.sep}", "").rstrip()

    def _passes(self, tests: list[str]) -> None:
        status, output = self.output_of(f"pytest -W error {shlex.join(tests)}", [])
        summary = output.splitlines()[-1]
        assert status == 0, output
        assert "skipped" not in summary, f"tests of the page are skipped\n{output}"


def _commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command and the lines that it prints."""
    if not text.startswith("$ "):
        yield text, []
        return
    for part in text.removeprefix("$ ").split("\n$ "):
        command, *printed = part.rstrip("\n").split("\n")
        yield command, printed


def _check_install(command: str) -> None:
    for part in command.split("&&"):
        _, _, arguments = part.partition("pip install")
        for argument in shlex.split(arguments):
            if argument != "." and not argument.startswith("-"):
                _check_requirement(argument)


def _check_requirement(text: str) -> None:
    requirement = Requirement(text)
    if requirement.name == PACKAGE:
        unknown = requirement.extras.difference(metadata(PACKAGE).get_all("Provides-Extra") or ())
        assert not unknown, f"{text}: {PACKAGE} has no extra {', '.join(sorted(unknown))}"
