"""The account: its boards, and everything that people and programs can do to them; each deed leaves its events."""

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cms.sandbox.clock import SandboxClock
from cms.sandbox.monday_api.column_types import read_input, text_of
from cms.sandbox.monday_api.errors import MondayError, not_found
from cms.sandbox.monday_api.model import Board, BoardEvent, Column, Group, Item, ItemState

APP_USER = "1"
"""Who the token belongs to."""
PERSON = "2"
"""A planner who works on the boards by hand."""


@dataclass(frozen=True)
class Subscription:
    """A webhook that somebody asked for."""

    id: str
    board_id: str
    event: str
    url: str
    config: Mapping[str, Any] | None


@dataclass(frozen=True)
class LogEntry:
    """A line of a board's activity log."""

    id: str
    at: datetime
    event: BoardEvent


@dataclass
class MondayAccount:
    """Boards by id with their subscriptions and activity logs.

    Every change takes `lock`, bumps the item's update time and tells each listener. Reading under load takes it too.

    Parameters
    ----------
    clock : SandboxClock
        Gives creation and update times.
    """

    clock: SandboxClock
    boards: dict[str, Board]
    users: dict[str, str] = field(default_factory=lambda: {APP_USER: "Schedule Service", PERSON: "Edda Planner"})
    account_id: str = "7654321"
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    updates: list[dict[str, Any]] = field(default_factory=list)
    log: list[LogEntry] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    listeners: list[Callable[[BoardEvent], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        known = [int(item_id) for board in self.boards.values() for item_id in board.items]
        self._ids = itertools.count(max(known, default=9_000_000_000) + 1)
        self._homes = {item_id: board for board in self.boards.values() for item_id in board.items}

    def board(self, board_id: str) -> Board:
        """A board.

        Raises
        ------
        MondayError
            ``InvalidBoardIdException``.
        """
        if str(board_id) not in self.boards:
            raise not_found("Board", str(board_id), "InvalidBoardIdException")
        return self.boards[str(board_id)]

    def item(self, item_id: str | None) -> Item:
        """An item in any state.

        Raises
        ------
        MondayError
            ``InvalidItemIdException``.
        """
        board = self._homes.get(str(item_id))
        if board is None:
            raise not_found("Item", str(item_id), "InvalidItemIdException")
        return board.items[str(item_id)]

    def find_items(self, item_ids: list[str]) -> list[Item]:
        """The items that exist among `item_ids`, in any state."""
        return [self._homes[item_id].items[item_id] for item_id in item_ids if item_id in self._homes]

    def change_values(
        self,
        board_id: str,
        item_id: str | None,
        values: Mapping[str, Any],
        *,
        create_labels: bool = False,
        user: str = PERSON,
    ) -> Item:
        """Change columns of an item, all or none; ``name`` renames it. Equal values change nothing."""
        with self.lock:
            board, item = self.board(board_id), self._active_item(item_id, board_id)
            values = dict(values)
            name = values.pop("name", None)
            read = {key: _read(board, key, value, create_labels=create_labels) for key, value in values.items()}
            if name is not None and name != item.name:
                self.rename_item(item.id, name, user=user)
            for column_id, stored in read.items():
                self._set_value(board, item, column_id, stored, user)
            return item

    def create_item(
        self,
        board_id: str,
        name: str,
        values: Mapping[str, Any] | None = None,
        *,
        group_id: str | None = None,
        create_labels: bool = False,
        user: str = PERSON,
    ) -> Item:
        """Put a new item on a board."""
        with self.lock:
            board = self.board(board_id)
            group = board.groups.get(group_id or next(iter(board.groups)))
            if group is None:
                raise not_found("Group", str(group_id), "ResourceNotFoundException")
            read = {key: _read(board, key, value, create_labels=create_labels) for key, value in (values or {}).items()}
            now = self.clock.now()
            filled = {key: value for key, value in read.items() if value is not None}
            item = Item(
                str(next(self._ids)), board.id, name, group.id, now, now, filled, creator_id=user, updater_id=user
            )
            board.items[item.id] = item
            self._homes[item.id] = board
            self._tell(item, "create_item", "create_pulse", user)
            return item

    def archive_item(self, item_id: str | None, *, user: str = PERSON) -> Item:
        """Put an item away."""
        return self._change_state(item_id, ItemState.ARCHIVED, "item_archived", user)

    def delete_item(self, item_id: str | None, *, user: str = PERSON) -> Item:
        """Throw an item into the bin."""
        return self._change_state(item_id, ItemState.DELETED, "item_deleted", user)

    def restore_item(self, item_id: str | None, *, user: str = PERSON) -> Item:
        """Bring an archived or deleted item back."""
        return self._change_state(item_id, ItemState.ACTIVE, "item_restored", user)

    def rename_item(self, item_id: str | None, name: str, *, user: str = PERSON) -> Item:
        """Give an item another name."""
        with self.lock:
            item = self.item(item_id)
            previous, item.name = item.name, name
            self._touch(item, user)
            self._tell(item, "change_name", "update_name", user, value={"name": name}, previous={"name": previous})
            return item

    def move_item(self, item_id: str | None, group_id: str, *, user: str = PERSON) -> Item:
        """Move an item to another group of its board."""
        with self.lock:
            item = self.item(item_id)
            if group_id not in self.board(item.board_id).groups:
                raise not_found("Group", group_id, "ResourceNotFoundException")
            item.group_id = group_id
            self._touch(item, user)
            self._tell(item, "item_moved_to_any_group", "move_pulse_into_group", user)
            return item

    def add_update(self, item_id: str | None, body: str, *, user: str = PERSON) -> dict[str, Any]:
        """Write a note on an item."""
        with self.lock:
            item = self.item(item_id)
            note = {"id": str(next(self._ids)), "body": body, "item_id": item.id, "created_at": self.clock.now()}
            self.updates.append(note)
            self._tell(item, "create_update", "create_update", user, value={"body": body})
            return note

    def drop_column(self, board_id: str, column_id: str) -> None:
        """Take a column off a board, as an administrator might."""
        with self.lock:
            del self.board(board_id).columns[column_id]

    def add_column(self, board_id: str, column: Column) -> None:
        """Put a column on a board, or replace the one of the same id."""
        with self.lock:
            self.board(board_id).columns[column.id] = column

    def subscribe(self, board_id: str, event: str, url: str, config: Mapping[str, Any] | None) -> Subscription:
        """Remember a webhook."""
        with self.lock:
            subscription = Subscription(str(next(self._ids)), self.board(board_id).id, event, url, config)
            self.subscriptions[subscription.id] = subscription
            return subscription

    def unsubscribe(self, subscription_id: str) -> Subscription:
        """Forget a webhook."""
        with self.lock:
            if subscription_id not in self.subscriptions:
                raise not_found("Webhook", subscription_id, "ResourceNotFoundException")
            return self.subscriptions.pop(subscription_id)

    def group(self, item: Item) -> Group:
        """The group of an item."""
        return self.boards[item.board_id].groups[item.group_id]

    def _active_item(self, item_id: str | None, board_id: str) -> Item:
        item = self.item(item_id)
        if item.board_id != str(board_id):
            raise not_found("Item", str(item_id), "InvalidItemIdException")
        if item.state is not ItemState.ACTIVE:
            raise MondayError(f"Item {item.id} is {item.state}", "inactiveItems", error_data={"item_ids": [item.id]})
        return item

    def _set_value(self, board: Board, item: Item, column_id: str, stored: Any, user: str) -> None:
        column, previous = board.columns[column_id], item.values.get(column_id)
        if stored == previous:
            return
        if stored is None:
            del item.values[column_id]
        else:
            item.values[column_id] = stored
        self._touch(item, user)
        self._tell(
            item,
            "change_column_value",
            "update_column_value",
            user,
            column=column,
            value=_shown(column, stored),
            previous=_shown(column, previous),
        )

    def _change_state(self, item_id: str | None, state: ItemState, event: str, user: str) -> Item:
        with self.lock:
            item = self.item(item_id)
            if item.state is not state:
                item.state = state
                self._touch(item, user)
                self._tell(item, event, event, user)
            return item

    def _touch(self, item: Item, user: str) -> None:
        item.updated_at = max(item.updated_at, self.clock.now())
        item.updater_id = user

    def _tell(
        self,
        item: Item,
        kind: str,
        payload_type: str,
        user: str,
        *,
        column: Column | None = None,
        value: Mapping[str, Any] | None = None,
        previous: Mapping[str, Any] | None = None,
    ) -> None:
        event = BoardEvent(
            kind, payload_type, item.board_id, item.id, item.name, item.group_id, user, self.clock.now(),
            column, value, previous,
        )  # fmt: skip
        self.log.append(LogEntry(str(next(self._ids)), event.at, event))
        for listener in self.listeners:
            listener(event)


def _read(board: Board, column_id: str, sent: Any, *, create_labels: bool) -> Any:
    column = board.columns.get(column_id)
    if column is None or column.archived:
        raise not_found("Column", column_id, "InvalidColumnIdException")
    return read_input(column, sent, create_labels=create_labels)


def _shown(column: Column, stored: Any) -> Mapping[str, Any] | None:
    """A value as webhooks show it: its JSON, for labels with their texts."""
    if stored is None:
        return None
    if column.type == "status":
        return {"label": {"index": stored["index"], "text": text_of(column, stored)}}
    if column.type == "dropdown":
        names = (text_of(column, stored) or "").split(", ")
        return {"chosenValues": [{"id": i, "name": name} for i, name in zip(stored["ids"], names, strict=False)]}
    return dict(stored) if isinstance(stored, Mapping) else {"value": stored}
