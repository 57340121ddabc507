"""The page that ``--datazone-ts-report`` writes: what is on it, and that it is always written."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from html.parser import HTMLParser

import pytest

PIPELINE = """
import json
from datetime import datetime, timedelta, timezone

import boto3
from botocore.config import Config

MONDAY = datetime(2024, 1, 1, tzinfo=timezone.utc)
client = boto3.client(
    "datazone",
    region_name="us-east-1",
    aws_access_key_id="AKIASECRETSECRET1234",
    aws_secret_access_key="a secret key",
    aws_session_token="a session token",
    config=Config(retries={"mode": "standard", "total_max_attempts": 3}),
)

def form(name="completeness", content=None, timestamp=MONDAY):
    return {
        "formName": name,
        "typeIdentifier": "acme.ScoreFormType",
        "timestamp": timestamp,
        **({} if content is None else {"content": content}),
    }

def post(*forms, entity="asset", **keywords):
    return client.post_time_series_data_points(
        domainIdentifier="dzd_x", entityIdentifier=entity, entityType="ASSET", forms=forms,
        **keywords,
    )

def publish(*scores, name="completeness", entity="asset"):
    for day, score in enumerate(scores):
        content = json.dumps({"passingPercentage": score})
        post(form(name, content, MONDAY + timedelta(days=day)), entity=entity)
"""


class Text(HTMLParser):
    """The text of a page, as a reader without scripts has it."""

    def __init__(self):
        super().__init__()
        self.parts = []
        self.hidden = False

    def handle_starttag(self, tag, attrs):  # noqa: ARG002 - the parser's
        self.hidden = tag in {"style", "script"}

    def handle_endtag(self, tag):  # noqa: ARG002 - the parser's
        self.hidden = False

    def handle_data(self, data):
        if not self.hidden:
            self.parts.append(data)


def text(html):
    parser = Text()
    parser.feed(html)
    parser.close()
    return " ".join(" ".join(parser.parts).split())


class Page:
    """A written page."""

    def __init__(self, path):
        self.html = path.read_text("utf-8")
        self.text = text(self.html)
        _, *tests = re.split("(?=<details class=test)", self.html.partition("<p class=none id=")[0])
        self.tests = [text(test) for test in tests]

    def test(self, name):
        """Return the text of the only test with that name."""
        (found,) = (test for test in self.tests if test.split()[1] == name)
        return found


@pytest.fixture
def run(run_pytest, pytester):
    """Run pytest on a test file; what it wrote is the result's ``page``."""

    def run(source, *arguments, conftest="", in_subprocess=False):
        beside = {"conftest": conftest, "pipeline": PIPELINE}
        written = "--datazone-ts-report=report.html"
        result = run_pytest(source, written, *arguments, in_subprocess=in_subprocess, **beside)
        path = pytester.path / "report.html"
        result.page = Page(path) if path.exists() else None
        return result

    return run


# What is on it


def test_it_shows_what_a_run_posted(run):
    result = run(
        """
        from pipeline import client, publish

        def test_publishes(datazone_ts):
            publish(80, 90.5)
            publish(70, name="freshness")
            client.list_time_series_data_points(
                domainIdentifier="dzd_x", entityIdentifier="asset", entityType="ASSET",
                formName="freshness",
            )

        def test_of_something_else(): ...
        """
    )
    page = result.page

    result.stdout.fnmatch_lines(["*- DataZone report: *report.html -*"])
    assert "All tests passed" in page.text
    for figure in ("tests 1 of 2", "failed 0", "calls 4", "data points 3", "faults 0", "backoff"):
        assert figure in page.text
    assert page.text.index("test_it.py 1 test") < page.text.index("test_publishes")
    (test,) = page.tests
    assert re.fullmatch(
        r"passed test_publishes 4 calls · 3 points · [\d.]+ m?s Calls ASSET asset, dzd_x, "
        r"us-east-1 PostTimeSeriesDataPoints 201 "
        r"completeness acme\.ScoreFormType 2024-01-01 00:00Z "
        r'\{"passingPercentage": 80\} PostTimeSeriesDataPoints 201 .* '
        r"ListTimeSeriesDataPoints formName freshness 200 "
        r"Data points completeness latest 90\.5 % timestamp % id "
        r"2024-01-01 00:00Z 80 [a-z0-9]{14} 2024-01-02 00:00Z 90\.5 [a-z0-9]{14} "
        r"freshness 70 % timestamp % id 2024-01-01 00:00Z 70 [a-z0-9]{14}",
        test,
    )
    assert 'aria-label="passingPercentage of 2 points: 80 to 90.5, at last 90.5"' in page.html
    assert 'aria-label="passingPercentage 70"' in page.html


def test_it_shows_attempts_faults_and_backoffs(run):
    page = run(
        """
        import pytest
        from freezegun import freeze_time
        from pipeline import client, form, post
        from pytest_datazone_ts import faults

        def test_survives(datazone_ts):
            datazone_ts.inject("ThrottlingException")
            datazone_ts.inject(faults.HttpError(503))
            post(form())
            assert datazone_ts.sleeps

        def test_is_answered_late(datazone_ts):
            datazone_ts.inject(faults.ResponseLost())
            post(form(), form("freshness"), clientToken="the-token")
            post(form(), form("freshness"), clientToken="the-token")

        def test_gives_up(datazone_ts):
            datazone_ts.inject("ReadTimeout", times=3)
            post(form())

        @freeze_time()
        def test_is_limited(datazone_ts):
            datazone_ts.rate_limit(1000, burst=1)
            post(form())
            post(form())

        def test_is_rejected(datazone_ts):
            with pytest.raises(client.exceptions.ValidationException):
                post(form(), entity="no entity")

        def test_cancels(datazone_ts):
            datazone_ts.inject("ConflictException").cancel()

        def test_arms_too_much(datazone_ts):
            datazone_ts.inject("ConflictException", times=2, form_name="completeness")
            datazone_ts.rate_limit(1)
        """
    ).page

    assert re.search(
        r"passed test_survives 1 call · 1 point · 2 faults .* over [\d.]+ m?s of virtual time "
        r"ASSET asset, dzd_x, us-east-1 PostTimeSeriesDataPoints 201 "
        r"429 ThrottlingException injected at test_it\.py:7 virtual backoff [\d.]+ m?s "
        r"503 HttpError\(status=503\) at test_it\.py:8 virtual backoff [\d.]+ m?s "
        r"201 stored 1 point completeness",
        page.test("test_survives"),
    )
    again = "201 stored nothing new: its clientToken was used before completeness"
    assert re.search(
        r"2 calls · 2 points · 1 fault .* PostTimeSeriesDataPoints 201 no response "
        r"ResponseLost at test_it\.py:13 stored 2 points virtual backoff [\d.]+ m?s "
        rf"{again} .* PostTimeSeriesDataPoints 201 {again}",
        page.test("test_is_answered_late"),
    )
    assert re.search(
        r"failed test_gives_up 1 call · 0 points · 3 faults .* PostTimeSeriesDataPoints "
        r"no response (no response ReadTimeout at test_it\.py:18 virtual backoff [\d.]+ m?s ){2}"
        r"no response ReadTimeout at test_it\.py:18 completeness .* without content "
        r"Data points None were stored\.",
        page.test("test_gives_up"),
    )
    assert "429 ThrottlingException rate limit at test_it.py:23 virtual backoff" in page.test(
        "test_is_limited"
    )
    assert re.search(
        r"PostTimeSeriesDataPoints 400 ValidationException 1 validation error detected: "
        r"Value at 'entityIdentifier' failed .* completeness",
        page.test("test_is_rejected"),
    )
    assert "backoff" not in page.test("test_is_rejected")
    assert re.search(
        r"0 calls · 0 points · [\d.]+ m?s Calls None: faults were injected\. Data points None were",
        page.test("test_cancels"),
    )
    assert (
        "Calls None: faults were injected. Injected and not used up "
        "test_it.py:35: ConflictException on PostTimeSeriesDataPoints, "
        "with form_name='completeness', used 0 of 2 times Data points None were stored."
    ) in page.test("test_arms_too_much")
    assert "calls 7 2 failed data points 5 stored" in page.text
    assert re.search(
        r"faults [78] injected virtual backoff [\d.]+ m?s before [67] retries", page.text
    )


def test_nothing_secret_is_on_it(run):
    page = run(
        """
        import pytest
        from pipeline import client, form, post

        @pytest.mark.datazone_ts(sign=True)
        def test_publishes(datazone_ts):
            post(form(content="AKIAANOTHERANOTHER99"), clientToken="client-token")
            post(form("AKIAANOTHERANOTHER99", content='{"password": "a secret", "a": 1}'))
            with pytest.raises(client.exceptions.ConflictException):
                post(form(), clientToken="client-token")
            with pytest.raises(client.exceptions.ValidationException):
                client.list_time_series_data_points(
                    domainIdentifier="dzd_x", entityIdentifier="asset", entityType="ASSET",
                    formName="f", nextToken="next-token",
                )
            with pytest.raises(client.exceptions.ValidationException, match="at 'clientToken'"):
                post(form(), clientToken="-token" * 50)
            datazone_ts.respond("CreateDataSource", lambda parameters: {})
            with pytest.raises(client.exceptions.ValidationException, match="secretManagerArn"):
                client.create_data_source(
                    domainIdentifier="dzd_x", environmentIdentifier="e", projectIdentifier="p",
                    name="source", type="REDSHIFT",
                    configuration={"redshiftRunConfiguration": {
                        "redshiftCredentialConfiguration": {"secretManagerArn": "a secret"},
                        "redshiftStorage": {"redshiftClusterSource": {"clusterName": "c"}},
                        "relationalFilterConfigurations": [{"databaseName": "d"}],
                    }},
                )
        """
    ).page

    (test,) = page.tests
    for shown in (
        "409 ConflictException",
        "400 ValidationException",
        "dzd_x, us-east-1 CreateDataSource 400 ValidationException",
        "Value at 'configuration.redshiftRunConfiguration.redshiftCredentialConfiguration",
        "clientToken '***' was already used",
        "Invalid nextToken '***'",
        "Value at 'clientToken' failed to satisfy",
    ):
        assert shown in test, shown
    assert "2024-01-01 00:00Z *** Post" in test
    for secret in ("AKIA", "a secret", "-token", "session", "Signature", "AWS4", "amz-"):
        assert secret not in page.html


def test_series_are_drawn_where_they_have_numbers(run):
    page = run(
        """
        from datetime import timedelta
        from pipeline import MONDAY, form, post, publish

        def test_publishes(datazone_ts):
            publish(-20, 120, 55, name="off the scale")
            publish(5, 6, entity="another")
            for second in reversed(range(101)):
                content = '{"passingPercentage": %d}' % (second % 7)
                post(form("long", content, MONDAY + timedelta(seconds=second)))
            for name, content in {
                "none": None, "plain": "text", "empty": "", "list": "[1]", "other": '{"rows": 1}',
                "string": '{"passingPercentage": "9"}', "true": '{"passingPercentage": true}',
                "nan": '{"passingPercentage": NaN}', "null": '{"passingPercentage": null}',
                "big": '{"passingPercentage": 1e10}', "digits": "9" * 5000, "deep": "[" * 100_000,
            }.items():
                post(form(name, content))
            for content in ('{"passingPercentage": 30.0}', '{"passingPercentage": 4e1}', "[]"):
                post(form("same time", content))
            post(form("above", '{"passingPercentage": 101}'))
        """
    ).page

    assert "<text x=32 y=12>120</text>" in page.html
    assert "<text x=32 y=88>-20</text>" in page.html
    assert 'passingPercentage of 100 points: 0 to 6, at last 2"' in page.html
    assert "100 points, 2024-01-01 00:00:01Z to 2024-01-01 00:01:40Z timestamp % id" in page.text
    assert "1 earlier point omitted." in page.text
    assert page.html.count("<path class=plain ") == 1
    same_time = (
        'passingPercentage of 2 points: 30 to 40, at last 40".*?'
        r' d="M38\.0 [\d.]+L292\.0 [\d.]+"'
    )
    assert re.search(same_time, page.html)
    assert 'value=101 aria-label="passingPercentage 101"></meter>' in page.html
    # Two entities: each series tells its own.
    assert "completeness latest 6 % ASSET another, dzd_x, us-east-1 timestamp" in page.text
    assert page.text.count("No passingPercentage to draw. timestamp % id") == 12
    assert re.search(r"40 [a-z0-9]{14} 2024-01-01 00:00Z none [a-z0-9]{14} above 101 %", page.text)
    for number in re.findall(r'class=(?:dotted|plain) d="([^"]*)"', page.html):
        assert re.fullmatch(r"[-MLH\d. ]+", number)


def test_it_shows_why_a_test_failed(run):
    page = run(
        """
        import pytest
        from pipeline import client, form, post

        @pytest.fixture
        def late(datazone_ts):
            yield
            raise OSError("late")

        def test_fails_twice(datazone_ts, late):
            post(form())
            raise ValueError("first line\\nsecond line\\n\\nafter the first paragraph")

        def test_says_much(datazone_ts):
            post(form())
            raise ValueError("\\n".join(f"line {number}" for number in range(40)))

        def test_says_long(datazone_ts):
            post(form())
            raise ValueError("x" * 3000)

        def test_tells_secrets(datazone_ts):
            post(form(), clientToken="client-token")
            post(form("freshness"), clientToken="client-token")

        def test_uses_no_double():
            raise ValueError("elsewhere")
        """,
        "-p",
        "no:terminal",
    ).page

    assert page.test("test_fails_twice").startswith("failed test_fails_twice 1 call · 1 point")
    why = "ValueError: first line second line OSError: late Calls"
    assert why in page.test("test_fails_twice")
    assert "<span class=brief>ValueError: first line</span>" in page.html
    assert "line 14 ... Calls" in page.test("test_says_much")
    assert re.search(r"ValueError: x{1988} \.\.\. Calls", page.test("test_says_long"))
    assert "clientToken '***' was already used" in page.test("test_tells_secrets")
    assert "client-token" not in page.html
    assert "elsewhere" not in page.html


def test_json_is_laid_out(run):
    page = run(
        """
        from pipeline import form, post

        def test_publishes(datazone_ts):
            post(form(content='{"short": [1, 2]}'))
            post(form(content='{"description": "%s", "types": ["\\u00e9"]}' % ("long " * 20)))
            post(form(content='{"cut off": ' * 10))
        """
    ).page

    assert '<code>{"short": [1, 2]}</code>' in page.html
    long = "long " * 20
    assert (
        f'<code>{{\n  "description": "{long}",\n  "types": [\n    "é"\n  ]\n}}</code>' in page.html
    )
    cut_off = '{"cut off": ' * 10
    assert f"<code>{cut_off}</code>" in page.html


def test_a_malformed_response_is_no_success(run):
    page = run(
        """
        import pytest
        from pipeline import form, post

        def test_reads_it(datazone_ts):
            datazone_ts.inject("MalformedResponse")
            with pytest.raises(UnicodeDecodeError):
                post(form())
        """
    ).page

    assert "<b class=bad>201, malformed</b>" in page.html
    assert "<li class=bad>201, malformed <i>MalformedResponse" in page.html
    assert "class=good>201" not in page.html
    assert "calls 1 1 failed data points 1 stored" in page.text


def test_only_virtual_time_is_called_so(run):
    source = """
        import pytest
        from pipeline import form, post

        @pytest.mark.datazone_ts(retry_sleep="real")
        def test_waits(datazone_ts, monkeypatch):
            monkeypatch.setattr("random.random", lambda: 0.01)
            datazone_ts.inject("ThrottlingException")
            post(form())
        """
    virtual = """
        def test_does_not_wait(datazone_ts):
            datazone_ts.inject("ThrottlingException")
            post(form())
        """
    alone, both = run(source).page, run(source + virtual).page

    assert "virtual" not in alone.text
    assert re.search(r"over [\d.]+ m?s of the test's clock .* backoff [\d.]+ m?s", alone.tests[0])
    assert re.search(r"injected backoff \S+ m?s before 2 retries, \S+ m?s of it virtual", both.text)
    assert "virtual" not in both.test("test_waits")
    assert re.search("virtual backoff", both.test("test_does_not_wait"))


SWEEP = """
from pipeline import client, form, post, publish
from pytest_datazone_ts import sweep

def careless():
    publish(1)
    try:
        publish(2)
    except Exception:
        pass

def test_careful(datazone_ts_sweep):
    datazone_ts_sweep(lambda: publish(1, 2), allow={"HttpError": "proxied", "ResponseLost": "so"})

def test_careless(datazone_ts_sweep):
    datazone_ts_sweep(careless, allow={("HttpError", "call"): "known"})

def test_outside_of_the_fixture():
    assert sweep(careless).failures
"""


@pytest.mark.parametrize("workers", ["", "-n1"])
def test_a_sweep_is_a_heat_map_with_text(run, workers):
    if workers:
        pytest.importorskip("xdist")
    page = run(SWEEP, *filter(None, [workers])).page
    careful, careless = page.test("test_careful"), page.test("test_careless")

    assert "Show all 3 failed 1 sweeps 3" in page.text
    assert careful.startswith("passed test_careful 1 sweep · ")
    assert "Data points" not in careful
    assert re.search(r"Sweep \d+ cells: \d+ loud, \d+ ok ! loud ✓ ok attempt call outage", careful)
    assert careless.startswith("failed test_careless 1 sweep · ")
    assert re.search(
        r"AssertionError: the sweep found \d+ LOST \d+ cells: .* Sweep \d+ cells: .*"
        r"L LOST ! loud ✓ ok \* allowed: known attempt call outage fault 1 2 1 2 1 2 "
        r"InternalServerException ✓ ✓ ! L ! L .* HttpError ✓ ✓ ! L\* ! L .*"
        r"PostTimeSeriesDataPoints at pipeline\.py:\d+, call 1 "
        r"PostTimeSeriesDataPoints at pipeline\.py:\d+, call 2 "
        r"LOST: InternalServerException, call \(the first of \d+\) at call 2 .*"
        r"1 data point lost: .* replay it: datazone_ts\.inject",
        careless,
    )
    assert '<td class="LOST allowed">L*' in page.html
    assert "L LOST" in page.test("test_outside_of_the_fixture")


def test_a_long_sweep_shows_its_first_calls(run):
    page = run(
        """
        import boto3
        from botocore.config import Config

        config = Config(retries={"total_max_attempts": 1})  # keeps the sweep short
        client = boto3.client("datazone", region_name="us-east-1", config=config)

        def list_scores():
            for _ in range(22):
                client.list_time_series_data_points(
                    domainIdentifier="dzd_x", entityIdentifier="asset", entityType="ASSET",
                    formName="score",
                )

        def test_sweep(datazone_ts_sweep):
            datazone_ts_sweep(list_scores, sites="all")
        """
    ).page

    assert "fault 1 2 3 " in page.tests[0]
    assert "call 20 2 further calls omitted." in page.tests[0]


def test_a_call_that_outlives_its_test_has_no_response(run):
    page = run(
        """
        import threading
        from pipeline import client

        began, go_on = threading.Event(), threading.Event()
        thread = threading.Thread(target=lambda: client.get_domain(identifier="dzd_x"))

        def answer(parameters):
            began.set()
            go_on.wait()
            return {"id": "dzd_x"}

        def test_first(datazone_ts):
            datazone_ts.respond("GetDomain", answer)
            thread.start()
            began.wait()

        def test_second():
            go_on.set()
            thread.join()
        """
    ).page

    assert "GetDomain" in page.tests[0]
    assert "no response" in page.tests[0]


def test_every_double_of_a_test_is_shown(run):
    page = run(
        """
        from pipeline import form, publish
        from pytest_datazone_ts import mock_datazone_ts

        def test_two():
            for score in (1, 2):
                with mock_datazone_ts():
                    publish(score)

        def test_reset(datazone_ts):
            publish(1)
            datazone_ts.reset()
            publish(2)

        def test_ten():
            for score in range(10):
                with mock_datazone_ts():
                    publish(score)
        """
    ).page

    two, ten = page.test("test_two"), page.test("test_ten")
    assert re.search(r"Double 1 of 2 Calls .* Data points .* Double 2 of 2 Calls", two)
    assert "Double 2 of 2, after reset() Calls" in page.test("test_reset")
    assert "2 earlier doubles omitted. Double 3 of 10" in ten
    assert (
        "1 test had more doubles than the page shows: the earlier ones are omitted and not counted."
    ) in page.text


def test_the_page_shows_how_much_is_omitted(run):
    page = run(
        """
        from pipeline import form, post, publish

        def test_calls(datazone_ts):
            for _ in range(103):
                publish(1)

        def test_forms(datazone_ts):
            post(*(form(f"form {number}") for number in range(43)))

        def test_attempts(datazone_ts):
            datazone_ts.inject("ThrottlingException", times=25)
            import boto3, pipeline
            from botocore.config import Config
            client = boto3.client(
                "datazone", region_name="us-east-1", config=Config(
                    retries={"mode": "legacy", "total_max_attempts": 26}))
            client.post_time_series_data_points(
                domainIdentifier="dzd_x", entityIdentifier="asset", entityType="ASSET",
                forms=[form()])

        def test_content(datazone_ts):
            post(form(content="x" * 70_000))
            post(form(content="x" * 2_000))
            post(form(content="\\0" * 1_000))
            post(form(content="password: " + "x" * 30_000))

        def test_name(datazone_ts):
            post(form("n" * 1_000))
        """
    ).page

    assert page.test("test_calls").count("PostTimeSeriesDataPoints 201") == 100
    assert "3 further calls omitted." in page.test("test_calls")
    assert "form 19 " in page.test("test_forms")
    assert "23 further forms omitted." in page.test("test_forms")
    assert "3 further series omitted." in page.test("test_forms")
    assert page.test("test_attempts").count("ThrottlingException injected") == 20
    assert "6 further attempts omitted." in page.test("test_attempts")
    assert "26 attempts" not in page.text
    contents = page.test("test_content").split("PostTimeSeriesDataPoints 201")[1:]
    first, second, third, fourth = contents
    assert f" {'x' * 2000} truncated, 70,000 characters in all" in first
    assert f" {'x' * 2000} " in second
    assert "cut" not in second
    assert r"\x00 truncated, 1,000 characters in all" in third
    assert "password: *** truncated, 30,010 characters in all" in fourth
    assert re.search(r" n{350,400}\.\.\. \(1000 characters\) acme", page.test("test_name"))


HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "\"' onload='alert(3)' x=\"",
    "--><svg onload=alert(4)><!--",
    "&lt;b&gt; $style ${ending} %s {0}",
    "\x00\x07\x1b[31mred\x85\u2028\u202egnirts\u202c\ufeff\udcff",
]


def test_what_tests_say_is_text(run):
    """Names, content and the rest are shown, and are neither markup nor control the page."""
    source = f"""
        import pytest
        from pipeline import form, post
        from pytest_datazone_ts import faults

        HOSTILE = {HOSTILE!a}

        @pytest.mark.parametrize("text", HOSTILE)
        @pytest.mark.filterwarnings("ignore")
        def test_hostile(datazone_ts, text):
            datazone_ts.inject(faults.ThrottlingException(message=text))
            post(form(name=text, content=text))
        """
    unescaped = "disable_test_id_escaping_and_forfeit_all_rights_to_community_support"
    page = run(source, "-o", f"{unescaped}=true").page

    assert len(page.tests) == len(HOSTILE)
    for harmless in HOSTILE[:5]:
        (test,) = (
            test for test in page.tests if f"ScoreFormType 2024-01-01 00:00Z {harmless}" in test
        )
        assert harmless in test.partition("Data points")[2]
        assert f" ThrottlingException(message={harmless!r}) at test_it.py:" in test
    shown = r"\x00\x07\x1b[31mred\x85\u2028\u202egnirts\u202c\ufeff\udcff"
    assert f"2024-01-01 00:00Z {shown} Data points {shown}" in page.text
    assert f"passed test_hostile[{shown}] 1 call" in page.text
    tags = Tags()
    tags.feed(page.html)
    assert tags.seen <= {
        *("html", "head", "meta", "title", "link", "style", "body", "svg", "defs", "g", "circle"),
        *("path", "marker", "text", "header", "p", "h1", "dl", "div", "dt", "dd", "small", "form"),
        *("label", "input", "span", "fieldset", "legend", "output", "main", "section", "h2", "h3"),
        *("details", "summary", "b", "h4", "ol", "li", "use", "line", "i", "em", "code"),
        *("h5", "meter", "table", "tr", "th", "td", "button", "footer", "script"),
    }
    assert not [name for name in tags.attributes if name.startswith("on") or name == "style"]
    assert tags.scripts == 1


class Tags(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self):
        super().__init__()
        self.seen = set()
        self.attributes = set()
        self.scripts = 0

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.scripts += tag == "script"


def test_it_needs_nothing_else_and_lets_nothing_else_in(run):
    html = run("def test_nothing(): ...").page.html

    policy = re.search(r'Content-Security-Policy content="([^"]*)"', html)[1]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    addresses = re.findall(r"""(?:https?:|src=|href=|url\(|@import)[^\s>"')]*""", html)
    assert {*addresses} <= {
        *("href=", "http://www.w3.org/2000/svg", "url(#dot"),
        *("href=#grid", "href=#percent", "href=#good", "href=#bad"),
    }


def test_a_run_that_called_nothing_says_so(run):
    page = run("def test_nothing(datazone_ts): ...").page

    assert "No test called Amazon DataZone." in page.text
    assert "tests 0 of 1 in the run" in page.text


# How tests end


def test_it_tells_how_each_test_ended(run):
    page = run(
        """
        import pytest
        from pipeline import publish

        @pytest.fixture
        def early(datazone_ts):
            publish(1)
            raise OSError

        @pytest.fixture
        def late(datazone_ts):
            yield
            publish(1)
            publish(2)

        def test_passes(datazone_ts):
            publish(1)

        def test_fails(datazone_ts):
            publish(1)
            raise OSError

        def test_errs_early(early): ...

        def test_posts_late(late): ...

        def test_errs_late(datazone_ts):
            datazone_ts.inject("ConflictException")

        def test_skips(datazone_ts):
            publish(1)
            pytest.skip()

        @pytest.mark.xfail
        def test_fails_as_expected(datazone_ts):
            publish(1)
            raise OSError

        @pytest.mark.xfail(strict=False)
        def test_passes_unexpectedly(datazone_ts):
            publish(1)
        """
    ).page

    assert [" ".join(test.split()[:2]) for test in page.tests] == [
        "failed test_fails",
        "error test_errs_early",
        "error test_errs_late",
        "passed test_passes",
        "passed test_posts_late",
        "skipped test_skips",
        "xfailed test_fails_as_expected",
        "xpassed test_passes_unexpectedly",
    ]
    assert "2 calls · 2 points" in page.test("test_posts_late")
    assert "1 call · 1 point" in page.test("test_errs_early")
    assert "Some tests failed" in page.text
    assert "failed 3 of these tests" in page.text
    assert "Show all 8 failed 3 test_it.py 3 failed tests" in page.text
    assert page.html.count('<details class=test data-kinds="failed" open>') == 3
    assert page.html.count(" open>") == 3


def test_it_opens_all_of_a_few_tests_and_none_of_many_failures(run):
    source = """
        import pytest
        from pipeline import publish

        @pytest.mark.parametrize("number", range({}))
        def test_it(datazone_ts, number):
            publish(1)
            {}
        """
    assert run(source.format(3, "pass")).page.html.count(" open>") == 3
    assert run(source.format(4, "pass")).page.html.count(" open>") == 0
    assert run(source.format(4, "assert 0")).page.html.count(" open>") == 0


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest has subtests from 9.0")
def test_a_failed_subtest_is_its_tests(run):
    page = run(
        """
        import pytest
        from pipeline import publish

        def test_one_fails(datazone_ts, subtests):
            publish(1)
            with subtests.test():
                raise OSError
            publish(2)

        def test_one_is_skipped(datazone_ts, subtests):
            publish(1)
            with subtests.test():
                pytest.skip()
        """
    ).page

    assert "failed test_one_fails 2 calls · 2 points" in page.test("test_one_fails")
    assert "passed test_one_is_skipped 1 call" in page.test("test_one_is_skipped")


SUBTEST = """
import copy
import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    # As pytest-subtests does for older pytests: the test itself passes.
    outcome = yield
    if call.when == "call":
        report = copy.copy(outcome.get_result())
        report.outcome, report.context, report.duration = "failed", "a subtest", 5000
        item.ihook.pytest_runtest_logreport(report=report)
"""


def test_a_test_that_passes_with_a_failed_subtest_failed(run):
    page = run(
        "from pipeline import publish\ndef test_it(datazone_ts): publish(1)", conftest=SUBTEST
    ).page

    assert page.test("test_it").startswith("failed test_it 1 call · 1 point")
    assert "5,000" not in page.text  # a subtest's time is the test's too


RERUN = """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    # As plugins do that run a test again; some do not tell of the failed one's teardown.
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.failed:
            report.outcome = "rerun"
        if TELL_ALL or report.when != "teardown":
            item.ihook.pytest_runtest_logreport(report=report)
    item._initrequest()
    runtestprotocol(item, nextitem=nextitem)
    return True
"""


@pytest.mark.parametrize("tell_all", [True, False])
def test_a_test_that_is_run_again_is_shown_each_time(run, tell_all):
    page = run(
        """
        from pipeline import publish

        runs = []

        def test_fails_once(datazone_ts):
            runs.append(0)
            publish(len(runs))
            assert len(runs) > 1
        """,
        conftest=f"{RERUN}\nTELL_ALL = {tell_all}\n",
    ).page

    first, second = page.tests
    assert "rerun test_fails_once 1 call · 1 point" in first
    assert '{"passingPercentage": 1}' in first
    assert "passed test_fails_once 1 call · 1 point" in second
    assert '{"passingPercentage": 2}' in second
    assert "tests 2 of 1 in the run" in page.text


# How runs end


@pytest.mark.parametrize(
    ("ending", "status", "says"),
    [
        ("raise KeyboardInterrupt", 2, ["The run was interrupted", "The run ended early. Tests"]),
        ("pytest.exit('enough', 7)", 7, ["pytest ended with status 7", "The run ended early"]),
        ("assert 0", 1, ["Some tests failed", "The run ended early: stopping after 1 failures."]),
    ],
)
def test_what_there_is_of_a_run_that_ends_early(run, ending, status, says):
    result = run(
        f"""
        import pytest
        from pipeline import publish

        def test_first(datazone_ts):
            publish(1)

        def test_last(datazone_ts):
            publish(2)
            {ending}

        def test_never(datazone_ts):
            publish(3)
        """,
        "-x",
        in_subprocess=ending.startswith("raise"),  # pytester would be interrupted too
    )

    assert result.ret == status
    for line in says:
        assert line in result.page.text
    assert "Tests that had not ended are missing." in result.page.text
    assert result.page.test("test_first").startswith("passed ")
    assert len(result.page.tests) == (2 if status == 1 else 1)


def test_a_test_that_failed_is_shown_though_its_teardown_stopped_the_run(run):
    page = run(
        """
        import pytest
        from pipeline import publish

        @pytest.fixture
        def stops():
            yield
            pytest.exit("enough")

        def test_fails(datazone_ts, stops):
            publish(1)
            assert 0
        """
    ).page

    assert page.test("test_fails").startswith("failed test_fails 1 call · 1 point")


def test_a_complete_run_does_not_say_that_it_ended_early(run):
    source = "from pipeline import publish\ndef test_it(datazone_ts): publish(1); assert {}"

    assert "ended early" not in run(source.format(0)).page.text
    assert "ended early" not in run(source.format(1)).page.text
    assert run("").page.text.count("No test ran") == 2


def test_a_run_whose_tests_cannot_be_collected_leaves_a_page(run):
    page = run("from pipeline import missing").page

    assert "The run was interrupted" in page.text
    assert "The run ended early" in page.text


# Where it is written


def test_the_page_is_written_to_the_given_path(run, pytester, monkeypatch):
    monkeypatch.setenv("REPORTS", "made/for it")
    result = run(
        """
        import os

        def test_elsewhere(tmp_path):
            os.chdir(tmp_path)
        """,
        "--datazone-ts-report=$REPORTS/report.html",
    )
    (pytester.path / "made/for it/report.html").read_text("utf-8")
    assert [path.name for path in (pytester.path / "made/for it").iterdir()] == ["report.html"]
    result.stdout.fnmatch_lines(["*DataZone report: *"])
    assert "DataZone report" not in run("", "-q").stdout.str()


def test_a_link_keeps_pointing_to_the_page(run, pytester):
    (pytester.path / "real.html").write_text("old")
    (pytester.path / "report.html").symlink_to("real.html")
    run("")
    assert (pytester.path / "report.html").is_symlink()
    assert "No test ran" in (pytester.path / "real.html").read_text("utf-8")


def test_a_path_that_cannot_be_written_stops_the_run_at_its_start(run, pytester):
    (pytester.path / "file").touch()
    (pytester.path / "folder").mkdir()
    (pytester.path / "test_mine.py").write_text("mine")
    os.mkfifo(pytester.path / "pipe")
    for place, wrong in {
        "folder": "it is a folder. Name a file, such as report.html",
        "": "it is a folder. Name a file, such as report.html",
        "pipe": "it is not a regular file. Name a file, such as report.html",
        "test_mine.py": "it is a Python module. Name a file, such as report.html",
        "file/report.html": "its folder is a file",
        "x" * 300: "it cannot be written: File name too long",
    }.items():
        result = run("def test_it(): print('was run')", "-s", f"--datazone-ts-report={place}")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"ERROR: --datazone-ts-report={place}: {wrong}"])
        assert "was run" not in result.stdout.str()
    assert (pytester.path / "test_mine.py").read_text() == "mine"


def test_a_page_that_cannot_be_written_at_the_end_fails_the_run(pytester):
    """An earlier run's page is there, and must not pass for this one's."""
    pytester.makepyfile(
        """
        import pathlib

        def test_it():
            path = pathlib.Path("report.html")
            path.mkdir()
            (path / "in the way").touch()
        """
    )
    result = pytester.runpytest_inprocess("--datazone-ts-report=report.html", "-q")

    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(
        ["*no DataZone report was written to *report.html: Is a directory*"]
    )
    assert not [*pytester.path.glob(".datazone*")]


@pytest.mark.parametrize("option", ["--collect-only", "--fixtures", "--setup-only", "--setup-plan"])
def test_what_runs_no_tests_writes_nothing(run, option):
    result = run("def test_it(): ...", option)

    assert result.page is None
    assert "DataZone report" not in result.stdout.str()


def test_the_maximum_size_is_an_option(run, pytester):
    source = "from pipeline import publish\ndef test_it(datazone_ts): publish(1)"
    page = run(source, "-o", "datazone_ts_report_size=100").page
    assert "The page is full: the last 1 test is shown without details." in page.text
    assert page.tests[0].endswith("Left out: the page is full.")

    (pytester.path / "report.html").unlink()
    result = run(source, "-o", "datazone_ts_report_size=1 MB")
    assert (result.ret, result.page) == (pytest.ExitCode.USAGE_ERROR, None)
    result.stderr.fnmatch_lines(
        ["ERROR: the ini setting datazone_ts_report_size takes a number of bytes, not '1 MB'"]
    )


def test_a_missing_jinja2_stops_the_run_at_its_start(run, pytester):
    pytester.makepyfile(without="import sys\nsys.modules['jinja2'] = None")
    pytester.syspathinsert()
    result = run("def test_it(): ...", "-p", "without", in_subprocess=True)

    assert (result.ret, result.page) == (pytest.ExitCode.USAGE_ERROR, None)
    result.stderr.fnmatch_lines(
        ["ERROR: --datazone-ts-report needs Jinja2: *: pip install 'pytest-datazone-ts[[]report]'"]
    )


def test_without_the_option_nothing_is_imported_for_it(pytester):
    pytester.makepyfile(
        pipeline=PIPELINE,
        test_it="""
        import sys
        from pipeline import publish

        def test_it(datazone_ts):
            publish(1)
            assert not [name for name in sys.modules if name.endswith("reporting.html")]
            assert "jinja2" not in sys.modules

        def test_help(pytestconfig):
            names = [name for name, _ in pytestconfig.pluginmanager.list_name_plugin()]
            ours = [name for name in names if name and "datazone" in name]
            assert ours == ["datazone_ts", "pytest_datazone_ts.plugin"]
        """,
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_pytest_shows_the_option(run):
    run("", "--help").stdout.fnmatch_lines(
        ["Amazon DataZone:", "  --datazone-ts-report=FILE", "*write one HTML page*"]
    )


# Several processes

MANY = f"""
import pytest
from pipeline import form, post, publish

HOSTILE = {HOSTILE!a}

@pytest.mark.parametrize("number", range(12))
def test_publishes(datazone_ts, number):
    publish(number)
    assert number != 11

def test_retries(datazone_ts):
    datazone_ts.inject("ThrottlingException")
    publish(1)

@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile(datazone_ts, number):
    post(form(name=f"form {{number}}", content=HOSTILE[number]))
"""


AS_WORKERS_END = """
from pathlib import Path

def pytest_testnodedown(node):
    assert not Path("report.html").exists()
"""


def test_workers_write_one_page_together(run, pytester):
    pytest.importorskip("xdist")
    alone = run(MANY).page
    (pytester.path / "report.html").unlink()
    together = run(MANY, "-n", "2", conftest=AS_WORKERS_END)

    names = [test.split()[1] for test in alone.tests]
    assert names[:12] == [f"test_publishes[{number}]" for number in (11, *range(11))]
    together.assert_outcomes(passed=18, failed=1)
    together.stdout.fnmatch_lines(["*DataZone report: *report.html*"])
    assert len(alone.tests) == 19
    assert timeless(together.page.text) == timeless(alone.text)


def timeless(text):
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "(now)", text)
    return re.sub(r"[\d.]+ m?s\b", "(time)", text)


def test_a_test_that_runs_on_each_worker_is_shown_for_each(run):
    pytest.importorskip("xdist")
    source = "from pipeline import publish\ndef test_it(datazone_ts): publish(1)"
    page = run(source, "--dist", "each", "--tx", "2*popen").page

    assert "tests 2 of 2 in the run" in page.text


def test_a_worker_that_dies_is_reported(run):
    pytest.importorskip("xdist")
    result = run(
        """
        import os
        import pytest
        from pipeline import publish

        def test_dies(datazone_ts):
            publish(1)
            os._exit(1)

        @pytest.mark.parametrize("number", range(3))
        def test_lives(datazone_ts, number):
            publish(number)
        """,
        "-n",
        "1",
    )

    assert "What test_it.py::test_dies posted is lost: its process died." in result.page.text
    assert len(result.page.tests) == 3
    assert "tests 3 of 4 in the run" in result.page.text


# How big it is


def test_five_hundred_tests_stay_under_a_megabyte(run):
    result = run(
        """
        import json
        import pytest
        from datetime import timedelta
        from pipeline import MONDAY, form, post

        EVALUATIONS = [{"description": "IsComplete", "types": ["Completeness"], "status": "PASS"}]

        @pytest.mark.parametrize("table", range(500))
        def test_publishes_the_scores_of_a_table(datazone_ts, table):
            if table % 5 == 0:
                datazone_ts.inject("ThrottlingException")
            for day in range(3):
                content = {"passingPercentage": table / 5, "evaluations": EVALUATIONS * 4}
                post(form(content=json.dumps(content), timestamp=MONDAY + timedelta(days=day)))
            assert table != 250
        """
    )
    page = result.page

    assert len(page.html.encode()) < 1_000_000
    assert len(page.tests) == 500
    assert all(test.count("PostTimeSeriesDataPoints") == 3 for test in page.tests)
    assert "After the first 30 tests, content is truncated to 80 characters." in page.text
    assert "page is full" not in page.text
    assert page.tests[29].count("truncated,") == 0
    assert page.tests[30].count("truncated,") == 3
    failed = page.test("test_publishes_the_scores_of_a_table[250]")
    assert failed.count('"status": "PASS"') == 12
    assert "truncated," not in failed


def test_a_run_too_big_for_a_page_shows_failed_tests_first(run):
    """The names of all tests stay."""
    page = run(
        """
        import pytest
        from pipeline import form, post

        FORMS = [form("n" * 100 + str(number), "x" * 60) for number in range(20)]

        @pytest.mark.parametrize("number", range(5))
        def test_it(datazone_ts, number):
            for _ in range(80):
                post(*FORMS)
            assert number != 3
        """
    ).page

    assert len(page.html.encode()) < 1_000_000
    assert (
        "The page is full: the last 3 tests are shown without details. Run fewer tests, or raise "
        "the ini setting datazone_ts_report_size."
    ) in page.text
    assert [test.count("PostTimeSeries") for test in page.tests] == [80, 80, 0, 0, 0]
    assert page.tests[0].startswith("failed test_it[3] 80 calls")
    assert page.tests[4].startswith("passed test_it[4] 80 calls · 1600 points")
    assert page.tests[4].endswith("Left out: the page is full.")
