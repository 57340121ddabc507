"""The botocore packages in which all sessions have the handlers; a test may reimport botocore."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from types import ModuleType

handled_packages: WeakSet[ModuleType] = WeakSet()
