"""What a worker remembers between two plans a moment apart: most orders are as they were."""

from dataclasses import dataclass, field

from cms.application.planning_facts import Entry, PlanningFacts, entry_of
from cms.application.standing_orders import StandingOrders
from cms.domain.customers import Customer
from cms.domain.horizon import PlanningHorizon
from cms.domain.orders import Order, OrderId
from cms.domain.schedule import ScheduledDelivery
from cms.scheduling.problem import OrderDemand


@dataclass(kw_only=True, slots=True)
class PlanMemory:
    """The schedule as it was left, entries of orders whose facts are what they were, and rush orders that have asked.

    It saves time and changes no answer. For one worker; it is not meant to be shared by threads.

    Parameters
    ----------
    standing : StandingOrders, optional
        None: nothing was left yet; the whole schedule has to be looked at.
    """

    standing: StandingOrders | None = None
    _basis: tuple[object, ...] = ()
    _entries: dict[OrderId, tuple[Order, Customer | None, tuple[ScheduledDelivery, ...], Entry]] = field(
        default_factory=dict
    )
    _asked: dict[OrderId, OrderDemand] = field(default_factory=dict)

    def entry(self, order: Order, facts: PlanningFacts, horizon: PlanningHorizon) -> Entry:
        """The order as the engine sees it, or why it cannot enter the plan."""
        self._begin(facts)
        customer = facts.customers.get(order.customer_id)
        published = facts.published_deliveries.get(order.order_id, ())
        known = self._entries.get(order.order_id)
        if known is None or known[:3] != (order, customer, published):
            known = (order, customer, published, entry_of(order, facts, horizon))
            self._entries[order.order_id] = known
        return known[3]

    def has_asked(self, order: OrderDemand) -> bool:
        """Whether the order, being what it is and where it is, has asked others to move before."""
        return self._asked.get(order.order_id) == order

    def note_asked(self, order: OrderDemand) -> None:
        """The order has asked."""
        self._asked[order.order_id] = order

    def _begin(self, facts: PlanningFacts) -> None:
        basis = (facts.as_of, facts.rules, facts.plant.routings)
        if self._basis and (self._basis is basis or self._basis == basis):
            return
        self._basis = basis
        self._entries.clear()
        self._asked.clear()
