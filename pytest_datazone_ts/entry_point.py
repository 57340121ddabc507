"""The entry point that pytest loads, which registers the plugin under its module's name.

Therefore ``-p pytest_datazone_ts.plugin`` and ``pytest_plugins`` do not load the plugin twice. A
variable ``pytest_plugins`` in this module would have the same effect, but pytest would read the
entry points of all installed distributions again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_datazone_ts import plugin

if TYPE_CHECKING:
    import pytest


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the plugin, unless it was named on the command line."""
    if not pluginmanager.has_plugin(plugin.__name__):
        pluginmanager.register(plugin, plugin.__name__)
