"""Draw the README's picture of a failed test in a terminal: ``python tests/docs/picture.py``.

The test and its output come from the page that explains them.
"""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from page import Run, blocks
from rich.console import Console
from rich.text import Text
from test_docs_pages import ROOT

PAGE = ROOT / "docs" / "how-to" / "read-a-failure.md"
PICTURE = ROOT / "docs" / "_static" / "failed-test.svg"
COMMAND = "pytest -q test_throttling.py"


class ColoredRun(Run):
    """A run that keeps the output of the command, in the colors of a terminal."""

    text = Text()

    def command(self, command: str, shown: list[str]) -> None:
        """Run a command, which must print what is shown."""
        super().command(command, shown)
        if command == COMMAND:
            _, output = self.output_of(f"{command} --color=yes", shown)
            self.text = Text.from_ansi(output)


def shown() -> list[str]:
    """Return the lines that the page shows."""
    texts = [block.text for block in blocks(PAGE.read_text(encoding="utf-8"))]
    (text,) = (text for text in texts if text.startswith(f"$ {COMMAND}\n"))
    return text.splitlines()


def draw(text: Text) -> str:
    """Return the picture of a terminal that shows a text."""
    console = Console(record=True, width=80, file=StringIO())
    console.print(text)
    picture = console.export_svg(title=COMMAND, unique_id="terminal")
    # An image cannot load fonts from other sites, so the browser uses its own.
    return re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        run = ColoredRun(PAGE.stem, Path(folder))
        run.page(PAGE.read_text(encoding="utf-8"))
    PICTURE.write_text(draw(run.text), encoding="utf-8")
