"""Using a double after its test or block."""

from __future__ import annotations

import re

import pytest

from pytest_datazone_ts import mock_datazone_ts

TOO_LATE = (
    "{}() came too late: {} is over, and this DataZoneTimeSeries answers no more calls. Use the "
    "one that is active: the datazone_ts of the test that runs, or DataZoneTimeSeries.current()."
)
ANOTHERS = (
    "this DataZoneTimeSeries recorded the test test_it.py::test_first, which is over. Each test "
    "has a datazone_ts of its own: take the fixture as an argument in this one too, and do not "
    "keep it. To look at one recording in several tests, make it with mock_datazone_ts() in a "
    "fixture of a wider scope."
)
CONFIGURATIONS = {
    "inject": lambda ts: ts.inject("ThrottlingException"),
    "rate_limit": lambda ts: ts.rate_limit(1),
    "respond": lambda ts: ts.respond("GetDomain", {}),
    "add_asset": lambda ts: ts.add_asset("a", domain_identifier="dzd_1", name="a"),
    "register_form_type": lambda ts: ts.register_form_type("t", lambda _: True),
}


@pytest.mark.parametrize("member", CONFIGURATIONS)
def test_configuring_a_double_after_its_block_is_an_error(member):
    with mock_datazone_ts() as ts:
        pass
    block = "the block or function that mock_datazone_ts() was for"
    with pytest.raises(RuntimeError, match=f"^{re.escape(TOO_LATE.format(member, block))}$"):
        CONFIGURATIONS[member](ts)


def test_records_can_be_read_after_the_block(make_client, post):
    with mock_datazone_ts() as ts:
        post(make_client())
    assert len(ts.data_points) == len(ts.calls) == 1
    assert ts.sleeps == ()
    ts.assert_posted(count=1)
    ts.reset()
    ts.assert_not_posted()


def test_using_the_double_of_an_earlier_test_is_an_error(pytester):
    late = TOO_LATE.format("inject", "the test test_it.py::test_first")
    pytester.makepyfile(
        test_it=f"""
        import re
        import pytest

        kept = []

        @pytest.fixture
        def reads_it_late():
            yield
            assert kept[0].calls == []  # in the test's own teardown, but after the double's

        def test_first(reads_it_late, datazone_ts):
            kept.append(datazone_ts)

        @pytest.mark.parametrize("look", [
            lambda ts: ts.data_points,
            lambda ts: ts.calls,
            lambda ts: ts.sleeps,
            lambda ts: ts.assert_posted(),
            lambda ts: ts.assert_not_posted(),
        ])
        def test_next(look):
            with pytest.raises(RuntimeError, match="^" + re.escape({ANOTHERS!r}) + "$"):
                look(kept[0])

        def test_arm():
            with pytest.raises(RuntimeError, match="^" + re.escape({late!r}) + "$"):
                kept[0].inject("ThrottlingException")
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(passed=7)
