"""The botocore packages whose sessions and clients all have the handlers.

There can be more than one, because a test may import botocore again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from types import ModuleType

handled_packages: WeakSet[ModuleType] = WeakSet()
