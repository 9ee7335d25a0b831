"""The schedule on the order board: written after publication, only what changed, never over a person's edit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cms.application.board_writes import BOARD_CHANNEL
from cms.application.notify import send_notices
from cms.bootstrap import open_system
from cms.sandbox import Company
from cms.sandbox.company_boards import ORDER_BOARD
from cms.sandbox.monday_api.column_types import text_of
from cms.warehouse.tables import notification_outbox
from tests.integration.web.conftest import fresh_url
from tests.integration.web.live_service import LiveService, live_service
from tests.warehouse_fixtures import EACH_ENGINE

WRITE_BACK = """
[sources.order_board.write_back]
scheduled_date = "scheduled_date"
schedule_status = "schedule_status"
schedule_note = "schedule_note"
"""


@pytest.fixture(scope="module", params=EACH_ENGINE)
def writing(
    request: pytest.FixtureRequest, company: Company, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveService]:
    folder = tmp_path_factory.mktemp("writing")
    with live_service(company, folder, fresh_url(request, folder), more_settings=WRITE_BACK) as running:
        yield running


@pytest.fixture(params=EACH_ENGINE)
def piloting(request: pytest.FixtureRequest, company: Company, tmp_path: Path) -> Iterator[LiveService]:
    url = fresh_url(request, tmp_path)
    with live_service(company, tmp_path / "s", url, more_settings=WRITE_BACK, CMS_ROLLOUT_PHASE="pilot") as running:
        yield running


def send(live: LiveService) -> None:
    system = live.system
    send_notices(
        system.warehouse.outbox,
        system.notifier,
        system.clock,
        policy=system.retry_policy,
        reach=system.reach,
        worker="test",
    )


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


def told_about(live: LiveService) -> set[tuple[str, str]]:
    """Customer and key of everything that was queued."""
    with live.system.warehouse.engine.connect() as connection:
        table = notification_outbox
        rows = connection.execute(sa.select(table.c.customer_id, table.c.channel, table.c.deduplication_key))
        return {(row.customer_id, row.deduplication_key) for row in rows}


def ends_of(live: LiveService, customer_id: str) -> list[tuple[str, str, str | None]]:
    """Channel, state and error of everything that was queued about a customer."""
    table = notification_outbox.c
    query = sa.select(table.channel, table.status, table.error).where(table.customer_id == customer_id)
    with live.system.warehouse.engine.connect() as connection:
        return [(row.channel, row.status, row.error) for row in connection.execute(query)]


def switch(live: LiveService, phase: str) -> None:
    """Switch the rollout from another process's point of view: the service is not told."""
    with open_system(environment=live.system.environment) as elsewhere:
        assert elsewhere.rollout.set_phase(phase, now=elsewhere.clock.now(), actor="test")


def test_outside_the_rollout_nothing_is_written_or_told_until_it_is_switched_while_the_service_runs(
    piloting: LiveService,
) -> None:
    people = piloting.system.warehouse.orders.customers()
    pilots = {customer_id for customer_id, person in people.items() if person.rollout_cohort == "pilot"}
    at_first = {customer_id for customer_id, _ in told_about(piloting)}
    orders = piloting.take_orders(5, on_board=True)
    outside = next(i for i in orders if piloting.order(i)["order"]["customer_id"] not in pilots)
    customer = piloting.order(outside)["order"]["customer_id"]

    told = []
    for phase in (None, "all", "pilot"):
        if phase:
            switch(piloting, phase)
        before = told_about(piloting)
        with piloting.events(1):
            piloting.change_item(outside, {"quantity": str(piloting.quantity(outside) + 1)})
        told.append({customer_id for customer_id, _ in told_about(piloting) - before})

    assert at_first <= pilots
    assert told == [set(), {customer}, set()]
    assert [line.phase for line in piloting.system.rollout.history()] == ["pilot", "all"]

    send(piloting)
    reason = f"phase pilot of the rollout does not reach customer {customer}"
    assert set(ends_of(piloting, customer)) == {("email", "withheld", reason), ("monday", "withheld", reason)}
    assert not on_board(piloting, outside)["schedule_note"]
