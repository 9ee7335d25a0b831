"""Weekly demand by product family: exponential smoothing with a seasonal naive baseline beside it, both back-tested."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cms.aggregation.order_loads import loads_on
from cms.domain.errors import ConfigurationError, InvalidValueError, NotFoundError
from cms.domain.resources import ResourceId
from simulations.arrival_process import WeeklyCount
from simulations.order_history import History, monday_of

WEEKS_A_YEAR = 52
SHORT_SEASON = 4
"""The season of a history that is too short for a yearly one: customers order by the month."""
FEWEST_WEEKS = 12
MOST_WEEKS = 104
SMOOTHING, NAIVE = "exponential smoothing", "seasonal naive"
Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class WeekForecast:
    """Orders of a week: mean, standard deviation, and the ends of the interval."""

    monday: date
    mean: float
    deviation: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Backtest:
    """How a method did on the past, forecasting from a rolling origin what was known already.

    Parameters
    ----------
    origins : int
        How many times it was asked.
    mean_absolute_error : float
        Orders a week.
    error_share : float
        Sum of absolute errors over sum of orders.
    coverage : float
        Share of the weeks that lay inside their interval; near the level is right.
    """

    origins: int
    mean_absolute_error: float
    error_share: float
    coverage: float


@dataclass(frozen=True, kw_only=True, slots=True)
class MethodForecast:
    """What one method says.

    Parameters
    ----------
    converged : bool
        Whether the fit found its optimum; the back-test says what it is worth either way.
    """

    method: str
    weeks: tuple[WeekForecast, ...]
    backtest: Backtest
    converged: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class FamilyForecast:
    """The demand of a product family.

    Parameters
    ----------
    history : tuple of (Monday, orders)
        Whole weeks.
    """

    product_family: str
    history: tuple[tuple[date, float], ...]
    smoothing: MethodForecast
    naive: MethodForecast

    @property
    def best(self) -> MethodForecast:
        """The method that did better on the past; the baseline where they are equal."""
        better = self.smoothing.backtest.mean_absolute_error < self.naive.backtest.mean_absolute_error
        return self.smoothing if better else self.naive


@dataclass(frozen=True, kw_only=True, slots=True)
class DemandForecast:
    """The demand of every product family.

    Parameters
    ----------
    level : float
        Of the intervals.
    season_weeks : int
        Length of the season that both methods assume.
    """

    families: tuple[FamilyForecast, ...]
    level: float
    season_weeks: int

    @property
    def largest_family(self) -> str:
        """The family with the most orders in the history; of equals the first by name."""
        return min(self.families, key=lambda one: (-sum(n for _, n in one.history), one.product_family)).product_family


@dataclass(frozen=True, kw_only=True, slots=True)
class CapacityWeek:
    """Hours of a resource that the forecast orders of a week need, beside what it has."""

    resource_id: ResourceId
    monday: date
    needed_hours: float
    low_hours: float
    high_hours: float
    regular_hours: float
    overtime_hours: float

    @property
    def is_short(self) -> bool:
        """Whether the upper end of the interval exceeds regular and overtime hours."""
        return self.high_hours > self.regular_hours + self.overtime_hours


def forecast_demand(history: History, *, weeks: int = 13, level: float = 0.9, origins: int = 6) -> DemandForecast:
    """The orders of each family and week after the history.

    Parameters
    ----------
    weeks : int
        How many weeks ahead.
    level : float
        Confidence of the intervals.
    origins : int
        Back-test origins: the last ones of the history that leave the past long enough.

    Raises
    ------
    InvalidValueError
        The history has fewer than 12 whole weeks, or an argument is impossible.
    """
    if not 1 <= weeks <= MOST_WEEKS:
        raise InvalidValueError("weeks", f"must be 1 to {MOST_WEEKS}", weeks)
    if not 0 < level < 1:
        raise InvalidValueError("level", "must be more than 0 and less than 1", level)
    if origins < 1:
        raise InvalidValueError("origins", "must be 1 or more", origins)
    mondays = _whole_weeks(history)
    if len(mondays) < FEWEST_WEEKS:
        raise InvalidValueError("history", f"must have {FEWEST_WEEKS} whole weeks for a forecast", len(mondays))
    season = WEEKS_A_YEAR if len(mondays) >= 2 * WEEKS_A_YEAR + FEWEST_WEEKS else SHORT_SEASON
    counts = _weekly_orders(history, mondays)
    coming = [mondays[-1] + timedelta(days=7 * (index + 1)) for index in range(weeks)]
    families = tuple(
        FamilyForecast(
            product_family=family,
            history=tuple(zip(mondays, series.tolist(), strict=True)),
            smoothing=_forecast(SMOOTHING, series, coming, season=season, level=level, origins=origins),
            naive=_forecast(NAIVE, series, coming, season=season, level=level, origins=origins),
        )
        for family, series in counts.items()
    )
    return DemandForecast(families=families, level=level, season_weeks=season)


def of_family(forecast: DemandForecast, product_family: str) -> DemandForecast:
    """The forecast of one family alone.

    Raises
    ------
    NotFoundError
        The history has no orders of that family.
    """
    found = tuple(family for family in forecast.families if family.product_family == product_family)
    if not found:
        known = ", ".join(family.product_family for family in forecast.families)
        raise NotFoundError("product family", product_family, f"there are: {known}")
    return replace(forecast, families=found)


def weekly_counts(forecast: DemandForecast, start: date) -> tuple[WeeklyCount, ...]:
    """The forecast as the arrival process draws from it: the better method of each family, from `start` on."""
    return tuple(
        WeeklyCount(week.monday, family.product_family, week.mean, week.deviation)
        for family in forecast.families
        for week in family.best.weeks
        if week.monday >= monday_of(start)
    )


def forecast_capacity(forecast: DemandForecast, history: History) -> tuple[CapacityWeek, ...]:
    """Hours that each resource needs for the orders of each forecast week, beside the hours it has in it.

    An order takes the mean hours of its family, made the cheapest way; families are taken as independent. Hours are
    counted in the week in which the order arrives.
    """
    per_order = {family.product_family: hours_per_order(history, family.product_family) for family in forecast.families}
    spread = NormalDist().inv_cdf(0.5 + forecast.level / 2)
    mondays = [week.monday for week in forecast.families[0].best.weeks]
    return tuple(
        _capacity_week(history, forecast, per_order, resource.resource_id, number, monday=monday, spread=spread)
        for resource in history.resources
        for number, monday in enumerate(mondays)
    )


def _capacity_week(
    history: History,
    forecast: DemandForecast,
    per_order: Mapping[str, Mapping[ResourceId, float]],
    resource: ResourceId,
    number: int,
    *,
    monday: date,
    spread: float,
) -> CapacityWeek:
    mean = variance = 0.0
    for family in forecast.families:
        week, hours = family.best.weeks[number], per_order[family.product_family].get(resource, 0.0)
        mean += week.mean * hours
        variance += (week.deviation * hours) ** 2
    buckets = history.calendar.buckets(resource, [monday + timedelta(days=day) for day in range(7)])
    half_width = spread * math.sqrt(variance)
    return CapacityWeek(
        resource_id=resource,
        monday=monday,
        needed_hours=mean,
        low_hours=max(0.0, mean - half_width),
        high_hours=mean + half_width,
        regular_hours=sum(bucket.regular_hours for bucket in buckets),
        overtime_hours=sum(bucket.overtime_hours for bucket in buckets),
    )


def hours_per_order(history: History, family: str) -> dict[ResourceId, float]:
    """Mean hours of each resource that an order of a family takes, made the cheapest way."""
    way = history.routings_of(family)[0]
    hours: dict[ResourceId, float] = {}
    orders = [order for order in history.orders if order.product_family == family]
    for order in orders:
        for load in loads_on(way, order.quantity):
            hours[load.resource_id] = hours.get(load.resource_id, 0.0) + load.hours / len(orders)
    return hours


def _whole_weeks(history: History) -> list[date]:
    """Mondays of the weeks that the history covers from Monday to Friday at least."""
    first = history.first_day + timedelta(days=-history.first_day.weekday() % 7)
    count = ((history.last_day - timedelta(days=4)) - first).days // 7 + 1
    return [first + timedelta(days=7 * index) for index in range(count)]


def _weekly_orders(history: History, mondays: Sequence[date]) -> dict[str, Floats]:
    places = {monday: index for index, monday in enumerate(mondays)}
    families = sorted({order.product_family for order in history.orders})
    counts = {family: np.zeros(len(mondays)) for family in families}
    for order in history.orders:
        place = places.get(monday_of(order.ordered_at.date()))
        if place is not None:
            counts[order.product_family][place] += 1
    return counts


def _forecast(
    method: str, series: Floats, coming: Sequence[date], *, season: int, level: float, origins: int
) -> MethodForecast:
    ahead = min(len(coming), 4)
    mean, deviation, converged = _predict(method, series, len(coming), season)
    spread = NormalDist().inv_cdf(0.5 + level / 2)
    weeks = tuple(
        WeekForecast(monday=day, mean=m, deviation=d, low=max(0.0, m - spread * d), high=m + spread * d)
        for day, m, d in zip(coming, mean.tolist(), deviation.tolist(), strict=True)
    )
    tested = _backtest(method, series, ahead, season, spread=spread, origins=origins)
    return MethodForecast(method=method, weeks=weeks, backtest=tested, converged=converged)


def _backtest(method: str, series: Floats, ahead: int, season: int, *, spread: float, origins: int) -> Backtest:
    errors, actuals, inside = [], [], []
    first = max(len(series) - ahead - origins + 1, min(2 * season, len(series) - ahead), 8)
    cuts = range(first, len(series) - ahead + 1)
    for cut in cuts:
        mean, deviation, _ = _predict(method, series[:cut], ahead, season)
        actual = series[cut : cut + ahead]
        errors.append(np.abs(actual - mean))
        inside.append(np.abs(actual - mean) <= spread * deviation)
        actuals.append(actual)
    total = float(np.sum(actuals))
    return Backtest(
        origins=len(cuts),
        mean_absolute_error=float(np.mean(errors)),
        error_share=float(np.sum(errors)) / total if total else 0.0,
        coverage=float(np.mean(inside)),
    )


def _predict(method: str, series: Floats, weeks: int, season: int) -> tuple[Floats, Floats, bool]:
    """Mean and standard deviation of the next weeks, not below 0, and whether the fit converged."""
    mean, deviation, converged = (_smoothing if method == SMOOTHING else _naive)(series, weeks, season)
    return np.maximum(mean, 0.0), deviation, converged


def _naive(series: Floats, weeks: int, season: int) -> tuple[Floats, Floats, bool]:
    """Each week as the same week of the last season, with the spread of the differences from season to season."""
    mean = np.array([series[len(series) - season + index % season] for index in range(weeks)])
    differences = series[season:] - series[:-season]
    deviation = float(np.sqrt(np.mean(differences**2)))
    return mean, deviation * np.sqrt(1 + np.arange(weeks) // season), True


def _smoothing(series: Floats, weeks: int, season: int) -> tuple[Floats, Floats, bool]:
    """Additive errors and a damped trend; a season where the history has at least two yearly ones."""
    try:
        import pandas as pd  # noqa: PLC0415 - a second that only forecasts need
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # noqa: PLC0415
    except ModuleNotFoundError:
        remedy = "install it: pip install 'customer-master-schedule[forecast]'"
        raise ConfigurationError((f"forecasts need statsmodels; {remedy}",)) from None

    seasonal = {"seasonal": "add", "seasonal_periods": season} if season == WEEKS_A_YEAR <= len(series) // 2 else {}
    model = ETSModel(
        pd.Series(series), error="add", trend="add", damped_trend=True, initialization_method="heuristic", **seasonal
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = model.fit(disp=False)
    # a fit that did not converge is told in the result, and judged by its back-test
    converged = not caught and bool(fitted.mle_retvals["converged"])
    predicted = fitted.get_prediction(start=len(series), end=len(series) + weeks - 1)
    deviation = np.sqrt(np.maximum(np.asarray(predicted.forecast_variance, dtype=np.float64), 0.0))
    return np.asarray(predicted.predicted_mean, dtype=np.float64), deviation, converged
