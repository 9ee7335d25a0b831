"""From an edit on a board, or in order management, to the schedule and the queued notice, over HTTP."""

import json
from decimal import Decimal

import requests

from cms.sandbox.company_boards import CUSTOMER_BOARD
from tests.integration.web.live_service import LiveService, wait_until


def test_an_edit_on_the_order_board_reaches_the_schedule_with_its_notice(live: LiveService) -> None:
    [order_id] = live.take_orders(on_board=True)
    more = live.quantity(order_id) + 1

    with live.events(1):
        live.change_item(order_id, {"quantity": str(more)})

    answer = live.order(order_id)
    assert live.quantity(order_id) == more
    assert sum(Decimal(d["quantity"]) for d in answer["deliveries"]) == more
    assert answer["history"][-1]["change_type"] in {"quantity_changed", "moved_earlier", "moved_later"}
    assert answer["history"][-1]["reason_code"] == "order_event"
    assert len(live.notices_about(order_id)) <= 2


def test_orders_of_order_management_are_taken_in_changed_and_cancelled(live: LiveService) -> None:
    first, second = live.take_orders(2, on_board=False)
    more = live.quantity(first) + 1
    pattern = live.sandbox.orders.order(first)
    assert pattern is not None

    with live.events(3):
        live.sandbox.orders.change_order(first, {"quantity": str(more)})
        live.sandbox.orders.change_order(second, {"state": "CANCELLED"})
        live.sandbox.orders.add_order({**pattern, "orderNumber": "SO-NEW", "quantity": str(more)})

    assert sum(Decimal(d["quantity"]) for d in live.order(first)["deliveries"]) == more
    assert live.order(second)["order"]["status"] == "cancelled"
    assert live.order(second)["deliveries"] == []
    assert live.order("SO-NEW")["deliveries"]
    assert live.order("SO-NEW")["history"][-1]["change_type"] == "scheduled"


def test_an_item_that_is_deleted_frees_its_place_and_comes_back_when_restored(live: LiveService) -> None:
    [order_id] = live.take_orders(on_board=True)
    item = live.board_items()[order_id]

    with live.events(1):
        live.sandbox.account.delete_item(item)
    gone = live.order(order_id)
    with live.events(1):
        live.sandbox.account.restore_item(item)
    back = live.order(order_id)

    assert (gone["order"]["status"], gone["deliveries"]) == ("cancelled", [])
    assert back["deliveries"]


def test_new_windows_of_a_customer_move_its_deliveries(live: LiveService) -> None:
    [order_id] = live.take_orders(on_board=True)
    customer = live.order(order_id)["order"]["customer_id"]
    items = live.sandbox.account.boards[CUSTOMER_BOARD].items.values()
    item = next(item for item in items if item.values.get("customer_id") == customer)

    with live.events(1):
        live.sandbox.account.change_values(CUSTOMER_BOARD, item.id, {"delivery_windows": {"text": "Thu 10:00-11:00"}})

    deliveries = live.order(order_id)["deliveries"]
    assert {(d["window_start"], d["window_end"]) for d in deliveries if not d["frozen"]} <= {("10:00:00", "11:00:00")}


def test_events_that_came_while_nobody_worked_are_taken_up_at_the_start(live: LiveService) -> None:
    [order_id] = live.take_orders(on_board=True)
    more = live.quantity(order_id) + 1
    live.service.stop()

    with live.events(1):
        live.change_item(order_id, {"quantity": str(more)})
        assert wait_until(lambda: live.status()["system"]["inbox"]["waiting"] == 1)
        live.service.start()

    assert live.quantity(order_id) == more


def test_an_event_that_changes_nothing_publishes_nothing(live: LiveService) -> None:
    [order_id] = live.take_orders(on_board=True)
    version = live.status()["system"]["version"]

    with live.events(1):
        live.change_item(order_id, {"schedule_note": "looks good"})

    assert live.status()["system"]["version"] == version


def test_a_bad_row_goes_to_quarantine_and_its_event_is_done(live: LiveService) -> None:
    [order_id] = live.take_orders(on_board=True)

    with live.events(1):
        live.change_item(order_id, {"quantity": "-5"})

    rows = live.system.warehouse.quality.rows(limit=1000)
    assert any("-5" in json.dumps(row.raw, default=str) for row in rows)
    assert live.quantity(order_id) > 0


def test_a_source_that_was_away_is_asked_again(live: LiveService) -> None:
    [order_id] = live.take_orders(on_board=False)
    more = live.quantity(order_id) + 1

    with live.events(1):
        requests.post(f"{live.sandbox.url}/sandbox/faults", json={"faults": "http_503*1/orders"}, timeout=5)
        live.sandbox.orders.change_order(order_id, {"quantity": str(more)})

    assert live.quantity(order_id) == more


def test_a_board_that_no_source_reads_tells_us_nothing(live: LiveService) -> None:
    body = {"event": {"type": "update_column_value", "boardId": 42, "pulseId": 1, "columnId": "x"}}

    answer = live.post(body, Authorization=live.token())

    assert (answer.status_code, answer.json()) == (200, {"status": "ignored"})
