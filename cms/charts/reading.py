"""Reads what the reviews show: from the warehouse of the settings, or from a practice system where there is none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from cms.application.explain_order import explain_late_orders, short_reason
from cms.application.standing_plan import standing_plan
from cms.bootstrap import System, open_system
from cms.charts.practice import practice_system
from cms.charts.quality_review import QualityReview
from cms.charts.schedule_review import ScheduleReview
from cms.domain.errors import InvalidValueError, NotFoundError, WarehouseError

AUTO, SANDBOX, WAREHOUSE = "auto", "sandbox", "warehouse"
PRACTICE_DAY = date(2026, 1, 5)
MOST_REASONS = 10
Review = TypeVar("Review")


def review_quality(
    source: str = AUTO, *, customers: int = 15, orders_per_month: int = 30, seed: int = 1, loads: int = 500
) -> QualityReview:
    """What the gate held back, by source and by the expectation that was broken.

    Parameters
    ----------
    source : str
        ``warehouse``; ``sandbox`` for a practice system; ``auto`` for the warehouse where it holds a load and a
        practice system otherwise.
    customers, orders_per_month, seed
        Of the practice system.
    loads : int
        How many loads are looked at, the newest first.

    Raises
    ------
    InvalidValueError
        `source` is none of these, or the warehouse has no load yet.
    WarehouseError
    """
    with _opened(source, _has_loads, customers, orders_per_month, seed) as (system, name):
        quality = system.warehouse.quality
        return QualityReview(
            name=name,
            loads=tuple(quality.loads(limit=loads)),
            waiting=tuple(quality.rows(limit=100_000)),
        )


def review_schedule(
    source: str = AUTO, *, customers: int = 15, orders_per_month: int = 30, seed: int = 1, reasons: int = MOST_REASONS
) -> ScheduleReview:
    """The published schedule, with the classes of its orders and why the latest of them are late.

    Parameters
    ----------
    source, customers, orders_per_month, seed
        As for `review_quality`; ``auto`` asks for a published schedule.
    reasons : int
        How many of the latest orders are explained.

    Raises
    ------
    InvalidValueError
        `source` is none of these, or nothing is published yet.
    WarehouseError
    """
    with _opened(source, _has_schedule, customers, orders_per_month, seed) as (system, name):
        published = system.warehouse.schedules.published()
        if published is None:
            raise NotFoundError("published schedule", name, "run: cms plan daily")
        orders = system.warehouse.orders.plannable_orders()
        late = explain_late_orders(standing_plan(system.planner), most=reasons)
        return ScheduleReview(
            name=name,
            schedule=published,
            priorities={order.order_id: order.priority for order in orders},
            reasons={order_id: short_reason(explanation) for order_id, explanation in late.items()},
        )


@contextmanager
def _opened(
    source: str, is_enough: Callable[[System], bool], customers: int, orders_per_month: int, seed: int
) -> Iterator[tuple[System, str]]:
    if source not in {AUTO, SANDBOX, WAREHOUSE}:
        raise InvalidValueError("source", f"must be {AUTO}, {SANDBOX} or {WAREHOUSE}", source)
    if source == WAREHOUSE or (source == AUTO and _is_ready(is_enough)):
        with open_system() as system:
            if not is_enough(system):
                rule = "must name a warehouse with loads and a published schedule"
                raise InvalidValueError("source", f"{rule}; run: cms sync orders, cms plan daily", source)
            yield system, "the warehouse"
        return
    with (
        TemporaryDirectory(prefix="cms-practice-") as folder,
        practice_system(
            Path(folder), as_of=PRACTICE_DAY, customers=customers, orders_per_month=orders_per_month, seed=seed
        ) as system,
    ):
        yield system, f"a generated company, {customers} customers"


def _is_ready(is_enough: Callable[[System], bool]) -> bool:
    """Whether there is a warehouse that holds what is needed; no warehouse is no error here."""
    with open_system() as system:
        try:
            return is_enough(system)
        except WarehouseError:
            return False


def _has_loads(system: System) -> bool:
    return bool(system.warehouse.quality.loads(limit=1))


def _has_schedule(system: System) -> bool:
    return system.warehouse.schedules.published_version() > 0
