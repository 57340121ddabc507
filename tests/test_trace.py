"""What a failed test shows of the DataZone calls that it made, word for word."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

# Before the runs inside tests, so that not each of them imports these anew.
import freezegun  # noqa: F401
import hypothesis.internal.conjecture.engine  # noqa: F401
import pytest

PIPELINE = """
from contextlib import suppress
from functools import cache

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

FORM = {
    "formName": "completeness",
    "typeIdentifier": "amazon.datazone.DataQualityResultFormType",
    "timestamp": 1704067200,
    "content": '{"evaluationsCount": 8, "passingPercentage": 87.5}',
}
ENTITY = {
    "domainIdentifier": "dzd_5oo7xzoqltu8mf",
    "entityIdentifier": "4wyh64k2n8czaf",
    "entityType": "ASSET",
}

@cache
def client(attempts=3):
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return boto3.client("datazone", region_name="us-east-1", config=Config(retries=retries))

def post(*forms, client=client(), **keywords):
    forms = [{**FORM, **form} for form in forms or [{}]]
    client.post_time_series_data_points(**{**ENTITY, "forms": forms, **keywords})
"""

POSTED = """\
1. PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf, domain dzd_5oo7xzoqltu8mf,
   us-east-1, 2024-03-01 09:00:00Z
   form 'completeness' at 2024-01-01 00:00:00Z,
     amazon.datazone.DataQualityResultFormType
     {"evaluationsCount": 8, "passingPercentage": 87.5}
   attempt 1: 201, stored 9zfkfw98b9757k
"""


CONFTEST = """
import random

import freezegun
import pytest

@pytest.fixture(autouse=True)
def frozen():
    random.seed(1)
    with freezegun.freeze_time("2024-03-01 09:00:00") as clock:
        yield clock
"""


@pytest.fixture
def run(run_pytest):
    """Run pytest in this process on a test file, on a frozen clock."""

    def run(source, *arguments):
        imports = "import pytest\nfrom pipeline import *\nfrom pytest_datazone_ts import *\n"
        beside = {"conftest": CONFTEST, "pipeline": PIPELINE}
        return run_pytest(imports + source, "--tb=short", *arguments, **beside)

    return run


def sections(result):
    """Return the sections shown, with times that depend on botocore's jitter replaced by x."""
    text = re.sub(r"backed off \d+\.\d{3} s", "backed off x s", result.stdout.str())
    text = re.sub(r"09:00:0\d\.\d{3}Z", "09:00:0x.xxxZ", text)
    return re.findall(r"^-{10,} datazone_ts -{10,}\n((?:(?![-=_]).*\n)+)", text, re.MULTILINE)


# What it shows


def test_every_call_and_every_attempt_with_what_caused_it(run):
    result = run(
        """
def test(datazone_ts):
    datazone_ts.inject("ThrottlingException")
    datazone_ts.inject(faults.HttpError(503))
    post({}, {"formName": "b", "typeIdentifier": "T", "typeRevision": "8", "content": "text"})
    datazone_ts.rate_limit(0.001)
    with suppress(ClientError):
        post(client=client(attempts=2), entityIdentifier="b")
        post(client=client(attempts=2), entityIdentifier="b")
    client().list_time_series_data_points(**ENTITY, formName="b", startedAt=0, maxResults=7)
    with suppress(ClientError):
        client().list_time_series_data_points(**ENTITY, formName="b", maxResults=70)
    with suppress(NotImplementedError):
        client().list_domains()
    datazone_ts.inject(faults.ThrottlingException("slow"), after=2, times=2, form_name="c")
    datazone_ts.inject("ThrottlingException", times=None)
    raise LookupError
"""
    )
    (shown,) = sections(result)
    assert (
        shown
        == """\
6 calls (3 failed), 9 attempts, 3 data points stored, backed off x s
1. PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf, domain dzd_5oo7xzoqltu8mf,
   us-east-1, 2024-03-01 09:00:00Z
   form 'completeness' at 2024-01-01 00:00:00Z,
     amazon.datazone.DataQualityResultFormType
     {"evaluationsCount": 8, "passingPercentage": 87.5}
   form 'b' at 2024-01-01 00:00:00Z, T, revision '8'
     text
   attempt 1: 429 ThrottlingException, injected at test_it.py:6,
     backed off x s
   attempt 2: 503, HttpError(status=503), injected at test_it.py:7,
     backed off x s
   attempt 3: 201, stored 9zfkfw98b9757k, nz5f5kkhwkc9fc
2. PostTimeSeriesDataPoints of ASSET b, domain dzd_5oo7xzoqltu8mf, us-east-1,
   2024-03-01 09:00:0x.xxxZ
   form 'completeness' at 2024-01-01 00:00:00Z,
     amazon.datazone.DataQualityResultFormType
     {"evaluationsCount": 8, "passingPercentage": 87.5}
   attempt 1: 201, stored 7wn8nj5094kfwf
3. PostTimeSeriesDataPoints of ASSET b, domain dzd_5oo7xzoqltu8mf, us-east-1,
   2024-03-01 09:00:0x.xxxZ
   form 'completeness' at 2024-01-01 00:00:00Z,
     amazon.datazone.DataQualityResultFormType
     {"evaluationsCount": 8, "passingPercentage": 87.5}
   attempt 1: 429 ThrottlingException, rate_limit at test_it.py:9,
     backed off x s
   attempt 2: 429 ThrottlingException, rate_limit at test_it.py:9
4. ListTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf, domain dzd_5oo7xzoqltu8mf,
   us-east-1, 2024-03-01 09:00:0x.xxxZ
   formName 'b', maxResults 7, startedAt 1970-01-01 00:00:00Z
   attempt 1: 200
5. ListTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf, domain dzd_5oo7xzoqltu8mf,
   us-east-1, 2024-03-01 09:00:0x.xxxZ
   formName 'b', maxResults 70
   attempt 1: 400 ValidationException
     1 validation error detected: Value at 'maxResults' failed to satisfy
     constraint: Member must have value less than or equal to 50
6. ListDomains, us-east-1, 2024-03-01 09:00:0x.xxxZ
   attempt 1: no response
     UnansweredOperationError: unhandled DataZone operation ListDomains. Answer
     it in the test, such as datazone_ts.respond('ListDomains', {'items': []}),
     or let it through to the network or moto with the option
     unstubbed='passthrough'.
Injected and not used up:
  test_it.py:18: ThrottlingException(message='slow') on PostTimeSeriesDataPoints,
    with form_name='c', after letting 2 more through, used 0 of 2 times
"""
    )


def in_xml(pytester):
    """Return the sections in the failures and errors of ``out.xml``."""
    root = ET.parse(pytester.path / "out.xml").getroot()  # noqa: S314 - our own
    failures = [node for kind in ("failure", "error") for node in root.iter(kind)]
    assert not any("datazone_ts" in (node.text or "") for node in root.iter("system-out"))
    return [re.split(r"-{10,} datazone_ts -{10,}\n", node.text)[1:] for node in failures]


def attempts(section):
    """Return the lines about attempts."""
    return re.findall(r"^   attempt .*(?:\n     .*)*", section, re.MULTILINE)


def test_it_shows_what_was_stored_though_the_client_may_not_know(run):
    result = run(
        """
def test(datazone_ts):
    for fault in [
        faults.ResponseLost(), faults.Latency(3), faults.MalformedResponse(b"x"),
        faults.ReadTimeout(), faults.Latency(90),
    ]:
        datazone_ts.inject(fault)
    post()
    with suppress(TypeError):
        post()
    post()
    post(forms=[])
    raise LookupError
"""
    )
    assert (
        "\n".join(attempts(*sections(result)))
        == """\
   attempt 1: no response, ResponseLost, injected at test_it.py:10,
     stored 9zfkfw98b9757k, backed off x s
   attempt 2: 201, Latency(seconds=3), injected at test_it.py:10,
     stored nothing new: its clientToken was used before
   attempt 1: 201, MalformedResponse(body=b'x'), injected at test_it.py:10,
     stored nz5f5kkhwkc9fc
   attempt 1: no response, ReadTimeout, injected at test_it.py:10,
     backed off x s
   attempt 2: no response, Latency(seconds=90), injected at test_it.py:10,
     stored 7wn8nj5094kfwf, backed off x s
   attempt 3: 201, stored nothing new: its clientToken was used before
   attempt 1: 201"""
    )


def test_a_page_that_is_not_the_last_is_marked(run):
    result = run(
        """
def test(datazone_ts):
    post({"timestamp": 1}, {"timestamp": 2})
    series = {**ENTITY, "formName": FORM["formName"]}
    page = client().list_time_series_data_points(**series, maxResults=1)
    client().list_time_series_data_points(**series, maxResults=1, nextToken=page["nextToken"])
    raise LookupError
"""
    )
    assert attempts(*sections(result))[1:] == [
        "   attempt 1: 200, more pages follow (nextToken)",
        "   attempt 1: 200",
    ]


@pytest.mark.parametrize("fault", ["ResponseLost()", "MalformedResponse(b'{}')"])
def test_a_page_that_did_not_arrive_is_not_marked(run, fault):
    result = run(
        f"""
def test(datazone_ts):
    post({{"timestamp": 1}}, {{"timestamp": 2}})
    datazone_ts.inject(faults.{fault}, operation="ListTimeSeriesDataPoints", times=9)
    with suppress(Exception):
        client().list_time_series_data_points(
            **ENTITY, formName=FORM["formName"], maxResults=1
        )
    raise LookupError
"""
    )
    assert "attempt 1: " in sections(result)[0]
    assert "more pages" not in sections(result)[0]


LONG = """
def test(datazone_ts):
    datazone_ts.inject(faults.HttpError(503, "x" * 1000), times=8)
    content = "{" + '"a": [1],' * 100 + '\\n  "b": 1}'
    post({"content": content}, *[{"formName": name} for name in "bcdef"], client=client(9))
    for number in range(20):
        with suppress(ClientError):
            post(entityIdentifier=f"e{number}", entityType="x" if number in (3, 5, 7) else "ASSET")
    raise LookupError
"""


def test_long_texts_are_truncated_and_long_lists_are_counted(run):
    (shown,) = sections(run(LONG))

    assert max(map(len, shown.splitlines())) <= 79
    assert shown.startswith(
        """\
21 calls (3 failed), 29 attempts, 23 data points stored, backed off x s
1. PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf, domain dzd_5oo7xzoqltu8mf,
   us-east-1, 2024-03-01 09:00:00Z
   form 'completeness' at 2024-01-01 00:00:00Z,
     amazon.datazone.DataQualityResultFormType
     {"a": [1],"a": [1],"a": [1],"a": [1],"a": [1],"a": [1],"a": [1],"a":
     [1],"a": [1],"a": [1],"a": [1],"a": [1],"a": [1],"a... (911 characters)
   form 'b' at 2024-01-01 00:00:00Z, amazon.datazone.DataQualityResultFormType
     {"evaluationsCount": 8, "passingPercentage": 87.5}
   ... 3 forms omitted
   form 'f' at 2024-01-01 00:00:00Z, amazon.datazone.DataQualityResultFormType
     {"evaluationsCount": 8, "passingPercentage": 87.5}
"""
    )
    first, *_, last, rejected, _, _, _, _, _ = attempts(shown)
    assert first == (
        "   attempt 1: 503,\n"
        "     HttpError(status=503, body='xxxxxxxxxxx... (1030 characters),\n"
        "     injected at test_it.py:6, backed off x s"
    )
    assert last == (
        "   attempt 9: 201, stored 9zfkfw98b9757k, nz5f5kkhwkc9fc, 3 more,\n     fnhjj990k8f5n4"
    )
    assert rejected.startswith("   attempt 1: 400 ValidationException\n     1 validation error")
    assert re.findall(r"^(?:\d+\.|   \.\.\.|\.\.\.).*", shown, re.MULTILINE) == [
        "1. PostTimeSeriesDataPoints of ASSET 4wyh64k2n8czaf, domain dzd_5oo7xzoqltu8mf,",
        "   ... 3 forms omitted",
        "   ... 3 attempts omitted",
        "... 5 calls omitted, 1 of them failed (pytest -vv shows all)",
        "7. PostTimeSeriesDataPoints of x e5, domain dzd_5oo7xzoqltu8mf, us-east-1,",
        "... 1 call omitted (pytest -vv shows all)",
        "9. PostTimeSeriesDataPoints of x e7, domain dzd_5oo7xzoqltu8mf, us-east-1,",
        "... 8 calls omitted (pytest -vv shows all)",
        *[
            f"{number}. PostTimeSeriesDataPoints of ASSET e{number - 2}, domain dzd_5oo7xzoqltu8mf,"
            for number in (18, 19, 20, 21)
        ],
    ]


def test_very_verbose_omits_nothing(run):
    (shown,) = sections(run(LONG, "-vv"))

    assert "omitted" not in shown
    assert '"b": 1}' in shown
    assert shown.count("PostTimeSeriesDataPoints") == 21
    assert shown.count("   attempt") == 29
    assert shown.count("   form") == 26
    assert len(re.findall("request 00000000-0000-4000-8000-0{10}[0-9a-f]{2}", shown)) == 21


def test_parameters_of_other_operations_show_no_more_than_their_outline(run):
    result = run(
        """
def test(datazone_ts):
    datazone_ts.respond("Search", {})
    client().search(domainIdentifier="dzd_1", searchScope="ASSET", searchText="x" * 99,
        additionalAttributes=["FORMS"], searchIn=[{"attribute": "a"}], nextToken="PASS",
        filters={"filter": {"attribute": "password", "value": "PASS"}})
    raise LookupError
"""
    )
    (shown,) = sections(result)
    assert (
        shown
        == """\
1 call, 1 attempt, 0 data points stored
1. Search, domain dzd_1, us-east-1, 2024-03-01 09:00:00Z
   additionalAttributes ['FORMS'], filters {...}, searchIn [...],
   searchScope 'ASSET',
   searchText 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... (101 characters)
   attempt 1: 200
"""
    )


def test_a_form_without_members(run):
    result = run(
        """
def test(datazone_ts):
    client = boto3.client("datazone", region_name="us-east-1",
        config=Config(parameter_validation=False))
    with suppress(ClientError):
        client.post_time_series_data_points(**ENTITY, forms=[{}], clientToken="")
    raise LookupError
"""
    )
    assert sections(result)[0].splitlines()[3:5] == [
        "   form None",
        "   attempt 1: 400 ValidationException",
    ]
    assert "Value at 'clientToken' failed to" in sections(result)[0]


def test_credentials_and_tokens_are_redacted(run):
    result = run(
        """
def test(datazone_ts):
    signed = (
        "https://x/?X-Amz-Credential=PASS%2Fs3&X-Amz-Security-Token=PASS&X-Amz-Signature=PASS"
    )
    jwt = "eyJQQVNT.eyJQQVNT.PASS"
    keys = "\\x0bASIAPASSPASSPASSPASS \\\\nAKIAPASSPASSPASSPASS \\u2028" + jwt
    datazone_ts.inject(faults.HttpError(502, f"{signed} AKIAPASSPASSPASSPASS"))
    with suppress(ClientError):
        post({"content": signed}, {"content": signed.replace("&", "\\\\u0026")},
            {"formName": jwt, "content": f"ASIAPASSPASSPASSPASS {jwt}"}, clientToken="PASS1",
            client=client(attempts=1))
    post(clientToken="PASS2")
    with suppress(ClientError):
        post({"formName": "other"}, clientToken="PASS2")
    with suppress(ClientError):
        client().list_time_series_data_points(**ENTITY, formName="f", nextToken="PASS")
    with suppress(ClientError):
        post({"formName": keys, "content": keys}, clientToken="PASS" * 80)
    datazone_ts.respond("CreateDataSource", lambda parameters: {})
    with suppress(ClientError):
        client().create_data_source(
            domainIdentifier="dzd_x", environmentIdentifier="e", projectIdentifier="p",
            name="source", type="REDSHIFT",
            configuration={"redshiftRunConfiguration": {
                "redshiftCredentialConfiguration": {"secretManagerArn": "PASS"},
                "redshiftStorage": {"redshiftClusterSource": {"clusterName": "c"}},
                "relationalFilterConfigurations": [{"databaseName": "d"}],
            }},
        )
    if hasattr(client(), "create_connection"):  # in newer models
        datazone_ts.respond("CreateConnection", lambda parameters: {})
        with suppress(ClientError):
            client().create_connection(
                domainIdentifier="dzd_x", environmentIdentifier="e", name="c",
                props={"glueProperties": {"glueConnectionInput": {
                    "authenticationConfiguration": {
                        "customAuthenticationCredentials": {"key": "PASS" * 1000},
                    },
                }}},
            )
    raise LookupError
"""
    )
    (shown,) = sections(result)
    assert "PASS" not in shown
    assert shown.count("https://x/?X-Amz-Credential=***") == 2
    assert "ClientToken" not in shown
    assert "nextToken" in shown
    assert r"form '\x0b*** \\n*** \u2028***'" in shown
    assert r"     \x0b*** \n*** \u2028***" in shown
    assert "Value at 'clientToken'" in shown
    assert "redshiftCredentialConfiguration.secretManagerArn" in shown


def test_secrets_are_recognised_by_their_names(run):
    result = run(
        r"""
SECRETS = [
    '{"aws_secret_access_key": "PA/SS+", "session_token":"PASS=", "a": 1}',
    '{"password": "PA\\"SS", "passwd" : "PASS", "api_key": "PASS", "a": 1}',
    "aws_session_token=PASS other=1",
    "Authorization: Bearer PASS\n",
    "url postgres://user:PASS@db/x FwoGZXIvYXdzEPASSPASSPASSPASS//PASS",
    str({"client_secret": "PASS", "a": 1}),
    '{"a": "{\\"token\\": \\"PA SS\\"}"}',
    '{"password": "PASS\'s, PASS", "a": 1}',
]

@pytest.mark.datazone_ts(content_check="off")
def test(datazone_ts):
    datazone_ts.inject(faults.HttpError(502, "token=PASS"), times=2)
    for secret in SECRETS:
        post({"content": secret}, client=client(attempts=4))
    post({"formName": "token=PASS"})
    raise LookupError
""",
        "-vv",
    )
    (shown,) = sections(result)
    assert "PA" not in shown
    for each in (
        '{"aws_secret_access_key": "***", "session_token":"***", "a": 1}',
        '{"password": "***", "passwd" : "***", "api_key": "***", "a": 1}',
        "aws_session_token=*** other=1",
        "Authorization: ***",
        "url postgres://user:***@db/x ***",
        "{'client_secret': '***', 'a': 1}",
        r'{"a": "{\"token\": \"***\"}"}',
        '{"password": "***", "a": 1}',
    ):
        assert f"     {each}\n" in shown


def test_text_that_is_not_a_secret_stays(run):
    contents = [
        '{"token_count": 12, "tokens": [1], "passwords": {"a": true}}',
        '{"secret": null, "Credentials": -1.5}',
        "the token bucket; secretary, https://host:80/a@b",
    ]
    result = run(
        f"""
@pytest.mark.datazone_ts(content_check="off")
def test(datazone_ts):
    post(*[{{"content": content}} for content in {contents}], clientToken="1")
    with suppress(ClientError):
        post(clientToken="1")
    with suppress(ClientError):
        post(clientToken="1", entityType="1")
    raise LookupError
"""
    )
    (shown,) = sections(result)
    for content in contents:
        assert f"     {content}\n" in shown
    assert "     clientToken '***' was already used with a different" in shown
    assert "     1 validation error detected: Value at 'entityType'" in shown


def test_after_a_long_form_name_the_time_is_on_the_next_line(run):
    result = run(
        """
def test(datazone_ts):
    post({"formName": "a" * 44}, {"formName": "b" * 45})
    raise LookupError
"""
    )
    assert (
        f"   form '{'a' * 44}' at 2024-01-01 00:00:00Z,\n"
        "     amazon.datazone.DataQualityResultFormType\n"
        '     {"evaluationsCount": 8, "passingPercentage": 87.5}\n'
        f"   form '{'b' * 45}',\n"
        "     at 2024-01-01 00:00:00Z, amazon.datazone.DataQualityResultFormType\n"
    ) in sections(result)[0]


def test_characters_that_a_terminal_or_xml_cannot_show_are_escaped(run, pytester):
    result = run(
        r"""
def test(datazone_ts):
    odd = "\x00\x1b[31m\ufffe\ud800\u202e\r"
    with suppress(ClientError):
        post({"formName": odd, "typeIdentifier": odd, "content": "{\n  \"a\": \"\x1b\"\n}"})
    raise LookupError
""",
        "--junitxml=out.xml",
    )
    (shown,) = sections(result)
    assert r"form '\x00\x1b[31m\ufffe\ud800\u202e\r' at" in shown
    assert r'     { "a": "\x1b" }' in shown
    assert in_xml(pytester) == [[shown.rstrip()]]


# When it is shown


def test_a_passed_test_and_one_without_a_double_show_nothing(run):
    result = run(
        """
def test_passes(datazone_ts):
    post()

def test_fails():
    raise LookupError

def test_asks_nothing(datazone_ts):
    raise LookupError

@pytest.mark.xfail
def test_is_expected_to_fail(datazone_ts):
    post()
    raise LookupError

def test_skips(datazone_ts):
    post()
    pytest.skip()
"""
    )
    result.assert_outcomes(passed=1, failed=2, xfailed=1, skipped=1)
    assert sections(result) == []


def test_setup_call_and_teardown_each_show_what_is_new(run):
    result = run(
        """
@pytest.fixture
def before(datazone_ts):
    post()
    raise LookupError

@pytest.fixture
def after(datazone_ts):
    yield
    post({"formName": "late"})
    raise LookupError

def test_set_up(before):
    pass

def test_call_and_teardown(after):
    post()
    raise LookupError

@pytest.fixture
def again(datazone_ts):
    yield
    raise LookupError

def test_teardown_has_nothing_new(again):
    post()
    raise LookupError
"""
    )
    result.assert_outcomes(errors=3, failed=2)
    one = "1 call, 1 attempt, 1 data point stored\n"
    late = f"After the 1 call shown above: {one}" + POSTED.replace("1. Post", "2. Post").replace(
        "form 'completeness' at 2024-01-01 00:00:00Z,\n     amazon",
        "form 'late' at 2024-01-01 00:00:00Z,\n     amazon",
    ).replace("9zfkfw98b9757k", "nz5f5kkhwkc9fc").replace(
        "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
    )
    assert sections(result) == [one + POSTED, late, one + POSTED, one + POSTED]


def test_the_message_of_strict_is_not_repeated(run):
    result = run(
        """
def test_fixture(datazone_ts):
    datazone_ts.inject("ConflictException", form_name="a")
    post()

@mock_datazone_ts
def test_decorated():
    DataZoneTimeSeries.current().inject("ConflictException", times=2)

def test_otherwise(datazone_ts):
    datazone_ts.inject("ConflictException")
    raise LookupError
"""
    )
    result.assert_outcomes(errors=1, passed=1, failed=2)
    assert sections(result) == [
        "1 call, 1 attempt, 1 data point stored\n" + POSTED,
        "no DataZone call\n",
        """\
no DataZone call
Injected and not used up:
  test_it.py:14: ConflictException on PostTimeSeriesDataPoints,
    used 0 of 1 times
""",
    ]
    assert result.stdout.str().count("with form_name='a', used 0 of 1 times") == 1


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="the fixture is pytest 9's")
def test_each_failed_subtest_shows_what_is_new(run):
    result = run(
        """
def test(datazone_ts, subtests):
    for number in range(4):
        with subtests.test(number=number):
            if number < 3:
                post(entityIdentifier=f"e{number}")
            assert number == 1
"""
    )
    assert [re.findall("ASSET (e.)", shown) for shown in sections(result)] == [["e0"], ["e1", "e2"]]


def test_a_test_case_of_unittest(run):
    result = run(
        """
import unittest

@mock_datazone_ts
class TestCase(unittest.TestCase):
    def test(self):
        post()
        self.fail()
"""
    )
    assert sections(result) == ["1 call, 1 attempt, 1 data point stored\n" + POSTED]


def test_without_a_terminal(run, pytester):
    run(
        """
def test(datazone_ts):
    post()
    assert datazone_ts.data_points == []
"""
    )
    pytester.runpytest_inprocess("-p", "no:terminal", "--junitxml=out.xml")
    assert in_xml(pytester) == [["1 call, 1 attempt, 1 data point stored\n" + POSTED.rstrip()]]


# Which calls it shows


def entities(section):
    """Return the headings of doubles, and the entities of the calls."""
    return re.findall(r"^Double .*?(?=:)|^\.\.\. .*|(?<=ASSET )\w+", section, re.MULTILINE)


def test_a_double_that_outlives_the_test_shows_the_calls_of_this_test(run):
    result = run(
        """
@pytest.fixture(scope="module")
def ts():
    with mock_datazone_ts() as ts:
        yield ts
        raise LookupError

def test_a(ts):
    post(entityIdentifier="a")

def test_b(ts):
    post(entityIdentifier="b")
    raise LookupError

def test_reset(ts):
    ts.reset()
    post(entityIdentifier="c")
    raise LookupError

def test_reset_between(ts):
    post(entityIdentifier="d")
    ts.reset()
    ts.reset()
    post(entityIdentifier="e")
    raise LookupError

def test_reset_after(ts):
    post(entityIdentifier="f")
    ts.reset()
    raise LookupError

def test_last(ts):
    post(entityIdentifier="g")
"""
    )
    assert [entities(shown) for shown in sections(result)] == [
        ["g"],  # the fixture fails with the last test that used it
        ["b"],
        ["c"],
        ["Double 1 of 2", "d", "Double 2 of 2, after reset()", "e"],
        ["f"],
    ]


SEVERAL = """
import threading

def test(datazone_ts):
    post(entityIdentifier="a")
    with mock_datazone_ts():
        threads = [threading.Thread(target=post, kwargs={"entityIdentifier": "b"}) for _ in "12"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for number in range(2):
        with mock_datazone_ts():
            post(entityIdentifier=f"c{number}")
    post(entityIdentifier="d")
    raise LookupError
"""


def test_several_doubles_and_threads(run):
    (shown,) = sections(run(SEVERAL))
    assert entities(shown) == [
        "... 1 double omitted (pytest -vv shows more)",
        "Double 2 of 4",
        "c0",
        "Double 3 of 4",
        "c1",
        "Double 4 of 4",
        "a",
        "d",
    ]
    assert entities(sections(run(SEVERAL, "-vv"))[0])[:3] == ["Double 1 of 4", "b", "b"]


def test_a_property_shows_its_failing_example(run):
    result = run(
        """
from hypothesis import given, settings, strategies as st

@settings(database=None, derandomize=True)
@given(st.integers(0, 1000))
def test_a_double_each(number):
    with mock_datazone_ts():
        post(entityIdentifier=f"e{number}")
        assert number < 500

@settings(database=None, derandomize=True)
@given(st.integers(0, 1000))
def test_one_double_for_all(number):
    with mock_datazone_ts() as ts:
        for i in range(3):
            ts.reset()
            post(entityIdentifier=f"e{number}")
            assert number < 500
"""
    )
    (omitted, title, entity), (_, again, _) = [entities(shown) for shown in sections(result)]
    assert entity == "e500"
    number = int(re.fullmatch(r"Double (\d+) of \1", title)[1])
    assert omitted == f"... {number - 1} doubles omitted (pytest -vv shows more)"
    assert re.fullmatch(r"Double (\d+) of \1", again)


def test_a_run_inside_a_test_keeps_its_calls_to_itself(run, pytester):
    result = run(
        f"FOLDER = {str(pytester.path)!r}\n"
        '''
pytest_plugins = ["pytester"]

INNER = """
from pipeline import *

def test(datazone_ts):
    post(entityIdentifier="inner")
    raise LookupError
"""

def test(pytester, datazone_ts, monkeypatch):
    post(entityIdentifier="before")
    pytester.makepyfile(test_inner=INNER)
    monkeypatch.syspath_prepend(FOLDER)
    pytester.runpytest_inprocess()
    post(entityIdentifier="after")
    raise LookupError
''',
    )
    assert [entities(shown) for shown in sections(result)] == [["inner"], ["before", "after"]]


# Where it is shown


FAILURES = """
def test_call(datazone_ts):
    post()
    raise LookupError

@pytest.fixture
def set_up(datazone_ts):
    post()
    raise LookupError

def test_set_up(set_up):
    pass

def test_strict(datazone_ts):
    post()
    datazone_ts.inject("ConflictException")

@pytest.mark.xfail(strict=True)
def test_without_an_exception(datazone_ts):
    post()

def test_without_a_fixture(datazone_ts, request):
    post()
    request.getfixturevalue("nothing")
"""


def test_in_the_xml_and_once_in_the_terminal(run, pytester):
    shown = sections(run(FAILURES, "--junitxml=out.xml", "-o", "junit_logging=all"))

    expected = "1 call, 1 attempt, 1 data point stored\n" + POSTED
    assert shown == [expected] * 5
    assert in_xml(pytester) == [[expected.rstrip()]] * 5


def test_under_xdist(run, pytester):
    pytest.importorskip("xdist")
    expected = "1 call, 1 attempt, 1 data point stored\n" + POSTED
    assert sections(run(FAILURES, "-n1")) == [expected] * 5
    assert sections(run(FAILURES, "-n1", "--junitxml=out.xml")) == [expected] * 5
    assert in_xml(pytester) == [[expected.rstrip()]] * 5


@pytest.mark.parametrize(
    ("arguments", "number"), [("-q", 5), ("--tb=long", 5), ("--tb=line", 0), ("--tb=no", 0)]
)
def test_traceback_styles(run, arguments, number):
    assert len(sections(run(FAILURES, arguments))) == number


def test_outside_tests_nothing_is_recorded_or_imported(pytester):
    pytester.makeconftest(
        """
        import gc
        import sys
        import weakref

        def ours():
            return {name for name in sys.modules if name.startswith("pytest_datazone_ts")}

        def pytest_sessionstart(session):
            session.loaded = ours()

        def pytest_sessionfinish(session):
            assert ours() == session.loaded

            import boto3
            from pytest_datazone_ts import mock_datazone_ts

            client = boto3.client("datazone", region_name="us-east-1")
            with mock_datazone_ts() as ts:
                ts.inject("ConflictException")
                ts.reset()
                client.list_time_series_data_points(
                    domainIdentifier="dzd_1", entityIdentifier="e", entityType="ASSET",
                    formName="f",
                )
            kept = weakref.ref(ts)
            del ts
            gc.collect()
            assert kept() is None
            print("all well")
        """
    )
    pytester.makepyfile("def test_fails():\n    raise LookupError\n")

    result = pytester.runpytest_subprocess()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*all well"])
