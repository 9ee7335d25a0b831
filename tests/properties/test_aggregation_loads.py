"""What holds for every load and every grouping."""

import math
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cms.aggregation.field_rules import FieldRule
from cms.aggregation.order_loads import loads_on
from cms.aggregation.row_grouping import group_rows
from cms.aggregation.row_mapping import compile_mapping
from cms.domain.resources import ResourceId, Routing, RoutingId, RoutingStep

steps = st.builds(
    RoutingStep,
    resource_id=st.sampled_from(["PRESS", "OVEN"]).map(ResourceId),
    setup_hours=st.floats(0, 10),
    hours_per_unit=st.floats(0, 0.5),
    offset_days=st.integers(0, 5),
    max_hours_per_day=st.one_of(st.just(math.inf), st.floats(1, 24)),
)


@given(steps=st.lists(steps, min_size=1, max_size=4), quantity=st.integers(1, 5_000))
def test_the_loads_of_an_order_add_up_to_the_hours_of_its_steps(steps: list[RoutingStep], quantity: int) -> None:
    routing = Routing(routing_id=RoutingId("A"), product_family="panels", steps=tuple(steps))

    loads = loads_on(routing, Decimal(quantity))

    for resource_id in {step.resource_id for step in steps}:
        asked = math.fsum(s.hours_for(Decimal(quantity)) for s in steps if s.resource_id == resource_id)
        given_ = math.fsum(load.hours for load in loads if load.resource_id == resource_id)
        assert math.isclose(given_, asked, rel_tol=1e-9, abs_tol=1e-9)


@given(step=steps, quantity=st.integers(1, 5_000))
def test_no_day_of_a_step_exceeds_its_most_and_the_days_follow_each_other(step: RoutingStep, quantity: int) -> None:
    routing = Routing(routing_id=RoutingId("A"), product_family="panels", steps=(step,))

    loads = loads_on(routing, Decimal(quantity))

    assert all(load.hours <= step.max_hours_per_day * (1 + 1e-9) for load in loads)
    assert [load.offset_days for load in loads] == list(range(step.offset_days, step.offset_days + len(loads)))
    assert all(math.isclose(load.hours, step.max_hours_per_day) for load in loads[:-1])


@given(lines=st.lists(st.tuples(st.sampled_from("ABC"), st.integers(-99, 99)), max_size=30), data=st.data())
def test_sums_of_groups_do_not_depend_on_the_order_of_lines(lines: list[tuple[str, int]], data: st.DataObject) -> None:
    mapper = compile_mapping(
        "orders",
        [FieldRule(field="order_id", column="No"), FieldRule(field="quantity", column="Qty", aggregate="sum")],
    )

    def sums(ordered: list[tuple[str, int]]) -> dict[str, Decimal]:
        rows = (({"No": number, "Qty": str(quantity)}, ()) for number, quantity in ordered)
        return {row.values["order_id"]: row.values["quantity"] for row in group_rows(rows, "No", mapper)}

    assert sums(lines) == sums(data.draw(st.permutations(lines)))
    assert sum(sums(lines).values()) == sum(quantity for _, quantity in lines)
