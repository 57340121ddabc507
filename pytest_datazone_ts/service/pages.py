"""Pagination of long results with ``nextToken``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_datazone_ts.service.error import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from pytest_datazone_ts.service.identifiers import Identifiers

    Query: TypeAlias = tuple[str, Mapping[str, Any]]
    """A region, and a request's parameters without those for pagination."""

MAX_PAGE_SIZE = 50
"""The documented maximum of ``maxResults``; AWS does not document a default."""


class _Token(NamedTuple):
    query: Query
    position: Any


class Page(NamedTuple):
    """A page of items."""

    output: dict[str, Any]
    """The members ``items`` and, unless it is the last page, ``nextToken`` of the output."""
    total: int
    """The number of items on all pages."""


class Pages:
    """The issued tokens, each with its query and the position from which it continues.

    Args:
        identifiers: Generates the tokens.
    """

    def __init__(self, identifiers: Identifiers) -> None:
        self._identifiers = identifiers
        self._tokens: dict[str, _Token] = {}

    def issue_token(self, region: str, parameters: Mapping[str, Any], position: Any) -> str:
        """Return a new ``nextToken`` that continues from ``position``."""
        next_token = self._identifiers.next()
        self._tokens[next_token] = _Token(_query(region, parameters), position)
        return next_token

    def position(self, region: str, parameters: Mapping[str, Any]) -> Any:
        """Return the position from which a request continues.

        Returns:
            The position of the request's ``nextToken``, or ``None`` if it has none.

        Raises:
            ServiceError: The token was not issued for this query.
        """
        next_token = parameters.get("nextToken")
        if next_token is None:
            return None
        token = self._tokens.get(next_token)
        if token is None or token.query != _query(region, parameters):
            raise invalid_token(next_token)
        return token.position

    def page(
        self, region: str, parameters: Mapping[str, Any], items: Sequence[Mapping[str, Any]]
    ) -> Page:
        """Return the page for a request.

        Args:
            region: The region to which the request was sent.
            parameters: The parameters of the request.
            items: All current items. A ``nextToken`` continues with those that were current when
                the first page was requested, so that changes do not move items between pages.

        Raises:
            ServiceError: Its ``nextToken`` was not issued for this query.
        """
        items, start = self.position(region, parameters) or (items, 0)
        end = start + page_size(parameters)
        output: dict[str, Any] = {"items": items[start:end]}
        if end < len(items):
            output["nextToken"] = self.issue_token(region, parameters, (items, end))
        return Page(output, len(items))

    def clear(self) -> None:
        """Forget every token."""
        self._tokens.clear()


def invalid_token(next_token: str) -> ServiceError:
    """Return the error for a token that cannot be continued from."""
    return ServiceError(
        "ValidationException",
        f"Invalid nextToken '{next_token}': it was not issued for this query, or what it "
        "pointed at has been deleted",
    )


def page_size(parameters: Mapping[str, Any]) -> int:
    """Return the maximum number of items on a page."""
    size: int = parameters.get("maxResults", MAX_PAGE_SIZE)
    return size


def _query(region: str, parameters: Mapping[str, Any]) -> Query:
    # The required parameters of each operation differ, so its name need not be compared.
    query = {
        name: value for name, value in parameters.items() if name not in ("nextToken", "maxResults")
    }
    return region, query
