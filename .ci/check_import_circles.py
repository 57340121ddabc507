"""Fail if modules of the package import each other in a circle, for type checking included."""

from graphlib import CycleError, TopologicalSorter

import grimp

graph = grimp.build_graph("pytest_datazone_ts", cache_dir=None)
imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
try:
    TopologicalSorter(imports).prepare()
except CycleError as error:
    _, circle = error.args
    raise SystemExit("modules import each other: " + " <- ".join(circle)) from None
