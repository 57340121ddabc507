"""The documentation's tests run where Sphinx is: in tox's environment ``docs``."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("sphinx") else ["*.py"]
