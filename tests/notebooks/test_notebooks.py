"""Every notebook, executed in a kernel at a tiny size: the conclusion follows from the data."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cms.bootstrap import System
from cms.notebook_runs import NotebookRun, find_notebook, run_notebook
from cms.notebook_runs.parameters import Value
from simulations import forecast_demand, open_history
from tests.small_system import small_system

FOLDER = Path(__file__).parents[2] / "notebooks"
COMPANY: dict[str, Value] = {"source": "sandbox", "customers": 8, "orders_per_month": 25}
SHORT: dict[str, Value] = COMPANY | {"warm_up_days": 14, "replications": 2, "processes": 1}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with small_system(tmp_path_factory.mktemp("small")) as system:
        yield system


@pytest.fixture
def settings(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of the small system, for kernels to find."""
    for variable, value in system.environment.items():
        monkeypatch.setenv(variable, value)


def run(name: str, values: dict[str, Value], output: Path) -> NotebookRun:
    done = run_notebook(find_notebook(name, FOLDER), values, output=output)
    page = done.page.read_text(encoding="utf-8")
    assert "<svg" in page
    assert "<script" not in page
    assert 'src="http' not in page
    assert 'href="http' not in page
    assert "**Answer.**" in done.conclusion
    assert "**Recommendation.**" in done.conclusion
    return done


def test_01_names_the_share_of_late_orders_and_what_follows(tmp_path: Path) -> None:
    done = run("validate_against_history", SHORT | {"days": 42}, tmp_path)

    agrees = "No compared figure of the history contradicts the model" in done.conclusion
    assert ("Use the model for questions about lateness" in done.conclusion) is agrees
    assert "Late in fact: " in done.conclusion


def test_02_finds_the_level_at_which_nothing_is_late(tmp_path: Path) -> None:
    done = run("capacity_planning", SHORT | {"days": 42, "levels": [0.05, 5.0], "target": 0.5}, tmp_path)

    assert "5 times today's hours of every resource is the smallest level tried" in done.conclusion
    assert "Add 400 % to the regular hours of every resource" in done.conclusion


def test_03_finds_the_peak_week_of_the_history(tmp_path: Path) -> None:
    done = run("03", SHORT | {"levels": [1.0, 5.0]}, tmp_path)

    history = open_history("sandbox", customers=8, orders_per_month=25, load=0.75)
    monday, orders = history.peak_week()
    assert f"The peak is the week of {monday}: {orders} orders" in done.conclusion


def test_04_says_at_which_cost_of_an_hour_it_turns(tmp_path: Path) -> None:
    dear = SHORT | {"days": 42, "levels": [5.0], "hour_cost": 1e6}

    done = run("overtime_or_hire", dear, tmp_path)

    assert "Keep working overtime: hiring costs more" in done.conclusion
    assert "It turns where a hired hour costs" in done.conclusion


def test_05_recommends_one_of_the_fences_that_were_tried(tmp_path: Path) -> None:
    done = run("fence_and_nervousness", SHORT | {"days": 42, "fence_days": [0, 7]}, tmp_path)

    keeps, sets = "Keep a fence of 0 days" in done.conclusion, "planning_time_fence_days = 7" in done.conclusion
    assert keeps is not sets
    assert "fence of 7 days" in done.conclusion


def test_06_forecasts_every_product_family(tmp_path: Path) -> None:
    done = run("demand_forecast", COMPANY | {"months": 6, "weeks": 4}, tmp_path)

    history = open_history("sandbox", customers=8, orders_per_month=25, months=6, load=0.88)
    for family in forecast_demand(history, weeks=4).families:
        assert f"| {family.product_family} | {family.best.weeks[0].mean:,.1f} orders" in done.conclusion


def test_07_counts_the_rows_that_wait_in_the_warehouse(system: System, settings: None, tmp_path: Path) -> None:
    done = run("data_quality_review", {"source": "warehouse"}, tmp_path)

    waiting = len(system.warehouse.quality.rows(limit=10_000))
    assert waiting > 0
    assert f"{waiting} rows wait in quarantine" in done.conclusion


def test_08_counts_the_late_orders_of_the_published_schedule(system: System, settings: None, tmp_path: Path) -> None:
    done = run("schedule_review", {"source": "warehouse"}, tmp_path)

    published = system.warehouse.schedules.published()
    assert published is not None
    late = {delivery.order_id for delivery in published.deliveries if delivery.tardiness_days}
    orders = {delivery.order_id for delivery in published.deliveries}
    assert f"{len(late)} of {len(orders)} orders come late" in done.conclusion
