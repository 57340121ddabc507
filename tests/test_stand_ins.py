"""Stand-ins replace a missing region or credentials; no network is used, and nothing leaks."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import boto3
import botocore.session
import pytest
from botocore.credentials import Credentials
from botocore.exceptions import (
    CredentialRetrievalError,
    InvalidConfigError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.utils import ContainerMetadataFetcher

from pytest_datazone_ts import mock_datazone_ts

pytestmark = pytest.mark.usefixtures("connections")

LEFT_OVER = "a-real-session-token"
sources = pytest.mark.parametrize("source", ["EcsContainer", "Ec2InstanceMetadata"])
signing = pytest.mark.parametrize("sign", [False, True], ids=["unsigned", "signed"])


@pytest.fixture(autouse=True)
def aws(bare_machine):
    """A machine without any AWS configuration; returns its empty ``~/.aws``."""
    return bare_machine


WAYS = {
    "boto3.client": lambda: boto3.client("datazone"),
    "boto3.Session": lambda: boto3.Session().client("datazone"),
    "a botocore session": lambda: botocore.session.get_session().create_client("datazone"),
}


@signing
@pytest.mark.parametrize("way", WAYS)
def test_a_bare_machine_is_enough(connections, post, way, sign):
    environ = dict(os.environ)
    with mock_datazone_ts(sign=sign) as ts:
        client = WAYS[way]()
        post(client)

        assert client.meta.region_name == ts.data_points.one().region == "us-east-1"
        assert dict(os.environ) == environ
    assert dict(os.environ) == environ
    assert connections == []


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"AWS_DEFAULTS_MODE": "auto", "AWS_DEFAULT_REGION": "eu-west-1"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/credentials"},
        {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/credentials"},
    ],
    ids=lambda variables: next(iter(variables), "nothing"),
)
def test_no_metadata_service_is_queried(connections, monkeypatch, sent_headers, variables):
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with mock_datazone_ts(sign=True):
        sent = sent_headers(boto3.client("datazone"))

    assert "Credential=stand-in/" in sent["authorization"]
    assert connections == []
    with suppress(CredentialRetrievalError):  # without a double it would be
        boto3.Session(region_name="us-east-1").client("datazone")
    assert connections != []


def in_role(aws, source):
    (aws / "config").write_text(
        f"[default]\nrole_arn = arn:aws:iam::123456789012:role/r\ncredential_source = {source}\n"
    )


@sources
def test_a_role_whose_source_is_a_metadata_service_is_not_assumed(aws, connections, post, source):
    """Assuming it would need credentials from the service, and then AWS."""
    in_role(aws, source)
    with mock_datazone_ts() as ts:
        post(boto3.client("datazone"))

        assert len(ts.data_points) == 1
    assert connections == []


def test_get_config_variable_honours_its_methods():
    with mock_datazone_ts():
        session = botocore.session.get_session()
        session.set_config_variable("region", "eu-west-1")
        assert session.get_config_variable("region") == "eu-west-1"
        assert session.get_config_variable("region", methods=("env",)) == "us-east-1"


def test_stand_ins_are_gone_afterwards(connections):
    session, bare = boto3.Session(), botocore.session.get_session()
    with mock_datazone_ts():
        kept = bare.get_credentials
        boto3.client("datazone")
        default = boto3.DEFAULT_SESSION
        assert session.region_name == "us-east-1"
        assert session.get_credentials().access_key == "stand-in"
        assert session.get_credentials().secret_key == "stand-in"  # noqa: S105
        assert bare.get_credentials().access_key == "stand-in"
        assert bare.get_config_variable("region") == "us-east-1"
        assert connections == []

    assert boto3.DEFAULT_SESSION is default
    for each in (default, session, bare):
        assert each.get_credentials() is None
    assert kept() is None
    assert session.region_name is None
    assert bare.get_config_variable("region") is None
    with pytest.raises(NoRegionError):
        boto3.client("datazone")


def test_settings_configured_later_are_used(monkeypatch, sent_headers):
    """All clients share a session, as with boto3.client()."""
    with mock_datazone_ts(sign=True):
        assert "Credential=stand-in/" in sent_headers(boto3.client("datazone"))["authorization"]
        with monkeypatch.context() as patched:
            patched.setenv("AWS_ACCESS_KEY_ID", "later")
            patched.setenv("AWS_SECRET_ACCESS_KEY", "later")
            patched.setenv("AWS_DEFAULT_REGION", "eu-west-1")
            authorization = sent_headers(boto3.client("datazone"))["authorization"]
    assert "Credential=later/" in authorization
    assert "/eu-west-1/datazone/aws4_request" in authorization


def test_a_session_does_not_keep_stand_ins_from_the_environment(monkeypatch):
    session = botocore.session.get_session()
    with mock_datazone_ts(), monkeypatch.context() as environment:  # as datazone_ts_server does
        environment.setenv("AWS_ACCESS_KEY_ID", "stand-in")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "stand-in")
        assert session.get_credentials().method == "env"

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "configured")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert session.get_credentials().access_key == "configured"


def test_nested_doubles_keep_the_stand_ins_until_the_last_is_left(connections, post):
    with mock_datazone_ts() as outer:
        with mock_datazone_ts() as inner:
            post(boto3.client("datazone"))
        post(boto3.client("datazone"))

        assert len(inner.calls) == len(outer.calls) == 1
    assert connections == []
    with pytest.raises(NoRegionError):
        boto3.client("datazone")


def test_empty_variables_configure_nothing(connections, monkeypatch, post):
    """CI systems set them so for secrets that a fork does not have."""
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "")
    with mock_datazone_ts(sign=True) as ts:
        post(boto3.client("datazone"))

        assert ts.data_points.one().region == "us-east-1"
    assert connections == []


@signing
def test_a_session_token_without_keys_is_not_used(connections, monkeypatch, sent_headers, sign):
    monkeypatch.setenv("AWS_SESSION_TOKEN", LEFT_OVER)
    monkeypatch.setenv("AWS_SECURITY_TOKEN", LEFT_OVER)
    with mock_datazone_ts(sign=sign):
        sent = sent_headers(boto3.client("datazone"))

    assert ("authorization" in sent) is sign
    assert LEFT_OVER not in str(sent)
    assert connections == []


def in_environment(monkeypatch, _aws):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "configured")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def in_files(_monkeypatch, aws):
    (aws / "config").write_text("[default]\nregion = eu-west-1\n")
    (aws / "credentials").write_text(
        "[default]\naws_access_key_id = configured\naws_secret_access_key = secret\n"
        "aws_session_token = token\n"
    )


def in_profile(monkeypatch, aws):
    (aws / "config").write_text(
        "[profile mine]\nregion = eu-west-1\naws_access_key_id = configured\n"
        "aws_secret_access_key = secret\naws_session_token = token\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "mine")


@signing
@pytest.mark.parametrize("configure", [in_environment, in_files, in_profile])
def test_what_is_configured_is_used(aws, monkeypatch, sent_headers, configure, sign):
    configure(monkeypatch, aws)
    with mock_datazone_ts(sign=sign) as ts:
        client = boto3.client("datazone")
        sent = sent_headers(client)

        assert ts.data_points.one().region == client.meta.region_name == "eu-west-1"
    if sign:
        assert sent["authorization"].startswith("AWS4-HMAC-SHA256 Credential=configured/")
        assert "/eu-west-1/datazone/aws4_request" in sent["authorization"]
        assert sent["x-amz-security-token"] == "token"
    else:
        assert not {"authorization", "x-amz-security-token", "x-amz-date"} & {*sent}


def test_credentials_given_to_the_client_are_used(sent_headers):
    with mock_datazone_ts(sign=True):
        client = boto3.client(
            "datazone",
            region_name="ap-south-1",
            aws_access_key_id="given",
            aws_secret_access_key="given",  # noqa: S106
        )
        authorization = sent_headers(client)["authorization"]

    assert "Credential=given/" in authorization
    assert "/ap-south-1/datazone/aws4_request" in authorization


def test_credentials_given_to_a_session_are_used_by_all_its_clients(sent_headers):
    with mock_datazone_ts(sign=True):
        session = boto3.Session("given", "secret")
        for _ in range(2):
            assert "Credential=given/" in sent_headers(session.client("datazone"))["authorization"]


def test_partial_credentials_are_an_error(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "configured")
    with mock_datazone_ts(), pytest.raises(PartialCredentialsError):
        boto3.client("datazone")


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
@pytest.mark.parametrize("way", WAYS)
def test_a_broken_profile_is_harmless(aws, monkeypatch, sent_headers, way, variable):
    """Nor does the default profile, whose credentials are not used, take its place."""
    in_files(monkeypatch, aws)
    monkeypatch.setenv(variable, "nope")
    with mock_datazone_ts(sign=True) as ts:
        sent = sent_headers(WAYS[way]())

        assert ts.data_points.one().region == "us-east-1"
    assert "Credential=stand-in/" in sent["authorization"]
    assert "x-amz-security-token" not in sent
    with pytest.raises(ProfileNotFound):
        WAYS[way]()


ROLE = "role_arn = arn:aws:iam::123456789012:role/r"
BROKEN = {
    "its program is missing": "credential_process = /nonexistent/program",
    "its program's quotation does not end": "credential_process = 'program",
    "its source is missing": f"{ROLE}\nsource_profile = nope",
    "its sign-on session is missing": "sso_session = nope\nsso_account_id = 1\nsso_role_name = r",
    "its token file is missing": f"{ROLE}\nweb_identity_token_file = /nonexistent/token",
    "half of its keys is missing": "aws_access_key_id = configured",
}
UNUSABLE = {
    **BROKEN,
    "its program fails": "credential_process = false",
    "what its program prints is no JSON": "credential_process = echo no",
}
FOUND_ONLY_IN_USE = "its token file is missing"
unusable = pytest.mark.parametrize("how", UNUSABLE)
any_profile = pytest.mark.parametrize("profile", ["mine", "default"])


def configure_profile(monkeypatch, aws, profile, lines):
    """Write a profile, and set it in the environment unless it is the default one."""
    section = "default" if profile == "default" else f"profile {profile}"
    (aws / "config").write_text(f"[{section}]\nregion = eu-west-1\n{lines}\n")
    if profile != "default":
        monkeypatch.setenv("AWS_PROFILE", profile)


@signing
@any_profile
@unusable
def test_a_profile_without_usable_credentials_is_harmless(
    aws, monkeypatch, sent_headers, how, profile, sign
):
    if sign and how == FOUND_ONLY_IN_USE:
        pytest.skip("botocore opens the file when it signs")
    configure_profile(monkeypatch, aws, profile, UNUSABLE[how])
    with mock_datazone_ts(sign=sign) as ts:
        sent = sent_headers(boto3.client("datazone"))

        assert ts.data_points.one().region == "eu-west-1"
        assert boto3.Session().get_credentials().access_key == "stand-in"
    assert ("Credential=stand-in/" in sent.get("authorization", "")) is sign


@signing
@unusable
def test_a_profile_named_in_the_code_must_work(aws, monkeypatch, how, sign):
    if how == FOUND_ONLY_IN_USE or (how not in BROKEN and not sign):
        pytest.skip("this is found out only in use")
    configure_profile(monkeypatch, aws, "mine", UNUSABLE[how])
    with mock_datazone_ts(sign=sign):
        session = boto3.Session(profile_name="mine")
        with pytest.raises(Exception, match=r"."):
            session.client("datazone")


def test_the_sso_session_of_a_profile_named_in_the_code_must_exist(aws, monkeypatch):
    """This applies even if the code passes credentials, because a token might be needed."""
    configure_profile(monkeypatch, aws, "mine", BROKEN["its sign-on session is missing"])
    keys = {"aws_access_key_id": "given", "aws_secret_access_key": "secret"}
    with mock_datazone_ts():
        boto3.Session(**keys).client("datazone")
        with pytest.raises(InvalidConfigError):
            boto3.Session(**keys, profile_name="mine").client("datazone")


def test_partial_credentials_in_the_environment_are_an_error_despite_a_broken_profile(
    aws, monkeypatch
):
    configure_profile(monkeypatch, aws, "mine", BROKEN["its source is missing"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "configured")
    with mock_datazone_ts(), pytest.raises(PartialCredentialsError):
        boto3.client("datazone")


@pytest.fixture
def program(tmp_path):
    """A program for ``credential_process`` whose ``runs`` shows whether it ran."""

    class Program(NamedTuple):
        command: str
        runs: Path

    runs = tmp_path / "runs"
    script = tmp_path / "login.py"
    credentials = {"Version": 1, "AccessKeyId": "printed", "SecretAccessKey": "printed"}
    script.write_text(f"open({str(runs)!r}, 'a').write('x')\nprint({json.dumps(credentials)!r})\n")
    return Program(f'"{Path(sys.executable).as_posix()}" "{script.as_posix()}"', runs)


@any_profile
def test_no_program_runs(aws, monkeypatch, post, program, profile):
    configure_profile(monkeypatch, aws, profile, f"credential_process = {program.command}")
    with mock_datazone_ts() as ts:
        post(boto3.client("datazone"))
        assert boto3.Session().get_credentials().access_key == "stand-in"

        assert ts.data_points.one().region == "eu-west-1"
    assert not program.runs.exists()
    assert boto3.Session().get_credentials().access_key == "printed"


@pytest.mark.parametrize("named", ["mine", "role"])
def test_no_program_runs_for_a_profile_named_in_the_code(aws, post, program, named):
    (aws / "config").write_text(
        f"[profile mine]\nregion = eu-west-1\ncredential_process = {program.command}\n"
        f"[profile role]\nregion = eu-west-1\n{ROLE}\nsource_profile = mine\n"
    )
    session = boto3.Session(profile_name=named)
    with mock_datazone_ts() as ts:
        post(session.client("datazone"))

        assert ts.data_points.one().region == "eu-west-1"
    assert not program.runs.exists()
    if named == "mine":
        assert session.get_credentials().access_key == "printed"


@any_profile
@pytest.mark.parametrize("options", [{"sign": True}, {"unstubbed": "passthrough"}])
def test_a_program_runs_if_requests_are_signed(aws, monkeypatch, program, profile, options):
    """Requests that an option passes through are signed."""
    configure_profile(monkeypatch, aws, profile, f"credential_process = {program.command}")
    session = boto3.Session()
    with mock_datazone_ts(**options):
        session.client("datazone")
        assert session.get_credentials().access_key == "printed"
        with mock_datazone_ts():  # the innermost double's options count
            assert boto3.Session().get_credentials().access_key == "stand-in"
        assert boto3.Session().get_credentials().access_key == "printed"


TEMPORARY = {
    "a role": f"{ROLE}\nsource_profile = base\n[profile base]\n"
    "aws_access_key_id = configured\naws_secret_access_key = secret",
    "a role of a program's": f"{ROLE}\nsource_profile = base\n[profile base]\n"
    "credential_process = echo no",
    "single sign-on": "sso_session = s\nsso_account_id = 1\nsso_role_name = r\n"
    "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://sso.example/start",
    "single sign-on as it was": "sso_region = eu-west-1\nsso_start_url = https://sso.example/start"
    "\nsso_account_id = 1\nsso_role_name = r",
    "a web identity": f"{ROLE}\nweb_identity_token_file = {__file__}",
    "a login": "login_session = arn:aws:iam::123456789012:user/u",
}
temporary = pytest.mark.parametrize("lines", TEMPORARY.values(), ids=TEMPORARY)


@any_profile
@temporary
def test_no_temporary_credentials_are_requested(
    aws, connections, monkeypatch, post, lines, profile
):
    configure_profile(monkeypatch, aws, profile, lines)
    session = boto3.Session()
    with mock_datazone_ts() as ts:
        post(session.client("datazone"))
        assert session.get_credentials().get_frozen_credentials().access_key == "stand-in"

        assert ts.data_points.one().region == "eu-west-1"
    assert connections == []


def test_credentials_set_on_a_session_are_kept(aws, monkeypatch):
    configure_profile(monkeypatch, aws, "default", BROKEN["its source is missing"])
    session = botocore.session.get_session()
    session.set_credentials("given", "secret")
    with mock_datazone_ts():
        assert session.get_credentials().access_key == "given"


def test_credential_providers_added_by_the_code_are_used():
    class Vault:
        METHOD = "vault"

        def load(self):
            return Credentials("vault", "secret")

        load_credentials = load

    inserted, replaced = botocore.session.get_session(), botocore.session.get_session()
    inserted.get_component("credential_provider").insert_before("env", Vault())
    replaced.register_component("credential_provider", Vault())
    with mock_datazone_ts():
        for session in (inserted, replaced):
            assert session.get_credentials().access_key == "vault"


def test_a_profile_named_in_the_code_must_exist():
    with mock_datazone_ts():
        with pytest.raises(ProfileNotFound):
            boto3.Session(profile_name="nope")
        session = botocore.session.Session(profile="nope")
        with pytest.raises(ProfileNotFound):
            session.create_client("datazone")


async def made_by(session):
    """Return the region of an async client and the access key of the session's credentials."""
    async with session.create_client("datazone") as client:
        credentials = await session.get_credentials()
        return client.meta.region_name, credentials.access_key


def test_async_sessions_use_the_stand_ins(connections, monkeypatch):
    aiobotocore = pytest.importorskip("aiobotocore.session")
    monkeypatch.setenv("AWS_DEFAULTS_MODE", "auto")
    session = aiobotocore.get_session()

    with mock_datazone_ts():
        assert asyncio.run(made_by(session)) == ("us-east-1", "stand-in")
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/")
        assert asyncio.run(made_by(session)) == ("us-east-1", "stand-in")
    assert connections == []
    monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    assert asyncio.run(session.get_credentials()) is None
    assert connections != []


@any_profile
@pytest.mark.parametrize("how", [*UNUSABLE, *TEMPORARY])
def test_async_sessions_survive_every_profile(aws, connections, monkeypatch, how, profile):
    aiobotocore = pytest.importorskip("aiobotocore.session")
    configure_profile(monkeypatch, aws, profile, {**UNUSABLE, **TEMPORARY}[how])
    with mock_datazone_ts():
        made = asyncio.run(made_by(aiobotocore.get_session()))

    assert made == ("eu-west-1", "stand-in")
    assert connections == []


@pytest.mark.parametrize("options", [{}, {"sign": True}])
def test_async_sessions_run_a_program_if_requests_are_signed(aws, program, options):
    aiobotocore = pytest.importorskip("aiobotocore.session")
    (aws / "config").write_text(
        f"[default]\nregion = eu-west-1\ncredential_process = {program.command}\n"
        f"[profile mine]\nregion = eu-west-1\ncredential_process = {program.command}\n"
    )
    found = "printed" if options else "stand-in"
    with mock_datazone_ts(**options):
        for session in (aiobotocore.get_session(), aiobotocore.AioSession(profile="mine")):
            assert asyncio.run(made_by(session)) == ("eu-west-1", found)
    assert program.runs.exists() is bool(options)


def test_async_sessions_raise_for_partial_credentials_and_profiles_named_in_the_code(
    aws, monkeypatch
):
    aiobotocore = pytest.importorskip("aiobotocore.session")
    configure_profile(monkeypatch, aws, "mine", BROKEN["its source is missing"])
    with mock_datazone_ts():
        with pytest.raises(InvalidConfigError):
            asyncio.run(made_by(aiobotocore.AioSession(profile="mine")))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "configured")
        with pytest.raises(PartialCredentialsError):
            asyncio.run(made_by(aiobotocore.get_session()))


@sources
def test_async_sessions_query_no_metadata_service_for_the_source_of_a_role(
    aws, connections, source
):
    aiobotocore = pytest.importorskip("aiobotocore.session")
    in_role(aws, source)

    async def made():
        async with aiobotocore.get_session().create_client("datazone") as client:
            return client.meta.region_name

    with mock_datazone_ts():
        assert asyncio.run(made()) == "us-east-1"
    assert connections == []


IMPORTS_LATE = """
    import asyncio

    from pytest_datazone_ts import mock_datazone_ts

    with mock_datazone_ts():
        import aiobotocore.session

        credentials = asyncio.run(aiobotocore.session.get_session().get_credentials())
    print(credentials.access_key)
"""


def test_async_sessions_imported_later_use_the_stand_ins(pytester, monkeypatch):
    pytest.importorskip("aiobotocore.session")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    result = pytester.run(sys.executable, pytester.makepyfile(late=IMPORTS_LATE))

    assert result.outlines == ["stand-in"]


BARE_MACHINE = """
    import os
    import socket

    import pytest

    TRIED = []

    def connect(_socket, address):
        TRIED.append(address)
        raise OSError

    socket.socket.connect = connect

    @pytest.fixture(autouse=True)
    def nothing_changes():
        environ = dict(os.environ)
        yield
        assert {**os.environ, "PYTEST_CURRENT_TEST": ""} == {**environ, "PYTEST_CURRENT_TEST": ""}
        assert TRIED == []
"""
POSTS = """
    def post(client):
        client.post_time_series_data_points(
            domainIdentifier="dzd_1", entityIdentifier="e", entityType="ASSET",
            forms=[{"formName": "f", "typeIdentifier": "t", "timestamp": 1}],
        )
"""


def test_the_fixtures_work_on_a_bare_machine(pytester, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nope")
    monkeypatch.setenv("AWS_SESSION_TOKEN", LEFT_OVER)
    pytester.makeconftest(BARE_MACHINE)
    pytester.makepyfile(posting=POSTS)
    pytester.makepyfile("""
        import os

        import boto3
        import pytest
        from posting import post

        def test_client_of_its_own(datazone_ts):
            post(boto3.client("datazone"))
            assert datazone_ts.data_points.one().region == "us-east-1"
            assert os.environ["AWS_PROFILE"] == "nope"

        def test_client_of_the_plugins(datazone_ts, datazone_ts_client):
            post(datazone_ts_client)
            assert len(datazone_ts.data_points) == 1

        def test_setenv_before(monkeypatch, datazone_ts):
            monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
            post(boto3.client("datazone"))
            assert datazone_ts.data_points.one().region == "eu-west-1"

        @pytest.fixture
        def region(datazone_ts, monkeypatch):
            monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

        def test_setenv_after(region, datazone_ts):
            post(boto3.client("datazone"))
            assert datazone_ts.data_points.one().region == "eu-west-1"

        def test_without_a_double():
            with pytest.raises(Exception, match="nope"):
                boto3.client("datazone")
    """)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=5)


AT_IMPORT = """
    import os

    import boto3
    from posting import post

    CLIENT = boto3.client("datazone")
    VARIABLES = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}

    def test_posts(datazone_ts):
        post(CLIENT)
        assert datazone_ts.data_points.one().region == CLIENT.meta.region_name
        for name, value in VARIABLES.items():
            print(name, "is", value)
"""
STAND_INS = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "stand-in",
    "AWS_SECRET_ACCESS_KEY": "stand-in",
}


def variables_of_aws():
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


def nowhere(_monkeypatch, _aws):
    """Configure nothing."""


def broken(monkeypatch, aws):
    in_files(monkeypatch, aws)
    monkeypatch.setenv("AWS_PROFILE", "nope")
    monkeypatch.setenv("AWS_SESSION_TOKEN", LEFT_OVER)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "")


def broken_by_its_older_name(monkeypatch, aws):  # noqa: ARG001
    monkeypatch.setenv("AWS_DEFAULT_PROFILE", "nope")


def beside_a_broken_profile(monkeypatch, aws):
    in_environment(monkeypatch, aws)
    monkeypatch.setenv("AWS_PROFILE", "nope")


KEYS = {
    "AWS_ACCESS_KEY_ID": "configured",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


@pytest.mark.parametrize(
    ("configure", "expected"),
    [
        (nowhere, STAND_INS),
        (broken, STAND_INS),
        (broken_by_its_older_name, STAND_INS),
        (beside_a_broken_profile, KEYS),
        (in_profile, {"AWS_PROFILE": "mine"}),
    ],
)
def test_the_option_stand_ins_lets_a_client_be_made_at_import(
    pytester, connections, monkeypatch, configure, expected
):
    aws = pytester.path / ".aws"  # where pytester's HOME is
    aws.mkdir()
    configure(monkeypatch, aws)
    before = variables_of_aws()
    pytester.makeini("[pytest]\ndatazone_ts_stand_ins = true\n")
    pytester.makepyfile(posting=POSTS)
    pytester.makepyfile(AT_IMPORT)

    result = pytester.runpytest_inprocess("-W", "error", "-rP")

    result.assert_outcomes(passed=1)
    shown = [line.split(" is ") for line in result.outlines if line.startswith("AWS_")]
    assert dict(shown) == expected
    assert variables_of_aws() == before
    assert connections == []


@pytest.fixture
def run_with_stand_ins(pytester):
    """Write a configuration and return the AWS variables of a run with the option."""

    def run(config):
        (pytester.path / ".aws").mkdir()  # where pytester's HOME is
        (pytester.path / ".aws" / "config").write_text(config)
        pytester.makeini("[pytest]\ndatazone_ts_stand_ins = true\n")
        pytester.makepyfile("""
            import os

            def test_it():
                for name, value in os.environ.items():
                    if name.startswith("AWS_"):
                        print(name, "is", value)
        """)
        before = variables_of_aws()
        result = pytester.runpytest_inprocess("-W", "error", "-rP")
        result.assert_outcomes(passed=1)
        assert variables_of_aws() == before
        shown = (line.split(" is ") for line in result.outlines if line.startswith("AWS_"))
        return dict(shown)

    return run


@any_profile
@pytest.mark.parametrize("how", BROKEN)
def test_the_option_stand_ins_replaces_broken_credentials(
    run_with_stand_ins, monkeypatch, how, profile
):
    named = {} if profile == "default" else {"AWS_PROFILE": profile}
    section = "profile mine" if named else "default"
    for name, value in named.items():
        monkeypatch.setenv(name, value)

    variables = run_with_stand_ins(f"[{section}]\n{BROKEN[how]}\n")

    assert variables == {**STAND_INS, **named}


@temporary
def test_the_option_stand_ins_leaves_temporary_credentials_alone(
    run_with_stand_ins, connections, lines
):
    assert run_with_stand_ins(f"[default]\n{lines}\n") == {"AWS_DEFAULT_REGION": "us-east-1"}
    assert connections == []


@pytest.mark.parametrize("file", [__file__, "/nonexistent/token"])
def test_the_option_stand_ins_looks_for_the_token_file_in_the_environment(
    run_with_stand_ins, monkeypatch, file
):
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file)
    variables = run_with_stand_ins("")

    assert variables.pop("AWS_WEB_IDENTITY_TOKEN_FILE") == file
    assert variables == ({"AWS_DEFAULT_REGION": "us-east-1"} if file == __file__ else STAND_INS)


def test_the_option_stand_ins_reads_the_configuration_file_that_the_environment_names(
    run_with_stand_ins, monkeypatch, tmp_path, program
):
    file = tmp_path / "elsewhere"
    file.write_text(f"[default]\ncredential_process = {program.command}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))

    assert run_with_stand_ins("") == {
        "AWS_CONFIG_FILE": str(file),
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def test_the_option_stand_ins_runs_no_program(run_with_stand_ins, program):
    config = f"[default]\ncredential_process = {program.command}\n"

    assert run_with_stand_ins(config) == {"AWS_DEFAULT_REGION": "us-east-1"}
    assert not program.runs.exists()


def test_the_option_stand_ins_ignores_an_unreadable_configuration(run_with_stand_ins):
    assert run_with_stand_ins("[default\n") == {}


def test_the_option_stand_ins_lets_gevent_patch_everything_in_a_conftest(pytester, monkeypatch):
    """No module that gevent patches, such as ssl, may be imported before."""
    pytest.importorskip("gevent")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others may import ssl
    pytester.makeini("[pytest]\ndatazone_ts_stand_ins = true\n")
    pytester.makeconftest("from gevent import monkey; monkey.patch_all()")
    pytester.makepyfile(posting=POSTS)
    pytester.makepyfile(AT_IMPORT)

    result = pytester.runpytest_subprocess("-p", "pytest_datazone_ts.plugin", "-W", "error")

    result.assert_outcomes(passed=1)


def test_the_option_stand_ins_leaves_partial_credentials_alone(pytester, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "configured")
    pytester.makeini("[pytest]\ndatazone_ts_stand_ins = true\n")
    pytester.makepyfile("""
        import os

        def test_the_key_is_the_users():
            assert os.environ["AWS_ACCESS_KEY_ID"] == "configured"
            assert "AWS_SECRET_ACCESS_KEY" not in os.environ
            assert os.environ["AWS_DEFAULT_REGION"] == "us-east-1"
    """)

    pytester.runpytest_inprocess("-W", "error").assert_outcomes(passed=1)
    assert variables_of_aws() == {"AWS_ACCESS_KEY_ID": "configured"}


@pytest.mark.skipif(
    "kwargs" not in inspect.signature(botocore.session.Session.get_auth_token).parameters,
    reason="this botocore has no tokens of single services yet",
)
@pytest.mark.usefixtures("datazone_ts")
def test_the_token_of_another_service_is_found(monkeypatch):
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "configured")
    session = botocore.session.get_session()
    assert session.get_auth_token(signing_name="bedrock") == ("configured", None)
    assert session.get_auth_token() is None
