"""Which items a query asks for, and in which order."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cms.sandbox.monday_api.column_types import kind_of, text_of
from cms.sandbox.monday_api.errors import MondayError
from cms.sandbox.monday_api.model import Board, Column, Item, instant

LAST_UPDATED = "__last_updated__"
Query = Mapping[str, Any]


def find_items(board: Board, query: Query | None) -> list[Item]:
    """The active items that fit, ordered as asked; without an order they come in none that means anything.

    Raises
    ------
    MondayError
        The query names a column that the board does not have.
    """
    query = query or {}
    items = board.active_items
    if query.get("ids"):
        wanted = set(map(str, query["ids"]))
        items = [item for item in items if item.id in wanted]
    if query.get("rules") or query.get("groups"):
        fits = _group_test(board, query)
        items = [item for item in items if fits(item)]
    items.sort(key=lambda item: hashlib.blake2b(item.id.encode(), digest_size=8).digest())
    for order in reversed(query.get("order_by") or []):
        key = _sort_key(board, order["column_id"])
        items.sort(key=key, reverse=order.get("direction") == "desc")
    return items


def _group_test(board: Board, group: Query) -> Callable[[Item], bool]:
    tests = [_rule_test(board, rule) for rule in group.get("rules") or []]
    tests += [_group_test(board, inner) for inner in group.get("groups") or []]
    if group.get("operator") == "or":
        return lambda item: any(test(item) for test in tests)
    return lambda item: all(test(item) for test in tests)


def _rule_test(board: Board, rule: Query) -> Callable[[Item], bool]:
    read = _comparable(board, rule["column_id"])
    operator = rule.get("operator") or "any_of"
    wanted = [str(value) for value in _as_list(rule.get("compare_value")) if value not in ("EXACT", None)]
    compare = _OPERATORS.get(operator)
    if compare is None:
        raise MondayError(f"operator {operator} is not supported here", "InvalidArgumentException")
    return lambda item: compare(read(item), wanted)


def _as_list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _comparable(board: Board, column_id: str) -> Callable[[Item], tuple[str, ...]]:
    """The texts that a rule on the column compares; empty where the column is empty."""
    if column_id == LAST_UPDATED:
        return lambda item: (instant(item.updated_at),)
    if column_id == "name":
        return lambda item: (item.name,)
    if column_id == "group":
        return lambda item: (item.group_id,)
    column = board.columns.get(column_id)
    if column is None:
        raise MondayError(
            f"Column {column_id} was not found on board {board.id}",
            "InvalidColumnIdException",
            error_data={"column_id": column_id},
        )
    if column.type == "last_updated":
        return lambda item: (instant(item.updated_at),)

    read = _STORED_TEXTS.get(column.type, _shown_text)
    return lambda item: read(column, item.values[column_id]) if column_id in item.values else ()


def _sort_key(board: Board, column_id: str) -> Callable[[Item], Any]:
    if column_id == LAST_UPDATED:
        return lambda item: item.updated_at.replace(microsecond=0)
    if column_id == "__creation_log__":
        return lambda item: item.created_at
    read = _comparable(board, column_id)
    return lambda item: read(item) or ("",)


def _compared(found: tuple[str, ...], wanted: list[str], test: Callable[[Any, Any], bool]) -> bool:
    return bool(found) and bool(wanted) and test(*_same_kind(found[0], wanted[0]))


def _same_kind(left: str, right: str) -> tuple[Any, Any]:
    """Both as numbers, else as instants, else as texts."""
    for read in (float, _moment):
        try:
            return read(left), read(right)
        except ValueError:
            continue
    return left, right


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _between(found: tuple[str, ...], wanted: list[str]) -> bool:
    return _compared(found, wanted[:1], lambda a, b: a >= b) and _compared(found, wanted[1:], lambda a, b: a <= b)


def _shown_text(column: Column, stored: Any) -> tuple[str, ...]:
    return (kind_of(column).text(column, stored),)


_STORED_TEXTS: dict[str, Callable[[Column, Any], tuple[str, ...]]] = {
    "status": lambda column, stored: (str(stored["index"]), text_of(column, stored) or ""),
    "dropdown": lambda _column, stored: tuple(str(i) for i in stored["ids"]),
    "board_relation": lambda _column, stored: tuple(stored["item_ids"]),
    "date": lambda _column, stored: (stored["date"],),
}
_OPERATORS: dict[str, Callable[[tuple[str, ...], list[str]], bool]] = {
    "any_of": lambda found, wanted: any(value in wanted for value in found) or (not found and "" in wanted),
    "not_any_of": lambda found, wanted: not any(value in wanted for value in found),
    "is_empty": lambda found, _: not found or found == ("",),
    "is_not_empty": lambda found, _: bool(found) and found != ("",),
    "greater_than": lambda found, wanted: _compared(found, wanted, lambda a, b: a > b),
    "greater_than_or_equals": lambda found, wanted: _compared(found, wanted, lambda a, b: a >= b),
    "lower_than": lambda found, wanted: _compared(found, wanted, lambda a, b: a < b),
    "lower_than_or_equal": lambda found, wanted: _compared(found, wanted, lambda a, b: a <= b),
    "between": _between,
    "contains_text": lambda found, wanted: any(w.lower() in f.lower() for f in found for w in wanted),
    "not_contains_text": lambda found, wanted: not any(w.lower() in f.lower() for f in found for w in wanted),
    "starts_with": lambda found, wanted: any(f.startswith(w) for f in found for w in wanted),
    "ends_with": lambda found, wanted: any(f.endswith(w) for f in found for w in wanted),
}
