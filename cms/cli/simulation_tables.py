"""Prints what simulations and forecasts say: the answer in a sentence, then tables."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import typer

from cms.cli.output import print_table, print_text_table

if TYPE_CHECKING:
    from cms.domain.studies import StudyFigure, StudyRecord
    from simulations import Comparison, GridPoint, Sizing, Study
    from simulations.tables import Table


def print_study(study: "Study") -> None:
    """A study."""
    from simulations.conclusion import study_answer
    from simulations.tables import study_tables

    _print(study.scenario.question, study_answer(study), study_tables(study))


def print_comparison(comparison: "Comparison") -> None:
    """Two studies and their paired differences."""
    from simulations.conclusion import comparison_answer
    from simulations.tables import comparison_tables

    _print(comparison.second.scenario.question, comparison_answer(comparison), comparison_tables(comparison))


def print_sizing(sizing: "Sizing") -> None:
    """The level that was found, and the way to it."""
    from simulations.conclusion import sizing_answer
    from simulations.tables import sizing_table

    _print("", sizing_answer(sizing), [sizing_table(sizing)])


def print_grid(points: "Sequence[GridPoint]", measures: Sequence[str]) -> None:
    """Every point of a grid."""
    from simulations.tables import grid_table

    _print("", "", [grid_table(points, measures)])


def print_records(records: "Iterable[StudyRecord]") -> None:
    """Studies that the warehouse keeps, with their OTIF."""
    rows = [
        (
            one.scenario,
            "difference" if one.baseline_id else "study",
            one.first_day,
            one.days,
            one.replications,
            _otif(one.figures),
            one.study_id[:12],
        )
        for one in records
    ]
    print_table("Studies", ["scenario", "kind", "from", "days", "replications", "OTIF, %", "study"], rows)


def _otif(figures: "Iterable[StudyFigure]") -> str:
    from simulations.figures.labels import label_of
    from simulations.statistics import Estimate
    from simulations.tables import interval_text

    for one in figures:
        if one.measure == "otif":
            half = float("inf") if one.half_width is None else one.half_width
            found = Estimate(mean=one.mean, half_width=half, level=one.level, replications=one.replications)
            return interval_text(label_of("otif"), found)
    return "-"


def _print(question: str, answer: str, tables: "Iterable[Table]") -> None:
    for line in filter(None, (question, answer)):
        typer.echo(line)
    for table in tables:
        print_text_table(table.title, table.columns, table.rows)
