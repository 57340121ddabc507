"""What mutmut needs to know of this package, in its own Python and in each that a test starts.

mutmut calls a function through a frame of its own. The package tells by the frames' file and
module who called it, so those frames are given to the package.
"""

import os
from pathlib import Path
from types import CodeType

from mutmut.mutation import trampoline

# Which tests reach which function is found out in mutmut's own Python alone.
if os.environ["MUTANT_UNDER_TEST"] == "stats":
    os.environ["MUTANT_UNDER_TEST"] = ""

INSIDE = Path(__file__).parents[2] / "mutants" / "pytest_datazone_ts" / "trampoline.py"


def inside(code: CodeType) -> CodeType:
    """Have code, and the functions in it, be of a file of the package."""
    constants = (inside(part) if isinstance(part, CodeType) else part for part in code.co_consts)
    return code.replace(co_filename=str(INSIDE), co_consts=tuple(constants))


trampoline.wrap_in_trampoline.__code__ = inside(trampoline.wrap_in_trampoline.__code__)
trampoline.__name__ = "pytest_datazone_ts.trampoline"
trampoline.__tracebackhide__ = True
