"""Two schedules side by side."""

from dataclasses import replace

from cms.domain.orders import OrderId
from cms.domain.schedule import ChangeType
from cms.scheduling.comparison import OrderMove, compare_schedules, service_figures
from cms.scheduling.result import SchedulingResult
from tests.problem_builders import a_delivery, a_problem, a_resource, a_schedule, an_order, day

PROBLEM = a_problem(
    *(an_order(f"O{index}", due=2, hours=9) for index in range(1, 5)),
    resources=[a_resource(hours=8, overtime=2, cost=10)],
)


def a_plan(**completions: int | None) -> SchedulingResult:
    deliveries = [a_delivery(PROBLEM, name, completion=day) for name, day in completions.items() if day is not None]
    return a_schedule(PROBLEM, *deliveries, unscheduled={name: 10 for name, day in completions.items() if day is None})


def test_orders_that_move_are_listed_with_their_days() -> None:
    comparison = compare_schedules(a_plan(O1=0, O2=1, O3=5), a_plan(O1=0, O2=4, O3=2))

    assert comparison.moves == (
        OrderMove(
            order_id=OrderId("O2"),
            change_type=ChangeType.MOVED_LATER,
            old_delivery_date=day(1),
            new_delivery_date=day(4),
            days=3,
            added_tardiness_days=2,
        ),
        OrderMove(
            order_id=OrderId("O3"),
            change_type=ChangeType.MOVED_EARLIER,
            old_delivery_date=day(5),
            new_delivery_date=day(2),
            days=-3,
            added_tardiness_days=-3,
        ),
    )
    assert (comparison.unchanged_orders, comparison.days_later, comparison.days_earlier) == (1, 3, 3)


def test_an_order_that_one_schedule_lacks_has_no_days() -> None:
    comparison = compare_schedules(
        a_plan(O1=0, O2=1, O3=2), a_plan(O2=None, O4=3), finished_orders=frozenset({OrderId("O1")})
    )

    assert [(move.order_id, move.change_type, move.days) for move in comparison.moves] == [
        ("O1", ChangeType.REMOVED, None),
        ("O2", ChangeType.UNSCHEDULED, None),
        ("O3", ChangeType.UNSCHEDULED, None),
        ("O4", ChangeType.SCHEDULED, None),
    ]


def test_service_counts_orders_on_time_and_in_full() -> None:
    """O1 is on time, O2 two days late, O3 gets nothing: one of three. Each delivery takes an hour of overtime."""
    figures = service_figures(a_plan(O1=2, O2=4, O3=None))

    assert (figures.orders, figures.late_orders, figures.unscheduled_orders) == (3, 2, 1)
    assert (figures.tardiness_days, figures.overtime_hours, figures.cost) == (2, 2.0, 20.0)
    assert round(figures.on_time_pct, 1) == 33.3


def test_overtime_is_unknown_of_a_schedule_whose_days_a_later_one_has_taken_over() -> None:
    earlier = replace(a_plan(O1=2, O2=4), resource_days=())

    assert service_figures(earlier).overtime_hours is None


def test_a_schedule_without_orders_serves_everyone() -> None:
    assert service_figures(a_plan()).on_time_pct == 100.0


def test_tiers_are_compared_by_name() -> None:
    comparison = compare_schedules(a_plan(O1=2, O2=1, O3=0, O4=3), a_plan(O1=2, O2=1, O3=0, O4=4))

    assert comparison.tier_changes == {"priority 2": 1.0, "cost": 0.0}
