"""Suggestions for misspelt names."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pytest_datazone_ts import location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__tracebackhide__: location.Predicate = location.raised_on_purpose

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def hint(name: object, names: Iterable[str]) -> str:
    """Return the sentence `` Did you mean ...?`` with the closest name; ``""`` if none is close."""
    from difflib import get_close_matches  # noqa: PLC0415 - keeps the first use fast

    by_key = {_key(known): known for known in names}
    key = _key(str(name))
    completions = [known for known in by_key if key and known.startswith(key)]
    completions.sort(key=lambda known: len(known.removesuffix("identifier")))
    closest = completions or get_close_matches(key, by_key, n=1)
    return f" Did you mean {by_key[closest[0]]!r}?" if closest else ""


def unknown_keyword(caller: str, keyword: str, known: Iterable[str]) -> str:
    """Return the message for a keyword that a function does not take."""
    return (
        f"{caller}() got an unknown keyword {keyword!r}.{hint(keyword, known)} "
        f"Valid keywords: {', '.join(known)}."
    )


def check_keywords(method: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Make a method suggest the closest keyword if it gets an unknown one."""
    known = [name for name in method.__annotations__ if name != "return"]

    @wraps(method)
    def checked(*arguments: Parameters.args, **keywords: Parameters.kwargs) -> Result:
        __tracebackhide__ = True
        for keyword in keywords:
            if keyword not in known:
                raise TypeError(unknown_keyword(method.__name__, keyword, known))
        return method(*arguments, **keywords)

    return checked


def _key(name: str) -> str:
    return name.replace("_", "").lower()
