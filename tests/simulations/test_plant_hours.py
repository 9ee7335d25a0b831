"""When resources work: what planning counts on, what chance and outages leave, and what overtime is approved."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cms.domain.errors import InvalidValueError
from cms.domain.work_calendar import CalendarException, ExceptionKind
from simulations.arrival_process import Period
from simulations.order_history import History
from simulations.plant_hours import KnownHours, ShiftHours, known_hours, resources_named, shift_hours
from simulations.random_streams import RandomStreams
from simulations.scenario_plant import (
    Absence,
    Breakdowns,
    CapacityChange,
    Maintenance,
    Outage,
    OvertimePolicy,
    PlantChanges,
    Shutdown,
)
from simulations.station import Span
from tests.builders import MONDAY, a_press
from tests.simulations.histories import a_history, an_arrival, on

TWO_WEEKS = Period(start=MONDAY, days=14)
ORDERS = [an_arrival("O1", day=0, due=9)]
HISTORY = a_history(ORDERS)
"""A press with 16 hours from Monday to Friday, and 4 of overtime."""


def known(changes: PlantChanges | None = None, history: History = HISTORY, days: int = 14) -> KnownHours:
    return known_hours(history, changes or PlantChanges(), TWO_WEEKS, days)


def total(hours: KnownHours, day: int, today: int = 0) -> tuple[float, float]:
    found = hours.planned(0, day, today)
    return found.regular_hours, found.overtime_hours


def shift(changes: PlantChanges | None = None, history: History = HISTORY, replication: int = 0) -> ShiftHours:
    made = changes or PlantChanges()
    streams = RandomStreams(seed=1, replication=replication)
    return shift_hours(known(made, history), history, made, TWO_WEEKS, streams)[0]


def test_the_plant_works_as_its_calendar_says() -> None:
    hours = known()

    assert [total(hours, day) for day in (0, 4, 5, 7)] == [(16, 4), (16, 4), (0, 0), (16, 4)]


def test_more_capacity_holds_from_its_first_to_its_last_day() -> None:
    hours = known(PlantChanges(capacity=(CapacityChange(resource="PRESS", capacity_factor=1.25, start=1, end=2),)))

    assert [total(hours, day)[0] for day in range(4)] == [16, 20, 20, 16]


def test_overtime_may_be_raised_or_ruled_out() -> None:
    raised = known(PlantChanges(capacity=(CapacityChange(overtime_hours=6.0),)))
    never = known(PlantChanges(overtime=OvertimePolicy.NEVER, capacity=(CapacityChange(overtime_hours=6.0),)))

    assert [total(raised, day) for day in (0, 5)] == [(16, 6), (0, 0)]
    assert total(never, 0) == (16, 0)


def test_a_shutdown_and_maintenance_are_known_beforehand() -> None:
    changes = PlantChanges(
        shutdowns=(Shutdown(start=2, days=2),),
        maintenance=(Maintenance(resource="PRESS", every_days=7, hours=6.0, start=1),),
    )

    hours = known(changes)

    assert [total(hours, day)[0] for day in range(5)] == [16, 10, 0, 0, 16]
    assert {on(2), on(3)} <= hours.holidays
    assert total(hours, 8)[0] == 10


@pytest.mark.parametrize(("announced", "as_planned_on_monday"), [(True, 0), (False, 16)])
def test_planning_learns_of_an_unannounced_outage_on_its_first_day(announced: bool, as_planned_on_monday: int) -> None:
    hours = known(PlantChanges(outages=(Outage(resource="PRESS", start=2, days=2, announced=announced),)))

    assert total(hours, 3, today=0)[0] == as_planned_on_monday
    assert [total(hours, day, today=2)[0] for day in range(2, 5)] == [0, 0, 16]
    assert hours.actual(0, 3).total_hours == 0


def test_a_needed_resource_without_any_hours_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"resources\[PRESS\]: must have working hours"):
        known(PlantChanges(outages=(Outage(resource="PRESS", start=0, days=14),)))


def test_resources_are_named_by_id_all_together_or_as_the_bottleneck() -> None:
    history = a_history(ORDERS, resources=(a_press(), a_press(resource_id="SAW")))

    assert resources_named("*", history, "x") == ["PRESS", "SAW"]
    assert resources_named("bottleneck", history, "x") == ["PRESS"]
    with pytest.raises(InvalidValueError, match=r"plant\.outages\[0\]\.resource: must be PRESS, SAW"):
        known(PlantChanges(outages=(Outage(resource="LATHE", start=0, days=1),)), history)


def test_a_shift_begins_an_hour_after_planning_and_goes_over_into_overtime() -> None:
    hours = shift()

    assert hours.span(0.0) == Span(1.0, 17.0)
    assert hours.span(10.0) == Span(10.0, 17.0)
    assert hours.span(17.0) == Span(17.0, 21.0, is_overtime=True)
    assert hours.span(21.0).start == 25.0
    # Friday's end: nothing until a day with hours comes
    assert hours.span(24 * 5 + 3).start == 24 * 6 + 1


def test_planned_overtime_is_worked_as_far_as_the_plan_needs_it() -> None:
    hours = shift(PlantChanges(overtime=OvertimePolicy.PLANNED))

    assert hours.span(17.0).start == 25.0
    hours.approve(0, 1.5)
    assert hours.span(17.0) == Span(17.0, 18.5, is_overtime=True)
    hours.approve(0, 99.0)
    assert hours.span(17.0).end == 21.0


def test_a_resource_with_more_hours_than_a_day_works_faster() -> None:
    history = a_history(ORDERS, resources=(a_press(regular_hours=20, overtime_hours=4),))
    changes = PlantChanges(capacity=(CapacityChange(capacity_factor=2.3, overtime_hours=0.0),))

    span = shift(changes, history).span(0.0)

    # 46 hours of work in a shift of 23
    assert (span.start, span.end, span.rate) == (1.0, 24.0, 2.0)


def test_a_breakdown_cuts_an_opening_in_two() -> None:
    hours = ShiftHours(
        known(), 0, days=14, policy=OvertimePolicy.WHEN_BEHIND, lost_share=[0.0] * 14, stops=[(5.0, 7.5)]
    )

    assert hours.span(1.0) == Span(1.0, 5.0)
    assert hours.span(5.0).start == 7.5
    assert hours.span(7.5) == Span(7.5, 17.0)


def test_absence_takes_its_share_of_the_hours_on_its_share_of_the_days() -> None:
    changes = PlantChanges(absences=(Absence(share_of_days=0.5, share_of_hours=0.25),))

    days = [hours for number in range(40) for hours in shift(changes, replication=number).regular[:5]]

    assert set(days) == {16.0, 12.0}
    assert 0.35 < days.count(12.0) / len(days) < 0.65


def test_what_breaks_down_does_not_depend_on_the_capacity() -> None:
    breaking: dict[str, Any] = {
        "breakdowns": (Breakdowns(resource="*", mean_hours_between=20, mean_hours_to_repair=2),)
    }
    larger = PlantChanges(capacity=(CapacityChange(capacity_factor=1.2),), **breaking)

    assert shift(PlantChanges(**breaking))._stops == shift(larger)._stops != []


def test_an_overtime_day_of_the_calendar_has_overtime_only() -> None:
    saturday = CalendarException(day=on(5), kind=ExceptionKind.OVERTIME, resource_id=a_press().resource_id, hours=8.0)
    history = a_history(ORDERS, exceptions=(saturday,))

    assert total(known(history=history), 5) == (0, 8)
    assert shift(history=history).span(24 * 5 + 1) == Span(24 * 5 + 1, 24 * 5 + 9, is_overtime=True)


@given(
    stops=st.lists(st.tuples(st.floats(0, 330), st.floats(0.01, 30)), max_size=8),
    work=st.floats(0.1, 60),
)
@settings(max_examples=60, deadline=None)
def test_walking_through_the_openings_never_goes_back_and_never_works_while_it_is_down(
    stops: list[tuple[float, float]], work: float
) -> None:
    from simulations.plant_hours import _merged  # noqa: PLC0415

    down = _merged([(start, start + length) for start, length in stops])
    hours = ShiftHours(known(), 0, days=14, policy=OvertimePolicy.WHEN_BEHIND, lost_share=[0.0] * 14, stops=down)
    now, left, worked = 0.0, work, []
    while left > 1e-9 and now < 14 * 24:
        span = hours.span(now)
        if span.start > now:
            now = span.start
            continue
        elapsed = min(left, span.end - now)
        assert elapsed > 0
        worked.append((now, now + elapsed))
        now, left = now + elapsed, left - elapsed

    assert all(end <= start + 1e-6 or begin >= stop - 1e-6 for begin, end in worked for start, stop in down)
    assert sum(end - begin for begin, end in worked) <= 10 * 20 + 1e-6
