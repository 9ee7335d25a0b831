"""The published schedule as a worker left it, order by order: what changes next is planned beside all that stands."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from cms.application.planning_facts import PlanningFacts, PreparedPlan, prepare_plan
from cms.domain.customers import Customer
from cms.domain.orders import Order, OrderId
from cms.domain.schedule import MasterSchedule, UnscheduledOrder
from cms.scheduling.problem import SchedulingProblem
from cms.scheduling.result import SchedulingResult
from cms.scheduling.shares import OrderShare, Prices, as_published, resources_beside, shares_of, whole_result

Known = Mapping[OrderId, tuple[Order, Customer | None]]
"""Orders and their customers, as a schedule was made from them."""


@dataclass(frozen=True, kw_only=True)
class StandingOrders:
    """A schedule with what it was made from.

    Parameters
    ----------
    version : int
        Under which it is published.
    basis : tuple
        What it was made from beside orders and customers; another basis makes everything worth looking at again.
    problem : SchedulingProblem
        Whose resources the hours are used of.
    left_out : mapping
        Orders that cannot enter a plan at all.
    """

    version: int
    basis: tuple[object, ...]
    problem: SchedulingProblem
    known: Known
    shares: Mapping[OrderId, OrderShare]
    left_out: Mapping[OrderId, UnscheduledOrder]

    @classmethod
    def of(cls, facts: PlanningFacts, prepared: PreparedPlan, result: SchedulingResult) -> "StandingOrders":
        """A whole schedule, made from the published one."""
        assert facts.published is not None, "there is a published schedule to stand"
        return cls(
            version=facts.published.version,
            basis=_basis(facts),
            problem=prepared.problem,
            known=_known(facts),
            shares=shares_of(prepared.problem, result),
            left_out={entry.order_id: entry for entry in prepared.left_out},
        )

    def holds_for(self, facts: PlanningFacts) -> bool:
        """Whether it is the published schedule still, and nothing but orders and customers can have changed."""
        assert facts.published is not None, "there is a published schedule to stand"
        return self.version == facts.published.version and self.basis == _basis(facts)

    def touched_by(self, facts: PlanningFacts, named: Collection[OrderId]) -> frozenset[OrderId]:
        """The named orders, and those that are new, gone, or other than they were, they or their customers."""
        now = _known(facts)
        changed = {order_id for order_id, order in now.items() if self.known.get(order_id) != order}
        return frozenset(changed | (now.keys() & set(named)) | (self.known.keys() - now.keys()))

    def holds_frozen(self, touched: Collection[OrderId]) -> bool:
        """Whether one of the orders has a delivery that may no longer change."""
        own = [self.shares[order_id] for order_id in touched if order_id in self.shares]
        return any(self.problem.horizon.is_frozen(d.completion_date) for share in own for d in share.deliveries)

    def published_of(self, published: MasterSchedule, touched: Collection[OrderId]) -> MasterSchedule:
        """What is published of these orders alone."""
        own = [self.shares[order_id] for order_id in sorted(touched) if order_id in self.shares]
        left_out = [self.left_out[order_id] for order_id in sorted(touched) if order_id in self.left_out]
        return replace(
            published,
            deliveries=tuple(delivery for share in own for delivery in share.deliveries),
            loads=tuple(load for share in own for load in share.loads),
            unscheduled=(*(share.unscheduled for share in own if share.unscheduled is not None), *left_out),
        )

    def prepare(self, facts: PlanningFacts, published: MasterSchedule, touched: Collection[OrderId]) -> PreparedPlan:
        """The problem of these orders, with what is published of them, in what all others leave free."""
        part = replace(facts, orders=[o for o in facts.orders if o.order_id in touched], published=published)
        others = (share for order_id, share in self.shares.items() if order_id not in touched)
        return prepare_plan(part, resources=resources_beside(self.problem, others))

    def with_part(
        self, facts: PlanningFacts, touched: Collection[OrderId], prepared: PreparedPlan, result: SchedulingResult
    ) -> "StandingOrders":
        """The schedule in which these orders are as the result has them, and all others as they were."""
        shares = {order_id: share for order_id, share in self.shares.items() if order_id not in touched}
        left_out = {order_id: entry for order_id, entry in self.left_out.items() if order_id not in touched}
        return replace(
            self,
            known=_known(facts),
            shares=shares | shares_of(prepared.problem, result),
            left_out=left_out | {entry.order_id: entry for entry in prepared.left_out},
        )

    def published_as(self, version: int) -> "StandingOrders":
        """The same schedule, once it is published under this number."""
        return replace(self, version=version, shares=as_published(self.shares))

    def result(self, prices: Prices) -> SchedulingResult:
        """The whole schedule."""
        return whole_result(self.problem, self.shares, prices=prices)


def prices_of(published: MasterSchedule) -> Prices:
    """What an hour of a resource-bucket was worth when the schedule was made."""
    return {(day.resource_id, day.bucket_date): day.price_per_hour for day in published.resource_days}


def _basis(facts: PlanningFacts) -> tuple[object, ...]:
    return (facts.as_of, facts.rules, facts.plant, tuple(facts.reservations))


def _known(facts: PlanningFacts) -> dict[OrderId, tuple[Order, Customer | None]]:
    return {order.order_id: (order, facts.customers.get(order.customer_id)) for order in facts.orders}
