# ruff: noqa: INP001 - Sphinx finds this file by its directory
"""Google-style docstrings, except those of attributes, which are plain sentences.

``sphinx.ext.napoleon`` takes what precedes a colon in an attribute's docstring for its type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sphinx.ext.napoleon import GoogleDocstring

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def _convert(_: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    if what not in {"attribute", "data", "property"}:
        docstring = GoogleDocstring(lines, what=what, name=name, obj=value, options=options)
        lines[:] = docstring.lines()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the conversion with Sphinx."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", _convert)
    return {"parallel_read_safe": True}
