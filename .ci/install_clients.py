"""Install clients that do not belong to this environment into a folder, unless they are there."""

import fcntl
import shutil
import subprocess
import sys
import venv
from contextlib import suppress
from pathlib import Path

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
# Another environment may run this at the same time. The lock ends with this process.
lock = (folder / "lock").open("w")
fcntl.flock(lock, fcntl.LOCK_EX)

# The AWS CLI brings a botocore of its own, and pins it.
cli = folder / "cli"
if not (cli / "bin" / "aws").exists():
    venv.create(cli, clear=True)
    uv = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", cli / "bin" / "python"]
    subprocess.run([*uv, "awscli"], check=True)  # noqa: S603

js = folder / "js"
packages = [f"@aws-sdk/client-{service}" for service in ("datazone", "glue", "s3", "sts")]
npm = shutil.which("npm")
installed = all((js / "node_modules" / package).exists() for package in packages)
if npm and shutil.which("node") and not installed:
    js.mkdir(parents=True, exist_ok=True)
    options = ["--no-audit", "--no-fund", "--silent", "--fetch-timeout=30000", "--fetch-retries=1"]
    command = [npm, "install", *options, "--prefix", js, *packages]
    # Without the registry npm does not give up, and the tests of the SDK are skipped.
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(command, check=False, timeout=120)  # noqa: S603
