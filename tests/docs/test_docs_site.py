"""The site builds without a warning, is complete, and needs no network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import metadata
from inspect import ismodule
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from page import PACKAGE, Run
from picture import PICTURE, shown
from sphinx.util.inventory import InventoryFile

import pytest_datazone_ts

ROOT = Path(__file__).parents[2]
URL = "https://pytest-datazone-ts.readthedocs.io/en/latest/"


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Return the site that tox has built, or build it."""
    if "DATAZONE_TS_SITE" in os.environ:
        return ROOT / os.environ["DATAZONE_TS_SITE"]
    folder = tmp_path_factory.mktemp("site")
    options = ["-q", "-W", "-n", "--keep-going", "-d", str(folder / "trees")]
    built = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "sphinx", *options, ROOT / "docs", folder / "html"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder / "html"


@pytest.fixture(scope="session")
def names(site):
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    return {name for kind in inventory.data.values() for name in kind}


def test_every_public_name_is_there(names):
    public = {name: getattr(pytest_datazone_ts, name) for name in pytest_datazone_ts.__all__}
    modules = {name: value for name, value in public.items() if ismodule(value)}
    assert "faults" in modules
    modules["strategies"] = pytest_datazone_ts.strategies  # public, and not all can import it
    wanted = {f"pytest_datazone_ts.{name}" for name in public.keys() - modules}
    wanted |= {f"{value.__name__}.{name}" for value in modules.values() for name in value.__all__}
    assert wanted - names == set()


def test_every_fixture_is_there(names, pytestconfig):
    plugin = pytestconfig.pluginmanager.get_plugin("pytest_datazone_ts.plugin")
    fixtures = {name for name in vars(plugin) if name.startswith("datazone_ts")}
    assert fixtures
    assert {f"pytest_datazone_ts.plugin.{name}" for name in fixtures} <= names


def test_every_option_is_there(site, tmp_path):
    page = (site / "reference" / "options.html").read_text(encoding="utf-8")
    shown = re.findall(r"<tr[^>]*><td><p><code[^>]*><span class=\"pre\">([^<]*)</span>", page)
    usage = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    settings = re.findall(r"^  datazone_ts_(\w+) ", usage, re.MULTILINE)
    options = re.findall(r"^  (--datazone-ts[\w-]+)", usage, re.MULTILINE)
    assert settings
    assert [name.partition("=")[0] for name in shown] == [*settings, *options]


def test_no_page_loads_anything_from_elsewhere(site):
    loaded = re.compile(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=\"(?:https?:)?//")
    imported = re.compile(r"@import|url\(['\"]?(?:https?:)?//")
    pages, sheets = [*site.rglob("*.html")], [*site.rglob("*.css")]
    assert pages
    assert sheets
    assert not [path for path in pages if loaded.search(path.read_text(encoding="utf-8"))]
    assert not [path for path in sheets if imported.search(path.read_text(encoding="utf-8"))]


def test_llms_txt_lists_every_page(site):
    text = (site / "llms.txt").read_text(encoding="utf-8")
    assert text.startswith("# pytest-datazone-ts\n\n> ")
    listed = re.findall(r"^- \[[^]]+\]\(([^)]+)\): .+$", text, re.MULTILINE)
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    expected = [path.with_suffix(".html").as_posix() for path in pages if path.name != "index.md"]
    assert sorted(listed) == sorted(expected)


def test_no_link_on_pypi_is_relative():
    links = re.findall(r"\]\(([^)]*)\)", metadata(PACKAGE)["Description"])
    assert links
    assert [link for link in links if not link.startswith("https://")] == []


def test_every_link_from_pypi_leads_to_a_page(site):
    data = metadata(PACKAGE)
    texts = [data["Description"], *data.get_all("Project-URL")]
    links = [link for text in texts for link in re.findall(rf"{URL}([\w./-]*)", text)]
    assert links
    assert [link for link in links if not (site / link).exists()] == []


def test_the_picture_shows_what_pytest_prints(tmp_path):
    lines: dict[str, str] = {}
    for text in ET.parse(PICTURE).iter("{http://www.w3.org/2000/svg}text"):  # noqa: S314 - our own
        words = text.text.replace("\N{NO-BREAK SPACE}", " ")
        lines[text.get("y")] = lines.get(text.get("y"), "") + words
    run = Run("picture", tmp_path)
    drawn, printed = (
        "\n".join(map(run.without_what_varies, lines)) for lines in (lines.values(), shown())
    )
    # With colors, pytest does not truncate the summary.
    drawn, printed = (
        text.removeprefix("$ ").partition("short test summary")[0].split()
        for text in (drawn, printed)
    )
    assert "".join(drawn) == "".join(printed)
