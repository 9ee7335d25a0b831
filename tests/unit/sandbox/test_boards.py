"""Boards: what changes do to items, which items a query finds, and how cursors walk."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cms.sandbox.clock import SandboxClock
from cms.sandbox.monday_api.account import MondayAccount
from cms.sandbox.monday_api.cursors import CursorBook
from cms.sandbox.monday_api.errors import MondayError
from cms.sandbox.monday_api.item_query import find_items
from cms.sandbox.monday_api.model import Board, BoardEvent, Column, Group, Item, ItemState

NOW = datetime(2026, 1, 5, 6, tzinfo=UTC)
BOARD = "1"


@pytest.fixture
def clock() -> SandboxClock:
    return SandboxClock(NOW, frozen=True)


@pytest.fixture
def account(clock: SandboxClock) -> MondayAccount:
    """A board of ten items, each an hour newer than the one before."""
    columns = [
        Column("quantity", "Quantity", "numbers"),
        Column("status", "Status", "status", {"labels": {"1": "New", "2": "Done"}}),
        Column("due", "Due", "date"),
    ]
    board = Board(BOARD, "Orders", {c.id: c for c in columns}, {g: Group(g, g) for g in ("open", "done")})
    for number in range(10):
        at = NOW - timedelta(hours=10 - number)
        values = {"quantity": str(number * 5), "status": {"index": number % 2 + 1}}
        board.items[str(100 + number)] = Item(str(100 + number), BOARD, f"SO-{number}", "open", at, at, values)
    return MondayAccount(clock=clock, boards={BOARD: board})


def found(account: MondayAccount, *rules: dict[str, Any], **query: Any) -> set[str]:
    return {item.id for item in find_items(account.board(BOARD), {"rules": list(rules), **query})}


def test_a_change_bumps_the_update_time_and_tells_old_and_new(account: MondayAccount) -> None:
    told: list[BoardEvent] = []
    account.listeners.append(told.append)

    item = account.change_values(BOARD, "100", {"status": {"label": "Done"}})

    assert item.updated_at == NOW
    [event] = told
    assert (event.type, event.previous_value) == ("update_column_value", {"label": {"index": 1, "text": "New"}})
    assert event.value == {"label": {"index": 2, "text": "Done"}}


def test_writing_the_same_value_again_changes_nothing(account: MondayAccount) -> None:
    before = account.item("101").updated_at

    account.change_values(BOARD, "101", {"status": {"label": "Done"}})

    assert account.item("101").updated_at == before
    assert account.log == []


def test_of_several_changes_with_a_bad_one_none_is_made(account: MondayAccount) -> None:
    with pytest.raises(MondayError, match="label"):
        account.change_values(BOARD, "100", {"quantity": "99", "status": {"label": "Lost"}})

    assert account.item("100").values["quantity"] == "0"


@pytest.mark.parametrize(
    ("board", "item", "values", "code"),
    [
        ("9", "100", {}, "InvalidBoardIdException"),
        (BOARD, "999", {}, "InvalidItemIdException"),
        (BOARD, "100", {"colour": "red"}, "InvalidColumnIdException"),
    ],
)
def test_what_does_not_exist_is_refused_by_name(
    account: MondayAccount, board: str, item: str, values: dict[str, Any], code: str
) -> None:
    with pytest.raises(MondayError) as refused:
        account.change_values(board, item, values)

    assert refused.value.code == code


def test_an_archived_item_cannot_be_changed_until_it_is_restored(account: MondayAccount) -> None:
    account.archive_item("100")
    with pytest.raises(MondayError, match="archived"):
        account.change_values(BOARD, "100", {"quantity": "1"})

    account.restore_item("100")

    assert account.change_values(BOARD, "100", {"quantity": "1"}).state is ItemState.ACTIVE


def test_only_active_items_are_found(account: MondayAccount) -> None:
    account.archive_item("103")
    account.delete_item("104")

    assert len(find_items(account.board(BOARD), None)) == 8


@pytest.mark.parametrize(
    ("rule", "ids"),
    [
        ({"column_id": "quantity", "operator": "greater_than", "compare_value": [35]}, {"108", "109"}),
        ({"column_id": "quantity", "operator": "lower_than_or_equal", "compare_value": ["5"]}, {"100", "101"}),
        ({"column_id": "quantity", "operator": "between", "compare_value": [10, 20]}, {"102", "103", "104"}),
        ({"column_id": "name", "operator": "ends_with", "compare_value": ["-7"]}, {"107"}),
        ({"column_id": "name", "operator": "any_of", "compare_value": ["SO-1", "SO-2"]}, {"101", "102"}),
        ({"column_id": "status", "operator": "not_any_of", "compare_value": [1]}, {"101", "103", "105", "107", "109"}),
        ({"column_id": "due", "operator": "is_not_empty", "compare_value": []}, set()),
        (
            {
                "column_id": "__last_updated__",
                "operator": "greater_than_or_equals",
                "compare_value": ["EXACT", "2026-01-05T04:00:00Z"],
                "compare_attribute": "UPDATED_AT",
            },
            {"108", "109"},
        ),
    ],
)
def test_a_rule_finds_the_items_that_fit(account: MondayAccount, rule: dict[str, Any], ids: set[str]) -> None:
    assert found(account, rule) == ids


def test_rules_are_joined_by_and_unless_they_ask_for_or(account: MondayAccount) -> None:
    small = {"column_id": "quantity", "operator": "lower_than", "compare_value": [10]}
    new = {"column_id": "status", "operator": "any_of", "compare_value": [1]}

    assert found(account, small, new) == {"100"}
    assert found(account, small, new, operator="or") == {"100", "101", "102", "104", "106", "108"}


def test_a_rule_on_an_unknown_column_is_refused(account: MondayAccount) -> None:
    with pytest.raises(MondayError, match="colour"):
        found(account, {"column_id": "colour", "operator": "is_empty", "compare_value": []})


def test_items_come_in_an_order_only_when_one_is_asked_for(account: MondayAccount) -> None:
    board = account.board(BOARD)
    asked = find_items(board, {"order_by": [{"column_id": "__last_updated__", "direction": "desc"}]})

    assert [item.id for item in asked] == [str(number) for number in range(109, 99, -1)]
    assert [item.id for item in find_items(board, None)] != sorted(item.id for item in asked)


def test_a_cursor_walks_over_every_item_once(account: MondayAccount, clock: SandboxClock) -> None:
    cursors = CursorBook(clock)
    page = cursors.first_page(account.board(BOARD), None, 4)
    seen = [item.id for item in page.items]
    while page.cursor:
        page = cursors.next_page(account.boards, page.cursor, 4)
        seen += [item.id for item in page.items]

    assert sorted(seen) == [str(number) for number in range(100, 110)]


def test_an_item_that_leaves_the_board_meanwhile_is_missing_from_its_page(
    account: MondayAccount, clock: SandboxClock
) -> None:
    cursors = CursorBook(clock)
    order = {"order_by": [{"column_id": "name", "direction": "asc"}]}
    first = cursors.first_page(account.board(BOARD), order, 5)

    account.delete_item("107")

    assert first.cursor
    assert "107" not in [item.id for item in cursors.next_page(account.boards, first.cursor, 5).items]


def test_a_cursor_lives_for_an_hour(account: MondayAccount, clock: SandboxClock) -> None:
    cursors = CursorBook(clock)
    cursor = cursors.first_page(account.board(BOARD), None, 4).cursor
    assert cursor

    clock.advance(3599)
    cursors.next_page(account.boards, cursor, 4)
    clock.advance(2)

    with pytest.raises(MondayError, match="expired"):
        cursors.next_page(account.boards, cursor, 4)


def test_with_live_order_an_item_that_moves_up_is_skipped(account: MondayAccount, clock: SandboxClock) -> None:
    cursors = CursorBook(clock)
    cursors.live_order = True
    first = cursors.first_page(account.board(BOARD), {"order_by": [{"column_id": "__last_updated__"}]}, 5)

    account.change_values(BOARD, "100", {"quantity": "1"})

    assert first.cursor
    second = cursors.next_page(account.boards, first.cursor, 5)
    assert "105" not in [item.id for item in (*first.items, *second.items)]


def test_nobody_can_invent_a_cursor(account: MondayAccount, clock: SandboxClock) -> None:
    with pytest.raises(MondayError, match="not valid"):
        CursorBook(clock).next_page(account.boards, "guess", 5)
