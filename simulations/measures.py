"""From records to figures of one replication: service, flow, use of resources, nervousness, the order desk."""

from collections.abc import Iterator, Sequence

import numpy as np

from cms.domain.metrics import utilization
from cms.domain.resources import Resource
from simulations.observations import Observations, OrderLife
from simulations.plant_hours import ShiftHours
from simulations.results import ReplicationResult, Series

BUSY = 0.95
"""From this utilization on a day counts as overfull: there is no room left to recover in."""


def measure(
    scenario: str,
    replication: int,
    seen: Observations,
    resources: Sequence[Resource],
    shifts: Sequence[ShiftHours],
    *,
    warm_up_days: int,
) -> ReplicationResult:
    """The figures of a replication.

    Measured are the orders that were due after the warm-up and before the end of the run, and the days after the
    warm-up. An order that has not reached its customer by the end of the run counts as late from its due date to then.
    """
    due = [life for life in seen.lives if warm_up_days <= life.due_day < seen.days]
    late = tardiness_days(due, seen.days)
    daily = _daily(seen, resources, shifts)
    measures = dict(_service(due, late))
    measures |= _flow(due)
    measures |= dict(_stocks(daily, warm_up_days))
    measures |= dict(_resources(daily, resources, warm_up_days))
    measures |= _desk(seen, daily, warm_up_days)
    measures |= {"plans": float(seen.plans), "fence_releases": float(seen.fence_releases)}
    days, counts = np.unique(late, return_counts=True)
    return ReplicationResult(
        scenario=scenario,
        replication=replication,
        measures=measures,
        daily=daily,
        tardiness=dict(zip(days.astype(int).tolist(), counts.tolist(), strict=True)),
    )


def tardiness_days(lives: Sequence[OrderLife], days: int) -> Series:
    """Calendar days past due of each order; what is not delivered counts to the end of the run, but as late."""
    return np.array(
        [
            max(1, days - life.due_day) if life.delivered_day is None else max(0, life.delivered_day - life.due_day)
            for life in lives
        ],
        dtype=np.float64,
    )


def _service(due: Sequence[OrderLife], late: Series) -> Iterator[tuple[str, float]]:
    """On time in full per order, in all and by class, and the tardiness of all orders and of the late ones."""
    yield "orders", float(len(due))
    yield "otif", _mean(late == 0, otherwise=1.0)
    classes = np.array([life.priority for life in due], dtype=np.int64)
    for priority in np.unique(classes).tolist():
        yield f"otif[class {priority}]", _mean(late[classes == priority] == 0, otherwise=1.0)
    yield "mean_tardiness_days", _mean(late)
    yield "mean_tardiness_days_of_late", _mean(late[late > 0])
    yield "p95_tardiness_days", _quantile(late, 0.95)
    yield "max_tardiness_days", float(late.max(initial=0.0))


def _flow(due: Sequence[OrderLife]) -> dict[str, float]:
    flow = np.array([24.0 * life.delivered_day - life.arrived_hours for life in due if life.delivered_day is not None])
    kept = [life.delivered_day == life.promised_day for life in due if life.delivered_day is not None]
    return {
        "mean_flow_time_days": _mean(flow / 24),
        "p95_flow_time_days": _quantile(flow / 24, 0.95),
        "changes_per_order": _mean(np.array([life.changes for life in due], dtype=np.float64)),
        "schedule_accuracy": _mean(np.array(kept, dtype=np.float64), otherwise=1.0),
    }


def _daily(seen: Observations, resources: Sequence[Resource], shifts: Sequence[ShiftHours]) -> dict[str, Series]:
    lives = seen.lives
    arrived = np.array([int(life.arrived_hours // 24) for life in lives], dtype=np.int64)
    closed = np.array([seen.days if life.shipped_day is None else life.shipped_day for life in lives], dtype=np.int64)
    due = np.array([life.due_day for life in lives], dtype=np.int64)
    on_time = tardiness_days(lives, seen.days) == 0
    daily = {
        "arrived": _per_day(arrived, seen.days),
        "shipped": _per_day(closed, seen.days),
        "due": _per_day(due, seen.days),
        "on_time": _per_day(due[on_time], seen.days),
        "backlog": np.cumsum(_per_day(arrived, seen.days) - _per_day(closed, seen.days)),
        # past due from the day after the due date until it is shipped
        "past_due": np.cumsum(
            _per_day(np.clip(due + 1, 0, None)[closed > due], seen.days) - _per_day(closed[closed > due], seen.days)
        ),
        "unscheduled": np.array(seen.unscheduled, dtype=np.float64),
        "desk_backlog": np.array([day.backlog for day in seen.desk_days], dtype=np.float64),
        "desk_delay_seconds": np.array([day.delay_seconds for day in seen.desk_days]),
    }
    for resource, shift in zip(resources, shifts, strict=True):
        daily[f"regular_hours[{resource.resource_id}]"] = shift.regular
        daily[f"worked_hours[{resource.resource_id}]"] = shift.worked
        daily[f"overtime_hours[{resource.resource_id}]"] = shift.overtime_worked
    return daily


def _per_day(places: np.ndarray, days: int) -> Series:
    inside = places[(places >= 0) & (places < days)].astype(np.int64)
    return np.bincount(inside, minlength=days).astype(np.float64)


def _stocks(daily: dict[str, Series], warm_up_days: int) -> Iterator[tuple[str, float]]:
    for name in ("backlog", "past_due", "unscheduled"):
        series = daily[name][warm_up_days:]
        yield f"mean_{name}", _mean(series)
        yield f"max_{name}", float(series.max(initial=0.0))


def _resources(
    daily: dict[str, Series], resources: Sequence[Resource], warm_up_days: int
) -> Iterator[tuple[str, float]]:
    """Worked over regular hours: overtime can bring it over 1."""
    hours_in_all = cost = 0.0
    for resource in resources:
        name = resource.resource_id
        regular, worked, overtime = (
            daily[f"{kind}_hours[{name}]"][warm_up_days:] for kind in ("regular", "worked", "overtime")
        )
        hours = float(overtime.sum())
        yield f"utilization[{name}]", _ratio(float(worked.sum()), float(regular.sum()))
        yield f"peak_week_utilization[{name}]", _peak_week(worked, regular)
        yield f"hours_over_95_pct[{name}]", float(regular[worked > BUSY * regular].sum())
        yield f"overtime_hours[{name}]", hours
        hours_in_all += hours
        cost += hours * resource.overtime_cost_per_hour
    yield "overtime_hours", hours_in_all
    yield "overtime_cost", cost


def _ratio(worked: float, regular: float) -> float:
    """Utilization; hours worked on days without regular ones only are counted as full."""
    return utilization(worked, regular) if regular > 0 else float(worked > 0)


def _peak_week(worked: Series, regular: Series) -> float:
    weeks = range(0, len(worked) - 6, 7)
    return max((_ratio(float(worked[w : w + 7].sum()), float(regular[w : w + 7].sum())) for w in weeks), default=0.0)


def _desk(seen: Observations, daily: dict[str, Series], warm_up_days: int) -> dict[str, float]:
    delays = np.array([seconds for day, seconds in seen.desk_delays if day >= warm_up_days])
    return {
        "mean_desk_delay_seconds": _mean(delays),
        "p95_desk_delay_seconds": _quantile(delays, 0.95),
        "max_desk_delay_seconds": float(delays.max(initial=0.0)),
        "max_desk_backlog": float(daily["desk_backlog"][warm_up_days:].max(initial=0.0)),
    }


def _mean(values: np.ndarray, otherwise: float = 0.0) -> float:
    return float(values.mean()) if len(values) else otherwise


def _quantile(values: Series, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else 0.0
