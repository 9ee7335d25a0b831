"""What a week has, what is committed, and what is expected."""

from datetime import date, timedelta

import pytest

from cms.capacity.ledger import CapacityLoad
from cms.capacity.weekly_plan import DemandHistory, WaitingLoad, WeeklyLoad, monday_of, plan_weeks
from cms.domain.errors import InvalidValueError
from cms.domain.orders import OrderId
from cms.domain.resources import Resource, ResourceId
from cms.domain.schedule import ScheduledLoad
from cms.domain.work_calendar import CalendarException, ExceptionKind, WorkCalendar

MONDAY = date(2026, 1, 5)
PRESS, OVEN = ResourceId("PRESS"), ResourceId("OVEN")
WEEK = timedelta(weeks=1)


def a_calendar(*exceptions: CalendarException, resources: tuple[ResourceId, ...] = (PRESS,)) -> WorkCalendar:
    return WorkCalendar(
        resources={
            name: Resource(resource_id=name, name=name, regular_hours=16, overtime_hours=4, overtime_cost_per_hour=45)
            for name in resources
        },
        exceptions=exceptions,
    )


def a_load(day: date, hours: float, resource: ResourceId = PRESS) -> ScheduledLoad:
    return ScheduledLoad(order_id=OrderId("O1"), sequence=0, resource_id=resource, bucket_date=day, hours=hours)


def history(weeks: int, hours: float, *, end: date = MONDAY) -> dict[tuple[ResourceId, date], float]:
    return {(PRESS, end - index * WEEK): hours for index in range(1, weeks + 1)}


def test_a_week_has_the_hours_of_its_working_days_less_holidays_and_maintenance() -> None:
    holiday = CalendarException(day=date(2026, 1, 6), kind=ExceptionKind.HOLIDAY)
    service = CalendarException(day=date(2026, 1, 7), kind=ExceptionKind.MAINTENANCE, resource_id=PRESS, hours=6)

    first, second = plan_weeks(a_calendar(holiday, service), as_of=MONDAY, committed=[], weeks=2)

    assert (first.week_start, first.regular_hours, first.overtime_hours) == (MONDAY, 58.0, 16.0)
    assert (second.week_start, second.regular_hours, second.overtime_hours) == (MONDAY + WEEK, 80.0, 20.0)


def test_the_plan_reaches_26_weeks_for_each_resource_in_order() -> None:
    weeks = plan_weeks(a_calendar(resources=(PRESS, OVEN)), as_of=MONDAY, committed=[])

    assert [week.resource_id for week in weeks] == [OVEN] * 26 + [PRESS] * 26
    assert weeks[25].week_start == MONDAY + 25 * WEEK


def test_what_has_gone_by_is_neither_capacity_nor_load() -> None:
    wednesday = date(2026, 1, 7)

    (week,) = plan_weeks(a_calendar(), as_of=wednesday, committed=[a_load(MONDAY, 9), a_load(wednesday, 5)], weeks=1)

    assert (week.week_start, week.regular_hours, week.committed_hours) == (MONDAY, 48.0, 5.0)


def test_committed_hours_fall_into_their_weeks() -> None:
    weeks = plan_weeks(
        a_calendar(),
        as_of=MONDAY,
        committed=[a_load(MONDAY, 8), a_load(date(2026, 1, 11), 2), a_load(date(2026, 1, 12), 4)],
        weeks=2,
    )

    assert [week.committed_hours for week in weeks] == [10.0, 4.0]
    assert weeks[0].utilization == pytest.approx(0.125)


def test_open_orders_without_a_place_are_expected_when_they_are_due_and_past_due_ones_now() -> None:
    waiting = [
        WaitingLoad(resource_id=PRESS, due_date=date(2025, 12, 1), hours=3),
        WaitingLoad(resource_id=PRESS, due_date=date(2026, 1, 14), hours=5),
        WaitingLoad(resource_id=PRESS, due_date=date(2027, 1, 14), hours=7),
    ]

    weeks = plan_weeks(a_calendar(), as_of=MONDAY, committed=[], waiting=waiting, weeks=2)

    assert [week.expected_hours for week in weeks] == [3.0, 5.0]


def test_known_orders_consume_what_history_lets_us_expect() -> None:
    demand = DemandHistory(hours=history(13, 40.0))
    waiting = [WaitingLoad(resource_id=PRESS, due_date=MONDAY + WEEK, hours=35)]
    committed = [a_load(MONDAY, 15), a_load(MONDAY + WEEK, 16), a_load(MONDAY + 2 * WEEK, 50)]

    weeks = plan_weeks(a_calendar(), as_of=MONDAY, committed=committed, waiting=waiting, history=demand, weeks=3)

    # 40 expected in all: 25 beside 15; of 24 beside 16 already 35 are known; none beside 50
    assert [week.expected_hours for week in weeks] == [25.0, 35.0, 0.0]


def test_with_a_short_history_a_week_is_expected_like_the_recent_ones() -> None:
    demand = DemandHistory(hours={(PRESS, MONDAY - 2 * WEEK): 30.0, (PRESS, MONDAY - WEEK): 50.0})

    assert demand.expected_hours(PRESS, MONDAY + 4 * WEEK, MONDAY) == 40.0
    assert demand.expected_hours(OVEN, MONDAY, MONDAY) == 0.0


def test_a_week_without_any_load_counts_as_such() -> None:
    demand = DemandHistory(hours={(PRESS, MONDAY - 4 * WEEK): 40.0})

    assert demand.expected_hours(PRESS, MONDAY, MONDAY) == 10.0


def test_with_a_year_of_history_the_season_counts_and_so_does_growth() -> None:
    # last year 20 h a week with a peak of 60 in this very week; the last 13 weeks needed half as much again
    hours = history(13, 30.0) | history(60, 20.0, end=MONDAY - 13 * WEEK) | {(PRESS, MONDAY - 52 * WEEK): 60.0}
    demand = DemandHistory(hours=hours)

    assert demand.expected_hours(PRESS, MONDAY, MONDAY) == pytest.approx(90.0)
    assert demand.expected_hours(PRESS, MONDAY + WEEK, MONDAY) == pytest.approx(30.0)


def test_a_forecast_counts_instead_of_history() -> None:
    demand = DemandHistory(hours=history(13, 40.0), forecast={(PRESS, MONDAY): 12.0})

    assert demand.expected_hours(PRESS, MONDAY, MONDAY) == 12.0


def test_the_future_is_no_history() -> None:
    demand = DemandHistory(hours={(PRESS, MONDAY): 99.0})

    assert demand.expected_hours(PRESS, MONDAY + WEEK, MONDAY) == 0.0


def test_a_week_without_hours_is_idle_or_impossible() -> None:
    def week(asked: float) -> WeeklyLoad:
        return WeeklyLoad(
            resource_id=PRESS, week_start=MONDAY, regular_hours=0, overtime_hours=0, committed_hours=asked,
            expected_hours=0,
        )  # fmt: skip

    assert week(0).utilization == 0.0
    assert week(1).utilization == float("inf")


@pytest.mark.parametrize("weeks", [0, 261])
def test_a_plan_without_end_is_refused(weeks: int) -> None:
    with pytest.raises(InvalidValueError, match="weeks: must be 1 to 260"):
        plan_weeks(a_calendar(), as_of=MONDAY, committed=[], weeks=weeks)


def test_a_load_of_an_unknown_resource_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="resource_id: must name a known resource, found 'OVEN'"):
        plan_weeks(a_calendar(), as_of=MONDAY, committed=[a_load(MONDAY, 1, OVEN)])


def test_a_week_begins_on_its_monday() -> None:
    assert monday_of(date(2026, 1, 11)) == monday_of(MONDAY) == MONDAY


def test_what_quotes_hold_is_expected_beside_open_orders_and_shown_as_their_part() -> None:
    """16 hours wait and 3 are held for quotes on Wednesday: 19, more than the 10 that are forecast."""
    (week,) = plan_weeks(
        a_calendar(),
        as_of=MONDAY,
        committed=[],
        waiting=[WaitingLoad(resource_id=PRESS, due_date=MONDAY, hours=16)],
        reserved=[CapacityLoad(PRESS, date(2026, 1, 7), 3), CapacityLoad(PRESS, date(2026, 1, 2), 5)],
        history=DemandHistory(forecast={(PRESS, MONDAY): 10}),
        weeks=1,
    )

    assert (week.expected_hours, week.reserved_hours) == (19, 3)
