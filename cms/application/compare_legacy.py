"""Reconciles the published schedule with an export of the system that it replaces."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from cms.application.legacy_comparison import LegacyComparison, LegacyDelivery, Reasons, compare_with_legacy
from cms.application.legacy_dates import date_problems, export_span
from cms.application.plan_schedule import Planner
from cms.application.ports import Progress, SourceBatch, SourceRow, no_progress
from cms.application.standing_plan import StandingPlan, standing_plan
from cms.domain.errors import NotFoundError
from cms.domain.orders import OrderId


class DeliverySource(Protocol):
    """The schedule of another system."""

    def read(self, *, watermark: str | None, progress: Progress = no_progress) -> SourceBatch:
        """Its deliveries: rows with ``order_id``, ``delivery_date``, and ``customer_id`` and ``quantity`` if known.

        Raises
        ------
        SourceError
        """
        ...


def compare_legacy(
    planner: Planner,
    source: DeliverySource,
    *,
    quarantined: Mapping[str, str],
    first_day: date | None = None,
    last_day: date | None = None,
    progress: Progress = no_progress,
) -> LegacyComparison:
    """Compare an export with the published schedule, by order and by day, and say why they differ.

    Parameters
    ----------
    quarantined : mapping of str to str
        Orders that wait in quarantine, with the reason.
    first_day, last_day : date, optional
        Only deliveries from and to these days, in both.

    Raises
    ------
    NotFoundError
        Nothing is published.
    SourceError
        The export cannot be read.
    """
    plan = standing_plan(planner)
    legacy, unreadable = _read(source.read(watermark=None, progress=progress).rows)

    def is_asked(day: date) -> bool:
        return (first_day is None or day >= first_day) and (last_day is None or day <= last_day)

    asked = [delivery for delivery in legacy if is_asked(delivery.delivery_date)]
    return compare_with_legacy(
        asked,
        [delivery for delivery in plan.published.deliveries if is_asked(delivery.delivery_date)],
        _reasons(planner, plan, asked, quarantined),
        version=plan.published.version,
        as_of=plan.published.as_of,
        unreadable=unreadable,
    )


def _read(rows: Iterable[SourceRow]) -> tuple[list[LegacyDelivery], list[str]]:
    deliveries, unreadable = [], []
    for number, row in enumerate(rows, start=1):
        values: Mapping[str, Any] = row.values
        lacking = [f"{name} is empty" for name in ("order_id", "delivery_date") if values.get(name) is None]
        if problems := [*row.problems, *(lacking if not row.problems else ())]:
            unreadable.append(f"row {number}: {'; '.join(problems)}")
            continue
        deliveries.append(
            LegacyDelivery(
                order_id=OrderId(values["order_id"]),
                delivery_date=values["delivery_date"],
                customer_id=values.get("customer_id"),
                quantity=values.get("quantity"),
            )
        )
    return deliveries, unreadable


def _reasons(
    planner: Planner, plan: StandingPlan, legacy: Sequence[LegacyDelivery], quarantined: Mapping[str, str]
) -> Reasons:
    problems = date_problems(plan.problem, legacy)
    left_out = {entry.order_id: entry.reason for entry in (*plan.left_out, *plan.published.unscheduled)}
    span = export_span(legacy)

    def not_ours(order_id: OrderId) -> list[str]:
        if order_id in left_out:
            return [f"we have no date for it: {left_out[order_id]}"]
        return [_why_not_planned(planner, order_id, quarantined)]

    def not_legacy(order_id: OrderId, day: date) -> list[str]:  # noqa: ARG001
        if span is not None and day > span[1]:
            return [f"the export ends on {span[1]}"]
        if span is not None and day < span[0]:
            return [f"the export begins on {span[0]}"]
        return ["the export does not have it"]

    def other_date(order_id: OrderId, theirs: Sequence[LegacyDelivery]) -> list[str]:
        found = [reason for one in theirs for reason in problems.get((order_id, one.delivery_date), ())]
        if found:
            return list(dict.fromkeys(found))
        return [f"legacy's date breaks no rule by itself; ours is the best for all: cms schedule explain {order_id}"]

    return Reasons(
        not_ours=not_ours,
        not_legacy=not_legacy,
        other_date=other_date,
        known_customers=frozenset(map(str, plan.facts.customers)),
    )


def _why_not_planned(planner: Planner, order_id: OrderId, quarantined: Mapping[str, str]) -> str:
    try:
        order = planner.orders.order(order_id)
    except NotFoundError:
        if order_id in quarantined:
            return f"it waits in quarantine: {quarantined[order_id]}"
        return "our order book has no such order"
    if not order.is_plannable:
        return f"it is {order.status} here"
    return "it came, or changed, after the schedule was made: cms plan daily"
