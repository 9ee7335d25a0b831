"""What a schedule leaves free: its capacity ledger, and smaller problems over the hours that are left."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cms.capacity.ledger import BucketAccount, BucketKey, CapacityLedger, CapacityLoad, hours_by_bucket
from cms.domain.schedule import ScheduledLoad
from cms.scheduling.problem import BucketHours, OrderDemand, ResourceCapacity, SchedulingProblem
from cms.scheduling.recount import LocatedLoad, Recount, frozen_deliveries

FULL_BUCKET_HOURS = 1e-9
"""What a fully committed bucket keeps: it stays a working bucket, over which offsets are counted, but takes no work."""


def capacity_ledger(problem: SchedulingProblem, loads: Iterable[ScheduledLoad] = ()) -> CapacityLedger:
    """The ledger of a problem's resource-buckets with the loads of a schedule committed."""
    used: dict[BucketKey, float] = {}
    for load in loads:
        key = (load.resource_id, load.bucket_date)
        used[key] = used.get(key, 0.0) + load.hours
    accounts = {
        (resource.resource_id, day): BucketAccount(
            regular_hours=hours.regular_hours,
            overtime_hours=hours.overtime_hours,
            committed_hours=used.get((resource.resource_id, day), 0.0),
        )
        for resource in problem.resources
        for day, hours in resource.buckets.items()
    }
    return CapacityLedger(accounts=accounts)


def capacity_loads(loads: Iterable[ScheduledLoad]) -> list[CapacityLoad]:
    """The loads of a schedule as the capacity ledger books them."""
    return [CapacityLoad(load.resource_id, load.bucket_date, load.hours) for load in loads]


def booked_loads(located: Iterable[LocatedLoad]) -> list[CapacityLoad]:
    """Located loads as the capacity ledger books them, those that fall on a day."""
    return [CapacityLoad(x.load.resource_id, x.day, x.hours) for x in located if x.day is not None]


def over_free_capacity(
    problem: SchedulingProblem, ledger: CapacityLedger, orders: Sequence[OrderDemand]
) -> SchedulingProblem:
    """The problem of scheduling only these orders in what the ledger has free."""
    resources = tuple(_remaining(resource, ledger) for resource in problem.resources)
    return replace(problem, resources=resources, orders=tuple(orders))


def _remaining(resource: ResourceCapacity, ledger: CapacityLedger) -> ResourceCapacity:
    buckets = {
        day: remaining_hours(hours, ledger.account(resource.resource_id, day).committed_hours)
        for day, hours in resource.buckets.items()
    }
    return replace(resource, buckets=buckets)


def remaining_hours(hours: BucketHours, committed_hours: float) -> BucketHours:
    """The hours of a bucket that are left: what is committed takes regular hours first, then overtime.

    Examples
    --------
    >>> remaining_hours(BucketHours(regular_hours=8.0, overtime_hours=2.0), 9.0)
    BucketHours(regular_hours=0.0, overtime_hours=1.0)
    >>> remaining_hours(BucketHours(regular_hours=8.0), 8.0).total_hours == FULL_BUCKET_HOURS
    True
    """
    regular = max(0.0, hours.regular_hours - committed_hours)
    overtime = max(0.0, hours.overtime_hours - max(0.0, committed_hours - hours.regular_hours))
    if hours.total_hours > 0 and regular + overtime < FULL_BUCKET_HOURS:
        return BucketHours(regular_hours=FULL_BUCKET_HOURS)
    return BucketHours(regular_hours=regular, overtime_hours=overtime)


def hold_reserved(problem: SchedulingProblem, reserved: Iterable[CapacityLoad]) -> SchedulingProblem:
    """The problem with reserved loads taken out of its capacity, regular hours first: later plans leave them alone.

    What is frozen comes before what is reserved: a reservation never makes a frozen plan infeasible, it holds what is
    left. Reserved loads on days that are no longer planned hold nothing.
    """
    held = hours_by_bucket(reserved)
    if not held:
        return problem
    frozen = _frozen_hours(problem)
    resources = tuple(_held(resource, held, frozen) for resource in problem.resources)
    return replace(problem, resources=resources)


def held_hours(whole: SchedulingProblem, rest: SchedulingProblem) -> dict[BucketKey, float]:
    """What was taken out of a problem's capacity, by resource-bucket, where it was more than rounding."""
    held = {
        (resource.resource_id, day): round(hours.total_hours - left.buckets[day].total_hours, 6)
        for resource, left in zip(whole.resources, rest.resources, strict=True)
        for day, hours in resource.buckets.items()
    }
    return {key: hours for key, hours in held.items() if hours > 0}


def _held(
    resource: ResourceCapacity, held: Mapping[BucketKey, float], frozen: Mapping[BucketKey, float]
) -> ResourceCapacity:
    buckets = {}
    for day, hours in resource.buckets.items():
        key = (resource.resource_id, day)
        most = max(0.0, hours.total_hours - frozen.get(key, 0.0))
        buckets[day] = remaining_hours(hours, min(held.get(key, 0.0), most))
    return replace(resource, buckets=buckets)


def _frozen_hours(problem: SchedulingProblem) -> dict[BucketKey, float]:
    recount = Recount(problem=problem)
    return recount.hours(frozen for order in problem.orders for frozen in frozen_deliveries(problem, order))
