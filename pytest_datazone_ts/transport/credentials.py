"""Stand-in credentials and a stand-in region, for machines without any that work.

While a double is active, botocore looks up its configuration as usual, and gets a stand-in where it
would find nothing, fail, run a program or use the network. The environment of the process does not
change. ``set_environment_defaults()`` implements the ini setting ``datazone_ts_stand_ins``.
"""

from __future__ import annotations

import inspect
import os
import shlex
import shutil
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_datazone_ts.transport import active
from pytest_datazone_ts.transport.replacement import Attribute, Replacements

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from botocore.compat import HTTPHeaders
    from botocore.session import Session

REGION = "us-east-1"
ACCESS_KEY = "stand-in"
SECRET_KEY = "stand-in"  # noqa: S105 - not a secret
_METHOD = "stand-in"
_REMOTE = {"assume-role", "assume-role-with-web-identity", "custom-process", "login", "sso"}
"""The ``METHOD`` of the providers that run a program or use the network for a profile."""
_MOTO_CREDENTIAL = "Credential=FOOBARKEY/"


def withhold_session_token(headers: HTTPHeaders) -> None:
    """Remove the session token from a request that is signed with moto's keys.

    ``mock_aws`` sets its keys, but leaves a real session token in the environment.
    """
    if _MOTO_CREDENTIAL in headers.get("Authorization", ""):
        del headers["X-Amz-Security-Token"]


class _Method(NamedTuple):
    """A replacement for a botocore method and its coroutine function in aiobotocore."""

    replacement: Callable[[Any, Callable[[Any], Any], Any], Coroutine[Any, Any, Any]]
    """Takes stand-in credentials, the original method and the instance."""

    def build(self, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return the replacement for botocore's method."""
        from botocore.credentials import Credentials  # noqa: PLC0415 - keeps start-up fast

        stand_in = Credentials(ACCESS_KEY, SECRET_KEY, method=_METHOD)

        def method(instance: Any) -> Any:
            try:
                self.replacement(stand_in, original, instance).send(None)
            except StopIteration as returned:  # botocore's methods never await
                return returned.value

        return method

    def build_async(self, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return the replacement for aiobotocore's coroutine function."""
        kind = sys.modules["aiobotocore.credentials"].AioCredentials
        stand_in = kind(ACCESS_KEY, SECRET_KEY, method=_METHOD)

        async def method(instance: Any) -> Any:
            return await self.replacement(stand_in, original, instance)

        return method


async def _result(returned: Any) -> Any:
    """Return the result of a botocore function, or of aiobotocore's coroutine function."""
    return await returned if inspect.isawaitable(returned) else returned


async def _load(stand_in: Any, _original: Any, _provider: object) -> Any:
    return stand_in


async def _load_process(stand_in: Any, run: Callable[[Any], Any], provider: Any) -> Any:
    if _needs_credentials() or not _has_program(provider):  # botocore reports a missing one
        return await _result(run(provider))
    return stand_in


async def _provide_region(_stand_in: Any, _original: Any, _provider: object) -> None:
    return None


async def _get_credentials(stand_in: Any, find: Callable[[Any], Any], session: Session) -> Any:
    is_named = _has_named_profile(session)
    try:
        if is_named or _needs_credentials():
            found = await _result(find(session))
        else:
            resolver = _local_resolver(session, type(stand_in).__module__)
            found = vars(session)["_credentials"] or await _result(resolver.load_credentials())
    except Exception as error:
        if is_named or _is_environment_error(error):
            raise
        found = stand_in
    return _without_caching(session, found)


_LOAD = _Method(_load)
_LOAD_PROCESS = _Method(_load_process)
_PROVIDE_REGION = _Method(_provide_region)
_GET_CREDENTIALS = _Method(_get_credentials)


def _get_auth_token(find: Callable[..., Any]) -> Callable[..., Any]:
    def get_auth_token(session: Session, **keywords: Any) -> Any:
        try:
            return find(session, **keywords)
        except Exception:
            if _has_named_profile(session):
                raise
            return None

    return get_auth_token


def _get_config_variable(find: Callable[..., Any]) -> Callable[..., Any]:
    def get_config_variable(session: Session, logical_name: str, methods: Any = None) -> Any:
        value = find(session, logical_name, methods)
        # An empty variable sets nothing; such variables are common in continuous integration.
        return REGION if logical_name == "region" and not value else value

    return get_config_variable


def _get_scoped_config(find: Callable[[Session], Any]) -> Callable[[Session], Any]:
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415 - keeps start-up fast

    def get_scoped_config(session: Session) -> Any:
        try:
            return find(session)
        except ProfileNotFound:
            if _has_named_profile(session):
                raise
            # Not the default profile, because the environment names another one.
            return {}

    return get_scoped_config


_replacements = Replacements(
    Attribute("botocore.credentials:ContainerProvider", "load", _LOAD.build),
    Attribute("botocore.credentials:InstanceMetadataProvider", "load", _LOAD.build),
    Attribute("botocore.credentials:ProcessProvider", "load", _LOAD_PROCESS.build),
    Attribute("botocore.utils:IMDSRegionProvider", "provide", _PROVIDE_REGION.build),
    Attribute("botocore.session:Session", "get_credentials", _GET_CREDENTIALS.build),
    Attribute("botocore.session:Session", "get_auth_token", _get_auth_token),
    Attribute("botocore.session:Session", "get_config_variable", _get_config_variable),
    Attribute("botocore.session:Session", "get_scoped_config", _get_scoped_config),
    Attribute("aiobotocore.credentials:AioContainerProvider", "load", _LOAD.build_async),
    Attribute("aiobotocore.credentials:AioInstanceMetadataProvider", "load", _LOAD.build_async),
    Attribute("aiobotocore.credentials:AioProcessProvider", "load", _LOAD_PROCESS.build_async),
    Attribute("aiobotocore.utils:AioIMDSRegionProvider", "provide", _PROVIDE_REGION.build_async),
    Attribute("aiobotocore.session:AioSession", "get_credentials", _GET_CREDENTIALS.build_async),
    keep_patches=True,
)


def install() -> None:
    """Give every session stand-ins for missing configuration."""
    _replacements.put()


def uninstall() -> None:
    """Remove the stand-ins."""
    _replacements.undo()


def _needs_credentials() -> bool:
    """Return whether requests need real credentials: to be signed, or to go to the network."""
    exchange = active.exchange()
    if exchange is None:  # the method was looked up while a double was active
        return True
    return exchange.options.sign or exchange.options.unstubbed == "passthrough"


def _has_named_profile(session: Session) -> bool:
    """Return whether the code under test, and not the environment, names the session's profile."""
    return session.instance_variables().get("profile") is not None


def _local_resolver(session: Session, module: str) -> Any:
    """Return a resolver with only the providers that run no program and use no network.

    Args:
        session: The session whose credentials are looked up.
        module: The module of botocore's or aiobotocore's resolver; another one stays as it is.
    """
    resolver: Any = session.get_component("credential_provider")
    if type(resolver).__module__ != module:
        return resolver
    return type(resolver)(
        [provider for provider in resolver.providers if provider.METHOD not in _REMOTE]
    )


def _is_environment_error(error: Exception) -> bool:
    """Return whether the environment has incomplete credentials, an error that users must see."""
    return getattr(error, "kwargs", {}).get("provider") == "env"


def _without_caching(session: Session, found: Any) -> Any:
    """Return credentials, and drop them from the session's cache if they are stand-ins.

    Others may be configured later. botocore has no public API to clear the cache.
    """
    method = getattr(found, "method", None)
    # The server's are in the environment. With other methods, reading the key may refresh it.
    if method == _METHOD or (method == "env" and found.access_key == ACCESS_KEY):
        vars(session)["_credentials"] = None
    return found


def set_environment_defaults() -> Callable[[], None]:
    """Set stand-ins in the environment where nothing that works is configured.

    This reads the configuration files and runs no program. It runs before the first conftest, so it
    must not import ``ssl``, which gevent could then no longer patch.

    Returns:
        A function that restores the environment.
    """
    from botocore.exceptions import ConfigParseError  # noqa: PLC0415 - keeps start-up fast

    try:
        changes = _environment_defaults()
    except ConfigParseError:  # botocore shows it to the user
        changes = {}
    before = _set_environment(changes)

    def restore() -> None:
        _set_environment(before)

    return restore


def _environment_defaults() -> dict[str, str | None]:
    """Return the variables to set; those to remove are ``None``."""
    changes: dict[str, str | None] = {}
    profiles, sso_sessions = _read_configuration()
    name = os.environ.get("AWS_DEFAULT_PROFILE", os.environ.get("AWS_PROFILE"))
    profile = profiles.get("default" if name is None else name, {})
    if name is not None and name not in profiles:
        changes |= dict.fromkeys(("AWS_PROFILE", "AWS_DEFAULT_PROFILE"))
    if not (os.environ.get("AWS_DEFAULT_REGION") or profile.get("region")):
        changes["AWS_DEFAULT_REGION"] = REGION
    web_identity = os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
    if web_identity is not None:
        profile = {**profile, "web_identity_token_file": web_identity}
    if not (
        os.environ.get("AWS_ACCESS_KEY_ID")
        or _has_credentials(profile, profiles=profiles, sso_sessions=sso_sessions)
    ):
        changes |= {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_SESSION_TOKEN": None,
            "AWS_SECURITY_TOKEN": None,
        }
    return changes


def _read_configuration() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the profiles and the single sign-on sessions of the configuration files."""
    from botocore import configloader  # noqa: PLC0415 - keeps start-up fast
    from botocore.exceptions import ConfigNotFound  # noqa: PLC0415 - keeps start-up fast

    profiles: dict[str, Any] = {}
    sso_sessions: dict[str, Any] = {}
    try:
        config = configloader.load_config(os.environ.get("AWS_CONFIG_FILE", "~/.aws/config"))
        profiles, sso_sessions = config["profiles"], config.get("sso_sessions", {})
    except ConfigNotFound:
        pass
    try:
        file = os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
        for name, values in configloader.raw_config_parse(file).items():
            profiles[name] = {**profiles.get(name, {}), **values}
    except ConfigNotFound:
        pass
    return profiles, sso_sessions


def _has_credentials(
    profile: dict[str, str], *, profiles: dict[str, Any], sso_sessions: dict[str, Any]
) -> bool:
    """Return whether a profile has credentials, and everything that they refer to exists."""
    complete: dict[str, Callable[[str], bool]] = {
        "aws_access_key_id": lambda _: "aws_secret_access_key" in profile,
        "credential_process": _is_program,
        "credential_source": bool,
        "login_session": bool,
        "source_profile": profiles.__contains__,
        "sso_session": sso_sessions.__contains__,
        "sso_start_url": bool,
        "web_identity_token_file": os.path.isfile,
    }
    given = [is_complete(profile[key]) for key, is_complete in complete.items() if key in profile]
    return bool(given) and all(given)


def _has_program(provider: Any) -> bool:
    """Return whether a ``ProcessProvider`` would run a program."""
    return _is_program(provider._credential_process or "")  # noqa: SLF001 - no public API in older versions


def _is_program(command: str) -> bool:
    """Return whether the program of a command line exists."""
    try:
        program, *_ = shlex.split(command, posix=os.name != "nt")
    except ValueError:  # empty, or with an unclosed quotation
        return False
    return shutil.which(program.strip('"')) is not None


def _set_environment(changes: dict[str, str | None]) -> dict[str, str | None]:
    """Set variables, or remove those that are ``None``; return what they were."""
    before = {name: os.environ.get(name) for name in changes}
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    return before
