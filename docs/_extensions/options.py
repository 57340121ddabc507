# ruff: noqa: INP001 - Sphinx finds this file by its directory
"""The ``options`` directive: a table of the plugin's options, read from its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from pytest_datazone_ts import plugin
from pytest_datazone_ts.options import CHOICES, Options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

PREFIX = "datazone_ts_"


class Parser:
    """Records the options that the plugin declares to pytest."""

    def __init__(self) -> None:
        self.settings: dict[str, dict[str, Any]] = {}
        self.options: dict[str, dict[str, Any]] = {}

    def addini(self, name: str, help: str, **keywords: Any) -> None:  # noqa: A002 - pytest's name
        """Record an ini setting."""
        self.settings[name.removeprefix(PREFIX)] = {"help": help, **keywords}

    def addoption(self, name: str, **keywords: Any) -> None:
        """Record a command-line option."""
        self.options[name] = keywords

    def getgroup(self, *_: str) -> Parser:
        """Return this parser, because groups matter only for ``--help``."""
        return self


class OptionsTable(SphinxDirective):
    """Generates the table of options."""

    def run(self) -> list[nodes.Node]:
        """Parse the table in the page's own markup."""
        container = nodes.container()
        self.state.nested_parse(
            StringList(list(_lines()), __file__), self.content_offset, container
        )
        return container.children


def _lines() -> Iterator[str]:
    declared: Any = Parser()
    plugin.pytest_addoption(declared)
    defaults = Options()
    yield "| option | where | values (default first) | meaning |"
    yield "|---|---|---|---|"
    for name, setting in declared.settings.items():
        if name in CHOICES:
            where, default = "ini, marker, keyword", getattr(defaults, name)
        else:
            where, default = "ini", setting["default"]
        values = CHOICES.get(name, (True, False) if isinstance(default, bool) else (default,))
        meaning = _sentence(setting["help"])
        ordered = sorted(values, key=lambda value: value != default)
        yield f"| `{name}` | {where} | {', '.join(map(_code, ordered))} | {meaning} |"
    for name, option in declared.options.items():
        usage = f"{name}={option.get('metavar', '...')}"
        yield f"| `{usage}` | command line | | {_sentence(option['help'])} |"


def _code(value: bool | int | str) -> str:  # noqa: FBT001
    return f"`{str(value).lower()}`"


def _sentence(text: str) -> str:
    text = text.removeprefix("datazone_ts: ")
    return f"{text[0].upper()}{text[1:]}."


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive with Sphinx."""
    app.add_directive("options", OptionsTable)
    return {"parallel_read_safe": True}
