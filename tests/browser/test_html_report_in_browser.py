"""The HTML report in Chromium: that it is read, searched and printed, and runs nothing else."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise

import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason="tox installs selenium")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

HOSTILE = [
    "</script><script>document.title = 'taken over'</script>",
    "</style></svg></table><img src=x onerror=\"document.title = 'taken over'\">",
    "' onload=\"document.title = 'taken over'\" x='",
    "--><iframe src=\"javascript:parent.document.title = 'taken over'\"></iframe><!--",
    "\x00\x1b[31m \u202egnirts \ud800",
]

SUITE = f"""
import json
from datetime import datetime, timedelta, timezone

import boto3
import pytest
from botocore.config import Config
from freezegun import freeze_time
from pytest_datazone_ts import faults, mock_datazone_ts

HOSTILE = {HOSTILE!a}

def publish(*scores, name="completeness", content=None, entity="asset"):
    retries = {{"mode": "standard", "total_max_attempts": 3}}
    client = boto3.client("datazone", region_name="us-east-1", config=Config(retries=retries))
    for day, score in enumerate(scores):
        client.post_time_series_data_points(
            domainIdentifier="dzd_x", entityIdentifier=entity, entityType="ASSET",
            forms=[{{
                "formName": name,
                "typeIdentifier": "acme.ScoreFormType",
                "timestamp": datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(days=day),
                "content": content or json.dumps({{"passingPercentage": score}}),
            }}],
        )

def test_one(datazone_ts):
    publish(87.5)

def test_week(datazone_ts):
    publish(92, 94.5, 91, 88, 95, 97.5, 96)
    publish(-20, 120, name="off the scale", entity="w" * 36)
    publish(1, name="n" * 128, content="w" * 700)

@freeze_time()  # nothing but the backoffs takes time
def test_retries(datazone_ts):
    datazone_ts.inject("ThrottlingException", times=2)
    publish(70, 80)

def test_fails(datazone_ts):
    datazone_ts.inject("ServiceQuotaExceededException")
    publish(70)

@pytest.mark.parametrize("text", HOSTILE)
def test_hostile(datazone_ts, text):
    datazone_ts.inject(faults.ThrottlingException(message=text))
    publish(1, 2, name=text, content=text)

@pytest.mark.skip
def test_nothing(datazone_ts): ...

def test_sweep(datazone_ts_sweep):
    def careless():
        try:
            publish(1)
        except Exception:
            pass
    datazone_ts_sweep(careless)

def test_doubles():
    for score in (1, 2):
        with mock_datazone_ts():
            publish(score)
"""
TESTS = 6 + len(HOSTILE)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report, as pytest writes it."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "test_scores.py").write_text(SUITE, "utf-8")
    options = ("-p", "no:cacheprovider", "--rootdir=.", "--datazone-ts-report=report.html")
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pytest", *options],
        cwd=folder,
        check=False,
        capture_output=True,
    )
    return folder / "report.html"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """A browser without a window, and without business of its own on the network."""
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        pytest.skip("chromium and chromedriver are not on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for argument in (
        *("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run"),
        *("disable-background-networking", "disable-component-update", "disable-sync"),
        f"user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(programs[1]))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium, page):
    """The browser, showing the report as one who opens it sees it."""

    def show(*, width=1280, scheme="light", media="", scripts=True):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        emulated = {"media": media, "features": features}
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", emulated)
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        for kind in ("browser", "performance"):
            chromium.get_log(kind)
        chromium.get(page.as_uri())
        return chromium

    yield show
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def shown(browser):
    """Return the names of the tests that are shown."""
    heads = browser.find_elements(By.CSS_SELECTOR, ".test h3")
    return [head.text.split(maxsplit=1)[1] for head in heads if head.is_displayed()]


def open_all(browser):
    browser.execute_script("document.querySelectorAll('details').forEach(d => { d.open = true })")


def test_what_tests_say_does_nothing(browser):
    driver = browser()
    open_all(driver)

    assert driver.title == "DataZone report: Some tests failed"
    text = driver.find_element(By.TAG_NAME, "main").text
    for hostile in HOSTILE[:-1]:
        assert text.count(hostile) >= 4, hostile  # name, fault, form and content
    assert r"\x00\x1b[31m \u202egnirts \ud800" in text
    for tag, count in {"script": 1, "style": 1, "img": 0, "iframe": 0}.items():
        assert len(driver.find_elements(By.TAG_NAME, tag)) == count
    assert len(driver.find_elements(By.CSS_SELECTOR, "main > section > .test")) == TESTS
    assert not driver.get_log("browser")


def test_it_asks_nobody_for_anything_and_its_policy_sees_to_it(browser, page):
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_): ...

    driver = browser()
    open_all(driver)
    events = [entry["message"] for entry in driver.get_log("performance")]
    sent = [event for event in events if '"Network.requestWillBeSent"' in event]
    assert sent
    assert all(page.as_uri() in event or '"url":"data:' in event for event in sent)

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        refused = driver.execute_async_script(
            """
            const [address, done] = arguments;
            const refused = [];
            addEventListener("securitypolicyviolation", (event) => {
              refused.push(event.effectiveDirective);
              if (refused.length === 4) done(refused.sort());
            });
            new Image().src = address;
            fetch(address).catch(() => {});
            document.body.insertAdjacentHTML("beforeend",
              `<p onclick="document.title = 'taken over'" style="color: red">`);
            document.body.lastChild.click();
            """,
            f"http://127.0.0.1:{server.server_port}/",
        )
        server.shutdown()
    assert refused == ["connect-src", "img-src", "script-src-attr", "style-src-attr"]
    assert not asked
    assert driver.title != "taken over"


def test_search_and_filter(browser):
    driver = browser()
    everything = shown(driver)
    find = driver.find_element(By.ID, "find")
    nothing = driver.find_element(By.ID, "nothing")
    count = driver.find_element(By.ID, "shown")
    assert len(everything) == TESTS
    assert not nothing.is_displayed()

    find.send_keys("WWWWW scale")  # in the content and in a form's name, not in the test's
    assert shown(driver) == ["test_week"]
    assert count.text == f"1 of {TESTS} tests"
    find.send_keys(" nowhere")
    assert shown(driver) == []
    assert not driver.find_element(By.TAG_NAME, "section").is_displayed()
    nothing.find_element(By.TAG_NAME, "button").click()
    assert shown(driver) == everything
    assert driver.switch_to.active_element == find
    assert count.text == ""

    kinds = {
        label.text.split()[0]: label for label in driver.find_elements(By.TAG_NAME, "label")[1:]
    }
    assert [*kinds] == ["all", "failed", "faults", "retries", "sweeps"]
    kinds["failed"].click()
    assert shown(driver) == ["test_fails", "test_sweep"]
    kinds["sweeps"].click()
    assert shown(driver) == ["test_sweep"]
    kinds["retries"].click()
    assert len(shown(driver)) == 1 + len(HOSTILE)
    find.send_keys("test_scores.py quota")
    assert shown(driver) == []
    kinds["all"].click()
    assert shown(driver) == ["test_fails", "test_sweep"]


def test_the_keyboard_is_enough(browser):
    driver = browser()
    body = driver.find_element(By.TAG_NAME, "body")
    find = driver.find_element(By.ID, "find")

    body.send_keys("/")
    assert driver.switch_to.active_element == find
    find.send_keys("/")
    assert find.get_attribute("value") == "/"
    find.send_keys(Keys.BACKSPACE + Keys.TAB)
    driver.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)  # to the next kind
    assert shown(driver) == ["test_fails", "test_sweep"]
    driver.switch_to.active_element.send_keys(Keys.TAB)
    assert driver.switch_to.active_element.tag_name == "summary"
    calls = driver.find_element(By.XPATH, "//details[contains(., 'test_fails')]//ol")
    assert calls.is_displayed()  # a failed one is open
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert not calls.is_displayed()


def test_it_is_complete_without_scripts(browser):
    driver = browser(scripts=False)

    assert not driver.find_element(By.ID, "tools").is_displayed()
    assert not driver.find_element(By.ID, "nothing").is_displayed()
    assert len(shown(driver)) == TESTS
    summary = driver.find_element(By.XPATH, "//summary[contains(., 'test_week')]")
    points = driver.find_element(By.XPATH, "//summary[contains(., '7 points')]")
    table = points.find_element(By.XPATH, "../table")
    summary.click()
    assert points.is_displayed()
    assert not table.is_displayed()
    points.click()
    assert table.text.splitlines()[1].startswith("2024-01-01 00:00Z 92 ")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(browser, width):
    driver = browser(width=width)
    open_all(driver)

    wide = driver.execute_script(
        """
        const width = document.documentElement.clientWidth;
        return [...document.querySelectorAll("body, body *:not(defs *)")]
          .filter((element) => element.getBoundingClientRect().right > width + 1)
          .map((element) => element.outerHTML.slice(0, 200));
        """
    )
    assert wide == []


CONTRASTS = """
const pale = [];
const light = (colour) => {
  const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => part / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  const colour = getComputedStyle(element).backgroundColor;
  return colour === "rgba(0, 0, 0, 0)" && element.parentElement ? behind(element.parentElement)
    : colour;
};
for (const element of document.querySelectorAll("body *")) {
  const words = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!words || !element.checkVisibility() || element.closest("script, defs")) continue;
  const style = getComputedStyle(element);
  const front = element.closest("svg") ? style.fill : style.color;
  const [low, high] = [light(front), light(behind(element))].sort((a, b) => a - b);
  const contrast = (high + 0.05) / (low + 0.05);
  if (contrast < 4.5) pale.push([contrast, front, element.outerHTML.slice(0, 200)]);
}
return [getComputedStyle(document.body).backgroundColor, pale];
"""


def test_it_is_light_or_dark_as_the_reader_has_it_and_readable_in_both(browser):
    grounds = []
    for scheme in ("light", "dark"):
        driver = browser(scheme=scheme)
        open_all(driver)
        ground, pale = driver.execute_script(CONTRASTS)
        assert pale == []
        grounds.append(ground)
    assert grounds == ["rgb(250, 250, 248)", "rgb(21, 24, 27)"]


def test_it_prints_dark_on_white_without_what_is_for_the_screen(browser):
    driver = browser(scheme="dark", media="print")

    ground, pale = driver.execute_script(CONTRASTS)
    assert (ground, pale) == ("rgb(255, 255, 255)", [])
    assert not driver.find_element(By.ID, "tools").is_displayed()
    assert base64.b64decode(driver.print_page()).startswith(b"%PDF")


def test_charts_are_drawn_within_their_frames(browser):
    driver = browser()
    open_all(driver)

    drawn = driver.execute_script(
        """
        return [...document.querySelectorAll(".chart path:not(.grid)")]
          .map((shape) => {
            const box = shape.getBoundingClientRect();
            const frame = shape.ownerSVGElement.getBoundingClientRect();
            return [box.width > 0, box.left >= frame.left, box.right <= frame.right,
                    box.top >= frame.top, box.bottom <= frame.bottom];
          });
        """
    )
    assert len(drawn) == 3
    assert all(all(each) for each in drawn)
    strips = driver.execute_script(
        """
        return [...document.querySelectorAll(".strip")].map((strip) =>
          [...strip.querySelectorAll("use")].map((mark) => [
            mark.getAttribute("href"), Math.round(mark.getBoundingClientRect().left),
          ]));
        """
    )
    backoffs = driver.execute_script(
        """
        return [...document.querySelector(".strip").querySelectorAll("line")].map(
          (line) => line.getBoundingClientRect().width);
        """
    )
    retried, at_once = strips[:2]
    assert [mark for mark, _ in retried] == ["#bad", "#bad", "#good"]
    places = [place for _, place in retried]
    assert places == sorted(places)
    assert places[-1] > places[0] + 300  # over the whole width
    assert sum(backoffs) == pytest.approx(places[-1] - places[0], abs=2)
    assert at_once[0][0] == "#good"
    assert at_once[0][1] == places[-1]


def test_it_can_be_listened_to(browser):
    """Headings follow one another, and every picture and control has a name."""
    driver = browser()
    open_all(driver)

    levels = driver.execute_script(
        "return [...document.querySelectorAll('h1, h2, h3, h4, h5')]"
        ".filter((heading) => heading.checkVisibility()).map((heading) => +heading.tagName[1])"
    )
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    nodes = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    named = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node["ignored"]
    ]
    roles = {role for role, _ in named}
    assert {"banner", "main", "contentinfo", "search", "searchbox", "radio", "image"} <= roles
    for role, name in named:
        if role in {"searchbox", "radio", "radiogroup", "group", "image", "button", "heading"}:
            assert name or role == "group", role
    assert ("image", "passingPercentage of 7 points: 88 to 97.5, at last 96") in named
