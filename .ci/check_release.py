"""Check the sdist and the wheel in a folder: what they hold, that they agree, that they work.

A second argument is the tag that is about to be released, such as v1.0.0.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from importlib.metadata import distributions
from pathlib import Path

from readme_renderer import markdown


def run(*command: object, folder: Path = Path()) -> None:
    """Run a command in a folder, and stop where it fails."""
    subprocess.run([str(part) for part in command], cwd=folder, check=True)  # noqa: S603


dist, *tags = sys.argv[1:]
(wheel,) = Path(dist).resolve().glob("*.whl")
(sdist,) = Path(dist).resolve().glob("*.tar.gz")
version = wheel.name.split("-")[1]

if f"\n## [{version}]" not in Path("CHANGELOG.md").read_text("utf-8"):
    sys.exit(f"CHANGELOG.md has no section [{version}]")
if tags not in ([], [f"v{version}"]):
    sys.exit(f"the tag is {tags[0]}, but __version__ is {version}")

with tarfile.open(sdist) as archive:
    packed = {name.partition("/")[2] for name in archive.getnames()}
wanted = {
    path.as_posix()
    for folder in ("docs", "examples", "tests")
    for suffix in ("csv", "md", "py")
    for path in Path(folder).rglob(f"*.{suffix}")
}
if missing := wanted - packed:
    sys.exit(f"the sdist lacks {', '.join(sorted(missing))}")

# PyPI cannot resolve the README's relative links.
(distribution,) = distributions(path=[str(wheel)])
page = markdown.render(distribution.metadata["Description"])
links = re.findall(r' (?:href|src)="([^"]*)"', page)
if relative := [link for link in links if not link.startswith(("https://", "#"))]:
    sys.exit(f"the README on PyPI has relative links: {', '.join(relative)}")

with tempfile.TemporaryDirectory() as name:
    scratch = Path(name)

    # The wheel was built from the sdist; one built from the checkout is identical.
    run(sys.executable, "-m", "build", "--installer=uv", "--wheel", "--outdir", scratch)
    if (scratch / wheel.name).read_bytes() != wheel.read_bytes():
        sys.exit("the checkout and the sdist make different wheels")

    # The examples run outside the checkout with the wheel and its dependencies.
    venv.create(scratch / "venv")
    python = scratch / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python, wheel)
    examples = shutil.copytree("examples", scratch / "examples")
    run(python, "-m", "pytest", "-W", "error", folder=examples)
