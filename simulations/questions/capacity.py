"""How much capacity does the service target need? A sizing, in words."""

from simulations.conclusion import Conclusion
from simulations.figures.labels import label_of
from simulations.sizing import Lever, Sizing, SizingStep


def conclude_capacity(sizing: Sizing) -> Conclusion:
    """The smallest level that meets the target with confidence, or how far the largest one falls short of it."""
    label, target = label_of(sizing.target.measure), sizing.target
    goal = f"{label.title} of {label.factor * target.at_least:g} {label.unit}"
    sure = f"with {100 * target.confidence:g} % confidence"
    facts = tuple((_level(sizing, step), _service(sizing, step)) for step in sizing.tried)
    if sizing.chosen is None:
        best = max(sizing.tried, key=lambda step: step.level)
        return Conclusion(
            verdict="no level meets it",
            answer=f"Even {_level(sizing, best)} does not reach {goal} {sure}: it gives {label.text(best.service)}.",
            recommendation=_out_of_reach(sizing),
            facts=facts,
        )
    chosen = sizing.chosen
    return Conclusion(
        verdict=_verdict(sizing, chosen),
        answer=f"{_capital(_level(sizing, chosen))} is the smallest level tried that reaches {goal} {sure}: it gives "
        f"{label.text(chosen.service)}.",
        recommendation=_recommendation(sizing, chosen),
        facts=facts,
    )


def change_in_words(sizing: Sizing, level: float) -> str:
    """What a level means beside today's."""
    if sizing.lever is Lever.OVERTIME:
        return f"allow up to {level:g} hours of overtime a working day on {_resource(sizing)}"
    if level == 1:
        return f"leave the regular hours of {_resource(sizing)} as they are"
    word = "add" if level > 1 else "up to"
    tail = f"to the regular hours of {_resource(sizing)}" if level > 1 else f"of {_resource(sizing)} can be spared"
    return f"{word} {100 * abs(level - 1):.0f} % {tail}"


def _verdict(sizing: Sizing, chosen: SizingStep) -> str:
    if sizing.lever is Lever.OVERTIME:
        return f"overtime {chosen.level:g}"
    if chosen.level == 1:
        return "enough"
    return "add capacity" if chosen.level > 1 else "capacity to spare"


def _recommendation(sizing: Sizing, chosen: SizingStep) -> str:
    change = change_in_words(sizing, chosen.level)
    failed = [step for step in sizing.tried if not step.is_met and step.level < chosen.level]
    said = f"{_capital(change)}."
    if not failed:
        return f"{said} Nothing less was tried; it may do as well."
    last = max(failed, key=lambda step: step.level)
    return f"{said} Less does not do: at {_level(sizing, last)} it is {_text(sizing, last)}."


def _capital(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}"


def _out_of_reach(sizing: Sizing) -> str:
    first, last = sizing.tried[0], sizing.tried[-1]
    gain = last.service.mean - first.service.mean
    label = label_of(sizing.target.measure)
    if len(sizing.tried) > 1 and gain * label.factor < 1:
        levels = f"from {_level(sizing, first)} to {_level(sizing, last)}"
        return (
            f"Look elsewhere than at {sizing.lever.value}: {levels} it gains {label.factor * gain:.1f} points only. "
            f"Windows, lead times and transit keep the rest late."
        )
    elsewhere = "" if sizing.resource == "*" else " and other resources"
    return f"Try higher levels{elsewhere}, or agree on a lower target: it is out of reach of these levels."


def _resource(sizing: Sizing) -> str:
    return "every resource" if sizing.resource == "*" else f"the {sizing.resource}"


def _level(sizing: Sizing, step: SizingStep) -> str:
    if sizing.lever is Lever.OVERTIME:
        return f"overtime of up to {step.level:g} hours a day on {_resource(sizing)}"
    times = "today's hours" if step.level == 1 else f"{step.level:g} times today's hours"
    return f"{times} of {_resource(sizing)}"


def _text(sizing: Sizing, step: SizingStep) -> str:
    return label_of(sizing.target.measure).text(step.service)


def _service(sizing: Sizing, step: SizingStep) -> str:
    cost = f"overtime costs {step.overtime_cost.mean:,.0f} ± {step.overtime_cost.half_width:,.0f}"
    met = "met" if step.is_met else "not met"
    return f"{_text(sizing, step)}, {met}; {cost}"
