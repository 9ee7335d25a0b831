"""The plant at work: what was started goes from resource to resource, is shipped, and reaches the customer."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import simpy

from simulations.observations import OrderLife
from simulations.plant_hours import ShiftHours
from simulations.station import Station, Work


class PlannedWork(NamedTuple):
    """Hours of a resource, by its place in the plant, that the plan has on a day."""

    day: int
    resource: int
    hours: float


@dataclass(kw_only=True, slots=True)
class MadeOrder:
    """An order that is being made: its luck, and what is left of it.

    Parameters
    ----------
    work_factor : float
        Actual over planned hours, scrap made again included.
    transit_delay_days : int
        How much longer than planned each of its deliveries is under way.
    transit_days : int
        Planned days to the customer.
    is_open_on : callable
        Whether the customer takes delivery on a day.
    deliveries_left : int
        What is started and not yet shipped, and what is not yet started of it.
    """

    life: OrderLife
    rank: tuple[int, int, int]
    work_factor: float
    transit_days: int
    transit_delay_days: int
    is_open_on: Callable[[int], bool]
    deliveries_left: int = 0


@dataclass(kw_only=True, slots=True, eq=False)
class Job:
    """One delivery of an order on its way through the plant.

    Parameters
    ----------
    stages : list of list of PlannedWork
        What is planned for the same day goes on side by side, as the time buckets of planning have it; a stage waits
        for the one before it, and for its day.
    """

    order: MadeOrder
    ship_day: int
    delivery_day: int
    stages: list[list[PlannedWork]]
    stage: int = 0
    left: int = 0
    done: set[PlannedWork] = field(default_factory=set)


class _Task(Work):
    __slots__ = ("job", "planned")

    def __init__(self, job: Job, planned: PlannedWork, on_done: Callable[["_Task"], None]) -> None:
        order = job.order
        super().__init__(planned.hours * order.work_factor, rank=(planned.day, *order.rank), on_done=on_done)
        self.job = job
        self.planned = planned


def stages_of(works: Iterable[PlannedWork]) -> list[list[PlannedWork]]:
    """Planned work by day."""
    stages: dict[int, list[PlannedWork]] = {}
    for work in sorted(works):
        stages.setdefault(work.day, []).append(work)
    return list(stages.values())


class Plant:
    """Stations for every resource, and the jobs that are between them."""

    def __init__(self, env: simpy.Environment, hours: Sequence[ShiftHours]) -> None:
        self._env = env
        self._stations = [Station(env, hours=one) for one in hours]
        self._waiting: dict[int, list[Job]] = {}
        self._active: dict[Job, None] = {}

    @property
    def today(self) -> int:
        """The simulated day."""
        return int(self._env.now // 24)

    def start(self, job: Job) -> None:
        """Takes on a job: from now on it is made as planned, whatever later plans say."""
        self._active[job] = None
        self._go_on(job)

    def release_due(self) -> None:
        """Lets the work begin that was planned for today."""
        for job in self._waiting.pop(self.today, []):
            self._submit(job)

    def promised_hours(self) -> Iterator[tuple[int, int, float]]:
        """Resource, day and planned hours of all that is started and not done; what is overdue counts for today."""
        today = self.today
        for job in self._active:
            for stage in job.stages[job.stage :]:
                for work in stage:
                    if work not in job.done:
                        yield work.resource, max(work.day, today), work.hours

    def _go_on(self, job: Job) -> None:
        if job.stage == len(job.stages):
            self._ship(job)
        elif job.stages[job.stage][0].day > self.today:
            self._waiting.setdefault(job.stages[job.stage][0].day, []).append(job)
        else:
            self._submit(job)

    def _submit(self, job: Job) -> None:
        works = job.stages[job.stage]
        job.left = len(works)
        for work in works:
            self._stations[work.resource].submit(_Task(job, work, self._done))

    def _done(self, task: _Task) -> None:
        job = task.job
        job.done.add(task.planned)
        job.left -= 1
        if job.left == 0:
            job.stage += 1
            self._go_on(job)

    def _ship(self, job: Job) -> None:
        del self._active[job]
        order, life = job.order, job.order.life
        left = max(job.ship_day, self.today)
        arrival = job.delivery_day if left == job.ship_day else left + order.transit_days
        delivered = arrival + order.transit_delay_days
        if delivered != job.delivery_day:
            delivered = _next_open(order, delivered)
        order.deliveries_left -= 1
        life.shipped_day = left if life.shipped_day is None else max(left, life.shipped_day)
        life.delivered_day = delivered if life.delivered_day is None else max(delivered, life.delivered_day)


def _next_open(order: MadeOrder, day: int) -> int:
    """The first day from `day` on that the customer takes delivery; `day` itself where none comes within 60 days."""
    return next((later for later in range(day, day + 60) if order.is_open_on(later)), day)
