"""Pages of a long answer, and the ``nextToken`` that asks for the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_datazone_ts.service.refusal import Refusal
from pytest_datazone_ts.service.store import Identifiers

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE_SIZE = 50
"""AWS documents 50 as the greatest ``maxResults``, and no default."""


class _Token(NamedTuple):
    query: Mapping[str, Any]
    position: Any


class Pages:
    """The tokens that were issued: for which query, and where the next page begins."""

    def __init__(self) -> None:
        self._texts = Identifiers()
        self._tokens: dict[str, _Token] = {}

    def token(
        self, operation: str, region: str, parameters: Mapping[str, Any], position: Any
    ) -> str:
        """Issue a ``nextToken`` for what follows ``position``."""
        text = self._texts.next()
        self._tokens[text] = _Token(_query(operation, region, parameters), position)
        return text

    def position(self, operation: str, region: str, parameters: Mapping[str, Any]) -> Any:
        """Return where the page asked for begins; ``None``: at the beginning.

        A token that was not issued for this query is refused.
        """
        text = parameters.get("nextToken")
        if text is None:
            return None
        token = self._tokens.get(text)
        if token is None or token.query != _query(operation, region, parameters):
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


def _query(operation: str, region: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    asked = {
        name: value for name, value in parameters.items() if name not in ("nextToken", "maxResults")
    }
    return {"operation": operation, "region": region, **asked}
