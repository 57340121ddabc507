# ruff: noqa: INP001 - Sphinx finds this file by its directory
"""Writes ``llms.txt``, which lists the pages for language models: https://llmstxt.org."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from docutils import nodes
from sphinx.addnodes import toctree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx


def _write(app: Sphinx, failure: Exception | None) -> None:
    if failure is None and app.builder.format == "html":
        text = "\n".join(_lines(app)) + "\n"
        Path(app.outdir, "llms.txt").write_text(text, encoding="utf-8")


def _lines(app: Sphinx) -> Iterator[str]:
    root = app.env.get_doctree(app.config.root_doc)
    yield f"# {app.config.project}"
    yield ""
    yield f"> {_summary(root)}"
    for tree in root.findall(toctree):
        yield ""
        yield f"## {tree['caption']}"
        yield ""
        for title, page in tree["entries"]:
            if page in app.env.found_docs:
                url = urljoin(app.config.html_baseurl, app.builder.get_target_uri(page))
                name = title or app.env.titles[page].astext()
                yield f"- [{name}]({url}): {_summary(app.env.get_doctree(page))}"


def _summary(page: nodes.document) -> str:
    """Return a page's first sentence."""
    paragraph = next(page.findall(nodes.paragraph)).astext()
    sentence, dot, _ = " ".join(paragraph.split()).partition(". ")
    return sentence + dot.rstrip()


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the file at the end of the build."""
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True}
