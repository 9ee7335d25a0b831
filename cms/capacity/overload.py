"""Finds where capacity is short: bottlenecks, and resources that stay nearly full for a long time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from cms.capacity.weekly_plan import WeeklyLoad
from cms.domain.metrics import utilization
from cms.domain.resources import ResourceId
from cms.domain.schedule import ResourceDay

NEARLY_FULL = 0.95
"""Above this utilization a plan has no room for what nobody planned."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bottleneck:
    """A resource that limits the plan.

    Parameters
    ----------
    mean_utilization : float
        Over all weeks of the plan: hours asked over regular hours.
    """

    resource_id: ResourceId
    mean_utilization: float
    peak_utilization: float
    peak_week: date


@dataclass(frozen=True, kw_only=True, slots=True)
class CapacityAlert:
    """A resource that stays above the limit for an extended period.

    Parameters
    ----------
    first, last : date
        Mondays of the first and last week, or the first and last day.
    count : int
        Weeks, or working days, in a row.
    unit : str
        ``weeks`` or ``working days``.
    """

    resource_id: ResourceId
    first: date
    last: date
    count: int
    unit: str
    peak_utilization: float

    def __str__(self) -> str:
        span = f"{self.count} {self.unit} in a row, {self.first} to {self.last}"
        return f"{self.resource_id} is over its limit for {span}; at most {self.peak_utilization:.0%}"


def bottlenecks(weeks: Iterable[WeeklyLoad]) -> list[Bottleneck]:
    """Every resource with any load, the one that limits the plan most first."""
    by_resource: dict[ResourceId, list[WeeklyLoad]] = {}
    for week in weeks:
        by_resource.setdefault(week.resource_id, []).append(week)
    found = [_bottleneck(own) for own in by_resource.values() if any(week.asked_hours > 0 for week in own)]
    return sorted(found, key=lambda b: (-b.mean_utilization, -b.peak_utilization, b.resource_id))


def weekly_alerts(
    weeks: Iterable[WeeklyLoad], *, limit: float = NEARLY_FULL, consecutive_weeks: int = 2
) -> list[CapacityAlert]:
    """Resources above `limit` for at least so many weeks in a row, by first week and resource.

    Examples
    --------
    >>> def week(monday: date, hours: float) -> WeeklyLoad:
    ...     return WeeklyLoad(resource_id=ResourceId("PRESS"), week_start=monday, regular_hours=80, overtime_hours=0,
    ...                       committed_hours=hours, expected_hours=0)
    >>> (alert,) = weekly_alerts([week(date(2026, 1, 5), 78), week(date(2026, 1, 12), 84), week(date(2026, 1, 19), 40)])
    >>> print(alert)
    PRESS is over its limit for 2 weeks in a row, 2026-01-05 to 2026-01-12; at most 105%
    """
    points = [(week.resource_id, week.week_start, week.utilization) for week in weeks]
    return _alerts(points, limit, consecutive_weeks, "weeks")


def daily_alerts(
    days: Iterable[ResourceDay], *, limit: float = NEARLY_FULL, consecutive_days: int = 5
) -> list[CapacityAlert]:
    """Resources above `limit` for at least so many working days in a row; days off do not end a row."""
    points = [
        (day.resource_id, day.bucket_date, utilization(day.load_hours, day.regular_hours))
        for day in days
        if day.regular_hours > 0 or day.load_hours > 0
    ]
    return _alerts(points, limit, consecutive_days, "working days")


def _bottleneck(weeks: Sequence[WeeklyLoad]) -> Bottleneck:
    peak = max(weeks, key=lambda week: (week.utilization, -week.week_start.toordinal()))
    asked, regular = sum(week.asked_hours for week in weeks), sum(week.regular_hours for week in weeks)
    return Bottleneck(
        resource_id=peak.resource_id,
        mean_utilization=utilization(asked, regular),
        peak_utilization=peak.utilization,
        peak_week=peak.week_start,
    )


def _alerts(
    points: Iterable[tuple[ResourceId, date, float]], limit: float, at_least: int, unit: str
) -> list[CapacityAlert]:
    found = []
    for (resource_id, is_over), run in groupby(sorted(points), key=lambda point: (point[0], point[2] > limit)):
        own = list(run)
        if is_over and len(own) >= at_least:
            found.append(
                CapacityAlert(
                    resource_id=resource_id,
                    first=own[0][1],
                    last=own[-1][1],
                    count=len(own),
                    unit=unit,
                    peak_utilization=max(used for _, _, used in own),
                )
            )
    return sorted(found, key=lambda alert: (alert.first, alert.resource_id))
