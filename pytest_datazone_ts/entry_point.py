"""The entry point that pytest loads, which loads the plugin under its module's name.

So ``-p pytest_datazone_ts.plugin`` and ``pytest_plugins`` do not load the plugin twice.
"""

pytest_plugins: list[str] = ["pytest_datazone_ts.plugin"]
