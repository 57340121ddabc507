"""Checks of arguments that are counts."""

from __future__ import annotations

from pytest_datazone_ts import location

__tracebackhide__: location.Predicate = location.raised_on_purpose


def require_count(rule: str, value: object, minimum: int) -> None:
    """Raise a ``ValueError`` unless a value is an integer that is large enough.

    Args:
        rule: What the argument takes, for the message.
        value: The value of the argument.
        minimum: The least valid value.

    Raises:
        ValueError: The value is not an integer, or too small.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        message = f"{rule}, not {value!r}"
        raise ValueError(message)


def require_times(caller: str, times: object) -> None:
    """Check the argument ``times`` of a function: a count, or ``None`` for all.

    Raises:
        ValueError: It is neither.
    """
    if times is not None:
        require_count(f"{caller}(times=...) takes 1 or more, or None for all", times, 1)


def require_posted_count(count: object) -> None:
    """Require the argument ``count`` of ``assert_posted`` to be a count or ``None``.

    Raises:
        ValueError: It is neither; the message suggests the keyword that was probably meant.
    """
    rule = "assert_posted(count=...) takes a number of data points"
    if isinstance(count, (str, dict)):
        keyword = f"form_name={count!r}" if isinstance(count, str) else "content={...}"
        message = f"{rule}, not {count!r}. Did you mean {keyword}?"
        raise ValueError(message)  # noqa: TRY004 - as for any other count
    if count is not None:
        require_count(rule, count, 0)
