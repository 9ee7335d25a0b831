"""Which orders a scenario brings: where they come from, how many, how urgent, and when more."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from cms.domain.errors import InvalidValueError
from simulations.bounds import (
    MOST_TIMES,
    check_at_least_one,
    check_at_least_zero,
    check_at_most,
    check_days,
    check_factor,
    check_not_negative,
    check_positive,
    check_share,
)

Day: TypeAlias = date | int
"""A calendar date, or a number of days after the first day of the run (0 is that day)."""


class Arrivals(StrEnum):
    """Where the orders of a replication come from."""

    TRACE = "trace"
    BOOTSTRAP = "bootstrap"
    FORECAST = "forecast"


@dataclass(frozen=True, kw_only=True, slots=True)
class Peak:
    """Days on which demand is `factor` times as high.

    Parameters
    ----------
    product_family : str, optional
        None: all families.
    """

    start: Day
    days: int
    factor: float
    product_family: str | None = None

    def __post_init__(self) -> None:
        check_days("days", self.days)
        check_factor("factor", self.factor)


@dataclass(frozen=True, kw_only=True, slots=True)
class RushWave:
    """Days on which a share of the orders, drawn at random, turns into rush orders."""

    start: Day
    days: int
    share: float

    def __post_init__(self) -> None:
        check_days("days", self.days)
        check_share("share", self.share)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCustomer:
    """A customer won: orders like those of the history, on top of it.

    Parameters
    ----------
    start : date or int
        The first day of orders.
    product_family : str, optional
        None: any family.
    quantity_factor : float
        How much larger the quantities are than those of the orders they are like.
    """

    customer_id: str
    orders_per_week: float
    start: Day = 0
    product_family: str | None = None
    quantity_factor: float = 1.0
    transit_days: int = 1
    max_early_days: int = 5
    priority: int = 3

    def __post_init__(self) -> None:
        if not self.customer_id:
            raise InvalidValueError("customer_id", "must not be empty", self.customer_id)
        check_positive("orders_per_week", self.orders_per_week)
        check_at_most("orders_per_week", self.orders_per_week, 100_000)
        check_factor("quantity_factor", self.quantity_factor)
        check_at_least_one("priority", self.priority)
        check_at_least_zero("transit_days", self.transit_days)
        check_at_most("transit_days", self.transit_days, 366)
        check_at_least_zero("max_early_days", self.max_early_days)
        check_at_most("max_early_days", self.max_early_days, 366)


@dataclass(frozen=True, kw_only=True, slots=True)
class Demand:
    """Which orders come.

    Parameters
    ----------
    arrivals : Arrivals
        ``trace`` replays the history, ``bootstrap`` draws whole weeks of it with replacement, ``forecast`` draws the
        orders of each week and family from the forecast.
    factor : float
        Orders for each order of the history: less than 1 thins, more than 1 adds copies.
    jitter_days : float
        How far a copy lies from its original, at most, before or after.
    family_factors : mapping of str to float
        The order mix: a factor for single families, on top of `factor`.
    rush_share : float, optional
        Least share of rush orders; None: as in the history.
    rush_factor : float
        The share of rush orders over that of the history.
    rush_lead_days : int
        How soon after its arrival an order that turns into a rush order is due.
    """

    arrivals: Arrivals = Arrivals.TRACE
    factor: float = 1.0
    jitter_days: float = 2.0
    family_factors: Mapping[str, float] = field(default_factory=dict)
    rush_share: float | None = None
    rush_factor: float = 1.0
    rush_lead_days: int = 5
    peaks: tuple[Peak, ...] = ()
    rush_waves: tuple[RushWave, ...] = ()
    new_customers: tuple[NewCustomer, ...] = ()

    def __post_init__(self) -> None:
        check_factor("factor", self.factor)
        check_not_negative("jitter_days", self.jitter_days)
        check_at_most("jitter_days", self.jitter_days, 366)
        for family, factor in self.family_factors.items():
            check_not_negative(f"family_factors.{family}", factor)
            check_at_most(f"family_factors.{family}", factor, MOST_TIMES)
        if self.rush_share is not None:
            check_share("rush_share", self.rush_share)
        check_not_negative("rush_factor", self.rush_factor)
        check_at_most("rush_factor", self.rush_factor, MOST_TIMES)
        check_days("rush_lead_days", self.rush_lead_days)
