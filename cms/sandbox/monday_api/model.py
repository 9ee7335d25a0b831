"""Boards, columns and items of the account, as plain values that the account changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class ItemState(StrEnum):
    """Whether an item is on its board, put away, or in the bin."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    DELETED = "deleted"


@dataclass
class Column:
    """A column of a board.

    Parameters
    ----------
    type : str
        As the API names it (``status``, ``date``, …).
    settings : dict
        For status and dropdown columns the labels by index or id; for relations the linked boards.
    """

    id: str
    title: str
    type: str
    settings: dict[str, Any] = field(default_factory=dict)
    archived: bool = False


@dataclass(frozen=True)
class Group:
    """A section of a board."""

    id: str
    title: str
    color: str = "#579bfc"


@dataclass(eq=False)
class Item:
    """A row of a board; `values` holds for each filled column the value in the API's own JSON form."""

    id: str
    board_id: str
    name: str
    group_id: str
    created_at: datetime
    updated_at: datetime
    values: dict[str, Any] = field(default_factory=dict)
    state: ItemState = ItemState.ACTIVE
    creator_id: str = "1"
    updater_id: str = "1"


@dataclass(eq=False)
class Board:
    """A board with its columns, groups and items, all by id."""

    id: str
    name: str
    columns: dict[str, Column]
    groups: dict[str, Group]
    items: dict[str, Item] = field(default_factory=dict)
    state: ItemState = ItemState.ACTIVE

    @property
    def active_items(self) -> list[Item]:
        """Items that a page of the board can show."""
        return [item for item in self.items.values() if item.state is ItemState.ACTIVE]


@dataclass(frozen=True)
class BoardEvent:
    """Something that happened to an item, as webhooks tell it.

    Parameters
    ----------
    kind : str
        The subscription it belongs to (``change_column_value``).
    type : str
        The name that the payload carries (``update_column_value``).
    """

    kind: str
    type: str
    board_id: str
    item_id: str
    item_name: str
    group_id: str
    user_id: str
    at: datetime
    column: Column | None = None
    value: Mapping[str, Any] | None = None
    previous_value: Mapping[str, Any] | None = None


def instant(moment: datetime) -> str:
    """An instant as the API writes it: UTC, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
