"""What a replication saw: records, no statistics."""

from dataclasses import dataclass, field
from datetime import date

from cms.domain.orders import OrderType


@dataclass(kw_only=True, slots=True)
class OrderLife:
    """What became of an order; days are counted from the first of the run.

    Parameters
    ----------
    arrived_hours, known_hours : float
        When it was placed, and when the order desk had processed it; simulated hours.
    promised_day : int, optional
        The delivery day of its first plan.
    shipped_day, delivered_day : int, optional
        When the last of it left, and reached the customer; None: not by the end of the run.
    changes : int
        How often a plan moved its delivery after it had one.
    """

    order_id: str
    priority: int
    order_type: OrderType
    arrived_hours: float
    due_day: int
    known_hours: float | None = None
    promised_day: int | None = None
    shipped_day: int | None = None
    delivered_day: int | None = None
    changes: int = 0


@dataclass(kw_only=True, slots=True)
class DeskDay:
    """The most order events that waited at once on a day, and the longest delay of one that was processed."""

    backlog: int = 0
    delay_seconds: float = 0.0


@dataclass(kw_only=True, slots=True)
class Observations:
    """Everything that a replication recorded.

    Parameters
    ----------
    lives : list of OrderLife
        In order of arrival.
    desk_days : list of DeskDay
        By day.
    desk_delays : list of (day, seconds)
        Of every order event.
    plans : int
        How often the engine planned.
    fence_releases : int
        How often what was frozen no longer fitted, and the plan had to do without the fence.
    unscheduled : list of int
        By day: orders that the plan had no place for.
    """

    start: date
    days: int
    lives: list[OrderLife] = field(default_factory=list)
    desk_days: list[DeskDay] = field(default_factory=list)
    desk_delays: list[tuple[int, float]] = field(default_factory=list)
    plans: int = 0
    fence_releases: int = 0
    unscheduled: list[int] = field(default_factory=list)
