"""An order as the engine sees it: the same rules by which the daily plan states its problem, for simulated orders."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from cms.aggregation.order_loads import loads_on
from cms.domain.customers import Customer, CustomerId, DeliveryWindow
from cms.domain.errors import InvalidValueError
from cms.domain.orders import OrderType
from cms.domain.resources import Routing
from cms.scheduling.problem import DeliveryTerms, OrderDemand, RoutingOption
from simulations.arrival_process import SimulatedOrder
from simulations.order_history import History
from simulations.scenario import Planning, PriorityRule
from simulations.scenario_plant import PlantChanges


@dataclass(frozen=True, kw_only=True)
class DemandTerms:
    """How orders of a scenario can be made, and how its customers take delivery.

    Parameters
    ----------
    ways : mapping of str to tuple of Routing
        The routings of each product family that the scenario leaves open, the cheapest first.
    deliveries : mapping of CustomerId to DeliveryTerms
        When and how a customer takes delivery. Customers with the same terms share them, under the first one's name: to
        the engine they are one, and it looks up their days once.
    """

    ways: Mapping[str, tuple[Routing, ...]]
    customers: Mapping[CustomerId, Customer]
    deliveries: Mapping[CustomerId, DeliveryTerms]
    default_windows: tuple[DeliveryWindow, ...]
    planning: Planning
    _options: dict[tuple[str, Decimal], tuple[RoutingOption, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def demand(self, order: SimulatedOrder, quantity: Decimal) -> OrderDemand:
        """What `quantity` units of the order ask of the plant."""
        planning, customer = self.planning, self.customers[order.customer_id]
        is_bulk = order.order_type is OrderType.BULK
        splittable = is_bulk and customer.allows_split and quantity == quantity.to_integral_value()
        return OrderDemand(
            order_id=order.order_id,
            customer_id=self.deliveries[order.customer_id].customer_id,
            priority=self._priority(order),
            quantity=float(quantity),
            due_date=order.due,
            release_date=order.release,
            splittable=splittable,
            min_split_quantity=math.ceil(float(quantity) * planning.min_split_share) if splittable else None,
            max_splits=planning.max_splits if splittable else None,
            routings=self._routings(order.product_family, quantity),
        )

    def _priority(self, order: SimulatedOrder) -> int:
        if self.planning.priority_rule is PriorityRule.DUE_DATE:
            return 1
        is_rush = order.order_type is OrderType.RUSH
        return min(order.priority, self.planning.rush_priority) if is_rush else order.priority

    def _routings(self, family: str, quantity: Decimal) -> tuple[RoutingOption, ...]:
        options = self._options.get((family, quantity))
        if options is None:
            options = tuple(
                RoutingOption(routing_id=way.routing_id, cost=way.cost, loads=loads_on(way, quantity))
                for way in self.ways[family]
            )
            self._options[family, quantity] = options
        return options


def demand_terms(
    history: History, changes: PlantChanges, planning: Planning, customers: Mapping[CustomerId, Customer]
) -> DemandTerms:
    """The terms of a scenario.

    Raises
    ------
    InvalidValueError
        A closed routing does not exist, or was the last one of a family that has orders.
    """
    families = sorted({order.product_family for order in history.orders})
    return DemandTerms(
        ways={family: _open_ways(family, history, changes) for family in families},
        customers=customers,
        deliveries=_deliveries(history, planning, customers),
        default_windows=history.default_windows,
        planning=planning,
    )


def _open_ways(family: str, history: History, changes: PlantChanges) -> tuple[Routing, ...]:
    known = {routing.routing_id for routing in history.routings}
    for index, name in enumerate(changes.closed_routings):
        if name not in known:
            rule = f"must be one of {', '.join(sorted(known))}"
            raise InvalidValueError(f"plant.closed_routings[{index}]", rule, name)
    ways: Sequence[Routing] = history.routings_of(family)
    left = [way for way in ways if way.routing_id not in changes.closed_routings]
    if not left:
        rule = f"must leave product family {family!r} at least one routing"
        raise InvalidValueError("plant.closed_routings", rule, list(changes.closed_routings))
    return tuple(left[:1] if changes.close_alternatives else left)


def _deliveries(
    history: History, planning: Planning, customers: Mapping[CustomerId, Customer]
) -> dict[CustomerId, DeliveryTerms]:
    blackouts: dict[str, set[date]] = {}
    for exception in history.exceptions:
        if exception.customer_id is not None:
            blackouts.setdefault(exception.customer_id, set()).add(exception.day)
    shared: dict[object, DeliveryTerms] = {}
    found = {}
    for customer_id in sorted(customers):
        customer = customers[customer_id]
        closed = customer.blackout_dates | blackouts.get(customer_id, set())
        windows = () if planning.all_windows_open else customer.windows
        key = (customer.transit_days, customer.max_early_days, closed, windows)
        if key not in shared:
            shared[key] = DeliveryTerms(
                customer_id=customer_id,
                transit_days=customer.transit_days,
                max_early_days=customer.max_early_days,
                blackout_dates=closed,
                windows=windows,
            )
        found[customer_id] = shared[key]
    return found
