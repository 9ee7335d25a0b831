"""Customers and orders from the sandbox's boards: full, incremental, reconciled, and refused where a board changed."""

from datetime import timedelta

import pytest

from cms.config import MondaySourceSettings
from cms.monday.customer_source import MondayCustomerSource
from cms.monday.errors import BoardDriftError, DailyLimitError, UnauthorizedError
from cms.monday.item_reader import read_item, read_items
from cms.monday.order_source import MondayOrderSource
from cms.sandbox import Company, Sandbox, parse_faults
from cms.sandbox.company_boards import CUSTOMER_BOARD, ORDER_BOARD
from cms.sandbox.monday_api.limits import Limits
from cms.sandbox.monday_api.model import Column
from tests.integration.monday.boards import Shelf, a_client, a_source, held, truth


def test_a_full_read_gives_every_customer_as_the_company_has_it(sandbox: Sandbox, company: Company) -> None:
    batch = a_source(a_client(sandbox)).read(watermark=None)

    rows = {row.values["customer_id"]: row for row in batch.rows if not row.problems}
    for record in company.customers:
        customer, row = record.customer, rows[record.customer.customer_id]
        assert row.values["name"] == customer.name
        assert row.values["priority"] == customer.priority
        assert row.values["time_zone"] == customer.time_zone
        assert row.values["transit_days"] == customer.transit_days
        assert row.values["allows_split"] == customer.allows_split
        assert row.values["contact_email"] == customer.contact_email
        assert row.values["preferred_channel"] == customer.preferred_channel.value
    assert batch.complete()


def test_a_full_read_gives_every_window_as_the_company_has_it(sandbox: Sandbox, company: Company) -> None:
    batch = a_source(a_client(sandbox)).read(watermark=None)

    found = {
        (w.values["customer_id"], w.values["weekday"], w.values["window_start"], w.values["window_end"])
        for w in batch.windows()
        if not w.problems
    }
    known = {record.customer.customer_id for record in company.customers}
    expected = {
        (record.customer.customer_id, window.weekday, window.start, window.end)
        for record in company.customers
        for window in record.customer.windows
    }
    assert {window for window in found if window[0] in known} >= expected


def test_a_windows_text_that_is_none_becomes_a_row_with_its_problem(sandbox: Sandbox) -> None:
    item_id = next(iter(truth(sandbox, CUSTOMER_BOARD)))
    sandbox.account.change_values(CUSTOMER_BOARD, item_id, {"delivery_windows": {"text": "whenever you like"}})

    windows = list(a_source(a_client(sandbox)).read(watermark=None).windows())

    [broken] = [row for row in windows if row.raw["item_id"] == item_id]
    assert "whenever you like" in broken.problems[0]
    assert broken.values["weekday"] is None


def test_an_order_is_known_by_its_item_and_named_by_its_number(sandbox: Sandbox) -> None:
    rows = list(a_source(a_client(sandbox), ORDER_BOARD).read(watermark=None).rows)

    items = sandbox.account.boards[ORDER_BOARD].items
    assert {row.values["source_order_id"]: row.values["order_id"] for row in rows} == {
        item.id: item.name for item in items.values()
    }


def test_an_hourly_incremental_of_twenty_changes_is_one_request_a_board(sandbox: Sandbox) -> None:
    client = a_client(sandbox, page_size=500)
    shelf = Shelf(board_id=ORDER_BOARD)
    source = a_source(client, ORDER_BOARD, lambda: shelf.rows)
    shelf.put(source.read(watermark=None))
    sandbox.clock.advance(3600)
    for item_id in list(truth(sandbox, ORDER_BOARD))[:20]:
        sandbox.account.change_values(ORDER_BOARD, item_id, {"schedule_note": f"call before {item_id}"})
    asked = client.requests_sent

    shelf.put(source.read(watermark=shelf.watermark))

    assert client.requests_sent - asked == 1
    assert held(shelf) == truth(sandbox, ORDER_BOARD)


def test_once_a_day_the_ids_are_compared_and_every_removal_is_seen(sandbox: Sandbox) -> None:
    client = a_client(sandbox, page_size=500)
    shelf = Shelf(board_id=CUSTOMER_BOARD)
    source = a_source(client, known_ids=lambda: shelf.rows)
    shelf.put(source.read(watermark=None))
    first, second, *_ = truth(sandbox, CUSTOMER_BOARD)
    sandbox.clock.advance(3600)
    sandbox.account.archive_item(first)
    sandbox.account.delete_item(second)
    shelf.put(source.read(watermark=shelf.watermark))
    assert {first, second} <= set(shelf.rows)

    sandbox.clock.advance(23 * 3600)
    shelf.put(source.read(watermark=shelf.watermark))

    assert held(shelf) == truth(sandbox, CUSTOMER_BOARD)


def test_a_restored_item_comes_back(sandbox: Sandbox) -> None:
    shelf = Shelf(board_id=CUSTOMER_BOARD)
    source = a_source(a_client(sandbox), known_ids=lambda: shelf.rows)
    item_id = next(iter(truth(sandbox, CUSTOMER_BOARD)))
    sandbox.account.archive_item(item_id)
    shelf.put(source.read(watermark=None))
    assert item_id not in shelf.rows
    sandbox.clock.advance(60)
    sandbox.account.restore_item(item_id)

    shelf.put(source.read(watermark=shelf.watermark))

    assert item_id in shelf.rows


def test_a_missing_column_is_named_with_the_field_that_needs_it(sandbox: Sandbox) -> None:
    sandbox.account.drop_column(CUSTOMER_BOARD, "transit_days")

    with pytest.raises(BoardDriftError, match=r"column 'transit_days' \(for transit_days\) does not exist"):
        a_source(a_client(sandbox)).read(watermark=None)


def test_a_retyped_column_is_refused_even_on_the_first_read(sandbox: Sandbox) -> None:
    sandbox.account.add_column(ORDER_BOARD, Column("quantity", "Quantity", "text"))

    with pytest.raises(BoardDriftError, match=r"'quantity' \(for quantity\) is of type text; it may be .*numbers"):
        a_source(a_client(sandbox), ORDER_BOARD).read(watermark=None)


def test_a_renamed_column_is_refused_until_somebody_syncs_in_full(sandbox: Sandbox) -> None:
    source = a_source(a_client(sandbox))
    mark = source.read(watermark=None).watermark()
    sandbox.account.add_column(CUSTOMER_BOARD, Column("transit_days", "Nights on the road", "numbers"))

    with pytest.raises(BoardDriftError, match=r"now called 'Nights on the road' .*--full"):
        source.read(watermark=mark)

    assert source.read(watermark=None).complete()


def test_a_column_that_nobody_mapped_may_change_at_will(sandbox: Sandbox) -> None:
    source = a_source(a_client(sandbox))
    mark = source.read(watermark=None).watermark()
    sandbox.account.drop_column(CUSTOMER_BOARD, "account_manager")

    assert list(source.read(watermark=mark).rows) is not None


def test_a_board_that_is_not_there_is_no_empty_board(sandbox: Sandbox) -> None:
    source = a_source(a_client(sandbox))
    source.settings = source.settings.model_copy(update={"board_id": "4711"})

    with pytest.raises(BoardDriftError, match="board 4711 is not there"):
        source.read(watermark=None)


def test_the_daily_limit_stops_with_a_clear_message_and_the_next_day_it_goes_on(sandbox: Sandbox) -> None:
    sandbox.monday.ledger.limits = Limits(calls_per_day=3)
    client = a_client(sandbox)
    source, shelf = a_source(client), Shelf(board_id=CUSTOMER_BOARD)
    with pytest.raises(DailyLimitError, match=r"count anew from 2026-03-03 00:00 UTC") as stopped:
        source.read(watermark=None)
    asked = client.requests_sent
    sandbox.clock.advance((stopped.value.resumes_at - sandbox.clock.now()).total_seconds())
    sandbox.monday.ledger.limits = Limits()

    shelf.put(source.read(watermark=None))

    assert held(shelf) == truth(sandbox, CUSTOMER_BOARD)
    pages = -(-len(shelf.rows) // 10)
    assert client.requests_sent - asked <= 2 * (pages - 3) + 4


def test_what_is_refused_is_not_gone_on_with(sandbox: Sandbox) -> None:
    sandbox.faults.set(parse_faults("unauthorized@2"))
    source = a_source(a_client(sandbox))
    with pytest.raises(UnauthorizedError):
        source.read(watermark=None)

    assert source.read(watermark=None).complete()


def test_removed_and_kept_rows_follow_the_rules_of_the_mapping(sandbox: Sandbox) -> None:
    source = a_source(a_client(sandbox), ORDER_BOARD)
    rules = {"removed_if": {"order_status": "Delivered"}, "keep_if": {"order_type": "Standard"}}
    settings = MondaySourceSettings.model_validate(source.settings.model_dump() | rules)
    strict = MondayOrderSource("board", settings, source.client)

    batch = strict.read(watermark=None)

    raw = {row.raw["item_id"]: row.raw for row in source.read(watermark=None).rows}
    kept = {row.raw["item_id"] for row in batch.rows}
    assert batch.removed_ids() == {i for i, row in raw.items() if row["order_status"] == "Delivered"}
    assert kept == {i for i, row in raw.items() if row["order_type"] == "Standard"} - batch.removed_ids()
    assert kept


def test_the_sources_are_named_as_in_the_settings(sandbox: Sandbox) -> None:
    source = a_source(a_client(sandbox))

    customers = MondayCustomerSource("crm", source.settings, source.client)

    assert (customers.name, customers.read(watermark=None).source) == ("crm", "crm")


def test_single_items_are_read_as_they_are_now(sandbox: Sandbox) -> None:
    source = a_source(a_client(sandbox))
    first, second, third, *_ = truth(sandbox, CUSTOMER_BOARD)
    sandbox.account.rename_item(first, "Another name")
    sandbox.account.delete_item(second)

    one, two, three, four = read_items(source, [first, second, third, "1"])

    assert one.row is not None
    assert one.row.values["name"] == "Another name"
    assert (two.is_removed, two.row) == (True, None)
    assert not three.is_removed
    assert four.is_removed
    assert read_item(source, first) == one


def test_an_item_of_another_board_is_no_item_of_this_one(sandbox: Sandbox) -> None:
    order_item = next(iter(truth(sandbox, ORDER_BOARD)))

    assert read_item(a_source(a_client(sandbox)), order_item).is_removed


def test_a_watermark_lets_a_change_of_the_last_minute_be_seen_late(sandbox: Sandbox) -> None:
    source = a_source(a_client(sandbox))
    mark = source.read(watermark=None).watermark()
    item_id = next(iter(truth(sandbox, CUSTOMER_BOARD)))
    newest = max(item.updated_at for item in sandbox.account.boards[CUSTOMER_BOARD].items.values())
    sandbox.account.boards[CUSTOMER_BOARD].items[item_id].updated_at = newest - timedelta(seconds=30)

    again = {row.values["source_item_id"] for row in source.read(watermark=mark).rows}

    assert item_id in again
