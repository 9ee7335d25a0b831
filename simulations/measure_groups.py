"""Measures under headings, in the order in which people ask for them."""

from collections.abc import Iterable

_GROUPS = {
    "Service": ("orders", "otif", "mean_tardiness", "p95_tardiness", "max_tardiness"),
    "Flow": ("mean_flow", "p95_flow", "changes_per_order", "schedule_accuracy", "plans", "fence_releases"),
    "Open orders": ("mean_backlog", "max_backlog", "mean_past", "max_past", "mean_unscheduled", "max_unscheduled"),
    "Overtime": ("overtime_hours", "overtime_cost"),
    "Resources": ("utilization[", "peak_week_utilization[", "hours_over_95_pct[", "overtime_hours["),
    "Order desk": ("mean_desk", "p95_desk", "max_desk"),
}
MAIN_MEASURES = (
    "otif",
    "mean_tardiness_days",
    "max_past_due",
    "mean_backlog",
    "mean_flow_time_days",
    "changes_per_order",
    "overtime_hours",
    "overtime_cost",
    "max_desk_delay_seconds",
)
"""What a short answer names."""


def grouped_measures(measures: Iterable[str]) -> dict[str, list[str]]:
    """The measures by heading; those of a group stand in the order of its kinds, then as they came.

    Examples
    --------
    >>> grouped_measures(["overtime_hours[PRESS]", "otif", "utilization[PRESS]", "overtime_hours"])
    {'Service': ['otif'], 'Overtime': ['overtime_hours'], 'Resources': ['utilization[PRESS]', 'overtime_hours[PRESS]']}
    """
    placed: dict[tuple[str, int], list[str]] = {
        (heading, place): [] for heading, kinds in _GROUPS.items() for place in range(len(kinds))
    }
    for measure in measures:
        placed.setdefault(_place(measure), []).append(measure)
    found: dict[str, list[str]] = {}
    for (heading, _), members in placed.items():
        if members:
            found.setdefault(heading, []).extend(members)
    return found


def _place(measure: str) -> tuple[str, int]:
    for heading, kinds in _GROUPS.items():
        for place, kind in enumerate(kinds):
            whole = heading == "Overtime"
            if measure == kind if whole else measure.startswith(kind):
                return heading, place
    return "Other", 0
