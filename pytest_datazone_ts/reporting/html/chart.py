"""The charts of the page, as SVG.

Geometry is in attributes, as the page's policy forbids inline styles. Symbols and the scale from
0 to 100 are defined once in the page, and referenced here by their ids.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_datazone_ts.reporting.html.record import AttemptRecord

_LEFT, _RIGHT, _TOP, _BOTTOM = 38, 292, 8, 84
"""The plot area in a chart of 300 by 92 units; the scale is to its left."""
_DOTS = 60
"""With more points than this, the line is drawn without dots."""
_PERCENT = (0.0, 100.0)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def line(points: Sequence[tuple[str, float]]) -> str:
    """Draw two or more scores over their ISO timestamps, given in order."""
    scores = [score for _, score in points]
    low, high = min(_PERCENT[0], *scores), max(_PERCENT[1], *scores)
    times = [(datetime.fromisoformat(time) - _EPOCH).total_seconds() for time, _ in points]
    if times[0] == times[-1]:
        times = [float(index) for index in range(len(points))]
    coordinates = [
        f"{_scaled(_LEFT, _RIGHT, time, times[0], times[-1])} "
        f"{_scaled(_BOTTOM, _TOP, score, low, high)}"
        for time, score in zip(times, scores, strict=True)
    ]
    scale = "<use href=#scale />" if (low, high) == _PERCENT else _scale(low, high)
    kind = "dotted" if len(points) <= _DOTS else "plain"
    least, most, last = map(number, (min(scores), max(scores), scores[-1]))
    label = f"passingPercentage of {len(points)} points: {least} to {most}, at last {last}"
    return (
        f"<svg class=chart viewBox='0 0 300 92' role=img aria-label='{label}'>{scale}"
        f"<path class={kind} d='M{'L'.join(coordinates)}'/></svg>"
    )


def bar(score: float) -> str:
    """Draw one score out of 100."""
    filled = number(min(max(score, _PERCENT[0]), _PERCENT[1]))
    return (
        f"<svg class=bar role=img aria-label='passingPercentage {number(score)}'>"
        f"<rect width=100% height=8 rx=4 /><rect class=full width={filled}% height=8 rx=4 /></svg>"
    )


def strip(attempts: Sequence[AttemptRecord], start: float, end: float) -> str:
    """Draw the attempts of a call and the back-offs after them, from ``start`` to ``end``."""
    drawn = []
    for attempt in attempts:
        x = _scaled(1, 99, attempt["at"], start, end)
        if attempt["slept"]:
            waited = _scaled(1, 99, attempt["at"] + attempt["slept"], start, end)
            drawn.append(f"<line x1={x}% x2={waited}% y1=8 y2=8 />")
        drawn.append(f"<use href=#{'ok' if succeeded(attempt) else 'no'} x={x}% y=8 />")
    return f"<svg class=strip aria-hidden=true>{''.join(drawn)}</svg>"


def succeeded(attempt: AttemptRecord) -> bool:
    """Return whether an attempt succeeded."""
    return attempt["status"] is not None and attempt["status"] < 300  # noqa: PLR2004


def number(value: float) -> str:
    """Return a number in full, without a fraction if it is whole."""
    return str(int(value)) if value == int(value) else str(value)


def _scaled(first: float, last: float, value: float, low: float, high: float) -> str:
    """Map ``value`` from the range ``low`` to ``high`` to the range ``first`` to ``last``."""
    fraction = (value - low) / (high - low) if high > low else 0.0
    return f"{first + (last - first) * fraction:.1f}".removesuffix(".0")


def _scale(low: float, high: float) -> str:
    lines = [(high, _TOP), ((low + high) / 2, (_TOP + _BOTTOM) / 2), (low, _BOTTOM)]
    return "".join(
        f"<path class=grid d='M{_LEFT} {number(y)}H{_RIGHT}'/>"
        f"<text x={_LEFT - 6} y={number(y + 4)}>{value:.3g}</text>"
        for value, y in lines
    )
