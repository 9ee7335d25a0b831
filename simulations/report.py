"""The report of a study: one HTML file with figures and tables that opens without a network."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from cms import __version__
from simulations import figures
from simulations.conclusion import comparison_answer, sizing_answer, study_answer
from simulations.figures import Chart, label_of
from simulations.kept_replications import study_fingerprint
from simulations.measure_groups import MAIN_MEASURES
from simulations.scenario import Scenario
from simulations.scenario_demand import Arrivals
from simulations.scenario_file import scenario_document
from simulations.sensitivity import GridPoint
from simulations.sizing import Sizing
from simulations.statistics import Estimate, mser5_warm_up
from simulations.study import Comparison, Study
from simulations.tables import (
    Table,
    comparison_tables,
    difference_meaning,
    grid_table,
    interval_text,
    sizing_table,
    study_tables,
)

REPORT = "report.html"
STUDY_NOTE = (
    "A mean ± half-width says: with the confidence that is named, the true mean of the model lies in the interval. "
    "It says nothing about what the model leaves out. Differences are taken replication by replication under the same "
    "luck; where the interval of a difference holds 0, the model shows no difference."
)
_ARRIVALS = {
    Arrivals.TRACE: "the orders of the history; its luck is that of the plant and of added orders",
    Arrivals.BOOTSTRAP: "whole weeks of the history, drawn anew",
    Arrivals.FORECAST: "orders drawn from the forecast",
}
MOST_POINTS_DRAWN = 24
"""Points of a grid that a figure still shows readably; the table shows all."""


def write_report(folder: Path, page: str) -> Path:
    """Puts a report into its folder; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / REPORT
    path.write_text(page, encoding="utf-8")
    return path


def study_report(study: Study) -> str:
    """A study as an HTML page."""
    named = {study.scenario.name: study}
    charts = [*_shared_charts(named), figures.weekly_load(study), figures.order_desk_at_peak(study)]
    return render_page(
        title=study.scenario.name,
        question=study.scenario.question,
        answer=study_answer(study),
        cards=[_card(study.estimate(measure), measure) for measure in MAIN_MEASURES],
        charts=charts,
        tables_title="Every measure",
        tables=study_tables(study),
        facts=_facts(study),
    )


def comparison_report(comparison: Comparison) -> str:
    """A comparison as an HTML page."""
    first, second = comparison.first, comparison.second
    named = {first.scenario.name: first, second.scenario.name: second}
    shown = [measure for measure in MAIN_MEASURES if measure in comparison.differences]
    drawn = [measure for measure in shown if _differs(comparison.differences[measure])] or ["otif"]
    otif = {name: study.estimate("otif") for name, study in named.items()}
    return render_page(
        title=f"{second.scenario.name} against {first.scenario.name}",
        question=second.scenario.question,
        answer=comparison_answer(comparison),
        cards=[_difference_card(comparison.differences[measure], measure) for measure in shown],
        charts=[figures.paired_differences(comparison, drawn), figures.otif_by_scenario(otif), *_shared_charts(named)],
        tables_title="Every measure",
        tables=comparison_tables(comparison),
        facts=[*_facts(first), *((f"{name} ({second.scenario.name})", value) for name, value in _own_facts(second))],
    )


def sizing_report(scenario: Scenario, sizing: Sizing) -> str:
    """A sizing as an HTML page."""
    return render_page(
        title=f"{scenario.name}: how much {sizing.lever.value}?",
        question=scenario.question,
        answer=sizing_answer(sizing),
        cards=[],
        charts=[figures.service_by_level(sizing)],
        tables_title="Results",
        tables=[sizing_table(sizing)],
        facts=[("Scenario", scenario.name), ("Differs from the default in", _differences(scenario))],
    )


def grid_report(scenario: Scenario, points: Sequence[GridPoint], measures: Sequence[str]) -> str:
    """A grid as an HTML page."""
    otif = {_point_name(one): one.study.estimate("otif") for one in points}
    return render_page(
        title=f"{scenario.name}: sensitivity",
        question=scenario.question,
        answer=_spread(points, measures[0]),
        cards=[],
        charts=[figures.otif_by_scenario(otif)] if len(points) <= MOST_POINTS_DRAWN else [],
        tables_title="Results",
        tables=[grid_table(points, measures)],
        facts=_facts(points[0].study),
    )


def _shared_charts(named: Mapping[str, Study]) -> list[Chart]:
    return [
        figures.backlog_over_time(named),
        figures.tardiness_distribution(named),
        figures.utilization_by_resource(named),
        figures.utilization_by_resource(named, fullest_week=True),
        figures.hours_over_95_pct(named),
        figures.overtime_by_scenario(named),
    ]


def _card(found: Estimate, measure: str) -> dict[str, str]:
    label = label_of(measure)
    return {"title": label.title, "value": interval_text(label, found), "note": label.unit}


def _difference_card(found: Estimate, measure: str) -> dict[str, str]:
    label = label_of(measure)
    value = ("+" if found.mean > 0 else "") + interval_text(label, found)
    return {"title": label.title, "value": value, "note": f"{label.unit}: {difference_meaning(label, found)}"}


def _differs(found: Estimate) -> bool:
    return found.mean != 0 or found.half_width != 0


def _facts(study: Study) -> list[tuple[str, str]]:
    period, history = study.model.period, study.model.history
    run = study.scenario.run
    left_out = "; ".join(f"{reason}: {count:,}" for reason, count in history.left_out.items()) or "none"
    return [
        ("Orders", f"{len(history.orders):,} of {history.name}, {history.first_day} to {history.last_day}"),
        ("Left out of them", left_out),
        ("Each replication has", _ARRIVALS[study.scenario.demand.arrivals]),
        ("Simulated", f"{period.start} to {period.date(period.days - 1)}, {period.days} days"),
        ("Warm-up", f"{run.warm_up_days} days, not measured; MSER-5 of the backlog asks for {_mser5(study)}"),
        ("Replications", f"{len(study.results)}, seed {run.seed}, confidence {run.confidence:.0%}"),
        *_own_facts(study),
        ("Program", f"cms {__version__}"),
    ]


def _own_facts(study: Study) -> Iterator[tuple[str, str]]:
    yield "Differs from the default in", _differences(study.scenario)
    yield "Study", study_fingerprint(study.model)


def _mser5(study: Study) -> int:
    return mser5_warm_up(study.daily("backlog")[0].tolist())


def _differences(scenario: Scenario) -> str:
    """The keys of the scenario file that say something else than the default."""
    usual = dict(_flat(scenario_document(Scenario(name=scenario.name)), ""))
    own = dict(_flat(scenario_document(scenario), ""))
    changed = [f"{key} = {value}" for key, value in own.items() if usual.get(key) != value and key != "question"]
    return "; ".join(changed) or "nothing"


def _flat(document: Any, place: str) -> Iterable[tuple[str, str]]:
    if isinstance(document, Mapping):
        for key, value in document.items():
            yield from _flat(value, f"{place}.{key}" if place else key)
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from _flat(value, f"{place}[{number}]")
    else:
        yield place, document if isinstance(document, str) else json.dumps(document, default=str)


def _point_name(point: GridPoint) -> str:
    return ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in point.values.items())


def _spread(points: Sequence[GridPoint], measure: str) -> str:
    label = label_of(measure)
    ranked = sorted(points, key=lambda one: one.study.estimate(measure).mean)
    low, high = (
        f"{interval_text(label, one.study.estimate(measure))} at {_point_name(one)}" for one in (ranked[0], ranked[-1])
    )
    return f"{label.title} ({label.unit}) goes from {low} to {high}."


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("simulations"), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("report.html")


def render_page(*, note: str = STUDY_NOTE, tables: Sequence[Table], **values: Any) -> str:
    """The page of a report; `note` says how its figures are to be read."""
    page: str = _template().render(tables=tables, note=note, **values)
    return page
