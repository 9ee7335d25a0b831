"""The figures of studies, forecasts and validations: one function a figure, data in, `Chart` out.

Every figure names its units, shows the confidence interval of what it shows, and can be read in grey: series differ in
lightness, marker and line, never in hue alone. ``from simulations import figures`` brings them; matplotlib is loaded
then, not with `simulations`, so that the processes of a study do without it.
"""

from simulations.figures.canvas import Chart
from simulations.figures.demand import capacity_weeks, demand_forecast
from simulations.figures.flow import backlog_over_time, order_desk_at_peak
from simulations.figures.labels import MeasureLabel, label_of
from simulations.figures.levels import cost_and_otif, nervousness_by_fence, service_by_level
from simulations.figures.resources import (
    hours_over_95_pct,
    overtime_by_scenario,
    utilization_by_resource,
    weekly_load,
)
from simulations.figures.service import (
    otif_by_scenario,
    paired_differences,
    simulated_against_actual_lateness,
    tardiness_distribution,
)

__all__ = [
    "Chart",
    "MeasureLabel",
    "backlog_over_time",
    "capacity_weeks",
    "cost_and_otif",
    "demand_forecast",
    "hours_over_95_pct",
    "label_of",
    "nervousness_by_fence",
    "order_desk_at_peak",
    "otif_by_scenario",
    "overtime_by_scenario",
    "paired_differences",
    "service_by_level",
    "simulated_against_actual_lateness",
    "tardiness_distribution",
    "utilization_by_resource",
    "weekly_load",
]
