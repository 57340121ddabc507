"""Pages of a long answer, and the ``nextToken`` that asks for the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_datazone_ts.service.refusal import Refusal
from pytest_datazone_ts.service.store import Identifiers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    _Query: TypeAlias = tuple[str, Mapping[str, Any]]
    """A region and what was asked for there."""

PAGE_SIZE = 50
"""AWS documents 50 as the greatest ``maxResults``, and no default."""


class _Token(NamedTuple):
    query: _Query
    position: Any


class Pages:
    """The tokens that were issued: for which query, and where the next page begins."""

    def __init__(self) -> None:
        self._texts = Identifiers()
        self._tokens: dict[str, _Token] = {}

    def token(self, region: str, parameters: Mapping[str, Any], position: Any) -> str:
        """Issue a ``nextToken`` for what follows ``position``."""
        text = self._texts.next()
        self._tokens[text] = _Token(_query(region, parameters), position)
        return text

    def position(self, region: str, parameters: Mapping[str, Any]) -> Any:
        """Return where the page asked for begins; ``None``: at the beginning.

        A token that was not issued for this query is refused.
        """
        text = parameters.get("nextToken")
        if text is None:
            return None
        token = self._tokens.get(text)
        if token is None or token.query != _query(region, parameters):
            raise stale(text)
        return token.position

    def clear(self) -> None:
        """Forget every token."""
        self._tokens.clear()


def stale(next_token: str) -> Refusal:
    """Refuse a token that leads nowhere."""
    return Refusal(
        "ValidationException",
        f"Invalid nextToken '{next_token}': it was not issued for this query, or what it "
        "pointed at has been deleted",
    )


def size(parameters: Mapping[str, Any]) -> int:
    """Return how many items a page may hold."""
    asked: int = parameters.get("maxResults", PAGE_SIZE)
    return asked


def _query(region: str, parameters: Mapping[str, Any]) -> _Query:
    """Return what is asked for: each operation's required parameters are its own."""
    asked = {
        name: value for name, value in parameters.items() if name not in ("nextToken", "maxResults")
    }
    return region, asked
