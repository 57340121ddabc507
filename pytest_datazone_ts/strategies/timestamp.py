"""Strategies for the timestamps of forms."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

_NEW_YEAR_2000 = datetime(2000, 1, 1, tzinfo=timezone.utc)
# Windows has no local times before 1971, and pandas no times after 2261.
_FIRST = datetime(1971, 1, 1, tzinfo=timezone.utc) - _NEW_YEAR_2000
_LAST = datetime(2262, 1, 1, tzinfo=timezone.utc) - _NEW_YEAR_2000


def timestamps() -> st.SearchStrategy[datetime | float | str]:
    """Generate times in every form that boto3 accepts, in whole seconds.

    These are aware and naive datetimes, epoch seconds as ``int`` and ``float``, and ISO 8601 with
    and without a UTC offset. boto3 reads times without an offset as UTC.
    """
    formats: list[Callable[[datetime], datetime | float | str]] = [
        lambda moment: moment,
        lambda moment: moment.replace(tzinfo=None),
        lambda moment: int(moment.timestamp()),
        lambda moment: moment.timestamp(),
        lambda moment: moment.isoformat(),
        lambda moment: moment.replace(tzinfo=None).isoformat(),
    ]
    conversions, moments = st.sampled_from(formats), aware_datetimes()

    @st.composite
    def timestamp(draw: st.DrawFn) -> datetime | float | str:
        return draw(conversions)(draw(moments))

    return timestamp()


def aware_datetimes() -> st.SearchStrategy[datetime]:
    """Generate aware datetimes in whole seconds, half of them in UTC."""
    seconds = st.integers(_FIRST // timedelta(seconds=1), _LAST // timedelta(seconds=1))
    quarters = st.just(0) | st.integers(-12 * 4, 14 * 4)

    @st.composite
    def moment(draw: st.DrawFn) -> datetime:
        utc = _NEW_YEAR_2000 + timedelta(seconds=draw(seconds))
        return utc.astimezone(timezone(timedelta(minutes=15 * draw(quarters))))

    return moment()
