import math
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cms.domain.errors import InvalidValueError
from cms.domain.resources import Load, ResourceId, Routing, RoutingId, RoutingStep
from cms.domain.work_calendar import BucketCapacity, CalendarException, ExceptionKind, WorkCalendar
from tests.builders import MONDAY, a_press

PRESS = ResourceId("PRESS")
TUESDAY, SATURDAY = date(2026, 1, 6), date(2026, 1, 10)


def a_calendar(*exceptions: CalendarException) -> WorkCalendar:
    return WorkCalendar(resources={PRESS: a_press(regular_hours=16, overtime_hours=4)}, exceptions=exceptions)


def hours(calendar: WorkCalendar, day: date) -> tuple[float, float, float]:
    (bucket,) = calendar.buckets(PRESS, [day])
    return bucket.regular_hours, bucket.overtime_hours, bucket.maintenance_hours


def test_a_resource_works_its_weekdays() -> None:
    calendar = a_calendar()

    assert hours(calendar, MONDAY) == (16, 4, 0)
    assert hours(calendar, SATURDAY) == (0, 0, 0)
    assert not calendar.buckets(PRESS, [SATURDAY])[0].is_working


def test_a_company_holiday_closes_everything_and_every_delivery() -> None:
    calendar = a_calendar(CalendarException(day=TUESDAY, kind=ExceptionKind.HOLIDAY))

    assert hours(calendar, TUESDAY) == (0, 0, 0)
    assert calendar.company_holidays == {TUESDAY}


def test_a_holiday_of_one_resource_is_none_of_the_company() -> None:
    calendar = a_calendar(CalendarException(day=TUESDAY, kind=ExceptionKind.HOLIDAY, resource_id=PRESS))

    assert hours(calendar, TUESDAY) == (0, 0, 0)
    assert calendar.company_holidays == frozenset()


def test_maintenance_takes_regular_hours() -> None:
    calendar = a_calendar(CalendarException(day=TUESDAY, kind=ExceptionKind.MAINTENANCE, resource_id=PRESS, hours=6))

    assert hours(calendar, TUESDAY) == (10, 4, 6)


def test_maintenance_of_the_whole_day_leaves_no_overtime() -> None:
    calendar = a_calendar(CalendarException(day=TUESDAY, kind=ExceptionKind.MAINTENANCE, resource_id=PRESS, hours=20))

    assert hours(calendar, TUESDAY) == (0, 0, 16)


def test_approved_overtime_opens_a_saturday() -> None:
    calendar = a_calendar(CalendarException(day=SATURDAY, kind=ExceptionKind.OVERTIME, resource_id=PRESS, hours=8))

    assert hours(calendar, SATURDAY) == (0, 8, 0)


def test_no_overtime_opens_a_holiday() -> None:
    calendar = a_calendar(
        CalendarException(day=TUESDAY, kind=ExceptionKind.HOLIDAY),
        CalendarException(day=TUESDAY, kind=ExceptionKind.OVERTIME, resource_id=PRESS, hours=8),
    )

    assert hours(calendar, TUESDAY) == (0, 0, 0)


def test_a_day_has_24_hours_overtime_included() -> None:
    calendar = a_calendar(CalendarException(day=TUESDAY, kind=ExceptionKind.OVERTIME, resource_id=PRESS, hours=12))

    assert hours(calendar, TUESDAY) == (16, 8, 0)


def test_a_blackout_closes_its_customer() -> None:
    calendar = a_calendar(CalendarException(day=TUESDAY, kind=ExceptionKind.BLACKOUT, customer_id="C1"))

    assert calendar.blackouts("C1") == {TUESDAY}
    assert calendar.blackouts("C2") == frozenset()


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: a_press(regular_hours=-1), "regular_hours"),
        (lambda: a_press(overtime_hours=math.nan), "overtime_hours"),
        (lambda: a_press(regular_hours=20, overtime_hours=5), "regular_hours"),
        (lambda: a_press(working_weekdays=frozenset({7})), "working_weekdays"),
        (lambda: Load(resource_id=PRESS, hours=math.inf), "hours"),
        (lambda: Load(resource_id=PRESS, hours=1, offset_days=-1), "offset_days"),
        (lambda: RoutingStep(resource_id=PRESS, hours_per_unit=-0.1), "hours_per_unit"),
        (lambda: RoutingStep(resource_id=PRESS, hours_per_unit=1, offset_days=-1), "offset_days"),
        (lambda: RoutingStep(resource_id=PRESS, hours_per_unit=1, max_hours_per_day=0), "max_hours_per_day"),
        (lambda: Routing(routing_id=RoutingId("R"), product_family="f", steps=()), "steps"),
        (
            lambda: Routing(
                routing_id=RoutingId("R"),
                product_family="f",
                cost=-1,
                steps=(RoutingStep(resource_id=PRESS, hours_per_unit=1),),
            ),
            "cost",
        ),
        (lambda: CalendarException(day=MONDAY, kind=ExceptionKind.MAINTENANCE, hours=25), "hours"),
        (lambda: CalendarException(day=MONDAY, kind=ExceptionKind.BLACKOUT), "customer_id"),
        (lambda: BucketCapacity(resource_id=PRESS, bucket_date=MONDAY, regular_hours=-1), "regular_hours"),
        (
            lambda: a_calendar(
                CalendarException(day=MONDAY, kind=ExceptionKind.HOLIDAY, resource_id=ResourceId("NONE"))
            ),
            "exceptions.resource_id",
        ),
    ],
)
def test_an_impossible_plant_is_refused_naming_the_field(build: Any, field: str) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        build()

    assert refusal.value.field == field


def test_hours_of_a_step_are_set_up_once_and_run_by_the_unit() -> None:
    step = RoutingStep(resource_id=PRESS, setup_hours=0.5, hours_per_unit=0.02)

    assert step.hours_for(Decimal(100)) == pytest.approx(2.5)
