"""Stages of the optimiser for tests: every slot takes part, and nothing is settled but what the test says."""

from typing import Any

import numpy as np

from cms.scheduling.demand import Demand
from cms.scheduling.linear import Stage


def a_stage(demand: Demand, **changes: Any) -> Stage:
    """Class 4 of all slots with all the hours of the plant; any slot may stay out and be as late as it likes."""
    regular, count = np.array(demand.tables.regular_hours), len(demand.slots)
    values: dict[str, Any] = {
        "priority": 4,
        "active": np.ones(count, dtype=np.bool_),
        "limits": (),
        "regular_hours": regular,
        "overtime_hours": np.array(demand.tables.total_hours) - regular,
        "overtime_rate": np.array(demand.tables.overtime_rate),
        "may_stay_out": np.ones(count, dtype=np.bool_),
        "most_days": np.full(count, np.inf),
    }
    return Stage(**values | changes)
