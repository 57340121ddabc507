"""Options: their defaults, their sources, and the errors for invalid ones."""

from __future__ import annotations

import re
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from internals import OptionKeywords, Options

from pytest_datazone_ts import mock_datazone_ts

DEFAULTS = {
    "strict": True,
    "unstubbed": "error",
    "retry_sleep": "virtual",
    "sleep": "real",
    "content_check": "warn",
    "sign": False,
    "mock_aws": False,
}
CHOICES: dict[str, list[Any]] = {
    "strict": [True, False],
    "unstubbed": ["error", "passthrough"],
    "retry_sleep": ["virtual", "real"],
    "sleep": ["real", "virtual"],
    "content_check": ["off", "warn", "error"],
    "sign": [True, False],
    "mock_aws": [True, False],
}
VALID = "Valid options: strict, unstubbed, retry_sleep, sleep, content_check, sign, mock_aws."
WRONG_VALUES = [
    ("strict", None, "the option 'strict' takes True or False, not None"),
    ("strict", "false", "the option 'strict' takes True or False, not 'false'"),
    ("sign", 1, "the option 'sign' takes True or False, not 1"),
    ("unstubbed", True, "the option 'unstubbed' takes 'error' or 'passthrough', not True"),
    ("retry_sleep", "none", "the option 'retry_sleep' takes 'virtual' or 'real', not 'none'"),
    (
        "content_check",
        ["off"],
        "the option 'content_check' takes 'off' or 'warn' or 'error', not ['off']",
    ),
]


def options_of(**keywords: Any) -> dict[str, Any]:
    with mock_datazone_ts(**keywords) as ts:
        return {name: getattr(ts.options, name) for name in CHOICES}


def test_an_option_that_is_not_given_has_its_default():
    assert options_of() == DEFAULTS


def test_the_options_of_a_double_have_a_repr_and_are_read_only():
    with mock_datazone_ts(strict=False) as ts:
        assert repr(ts.options) == (
            "Options(strict=False, unstubbed='error', retry_sleep='virtual', sleep='real', "
            "content_check='warn', sign=False, mock_aws=False)"
        )
        with pytest.raises(AttributeError):
            ts.options.sign = True
        with pytest.raises(AttributeError):
            del ts.options.sign
        assert ts.options.sign is False
        assert hash(ts.options) == hash(ts.options._replace(sign=False))


def test_editors_complete_every_option_and_its_values():
    assert get_type_hints(OptionKeywords) == get_type_hints(Options)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in CHOICES.items()}))
def test_keywords_replace_only_their_own_defaults(keywords):
    assert options_of(**keywords) == {**DEFAULTS, **keywords}


@pytest.mark.parametrize(("name", "value", "message"), WRONG_VALUES)
def test_a_wrong_value_is_an_error_that_names_the_right_ones(name, value, message):
    with pytest.raises(ValueError, match=f"^{re.escape(f'mock_datazone_ts(): {message}')}$"):
        mock_datazone_ts(**{name: value})


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.sampled_from([*CHOICES]), st.text() | st.integers() | st.none() | st.lists(st.text()))
def test_only_valid_values_are_accepted(name, value):
    if not any(value is choice or value == choice != 1 for choice in CHOICES[name]):
        with pytest.raises(ValueError, match=f"the option '{name}' takes "):
            mock_datazone_ts(**{name: value})


@pytest.mark.parametrize(
    ("name", "hint"),
    [("strct", " Did you mean 'strict'?"), ("unstubed", " Did you mean 'unstubbed'?"), ("x", "")],
)
def test_an_unknown_keyword_is_an_error_that_lists_the_options(name, hint):
    with pytest.raises(TypeError) as raised:
        mock_datazone_ts(**{name: True})

    assert str(raised.value) == f"mock_datazone_ts() got an unknown option {name!r}.{hint} {VALID}"


def test_every_ini_setting_sets_its_option(pytester):
    pytester.makeini(
        """
        [pytest]
        datazone_ts_strict = false
        datazone_ts_unstubbed = passthrough
        datazone_ts_retry_sleep = real
        datazone_ts_content_check = error
        datazone_ts_sign = true
        datazone_ts_mock_aws = true
        """
    )
    pytester.makepyfile(
        """
        def test_options(datazone_ts):
            options = datazone_ts.options
            assert options.strict is False
            assert options.unstubbed == "passthrough"
            assert options.retry_sleep == "real"
            assert options.content_check == "error"
            assert options.sign is True
            assert options.mock_aws is True
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


# pluggy's remark on how pytest 7 lets any error through that comes before the conftests.
@pytest.mark.filterwarnings("ignore:A plugin raised an exception")
@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("strict=maybe", "the ini setting datazone_ts_strict: invalid truth value 'maybe'"),
        ("sign=", "the ini setting datazone_ts_sign: invalid truth value ''"),
        ("stand_ins=2", "the ini setting datazone_ts_stand_ins: invalid truth value '2'"),
        (
            "unstubbed=ignore",
            (
                "the ini setting datazone_ts_unstubbed: "
                "the option 'unstubbed' takes 'error' or 'passthrough', not 'ignore'"
            ),
        ),
        (
            "retry_sleep=",
            (
                "the ini setting datazone_ts_retry_sleep: "
                "the option 'retry_sleep' takes 'virtual' or 'real', not ''"
            ),
        ),
    ],
)
def test_a_wrong_ini_setting_stops_the_run(pytester, setting, message):
    result = pytester.runpytest_inprocess("-o", f"datazone_ts_{setting}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in result.errlines if line] == [f"ERROR: {message}"]


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest reads TOML's own types from 9.0")
def test_a_toml_setting_of_a_wrong_type_stops_the_run(pytester):
    pytester.makepyprojecttoml('[tool.pytest]\ndatazone_ts_strict = "yes"')

    result = pytester.runpytest_inprocess()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: the ini setting datazone_ts_strict: *bool*"])


def test_the_closest_marker_wins_option_by_option(pytester):
    pytester.makeini("[pytest]\ndatazone_ts_sign = true\ndatazone_ts_content_check = off\n")
    pytester.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.datazone_ts(strict=False, content_check="error")

        def of(ts):
            return ts.options.strict, ts.options.content_check, ts.options.retry_sleep

        def test_module(datazone_ts):
            assert of(datazone_ts) == (False, "error", "virtual")

        @pytest.mark.datazone_ts(strict=True)
        def test_function(datazone_ts):
            assert of(datazone_ts) == (True, "error", "virtual")

        @pytest.mark.datazone_ts(content_check="warn", retry_sleep="real")
        class TestClass:
            def test_class(self, datazone_ts):
                assert of(datazone_ts) == (False, "warn", "real")

            @pytest.mark.datazone_ts(strict=True, retry_sleep="virtual")
            def test_function(self, datazone_ts):
                assert of(datazone_ts) == (True, "warn", "virtual")
                assert datazone_ts.options.sign is True

            @pytest.mark.datazone_ts(content_check="error")
            @pytest.mark.datazone_ts(content_check="off")
            def test_the_first_of_two(self, datazone_ts):
                assert datazone_ts.options.content_check == "off"
        """
    )
    pytester.runpytest_inprocess("--strict-markers").assert_outcomes(passed=5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "strct=True",
            (
                "@pytest.mark.datazone_ts got an unknown option 'strct'. "
                f"Did you mean 'strict'? {VALID}"
            ),
        ),
        (
            "stand_ins=True",
            f"@pytest.mark.datazone_ts got an unknown option 'stand_ins'. {VALID}",
        ),
        (
            "strict='no'",
            "@pytest.mark.datazone_ts: the option 'strict' takes True or False, not 'no'",
        ),
        ("False", "@pytest.mark.datazone_ts takes its options by keyword, not (False,)"),
    ],
)
def test_a_wrong_marker_is_an_error_of_the_test_alone(pytester, arguments, message):
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.datazone_ts({arguments})
        def test_wrong(datazone_ts):
            raise AssertionError("it never starts")

        def test_right(datazone_ts): ...
        """
    )
    result = pytester.runpytest_inprocess()

    result.assert_outcomes(passed=1, errors=1)
    start = next(i for i, line in enumerate(result.outlines) if "ERROR at setup of" in line)
    assert result.outlines[start + 1] == message
    assert result.outlines[start + 2].startswith("=====")
