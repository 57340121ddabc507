"""Stand-ins for a region, a profile and credentials, where a machine has none configured.

The process's environment is left alone: botocore itself says what is configured, and a
stand-in comes after the last place that it looks in. While a double is active, nothing asks a
metadata service over the network, and a profile that the environment names is an empty one if
no file has it, or if its credentials can not be loaded.
"""

from __future__ import annotations

import contextlib
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.transport.replacement import Replacements

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.compat import HTTPHeaders
    from botocore.session import Session

REGION = "us-east-1"
ACCESS_KEY = "stand-in"
SECRET_KEY = "stand-in"  # noqa: S105 - it opens nothing
_METHOD = "stand-in"
_MOTO_CREDENTIAL = "Credential=FOOBARKEY/"

_replacements = Replacements()


def withhold_session_token(headers: HTTPHeaders) -> None:
    """Take the session token off a request that is signed with moto's keys.

    ``mock_aws`` puts its keys beside a real session token that the environment has already.
    """
    if _MOTO_CREDENTIAL in headers.get("Authorization", ""):
        del headers["X-Amz-Security-Token"]


def install() -> None:
    """Let sessions have the stand-ins for what they would not find, or ask the network for."""
    _answer(_replacements)


def uninstall() -> None:
    """Let sessions find again what is configured, and no more."""
    _replacements.undo()


def _answer(replacements: Replacements) -> None:
    from botocore import credentials, utils  # noqa: PLC0415 - heavy
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415 - heavy
    from botocore.session import Session  # noqa: PLC0415 - heavy

    stand_in = credentials.Credentials(ACCESS_KEY, SECRET_KEY, method=_METHOD)

    def load(_provider: object) -> Any:
        return stand_in

    def no_region(_provider: object) -> None:
        return None

    def get_credentials(session: Session) -> Any:
        find = replacements.original(Session, "get_credentials")
        return _unkept(session, _found(session, find, stand_in))

    def get_auth_token(session: Session, **keywords: Any) -> Any:
        find = replacements.original(Session, "get_auth_token")
        return _found(session, partial(find, **keywords), None)

    def get_config_variable(session: Session, logical_name: str, methods: Any = None) -> Any:
        find = replacements.original(Session, "get_config_variable")
        value = find(session, logical_name, methods)
        # An empty variable configures nothing: continuous integration has such ones.
        return REGION if logical_name == "region" and not value else value

    def get_scoped_config(session: Session) -> Any:
        try:
            return replacements.original(Session, "get_scoped_config")(session)
        except ProfileNotFound:
            if "profile" in session.instance_variables():  # named in the code under test
                raise
            # Not the default profile's: its credentials are not the ones that are meant.
            return {}

    replacements.put(credentials.ContainerProvider, "load", load)
    replacements.put(credentials.InstanceMetadataProvider, "load", load)
    replacements.put(utils.IMDSRegionProvider, "provide", no_region)
    replacements.put(Session, "get_credentials", get_credentials)
    replacements.put(Session, "get_auth_token", get_auth_token)
    replacements.put(Session, "get_config_variable", get_config_variable)
    replacements.put(Session, "get_scoped_config", get_scoped_config)
    if "aiobotocore.session" in sys.modules:
        _answer_async(replacements)


def _answer_async(replacements: Replacements) -> None:
    credentials = sys.modules["aiobotocore.credentials"]
    utils = sys.modules["aiobotocore.utils"]
    session_class = sys.modules["aiobotocore.session"].AioSession
    stand_in = credentials.AioCredentials(ACCESS_KEY, SECRET_KEY, method=_METHOD)

    async def load(_provider: object) -> Any:
        return stand_in

    async def no_region(_provider: object) -> None:
        return None

    async def get_credentials(session: Session) -> Any:
        find = replacements.original(session_class, "get_credentials")
        try:
            return _unkept(session, await find(session))
        except Exception:
            if not _profile_is_the_environments(session):
                raise
            return stand_in

    replacements.put(credentials.AioContainerProvider, "load", load)
    replacements.put(credentials.AioInstanceMetadataProvider, "load", load)
    replacements.put(utils.AioIMDSRegionProvider, "provide", no_region)
    replacements.put(session_class, "get_credentials", get_credentials)


def _found(session: Session, find: Callable[[Session], Any], instead: Any) -> Any:
    try:
        return find(session)
    except Exception:
        if not _profile_is_the_environments(session):
            raise
        return instead


def _profile_is_the_environments(session: Session) -> bool:
    named = bool(session.get_config_variable("profile"))
    return named and "profile" not in session.instance_variables()


def _unkept(session: Session, loaded: Any) -> Any:
    """Return loaded credentials; stand-ins without the session's keeping them.

    Credentials may be configured later. There is no public way to make a session forget.
    """
    method = getattr(loaded, "method", None)
    # The server's are in the environment. Of other methods the key is not asked: they refresh.
    if method == _METHOD or (method == "env" and loaded.access_key == ACCESS_KEY):
        vars(session)["_credentials"] = None
    return loaded


def put_in_environment() -> Callable[[], None]:
    """Put stand-ins where nothing is configured in the environment; return what undoes it."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - heavy
    from botocore.session import Session  # noqa: PLC0415 - heavy

    changes: dict[str, str | None] = {}
    replacements = Replacements()
    _answer(replacements)
    session = Session()
    # Half configured: the user's own to see and mend.
    with contextlib.suppress(BotoCoreError, OSError, ValueError):
        profile = session.get_config_variable("profile")
        if profile is not None and profile not in session.available_profiles:
            changes |= dict.fromkeys(("AWS_PROFILE", "AWS_DEFAULT_PROFILE"))
        if not replacements.original(Session, "get_config_variable")(session, "region"):
            changes["AWS_DEFAULT_REGION"] = REGION
        if getattr(session.get_credentials(), "method", None) == _METHOD:
            changes |= {
                "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                "AWS_SESSION_TOKEN": None,
                "AWS_SECURITY_TOKEN": None,
            }
    replacements.undo()
    before = _apply(changes)

    def undo() -> None:
        _apply(before)

    return undo


def _apply(changes: dict[str, str | None]) -> dict[str, str | None]:
    """Set variables, or remove those that are ``None``; return what they were."""
    before = {name: os.environ.get(name) for name in changes}
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    return before
