"""Why an order has its date: asked of the published schedule."""

from collections import Counter

from cms.application.plan_schedule import Planner
from cms.application.standing_plan import StandingPlan, as_planned, standing_plan
from cms.domain.orders import OrderId
from cms.scheduling.explanation import Explanation, explain


def explain_order(planner: Planner, order_id: OrderId) -> Explanation:
    """Why the order has this date, why it is late, who holds the capacity, and what would help.

    Raises
    ------
    NotFoundError
        There is no such order, it is not open, or it cannot enter a plan (the message says why).
    """
    planner.orders.order(order_id)
    plan = as_planned(standing_plan(planner))
    plan.demand(order_id)
    return explain(plan.problem, plan.result, order_id, reserved=plan.reserved_hours)


def explain_late_orders(plan: StandingPlan, *, most: int) -> dict[OrderId, Explanation]:
    """Explanations of the latest orders, the latest first."""
    plan = as_planned(plan)
    tardiness: dict[OrderId, int] = {}
    for delivery in plan.result.deliveries:
        if delivery.tardiness_days > 0:
            tardiness[delivery.order_id] = max(tardiness.get(delivery.order_id, 0), delivery.tardiness_days)
    latest = sorted(tardiness, key=lambda order_id: (-tardiness[order_id], order_id))[:most]
    return {order_id: explain(plan.problem, plan.result, order_id, reserved=plan.reserved_hours) for order_id in latest}


def short_reason(explanation: Explanation) -> str:
    """Why an order is late, in one line: what closed its better places, and what would help.

    Full resource-buckets are named; the rules of the customer and the calendar are counted.
    """
    counts = Counter(place.rules[0] for place in explanation.closed if place.rules)
    full = Counter(missing.resource_id for place in explanation.closed for missing in place.missing)
    parts = [f"{count} × {_RULE_WORDS.get(rule, rule.replace('_', ' '))}" for rule, count in counts.most_common(3)]
    if full:
        parts.append(f"full: {', '.join(resource_id for resource_id, _ in full.most_common(3))}")
    remedy = explanation.cheapest_relaxation
    return "; ".join(parts or ["no better place in the horizon"]) + (f". Would help: {remedy.words}" if remedy else "")


_RULE_WORDS = {
    "delivery_falls_in_a_window": "no window that day",
    "delivery_avoids_holidays": "holiday",
    "delivery_avoids_blackouts": "customer closed",
    "delivery_is_not_too_early": "too early for the customer",
    "delivery_lies_in_the_horizon": "before the plan begins",
    "completion_lies_in_the_horizon": "before the plan begins",
    "completion_is_on_a_working_bucket": "no work that day",
    "shipping_follows_completion": "days on the way",
    "loads_lie_in_the_horizon": "lead time",
    "work_waits_for_release": "not released",
    "shipping_work_follows_completion": "dock before completion",
    "resource_bucket_is_full": "no free hours",
    "planning_time_fence": "frozen by the fence",
    "delivery_keeps_the_split_limits": "limits of splitting",
    "nothing_closes_it": "open as the plan stands",
}
