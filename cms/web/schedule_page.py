"""The schedule page: one self-contained HTML file with the capacity heat map and the schedule by day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from cms.domain.customers import Customer, CustomerId
from cms.domain.metrics import utilization
from cms.domain.orders import Order, OrderId
from cms.domain.schedule import MasterSchedule, ResourceDay, ScheduledDelivery

_LEVELS = ((0.0001, 0), (0.5, 1), (0.7, 2), (0.85, 3), (0.95, 4), (1.0001, 5))


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatCell:
    """A resource's day on the heat map.

    Parameters
    ----------
    level : int
        0 (no load) to 6 (overtime); None in the template means: not a working day.
    """

    day: date
    level: int | None
    load_hours: float = 0.0
    regular_hours: float = 0.0
    overtime_hours: float = 0.0
    utilization_pct: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatRow:
    """A resource on the heat map, with its figures over the horizon."""

    resource_id: str
    cells: tuple[HeatCell, ...]
    utilization_pct: int
    overtime_hours: float


def render_schedule_page(
    schedule: MasterSchedule,
    *,
    orders: Mapping[OrderId, Order],
    customers: Mapping[CustomerId, Customer],
    reasons: Mapping[OrderId, str],
    quality_report: str | None,
    rendered_at: datetime,
) -> str:
    """The page as HTML that needs nothing from anywhere.

    Parameters
    ----------
    reasons : mapping of OrderId to str
        Why an order is late, where that is known.
    quality_report : str, optional
        Address of the data quality report, linked in the head.
    """
    environment = Environment(
        loader=PackageLoader("cms.web"), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["units"] = _units
    environment.filters["longday"] = lambda day: f"{day:%A} {day.day} {day:%B %Y}"
    late = sorted(
        (d for d in schedule.deliveries if d.tardiness_days > 0), key=lambda d: (-d.tardiness_days, d.order_id)
    )
    days = horizon_days(schedule)
    return environment.get_template("schedule.html").render(
        schedule=schedule,
        figures=key_figures(schedule),
        days=days,
        heat_rows=heat_rows(schedule, days),
        by_day=_by_day(schedule.deliveries),
        late=late,
        reasons=reasons,
        orders=orders,
        customers=customers,
        quality_report=quality_report,
        rendered_at=rendered_at,
    )


def horizon_days(schedule: MasterSchedule) -> list[date]:
    """The days of the heat map: from the plan's first day to the last day on which a resource works."""
    last = max((day.bucket_date for day in schedule.resource_days), default=schedule.as_of)
    return [schedule.as_of + timedelta(days=n) for n in range((last - schedule.as_of).days + 1)]


def heat_rows(schedule: MasterSchedule, days: Sequence[date]) -> list[HeatRow]:
    """One row for each resource, one cell for each day."""
    buckets = {(d.resource_id, d.bucket_date): d for d in schedule.resource_days}
    return [
        _heat_row(resource_id, [buckets.get((resource_id, day)) for day in days], days)
        for resource_id in sorted({d.resource_id for d in schedule.resource_days})
    ]


def _heat_row(resource_id: str, buckets: Sequence[ResourceDay | None], days: Sequence[date]) -> HeatRow:
    working = [bucket for bucket in buckets if bucket is not None]
    used = utilization(sum(b.load_hours for b in working), sum(b.regular_hours for b in working))
    return HeatRow(
        resource_id=resource_id,
        cells=tuple(_heat_cell(day, bucket) for day, bucket in zip(days, buckets, strict=True)),
        utilization_pct=_percent(used),
        overtime_hours=sum(b.overtime_hours for b in working),
    )


def _heat_cell(day: date, bucket: ResourceDay | None) -> HeatCell:
    if bucket is None:
        return HeatCell(day=day, level=None)
    used = utilization(bucket.load_hours, bucket.regular_hours)
    return HeatCell(
        day=day,
        level=next((level for limit, level in _LEVELS if used <= limit), 6),
        load_hours=bucket.load_hours,
        regular_hours=bucket.regular_hours,
        overtime_hours=bucket.overtime_hours,
        utilization_pct=_percent(used),
    )


def _percent(share: float) -> int:
    return round(min(share, 9.99) * 100)


def key_figures(schedule: MasterSchedule) -> list[tuple[str, str, str]]:
    """The schedule in a few figures: name, value, and what it is about."""
    scheduled = {d.order_id for d in schedule.deliveries}
    late_orders = {d.order_id for d in schedule.deliveries if d.tardiness_days > 0}
    on_time = 1 - len(late_orders) / len(scheduled) if scheduled else 1.0
    load = sum(d.load_hours for d in schedule.resource_days)
    regular = sum(d.regular_hours for d in schedule.resource_days)
    overtime = sum(d.overtime_hours for d in schedule.resource_days)
    return [
        ("Orders scheduled", f"{len(scheduled):,}", f"{len(schedule.deliveries):,} deliveries"),
        ("On time", f"{on_time:.1%}", "of the scheduled orders"),
        ("Late", f"{len(late_orders):,}", "orders after their due date"),
        ("Not scheduled", f"{len(schedule.unscheduled):,}", "each with its reason below"),
        ("Utilization", f"{utilization(load, regular):.0%}", "of the regular hours"),
        ("Overtime", f"{overtime:,.1f} h", "over the horizon"),
    ]


def _by_day(deliveries: Sequence[ScheduledDelivery]) -> list[tuple[date, list[ScheduledDelivery]]]:
    ordered = sorted(deliveries, key=lambda d: (d.delivery_date, d.window_start, d.customer_id, d.order_id, d.sequence))
    return [(day, list(group)) for day, group in groupby(ordered, key=lambda d: d.delivery_date)]


def _units(quantity: Decimal) -> str:
    return f"{quantity.normalize():,f}"
