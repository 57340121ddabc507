# ruff: noqa: INP001 - Sphinx reads this file by its path
"""Sphinx configuration."""

import os
import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("_extensions")))

project = "pytest-datazone-ts"
author = "The pytest-datazone-ts developers"
release = version_of(project)
version = release
exclude_patterns = ["_build"]

extensions = ["google_docstrings", "llms", "myst_parser", "options", "sphinx.ext.autodoc"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
add_module_names = False

# Do not access the network during the build: skip names of other projects.
nitpick_ignore_regex = [
    (r"py:.*", r"(botocore|collections|datetime|hypothesis|typing|typing_extensions)\..*"),
    (r"py:.*", r"(pytest|unittest)\..*"),
    # Imported by type checkers only; written as in the annotations.
    (r"py:.*", r"BaseClient|Callable|Iterable|Iterator|Loader|Mapping|Sequence|Self|Unpack"),
    (r"py:.*", r"datetime|st\.SearchStrategy"),
    # Internal names.
    (r"py:.*", r"Options|OptionKeywords|Key|Mode|Outcome"),
    (
        r"py:.*",
        r"pytest_datazone_ts\.(mock\.(Decorated|MockDataZoneTimeSeries)|options\.Options|views\.Record)",
    ),
]

html_theme = "furo"
html_baseurl = os.environ.get("READTHEDOCS_CANONICAL_URL", "")
pygments_dark_style = "github-dark"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
