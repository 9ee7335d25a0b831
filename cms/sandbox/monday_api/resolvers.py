"""Answers the fields of the API's queries and mutations from the account."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from graphql import GraphQLResolveInfo

from cms.sandbox.monday_api.account import APP_USER, LogEntry, MondayAccount
from cms.sandbox.monday_api.cursors import CursorBook, Page
from cms.sandbox.monday_api.errors import MondayError
from cms.sandbox.monday_api.limits import Budget
from cms.sandbox.monday_api.model import Board, Item, instant
from cms.sandbox.monday_api.projection import item_projection, plain_field
from cms.sandbox.monday_api.schema import public_schema

LARGEST_PAGE = 500
MOST_IDS = 100


@dataclass
class QueryContext:
    """What the resolvers of one request share.

    Parameters
    ----------
    challenge : callable
        Asks a webhook's URL to prove that it wants to listen; raises where it does not.
    """

    account: MondayAccount
    cursors: CursorBook
    budget: Budget
    versions: list[dict[str, str]]
    version: dict[str, str]
    challenge: Callable[[str], None] = field(default=lambda _url: None)


Info: TypeAlias = GraphQLResolveInfo[QueryContext]


def resolve(source: Any, info: Info, **arguments: Any) -> Any:
    """The value of any field: from a resolver of this module, or from the object itself."""
    resolver = _RESOLVERS.get((info.parent_type.name, info.field_name))
    if resolver is None:
        return plain_field(source, info.field_name)
    if resolver in _ON_OBJECTS:
        return resolver(source, info, **arguments)
    return resolver(info, **arguments)


def _boards(info: Info, **asked: Any) -> list[Board]:
    account: MondayAccount = info.context.account
    state = asked.get("state") or "active"
    boards = [b for b in account.boards.values() if state in ("all", b.state.value)]
    if asked.get("ids") is not None:
        boards = [b for b in boards if b.id in asked["ids"]]
    start = (asked["page"] - 1) * asked["limit"]
    return boards[start : start + asked["limit"]]


def _board_columns(board: Board, _info: Info, **asked: Any) -> list[Any]:
    ids, types = asked.get("ids"), asked.get("types")
    return [c for c in board.columns.values() if (not ids or c.id in ids) and (not types or c.type in types)]


def _board_groups(board: Board, _info: Info, **asked: Any) -> list[Any]:
    return [g for g in board.groups.values() if not asked.get("ids") or g.id in asked["ids"]]


def _items_page(board: Board, info: Info, **asked: Any) -> Page:
    limit = _page_limit(asked["limit"])
    if asked.get("cursor"):
        if asked.get("query_params"):
            raise MondayError("query_params can only be used with the first page", "InvalidArgumentException")
        return info.context.cursors.next_page(info.context.account.boards, asked["cursor"], limit)
    return info.context.cursors.first_page(board, asked.get("query_params"), limit)


def _next_items_page(info: Info, **asked: Any) -> Page:
    limit = _page_limit(asked["limit"])
    return info.context.cursors.next_page(info.context.account.boards, asked["cursor"], limit)


def _page_limit(limit: int) -> int:
    if not 1 <= limit <= LARGEST_PAGE:
        raise MondayError(f"limit must be 1 to {LARGEST_PAGE}", "InvalidArgumentException", error_data={"limit": limit})
    return limit


def _page_items(page: Page, info: Info) -> list[Any]:
    return _shown(page.items, info)


def _items(info: Info, **asked: Any) -> list[Any]:
    ids = asked.get("ids") or []
    if len(ids) > MOST_IDS:
        raise MondayError(f"ids: at most {MOST_IDS} items can be asked for", "InvalidArgumentException")
    found: list[Item] = info.context.account.find_items(list(dict.fromkeys(ids)))
    if asked.get("exclude_nonactive"):
        found = [item for item in found if item.state.value == "active"]
    start = (asked["page"] - 1) * asked["limit"]
    return _shown(found[start : start + asked["limit"]], info)


def _shown(items: list[Item], info: Info) -> list[Any]:
    show = item_projection(info, public_schema(), info.context.account)
    return [show(item) for item in items]


def _one(item: Item, info: Info) -> Any:
    return _shown([item], info)[0]


def _activity_logs(board: Board, info: Info, **asked: Any) -> list[dict[str, str]]:
    since, until = (asked.get("from") or ""), (asked.get("to") or "9")
    items = asked.get("item_ids")
    entries = [
        entry
        for entry in reversed(info.context.account.log)
        if entry.event.board_id == board.id
        and since <= instant(entry.at) <= until
        and (not items or entry.event.item_id in items)
    ]
    start = (asked["page"] - 1) * asked["limit"]
    return [_log_line(entry, info.context.account) for entry in entries[start : start + asked["limit"]]]


def _log_line(entry: LogEntry, account: MondayAccount) -> dict[str, str]:
    event = entry.event
    data = {
        "board_id": int(event.board_id),
        "pulse_id": int(event.item_id),
        "pulse_name": event.item_name,
        "group_id": event.group_id,
    }
    if event.column is not None:
        data |= {"column_id": event.column.id, "value": event.value, "previous_value": event.previous_value}
    return {
        "id": entry.id,
        "account_id": account.account_id,
        # The API counts activity in hundreds of nanoseconds.
        "created_at": str(int(entry.at.timestamp() * 1e7)),
        "data": json.dumps(data),
        "entity": "pulse",
        "event": event.type,
        "user_id": event.user_id,
    }


def _change_multiple(info: Info, **sent: Any) -> Any:
    values = _json(sent["column_values"], "column_values")
    return _changed(info, sent, values)


def _change_one(info: Info, **sent: Any) -> Any:
    return _changed(info, sent, {sent["column_id"]: _json(sent["value"], "value")})


def _change_simple(info: Info, **sent: Any) -> Any:
    return _changed(info, sent, {sent["column_id"]: sent.get("value")})


def _changed(info: Info, sent: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    item = info.context.account.change_values(
        sent["board_id"],
        sent.get("item_id"),
        values,
        create_labels=bool(sent.get("create_labels_if_missing")),
        user=APP_USER,
    )
    return _one(item, info)


def _create_item(info: Info, **sent: Any) -> Any:
    item = info.context.account.create_item(
        sent["board_id"],
        sent["item_name"],
        _json(sent.get("column_values") or {}, "column_values"),
        group_id=sent.get("group_id"),
        create_labels=bool(sent.get("create_labels_if_missing")),
        user=APP_USER,
    )
    return _one(item, info)


def _archive_item(info: Info, **sent: Any) -> Any:
    return _one(info.context.account.archive_item(sent.get("item_id"), user=APP_USER), info)


def _delete_item(info: Info, **sent: Any) -> Any:
    return _one(info.context.account.delete_item(sent.get("item_id"), user=APP_USER), info)


def _move_item(info: Info, **sent: Any) -> Any:
    return _one(info.context.account.move_item(sent.get("item_id"), sent["group_id"], user=APP_USER), info)


def _create_update(info: Info, **sent: Any) -> dict[str, Any]:
    note: dict[str, Any] = info.context.account.add_update(sent.get("item_id"), sent["body"], user=APP_USER)
    return {**note, "created_at": _moment(note["created_at"])}


def _moment(moment: datetime) -> str:
    return instant(moment)


def _create_webhook(info: Info, **sent: Any) -> dict[str, Any]:
    info.context.challenge(sent["url"])
    config = _json(sent["config"], "config") if sent.get("config") is not None else None
    return _webhook(info.context.account.subscribe(sent["board_id"], sent["event"], sent["url"], config))


def _delete_webhook(info: Info, **sent: Any) -> dict[str, Any]:
    return _webhook(info.context.account.unsubscribe(sent["id"]))


def _webhooks(info: Info, **asked: Any) -> list[dict[str, Any]]:
    account: MondayAccount = info.context.account
    account.board(asked["board_id"])
    return [_webhook(s) for s in account.subscriptions.values() if s.board_id == asked["board_id"]]


def _webhook(subscription: Any) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "board_id": subscription.board_id,
        "event": subscription.event,
        "config": None if subscription.config is None else json.dumps(subscription.config),
    }


def _json(sent: Any, argument: str) -> Any:
    """JSON arguments come as text; programs also send the object itself."""
    if not isinstance(sent, str):
        return sent
    try:
        return json.loads(sent)
    except ValueError as error:
        raise MondayError(f"{argument}: is not valid JSON: {error}", "JsonParseException") from error


def _me(info: Info) -> dict[str, Any]:
    name = info.context.account.users[APP_USER]
    return {"id": APP_USER, "name": name, "email": "schedule@sandbox.example", "account": _account(info)}


def _account(info: Info) -> dict[str, Any]:
    return {"id": info.context.account.account_id, "name": "Sandbox", "slug": "sandbox", "tier": "pro"}


_RESOLVERS: dict[tuple[str, str], Callable[..., Any]] = {
    ("Query", "boards"): _boards,
    ("Query", "items"): _items,
    ("Query", "next_items_page"): _next_items_page,
    ("Query", "complexity"): lambda info: info.context.budget,
    ("Query", "version"): lambda info: info.context.version,
    ("Query", "versions"): lambda info: info.context.versions,
    ("Query", "me"): _me,
    ("Query", "account"): _account,
    ("Query", "webhooks"): _webhooks,
    ("Board", "columns"): _board_columns,
    ("Board", "groups"): _board_groups,
    ("Board", "items_page"): _items_page,
    ("Board", "activity_logs"): _activity_logs,
    ("ItemsResponse", "items"): _page_items,
    ("Mutation", "complexity"): lambda info: info.context.budget,
    ("Mutation", "change_multiple_column_values"): _change_multiple,
    ("Mutation", "change_column_value"): _change_one,
    ("Mutation", "change_simple_column_value"): _change_simple,
    ("Mutation", "create_item"): _create_item,
    ("Mutation", "archive_item"): _archive_item,
    ("Mutation", "delete_item"): _delete_item,
    ("Mutation", "move_item_to_group"): _move_item,
    ("Mutation", "create_update"): _create_update,
    ("Mutation", "create_webhook"): _create_webhook,
    ("Mutation", "delete_webhook"): _delete_webhook,
}
_ON_OBJECTS = frozenset({_board_columns, _board_groups, _items_page, _activity_logs, _page_items})
