"""What will customers order, and will the hours do? A forecast and the capacity that it needs, in words."""

from collections.abc import Sequence

from simulations.conclusion import Conclusion
from simulations.forecast import CapacityWeek, DemandForecast, FamilyForecast

LEAST_GAIN = 0.05
"""A forecast whose back-test error is not this much below that of the baseline is no better than it."""


def conclude_demand(forecast: DemandForecast, weeks: Sequence[CapacityWeek]) -> Conclusion:
    """Where demand goes, how far the forecast can be trusted, and which resources may run short."""
    short = [week for week in weeks if week.is_short]
    surely = [week for week in short if week.low_hours > week.regular_hours + week.overtime_hours]
    beaten = [family.product_family for family in forecast.families if _gain(family) >= LEAST_GAIN]
    families = len(forecast.families)
    answer = (
        f"{_total(forecast)} In {len(beaten)} of {families} product families the model beat the seasonal naive "
        f"baseline by {100 * LEAST_GAIN:g} % or more in the back-test; the better one of the two is used. "
    )
    return Conclusion(
        verdict="short" if short else "enough",
        answer=answer + _shortage(short, surely),
        recommendation=_recommendation(short, surely),
        facts=tuple((family.product_family, _fact(family)) for family in forecast.families),
        caution="" if beaten else "No model beat the naive baseline: plan with the whole interval, not with the mean.",
    )


def _gain(family: FamilyForecast) -> float:
    naive = family.naive.backtest.mean_absolute_error
    return 1 - family.smoothing.backtest.mean_absolute_error / naive if naive else 0.0


def _total(forecast: DemandForecast) -> str:
    weeks = len(forecast.families[0].best.weeks)
    coming = sum(week.mean for family in forecast.families for week in family.best.weeks) / weeks
    past = sum(count for family in forecast.families for _, count in family.history[-weeks:]) / weeks
    change = f"{100 * (coming / past - 1):+.0f} %" if past else "from none"
    return f"{coming:,.1f} orders a week are expected over the next {weeks} weeks, {change} on the last {weeks}."


def _shortage(short: Sequence[CapacityWeek], surely: Sequence[CapacityWeek]) -> str:
    if not short:
        return "No resource runs short, even at the upper end of the interval."
    resources = _resources(short)
    return (
        f"{len(short)} resource weeks may be short at the upper end of the interval ({resources}), "
        f"{len(surely)} of them even at the lower end."
    )


def _recommendation(short: Sequence[CapacityWeek], surely: Sequence[CapacityWeek]) -> str:
    if not short:
        return "No more hours are needed for the forecast demand."
    worst = max(short, key=lambda week: (week.high_hours - week.regular_hours - week.overtime_hours, week.resource_id))
    missing = worst.high_hours - worst.regular_hours - worst.overtime_hours
    when = f"{worst.resource_id} in the week of {worst.monday}, {missing:,.0f} hours at the upper end"
    if surely:
        return f"Add hours on {_resources(surely)} now: they are short whatever happens. The widest gap is {when}."
    return f"Prepare overtime, and watch orders: the widest possible gap is {when}."


def _resources(weeks: Sequence[CapacityWeek]) -> str:
    return ", ".join(sorted({week.resource_id for week in weeks}))


def _fact(family: FamilyForecast) -> str:
    best, week = family.best, family.best.weeks[0]
    interval = f"{week.low:,.1f} to {week.high:,.1f}"
    return (
        f"{week.mean:,.1f} orders in the week of {week.monday} ({interval}), by {best.method}; "
        f"error {100 * family.smoothing.backtest.error_share:.0f} % against "
        f"{100 * family.naive.backtest.error_share:.0f} % of the naive baseline"
    )
