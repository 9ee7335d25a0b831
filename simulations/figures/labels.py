"""What measures are called in figures and tables, in which units, and which way is better."""

from dataclasses import dataclass

from simulations.statistics import Estimate


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasureLabel:
    """The words of a measure.

    Parameters
    ----------
    factor : float
        From the measure to the unit that is shown: 100 for shares in percent.
    more_is_better : bool, optional
        None: neither way, by itself.
    """

    title: str
    unit: str
    factor: float = 1.0
    more_is_better: bool | None = None

    @property
    def axis(self) -> str:
        """The label of an axis: title and unit."""
        return f"{self.title}, {self.unit}"

    def text(self, found: Estimate) -> str:
        """The estimate in its unit, with its interval.

        Examples
        --------
        >>> label_of("otif").text(Estimate(mean=0.953, half_width=0.012, level=0.95, replications=10))
        '95.3 ± 1.2 % of orders'
        """
        return f"{self.factor * found.mean:,.1f} ± {self.factor * found.half_width:,.1f} {self.unit}"


_LABELS = {
    "orders": MeasureLabel(title="Orders measured", unit="orders"),
    "otif": MeasureLabel(title="OTIF", unit="% of orders", factor=100, more_is_better=True),
    "mean_tardiness_days": MeasureLabel(title="Mean tardiness", unit="days", more_is_better=False),
    "mean_tardiness_days_of_late": MeasureLabel(
        title="Mean tardiness of late orders", unit="days", more_is_better=False
    ),
    "p95_tardiness_days": MeasureLabel(title="Tardiness, 95th percentile", unit="days", more_is_better=False),
    "max_tardiness_days": MeasureLabel(title="Longest tardiness", unit="days", more_is_better=False),
    "mean_flow_time_days": MeasureLabel(title="Mean flow time", unit="days", more_is_better=False),
    "p95_flow_time_days": MeasureLabel(title="Flow time, 95th percentile", unit="days", more_is_better=False),
    "changes_per_order": MeasureLabel(title="Schedule changes", unit="changes per order", more_is_better=False),
    "schedule_accuracy": MeasureLabel(
        title="Delivered on the day first promised", unit="% of orders", factor=100, more_is_better=True
    ),
    "mean_backlog": MeasureLabel(title="Mean backlog", unit="open orders", more_is_better=False),
    "max_backlog": MeasureLabel(title="Highest backlog", unit="open orders", more_is_better=False),
    "mean_past_due": MeasureLabel(title="Mean past due", unit="orders", more_is_better=False),
    "max_past_due": MeasureLabel(title="Highest past due", unit="orders", more_is_better=False),
    "mean_unscheduled": MeasureLabel(title="Mean unscheduled", unit="orders", more_is_better=False),
    "max_unscheduled": MeasureLabel(title="Most unscheduled", unit="orders", more_is_better=False),
    "utilization": MeasureLabel(title="Utilization", unit="% of regular hours", factor=100),
    "peak_week_utilization": MeasureLabel(
        title="Utilization in the fullest week", unit="% of regular hours", factor=100
    ),
    "hours_over_95_pct": MeasureLabel(title="Hours on days over 95 %", unit="hours", more_is_better=False),
    "overtime_hours": MeasureLabel(title="Overtime", unit="hours", more_is_better=False),
    "overtime_cost": MeasureLabel(title="Overtime cost", unit="money", more_is_better=False),
    "mean_desk_delay_seconds": MeasureLabel(title="Mean order-desk delay", unit="seconds", more_is_better=False),
    "p95_desk_delay_seconds": MeasureLabel(
        title="Order-desk delay, 95th percentile", unit="seconds", more_is_better=False
    ),
    "max_desk_delay_seconds": MeasureLabel(title="Longest order-desk delay", unit="seconds", more_is_better=False),
    "max_desk_backlog": MeasureLabel(title="Highest order-desk backlog", unit="events", more_is_better=False),
    "plans": MeasureLabel(title="Plans", unit="plans"),
    "fence_releases": MeasureLabel(title="Plans that had to open the fence", unit="plans", more_is_better=False),
}


def label_of(measure: str) -> MeasureLabel:
    """The words of a measure; one of a resource or a class bears its name, one that is unknown speaks for itself.

    Examples
    --------
    >>> label_of("utilization[PRESS]").axis
    'Utilization of PRESS, % of regular hours'
    >>> label_of("otif[class 1]").title
    'OTIF of class 1'
    """
    name, _, part = measure.partition("[")
    known = _LABELS.get(name)
    if known is None:
        return MeasureLabel(title=measure.replace("_", " "), unit="as measured")
    if not part:
        return known
    return MeasureLabel(
        title=f"{known.title} of {part.rstrip(']')}",
        unit=known.unit,
        factor=known.factor,
        more_is_better=known.more_is_better,
    )
