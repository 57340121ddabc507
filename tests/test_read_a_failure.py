"""Three tests that fail, and their output, are as ``docs/how-to/read-a-failure.md`` shows them."""

from __future__ import annotations

import random
import re
from pathlib import Path

import freezegun
import pytest

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "read-a-failure.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
FILES = [text for language, text in BLOCKS if language == "python"]
OUTPUTS = dict(
    re.fullmatch(r"\$ pytest -q (\S+)\n(.*)", text, re.DOTALL).groups()
    for language, text in BLOCKS
    if language == "console"
)


def without_waits(text):
    """Return lines of output without what depends on botocore's jitter and the machine."""
    text = re.sub(r"(backed off|in) \d+\.\d+ ?s", r"\1 x s", text)
    text = re.sub(r"09:00:\d\d\.\d{3}Z", "09:00:xxZ", text)
    return [line.rstrip() for line in text.splitlines()]


def test_the_page_has_a_pipeline_and_three_tests_of_it():
    names = [text.splitlines()[0].removeprefix("# ") for text in FILES]

    assert names == ["publish.py", *OUTPUTS]
    assert len(OUTPUTS) == 3


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_output_is_as_shown(pytester, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    for variable in ("BUILD_NUMBER", "CI", "FORCE_COLOR", "PY_COLORS"):
        monkeypatch.delenv(variable, raising=False)
    for text in FILES:
        (pytester.path / text.splitlines()[0].removeprefix("# ")).write_text(text, "utf-8")
    random.seed(1)  # a backoff of ten seconds would be one column wider

    with freezegun.freeze_time("2024-03-01 09:00:00"):
        result = pytester.runpytest_inprocess("-q", name)

    assert without_waits(result.stdout.str()) == without_waits(OUTPUTS[name])
