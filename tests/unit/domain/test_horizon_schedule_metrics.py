from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from cms.domain.errors import InvalidValueError
from cms.domain.horizon import PlanningHorizon
from cms.domain.metrics import (
    backlog,
    lateness_days,
    on_time_in_full,
    past_due,
    schedule_accuracy,
    tardiness_days,
    utilization,
)
from cms.domain.orders import OrderId, OrderStatus
from cms.domain.resources import RoutingId
from cms.domain.schedule import ChangeType, ScheduledDelivery, TierResult, schedule_changes
from tests.builders import MONDAY, a_delivery, a_schedule, an_order

THE_13TH, THE_14TH = date(2026, 1, 13), date(2026, 1, 14)


def test_a_horizon_knows_its_days_by_index() -> None:
    horizon = PlanningHorizon(as_of=MONDAY, horizon_days=3, planning_time_fence_days=1)

    assert list(horizon) == [date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 7)]
    assert len(horizon) == 3
    assert horizon.index(date(2026, 1, 7)) == 2
    assert horizon.day(2) == date(2026, 1, 7)
    assert date(2026, 1, 7) in horizon
    assert date(2026, 1, 8) not in horizon


def test_what_is_complete_before_the_fence_ends_is_frozen() -> None:
    horizon = PlanningHorizon(as_of=MONDAY, horizon_days=10, planning_time_fence_days=2)

    assert horizon.is_frozen(date(2026, 1, 1))
    assert horizon.is_frozen(date(2026, 1, 6))
    assert not horizon.is_frozen(date(2026, 1, 7))


@pytest.mark.parametrize(
    ("as_of", "days", "fence", "field"),
    [
        (MONDAY, 0, 0, "horizon_days"),
        (MONDAY, 4000, 0, "horizon_days"),
        (MONDAY, 5, 6, "planning_time_fence_days"),
        (date(9999, 12, 1), 5, 0, "as_of"),
    ],
)
def test_an_impossible_horizon_is_refused(as_of: date, days: int, fence: int, field: str) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        PlanningHorizon(as_of=as_of, horizon_days=days, planning_time_fence_days=fence)

    assert refusal.value.field == field


def one_change(old: list[ScheduledDelivery], new: list[ScheduledDelivery], **options: frozenset[OrderId]) -> ChangeType:
    (change,) = schedule_changes(old, new, reason_code="test", **options)
    return change.change_type


def test_an_unchanged_order_has_no_line_in_the_history() -> None:
    assert schedule_changes([a_delivery()], [a_delivery()], reason_code="test") == []


def test_each_kind_of_change_is_named() -> None:
    on_13th = [a_delivery(on=THE_13TH)]
    assert one_change([], on_13th) is ChangeType.SCHEDULED
    assert one_change(on_13th, []) is ChangeType.UNSCHEDULED
    assert one_change(on_13th, [], finished_orders=frozenset({OrderId("O1")})) is ChangeType.REMOVED
    assert one_change(on_13th, [a_delivery(on=THE_14TH)]) is ChangeType.MOVED_LATER
    assert one_change([a_delivery(on=THE_14TH)], on_13th) is ChangeType.MOVED_EARLIER
    assert one_change(on_13th, [a_delivery(on=THE_13TH, quantity=90)]) is ChangeType.QUANTITY_CHANGED
    assert one_change(on_13th, [a_delivery(on=THE_13TH, routing_id=RoutingId("R2"))]) is ChangeType.REPLANNED


def test_another_window_on_the_same_day_is_seen_by_the_customer() -> None:
    afternoon = a_delivery(on=THE_13TH, window_start=time(13))

    assert one_change([a_delivery(on=THE_13TH)], [afternoon]) is ChangeType.QUANTITY_CHANGED


def test_a_split_order_changes_by_its_last_delivery_and_its_whole_quantity() -> None:
    old = [a_delivery(on=THE_13TH, quantity=100)]
    new = [a_delivery(on=THE_13TH, quantity=60), a_delivery(on=THE_14TH, quantity=40, sequence=1)]

    (change,) = schedule_changes(old, new, reason_code="test")

    assert change.change_type is ChangeType.MOVED_LATER
    assert (change.old_delivery_date, change.new_delivery_date) == (THE_13TH, THE_14TH)
    assert (change.old_quantity, change.new_quantity) == (Decimal(100), Decimal(100))


def test_a_schedule_groups_deliveries_by_order_in_sequence() -> None:
    second, first = a_delivery(sequence=1, on=THE_14TH), a_delivery(on=THE_13TH)

    assert a_schedule(second, first).deliveries_by_order() == {"O1": (first, second)}


def test_a_gap_is_relative_to_the_value_but_never_to_less_than_one() -> None:
    assert TierResult(name="cost", value=200.0, bound=190.0).gap == pytest.approx(0.05)
    assert TierResult(name="priority 1", value=0.5, bound=0.25).gap == pytest.approx(0.25)


def delivered(due: date, on: date) -> object:
    return an_order(due=due, status=OrderStatus.DELIVERED, delivered_at=datetime(on.year, on.month, on.day, tzinfo=UTC))


def test_on_time_in_full_counts_delivered_orders_against_their_due_date() -> None:
    orders = [delivered(THE_13TH, THE_13TH), delivered(THE_13TH, THE_14TH), an_order()]

    assert on_time_in_full(orders) == pytest.approx(0.5)  # type: ignore[arg-type]
    assert on_time_in_full([an_order()]) is None


def test_lateness_is_signed_and_tardiness_is_not() -> None:
    assert (lateness_days(THE_13TH, THE_14TH), tardiness_days(THE_13TH, THE_14TH)) == (-1, 0)
    assert (lateness_days(THE_14TH, THE_13TH), tardiness_days(THE_14TH, THE_13TH)) == (1, 1)


def test_utilization_of_nothing_is_nothing_and_of_closed_hours_endless() -> None:
    assert utilization(12, 16) == pytest.approx(0.75)
    assert utilization(0, 0) == 0
    assert utilization(1, 0) == float("inf")


def test_backlog_counts_open_orders_and_past_due_the_late_ones_among_them() -> None:
    orders = [an_order(due=THE_13TH), an_order(due=THE_14TH), an_order(due=THE_13TH, status=OrderStatus.DELIVERED)]

    assert backlog(orders) == 2
    assert past_due(orders, as_of=THE_14TH) == 1


def test_schedule_accuracy_counts_the_very_day() -> None:
    assert schedule_accuracy([(THE_13TH, THE_13TH), (THE_13TH, THE_14TH)]) == pytest.approx(0.5)
    assert schedule_accuracy([]) is None
