"""Fetches pages of one board's items from the API, and nothing but what a mapping needs of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cms.monday.answers import Answer
from cms.monday.board import Board, board_of, item_of
from cms.monday.client import MondayClient
from cms.monday.errors import BrokenAnswerError
from cms.monday.paging import Page
from cms.monday.queries import FIRST_IDS, FIRST_PAGE, ITEMS_BY_ID, NEXT_IDS, NEXT_PAGE, Operation

_LAST_UPDATED = "__last_updated__"


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiPages:
    """One board's pages.

    Parameters
    ----------
    columns : tuple of str
        Ids of the columns to fetch; fewer cost less.
    """

    client: MondayClient
    board_id: str
    columns: tuple[str, ...]

    def first(self, since: datetime | None, *, limit: int, ids_only: bool) -> Page:
        """Active items in order of last update, from `since` on, or all."""
        variables = {"board": self.board_id, "limit": limit, "query": _query(since)}
        answer = self._ask(FIRST_IDS if ids_only else FIRST_PAGE, variables, ids_only=ids_only)
        board, given = board_of(answer.data, self.board_id)
        return _page(given.get("items_page"), answer, None if ids_only else board)

    def next(self, cursor: str, *, limit: int, ids_only: bool, useless_after: datetime) -> Page:
        """The items behind a cursor, unless it dies before the answer could come."""
        variables = {"cursor": cursor, "limit": limit}
        operation = NEXT_IDS if ids_only else NEXT_PAGE
        answer = self._ask(operation, variables, ids_only=ids_only, useless_after=useless_after)
        return _page(answer.data.get("next_items_page"), answer)

    def by_id(self, ids: Sequence[str]) -> tuple[Any, ...]:
        """Items by id, in any state."""
        answer = self._ask(ITEMS_BY_ID, {"ids": list(ids), "limit": len(ids)})
        return tuple(item_of(given) for given in answer.data.get("items") or () if given)

    def now(self) -> datetime:
        """Our clock."""
        return self.client.clock.now()

    def _ask(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        *,
        ids_only: bool = False,
        useless_after: datetime | None = None,
    ) -> Answer:
        wanted = {} if ids_only else {"columns": list(self.columns)}
        return self.client.ask(operation, {**variables, **wanted}, useless_after=useless_after)


def _query(since: datetime | None) -> dict[str, Any]:
    """Order of last update always: a walk can only be taken up again in an order that is known."""
    query: dict[str, Any] = {"order_by": [{"column_id": _LAST_UPDATED, "direction": "asc"}]}
    if since is not None:
        query["rules"] = [
            {
                "column_id": _LAST_UPDATED,
                "operator": "greater_than_or_equals",
                "compare_value": ["EXACT", since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")],
                "compare_attribute": "UPDATED_AT",
            }
        ]
    return query


def _page(given: Any, answer: Answer, board: Board | None = None) -> Page:
    if not isinstance(given, Mapping) or not isinstance(given.get("items"), list):
        raise BrokenAnswerError("the answer carries no page of items", request_id=answer.request_id)
    return Page(
        given=[item for item in given["items"] if item],
        read=item_of,
        cursor=given.get("cursor") or None,
        asked_at=answer.server_time,
        board=board,
    )
