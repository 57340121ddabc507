"""``fill.py`` puts what a page's commands print now in place of what the page shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PAGE = """
```console
$ cat printed.txt
# printed.txt
{}
```
"""


def test_what_varies_stays_as_the_page_shows_it(tmp_path):
    page = tmp_path / "page.md"
    file = "```\n# printed.txt\nbacked off 0.31 s\nbacked off 0.42 s\nbacked off 0.53 s\nnew\n```\n"
    page.write_text(file + PAGE.format("backed off 1.11 s\nbacked off 2.22 s\nold"))
    fill = Path(__file__).with_name("fill.py")

    subprocess.run([sys.executable, fill, page], check=True)  # noqa: S603

    assert page.read_text() == file + PAGE.format(
        "backed off 1.11 s\nbacked off 2.22 s\nbacked off 0.53 s\nnew"
    )
