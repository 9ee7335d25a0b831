"""The schedule on the order board: written after publication, only what changed, never over a person's edit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cms.application.board_writes import BOARD_CHANNEL
from cms.application.notify import send_notices
from cms.sandbox import Company
from cms.sandbox.company_boards import CUSTOMER_BOARD, ORDER_BOARD
from cms.sandbox.monday_api.column_types import text_of
from tests.integration.web.live_service import LiveService, live_service

WRITE_BACK = """
[sources.order_board.write_back]
scheduled_date = "scheduled_date"
schedule_status = "schedule_status"
schedule_note = "schedule_note"
"""


@pytest.fixture(scope="module")
def writing(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    folder = tmp_path_factory.mktemp("writing")
    url = f"sqlite:///{folder / 'warehouse.db'}"
    with live_service(company, folder, url, more_settings=WRITE_BACK) as running:
        yield running


def send(live: LiveService) -> None:
    system = live.system
    send_notices(system.warehouse.outbox, system.notifier, system.clock, policy=system.retry_policy, worker="test")


def on_board(live: LiveService, order_id: str) -> dict[str, str | None]:
    board = live.sandbox.account.boards[ORDER_BOARD]
    item = board.items[live.board_items()[order_id]]
    names = ("scheduled_date", "schedule_status", "schedule_note")
    return {name: text_of(board.columns[name], item.values.get(name)) for name in names}


def mutations(live: LiveService) -> int:
    return sum(1 for entry in live.sandbox.account.log if entry.event.user_id == "1")


def published(live: LiveService, order_id: str) -> Any:
    return max(delivery["delivery_date"] for delivery in live.order(order_id)["deliveries"])


def test_the_first_schedule_is_written_to_every_item_once(writing: LiveService) -> None:
    [order_id] = writing.take_orders(on_board=True)

    send(writing)
    before = mutations(writing)
    send(writing)

    found = on_board(writing, order_id)
    assert found["scheduled_date"] == published(writing, order_id)
    assert found["schedule_status"] in {"On time", "Late"}
    assert "units" in (found["schedule_note"] or "")
    assert mutations(writing) == before


def test_a_changed_delivery_is_written_and_our_own_edit_is_no_event(writing: LiveService) -> None:
    [order_id] = writing.take_orders(on_board=True)
    send(writing)
    more = writing.quantity(order_id) + 1

    with writing.events(1):
        writing.change_item(order_id, {"quantity": str(more)})
        assert_done = writing.system.warehouse.inbox
    send(writing)
    assert writing.sandbox.post.wait_until_taken(10)

    assert f"{more} units" in (on_board(writing, order_id)["schedule_note"] or "")
    assert assert_done.backlog().waiting == 0


def test_what_a_person_entered_is_reported_and_not_overwritten(writing: LiveService) -> None:
    [order_id] = writing.take_orders(on_board=True)
    send(writing)
    writing.change_item(order_id, {"schedule_note": "customer asked for a call before"})
    more = writing.quantity(order_id) + 1

    with writing.events(1):
        writing.change_item(order_id, {"quantity": str(more)})
    send(writing)

    letters = [e for e in writing.system.warehouse.outbox.dead_letters() if e.notice.channel == BOARD_CHANNEL]
    assert on_board(writing, order_id)["schedule_note"] == "customer asked for a call before"
    assert [entry.notice.order_id for entry in letters] == [order_id]
    assert "somebody edited item" in (writing.system.warehouse.outbox.error_of(letters[0].outbox_id) or "")


def test_outside_the_rollout_nothing_is_written_or_told(company: Company, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'warehouse.db'}"
    with live_service(company, tmp_path / "s", url, more_settings=WRITE_BACK, CMS_ROLLOUT_PHASE="pilot") as piloting:
        customers = piloting.sandbox.account.boards[CUSTOMER_BOARD].items.values()
        cohorts = {item.values["customer_id"]: item.values.get("cohort") for item in customers}
        entries = piloting.system.warehouse.outbox.claim_due(
            now=piloting.system.clock.now(), limit=1000, worker="test", lease_seconds=0
        )
        reached = piloting.system.warehouse.orders.customers()

        assert {reached[e.notice.customer_id].rollout_cohort for e in entries if e.notice.customer_id} <= {"pilot"}
        assert len(cohorts) > len({e.notice.customer_id for e in entries})
