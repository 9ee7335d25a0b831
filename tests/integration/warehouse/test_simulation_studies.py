from dataclasses import replace
from datetime import timedelta

from cms.domain.studies import StudyFigure, StudyRecord
from cms.warehouse.warehouse import Warehouse
from tests.builders import MONDAY
from tests.integration.warehouse.loading import NOW

OTIF = StudyFigure(measure="otif", mean=0.953, half_width=0.0125, level=0.95, replications=10)
PRESS = StudyFigure(measure="utilization[PRESS]", mean=0.8, half_width=None, level=0.95, replications=1)
BASE = StudyRecord(
    study_id="a" * 64,
    scenario="base",
    question="How does it do today?",
    history="warehouse",
    first_day=MONDAY,
    days=126,
    warm_up_days=28,
    seed=2**40,
    replications=10,
    parameters='{"name": "base"}',
    figures=(OTIF, PRESS),
)
DIFFERENCE = replace(BASE, study_id="b" * 64, baseline_id=BASE.study_id, scenario="line_down", figures=(OTIF,))


def test_a_study_comes_back_as_it_was_recorded(warehouse: Warehouse) -> None:
    warehouse.simulations.record(BASE, now=NOW, actor="ann")

    assert warehouse.simulations.studies() == [BASE]


def test_the_last_recorded_study_comes_first_and_a_comparison_knows_its_baseline(warehouse: Warehouse) -> None:
    warehouse.simulations.record(BASE, now=NOW, actor="ann")
    warehouse.simulations.record(DIFFERENCE, now=NOW + timedelta(hours=1), actor="ann")

    assert warehouse.simulations.studies() == [DIFFERENCE, BASE]
    assert warehouse.simulations.studies(limit=1) == [DIFFERENCE]


def test_a_study_that_is_recorded_again_with_more_replications_replaces_itself(warehouse: Warehouse) -> None:
    surer = replace(BASE, replications=40, figures=(replace(OTIF, half_width=0.006, replications=40),))

    warehouse.simulations.record(BASE, now=NOW, actor="ann")
    warehouse.simulations.record(surer, now=NOW, actor="ann")

    assert warehouse.simulations.studies() == [surer]
