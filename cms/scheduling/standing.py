"""The published plan, as the engine sees it: every order keeps the deliveries it has."""

from collections.abc import Mapping
from datetime import date

from cms.domain.resources import ResourceId
from cms.scheduling.plan import Plan, piece_of, priority_classes, tier_name, to_result
from cms.scheduling.problem import SchedulingProblem
from cms.scheduling.result import SchedulingResult, SolveStatus
from cms.scheduling.tables import PlantTables


def standing_schedule(
    problem: SchedulingProblem, *, prices: Mapping[tuple[ResourceId, date], float] | None = None
) -> SchedulingResult:
    """Every order with its published deliveries and no other.

    Parameters
    ----------
    prices : mapping, optional
        What an hour of a resource-bucket was worth when the plan was made.

    Returns
    -------
    SchedulingResult
        Nothing is proven of it and nothing checked: the referee has the word.
    """
    tables = PlantTables(problem)
    plan = Plan(tables)
    for number, order in enumerate(problem.orders):
        for delivery in order.current:
            if not problem.horizon.is_frozen(delivery.completion_date):
                plan.add(number, piece_of(tables, order, delivery, frozen=False))
    bounds = {tier_name(priority): 0.0 for priority in priority_classes(tables)} | {"cost": 0.0}
    return to_result(
        plan, bounds=bounds, prices=prices_by_bucket(tables, prices or {}), status=SolveStatus.FEASIBLE, seconds=0.0
    )


def prices_by_bucket(tables: PlantTables, prices: Mapping[tuple[ResourceId, date], float]) -> list[float]:
    """Prices of hours in the sequence of the tables' buckets; 0 where none is known."""
    return [
        prices.get((resource.resource_id, tables.date(day)), 0.0)
        for resource in tables.problem.resources
        for day in range(tables.days)
    ]
