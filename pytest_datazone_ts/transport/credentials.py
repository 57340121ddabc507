"""Stand-in credentials and a stand-in region, for machines without any that work.

While a double is active, botocore looks up its configuration as usual, and gets a stand-in where it
would find nothing, fail, run a program or use the network. The environment of the process does not
change. ``set_environment_defaults()`` implements the ini setting ``datazone_ts_stand_ins``.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from typing import TYPE_CHECKING, Any

from pytest_datazone_ts.transport.replacement import Replacements

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.compat import HTTPHeaders
    from botocore.session import Session

    from pytest_datazone_ts.exchange import Exchange

REGION = "us-east-1"
ACCESS_KEY = "stand-in"
SECRET_KEY = "stand-in"  # noqa: S105 - not a secret
_METHOD = "stand-in"
_REMOTE = {"assume-role", "assume-role-with-web-identity", "custom-process", "login", "sso"}
"""The ``METHOD`` of the providers that run a program or use the network for a profile."""
_MOTO_CREDENTIAL = "Credential=FOOBARKEY/"

_replacements = Replacements()


def withhold_session_token(headers: HTTPHeaders) -> None:
    """Remove the session token from a request that is signed with moto's keys.

    ``mock_aws`` sets its keys, but leaves a real session token in the environment.
    """
    if _MOTO_CREDENTIAL in headers.get("Authorization", ""):
        del headers["X-Amz-Security-Token"]


def install(active_exchange: Callable[[], Exchange | None]) -> None:
    """Give every session stand-ins for the configuration that it does not find.

    Args:
        active_exchange: Returns the exchange of the innermost double, if any; its options
            determine whether requests need credentials.
    """

    def needs_credentials() -> bool:
        exchange = active_exchange()
        if exchange is None:  # the method was looked up while one was active
            return True
        return exchange.options.sign or exchange.options.unstubbed == "passthrough"

    _replace_providers(needs_credentials)
    _replace_get_credentials(needs_credentials)
    _replace_configuration()
    if "aiobotocore.session" in sys.modules:
        _replace_async_providers(needs_credentials)
        _replace_async_get_credentials(needs_credentials)


def uninstall() -> None:
    """Remove the stand-ins."""
    _replacements.undo()


def _replace_providers(needs_credentials: Callable[[], bool]) -> None:
    from botocore import credentials, utils  # noqa: PLC0415 - keeps start-up fast

    stand_in = credentials.Credentials(ACCESS_KEY, SECRET_KEY, method=_METHOD)
    run_process = _replacements.original(credentials.ProcessProvider, "load")

    def load(_provider: object) -> Any:
        return stand_in

    def load_process(provider: Any) -> Any:
        if needs_credentials() or not _has_program(provider):  # botocore itself reports that
            return run_process(provider)
        return stand_in

    def no_region(_provider: object) -> None:
        return None

    _replacements.put(credentials.ContainerProvider, "load", load)
    _replacements.put(credentials.InstanceMetadataProvider, "load", load)
    _replacements.put(credentials.ProcessProvider, "load", load_process)
    _replacements.put(utils.IMDSRegionProvider, "provide", no_region)


def _replace_get_credentials(needs_credentials: Callable[[], bool]) -> None:
    from botocore import credentials  # noqa: PLC0415 - keeps start-up fast
    from botocore.session import Session  # noqa: PLC0415 - keeps start-up fast

    stand_in = credentials.Credentials(ACCESS_KEY, SECRET_KEY, method=_METHOD)
    find = _replacements.original(Session, "get_credentials")

    def get_credentials(session: Session) -> Any:
        if _has_named_profile(session):
            return _without_caching(session, find(session))
        try:
            if needs_credentials():
                found = find(session)
            else:
                resolver = _local_resolver(session, credentials.CredentialResolver)
                found = vars(session)["_credentials"] or resolver.load_credentials()
        except Exception as error:
            if _is_environment_error(error):
                raise
            found = stand_in
        return _without_caching(session, found)

    _replacements.put(Session, "get_credentials", get_credentials)


def _replace_configuration() -> None:
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415 - keeps start-up fast
    from botocore.session import Session  # noqa: PLC0415 - keeps start-up fast

    find_auth_token = _replacements.original(Session, "get_auth_token")
    find_config_variable = _replacements.original(Session, "get_config_variable")
    find_scoped_config = _replacements.original(Session, "get_scoped_config")

    def get_auth_token(session: Session, **keywords: Any) -> Any:
        try:
            return find_auth_token(session, **keywords)
        except Exception:
            if _has_named_profile(session):
                raise
            return None

    def get_config_variable(session: Session, logical_name: str, methods: Any = None) -> Any:
        value = find_config_variable(session, logical_name, methods)
        # An empty variable sets nothing; such variables are common in continuous integration.
        return REGION if logical_name == "region" and not value else value

    def get_scoped_config(session: Session) -> Any:
        try:
            return find_scoped_config(session)
        except ProfileNotFound:
            if _has_named_profile(session):
                raise
            # Not the default profile, because the environment names another one.
            return {}

    _replacements.put(Session, "get_auth_token", get_auth_token)
    _replacements.put(Session, "get_config_variable", get_config_variable)
    _replacements.put(Session, "get_scoped_config", get_scoped_config)


def _replace_async_providers(needs_credentials: Callable[[], bool]) -> None:
    credentials = sys.modules["aiobotocore.credentials"]
    utils = sys.modules["aiobotocore.utils"]
    stand_in = credentials.AioCredentials(ACCESS_KEY, SECRET_KEY, method=_METHOD)
    run_process = _replacements.original(credentials.AioProcessProvider, "load")

    async def load(_provider: object) -> Any:
        return stand_in

    async def load_process(provider: Any) -> Any:
        if needs_credentials() or not _has_program(provider):
            return await run_process(provider)
        return stand_in

    async def no_region(_provider: object) -> None:
        return None

    _replacements.put(credentials.AioContainerProvider, "load", load)
    _replacements.put(credentials.AioInstanceMetadataProvider, "load", load)
    _replacements.put(credentials.AioProcessProvider, "load", load_process)
    _replacements.put(utils.AioIMDSRegionProvider, "provide", no_region)


def _replace_async_get_credentials(needs_credentials: Callable[[], bool]) -> None:
    credentials = sys.modules["aiobotocore.credentials"]
    session_class = sys.modules["aiobotocore.session"].AioSession
    stand_in = credentials.AioCredentials(ACCESS_KEY, SECRET_KEY, method=_METHOD)
    find = _replacements.original(session_class, "get_credentials")

    async def get_credentials(session: Session) -> Any:
        if _has_named_profile(session):
            return _without_caching(session, await find(session))
        try:
            if needs_credentials():
                found = await find(session)
            else:
                resolver = _local_resolver(session, credentials.AioCredentialResolver)
                found = vars(session)["_credentials"] or await resolver.load_credentials()
        except Exception as error:
            if _is_environment_error(error):
                raise
            found = stand_in
        return _without_caching(session, found)

    _replacements.put(session_class, "get_credentials", get_credentials)


def _has_named_profile(session: Session) -> bool:
    """Return whether the code under test, and not the environment, names the session's profile."""
    return session.instance_variables().get("profile") is not None


def _local_resolver(session: Session, resolver_class: Any) -> Any:
    """Return a resolver with the providers that run nothing and use no network."""
    resolver: Any = session.get_component("credential_provider")
    if type(resolver) is not resolver_class:  # the code under test has one of its own
        return resolver
    return resolver_class(
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
