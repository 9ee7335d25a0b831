"""What a worker remembers changes no answer."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from cms.application.plan_memory import PlanMemory
from cms.application.planning_facts import PlanningFacts, PlanningRules, prepare_plan
from cms.domain.customers import CustomerId
from cms.domain.orders import OrderId
from cms.scheduling.problem import OrderDemand
from tests.builders import a_customer, a_delivery, a_plant, a_routing, a_schedule, an_order, planning_facts


def demand(memory: PlanMemory, facts: PlanningFacts) -> OrderDemand:
    plan = prepare_plan(facts, entry=memory.entry)
    assert plan == prepare_plan(facts)
    return plan.problem.orders[0]


def test_an_order_that_is_what_it_was_is_not_worked_out_again() -> None:
    memory, facts = PlanMemory(), planning_facts(an_order("O1"))

    assert demand(memory, facts) is demand(memory, planning_facts(an_order("O1")))


def test_whatever_changes_of_an_order_its_customer_its_place_or_the_rules_is_seen() -> None:
    memory, order = PlanMemory(), an_order("O1")
    customer = a_customer(max_early_days=1)

    quantities = [
        demand(memory, planning_facts(order)).quantity,
        demand(memory, planning_facts(replace(order, quantity=Decimal(7)))).quantity,
    ]
    late = demand(memory, planning_facts(replace(order, requested_date=date(2026, 1, 20))))
    demand(memory, planning_facts(order, customers={CustomerId("C1"): customer}))
    placed = demand(memory, planning_facts(order, published=a_schedule(a_delivery("O1"))))
    rerouted = demand(memory, planning_facts(order, plant=a_plant(routings=(a_routing("R9"),))))
    ruled = demand(memory, planning_facts(order, rules=PlanningRules(horizon_days=20)))

    assert quantities == [100.0, 7.0]
    assert late.due_date == date(2026, 1, 20)
    assert placed.current
    assert rerouted.routings[0].routing_id == "R9"
    assert ruled.order_id == OrderId("O1")


def test_a_rush_order_has_asked_as_long_as_it_is_what_and_where_it_was() -> None:
    memory = PlanMemory()
    order = demand(memory, planning_facts(an_order("O1")))

    memory.note_asked(order)

    assert memory.has_asked(order)
    assert not memory.has_asked(replace(order, priority=1))
