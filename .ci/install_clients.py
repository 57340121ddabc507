"""Install the clients that are not of this environment into a folder, once."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

folder = Path(sys.argv[1])

# The AWS CLI brings a botocore of its own, and pins it.
cli = folder / "cli"
if not (cli / "bin" / "aws").exists():
    venv.create(cli, clear=True, with_pip=True)
    subprocess.run([cli / "bin" / "python", "-m", "pip", "install", "-q", "awscli"], check=True)  # noqa: S603

npm = shutil.which("npm")
modules = folder / "js" / "node_modules"
if npm and shutil.which("node") and not (modules / "@aws-sdk" / "client-datazone").exists():
    modules.parent.mkdir(parents=True, exist_ok=True)
    options = ["--no-audit", "--no-fund", "--silent", "--prefix", modules.parent]
    subprocess.run([npm, "install", *options, "@aws-sdk/client-datazone"], check=True)  # noqa: S603
