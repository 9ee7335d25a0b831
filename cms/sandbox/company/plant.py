"""Generates the plant: resources, routings and calendar, with run times such that the open order book fills it well."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from cms.domain.customers import CustomerId, DeliveryWindow
from cms.domain.orders import Order
from cms.domain.resources import LoadAnchor, Resource, ResourceId, Routing, RoutingId, RoutingStep
from cms.domain.work_calendar import CalendarException, ExceptionKind, WorkCalendar
from cms.sandbox.company.clients import DEFAULT_WINDOWS
from cms.sandbox.company.options import CompanyOptions

CUT, PRESS, OVEN, PACK, DOCK = (ResourceId(name) for name in ("CUT", "PRESS", "OVEN", "PACK", "DOCK"))

RESOURCES = (
    Resource(resource_id=CUT, name="Cutting", regular_hours=16, overtime_hours=4, overtime_cost_per_hour=42),
    Resource(resource_id=PRESS, name="Press", regular_hours=16, overtime_hours=4, overtime_cost_per_hour=55),
    Resource(resource_id=OVEN, name="Oven", regular_hours=20, overtime_hours=3, overtime_cost_per_hour=60),
    Resource(resource_id=PACK, name="Packing", regular_hours=16, overtime_hours=4, overtime_cost_per_hour=35),
    Resource(resource_id=DOCK, name="Dock", regular_hours=10, overtime_hours=4, overtime_cost_per_hour=38),
)
_LOAD_BESIDE_TARGET = {CUT: 0.0, PRESS: 0.04, OVEN: -0.02, PACK: -0.03, DOCK: -0.02}
_MOST_HOURS_PER_DAY = 6.0
_LOADED_DAYS = 14

Step = tuple[ResourceId, float, float, int]
"""Resource, relative set-up hours, relative run hours a unit, working days before the anchor."""

_PREFERRED: dict[str, tuple[Step, ...]] = {
    "panels": ((CUT, 0.3, 0.010, 1), (PRESS, 0.5, 0.014, 0), (PACK, 0.1, 0.006, 0)),
    "frames": ((CUT, 0.3, 0.014, 1), (OVEN, 0.6, 0.010, 0), (PACK, 0.1, 0.007, 0)),
    "doors": ((CUT, 0.4, 0.012, 1), (PRESS, 0.5, 0.016, 1), (OVEN, 0.6, 0.012, 0), (PACK, 0.1, 0.008, 0)),
    "shelves": ((CUT, 0.2, 0.008, 0), (PACK, 0.1, 0.005, 0)),
    "custom": ((CUT, 0.8, 0.020, 1), (PRESS, 1.0, 0.020, 1), (OVEN, 0.8, 0.016, 0), (PACK, 0.3, 0.012, 0)),
}
_ALTERNATIVES: dict[str, tuple[str, float, tuple[Step, ...]]] = {
    "panels": ("oven", 40.0, ((CUT, 0.3, 0.010, 1), (OVEN, 0.8, 0.016, 0), (PACK, 0.1, 0.006, 0))),
    "frames": ("press", 25.0, ((CUT, 0.3, 0.014, 1), (PRESS, 0.6, 0.012, 0), (PACK, 0.1, 0.007, 0))),
    "doors": ("by-hand", 60.0, ((CUT, 0.8, 0.026, 1), (OVEN, 0.6, 0.012, 0), (PACK, 0.1, 0.008, 0))),
}
_AT_THE_DOCK: Step = (DOCK, 0.15, 0.004, 0)
PRODUCT_FAMILIES = tuple(_PREFERRED)


@dataclass(frozen=True, kw_only=True)
class GeneratedPlant:
    """What makes and ships the orders."""

    resources: tuple[Resource, ...]
    routings: tuple[Routing, ...]
    exceptions: tuple[CalendarException, ...]
    default_windows: tuple[DeliveryWindow, ...]

    def calendar(self) -> WorkCalendar:
        """The work calendar of the resources."""
        return WorkCalendar(
            resources={resource.resource_id: resource for resource in self.resources}, exceptions=self.exceptions
        )

    def preferred_routing(self, product_family: str) -> Routing:
        """The routing of a family that costs nothing extra."""
        return next(r for r in self.routings if r.product_family == product_family and not r.cost)


def generate_plant(
    options: CompanyOptions,
    orders: Iterable[Order],
    transit_days: Mapping[CustomerId, int],
    exceptions: tuple[CalendarException, ...],
) -> GeneratedPlant:
    """Resources and routings whose hours make the open order book a load near `options.target_load`.

    The run times, not the resources, are fitted: for each resource, the hours of the open orders that must leave the
    plant in the next two weeks, over its regular hours in them, come to the target load (a few points more for the
    press, fewer for what follows it).
    """
    raw = GeneratedPlant(
        resources=RESOURCES,
        routings=_routings(dict.fromkeys(_LOAD_BESIDE_TARGET, 1.0)),
        exceptions=exceptions,
        default_windows=DEFAULT_WINDOWS,
    )
    end = options.as_of + timedelta(days=_LOADED_DAYS - 1)
    due = [o for o in orders if o.is_plannable and o.due_date - timedelta(transit_days[o.customer_id]) <= end]
    load = load_by_resource(raw, due)
    days = [options.as_of + timedelta(days=index) for index in range(_LOADED_DAYS)]
    scale = {}
    for resource in RESOURCES:
        hours = sum(bucket.regular_hours for bucket in raw.calendar().buckets(resource.resource_id, days))
        target = (options.target_load + _LOAD_BESIDE_TARGET[resource.resource_id]) * hours
        used = load[resource.resource_id]
        scale[resource.resource_id] = target / used if used and target else 1.0
    return GeneratedPlant(
        resources=RESOURCES, routings=_routings(scale), exceptions=exceptions, default_windows=DEFAULT_WINDOWS
    )


def load_by_resource(plant: GeneratedPlant, orders: Iterable[Order]) -> dict[ResourceId, float]:
    """Hours that the orders need of each resource, made the preferred way."""
    hours = {resource.resource_id: 0.0 for resource in plant.resources}
    preferred = {family: plant.preferred_routing(family) for family in PRODUCT_FAMILIES}
    for order in orders:
        for step in preferred[order.product_family].steps:
            hours[step.resource_id] += step.hours_for(order.quantity)
    return hours


def _routings(scale: Mapping[ResourceId, float]) -> tuple[Routing, ...]:
    preferred = [_routing(family, "standard", 0.0, steps, scale) for family, steps in _PREFERRED.items()]
    other = [_routing(family, name, cost, steps, scale) for family, (name, cost, steps) in _ALTERNATIVES.items()]
    return tuple(sorted(preferred + other, key=lambda routing: (routing.product_family, routing.cost)))


def _routing(
    family: str, name: str, cost: float, steps: tuple[Step, ...], scale: Mapping[ResourceId, float]
) -> Routing:
    made = tuple(_step(step, scale, LoadAnchor.COMPLETION) for step in steps)
    shipped = _step(_AT_THE_DOCK, scale, LoadAnchor.SHIP)
    return Routing(routing_id=RoutingId(f"{family}-{name}"), product_family=family, cost=cost, steps=(*made, shipped))


def _step(step: Step, scale: Mapping[ResourceId, float], anchor: LoadAnchor) -> RoutingStep:
    resource_id, setup, run, offset = step
    return RoutingStep(
        resource_id=resource_id,
        setup_hours=round(setup * scale[resource_id], 4),
        hours_per_unit=round(run * scale[resource_id], 6),
        offset_days=offset,
        anchor=anchor,
        max_hours_per_day=_MOST_HOURS_PER_DAY,
    )


def generate_exceptions(options: CompanyOptions) -> tuple[CalendarException, ...]:
    """Public holidays of the plant's country, and maintenance: one resource a week, a morning each."""
    last_day = options.as_of + timedelta(days=400)
    years = range(options.history_start.year, last_day.year + 1)
    found = [day for day in sorted(_public_holidays(years).items()) if options.history_start <= day[0] <= last_day]
    closed = [CalendarException(day=day, kind=ExceptionKind.HOLIDAY, reason=reason) for day, reason in found]
    return tuple(closed) + tuple(_maintenance(options, last_day, {exception.day for exception in closed}))


def _public_holidays(years: range) -> dict[date, str]:
    import holidays  # noqa: PLC0415 - half a second that only the generator needs

    days = dict(holidays.country_holidays("DE", years=years, language="en_US"))
    return {day: str(name) for day, name in days.items()}


def _maintenance(options: CompanyOptions, last_day: date, closed: set[date]) -> Iterable[CalendarException]:
    random = Random(f"{options.seed}:maintenance")
    start = options.as_of - timedelta(days=options.as_of.weekday() + 28)
    for week in range((last_day - start).days // 7):
        day = start + timedelta(days=7 * week + random.randrange(5))
        resource = RESOURCES[(week + options.seed) % len(RESOURCES)]
        if day not in closed:
            yield CalendarException(
                day=day,
                kind=ExceptionKind.MAINTENANCE,
                resource_id=resource.resource_id,
                hours=float(random.choice((2, 4, 4, 6))),
                reason="planned maintenance",
            )
