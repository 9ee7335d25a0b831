"""The golden scenarios: one planning idea each, its numbers worked by hand in its README, run as `cms solve` runs them.

``expected.json`` states what the idea decides; what it leaves open (who of two equals goes first) it does not state.
``order_days`` lists the days on which an order may be delivered.
"""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cms.cli import app
from cms.domain.errors import CmsError
from cms.scheduling import SchedulingProblem, SchedulingResult, build_schedule
from cms.scheduling.feasibility import find_violations
from cms.scheduling.free_capacity import hold_reserved
from cms.scheduling.problem import CurrentDelivery, OrderDemand
from cms.scheduling.problem_file import parse_problem, problem_from_document
from cms.scheduling.promising import plan_state, quote
from cms.scheduling.rush import insert_rush
from tests.brute_force import lexicographic_optimum

HERE = Path(__file__).parent
IDEAS = sorted(path.parent.name for path in HERE.glob("*/problem.json"))
FULL_LIST = [
    "alternative_routing",
    "build_ahead",
    "bulk_split",
    "dock_limit",
    "equipment_maintenance",
    "fence",
    "holiday_week",
    "infeasible_frozen_plan",
    "multi_day_order",
    "overtime",
    "priority_precedence",
    "quote_reservation",
    "rush_against_a_full_day",
    "window_override",
]


def expected(idea: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((HERE / idea / "expected.json").read_text(encoding="utf-8"))
    return document


def the_problem(idea: str) -> SchedulingProblem:
    return parse_problem((HERE / idea / "problem.json").read_text(encoding="utf-8"))


def an_order_from(idea: str, file: str) -> OrderDemand:
    """The order of a file beside the problem, read as part of that problem."""
    document = json.loads((HERE / idea / "problem.json").read_text(encoding="utf-8"))
    document["orders"] = [json.loads((HERE / idea / file).read_text(encoding="utf-8"))]
    return problem_from_document(document).orders[0]


def solve(idea: str, output: Path) -> tuple[int, dict[str, Any]]:
    """Exit status and schedule of `cms solve`."""
    outcome = CliRunner().invoke(app, ["solve", str(HERE / idea / "problem.json"), "--output", str(output)])
    error = outcome.exception
    status = error.exit_status if isinstance(error, CmsError) else outcome.exit_code
    return status, json.loads(output.read_text(encoding="utf-8"))


def test_every_idea_of_the_list_has_its_scenario_and_its_words() -> None:
    assert IDEAS == FULL_LIST
    assert all((HERE / idea / "README.md").read_text(encoding="utf-8").startswith("# ") for idea in IDEAS)


@pytest.mark.parametrize("idea", IDEAS)
def test_a_scenario_comes_out_as_worked_by_hand(idea: str, tmp_path: Path) -> None:
    wanted = expected(idea)

    exit_status, schedule = solve(idea, tmp_path / "schedule.json")

    assert exit_status == wanted.get("exit_status", 0)
    assert schedule["status"] == wanted["status"]
    assert schedule.get("reason", "") == wanted.get("reason", "")
    assert {tier["name"]: tier["value"] for tier in schedule["tiers"]} == pytest.approx(wanted.get("tiers", {}))
    assert_contains(schedule["deliveries"], wanted.get("deliveries", []))
    assert_contains(schedule["resources"], wanted.get("resources", []))
    for order_id, days in wanted.get("order_days", {}).items():
        own = [row["delivery_date"] for row in schedule["deliveries"] if row["order"] == order_id]
        assert own
        assert set(own) <= set(days)
    assert [row["order"] for row in schedule["unscheduled"]] == wanted.get("unscheduled", [])


def assert_contains(rows: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    """Each wanted row stands among the rows, in the fields that it names."""
    for fields in wanted:
        named = [{name: row.get(name) for name in fields} for row in rows]
        assert fields in named


@pytest.mark.parametrize("idea", IDEAS)
def test_a_scenario_breaks_no_rule(idea: str) -> None:
    problem = the_problem(idea)

    assert find_violations(problem, build_schedule(problem)) == ()


@pytest.mark.parametrize("idea", [idea for idea in IDEAS if idea != "bulk_split"])
def test_the_tiers_worked_by_hand_are_those_of_trying_everything(idea: str) -> None:
    """Of 100 units in parts there is too much to try; that scenario's one number stands in its README."""
    assert lexicographic_optimum(the_problem(idea)) == expected(idea).get("tiers")


def test_the_rush_order_asks_the_lowest_class_first() -> None:
    wanted = expected("rush_against_a_full_day")["rush"]
    problem = the_problem("rush_against_a_full_day")

    insertion = insert_rush(
        problem, build_schedule(problem), an_order_from("rush_against_a_full_day", "rush_order.json")
    )

    assert find_violations(insertion.problem, insertion.result) == ()
    assert str(insertion.deliveries[0].delivery_date) == wanted["delivery_date"]
    assert [asked.order_id for asked in insertion.asked] == wanted["asked"]
    assert [
        {
            "order": asked.order_id,
            "old_delivery_date": str(asked.old_delivery_date),
            "new_delivery_date": str(asked.new_delivery_date),
            "added_tardiness_days": asked.added_tardiness_days,
        }
        for asked in insertion.moved
    ] == wanted["moved"]
    assert insertion.tier_changes == pytest.approx(wanted["tier_changes"])


def test_the_quote_offers_the_free_days_and_its_reservation_holds_one() -> None:
    wanted = expected("quote_reservation")
    problem = the_problem("quote_reservation")
    plan = build_schedule(problem)

    promises = quote(plan_state(problem, plan), an_order_from("quote_reservation", "quote_order.json"))

    assert [str(promise.delivery_date) for promise in promises] == wanted["quote"]["delivery_dates"]
    assert [promise.tardiness_days for promise in promises] == wanted["quote"]["tardiness_days"]
    assert [promise.cost for promise in promises] == wanted["quote"]["costs"]
    later = with_later_order(problem, plan)
    held = hold_reserved(later, promises[0].loads)
    assert str(delivery_of_later(later)) == wanted["later"]["without_reservation"]
    assert str(delivery_of_later(held)) == wanted["later"]["with_reservation"]


def with_later_order(problem: SchedulingProblem, plan: SchedulingResult) -> SchedulingProblem:
    """The next plan: what is published is frozen for two days, and one more order has come in."""
    published = {
        delivery.order_id: CurrentDelivery(
            routing_id=delivery.routing_id,
            completion_date=delivery.completion_date,
            delivery_date=delivery.delivery_date,
            quantity=float(delivery.quantity),
        )
        for delivery in plan.deliveries
    }
    orders = tuple(replace(order, current=(published[order.order_id],)) for order in problem.orders)
    return replace(
        problem,
        horizon=replace(problem.horizon, planning_time_fence_days=2),
        orders=(*orders, an_order_from("quote_reservation", "later_order.json")),
    )


def delivery_of_later(problem: SchedulingProblem) -> date:
    result = build_schedule(problem)
    assert find_violations(problem, result) == ()
    return next(delivery.delivery_date for delivery in result.deliveries if delivery.order_id == "LATER")
