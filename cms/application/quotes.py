"""Quotes: the dates a customer could have, and the capacity held for the one that is wanted."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol
from uuid import NAMESPACE_URL, uuid5

from cms.aggregation.order_loads import routing_loads
from cms.application.plan_schedule import Planner
from cms.application.standing_plan import standing_plan
from cms.domain.customers import CustomerId
from cms.domain.errors import InvalidValueError, NotFoundError
from cms.domain.orders import OrderId
from cms.domain.quotes import QuoteStatus
from cms.domain.resources import ResourceId
from cms.scheduling.problem import DeliveryTerms, OrderDemand, RoutingOption
from cms.scheduling.promising import Promise, plan_state, quote


@dataclass(frozen=True, kw_only=True, slots=True)
class QuoteRequest:
    """What somebody asks for.

    Parameters
    ----------
    requested_date : date
        The day on which the customer would like delivery.
    """

    customer_id: CustomerId
    product_family: str
    quantity: Decimal
    requested_date: date
    priority: int | None = None

    def __post_init__(self) -> None:
        if not (self.quantity.is_finite() and self.quantity > 0):
            raise InvalidValueError("quantity", "must be more than 0", self.quantity)
        if self.priority is not None and self.priority < 1:
            raise InvalidValueError("priority", "must be 1 (highest) or more", self.priority)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptQuote:
    """A promise that was asked for, with the capacity it would use.

    Parameters
    ----------
    routing : str
        Of its last delivery.
    loads : tuple of (resource, day, hours)
        What it holds while it is reserved, and after confirmation until its order is in the order book.
    status : str
        ``quoted``, ``reserved``, ``confirmed``, ``cancelled`` or ``expired``.
    expires_at : datetime, optional
        Until when it holds.
    """

    quote_id: str
    customer_id: str
    order_id: str | None
    product_family: str
    quantity: Decimal
    routing: str
    completion_date: date
    delivery_date: date
    cost: Decimal
    capacity_price: Decimal
    loads: tuple[tuple[ResourceId, date, float], ...]
    quoted_at: datetime
    actor: str
    status: str = QuoteStatus.QUOTED.value
    expires_at: datetime | None = None


class QuoteStore(Protocol):
    """Where quotes are kept."""

    def keep(self, quote: KeptQuote) -> None:
        """Keep a new quote; a reserved one holds its capacity at once."""
        ...

    def confirm(self, quote_id: str, *, order_id: str | None, now: datetime) -> KeptQuote:
        """The customer takes it.

        Raises
        ------
        NotFoundError, InvalidValueError
        """
        ...

    def cancel(self, quote_id: str, *, now: datetime) -> KeptQuote:
        """Give its capacity back.

        Raises
        ------
        NotFoundError, InvalidValueError
        """
        ...


def quote_dates(planner: Planner, request: QuoteRequest, *, most: int = 5) -> tuple[Promise, ...]:
    """The dates that can be kept without moving anyone, the earliest first.

    Raises
    ------
    NotFoundError
        The customer, or a routing for the family, is not known; or nothing is published yet.
    """
    plan = standing_plan(planner)
    customer = plan.facts.customers.get(request.customer_id)
    if customer is None:
        raise NotFoundError("customer", request.customer_id)
    ways = routing_loads(
        request.product_family,
        request.quantity,
        plan.facts.plant.routings,
        default_routing=plan.facts.rules.default_routing,
    )
    if not ways:
        raise NotFoundError("routing for product family", request.product_family, "see the plant file")
    terms = DeliveryTerms(
        customer_id=customer.customer_id,
        transit_days=customer.transit_days,
        max_early_days=customer.max_early_days,
        blackout_dates=customer.blackout_dates | plan.facts.plant.calendar().blackouts(customer.customer_id),
        windows=customer.windows,
    )
    others = tuple(known for known in plan.problem.customers if known.customer_id != terms.customer_id)
    state = plan_state(replace(plan.problem, customers=(*others, terms)), plan.result)
    demand = OrderDemand(
        order_id=OrderId("quote"),
        customer_id=customer.customer_id,
        priority=request.priority or customer.priority,
        quantity=float(request.quantity),
        due_date=request.requested_date,
        routings=tuple(RoutingOption(routing_id=way.routing_id, cost=way.cost, loads=way.loads) for way in ways),
    )
    return quote(state, demand, most=most)


def reserve_quote(
    planner: Planner,
    quotes: QuoteStore,
    request: QuoteRequest,
    *,
    delivery_date: date | None,
    hold: timedelta,
    actor: str,
) -> KeptQuote:
    """Quote and hold the capacity of one date (the earliest, where none is named) until the hold ends.

    Raises
    ------
    NotFoundError
        The date cannot be promised.
    """
    if hold <= timedelta(0):
        raise InvalidValueError("hold", "must be more than 0", str(hold))
    promises = quote_dates(planner, request, most=1000)
    wanted = [promise for promise in promises if delivery_date in (None, promise.delivery_date)]
    if not wanted:
        possible = ", ".join(str(promise.delivery_date) for promise in promises[:5]) or "none in the horizon"
        raise NotFoundError("promise for", str(delivery_date or "any date"), f"possible dates: {possible}")
    now = planner.clock.now()
    kept = _kept(request, wanted[0], now=now, expires_at=now + hold, actor=actor)
    quotes.keep(kept)
    return kept


def _kept(request: QuoteRequest, promise: Promise, *, now: datetime, expires_at: datetime, actor: str) -> KeptQuote:
    last = promise.deliveries[-1]
    return KeptQuote(
        quote_id=_quote_id(request, promise, now),
        customer_id=request.customer_id,
        order_id=None,
        product_family=request.product_family,
        quantity=request.quantity,
        routing=last.routing_id,
        completion_date=last.completion_date,
        delivery_date=promise.delivery_date,
        cost=_money(promise.cost),
        capacity_price=_money(promise.capacity_price),
        loads=tuple((load.resource_id, load.bucket_date, load.hours) for load in promise.loads),
        quoted_at=now,
        actor=actor,
        status=QuoteStatus.RESERVED.value,
        expires_at=expires_at,
    )


def _money(amount: float) -> Decimal:
    return Decimal(str(round(amount, 4)))


def _quote_id(request: QuoteRequest, promise: Promise, now: datetime) -> str:
    name = f"{request}|{promise.delivery_date}|{now.isoformat()}"
    return f"Q-{uuid5(NAMESPACE_URL, name).hex[:10]}"
