"""Bottlenecks, alerts and overtime proposals."""

from datetime import date, timedelta

import pytest

from cms.capacity.overload import bottlenecks, daily_alerts, weekly_alerts
from cms.capacity.overtime import OvertimeDay, OvertimeProposal, propose_overtime
from cms.capacity.weekly_plan import WeeklyLoad
from cms.domain.resources import Resource, ResourceId
from cms.domain.schedule import ResourceDay
from cms.domain.work_calendar import CalendarException, ExceptionKind, WorkCalendar

MONDAY = date(2026, 1, 5)
PRESS, OVEN = ResourceId("PRESS"), ResourceId("OVEN")


def weeks(resource: ResourceId, *asked: float, regular: float = 80.0) -> list[WeeklyLoad]:
    return [
        WeeklyLoad(
            resource_id=resource,
            week_start=MONDAY + timedelta(weeks=index),
            regular_hours=regular,
            overtime_hours=20.0,
            committed_hours=hours,
            expected_hours=0.0,
        )
        for index, hours in enumerate(asked)
    ]


def days(*loads: float, regular: float = 16.0) -> list[ResourceDay]:
    return [
        ResourceDay(
            resource_id=PRESS,
            bucket_date=MONDAY + timedelta(days=index),
            regular_hours=regular if (MONDAY + timedelta(days=index)).weekday() < 5 else 0.0,
            available_overtime_hours=4.0,
            load_hours=hours,
            overtime_hours=0.0,
        )
        for index, hours in enumerate(loads)
    ]


def a_calendar(*exceptions: CalendarException) -> WorkCalendar:
    press = Resource(resource_id=PRESS, name="Press", regular_hours=16, overtime_hours=4, overtime_cost_per_hour=45.0)
    return WorkCalendar(resources={PRESS: press}, exceptions=exceptions)


def proposal(asked: float, **options: object) -> OvertimeProposal:
    (found,) = propose_overtime(weeks(PRESS, asked), a_calendar(), as_of=MONDAY, **options)  # type: ignore[arg-type]
    return found


def test_the_resource_that_limits_the_plan_most_comes_first() -> None:
    idle = ResourceId("IDLE")

    found = bottlenecks([*weeks(OVEN, 40, 88), *weeks(PRESS, 72, 72, 76), *weeks(idle, 0, 0)])

    assert [(b.resource_id, b.peak_week) for b in found] == [(PRESS, date(2026, 1, 19)), (OVEN, date(2026, 1, 12))]
    assert [b.mean_utilization for b in found] == pytest.approx([220 / 240, 0.8])
    assert [b.peak_utilization for b in found] == pytest.approx([0.95, 1.1])


def test_a_resource_that_stays_nearly_full_for_weeks_is_reported_once() -> None:
    found = weekly_alerts([*weeks(PRESS, 78, 90, 40, 79, 30), *weeks(OVEN, 70, 77, 78, 79)])

    assert [(a.resource_id, a.first, a.last, a.count) for a in found] == [
        (PRESS, MONDAY, date(2026, 1, 12), 2),
        (OVEN, date(2026, 1, 12), date(2026, 1, 26), 3),
    ]
    assert found[0].peak_utilization == pytest.approx(1.125)


def test_exactly_the_limit_is_not_over_it_and_one_week_is_no_period() -> None:
    assert weekly_alerts(weeks(PRESS, 76, 76, 90, 76)) == []
    assert len(weekly_alerts(weeks(PRESS, 76, 76, 90, 76), limit=0.9, consecutive_weeks=4)) == 1


def test_days_off_do_not_end_a_row_of_full_days() -> None:
    # Wednesday to Friday full, a weekend, Monday and Tuesday full
    (alert,) = daily_alerts(days(8, 8, 16, 16, 16, 0, 0, 16, 16, 8))

    assert (alert.first, alert.last, alert.count) == (date(2026, 1, 7), date(2026, 1, 13), 5)
    assert str(alert) == ("PRESS is over its limit for 5 working days in a row, 2026-01-07 to 2026-01-13; at most 100%")


def test_a_week_within_its_regular_hours_needs_no_overtime() -> None:
    assert propose_overtime(weeks(PRESS, 80.0), a_calendar(), as_of=MONDAY) == []


def test_overtime_covers_what_is_missing_from_the_earliest_day_on() -> None:
    found = proposal(90.0)

    assert found.days == (
        OvertimeDay(bucket_date=MONDAY, hours=4.0),
        OvertimeDay(bucket_date=date(2026, 1, 6), hours=4.0),
        OvertimeDay(bucket_date=date(2026, 1, 7), hours=2.0),
    )
    assert (found.hours, found.cost, found.worth, found.uncovered_hours) == (10.0, 450.0, 0.0, 0.0)


def test_overtime_goes_first_to_the_days_on_which_an_hour_is_worth_most() -> None:
    found = proposal(85.0, prices={(PRESS, date(2026, 1, 8)): 100.0, (PRESS, date(2026, 1, 9)): 30.0})

    assert found.days == (
        OvertimeDay(bucket_date=date(2026, 1, 8), hours=4.0),
        OvertimeDay(bucket_date=date(2026, 1, 9), hours=1.0),
    )
    assert (found.cost, found.worth) == (225.0, 430.0)


def test_what_no_overtime_covers_is_said() -> None:
    found = proposal(130.0)

    assert (found.hours, found.uncovered_hours) == (20.0, 30.0)


def test_an_approved_saturday_is_used_and_past_days_are_not() -> None:
    saturday = CalendarException(day=date(2026, 1, 10), kind=ExceptionKind.OVERTIME, resource_id=PRESS, hours=8.0)

    (found,) = propose_overtime(weeks(PRESS, 95.0), a_calendar(saturday), as_of=date(2026, 1, 9))

    assert found.days == (
        OvertimeDay(bucket_date=date(2026, 1, 9), hours=4.0),
        OvertimeDay(bucket_date=date(2026, 1, 10), hours=8.0),
    )
    assert found.uncovered_hours == 3.0


def test_proposals_come_by_week_then_resource() -> None:
    oven = Resource(resource_id=OVEN, name="Oven", regular_hours=16, overtime_hours=4)
    calendar = WorkCalendar(resources={**a_calendar().resources, OVEN: oven})

    found = propose_overtime([*weeks(PRESS, 81, 81), *weeks(OVEN, 80, 81)], calendar, as_of=MONDAY)

    assert [(p.resource_id, p.week_start) for p in found] == [
        (PRESS, MONDAY), (OVEN, date(2026, 1, 12)), (PRESS, date(2026, 1, 12))
    ]  # fmt: skip
