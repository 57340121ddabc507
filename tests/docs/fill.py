"""Write into pages what their commands print now: ``python tests/docs/fill.py docs/*.md``.

For a message that has changed. Look at the difference before you commit it. Outputs with a line
``...`` or ``^C`` are left as they are.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from page import Run
from test_docs_pages import prepare


class Filling(Run):
    """A run that notes what each command prints."""

    def __init__(self, name: str, folder: Path, text: str) -> None:
        super().__init__(name, folder)
        self.done, self.left = "", text

    def command(self, command: str, shown: list[str]) -> None:
        """Run a command, and put what it prints in place of what is shown."""
        if shown and not {"...", "^C"}.intersection(shown):
            _, output = self.output_of(command, shown)
            same: dict[str, list[str]] = {}
            for line in reversed(shown):
                same.setdefault(self.without_what_varies(line), []).append(line)
            lines = [line.replace(f"{self.folder}/", "").rstrip() for line in output.splitlines()]
            # Lines that differ only in what varies keep their order.
            printed = [
                kept.pop() if (kept := same.get(self.without_what_varies(line))) else line
                for line in lines
            ]
            before, _, after = self.left.partition("\n".join([f"$ {command}", *shown]))
            self.done += "\n".join([f"{before}$ {command}", *printed])
            self.left, shown = after, printed
        super().command(command, shown)


for name in sys.argv[1:]:
    page = Path(name).resolve()
    with TemporaryDirectory() as folder:
        prepare(page, Path(folder))
        run = Filling(page.stem, Path(folder), page.read_text(encoding="utf-8"))
        try:
            run.page(run.left)
        finally:
            page.write_text(run.done + run.left, encoding="utf-8")
