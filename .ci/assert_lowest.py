"""Fail unless each runtime dependency is installed in the lowest version that is allowed."""

import sys
from importlib.metadata import requires, version

from packaging.requirements import Requirement
from packaging.version import Version

extras = ("", "hypothesis", "jsonschema", "report")
too_new = [
    f"{requirement}: {version(requirement.name)} is installed"
    for requirement in map(Requirement, requires("pytest-datazone-ts") or [])
    if not (marker := requirement.marker) or any(marker.evaluate({"extra": x}) for x in extras)
    for bound in requirement.specifier
    if Version(bound.version) != Version(version(requirement.name))
]
sys.exit("\n".join(too_new) or 0)
