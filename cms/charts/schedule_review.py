"""Today's schedule in figures: who is late, which resources are full, how good it is proved to be; and in words."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from cms.domain.metrics import utilization
from cms.domain.orders import OrderId
from cms.domain.resources import ResourceId
from cms.domain.schedule import MasterSchedule, ResourceDay
from simulations.conclusion import Conclusion

FULL = 0.95
"""From this utilization on a resource has no room left to recover in."""


@dataclass(frozen=True, kw_only=True)
class ScheduleReview:
    """A published schedule, and what is known of its orders.

    Parameters
    ----------
    name : str
        Whose schedule it is.
    priorities : mapping of OrderId to int
        Class of each open order; 1 is the highest.
    reasons : mapping of OrderId to str
        Why the latest orders are late, and what would help.
    """

    name: str
    schedule: MasterSchedule
    priorities: Mapping[OrderId, int]
    reasons: Mapping[OrderId, str]

    def late_orders(self) -> dict[OrderId, int]:
        """Days past due of each late order, the latest first."""
        late: dict[OrderId, int] = {}
        for delivery in self.schedule.deliveries:
            if delivery.tardiness_days > 0:
                late[delivery.order_id] = max(late.get(delivery.order_id, 0), delivery.tardiness_days)
        return dict(sorted(late.items(), key=lambda one: (-one[1], one[0])))

    def late_by_class(self) -> dict[int, tuple[int, int]]:
        """Late orders and all scheduled orders of each class."""
        orders = {delivery.order_id for delivery in self.schedule.deliveries}
        every = Counter(self.priorities[order] for order in orders if order in self.priorities)
        late = Counter(self.priorities[order] for order in self.late_orders() if order in self.priorities)
        return {priority: (late[priority], every[priority]) for priority in sorted(every)}

    def days_of(self, *, days: int) -> dict[ResourceId, list[ResourceDay]]:
        """The next days of each resource, in order."""
        end = self.schedule.as_of + timedelta(days=days)
        found: dict[ResourceId, list[ResourceDay]] = defaultdict(list)
        for day in sorted(self.schedule.resource_days, key=lambda one: (one.resource_id, one.bucket_date)):
            if self.schedule.as_of <= day.bucket_date < end:
                found[day.resource_id].append(day)
        return dict(found)

    def utilization_of(self, *, days: int) -> dict[ResourceId, float]:
        """Planned over regular hours of the next days, the fullest resource first."""
        usage = {
            resource: utilization(sum(day.load_hours for day in own), sum(day.regular_hours for day in own))
            for resource, own in self.days_of(days=days).items()
        }
        return dict(sorted(usage.items(), key=lambda one: (-one[1], one[0])))

    def markdown(self) -> str:
        """What was published, as a small table."""
        one = self.schedule
        orders = {delivery.order_id for delivery in one.deliveries}
        rows = [
            ("source", self.name),
            ("schedule", f"version {one.version} of {one.as_of}, {one.status}"),
            ("orders", f"{len(orders):,} in {len(one.deliveries):,} deliveries"),
            ("without a place", f"{len({entry.order_id for entry in one.unscheduled}):,}"),
        ]
        return "\n".join(["| review | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])

    def __repr__(self) -> str:
        return f"ScheduleReview({self.name}, version {self.schedule.version})"

    def _repr_markdown_(self) -> str:
        return self.markdown()


def conclude_schedule(review: ScheduleReview, *, days: int = 14) -> Conclusion:
    """Whether the schedule can be left as it is, and where to act first.

    Parameters
    ----------
    days : int
        How far ahead resources are looked at.
    """
    late, usage = review.late_orders(), review.utilization_of(days=days)
    orders = {delivery.order_id for delivery in review.schedule.deliveries}
    unscheduled = {entry.order_id for entry in review.schedule.unscheduled}
    full = {resource: share for resource, share in usage.items() if share >= FULL}
    answer = (
        f"{len(late):,} of {len(orders):,} orders come late{_worst(late)}, and {len(unscheduled):,} have no place in "
        f"the horizon. {_usage(usage, full, days)}"
    )
    is_good = not late and not unscheduled and not full
    return Conclusion(
        verdict="good" if is_good else "act",
        answer=answer,
        recommendation="Leave the schedule as it is." if is_good else _remedy(review, late, unscheduled, full, days),
        facts=_facts(review, usage),
        caution=_caution(review.schedule),
    )


def _worst(late: Mapping[OrderId, int]) -> str:
    if not late:
        return ""
    order, days = next(iter(late.items()))
    return f", {order} the latest by {days} days"


def _usage(usage: Mapping[ResourceId, float], full: Mapping[ResourceId, float], days: int) -> str:
    if not usage:
        return f"No resource works in the next {days} days."
    fullest = next(iter(usage))
    most = f"{fullest} is fullest in the next {days} days, {100 * usage[fullest]:.0f} % of its regular hours"
    return f"{most}; {len(full)} of {len(usage)} resources are {100 * FULL:g} % full or more."


def _remedy(
    review: ScheduleReview,
    late: Mapping[OrderId, int],
    unscheduled: set[OrderId],
    full: Mapping[ResourceId, float],
    days: int,
) -> str:
    parts = []
    if full:
        resource = next(iter(full))
        free = _free_overtime(review, resource, days)
        parts.append(f"Approve overtime on {resource}: {free:,.0f} hours of it are still free in the next {days} days.")
    urgent = [
        order for order in late if review.priorities.get(order, 99) == min(review.priorities.values(), default=99)
    ]
    told = urgent[0] if urgent else next(iter(late), None)
    if told is not None:
        reason = review.reasons.get(told)
        parts.append(f"Call the customer of {told} first{f' ({reason})' if reason else ''}.")
    if unscheduled:
        parts.append(f"Agree on later dates for {len(unscheduled):,} orders, first {min(unscheduled)}.")
    return " ".join(parts)


def _free_overtime(review: ScheduleReview, resource: ResourceId, days: int) -> float:
    own = review.days_of(days=days)[resource]
    return sum(max(0.0, day.available_overtime_hours - day.overtime_hours) for day in own)


def _facts(review: ScheduleReview, usage: Mapping[ResourceId, float]) -> tuple[tuple[str, str], ...]:
    classes = review.late_by_class()
    facts = [(f"late orders of class {one}", f"{late:,} of {every:,}") for one, (late, every) in classes.items()]
    facts += [
        (f"utilization of {resource}", f"{100 * share:.0f} % of regular hours") for resource, share in usage.items()
    ]
    facts += [
        (f"tier {tier.name}", f"{tier.value:,.2f}, no schedule below {tier.bound:,.2f}")
        for tier in review.schedule.tiers
    ]
    facts += [(f"why {order} is late", reason) for order, reason in review.reasons.items()]
    return tuple(facts)


def _caution(schedule: MasterSchedule) -> str:
    open_tiers = [tier.name for tier in schedule.tiers if tier.gap > 1e-6]
    if not open_tiers:
        return ""
    return f"The schedule is not proved best in: {', '.join(open_tiers)}; a longer search may find a better one."
