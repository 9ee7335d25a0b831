"""What an order's item on a board says of its schedule, and who is written to at all."""

from datetime import date

import pytest

from cms.application.board_writes import BoardColumns, BoardItem, board_notices, board_values
from cms.domain.customers import RolloutCohort
from cms.domain.orders import OrderId
from tests.builders import a_customer, a_delivery, an_order

COLUMNS = BoardColumns(
    scheduled_date="date", schedule_status="status", schedule_note="note",
    on_time="On time", late="Late", unscheduled="Unscheduled",
)  # fmt: skip


class OneBoard:
    def items_of(self, order_ids: object) -> list[BoardItem]:
        assert isinstance(order_ids, set)
        return [BoardItem(source="board", board_id="5", item_id=f"i{i}", order_id=i) for i in sorted(order_ids)]


def test_a_scheduled_order_says_its_last_date_and_every_delivery() -> None:
    first = a_delivery(on=date(2026, 1, 13), quantity=60)
    second = a_delivery(on=date(2026, 1, 14), quantity=40, sequence=1, tardiness_days=1)

    assert board_values(COLUMNS, (first, second), None) == {
        "date": "2026-01-14",
        "status": "Late",
        "note": "2026-01-13 08:00-17:00, 60 units; 2026-01-14 08:00-17:00, 40 units",
    }


def test_an_order_without_a_delivery_says_why() -> None:
    values = board_values(COLUMNS, (), "PRESS is full")

    assert values == {"date": "", "status": "Unscheduled", "note": "PRESS is full"}


def test_a_long_note_is_cut_where_the_board_would_cut_it() -> None:
    many = [a_delivery(quantity=float(1), sequence=n) for n in range(20)]

    note = board_values(COLUMNS, many, None)["note"]

    assert len(note) == 250
    assert note.endswith("…")


@pytest.mark.parametrize(("phase", "written"), [("pilot", ["O1"]), ("all", ["O1", "O2"])])
def test_only_orders_of_customers_in_the_rollout_are_written(phase: str, written: list[str]) -> None:
    pilot, other = a_customer("C1", rollout_cohort=RolloutCohort.PILOT), a_customer("C2")
    orders = {OrderId("O1"): an_order("O1"), OrderId("O2"): an_order("O2", customer="C2")}

    notices = board_notices(
        orders.keys(), OneBoard(), orders=orders, customers={c.customer_id: c for c in (pilot, other)},
        replaces=3, phase=phase,
    )  # fmt: skip

    assert [notice.order_id for notice in notices] == written
