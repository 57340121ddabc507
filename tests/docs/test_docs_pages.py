"""Every block of code in the documentation and the README does what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest
from page import Run, blocks

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def prepare(page, folder):
    """Give a page what it takes for granted: the pipeline that the tutorial ends with."""
    tutorial = ROOT / "docs" / "tutorial.md"
    pipeline = None
    for block in blocks(tutorial.read_text(encoding="utf-8")):
        if page != tutorial and block.file_name == "scores.py":
            pipeline = block.apply(pipeline)
            (folder / "scores.py").write_text(pipeline, encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page(page, tmp_path):
    prepare(page, tmp_path)
    run = Run(page.stem, tmp_path)

    run.page(page.read_text(encoding="utf-8"))

    if run.missing:
        pytest.skip(f"the page ran but for what needs {', '.join(sorted(run.missing))}")
