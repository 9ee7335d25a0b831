"""Why an order has its date: asked of the published schedule."""

from cms.application.plan_schedule import Planner
from cms.application.standing_plan import StandingPlan, standing_plan
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
    plan = standing_plan(planner)
    plan.demand(order_id)
    return explain(plan.problem, plan.result, order_id)


def explain_late_orders(plan: StandingPlan, *, most: int) -> dict[OrderId, Explanation]:
    """Explanations of the latest orders, the latest first."""
    tardiness: dict[OrderId, int] = {}
    for delivery in plan.result.deliveries:
        if delivery.tardiness_days > 0:
            tardiness[delivery.order_id] = max(tardiness.get(delivery.order_id, 0), delivery.tardiness_days)
    latest = sorted(tardiness, key=lambda order_id: (-tardiness[order_id], order_id))[:most]
    return {order_id: explain(plan.problem, plan.result, order_id) for order_id in latest}
