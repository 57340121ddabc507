"""Nothing that looks like a credential is shown in the terminal, JUnit file or report."""

from __future__ import annotations

import re
import time

import boto3
import pytest
from sample import DOMAIN, ENTITY

from pytest_datazone_ts import UnansweredOperationError
from pytest_datazone_ts.text import redacted_target, without_credentials

PEM = "-----BEGIN {0}-----\nPASSPASSPASS\nPASS==\n-----END {0}-----"
SECRETS = {
    "x-api-key": ("x-api-key: PASS, a", "x-api-key: ***, a"),
    "apiKey": ('{"apiKey": "PASS", "a": 1}', '{"apiKey": "***", "a": 1}'),
    "accessKey": ("accessKey=PASS a", "accessKey=*** a"),
    "access_key": ('{"access_key_id": "PASS"}', '{"access_key_id": "***"}'),
    "private-key": ("private-key: PASS", "private-key: ***"),
    "pwd": ("Server=db;Uid=me;Pwd=PASS;", "Server=db;Uid=me;Pwd=***;"),
    "a number": ("pwd=1234567 a", "pwd=*** a"),
    "a number in JSON": ('{"password": 1234567, "a": 1}', '{"password": ***, "a": 1}'),
    "passphrase": ("{'passphrase': 'PASS PASS'}", "{'passphrase': '***'}"),
    "cookie": ("Cookie: a=PASS; b=PASS", "Cookie: ***"),
    "Set-Cookie": ("set-cookie: a=PASS; HttpOnly", "set-cookie: ***"),
    "a cookie in JSON": ('{"Cookie": "a=PASS; b=PASS", "a": 1}', '{"Cookie": "***", "a": 1}'),
    "a cookie in a command": ("curl -H 'Cookie: a=PASS; b=PASS' x", "curl -H 'Cookie: ***' x"),
    **{
        prefix: (f"a {prefix}{'PASS' * 9} b", "a *** b")
        for prefix in ("ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_11A_")
    },
    **{
        prefix: (f"a {prefix}123456789012-PASS b", "a *** b")
        for prefix in ("xoxb-", "xoxp-", "xoxa-2-", "xoxe.xoxp-1-", "xapp-1-")
    },
    "no scheme": ("git clone user:PASS@github.com/a", "git clone user:***@github.com/a"),
    "a scheme": ("https://user:PASS@github.com/a", "https://user:***@github.com/a"),
    "an object in JSON": (
        '{"a": {"password": "PASS"}, "b": 1}',
        '{"a": {"password": "***"}, "b": 1}',
    ),
    "JSON in JSON": (r'{"a": "{\"pwd\": \"PASS\"}"}', r'{"a": "{\"pwd\": \"***\"}"}'),
    "a number in JSON in JSON": (
        r'{"a": "{\"pwd\": 1234567, \"b\": 1}"}',
        r'{"a": "{\"pwd\": ***, \"b\": 1}"}',
    ),
    "colons": ("user:PASS:PASS@[::1]", "user:***@[::1]"),
}
PEMS = {
    kind: (PEM.format(kind), f"-----BEGIN {kind}-----***")
    for kind in (
        *("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"),
        *("ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"),
    )
}


@pytest.mark.parametrize("case", SECRETS | PEMS)
def test_a_secret_is_not_shown(case):
    secret, shown = {**SECRETS, **PEMS}[case]
    assert without_credentials(secret) == shown
    assert without_credentials(shown) == shown
    assert without_credentials(f"a {secret}\nb").startswith("a ")


@pytest.mark.parametrize(
    "text",
    [
        "mailto:bob@example.com",
        "git@github.com:owner/repository.git",
        "https://host:80/a@b 12:30 @ home",
        "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----",
        "the cookie jar; keyboard: qwerty; monkey=1; accessed: 5",
        "ghp_short xoxb-short github_path",
        '{"tokens": 12, "pwd": null}',
    ],
)
def test_text_that_is_not_a_secret_is_shown(text):
    assert without_credentials(text) == text


def test_an_unterminated_key_is_not_shown():
    assert (
        without_credentials("-----BEGIN PRIVATE KEY-----PASS") == "-----BEGIN PRIVATE KEY-----***"
    )


def test_a_query_has_no_credential_however_it_is_encoded():
    target = "/a?x=1&p%77d=PASS&u=user%3APASS%40host&b=x-api-key%3A+PASS&c=a;pwd=PASS&AKIA&="
    assert redacted_target(target) == "/a?x=1&p%77d=***&u=***&b=***&c=***&AKIA&="
    assert redacted_target("/a") == "/a"


PIECES = [
    *("a", ":", "@", "/", "-", " ", "\n", "\\", '"', "'", "=", "&", ".", "a.", "a:", "a:@", "x@a:"),
    *("-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA ", "-----END ", "cookie:", "cookie: \\"),
    *("pwd", "pwd=", "pwd=1", "password:", '"pwd": "', '\\"pwd\\": \\"', "token-", "x-api-key"),
    *(
        "ghp_",
        "ghp_a",
        "xoxb-",
        "xoxb.xoxb-",
        "eyJ.",
        "eyJa.a",
        "://",
        "://a:",
        "AKIA",
        "Signature=",
    ),
]


@pytest.mark.parametrize("piece", PIECES)
def test_redaction_takes_linear_time(piece):
    started = time.thread_time()
    without_credentials(piece * (200_000 // len(piece)))
    assert time.thread_time() - started < 5  # and minutes if it grew faster than the text


TEST = """
import boto3, pytest
from botocore.exceptions import ClientError

SECRETS = {secrets!r}

@pytest.mark.datazone_ts(content_check="off")
def test(datazone_ts, datazone_ts_client):
    for number, secret in enumerate(SECRETS):
        datazone_ts_client.post_time_series_data_points(
            domainIdentifier={domain!r}, entityIdentifier={entity!r}, entityType="ASSET",
            forms=[
                {{"formName": f"form{{number}}", "typeIdentifier": "a.b", "timestamp": 0,
                 "content": secret}}
            ],
        )
    with pytest.raises(ClientError):
        datazone_ts_client.get_time_series_data_point(
            domainIdentifier={domain!r}, entityIdentifier={entity!r}, entityType="ASSET",
            formName="form0", identifier=SECRETS[-1],
        )
    raise LookupError
"""


def test_secrets_are_redacted_wherever_they_are_shown(pytester):
    secrets = [secret for secret, _ in {**SECRETS, **PEMS}.values()]
    pytester.makepyfile(TEST.format(secrets=secrets, domain=DOMAIN, entity=ENTITY))
    result = pytester.runpytest_subprocess(
        "-vv", "--tb=short", "--junitxml=junit.xml", "--datazone-ts-report=report.html"
    )
    result.assert_outcomes(failed=1)
    shown = {
        "terminal": result.stdout.str(),
        "JUnit": (pytester.path / "junit.xml").read_text(encoding="utf-8"),
        "page": (pytester.path / "report.html").read_text(encoding="utf-8"),
    }
    for place, text in shown.items():
        assert text.count("***") > len(secrets), place
        assert "PASS" not in text.replace("PASSED", ""), place
        assert "1234567" not in text, place


MESSAGES = """
import json

def post(client, **content):
    form = {{"formName": "f", "typeIdentifier": "a.b", "timestamp": 0}}
    client.post_time_series_data_points(
        domainIdentifier={domain!r}, entityIdentifier={entity!r}, entityType="ASSET",
        forms=[{{**form, "content": json.dumps(content)}}],
    )

def test_nearest(datazone_ts, datazone_ts_client):
    post(datazone_ts_client, pwd="PASS1", note="passphrase: PASS2", url="https://u:PASS3@h")
    datazone_ts.assert_posted(content={{"pwd": "other", "note": "other", "url": "other"}})

def test_one(datazone_ts, datazone_ts_client):
    post(datazone_ts_client, pwd="PASS1")
    post(datazone_ts_client, pwd="PASS2")
    datazone_ts.data_points.one()

def test_equal(datazone_ts, datazone_ts_client):
    post(datazone_ts_client, pwd="PASS1", note="pwd: PASS1")
    post(datazone_ts_client, pwd="PASS2", note="pwd: PASS2")
    left, right = datazone_ts.data_points
    assert left == right
"""


def test_a_message_that_compares_shows_no_secret(pytester):
    pytester.makepyfile(MESSAGES.format(domain=DOMAIN, entity=ENTITY))
    result = pytester.runpytest_inprocess("-vv", "--tb=short")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "*content $.pwd: differs, and is not shown",
            "*content $.note",
            "*expected 'other'",
            "*posted   'passphrase: ***'",
            "*posted   'https://u:***@h'",
            "*content $.pwd: [*][*][*]",
            "*Narrow it down with where(...)",
            "*content $.note: 'pwd: ***' != 'pwd: ***'",
        ]
    )
    assert not re.search("PASS[0-9]", result.stdout.str())


EVENT = "before-send.datazone.PostTimeSeriesDataPoints"


def test_a_blocked_request_is_shown_without_a_password(datazone_ts, post):
    """A handler that replaces the request's URL loses the call, so the request is blocked."""
    client = boto3.client(
        "datazone", region_name="us-east-1", endpoint_url="https://user:PASS@datazone.test"
    )

    def replace_url(request, **_):
        request.url = "".join(request.url)
        vars(request).pop("context", None)

    client.meta.events.register_first(EVENT, replace_url)
    with pytest.raises(UnansweredOperationError) as raised:
        post(client)
    datazone_ts.reset()  # forget the error, which strict reports
    assert "about to go to https://user:***@datazone.test/" in str(raised.value)
    assert "PASS" not in str(raised.value)
