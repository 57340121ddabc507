"""The benchmarks run and print a row for each comparison; their results are not checked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
ROWS = [
    "**one_post**",
    *(
        f"one form, {how} | {beside}"
        for how in ("unsigned", "signed")
        for beside in (
            "floor",
            "floor, ours inert",
            "moto, newer style",
            "moto, older style",
            "Stubber",
            "HTTP server",
        )
    ),
    "**many_forms**",
    "1 form a request | floor",
    "10 forms a request | floor",
    "**stored_points**",
    "newest post, 10,000 | with none stored",
    "newest post, 1,000,000 | with none stored",
    "oldest post, 10,000 | with none stored",
    "oldest post, 1,000,000 | with none stored",
    "newest page, 1,000,000 | with 10,000 stored",
    "middle page, 1,000,000 | with 10,000 stored",
    "next page, 1,000,000 | with 10,000 stored",
    "**throttled_call**",
    *(
        f"4 throttles, {mode} | {beside}"
        for mode in ("legacy", "standard", "adaptive")
        for beside in ("5 plain calls", "the waits, real")
    ),
    "**sweep**",
    "5 calls swept | 5 calls, no fault",
    "its cells, 5 calls each |",
    "**async_post**",
    "one form, aiobotocore | floor, aiobotocore",
    "one form, aiobotocore | ours, boto3",
    "**threads**",
    "one form, 8 threads | ours, 1 thread",
    "one form, 8 threads | floor, 8 threads",
    "floor, 8 threads | floor, 1 thread",
    "**instructions**",
    "one form, instructions | floor",
    "**memory**",
    "a point but its content |",
    "the call that posted it |",
    "both |",
    "**fixture**",
    "enter and exit | mock_aws",
    "a test with the fixture | an empty fixture",
    "a test with the fixture | one with mock_aws",
    "**first_use**",
    "enter and exit, the first | mock_aws",
    "one form, the first | floor",
    "**start_up**",
    "pytest with the plugin | without it",
    "pytest with the plugin | an empty plugin",
]


SLOW_ROWS = [
    "100 forms a request | floor",
    "1,000 forms a request | floor",
    "50 calls swept | 50 calls, no fault",
    "its cells, 50 calls each |",
    "50 calls swept | 5 calls swept",
]
"""The rows that a quick run omits."""


def compared(table):
    """Return what each row measures and compares with."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    assert rows[0] == ["measured", "ours", "beside", "theirs", "ratio", "goal"]
    return [
        measured if measured.startswith("**") else f"{measured} | {beside}".strip()
        for measured, _, beside, *_ in rows[2:]
    ]


def run(*arguments):
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(  # noqa: S603 - this checkout's own
        command, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )


def test_all_benchmarks_print_one_table_and_write_it_into_a_page(tmp_path):
    pytest.importorskip("aiobotocore", reason="it takes long, and has rows for what is there alone")
    page = tmp_path / "page.md"
    page.write_text(
        "before\n<!-- benchmarks: begin -->\nold\n<!-- benchmarks: end -->\nafter\n", "utf-8"
    )

    result = run("--quick", "--write", str(page))

    assert result.returncode == 0, result.stderr
    described, _, printed = result.stdout.partition("\n\n")
    assert "a quick run: the figures mean nothing" in described
    assert compared(printed) == ROWS
    assert page.read_text("utf-8") == (
        f"before\n<!-- benchmarks: begin -->\n\n{result.stdout}\n<!-- benchmarks: end -->\nafter\n"
    )


def test_an_unknown_benchmark_is_rejected_with_a_list_of_the_known_ones():
    result = run("one_pots")

    assert result.returncode == 2
    assert "there is no benchmark 'one_pots', only one_post, many_forms," in result.stderr


def test_a_page_without_a_placeholder_is_rejected_before_anything_runs(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("no place\n", "utf-8")

    result = run("--quick", "memory", "--write", str(page))

    assert (result.returncode, result.stdout) == (2, "")
    assert "page.md has no place for the table" in result.stderr


def test_the_documentation_has_the_table_of_all_benchmarks():
    page = (CHECKOUT / "docs" / "explanation" / "performance.md").read_text("utf-8")
    table = "\n".join(line for line in page.splitlines() if line.startswith("|"))

    assert [row for row in compared(table) if row not in SLOW_ROWS] == ROWS
    assert set(SLOW_ROWS) <= {*compared(table)}
    assert all(len(line) <= 100 for line in table.splitlines())
