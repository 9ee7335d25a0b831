import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cms.cli import app
from cms.domain.errors import CmsError, InvalidValueError, NotFoundError
from tests.small_history import write_small_history

WEEKS = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forecast")
    write_small_history(folder)
    return folder


def cms(folder: Path, *arguments: str) -> str:
    files = ("--history", str(folder / "orders.csv"), "--plant", str(folder / "plant.toml"))
    result = CliRunner().invoke(app, ["forecast", "--origins", "2", *files, *arguments])
    if isinstance(result.exception, CmsError):
        raise result.exception
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def test_every_family_has_two_methods_with_intervals_and_their_errors_on_the_past(folder: Path) -> None:
    answer = json.loads(cms(folder, "--weeks", str(WEEKS), "--json"))

    families = {one["product_family"]: one for one in answer["forecast"]["families"]}
    assert set(families) == {"custom", "doors", "frames", "panels", "shelves"}
    for one in families.values():
        for method in (one["smoothing"], one["naive"]):
            assert len(method["weeks"]) == WEEKS
            assert all(week["low"] <= week["mean"] <= week["high"] for week in method["weeks"])
            assert method["backtest"]["origins"] == 2
            assert method["backtest"]["mean_absolute_error"] >= 0
    assert {one["resource_id"] for one in answer["hours"]} == {"CUT", "PRESS", "OVEN", "PACK", "DOCK"}


def test_the_table_shows_the_baseline_beside_the_forecast_and_a_report_is_drawn(folder: Path, tmp_path: Path) -> None:
    text = cms(folder, "--family", "doors", "--weeks", str(WEEKS), "--output", str(tmp_path))

    assert "seasonal naive" in text
    assert "exponential smoothing" in text
    assert "naive low" in text
    assert "frames" not in text
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Demand for doors" in report
    assert not re.search(r"""(src|href)=["']?https?:""", report)  # nothing is fetched; names of XML are only names


def test_an_unknown_family_is_named_with_the_known_ones(folder: Path) -> None:
    with pytest.raises(NotFoundError, match="no product family 'wheels'; there are: custom, doors"):
        cms(folder, "--family", "wheels")


def test_an_impossible_level_is_refused(folder: Path) -> None:
    with pytest.raises(InvalidValueError, match="level: must be more than 0 and less than 1, found 1"):
        cms(folder, "--level", "1.5")
