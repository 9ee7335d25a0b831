"""Why an order, or a share of one, gets no delivery: the first thing that stands in its way, in plain words."""

from cms.scheduling.candidates import candidates_of
from cms.scheduling.ledger import HoursLedger
from cms.scheduling.problem import OrderDemand
from cms.scheduling.tables import PlantTables, Way


def unscheduled_reason(
    tables: PlantTables, order: OrderDemand, deliveries: int, missing_quantity: float, ledger: HoursLedger
) -> str:
    """The reason, as a sentence part.

    Parameters
    ----------
    deliveries : int
        How many deliveries the order has already.
    missing_quantity : float
        The units that get none.
    """
    return (
        split_limit(order, deliveries, missing_quantity)
        or _calendar_reason(tables, order)
        or _capacity_reason(tables, order, ledger)
    )


def split_limit(order: OrderDemand, deliveries: int, missing_quantity: float) -> str | None:
    """Why units that are missing cannot make one more delivery beside those there are; None where they can."""
    if not order.splittable or deliveries == 0:
        return None
    if order.max_splits is not None and deliveries >= order.max_splits:
        return f"the order already has its {order.max_splits} deliveries (max_splits)"
    if missing_quantity < order.smallest_split:
        return f"the rest is less than the smallest delivery of {order.smallest_split} units (min_split_quantity)"
    return None


def _calendar_reason(tables: PlantTables, order: OrderDemand) -> str | None:
    if not tables.open_days(order.customer_id):
        return f"customer {order.customer_id} takes no delivery in the horizon (windows, holidays, blackouts)"
    ways = tables.ways(order)
    if any(candidates_of(tables, order)):
        return None
    return _resource_reason(tables, ways) or _date_reason(tables, order)


def _resource_reason(tables: PlantTables, ways: list[Way]) -> str | None:
    closed = [name for way in ways if (name := _closed_resource(tables, way))]
    if len(closed) < len(ways):
        return None
    return f"no working bucket of {closed[0]} before the horizon ends"


def _closed_resource(tables: PlantTables, way: Way) -> str | None:
    """A resource of the routing that has too few working buckets for the load's offset."""
    for resource, offset in way.shape.completion_places + way.shape.ship_places:
        if len(tables.working_days(resource)) <= offset:
            return tables.problem.resources[resource].resource_id
    return None


def _date_reason(tables: PlantTables, order: OrderDemand) -> str:
    terms = tables.problem.customer(order.customer_id)
    earliest = tables.index(order.due_date) - terms.max_early_days
    if earliest >= tables.days:
        return f"the customer takes it at most {terms.max_early_days} days early, which is after the horizon ends"
    if order.release_date is not None and tables.index(order.release_date) > 0:
        return f"released on {order.release_date}, too late for a delivery day of the horizon"
    return f"no completion is early enough for a delivery day of the horizon ({terms.transit_days} transit days)"


def _capacity_reason(tables: PlantTables, order: OrderDemand, ledger: HoursLedger) -> str:
    """Names the resource that is full for most of the order's candidates."""
    full: dict[int, int] = {}
    count = 0
    for candidate in candidates_of(tables, order):
        count += 1
        closed = {
            bucket // tables.days for bucket, hours in candidate.loads if hours > ledger.free_hours(bucket) + 1e-9
        }
        for resource in closed:
            full[resource] = full.get(resource, 0) + 1
    if not full:
        return f"higher tiers leave no room: each of its {count} candidates would make a more important order later"
    worst = max(full, key=lambda resource: (full[resource], -resource))
    name = tables.problem.resources[worst].resource_id
    return f"no free capacity: {name} is full for {full[worst]} of its {count} candidates"
