from dataclasses import replace
from datetime import date, time

import pytest

from cms.application.ports import Plant
from cms.domain.customers import DeliveryWindow
from cms.domain.errors import InvalidValueError
from cms.domain.resources import LoadAnchor, Resource, ResourceId, Routing, RoutingId, RoutingStep
from cms.domain.work_calendar import CalendarException, ExceptionKind
from cms.warehouse.tables import record_history
from cms.warehouse.warehouse import Warehouse
from tests.integration.warehouse.loading import NOW, count_of, know_customers, rows_of

PRESS, OVEN = ResourceId("PRESS"), ResourceId("OVEN")
PLANT = Plant(
    resources=(
        Resource(resource_id=OVEN, name="Oven", regular_hours=24.0, working_weekdays=frozenset(range(7))),
        Resource(resource_id=PRESS, name="Press", regular_hours=7.5, overtime_hours=2.25, overtime_cost_per_hour=45.5),
    ),
    routings=(
        Routing(
            routing_id=RoutingId("A"),
            product_family="standard",
            cost=1.5,
            steps=(
                RoutingStep(resource_id=PRESS, setup_hours=0.25, hours_per_unit=0.01234567, max_hours_per_day=6),
                RoutingStep(resource_id=OVEN, hours_per_unit=0.5, offset_days=1, anchor=LoadAnchor.SHIP),
            ),
        ),
    ),
    exceptions=(
        CalendarException(day=date(2026, 1, 6), kind=ExceptionKind.HOLIDAY, reason="Epiphany"),
        CalendarException(day=date(2026, 1, 7), kind=ExceptionKind.MAINTENANCE, resource_id=PRESS, hours=3.5),
    ),
    default_windows=(
        DeliveryWindow(weekday=1, start=time(8), end=time(12, 30)),
        DeliveryWindow(weekday=3, start=time(9), end=time(17), effective_from=date(2026, 2, 1)),
    ),
)


def test_the_plant_is_read_back_as_it_was_saved(warehouse: Warehouse) -> None:
    warehouse.plant.save_plant(PLANT, now=NOW, actor="ann")

    assert warehouse.plant.plant() == PLANT


def test_an_unchanged_plant_is_not_written(warehouse: Warehouse) -> None:
    first = warehouse.plant.save_plant(PLANT, now=NOW, actor="ann")
    lines = count_of(warehouse, record_history)

    again = warehouse.plant.save_plant(PLANT, now=NOW, actor="ann")

    assert (first.inserted, first.written) == (9, 9)
    assert (again.unchanged, again.written) == (9, 0)
    assert count_of(warehouse, record_history) == lines == 9


def test_a_resource_that_is_gone_takes_its_routings_and_exceptions_with_it(warehouse: Warehouse) -> None:
    warehouse.plant.save_plant(PLANT, now=NOW, actor="ann")
    without_press = replace(PLANT, resources=PLANT.resources[:1], routings=(), exceptions=PLANT.exceptions[:1])

    warehouse.plant.save_plant(without_press, now=NOW, actor="ann")

    assert warehouse.plant.plant() == without_press
    removed = rows_of(warehouse, record_history, "table_name", "row_key", "change_type")
    assert ("resources", "PRESS", "removed") in removed


def test_a_changed_resource_leaves_a_line_of_what_changed(warehouse: Warehouse) -> None:
    warehouse.plant.save_plant(PLANT, now=NOW, actor="ann")
    longer = replace(PLANT, resources=(PLANT.resources[0], replace(PLANT.resources[1], regular_hours=8.0)))

    counts = warehouse.plant.save_plant(longer, now=NOW, actor="bob")

    assert counts.updated == 1
    lines = rows_of(warehouse, record_history, "change_type", "row_key", "old_values", "new_values", "actor")
    changed = [line for line in lines if line[0] == "updated"]
    assert changed == [("updated", "PRESS", '{"regular_hours":"7.50000000"}', '{"regular_hours":"8.00000000"}', "bob")]


def test_a_routing_over_an_unknown_resource_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(InvalidValueError, match=r"routings.A.resource_id: must name a resource of the plant"):
        warehouse.plant.save_plant(replace(PLANT, resources=PLANT.resources[:1]), now=NOW, actor="ann")


def test_an_entered_exception_holds_and_survives_the_next_saving_of_the_plant(warehouse: Warehouse) -> None:
    warehouse.plant.save_plant(PLANT, now=NOW, actor="ann")
    overtime = CalendarException(day=date(2026, 1, 9), kind=ExceptionKind.OVERTIME, resource_id=PRESS, hours=4)

    warehouse.plant.add_exceptions([overtime], now=NOW, actor="planner")
    warehouse.plant.save_plant(PLANT, now=NOW, actor="ann")

    assert warehouse.plant.plant().exceptions == (*PLANT.exceptions, overtime)
    lines = rows_of(warehouse, record_history, "row_key", "change_type", "actor")
    assert ("2026-01-09/overtime/PRESS", "entered", "planner") in lines


def test_an_exception_entered_again_replaces_the_one_that_stood(warehouse: Warehouse) -> None:
    warehouse.plant.save_plant(PLANT, now=NOW, actor="ann")
    longer = replace(PLANT.exceptions[1], hours=7.5)

    warehouse.plant.add_exceptions([longer], now=NOW, actor="planner")
    warehouse.plant.add_exceptions([longer], now=NOW, actor="planner")

    assert warehouse.plant.plant().exceptions == (PLANT.exceptions[0], longer)


def test_the_history_of_the_calendar_says_who_entered_what_the_newest_first(warehouse: Warehouse) -> None:
    warehouse.plant.save_plant(PLANT, now=NOW, actor="ann")
    longer = replace(PLANT.exceptions[1], hours=7.5)

    warehouse.plant.add_exceptions([longer], now=NOW, actor="planner")

    first, *others = warehouse.plant.calendar_history(most=10)
    assert (first.actor, first.values["hours"], first.changed_at) == ("planner", 7.5, NOW)
    assert {change.actor for change in others} >= {"ann"}
    assert len(warehouse.plant.calendar_history(most=1)) == 1


def test_an_exception_of_an_unknown_resource_is_refused(warehouse: Warehouse) -> None:
    stray = CalendarException(
        day=date(2026, 1, 9), kind=ExceptionKind.MAINTENANCE, resource_id=ResourceId("LATHE"), hours=4
    )

    with pytest.raises(InvalidValueError, match="resource_id: must be one of none yet, found 'LATHE'"):
        warehouse.plant.add_exceptions([stray], now=NOW, actor="planner")


def test_a_blackout_stands_with_its_customer(warehouse: Warehouse) -> None:
    know_customers(warehouse, "C1", "C2")
    closed = CalendarException(day=date(2026, 1, 20), kind=ExceptionKind.BLACKOUT, customer_id="C1")

    warehouse.plant.add_exceptions([closed], now=NOW, actor="planner")

    customers = warehouse.orders.customers()
    assert {str(name): set(customer.blackout_dates) for name, customer in customers.items()} == {
        "C1": {date(2026, 1, 20)},
        "C2": set(),
    }
