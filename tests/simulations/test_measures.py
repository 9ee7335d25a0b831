"""From records to figures, each worked by hand."""

from typing import Any

import pytest

from cms.domain.orders import OrderType
from simulations.arrival_process import Period
from simulations.measures import measure, tardiness_days
from simulations.observations import DeskDay, Observations, OrderLife
from simulations.plant_hours import known_hours, shift_hours
from simulations.random_streams import RandomStreams
from simulations.results import ReplicationResult
from simulations.scenario_plant import PlantChanges
from simulations.station import Span
from tests.builders import MONDAY
from tests.simulations.histories import a_history, an_arrival

DAYS = 14
HISTORY = a_history([an_arrival("O1", day=0, due=9)])


def a_life(order_id: str = "O1", *, due: int = 8, delivered: int | None = 8, **changes: Any) -> OrderLife:
    facts: dict[str, Any] = {
        "priority": 2,
        "order_type": OrderType.STANDARD,
        "arrived_hours": 24.0,
        "shipped_day": None if delivered is None else delivered - 1,
        "promised_day": due,
    }
    return OrderLife(order_id=order_id, due_day=due, delivered_day=delivered, **(facts | changes))


def figures(
    *lives: OrderLife, worked: dict[int, tuple[float, float]] | None = None, warm_up: int = 7
) -> ReplicationResult:
    """The figures of these orders; `worked` has regular and overtime hours by day."""
    period = Period(start=MONDAY, days=DAYS)
    known = known_hours(HISTORY, PlantChanges(), period, DAYS)
    shifts = shift_hours(known, HISTORY, PlantChanges(), period, RandomStreams(seed=1, replication=0))
    for day, (regular, overtime) in (worked or {}).items():
        shifts[0].note(Span(24.0 * day + 1, 24.0 * day + 17), regular)
        shifts[0].note(Span(24.0 * day + 17, 24.0 * day + 21, is_overtime=True), overtime)
    seen = Observations(start=MONDAY, days=DAYS, lives=list(lives), plans=10, unscheduled=[0] * DAYS)
    seen.desk_days = [DeskDay(backlog=day, delay_seconds=day / 2) for day in range(DAYS)]
    seen.desk_delays = [(day, float(day)) for day in range(DAYS)]
    return measure("by hand", 0, seen, HISTORY.resources, shifts, warm_up_days=warm_up)


def test_service_is_per_order_against_its_due_date() -> None:
    found = figures(
        a_life("ON-TIME"), a_life("EARLY", delivered=7), a_life("LATE", delivered=11), a_life("LATER", delivered=9)
    )

    assert found.measures["otif"] == 0.5
    assert found.measures["mean_tardiness_days"] == 1.0
    assert found.measures["mean_tardiness_days_of_late"] == 2.0
    assert found.measures["max_tardiness_days"] == 3.0
    assert found.tardiness == {0: 2, 1: 1, 3: 1}


def test_each_class_has_its_own_service() -> None:
    found = figures(a_life("A", priority=1), a_life("B", priority=3, delivered=9), a_life("C", priority=3))

    assert (found.measures["otif[class 1]"], found.measures["otif[class 3]"]) == (1.0, 0.5)


def test_what_is_not_delivered_counts_as_late_to_the_end_of_the_run() -> None:
    lives = [a_life(due=8, delivered=None), a_life(due=13, delivered=None), a_life(due=5, delivered=5)]

    assert tardiness_days(lives, DAYS).tolist() == [6.0, 1.0, 0.0]


def test_only_orders_due_after_the_warm_up_and_before_the_end_are_measured() -> None:
    found = figures(a_life("BEFORE", due=6, delivered=20), a_life("IN", due=7), a_life("AFTER", due=14, delivered=14))

    assert found.measures["orders"] == 1.0
    assert found.measures["otif"] == 0.0  # due on day 7, delivered on day 8


def test_flow_time_runs_from_arrival_to_delivery() -> None:
    found = figures(
        a_life(arrived_hours=36.0, delivered=9), a_life(arrived_hours=24.0, delivered=10), a_life(delivered=None)
    )

    # 9 - 1.5 and 10 - 1 days; the third is still on its way
    assert found.measures["mean_flow_time_days"] == pytest.approx((7.5 + 9) / 2)


def test_nervousness_and_accuracy_look_at_plans() -> None:
    found = figures(
        a_life(changes=2, promised_day=8), a_life(changes=0, promised_day=7), a_life(changes=1, delivered=None)
    )

    assert found.measures["changes_per_order"] == 1.0
    assert found.measures["schedule_accuracy"] == 0.5


def test_backlog_and_past_due_are_counted_day_by_day() -> None:
    found = figures(
        a_life("A", arrived_hours=24.0, due=5, delivered=9, shipped_day=8),
        a_life("B", arrived_hours=60.0, due=9, delivered=9, shipped_day=8),
        a_life("C", arrived_hours=60.0, due=12, delivered=None, shipped_day=None),
    )

    assert found.daily["backlog"].tolist() == [0, 1, 3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1]
    # A is past due from the day after day 5 until it leaves on day 8; C from day 13 on
    assert found.daily["past_due"].tolist() == [0] * 6 + [1, 1] + [0] * 5 + [1]
    assert found.measures["max_backlog"] == 3.0
    assert found.measures["mean_past_due"] == pytest.approx(2 / 7)


def test_utilization_is_worked_over_regular_hours_after_the_warm_up() -> None:
    found = figures(worked={0: (16.0, 4.0), 7: (16.0, 4.0), 8: (12.0, 0.0), 9: (15.5, 0.0)})

    # 47.5 of 80 hours on five working days; two of them fuller than 95 %
    assert found.measures["utilization[PRESS]"] == pytest.approx(47.5 / 80)
    assert found.measures["hours_over_95_pct[PRESS]"] == 32.0
    assert found.measures["overtime_hours[PRESS]"] == 4.0
    assert found.measures["overtime_cost"] == 4.0 * 45.0
    assert found.measures["peak_week_utilization[PRESS]"] == pytest.approx(47.5 / 80)


def test_the_desk_is_measured_after_the_warm_up() -> None:
    found = figures()

    assert found.measures["max_desk_backlog"] == 13.0
    assert found.measures["mean_desk_delay_seconds"] == 10.0
    assert found.measures["max_desk_delay_seconds"] == 13.0


def test_a_run_without_due_orders_is_on_time_and_says_that_there_were_none() -> None:
    found = figures()

    assert (found.measures["orders"], found.measures["otif"], found.measures["mean_tardiness_days"]) == (0.0, 1.0, 0.0)
