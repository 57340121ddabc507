"""The command line: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import machine, table

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = (
    "one_post",
    "many_forms",
    "stored_points",
    "throttled_call",
    "sweep",
    "async_post",
    "threads",
    "instructions",
    "memory",
    "fixture",
    "first_use",
    "start_up",
)
_PLACE = re.compile("(<!-- benchmarks: begin -->\n).*(<!-- benchmarks: end -->)", re.DOTALL)
"""Where a page holds what is printed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run benchmarks and print their table; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}")
    parser.add_argument(
        "--quick", action="store_true", help="see that they run; the figures mean nothing"
    )
    parser.add_argument(
        "--write",
        type=Path,
        metavar="PAGE",
        help="put the table into a page too",
    )
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in NAMES:
            parser.error(f"there is no benchmark {name!r}, only {', '.join(NAMES)}")
    if options.write and not _PLACE.search(options.write.read_text(encoding="utf-8")):
        parser.error(f"{options.write} has no place for the table")
    lines = [machine.describe()]
    if options.quick:
        lines.append("- a quick run: the figures mean nothing")
    results = {}
    for name in options.names or NAMES:
        print(f"{name} ...", file=sys.stderr)  # noqa: T201 - it is a command
        results[name] = list(import_module(f"benchmarks.{name}").measure(quick=options.quick))
    printed = "\n".join([*lines, "", table.render(results)])
    print(printed)  # noqa: T201 - it is a command
    if options.write:
        text = options.write.read_text(encoding="utf-8")
        text = _PLACE.sub(lambda found: f"{found[1]}\n{printed}\n\n{found[2]}", text)
        options.write.write_text(text, encoding="utf-8")
    missed = any(row.missed for rows in results.values() for row in rows)
    return int(missed and not options.quick)


if __name__ == "__main__":
    raise SystemExit(main())
