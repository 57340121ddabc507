"""Interception of every botocore session in the process.

This module registers an initializer (a public API) with botocore as soon as botocore is imported,
and again if it is imported again. The initializer puts the handlers of ``transport/botocore.py`` on
each new session. This module itself imports neither botocore nor the handlers, because pytest loads
it in every project.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING
from weakref import WeakSet

from pytest_datazone_ts.handled_packages import handled_packages

if TYPE_CHECKING:
    from types import ModuleType

    from botocore.session import Session

_intercepted: WeakSet[ModuleType] = WeakSet()
"""The botocore packages whose new sessions get the handlers."""


def _intercept(package: ModuleType) -> None:
    """Put the handlers on each new session of a botocore package."""
    if package in _intercepted:
        return
    _intercepted.add(package)
    if "botocore.session" not in sys.modules:
        handled_packages.add(package)  # it has no sessions yet

    def on_session(session: Session) -> None:
        from pytest_datazone_ts.transport import botocore  # noqa: PLC0415 - keeps start-up fast

        botocore.handle_session(session, package)

    package.register_initializer(on_session)


class _Finder:
    """Finds no module, but notices when botocore is imported, even if it is imported again."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Intercept the sessions of a botocore package before any can be created."""
        if name == "botocore.session":
            _intercept(import_module("botocore"))


if "botocore.session" in sys.modules:
    _intercept(sys.modules["botocore"])
sys.meta_path.insert(0, _Finder)
