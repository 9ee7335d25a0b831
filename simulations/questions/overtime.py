"""Overtime or more regular hours? Two ways to the same service, and what each costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cms.domain.errors import InvalidValueError
from simulations.conclusion import Conclusion, percent, points
from simulations.order_history import History
from simulations.scenario import Scenario
from simulations.scenario_plant import CapacityChange, OvertimePolicy
from simulations.statistics import Estimate
from simulations.study import Comparison, Progress, Study, compare_studies, no_progress, run_study


@dataclass(frozen=True, kw_only=True)
class OvertimeOrHire:
    """Overtime at today's hours against more regular hours without overtime.

    Parameters
    ----------
    factor : float
        Regular hours of every resource over today's, when hiring.
    is_as_good : bool
        Whether hiring reaches the OTIF of overtime, within the tolerance; else it is the best level that was tried.
    hired_hours : float
        Regular hours that hiring adds in the measured days.
    hour_cost : float
        Of a hired hour.
    """

    overtime: Study
    hiring: Study
    comparison: Comparison
    factor: float
    is_as_good: bool
    tolerance: float
    hired_hours: float
    hour_cost: float

    @property
    def overtime_cost(self) -> Estimate:
        """What overtime costs in the measured days."""
        return self.overtime.estimate("overtime_cost")

    @property
    def hiring_cost(self) -> float:
        """What the hired hours cost in the measured days: they are paid whether they are used or not."""
        return self.hired_hours * self.hour_cost

    @property
    def break_even_hour_cost(self) -> float:
        """Cost of a hired hour at which both cost the same; infinite where nobody has to be hired."""
        return self.overtime_cost.mean / self.hired_hours if self.hired_hours else float("inf")

    def costs(self) -> dict[str, Estimate]:
        """Cost of both ways, by name."""
        paid = self.overtime_cost
        hired = Estimate(mean=self.hiring_cost, half_width=0.0, level=paid.level, replications=paid.replications)
        return {"overtime": paid, f"hire, {self.factor:g} times the hours": hired}

    def otif(self) -> dict[str, Estimate]:
        """OTIF of both ways, by name."""
        return dict(zip(self.costs(), (self.overtime.estimate("otif"), self.hiring.estimate("otif")), strict=True))


def study_overtime_or_hire(
    history: History,
    scenario: Scenario,
    *,
    levels: Sequence[float],
    hour_cost: float,
    tolerance: float = 0.01,
    processes: int | None = None,
    progress: Progress = no_progress,
) -> OvertimeOrHire:
    """Finds the fewest regular hours without overtime that serve as well as overtime does today, by halving.

    Service grows with capacity under the same luck, so that half of the levels fall away with each one tried.

    Parameters
    ----------
    levels : sequence of float
        Factors of the regular hours of every resource to try.
    hour_cost : float
        Of a regular hour that is hired; more than 0.
    tolerance : float
        So much OTIF (0 to 1) hiring may lose and still count as good.

    Raises
    ------
    InvalidValueError
    """
    if not levels:
        raise InvalidValueError("levels", "must name at least one level", [])
    if not hour_cost > 0:
        raise InvalidValueError("hour_cost", "must be more than 0", hour_cost)
    overtime = run_study(replace(scenario, name="overtime"), history, processes=processes, progress=progress)
    rising = sorted(set(levels))
    tried: dict[int, Comparison] = {}
    low, high = 0, len(rising)
    while low < high:
        middle = (low + high) // 2
        hiring = run_study(_hiring(scenario, rising[middle]), history, processes=processes, progress=progress)
        tried[middle] = compare_studies(overtime, hiring)
        low, high = (low, middle) if _is_as_good(tried[middle], tolerance) else (middle + 1, high)
    place = min(low, len(rising) - 1)
    comparison, factor = tried[place], rising[place]
    return OvertimeOrHire(
        overtime=overtime,
        hiring=comparison.second,
        comparison=comparison,
        factor=factor,
        is_as_good=_is_as_good(comparison, tolerance),
        tolerance=tolerance,
        hired_hours=_hired_hours(overtime, factor),
        hour_cost=hour_cost,
    )


def _is_as_good(comparison: Comparison, tolerance: float) -> bool:
    return comparison.differences["otif"].low >= -tolerance


def conclude_overtime(choice: OvertimeOrHire) -> Conclusion:
    """Which of the two is cheaper at the same service, and at which cost of an hour that turns."""
    paid, hired = choice.overtime_cost, choice.hiring_cost
    difference = choice.comparison.differences["otif"]
    facts = (
        ("OTIF with overtime", percent(choice.overtime.estimate("otif"))),
        (f"OTIF with {choice.factor:g} times the hours, no overtime", percent(choice.hiring.estimate("otif"))),
        ("difference under the same luck", points(difference)),
        ("overtime cost", f"{paid.mean:,.0f} ± {paid.half_width:,.0f}"),
        ("hiring cost", f"{hired:,.0f} for {choice.hired_hours:,.0f} hours at {choice.hour_cost:g}"),
    )
    if not choice.is_as_good:
        return Conclusion(
            verdict="overtime",
            answer=f"No level that was tried serves as well without overtime: {choice.factor:g} times the regular "
            f"hours changes OTIF by {points(difference)}.",
            recommendation="Keep overtime, or try more than these levels of regular hours.",
            facts=facts,
        )
    return Conclusion(
        verdict=_cheaper(paid, hired),
        answer=f"Regular hours of {choice.factor:g} times today's without overtime serve at least as well (OTIF "
        f"{points(difference)}). Overtime costs {paid.mean:,.0f} ± {paid.half_width:,.0f} in the measured days, the "
        f"hired hours {hired:,.0f}.",
        recommendation=_recommendation(choice),
        facts=facts,
        caution="Hired hours are paid all year, overtime when it is needed: look at a quiet time of the year as well.",
    )


def _cheaper(paid: Estimate, hired: float) -> str:
    if hired in paid:
        return "no difference"
    return "hire" if hired < paid.mean else "overtime"


def _recommendation(choice: OvertimeOrHire) -> str:
    limit = choice.break_even_hour_cost
    turn = (
        f"It turns where a hired hour costs {limit:,.2f}." if limit < float("inf") else "Nobody has to be hired for it."
    )
    match _cheaper(choice.overtime_cost, choice.hiring_cost):
        case "hire":
            more = f"{100 * (choice.factor - 1):.0f} %"
            return f"Hire: raise regular hours by {more} and stop planning with overtime. {turn}"
        case "overtime":
            return f"Keep working overtime: hiring costs more for the same service. {turn}"
    return f"Cost does not decide: the hired hours cost what overtime costs, within its interval. {turn}"


def _hiring(scenario: Scenario, factor: float) -> Scenario:
    changes = (*scenario.plant.capacity, CapacityChange(capacity_factor=factor))
    plant = replace(scenario.plant, capacity=changes, overtime=OvertimePolicy.NEVER)
    return replace(scenario, name=f"hire, {factor:g} times the hours", plant=plant)


def _hired_hours(overtime: Study, factor: float) -> float:
    warm_up = overtime.scenario.run.warm_up_days
    first = overtime.results[0]
    regular = sum(
        float(series[warm_up:].sum()) for name, series in first.daily.items() if name.startswith("regular_hours[")
    )
    return max(0.0, factor - 1) * regular
