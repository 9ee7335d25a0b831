"""Can the model be believed? Its lateness beside that of the history, in words."""

from simulations.conclusion import Conclusion, percent, points
from simulations.figures.labels import label_of
from simulations.measures import BUSY
from simulations.replication import Model
from simulations.transit_delays import TransitDelays
from simulations.validation import ComparedMeasure, LatenessValidation

_TITLES = {
    "late_share": "late orders",
    "late_share_over_7_days": "more than 7 days late",
    "late_share_over_14_days": "more than 14 days late",
    "late_share_over_30_days": "more than 30 days late",
}


def conclude_validation(validation: LatenessValidation) -> Conclusion:
    """Whether the history contradicts the model, where, and what the model may then be used for."""
    late = validation.measure("late_share")
    against = [one for one in validation.compared if not one.agrees]
    gap = validation.largest_gap
    facts = [(_title(one.measure), _said(one)) for one in validation.compared]
    facts.append(("largest gap between the two distributions", percent(gap)))
    answer = (
        f"Late in fact: {percent(late.actual)} of {validation.orders:,} orders; simulated: {percent(late.simulated)}. "
    )
    if not against:
        return Conclusion(
            verdict="agrees",
            answer=answer + "No compared figure of the history contradicts the model.",
            recommendation="Use the model for questions about lateness, for this plant and span of time.",
            facts=tuple(facts),
        )
    named = ", ".join(_title(one.measure) for one in against)
    return Conclusion(
        verdict="differs",
        answer=answer + f"The history contradicts the model in: {named}.",
        recommendation=_remedy(against, validation),
        facts=tuple(facts),
        caution="Differences between two scenarios under the same luck suffer less than levels of lateness do.",
    )


def _title(measure: str) -> str:
    return _TITLES.get(measure) or label_of(measure).title.lower()


def _said(one: ComparedMeasure) -> str:
    if one.measure in _TITLES:
        return f"{percent(one.actual)} in fact, {percent(one.simulated)} simulated ({points(one.difference)})"
    factual, model = one.actual, one.simulated
    return (
        f"{factual.mean:.2f} ± {factual.half_width:.2f} days in fact, {model.mean:.2f} ± {model.half_width:.2f} "
        f"days simulated"
    )


def _remedy(against: list[ComparedMeasure], validation: LatenessValidation) -> str:
    study = validation.study
    usage = {n: study.estimate(n).mean for n in study.measures if n.startswith("utilization[")}
    fullest = max(usage, key=lambda name: (usage[name], name))
    resource = fullest[len("utilization[") : -1]
    first = against[0]
    if first.difference.mean < 0:
        return (
            f"Do not read absolute lateness from the model yet: it is too punctual ({_said(first)}). "
            f"{_what_is_missing(study.model, resource)}"
        )
    where = (
        f"Check the hours and run times of {resource} first, which the model fills"
        if usage[fullest] >= BUSY
        else f"Check the delays of transit first: the model fills its fullest resource, {resource}, only"
    )
    return (
        f"Do not read absolute lateness from the model yet: it is later than the plant was ({_said(first)}). "
        f"{where} to {100 * usage[fullest]:.0f} %."
    )


def _what_is_missing(model: Model, resource: str) -> str:
    transit = model.scenario.transit
    if transit.delays_before is not None:
        return (
            f"Delays from before {transit.delays_before} do not tell what came after: {_years(model.delays)}"
            f"take later deliveries as well."
        )
    known = "Beside the delays of transit, give it" if transit.delays_file else "Give it delays of past deliveries, and"
    return f"{known} the breakdowns and absence of {resource} that happened."


def _years(delays: TransitDelays | None) -> str:
    """How far the years of the delays lie apart, which no interval over replications knows."""
    if delays is None or len(delays.late_share_by_year) < 2:
        return ""
    shares = sorted((share, year) for year, share in delays.late_share_by_year.items())
    (low, first), (high, last) = shares[0], shares[-1]
    return (
        f"their own years differ from {100 * low:.1f} % late ({first}) to {100 * high:.1f} % ({last}), more than the "
        f"interval says, which takes the years for alike; "
    )
