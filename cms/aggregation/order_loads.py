"""Turns an order into hours of resources: the bill of resources of its product family, spread over days."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cms.domain.errors import InvalidValueError
from cms.domain.horizon import LONGEST_HORIZON_DAYS
from cms.domain.resources import Load, LoadAnchor, ResourceId, Routing, RoutingId, RoutingStep

ANY_FAMILY = "*"
"""The key of the default routings that stands for every family without a routing of its own."""

_SLIVER = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutingLoads:
    """One way to make an order, with the hours that it takes.

    Parameters
    ----------
    cost : float
        Money beyond the preferred way.
    loads : tuple of Load
        For the whole quantity.
    """

    routing_id: RoutingId
    cost: float
    loads: tuple[Load, ...]


def routing_loads(
    product_family: str,
    quantity: Decimal,
    routings: Sequence[Routing],
    *,
    default_routing: Mapping[str, str],
) -> tuple[RoutingLoads, ...]:
    """Every way to make `quantity` units of a family, the cheapest first; empty: there is no way.

    Parameters
    ----------
    default_routing : mapping of str to str
        Routing for a family that has none of its own; ``*`` stands for any family.

    Raises
    ------
    InvalidValueError
        `quantity` is not more than 0, a default names no routing, or the hours of a step would spread over more days
        than any horizon has.

    Examples
    --------
    >>> press = RoutingStep(resource_id=ResourceId("PRESS"), setup_hours=0.5, hours_per_unit=0.02)
    >>> panels = Routing(routing_id=RoutingId("A"), product_family="panels", steps=(press,))
    >>> ways = routing_loads("frames", Decimal(100), [panels], default_routing={"*": "A"})
    >>> [(way.routing_id, load.hours) for way in ways for load in way.loads]
    [('A', 2.5)]
    """
    return tuple(
        RoutingLoads(routing_id=routing.routing_id, cost=routing.cost, loads=loads_on(routing, quantity))
        for routing in routings_of(product_family, routings, default_routing=default_routing)
    )


def routings_of(
    product_family: str, routings: Sequence[Routing], *, default_routing: Mapping[str, str]
) -> tuple[Routing, ...]:
    """A family's own routings, the cheapest first; without any its default, then the default of all families."""
    own = [routing for routing in routings if routing.product_family == product_family]
    if not own:
        family = product_family if product_family in default_routing else ANY_FAMILY
        default = default_routing.get(family)
        own = [routing for routing in routings if routing.routing_id == default]
        if default is not None and not own:
            raise InvalidValueError(f"planning.default_routing.{family}", "must name a known routing", default)
    return tuple(sorted(own, key=lambda routing: (routing.cost, routing.routing_id)))


def loads_on(routing: Routing, quantity: Decimal) -> tuple[Load, ...]:
    """Hours by resource and day that `quantity` units take on a routing.

    A step whose hours exceed its ``max_hours_per_day`` spreads backwards over the working buckets before it: full days
    next to the anchor, the rest on the earliest day. Loads of several steps that fall on the same resource and day are
    one load. The hours add up to those of the steps.

    Raises
    ------
    InvalidValueError
        `quantity` is not more than 0, or a step would need more days than any horizon has.
    """
    if not quantity > 0:
        raise InvalidValueError("quantity", "must be more than 0", quantity)
    hours: dict[tuple[ResourceId, LoadAnchor, int], float] = {}
    for step in routing.steps:
        for offset_days, share in _daily_shares(step, step.hours_for(quantity), routing.routing_id):
            key = (step.resource_id, step.anchor, offset_days)
            hours[key] = hours.get(key, 0.0) + share
    return tuple(
        Load(resource_id=resource_id, hours=total, offset_days=offset_days, anchor=anchor)
        for (resource_id, anchor, offset_days), total in hours.items()
    )


def _daily_shares(step: RoutingStep, hours: float, routing_id: RoutingId) -> Iterable[tuple[int, float]]:
    days = hours / step.max_hours_per_day
    if days > LONGEST_HORIZON_DAYS:
        place = f"routings.{routing_id}.{step.resource_id}.max_hours_per_day"
        rule = f"must let {hours:,.0f} hours end within {LONGEST_HORIZON_DAYS} days"
        raise InvalidValueError(place, rule, step.max_hours_per_day)
    return enumerate(_spread(hours, step.max_hours_per_day), start=step.offset_days)


def _spread(hours: float, most: float) -> Iterator[float]:
    # what rounding leaves over is no day's work
    while hours > most * (1 + _SLIVER):
        yield most
        hours -= most
    yield hours
