"""Every simulated morning: what the order desk let through is planned by the real engine, and today's work begins.

The fence holds because the engine holds it: what it planned yesterday is ``current`` today. What the plant has begun is
no longer planned; its hours are taken from the capacity.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from heapq import heappop, heappush

from cms.domain.horizon import PlanningHorizon
from cms.domain.orders import OrderId
from cms.scheduling import SchedulingProblem
from cms.scheduling.free_capacity import FULL_BUCKET_HOURS, remaining_hours
from cms.scheduling.problem import BucketHours, CurrentDelivery, OrderDemand, ResourceCapacity
from simulations.arrival_process import Period, SimulatedOrder
from simulations.demand_terms import DemandTerms
from simulations.morning_plan import PlannedDelivery, plan_morning
from simulations.observations import Observations, OrderLife
from simulations.order_history import History
from simulations.plant import Job, MadeOrder, Plant, stages_of
from simulations.plant_hours import KnownHours, ShiftHours
from simulations.scenario import Planning

_NO_HOURS = BucketHours(regular_hours=FULL_BUCKET_HOURS)


@dataclass(kw_only=True, slots=True)
class _OpenOrder:
    """An order that planning knows of and the plant has not begun."""

    order: SimulatedOrder
    made: MadeOrder
    demand: OrderDemand
    deliveries: list[PlannedDelivery] = field(default_factory=list)


class RollingHorizon:
    """Planning of one replication.

    Parameters
    ----------
    known : KnownHours
        The hours that planning counts on.
    shifts : sequence of ShiftHours
        The real hours of the resources, told how much overtime the plan needs.
    """

    def __init__(
        self,
        history: History,
        planning: Planning,
        terms: DemandTerms,
        period: Period,
        *,
        known: KnownHours,
        shifts: Sequence[ShiftHours],
        plant: Plant,
        observations: Observations,
    ) -> None:
        self._history, self._planning, self._terms, self._period = history, planning, terms, period
        self._known, self._shifts, self._plant, self._seen = known, shifts, plant, observations
        self._places = range(len(history.resources))
        self._open: dict[OrderId, _OpenOrder] = {}
        self._later: list[tuple[int, int, _OpenOrder]] = []
        self._learned = 0
        self._is_news = False

    def learn(self, order: SimulatedOrder, made: MadeOrder) -> None:
        """Takes in an order; it waits until a delivery in the horizon would be early enough for its customer."""
        self._await(order, made, order.quantity)
        self._is_news = True

    def begin_day(self, day: int) -> None:
        """Plans, where there is something to plan, and starts what is planned for today."""
        while self._later and self._later[0][0] <= day:
            entering = heappop(self._later)[2]
            self._open[entering.order.order_id] = entering
        if self._should_plan(day):
            self._plan(day)
        self._start(day)
        self._plant.release_due()
        self._seen.unscheduled.append(sum(not one.deliveries for one in self._open.values()))

    def _await(self, order: SimulatedOrder, made: MadeOrder, quantity: Decimal) -> None:
        made.deliveries_left += 1
        customer = self._terms.customers[order.customer_id]
        enters = self._period.index(order.due) - customer.max_early_days - self._planning.horizon_days + 1
        self._learned += 1
        waiting = _OpenOrder(order=order, made=made, demand=self._terms.demand(order, quantity))
        heappush(self._later, (enters, self._learned, waiting))

    def _should_plan(self, day: int) -> bool:
        """Every so many days; but a day on which nothing is new and nothing works changes no plan."""
        if not self._open or day % self._planning.replan_every_days:
            return False
        works = any(self._known.planned(number, day, day).total_hours for number in self._places)
        return works or self._is_news

    def _plan(self, day: int) -> None:
        self._is_news = False
        problem, taken = self._problem(day, self._planning.planning_time_fence_days)
        standing = {order_id: one.deliveries for order_id, one in self._open.items()}
        planned = plan_morning(problem, self._planning, today=day, standing=standing)
        if planned is None:
            # what a planner would do: plan once without the fence
            self._seen.fence_releases += 1
            problem, taken = self._problem(day, 0)
            planned = plan_morning(problem, self._planning, today=day, standing=standing) or {}
        self._seen.plans += 1
        for order_id, one in self._open.items():
            self._take_over(one, planned.get(order_id, []))
        self._approve_overtime(day, taken)

    def _problem(self, day: int, fence_days: int) -> tuple[SchedulingProblem, dict[tuple[int, int], float]]:
        """The engine's problem of the morning, and the hours that are taken by what was begun."""
        horizon = PlanningHorizon(
            as_of=self._period.date(day),
            horizon_days=self._planning.horizon_days,
            planning_time_fence_days=fence_days,
        )
        frozen = self._frozen_hours(day, fence_days)
        taken = self._taken_hours(day, frozen)
        customers = sorted({one.demand.customer_id for one in self._open.values()})
        problem = SchedulingProblem(
            horizon=horizon,
            holding_cost_per_hour_day=self._planning.holding_cost_per_hour_day,
            change_cost=self._planning.change_cost,
            holidays=frozenset(one for one in self._known.holidays if one in horizon),
            default_windows=self._terms.default_windows,
            resources=tuple(self._capacity(number, day, frozen, taken) for number in self._places),
            customers=tuple(self._terms.deliveries[customer] for customer in customers),
            orders=tuple(self._open[order_id].demand for order_id in sorted(self._open)),
        )
        return problem, taken

    def _capacity(
        self, number: int, day: int, frozen: dict[tuple[int, int], float], taken: dict[tuple[int, int], float]
    ) -> ResourceCapacity:
        resource = self._history.resources[number]
        buckets = {}
        for ahead in range(day, day + self._planning.horizon_days):
            hours = self._hours_left(number, ahead, day, frozen=frozen, taken=taken)
            if hours is not None:
                buckets[self._period.date(ahead)] = hours
        return ResourceCapacity(
            resource_id=resource.resource_id,
            overtime_cost_per_hour=resource.overtime_cost_per_hour,
            buckets=buckets,
        )

    def _hours_left(
        self,
        number: int,
        ahead: int,
        day: int,
        *,
        frozen: dict[tuple[int, int], float],
        taken: dict[tuple[int, int], float],
    ) -> BucketHours | None:
        """The hours of a bucket without those taken, but at least those frozen; None: it is no working bucket."""
        hours = self._known.planned(number, ahead, day)
        key = (number, ahead)
        if key in taken:
            hours = remaining_hours(hours, taken[key])
        short = frozen.get(key, 0.0) - hours.total_hours
        if short > 0:
            return BucketHours(regular_hours=hours.regular_hours + short, overtime_hours=hours.overtime_hours)
        if hours.total_hours > 0:
            return hours
        # an outage closes a working bucket, but offsets count over it: what is frozen stays where it is
        return _NO_HOURS if self._known.hours[number][ahead].total_hours > 0 else None

    def _frozen_hours(self, day: int, fence_days: int) -> dict[tuple[int, int], float]:
        """The hours of what is published inside the fence and not begun."""
        hours: dict[tuple[int, int], float] = {}
        for one in self._open.values():
            for delivery in one.deliveries:
                if delivery.completion_day < day + fence_days:
                    for work in delivery.works:
                        key = (work.resource, work.day)
                        hours[key] = hours.get(key, 0.0) + work.hours
        return hours

    def _taken_hours(self, day: int, frozen: dict[tuple[int, int], float]) -> dict[tuple[int, int], float]:
        """The hours of what is begun; what does not fit its day any more waits for the next days with free hours."""
        taken: dict[tuple[int, int], float] = {}
        for number, planned_day, hours in self._plant.promised_hours():
            key = (number, planned_day)
            taken[key] = taken.get(key, 0.0) + hours
        for number in self._places:
            late = 0.0
            for ahead in range(day, day + self._planning.horizon_days):
                key = (number, ahead)
                wanted = taken.get(key, 0.0) + late
                if not wanted:
                    continue
                room = self._known.planned(number, ahead, day).total_hours - frozen.get(key, 0.0)
                taken[key] = min(wanted, max(0.0, room))
                late = wanted - taken[key]
        return taken

    def _take_over(self, one: _OpenOrder, new: list[PlannedDelivery]) -> None:
        """What the engine planned becomes current; an order whose last delivery moved has changed."""
        if one.deliveries == new:
            return
        life = one.made.life
        before, after = (max((d.delivery_day for d in some), default=None) for some in (one.deliveries, new))
        if life.promised_day is None:
            life.promised_day = after
        else:
            life.changes += before != after
        one.deliveries = new
        one.demand = replace(one.demand, current=tuple(self._current(one.demand, delivery) for delivery in new))

    def _current(self, demand: OrderDemand, delivery: PlannedDelivery) -> CurrentDelivery:
        return CurrentDelivery(
            routing_id=demand.routings[delivery.routing].routing_id,
            completion_date=self._period.date(delivery.completion_day),
            delivery_date=self._period.date(delivery.delivery_day),
            quantity=delivery.quantity,
        )

    def _approve_overtime(self, day: int, taken: dict[tuple[int, int], float]) -> None:
        load = [taken.get((number, day), 0.0) for number in self._places]
        for one in self._open.values():
            for delivery in one.deliveries:
                for work in delivery.works:
                    if work.day == day:
                        load[work.resource] += work.hours
        for number, hours in enumerate(load):
            regular = self._known.planned(number, day, day).regular_hours
            self._shifts[number].approve(day, max(0.0, hours - regular))

    def _start(self, today: int) -> None:
        """Hands orders over to the plant whose first work is planned for today; a rest without a place stays open."""
        starting = [one for one in self._open.values() if any(d.first_day <= today for d in one.deliveries)]
        for one in starting:
            del self._open[one.order.order_id]
            one.made.deliveries_left += len(one.deliveries) - 1
            rest = Decimal(str(one.demand.quantity)) - sum(
                (Decimal(str(d.quantity)) for d in one.deliveries), Decimal()
            )
            if rest > 0:
                self._await(one.order, one.made, rest)
            for delivery in one.deliveries:
                self._plant.start(
                    Job(
                        order=one.made,
                        ship_day=delivery.delivery_day - one.made.transit_days,
                        delivery_day=delivery.delivery_day,
                        stages=stages_of(delivery.works),
                    )
                )


def made_order(
    order: SimulatedOrder,
    life: OrderLife,
    *,
    terms: DemandTerms,
    period: Period,
    holidays: frozenset[date],
    work_factor: float,
    transit_delay_days: int,
    number: int,
) -> MadeOrder:
    """An order as the plant and the road see it."""
    delivery = terms.deliveries[order.customer_id]
    windows: Iterable[int] = sorted({one.weekday for one in delivery.windows or terms.default_windows})
    weekdays = frozenset(windows)

    def is_open_on(day: int) -> bool:
        when = period.date(day)
        return when.weekday() in weekdays and when not in holidays and when not in delivery.blackout_dates

    return MadeOrder(
        life=life,
        rank=(order.priority, period.index(order.due), number),
        work_factor=work_factor,
        transit_days=delivery.transit_days,
        transit_delay_days=transit_delay_days,
        is_open_on=is_open_on,
    )
