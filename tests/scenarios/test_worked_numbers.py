"""The planners' page on how the engine decides: each figure in it is one that `cms solve` comes to, or the page fails.

Every worked sentence is written anew from the problem and its schedule and must stand in the page as it is; what is
left of the page without these sentences may show no other figures than those listed here.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cms.scheduling import build_schedule
from cms.scheduling.optimizer import FEW_SLOTS, MANY_SLOTS, NEAR
from cms.scheduling.rush import RushInsertion, insert_rush
from tests.scenarios.test_scenarios import HERE, an_order_from, solve, the_problem

MODEL = HERE.parents[1] / "docs" / "reference" / "scheduling-model.md"
PAGE = HERE.parents[1] / "docs" / "manual" / "how-the-engine-decides.md"
Document = dict[str, Any]
FIGURES_OF_OTHER_KINDS = (
    "more than 4,000 orders to plan at once",
    "within 0.9 % of what no schedule can beat",
    "0.6 % of its bound or nearer at 20,000 orders",
    "A gap of 0 means",
    "**Class 1**",
    "**Class 2**",
    "then class 3",
    "has the price 0",
)
"""Rules of the text itself, and measurements of large problems, which benchmarks repeat."""


def the_page() -> str:
    text = PAGE.read_text(encoding="utf-8")
    text = re.sub(r"\[`?([^]`]+)`?\]\([^)]*\)", r"\1", text)
    return re.sub(r"\s+", " ", text)


def of(rows: list[Document], **wanted: object) -> Document:
    return next(row for row in rows if all(row[name] == value for name, value in wanted.items()))


def day(text: str) -> date:
    return date.fromisoformat(text)


def in_words(number: float) -> str:
    return ("no", "one", "two", "three", "four", "five")[int(number)]


def window_override(problem: Document, schedule: Document) -> list[str]:
    late = of(schedule["deliveries"], order="B2")
    due = day(of(problem["orders"], id="B2")["due_date"])
    came = day(late["delivery_date"])
    early = of(problem["customers"], id="BAKERY")["max_early_days"]
    return [
        (
            f"open on {came:%A}s only, an order due {due:%A} {due.day} {due:%B} comes on {came:%A} {came.day}, "
            f"{in_words(late['tardiness_days'])} days late"
        ),
        f"{in_words(early)} day early is fine, {in_words(early + 1)} days are not",
    ]


def multi_day_order(problem: Document, _schedule: Document) -> list[str]:
    loads = of(problem["orders"], id="BIG")["routings"][0]["loads"]
    hours = [load["hours"] for load in loads]
    return [f"{sum(hours):g} hours as {' + '.join(f'{h:g}' for h in hours)}"]


def bulk_split(problem: Document, schedule: Document) -> list[str]:
    (order,) = problem["orders"]
    on_time = sum(d["quantity"] for d in schedule["deliveries"] if not d["tardiness_days"])
    late = of(schedule["deliveries"], tardiness_days=1)["quantity"]
    hours = order["routings"][0]["loads"][0]["hours"]
    by_then = sum(b["regular_hours"] for b in problem["resources"][0]["buckets"] if b["date"] <= order["due_date"])
    rest = order["quantity"] - by_then / hours * order["quantity"]
    return [
        (
            f"of {order['quantity']} units {on_time} come in time and {late} a day late, because a delivery of the "
            f"last {rest:g} would be too small"
        )
    ]


def priority_precedence(problem: Document, schedule: Document) -> list[str]:
    rows = []
    for order in problem["orders"]:
        delivery = of(schedule["deliveries"], order=order["id"])
        weight, late = order.get("weight", 1), delivery["tardiness_days"]
        counted = of(schedule["tiers"], name=f"priority {order['priority']}")["value"]
        rows.append(
            f"| {order['id']} | {order['priority']} | {weight:g} | {day(delivery['delivery_date']):%A} | "
            f"{weight:g} × {late} = {counted:g} |"
        )
    heaviest = max(problem["orders"], key=lambda order: order.get("weight", 1))
    return [*rows, f"{heaviest['id']}'s weight of {heaviest['weight']:g} would put it first"]


def overtime(problem: Document, schedule: Document) -> list[str]:
    (oven,) = problem["resources"]
    bucket, rate = oven["buckets"][0], oven["overtime_cost_per_hour"]
    busy = [row for row in schedule["resources"] if row["overtime_hours"] > 0]
    extra, cost = busy[0]["overtime_hours"], of(schedule["tiers"], name="cost")["value"]
    moved = of(problem["orders"], id="C")["routings"][0]["loads"][0]["hours"]
    saved = rate * min(moved, extra)
    assert [row["load_hours"] for row in busy] == [busy[0]["load_hours"]] * len(busy)
    return [
        (
            f"an oven of {bucket['regular_hours']} hours with up to {bucket['overtime_hours']} hours of overtime at "
            f"{rate:g} an hour. {in_words(len(busy)).capitalize()} days of {busy[0]['load_hours']:g} hours each cost "
            f"{len(busy)} × {extra:g} × {rate:g} = {cost:g}. Moving {moved:g} hours to Wednesday would save {saved:g} "
            "and make one order a day late"
        ),
    ]


def alternative_routing(problem: Document, schedule: Document) -> list[str]:
    extra = {order["id"]: of(order["routings"], id="SAW")["cost"] for order in problem["orders"]}
    (taken,) = [d["order"] for d in schedule["deliveries"] if d["routing"] == "SAW"]
    assert of(schedule["tiers"], name="cost")["value"] == extra[taken]
    return [f"the smaller extra cost: {extra[taken]:g} rather than {max(extra.values()):g}"]


def build_ahead(problem: Document, schedule: Document) -> list[str]:
    rate = problem["holding_cost_per_hour_day"]
    terms = []
    for delivery in sorted(schedule["deliveries"], key=lambda d: d["completion_date"], reverse=True):
        hours = of(problem["orders"], id=delivery["order"])["routings"][0]["loads"][0]["hours"]
        days = (day(delivery["delivery_date"]) - day(delivery["completion_date"])).days
        terms.append(f"{hours:g} × {days} × {rate:g}")
    return [f"rate: {' + '.join(terms)} = {of(schedule['tiers'], name='cost')['value']:g}"]


def equipment_maintenance(problem: Document, schedule: Document) -> list[str]:
    hours = sorted(bucket["regular_hours"] for bucket in problem["resources"][0]["buckets"])
    lowest = max(order["priority"] for order in problem["orders"])
    days = of(schedule["tiers"], name=f"priority {lowest}")["value"]
    return [f"a service of {hours[-1] - hours[0]} hours costs {in_words(days)} order-day of class {lowest}"]


WORKED: Mapping[str, Callable[[Document, Document], list[str]]] = {
    form.__name__: form
    for form in (
        window_override,
        multi_day_order,
        bulk_split,
        priority_precedence,
        overtime,
        alternative_routing,
        build_ahead,
        equipment_maintenance,
    )
}


def sentences(idea: str, output: Path) -> list[str]:
    problem = json.loads((HERE / idea / "problem.json").read_text(encoding="utf-8"))
    return WORKED[idea](problem, solve(idea, output)[1])


def the_rush() -> str:
    idea = "rush_against_a_full_day"
    problem = the_problem(idea)
    insertion: RushInsertion = insert_rush(problem, build_schedule(problem), an_order_from(idea, "rush_order.json"))
    first, second = insertion.asked
    (moved,) = insertion.moved
    assert (first.days_to_spare, second.days_to_spare, moved) == (1, 0, first)
    assert moved.old_delivery_date is not None
    assert moved.new_delivery_date is not None
    assert moved.added_tardiness_days == 0
    return (
        f"{first.order_id} (class {first.priority}, a day to spare) is asked before {second.order_id} (class "
        f"{second.priority}, none), moves from {moved.old_delivery_date:%A} to {moved.new_delivery_date:%A}, and is "
        "still on time"
    )


@pytest.mark.parametrize("idea", sorted(WORKED))
def test_the_page_works_an_example_as_the_engine_does(idea: str, tmp_path: Path) -> None:
    page = the_page()

    for sentence in sentences(idea, tmp_path / "schedule.json"):
        assert sentence in page


def test_the_page_tells_the_rush_order_as_it_is_inserted() -> None:
    assert the_rush() in the_page()


def test_both_pages_state_the_limits_that_the_engine_keeps() -> None:
    model = re.sub(r"\s+", " ", MODEL.read_text(encoding="utf-8"))

    assert f"With more than {MANY_SLOTS:,} orders to plan at once" in the_page()
    assert f"within {NEAR * 100:g} % of what no schedule can beat" in the_page()
    assert f"in tiers of more than {FEW_SLOTS} orders" in model
    assert f"**Large tiers**, of more than {MANY_SLOTS:,} orders" in model
    assert f"counts as settled within {NEAR * 100:g} % of its bound" in model


def test_the_page_shows_no_figure_that_nobody_checks(tmp_path: Path) -> None:
    page = the_page()
    worked = [sentence for idea in WORKED for sentence in sentences(idea, tmp_path / "schedule.json")]

    for checked in (*worked, the_rush(), *FIGURES_OF_OTHER_KINDS):
        page = page.replace(checked, "")

    numbering = re.compile(r"## \d\.|(?<= )\d\. ")
    assert re.findall(r".{0,30}\d.{0,30}", numbering.sub("", page)) == []
