"""Interception of every botocore session in the process.

Importing this module registers an initializer (a public API) with botocore as soon as botocore can
have a session, also with a botocore that is imported again. The initializer puts the handlers of
``transport/botocore.py`` on each new session. Neither botocore nor the handlers are imported before
the code under test imports botocore, because pytest loads this module in every project.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from types import ModuleType

    from botocore.session import Session

_sessions_before: WeakKeyDictionary[ModuleType, bool] = WeakKeyDictionary()
"""The intercepted botocore packages, and whether they may have sessions without the handlers."""


def may_have_missed(package: ModuleType) -> bool:
    """Return whether a botocore package may have sessions without the handlers.

    The caller is expected to put the handlers on them: the function returns true only once.
    """
    _intercept(package)
    missed, _sessions_before[package] = _sessions_before[package], False
    return missed


def _intercept(package: ModuleType) -> None:
    """Put the handlers on each new session of a botocore package."""
    if package in _sessions_before:
        return
    _sessions_before[package] = "botocore.session" in sys.modules

    def on_session(session: Session) -> None:
        from pytest_datazone_ts.transport import botocore  # noqa: PLC0415 - keeps start-up fast

        botocore.handle_session(session, package)

    package.register_initializer(on_session)


class _Finder:
    """Finds no module, but notices when botocore is imported, for the first time or again."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Intercept the sessions of a botocore before there can be one."""
        if name == "botocore.session":
            _intercept(import_module("botocore"))


if "botocore.session" in sys.modules:
    _intercept(sys.modules["botocore"])
sys.meta_path.insert(0, _Finder)
