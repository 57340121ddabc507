"""What pytest loads by itself: it loads the plugin under the name that ``-p`` has for it too.

So ``-p pytest_datazone_ts.plugin`` and ``pytest_plugins`` may name the plugin beside it.
"""

pytest_plugins = ["pytest_datazone_ts.plugin"]
