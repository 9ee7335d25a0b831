"""What happened in the invented years: working days, one planned version on each, and the life of every order."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

LAST_DAY = date(2026, 1, 5)
DAYS_AHEAD = 30
"""Working days that the last version plans ahead."""
LATEST_MOVE_DAYS = 2
RESOURCES = ("PRESS", "MILL", "OVEN", "PACK", "DOCK")
STEPS: tuple[tuple[tuple[str, float, int], ...], ...] = (
    (("PRESS", 1.0, 0), ("PACK", 0.5, 0)),
    (("MILL", 1.2, 1), ("OVEN", 0.8, 0)),
    (("PRESS", 0.9, 1), ("DOCK", 0.2, 0)),
    (("MILL", 0.7, 2), ("PRESS", 0.6, 1), ("PACK", 0.6, 0)),
    (("OVEN", 1.5, 0), ("PACK", 0.7, 0)),
    (("MILL", 1.3, 1), ("DOCK", 0.3, 0)),
)
"""By product family: resource, hours of 100 units, working days before completion."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """An order; days are numbers of working days, and the version planned on day n is number n + 1.

    Parameters
    ----------
    delivery, moved_from, moved_at : int
        The day of delivery in the end, the one planned at first, and the day whose version moved it.
    """

    number: int
    customer: int
    family: int
    quantity: int
    ordered: int
    delivery: int
    moved_from: int
    moved_at: int
    is_cancelled: bool

    @property
    def order_id(self) -> str:
        """Its id in every table."""
        return f"SO-{self.number:07d}"

    @property
    def customer_id(self) -> str:
        """Its customer."""
        return f"C{self.customer:05d}"

    @property
    def planned(self) -> int:
        """The day whose version schedules it first."""
        return self.ordered + 1

    def seen_on(self, day: int) -> int:
        """The day of delivery that the version of `day` has."""
        return self.moved_from if day < self.moved_at else self.delivery

    def loads(self, delivery: int) -> Iterator[tuple[str, int, float]]:
        """Resource, day and hours of its work, where it is delivered on day `delivery`."""
        for resource, hours, days_before in STEPS[self.family]:
            yield resource, delivery - 1 - days_before, round(0.25 + hours * self.quantity / 100, 4)


@dataclass(kw_only=True)
class Years:
    """The years: their working days, those ahead included, and their orders.

    Parameters
    ----------
    days : int
        Working days that were planned; the last of them is today.
    """

    dates: list[date]
    days: int
    customers: int
    orders: list[Order] = field(default_factory=list)

    @classmethod
    def of(cls, *, months: int, customers: int) -> "Years":
        """The years that end with `LAST_DAY`."""
        first = LAST_DAY - timedelta(days=round(months * 365.25 / 12))
        span = (first + timedelta(days=n) for n in range((LAST_DAY - first).days + 2 * DAYS_AHEAD))
        dates = [day for day in span if day.weekday() < 5 and (day.month, day.day) not in {(1, 1), (12, 25)}]
        return cls(dates=dates, days=dates.index(LAST_DAY) + 1, customers=customers)

    def instant(self, day: int, hour: int = 5) -> datetime:
        """An hour of a working day."""
        return datetime.combine(self.dates[day], time(hour), tzinfo=UTC)

    @property
    def scheduled(self) -> Iterator[Order]:
        """Orders that were planned."""
        return (order for order in self.orders if not order.is_cancelled)

    def orders_of_versions(self) -> Iterator[tuple[int, list[Order]]]:
        """Each day with the orders that its version delivers, in order of id."""
        starting: dict[int, list[Order]] = defaultdict(list)
        for order in self.scheduled:
            starting[order.planned].append(order)
        standing: list[Order] = []
        for day in range(self.days):
            standing = [order for order in standing if order.delivery >= day] + starting[day]
            yield day, standing

    @cached_property
    def committed_hours(self) -> dict[tuple[str, int], float]:
        """Hours by resource and day, as the version of that day has them, or the last one for the days ahead."""
        hours: dict[tuple[str, int], float] = defaultdict(float)
        today = self.days - 1
        for order in self.scheduled:
            for resource, day, needed in order.loads(order.seen_on(today)):
                hours[resource, day] += needed
        return hours
