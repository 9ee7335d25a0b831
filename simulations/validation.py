"""Is the model right? Tardiness of a simulated history beside the tardiness that its customers saw."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cms.domain.errors import InvalidValueError
from simulations.order_history import History
from simulations.scenario import Scenario
from simulations.scenario_demand import Arrivals
from simulations.statistics import Estimate, estimate
from simulations.study import Progress, Study, no_progress, run_study

LATE_BY_DAYS = (7, 14, 30)
"""Beside the share of late orders, the shares of those that were later than this are compared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparedMeasure:
    """One figure, as it was and as the model has it.

    Parameters
    ----------
    actual : Estimate
        Over the orders of the history, taken as a sample of all that could have been.
    simulated : Estimate
        Over the replications.
    """

    measure: str
    actual: Estimate
    simulated: Estimate

    @property
    def difference(self) -> Estimate:
        """By how much the model exceeds the history; both are uncertain, and independent."""
        return Estimate(
            mean=self.simulated.mean - self.actual.mean,
            half_width=math.hypot(self.simulated.half_width, self.actual.half_width),
            level=self.simulated.level,
            replications=self.simulated.replications,
        )

    @property
    def agrees(self) -> bool:
        """Whether the interval of the difference holds 0: the history does not contradict the model."""
        return 0.0 in self.difference


@dataclass(frozen=True, kw_only=True)
class LatenessValidation:
    """What comparing a study with what happened says.

    Parameters
    ----------
    orders : int
        Of the history, delivered, and due in the measured part of the run.
    actual : mapping of int to int
        How many of them were so many calendar days late; 0: on time or early.
    compared : tuple of ComparedMeasure
        ``late_share``, ``late_share_over_7_days`` (14, 30), ``mean_tardiness_days``.
    largest_gap : Estimate
        Between the two distributions of tardiness, 0 to 1: over all days, the largest difference between the shares of
        orders that were at most so late (Kolmogorov and Smirnov).
    """

    study: Study
    orders: int
    actual: Mapping[int, int]
    compared: tuple[ComparedMeasure, ...]
    largest_gap: Estimate

    @property
    def agrees(self) -> bool:
        """Whether no figure contradicts the model."""
        return all(one.agrees for one in self.compared)

    def measure(self, name: str) -> ComparedMeasure:
        """A compared figure by its name.

        Raises
        ------
        InvalidValueError
            There is no such figure.
        """
        for one in self.compared:
            if one.measure == name:
                return one
        raise InvalidValueError("measure", f"must be one of {', '.join(one.measure for one in self.compared)}", name)

    def later_than(self, days: int) -> ComparedMeasure:
        """The share of orders that were more than `days` late: a point of the curve to draw."""
        return _compared(f"late_share_over_{days}_days", self.actual, self.study, lambda late: float(late > days))


def validate_lateness(
    history: History,
    scenario: Scenario,
    *,
    replications: int | None = None,
    processes: int | None = None,
    folder: Path | None = None,
    progress: Progress = no_progress,
) -> LatenessValidation:
    """Replays the history and compares the tardiness of its orders with what it was.

    The scenario has to replay the history as it was. For a fair test it takes the delays of transit from deliveries
    before the run alone (``transit.delays_before``).

    Raises
    ------
    InvalidValueError
        The scenario changes the demand, or no measured order of the history was delivered.
    StudyError
        The folder holds another study.
    """
    study = run_study(
        scenario, history, replications=replications, processes=processes, folder=folder, progress=progress
    )
    return compare_lateness(study)


def compare_lateness(study: Study) -> LatenessValidation:
    """The tardiness of the orders of a study beside that of the same orders in the history.

    Raises
    ------
    InvalidValueError
        The study changes the demand, or no measured order of the history was delivered.
    """
    _check_is_replay(study.scenario)
    actual = Counter(_actual_tardiness(study))
    if not actual:
        raise InvalidValueError("history", "must hold orders that were delivered and are due in the measured days", 0)
    measures: dict[str, Callable[[int], float]] = {"late_share": lambda late: float(late > 0)}
    for limit in LATE_BY_DAYS:
        measures[f"late_share_over_{limit}_days"] = lambda late, limit=limit: float(late > limit)  # type: ignore[misc]
    measures["mean_tardiness_days"] = float
    return LatenessValidation(
        study=study,
        orders=actual.total(),
        actual=dict(sorted(actual.items())),
        compared=tuple(_compared(name, actual, study, value) for name, value in measures.items()),
        largest_gap=_largest_gap(actual, study),
    )


def _check_is_replay(scenario: Scenario) -> None:
    demand = scenario.demand
    if demand.arrivals is not Arrivals.TRACE:
        raise InvalidValueError("demand.arrivals", "must be trace, to compare with what happened", demand.arrivals)
    changed = demand.factor != 1 or demand.family_factors or demand.peaks or demand.rush_waves or demand.new_customers
    if changed:
        raise InvalidValueError("demand", "must be that of the history, to compare with what happened", demand)


def _actual_tardiness(study: Study) -> list[int]:
    """Calendar days after the due date of every order that the run replays and measures, and that was delivered."""
    period, run = study.model.period, study.scenario.run
    return [
        max(0, (order.delivered_at.date() - order.due_date).days)
        for order in study.model.history.orders
        if order.delivered_at is not None
        and 0 <= period.hours(order.ordered_at) < 24 * period.days
        and run.warm_up_days <= period.index(order.due_date) < period.days
    ]


def _compared(name: str, actual: Mapping[int, int], study: Study, value: Callable[[int], float]) -> ComparedMeasure:
    level = study.scenario.run.confidence
    simulated = [_mean(result.tardiness, value) for result in study.results]
    return ComparedMeasure(
        measure=name,
        actual=estimate([value(late) for late in Counter(actual).elements()], level),
        simulated=estimate(simulated, level),
    )


def _mean(tardiness: Mapping[int, int], value: Callable[[int], float]) -> float:
    count = sum(tardiness.values())
    return math.fsum(value(late) * orders for late, orders in tardiness.items()) / count if count else 0.0


def _largest_gap(actual: Mapping[int, int], study: Study) -> Estimate:
    gaps = [_gap(actual, result.tardiness) for result in study.results]
    return estimate(gaps, study.scenario.run.confidence)


def _gap(first: Mapping[int, int], second: Mapping[int, int]) -> float:
    days = sorted({*first, *second})
    shares = [_shares_until(days, one) for one in (first, second)]
    return max((abs(a - b) for a, b in zip(*shares, strict=True)), default=0.0)


def _shares_until(days: Sequence[int], tardiness: Mapping[int, int]) -> list[float]:
    total, found = sum(tardiness.values()), 0
    shares = []
    for day in days:
        found += tardiness.get(day, 0)
        shares.append(found / total if total else 0.0)
    return shares
