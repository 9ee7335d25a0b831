"""From an edit on a board, or in order management, to the schedule and the queued notice, over HTTP."""

import json
import time
from decimal import Decimal
from typing import Any

import requests
import sqlalchemy as sa

from cms.application.process_events import reschedule
from cms.application.sync_orders import sync_orders
from cms.bootstrap import open_system
from cms.sandbox.company_boards import CUSTOMER_BOARD
from cms.warehouse.tables import schedule_history
from tests.integration.web.live_service import PATIENCE_SECONDS, LiveService, wait_until


def delivered(answer: dict[str, Any]) -> Decimal:
    """Units of the order that are scheduled: all of them, or none where the small plant is full."""
    return sum((Decimal(delivery["quantity"]) for delivery in answer["deliveries"]), Decimal(0))


def test_an_edit_on_the_order_board_reaches_the_schedule_with_its_notice(live: LiveService) -> None:
    [order_id] = live.take_orders(on_board=True)
    more = live.quantity(order_id) + 1

    with live.events(1):
        live.change_item(order_id, {"quantity": str(more)})

    answer = live.order(order_id)
    assert live.quantity(order_id) == more
    assert delivered(answer) in {0, more}
    assert answer["history"][-1]["change_type"] in {"quantity_changed", "moved_earlier", "moved_later", "unscheduled"}
    assert answer["history"][-1]["reason_code"] == "order_event"
    told = live.notices_about(order_id)
    assert len(told) <= len(answer["history"])


def test_orders_of_order_management_are_taken_in_changed_and_cancelled(live: LiveService) -> None:
    first, second = live.take_orders(2, on_board=False)
    more = live.quantity(first) + 1
    pattern = live.sandbox.orders.order(first)
    assert pattern is not None

    with live.events(3):
        live.sandbox.orders.change_order(first, {"quantity": str(more)})
        live.sandbox.orders.change_order(second, {"state": "CANCELLED"})
        live.sandbox.orders.add_order({**pattern, "orderNumber": "SO-NEW", "quantity": str(more)})

    assert delivered(live.order(first)) in {0, more}
    assert live.order(second)["order"]["status"] == "cancelled"
    assert live.order(second)["deliveries"] == []
    assert live.order("SO-NEW")["deliveries"] or live.order("SO-NEW")["unscheduled_reason"]


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
    assert back["order"]["status"] in {"open", "scheduled"}
    assert back["deliveries"] or back["unscheduled_reason"]

    with live.events(1):
        live.change_item(order_id, {"order_status": {"label": "In production"}})
    with live.events(1):
        live.sandbox.account.delete_item(item)
    gone = live.order(order_id)
    with live.events(1):
        live.sandbox.account.restore_item(item)
    assert (gone["order"]["status"], live.order(order_id)["order"]["status"]) == ("cancelled", "in_production")


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


def version_at_rest(live: LiveService) -> int:
    """The published version once what earlier tests began has ended."""
    version, before = live.status()["system"]["version"], None
    while version != before:
        time.sleep(1.0)
        version, before = live.status()["system"]["version"], version
    return int(version)


def changes_after(live: LiveService, version: int) -> list[tuple[int, str]]:
    """Later versions, each with an order that it changed; other tests' orders may be placed meanwhile."""
    found = sa.select(schedule_history.c.schedule_version, schedule_history.c.order_id)
    with live.system.warehouse.engine.connect() as connection:
        rows = connection.execute(found.where(schedule_history.c.schedule_version > version)).all()
    return [(int(changed), str(order_id)) for changed, order_id in rows]


def test_an_event_that_changes_nothing_publishes_nothing(live: LiveService) -> None:
    [order_id] = live.take_orders(on_board=True)
    version = version_at_rest(live)

    with live.events(1):
        live.change_item(order_id, {"schedule_note": "looks good"})

    changes = changes_after(live, version)
    later = range(version + 1, live.status()["system"]["version"] + 1)
    assert order_id not in {changed for _, changed in changes}
    assert set(later) <= {changed_by for changed_by, _ in changes}, "a version without a change"


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


def test_an_order_that_only_a_sync_told_of_is_placed_by_the_sweep(live: LiveService) -> None:
    [order_id] = live.take_orders(on_board=False)
    pattern = live.sandbox.orders.order(order_id)
    assert pattern is not None
    hooks, live.sandbox.orders._hooks = live.sandbox.orders._hooks, {}
    live.sandbox.orders.add_order({**pattern, "orderNumber": "SO-UNTOLD"})
    live.sandbox.orders._hooks = hooks
    system = live.system
    sync_orders(system.order_source("order_management"), system.event_work.loader)

    # the service has its own worker; a sweep elsewhere has its own system
    with open_system(environment=system.environment) as elsewhere:
        publication = reschedule(elsewhere.event_work)

    assert publication is not None
    assert {change.order_id for change in publication.changes} <= {"SO-UNTOLD"}
    assert live.order("SO-UNTOLD")["deliveries"] or live.order("SO-UNTOLD")["unscheduled_reason"]


def test_two_workers_on_one_warehouse_share_the_events(live: LiveService) -> None:
    orders = live.take_orders(3, on_board=False)
    live.service.stop()
    for order_id in orders:
        live.sandbox.orders.change_order(order_id, {"quantity": str(live.quantity(order_id) + 1)})
    assert live.sandbox.post.wait_until_taken(PATIENCE_SECONDS)
    inbox, now = live.system.warehouse.inbox, live.system.clock.now()

    first = inbox.claim(now=now, limit=2, worker="one")
    second = inbox.claim(now=now, limit=2, worker="two")
    third = inbox.claim(now=now, limit=2, worker="three")
    inbox.release(["one", "two"])
    with live.events(3):
        live.service.start()

    assert ([len(first), len(second), len(third)]) == [2, 1, 0]
    assert {event.event_id for event in first}.isdisjoint(event.event_id for event in second)
