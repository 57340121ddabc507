"""The runner of the documentation's pages finds what is wrong with one."""

from __future__ import annotations

import pytest
from page import Run, blocks

POSTS = """
```python
# scores.py
import boto3


def publish(asset):
    boto3.client("datazone").list_time_series_data_points(
        domainIdentifier="dzd_5oo7xzoqltu8mf",
        entityIdentifier=asset,
        entityType="ASSET",
        formName="completeness",
    )
```

```python
from scores import publish


def test_publishes(datazone_ts):
    publish("4wyh64k2n8czaf")
    assert len(datazone_ts.calls) == NUMBER
```
"""

GOOD = {
    "files and tests": POSTS.replace("NUMBER", "1"),
    "a test that fails as shown, and is mended": """
```python
# test_sum.py
def test_sum():
    assert 1 + 1 == 3
```

```console
$ pytest -q --tb=line test_sum.py
F                                                                        [100%]
...
FAILED test_sum.py::test_sum - assert (1 + 1) == 3
1 failed in 0.01s
```

```python
# test_sum.py
def test_sum():
    assert 1 + 1 == 2
```
""",
    "a file that is changed and continued": """
```python
# test_sum.py
def test_sum():
    assert 1 + 1 == 3
    assert 2 + 2 == 4
```

```console
$ pytest -q test_sum.py >/dev/null || echo fails
fails
```

```diff
@@ test_sum.py @@
 def test_sum():
-    assert 1 + 1 == 3
+    assert 1 + 1 == 2
```

```python
# test_sum.py, continued
def test_difference():
    assert 1 - 1 == 0
```

```console
$ pytest -q
..                                                                       [100%]
2 passed in 0.01s
```
""",
    "commands": """
```console
$ echo one two three | wc -w
3
$ true
```

```console
echo a command alone >/dev/null
```
""",
    "Ctrl-C": """
```console
$ python -m pytest_datazone_ts serve
Amazon DataZone's time-series API is at http://127.0.0.1:5005 until Ctrl-C
export AWS_ENDPOINT_URL_DATAZONE=http://127.0.0.1:5005
^C
stopped
```
""",
    "what is installed": "`pytest-datazone-ts[server,jsonschema]`\n```console\n"
    "$ pip install 'pytest-datazone-ts[server]' boto3\n```",
    "an environment of the page's own": """
```python
import os


def test_nothing_of_aws_is_configured():
    assert not [name for name in os.environ if name.startswith("AWS_PROFILE")]
    assert not os.path.exists(os.environ["AWS_CONFIG_FILE"])
```
""",
}

BAD = {
    "a test that fails": (POSTS.replace("NUMBER", "2"), "assert 1 == 2"),
    "a test that warns": (
        "```python\nimport warnings\n\n\ndef test_it():\n    warnings.warn('mind')\n```",
        "UserWarning: mind",
    ),
    "a test that is skipped": (
        "```python\nimport pytest\n\n\ndef test_it():\n    pytest.skip('why not')\n```",
        "tests of the page are skipped",
    ),
    "a module without a test": ("```python\nimport boto3\n```", "no tests ran"),
    "a syntax error": ("```python\ndef test_it(:\n    pass\n```", "SyntaxError"),
    "a file that nothing uses": (
        "```python\n# scores.py\nx = 1\n```",
        "scores.py is shown, and nothing uses it",
    ),
    "a file that is replaced before it is run": (
        "```python\n# test_x.py\nx = 1\n```\n\n```python\n# test_x.py\nx = 2\n```",
        "test_x.py is shown again before anything has used it",
    ),
    "a change of nothing": (
        "```python\n# test_x.py\nx = 1\n```\n\n```diff\n@@ test_x.py @@\n-x = 2\n+x = 3\n```",
        "test_x.py has this 0 times:\nx = 2",
    ),
    "a change of what is not there": (
        "```diff\n@@ test_x.py @@\n-x = 2\n+x = 3\n```",
        "test_x.py is changed before it is shown",
    ),
    "a change of no file": ("```diff\n-x = 2\n+x = 3\n```", "line 1: a block of 'diff'"),
    "another output": (
        "```console\n$ echo two\none\n```",
        "$ echo two\n--- the page\n+++ the command\n@@ -1 +1 @@\n-one\n+two",
    ),
    "too little output": ("```console\n$ echo two; echo three\ntwo\n```", "+three"),
    "too much output": ("```console\n$ echo two\ntwo\nthree\n```", "-three"),
    "a silent failure": ("```console\n$ false\n```", "$ false: exit status 1"),
    "an unknown extra": (
        "```console\n$ pip install 'pytest-datazone-ts[moon]'\n```",
        "pytest-datazone-ts has no extra moon",
    ),
    "an unknown extra in the text": (
        "`pytest-datazone-ts[server,moon]`",
        "pytest-datazone-ts has no extra moon",
    ),
    "an installation's output": (
        "```console\n$ pip install boto3\nSuccessfully installed boto3\n```",
        "its output would never be checked",
    ),
    "another language": ("```rust\nfn main() {}\n```", "line 1: a block of 'rust'"),
    "no language": ("text\n\n```\nx = 1\n```", "line 3: a block of ''"),
    "settings without a file": ("```ini\n[pytest]\n```", "line 1: a block of 'ini'"),
    "indented code": ("text\n\n    x = 1\n", "line 3: code that is indented"),
    "another directive": ("```{code-block} python\nx = 1\n```", "a block of '{code-block} python'"),
    "code in reStructuredText": (
        "```{eval-rst}\n.. code-block:: python\n\n   x = 1\n```",
        "line 1: reStructuredText that is more than autodoc's directives",
    ),
    "HTML": ("<pre>x = 1</pre>\n", "line 1: HTML that is no comment"),
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_a_good_page(text, tmp_path):
    run = Run("a-page", tmp_path)
    run.page(text)
    assert not run.missing


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_bad_page(text, message, tmp_path):
    with pytest.raises(AssertionError) as raised:
        Run("a-page", tmp_path).page(text)
    assert message in str(raised.value)


def test_parts_that_need_missing_programs_are_skipped_and_listed(tmp_path):
    run = Run("a-page", tmp_path)
    run.page(
        "<!-- needs: sh no-such-program @no/such-package -->\n\n```python\nassert False\n```\n"
    )
    assert run.missing == {"no-such-program", "@no/such-package"}


def test_what_the_machine_has_is_run(tmp_path):
    with pytest.raises(AssertionError, match="exit status 1"):
        Run("a-page", tmp_path).page("<!-- needs: sh -->\n```console\n$ false\n```\n")


def test_a_traceback_has_the_lines_of_the_page(tmp_path):
    page = "# Title\n\n```python\ndef test_one():\n    pass\n```\n\ntext\n\n```python\n1 / 0\n```\n"
    assert [block.line for block in blocks(page)] == [3, 10]
    with pytest.raises(AssertionError, match=r"test_a_page\.py:11: in <module>"):
        Run("a-page", tmp_path).page(page)
