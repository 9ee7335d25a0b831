"""Cursors: where a paged read stands, for an hour after its first page."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cms.sandbox.clock import SandboxClock
from cms.sandbox.monday_api.errors import cursor_expired, cursor_invalid
from cms.sandbox.monday_api.item_query import find_items
from cms.sandbox.monday_api.model import Board, Item, ItemState

LIFETIME_SECONDS = 3600.0


@dataclass(frozen=True)
class _Place:
    board_id: str
    query: Mapping[str, Any] | None
    item_ids: tuple[str, ...]
    position: int
    started_at: float


@dataclass(frozen=True)
class Page:
    """One page of items; no cursor: it was the last."""

    items: list[Item]
    cursor: str | None


class CursorBook:
    """Issues and honours cursors.

    A cursor walks over the items as they were at the first page and shows each as it is now; items that left the
    board meanwhile are missing. With `live_order` it counts positions in the present order instead: an item that
    moves while pages are read may then come twice, or not at all.
    """

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._places: dict[str, _Place] = {}
        self.live_order = False

    def first_page(self, board: Board, query: Mapping[str, Any] | None, limit: int) -> Page:
        """Start reading a board."""
        item_ids = tuple(item.id for item in find_items(board, query))
        return self._page(board, _Place(board.id, query, item_ids, 0, self._clock.seconds()), limit)

    def next_page(self, boards: Mapping[str, Board], cursor: str, limit: int) -> Page:
        """Go on where a cursor stands; the same cursor may be used again.

        Raises
        ------
        MondayError
            ``CursorException``: unknown, or older than an hour.
        """
        place = self._places.get(cursor)
        if place is None:
            raise cursor_invalid()
        if self._clock.seconds() - place.started_at > LIFETIME_SECONDS:
            raise cursor_expired()
        return self._page(boards[place.board_id], place, limit)

    def board_of(self, cursor: str) -> str | None:
        """The board that a cursor reads."""
        place = self._places.get(cursor)
        return place.board_id if place else None

    def expire_all(self) -> None:
        """Let every cursor be too old."""
        self._places = {
            cursor: _Place(p.board_id, p.query, p.item_ids, p.position, p.started_at - 2 * LIFETIME_SECONDS)
            for cursor, p in self._places.items()
        }

    def _page(self, board: Board, place: _Place, limit: int) -> Page:
        ids = place.item_ids
        if self.live_order and place.position:
            ids = tuple(item.id for item in find_items(board, place.query))
        end = place.position + limit
        items = [board.items[item_id] for item_id in ids[place.position : end] if item_id in board.items]
        shown = [item for item in items if item.state is ItemState.ACTIVE]
        if end >= len(ids):
            return Page(shown, None)
        cursor = f"MSw{secrets.token_urlsafe(24)}"
        self._places[cursor] = _Place(board.id, place.query, ids, end, place.started_at)
        return Page(shown, cursor)
