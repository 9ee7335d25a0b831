"""What a board looks like, what its items are, and whether it still has the columns that a mapping names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cms.monday.column_values import raw_values
from cms.monday.errors import BoardDriftError, BrokenAnswerError

ACTIVE = "active"
ITEM_FIELDS = frozenset({"item_id", "name", "group", "state", "created_at", "updated_at"})
"""What a mapping may name beside columns: facts of the item itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of a board; people rename titles, the id stays."""

    column_id: str
    title: str
    type: str
    archived: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """A board.

    Parameters
    ----------
    items_count : int, optional
        Active items, as monday.com counts them; not always said.
    """

    board_id: str
    name: str
    items_count: int | None = None
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """An item as it was read.

    Parameters
    ----------
    raw : mapping of str to str
        Facts of the item and texts of its columns, by id; empty where only the id was asked for.
    """

    item_id: str
    updated_at: datetime
    state: str = ACTIVE
    board_id: str = ""
    raw: Mapping[str, str] = field(default_factory=dict)


def board_of(answer: Mapping[str, Any], board_id: str) -> tuple[Board, Mapping[str, Any]]:
    """The one board of an answer, and the answer's part about it.

    Raises
    ------
    BoardDriftError
        The board is not there: it was deleted or archived, or the token's owner may not see it.
    """
    boards = answer.get("boards") or []
    if not boards or not boards[0]:
        what = f"board {board_id} is not there: it was deleted or archived, or the token's owner may not see it"
        raise BoardDriftError(what)
    given = boards[0]
    columns = tuple(
        Column(column_id=c["id"], title=c["title"], type=c["type"], archived=bool(c.get("archived")))
        for c in given.get("columns") or ()
        if c
    )
    board = Board(board_id=str(given["id"]), name=given["name"], items_count=given.get("items_count"), columns=columns)
    return board, given


def item_of(given: Mapping[str, Any]) -> Item:
    """An item of an answer, with its columns where they were asked for."""
    item_id, updated_at = str(given["id"]), given.get("updated_at") or given.get("created_at")
    if updated_at is None:
        raise BrokenAnswerError(f"item {item_id} carries no time of its last update")
    if "column_values" not in given:
        return Item(item_id=item_id, updated_at=instant(updated_at))
    raw = {
        "item_id": item_id,
        "name": given.get("name") or "",
        "group": (given.get("group") or {}).get("title") or "",
        "state": given.get("state") or "",
        "created_at": given.get("created_at") or "",
        "updated_at": updated_at,
    }
    return Item(
        item_id=item_id,
        updated_at=instant(updated_at),
        state=given.get("state") or ACTIVE,
        board_id=str((given.get("board") or {}).get("id") or ""),
        raw=raw | raw_values(given["column_values"]),
    )


def instant(text: str) -> datetime:
    """An instant of monday.com's, which are in UTC whether they say so or not."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def column_ids(names: Iterable[str]) -> tuple[str, ...]:
    """Ids of the columns that mapped names ask for, sorted: without facts of the item and without parts.

    Examples
    --------
    >>> column_ids(["name", "windows", "effective.from", "effective.to"])
    ('effective', 'windows')
    """
    return tuple(sorted({name.partition(".")[0] for name in names if name not in ITEM_FIELDS}))
