"""How an order becomes hours of resources."""

import math
from decimal import Decimal
from typing import Any

import pytest

from cms.aggregation.order_loads import loads_on, routing_loads, routings_of
from cms.domain.errors import InvalidValueError
from cms.domain.resources import LoadAnchor, ResourceId, Routing, RoutingId, RoutingStep


def a_step(resource: str = "PRESS", **changes: float | str) -> RoutingStep:
    values: dict[str, object] = {"resource_id": ResourceId(resource), "hours_per_unit": 0.1} | changes
    return RoutingStep(**values)  # type: ignore[arg-type]


def a_routing(routing_id: str = "A", *steps: RoutingStep, family: str = "panels", cost: float = 0.0) -> Routing:
    return Routing(routing_id=RoutingId(routing_id), product_family=family, cost=cost, steps=steps or (a_step(),))


def spread(*steps: RoutingStep, quantity: int = 100) -> list[tuple[str, Any, int]]:
    loads = loads_on(a_routing("A", *steps), Decimal(quantity))
    return [(load.resource_id, pytest.approx(load.hours), load.offset_days) for load in loads]


def test_a_step_takes_its_set_up_once_and_its_run_hours_for_each_unit() -> None:
    assert spread(a_step(setup_hours=0.5, hours_per_unit=0.02)) == [("PRESS", 2.5, 0)]


def test_hours_over_the_daily_most_spread_backwards_with_the_rest_on_the_earliest_day() -> None:
    # 100 units at 0.1 h and 0.5 h set-up are 10.5 h: 4 + 4 + 2.5
    assert spread(a_step(setup_hours=0.5, max_hours_per_day=4.0)) == [
        ("PRESS", 4.0, 0),
        ("PRESS", 4.0, 1),
        ("PRESS", 2.5, 2),
    ]


def test_a_step_with_an_offset_spreads_back_from_there() -> None:
    assert [offset for _, _, offset in spread(a_step(offset_days=2, max_hours_per_day=5.0))] == [2, 3]


def test_rounding_does_not_take_another_day() -> None:
    # 3 x 0.1 is a little more than 0.3 in floating point
    assert len(spread(a_step(hours_per_unit=0.1, max_hours_per_day=0.3), quantity=3)) == 1


def test_steps_that_meet_on_a_resource_and_day_are_one_load() -> None:
    assert spread(a_step(), a_step(hours_per_unit=0.2), a_step("OVEN")) == [("PRESS", 30.0, 0), ("OVEN", 10.0, 0)]


def test_shipping_and_completion_are_different_loads() -> None:
    loads = loads_on(a_routing("A", a_step("DOCK"), a_step("DOCK", anchor=LoadAnchor.SHIP)), Decimal(1))

    assert [load.anchor for load in loads] == [LoadAnchor.COMPLETION, LoadAnchor.SHIP]


def test_the_ways_of_a_family_come_cheapest_first() -> None:
    routings = [a_routing("B", cost=5.0), a_routing("C", cost=0.0), a_routing("A", cost=5.0)]

    ways = routing_loads("panels", Decimal(10), routings, default_routing={})

    assert [(way.routing_id, way.cost) for way in ways] == [("C", 0.0), ("A", 5.0), ("B", 5.0)]
    assert math.fsum(load.hours for load in ways[0].loads) == 1.0


def test_a_family_without_a_routing_takes_its_default_then_that_of_all_families() -> None:
    routings = [a_routing("A"), a_routing("F", family="frames")]
    default = {"doors": "F", "*": "A"}

    def ids(family: str, default_routing: dict[str, str]) -> list[str]:
        return [r.routing_id for r in routings_of(family, routings, default_routing=default_routing)]

    assert ids("panels", default) == ["A"]
    assert ids("doors", default) == ["F"]
    assert ids("roofs", default) == ["A"]
    assert ids("roofs", {"doors": "F"}) == []
    assert routing_loads("roofs", Decimal(1), routings, default_routing={}) == ()


def test_a_default_that_names_no_routing_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"planning\.default_routing\.\*: must name a known routing, found 'Z'"):
        routings_of("roofs", [a_routing("A")], default_routing={"*": "Z"})


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_quantity_that_is_not_more_than_nought_is_refused(quantity: int) -> None:
    with pytest.raises(InvalidValueError, match="quantity: must be more than 0"):
        loads_on(a_routing(), Decimal(quantity))


def test_hours_that_no_horizon_could_hold_are_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"routings\.A\.PRESS\.max_hours_per_day: must let 10,000,000 hours"):
        loads_on(a_routing("A", a_step(hours_per_unit=1.0, max_hours_per_day=8.0)), Decimal(10_000_000))
