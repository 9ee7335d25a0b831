"""The service's JSON: the published schedule, one order, dates for a quote, and how the system is doing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from cms.application.quotes import QuoteRequest, quote_dates
from cms.application.system_status import SystemStatus
from cms.bootstrap import System
from cms.domain.customers import CustomerId
from cms.domain.errors import NotFoundError
from cms.domain.orders import Order, OrderId
from cms.domain.schedule import MasterSchedule, ScheduledDelivery, TierResult, UnscheduledOrder
from cms.web.background import BackgroundWorker
from cms.web.refusals import RefusedRequestError

_Name = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Asked = Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
_MISSING: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such thing."}}


@dataclass(frozen=True, kw_only=True)
class ScheduleAnswer:
    """The published schedule."""

    version: int
    as_of: date
    created_at: datetime
    status: str
    deliveries: tuple[ScheduledDelivery, ...]
    unscheduled: tuple[UnscheduledOrder, ...]
    tiers: tuple[TierResult, ...]


@dataclass(frozen=True, kw_only=True)
class HistoryLine:
    """What happened to an order in a schedule version."""

    changed_at: datetime
    schedule_version: int
    change_type: str
    old_delivery_date: date | None
    new_delivery_date: date | None
    reason_code: str


@dataclass(frozen=True, kw_only=True)
class OrderAnswer:
    """An order with its published deliveries, and how they came about."""

    order: Order
    deliveries: tuple[ScheduledDelivery, ...]
    unscheduled_reason: str | None
    history: tuple[HistoryLine, ...]


@dataclass(frozen=True, kw_only=True)
class QuotedDate:
    """A date that could be promised now."""

    delivery_date: date
    cost: float


@dataclass(frozen=True, kw_only=True)
class WorkerState:
    """A worker of this process."""

    name: str
    is_alive: bool
    rounds_failed: int
    last_error: str | None


@dataclass(frozen=True, kw_only=True)
class StatusAnswer:
    """How the system is doing, and this process."""

    system: SystemStatus
    workers: tuple[WorkerState, ...]


@dataclass(frozen=True, kw_only=True)
class Health:
    """Whether this process can do its work."""

    status: str


def json_api(system: System, workers: Sequence[BackgroundWorker]) -> APIRouter:
    """The addresses for programs."""
    router = APIRouter(tags=["schedule"])

    @router.get("/api/schedule", responses=_MISSING)
    def schedule(day: date | None = None) -> ScheduleAnswer:
        """The published schedule, or its deliveries of one day."""
        return _schedule_answer(published_schedule(system), day)

    @router.get("/api/orders/{order_id}", responses=_MISSING)
    def order(order_id: _Name) -> OrderAnswer:
        """One order."""
        return _order_answer(system, OrderId(order_id))

    @router.get("/api/quote", responses=_MISSING)
    def quote(
        customer: _Asked,
        family: _Asked,
        quantity: Annotated[Decimal, Query(gt=0, le=10_000_000, allow_inf_nan=False)],
        requested: date,
    ) -> tuple[QuotedDate, ...]:
        """The dates that could be promised now without moving anyone, the earliest first; nothing is reserved."""
        asked = QuoteRequest(
            customer_id=CustomerId(customer), product_family=family, quantity=quantity, requested_date=requested
        )
        promises = quote_dates(system.planner, asked)
        return tuple(QuotedDate(delivery_date=p.delivery_date, cost=round(p.cost, 2)) for p in promises)

    @router.get("/api/status")
    def status() -> StatusAnswer:
        """What waits, what failed, what is published."""
        return StatusAnswer(system=system.status(), workers=tuple(_state(worker) for worker in workers))

    @router.get("/healthz", responses={503: {"description": "A worker has ended, or the warehouse is away."}})
    def health() -> Health:
        """Whether the warehouse answers and the workers do their rounds."""
        system.warehouse.schedules.published_version()
        ended = [worker.name for worker in workers if not worker.is_alive]
        if ended:
            raise RefusedRequestError(503, "worker_ended", f"ended: {', '.join(ended)}; restart the service")
        return Health(status="ok")

    return router


def published_schedule(system: System) -> MasterSchedule:
    """The published schedule.

    Raises
    ------
    NotFoundError
        There is none yet.
    """
    published = system.warehouse.schedules.published()
    if published is None:
        raise NotFoundError("schedule", "published", "build one with: cms plan daily")
    return published


def _schedule_answer(published: MasterSchedule, day: date | None) -> ScheduleAnswer:
    return ScheduleAnswer(
        version=published.version,
        as_of=published.as_of,
        created_at=published.created_at,
        status=published.status,
        deliveries=tuple(d for d in published.deliveries if day is None or d.delivery_date == day),
        unscheduled=published.unscheduled,
        tiers=published.tiers,
    )


def _order_answer(system: System, order_id: OrderId) -> OrderAnswer:
    warehouse = system.warehouse
    names = HistoryLine.__dataclass_fields__
    return OrderAnswer(
        order=warehouse.orders.order(order_id),
        deliveries=warehouse.schedules.order_delivery(order_id),
        unscheduled_reason=warehouse.orders.unscheduled_reason(order_id),
        history=tuple(
            HistoryLine(**{name: line[name] for name in names}) for line in warehouse.schedules.history(order_id)
        ),
    )


def _state(worker: BackgroundWorker) -> WorkerState:
    return WorkerState(
        name=worker.name,
        is_alive=worker.is_alive,
        rounds_failed=worker.rounds_failed,
        last_error=worker.last_error if worker.rounds_failed else None,
    )
