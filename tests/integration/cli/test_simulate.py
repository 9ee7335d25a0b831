import json
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page
from typer.testing import CliRunner

from cms.bootstrap import open_system
from cms.cli import app
from cms.domain.errors import CmsError
from cms.order_sources.plant_file import read_plant
from cms.warehouse.engine import open_engine
from cms.warehouse.schema import upgrade
from simulations import StudyError
from simulations.scenario_file import library_names
from tests.builders import NOON
from tests.integration.cli.command import COMMAND, Workplace
from tests.small_history import write_small_history
from tests.web.browser import page

__all__ = ["page"]
pytestmark = pytest.mark.untraced
SHORT = "[run]\ndays = 42\nwarm_up_days = 14\nreplications = 2\nseed = 4\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with orders, their plant, and two scenarios of six weeks."""
    folder = tmp_path_factory.mktemp("simulate")
    write_small_history(folder)
    (folder / "usual.toml").write_text(f'question = "As it is?"\n{SHORT}', encoding="utf-8")
    (folder / "never.toml").write_text(
        f'question = "No overtime?"\n{SHORT}[plant]\novertime = "never"\n', encoding="utf-8"
    )
    return folder


@pytest.fixture
def folder(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place to work in that has the files and nothing else."""
    for path in files.iterdir():
        if path.is_file():
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / "keep").symlink_to(files / "keep")  # what one test ran need not be run by the next
    (files / "keep").mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


PATIENCE_SECONDS = 600.0
"""Only a machine that is busy with other things needs more than a few of them."""
LONG = 'name = "long"\n[run]\ndays = 42\nwarm_up_days = 14\nreplications = 60\n'
OF_FILE = ("--history", "orders.csv", "--plant", "plant.toml", "--keep", "keep", "--output", "out", "--processes", "1")


def cms(*arguments: str, report: bool = False) -> str:
    """Run `cms simulate`; reports take seconds and are drawn where a test looks at them."""
    quick = [] if report or arguments[0] in {"list", "scenarios"} else ["--no-report"]
    result = CliRunner().invoke(app, ["simulate", *arguments, *quick])
    if isinstance(result.exception, CmsError):
        raise result.exception
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def test_a_scenario_is_answered_with_every_measure_its_interval_and_files(folder: Path) -> None:
    text = cms("usual.toml", *OF_FILE)

    assert "As it is?" in text
    for words in (
        "OTIF",
        "Mean tardiness",
        "Utilization of PRESS",
        "Hours on days over 95 % of PRESS",
        "Overtime cost",
    ):
        assert words in text
    for words in (
        "Mean backlog",
        "Mean past due",
        "Mean flow time",
        "Schedule changes",
        "order-desk delay",
        "± half-width",
        "95%",
    ):
        assert words in text
    estimates = pq.read_table(folder / "out" / "estimates.parquet").to_pylist()
    assert {row["replications"] for row in estimates} == {2}
    assert set(pq.read_table(folder / "out" / "replications.parquet")["replication"].to_pylist()) == {0, 1}


def test_a_scenario_of_the_library_is_named_and_json_holds_the_same_figures_as_the_files(folder: Path) -> None:
    answer = json.loads(cms("run", "usual.toml", "--json", *OF_FILE))

    estimates = {row["measure"]: row for row in pq.read_table(folder / "out" / "estimates.parquet").to_pylist()}
    assert answer["scenario"] == "usual"
    assert answer["recorded"] is False
    assert answer["estimates"]["otif"]["mean"] == estimates["otif"]["mean"]
    assert answer["estimates"]["otif"]["half_width"] == estimates["otif"]["half_width"]


def test_one_replication_has_no_interval_and_says_so(folder: Path) -> None:
    answer = json.loads(cms("usual.toml", "-n", "1", "--json", *OF_FILE))
    text = cms("usual.toml", "-n", "1", *OF_FILE)

    assert answer["estimates"]["otif"]["half_width"] is None
    assert "One replication says nothing about chance" in text


def test_another_seed_is_another_study(folder: Path) -> None:
    first, second = (json.loads(cms("usual.toml", "--seed", seed, "--json", *OF_FILE)) for seed in ("4", "5"))

    assert (first["seed"], second["seed"]) == (4, 5)
    assert first["study_id"] != second["study_id"]
    assert first["estimates"]["utilization[PRESS]"] != second["estimates"]["utilization[PRESS]"]


def test_replications_are_added_until_the_interval_is_narrow_enough(folder: Path) -> None:
    measure = ("--measure", "overtime_hours", "--half-width", "6", "--most", "5")

    answer = json.loads(cms("usual.toml", "-n", "2", *measure, "--json", *OF_FILE))

    assert answer["replications"] == 5 or answer["estimates"]["overtime_hours"]["half_width"] <= 6


def test_two_scenarios_are_compared_by_their_paired_differences(folder: Path) -> None:
    answer = json.loads(cms("compare", "usual.toml", "never.toml", "--json", *OF_FILE))
    text = cms("compare", "usual.toml", "never.toml", *OF_FILE)

    first, second, difference = (answer[name]["overtime_hours"]["mean"] for name in ("first", "second", "difference"))
    assert second == 0 < first
    assert difference == pytest.approx(-first)
    assert "never against usual" in text
    assert "hours of overtime" in text


def test_the_least_overtime_for_a_service_target_is_found(folder: Path) -> None:
    sized = ("size", "never.toml", "--lever", "capacity", "--levels", "1,1.2,1.5", "--at-least", "0.8")

    answer = json.loads(cms(*sized, "--json", *OF_FILE))["sizing"]
    text = cms(*sized, *OF_FILE)

    assert answer["chosen"]["is_met"]
    assert f"{answer['chosen']['level']:g} times the regular hours on all resources is the smallest level" in text
    smaller = [step for step in answer["tried"] if step["level"] < answer["chosen"]["level"]]
    assert not any(step["is_met"] for step in smaller)


def test_a_target_that_no_level_meets_is_said_to_be_out_of_reach(folder: Path) -> None:
    text = cms("size", "usual.toml", "--levels", "1", "--measure", "overtime_hours", "--at-least", "1e6", *OF_FILE)

    assert "No level of capacity up to 1 on all resources" in text


def test_a_grid_runs_every_combination(folder: Path) -> None:
    grid = (
        "grid",
        "usual.toml",
        "--set",
        "demand.factor=1,1.5",
        "--set",
        "planning.priority_rule=class,due_date",
        "-n",
        "1",
    )

    answer = json.loads(cms(*grid, "--json", *OF_FILE))
    text = cms(*grid, *OF_FILE)

    values = [tuple(point["values"].values()) for point in answer["points"]]
    assert values == [(1, "class"), (1, "due_date"), (1.5, "class"), (1.5, "due_date")]
    assert "due_date" in text


def test_the_library_is_listed_with_its_questions() -> None:
    listed = json.loads(cms("scenarios", "--json"))

    assert tuple(one["name"] for one in listed) == library_names()
    assert all(one["question"] for one in listed)


def test_the_report_opens_without_a_network_on_a_desk_and_on_a_phone(folder: Path, page: Page) -> None:
    cms("compare", "usual.toml", "never.toml", *OF_FILE, report=True)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))

    for width in (1200, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto((folder / "out" / "report.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    assert problems == []
    assert page.title() == "never against usual"
    assert page.locator("figure svg").count() >= 6
    assert page.get_by_text("No overtime?").is_visible()
    assert page.locator("td.worse").count() > 0


def test_a_study_is_recorded_in_the_warehouse_and_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{folder}/warehouse.db"
    monkeypatch.setenv("CMS_WAREHOUSE_URL", url)
    upgrade(open_engine(url))

    compared = json.loads(cms("compare", "usual.toml", "never.toml", "--record", "--json", *OF_FILE))
    with open_system() as system:
        studies = system.warehouse.simulations.studies()
    kept = {one.scenario: one for one in studies if one.baseline_id is None}
    difference = next(one for one in studies if one.baseline_id)

    assert compared["recorded"] is True
    assert set(kept) == {"usual", "never"}
    assert difference.baseline_id == kept["usual"].study_id
    otif = next(one for one in kept["usual"].figures if one.measure == "otif")
    assert otif.mean == pytest.approx(compared["first"]["otif"]["mean"], abs=1e-6)
    assert "difference" in cms("list")
    assert len(json.loads(cms("list", "--limit", "2", "--json"))) == 2


def test_orders_of_a_file_are_made_in_the_plant_of_the_warehouse_where_no_other_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{folder}/warehouse.db"
    monkeypatch.setenv("CMS_WAREHOUSE_URL", url)
    upgrade(open_engine(url))
    with open_system() as system:
        system.warehouse.plant.save_plant(read_plant(folder / "plant.toml"), now=NOON, actor="test")
    without_plant = [word for word in OF_FILE if word not in {"--plant", "plant.toml"}]

    answers = [json.loads(cms("usual.toml", "--json", *words)) for words in (OF_FILE, without_plant)]

    assert answers[0]["estimates"] == answers[1]["estimates"]
    assert answers[1]["recorded"] is False


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("absent.toml",), 8, "name a file, or one of"),
        (("broken.toml",), 2, "is not valid TOML"),
        (("wrong.toml",), 2, "demand.factor: must be a finite number, more than 0, found nan"),
        (("usual.toml", "--plant", "absent.toml"), 2, "plant: must be a file that exists"),
        (("usual.toml", "--history", "plant.toml"), 6, "plant.toml"),
        (("usual.toml", "--output", "plant.toml"), 2, "--output: must be a folder"),
        (("usual.toml", "--keep", "plant.toml"), 11, "plant.toml"),
        (("usual.toml", "--half-width", "-1"), 2, "half_width: must be more than 0"),
        (("usual.toml", "--half-width", "0.1", "--measure", "joy"), 2, "measure: must be one of"),
        (("size", "usual.toml", "--levels", "1,x"), 2, "--levels: must be numbers"),
        (("size", "usual.toml", "--levels", "-1"), 2, "capacity_factor: must be a finite number, more than 0"),
        (("size", "usual.toml", "--resource", "LATHE"), 2, "must be CUT"),
        (("size", "usual.toml", "--confidence", "nan"), 2, "confidence: must be more than 0.5"),
        (("size", "usual.toml", "-n", "1"), 2, "replications: must be 2 or more"),
        (("grid", "usual.toml", "--set", "demand.factor"), 2, "--set: must have the form KEY=VALUE"),
        (("grid", "usual.toml", "--set", "demand.colour=1"), 2, "demand.colour"),
        (("grid", "usual.toml", "--set", "demand.factor=1", "--set", "demand.factor=2"), 2, "each key once"),
    ],
)
def test_what_cannot_be_is_refused_with_its_rule_and_status(
    arguments: Sequence[str], status: int, words: str, folder: Path
) -> None:
    (folder / "broken.toml").write_text("demand = [", encoding="utf-8")
    (folder / "wrong.toml").write_text("[demand]\nfactor = nan\n", encoding="utf-8")
    given = dict(zip(OF_FILE[::2], OF_FILE[1::2], strict=True))
    missing = [word for option, value in given.items() if option not in arguments for word in (option, value)]

    with pytest.raises(CmsError) as refusal:
        cms(*arguments, *missing)

    assert refusal.value.exit_status == status
    assert words in str(refusal.value)


def test_a_kept_replication_that_is_damaged_is_named(folder: Path) -> None:
    cms("usual.toml", *OF_FILE, "--keep", "damaged")
    (path,) = folder.glob("damaged/*/replication-0001.parquet")
    path.write_bytes(path.read_bytes()[:200])

    with pytest.raises(StudyError, match=r"replication-0001.parquet: cannot be read.*remove it") as refusal:
        cms("usual.toml", *OF_FILE, "--keep", "damaged")

    assert refusal.value.exit_status == 11


def test_the_command_itself_refuses_without_a_traceback(folder: Path) -> None:
    (folder / "wrong.toml").write_text("[run]\ndays = 7\nwarm_up_days = 7\n", encoding="utf-8")

    answer = Workplace(folder=folder).cms("simulate", "wrong.toml", *OF_FILE)

    assert answer.status == 2
    assert "wrong.toml: run.warm_up_days: must be less than days (7), found 7" in answer.err
    assert "Traceback" not in answer.err


def test_a_study_that_was_killed_goes_on_to_the_same_bits_and_leaves_no_worker(folder: Path) -> None:
    (folder / "long.toml").write_text(LONG, encoding="utf-8")
    keep = folder / "killed"

    with long_study(folder, keep=keep) as running:
        wait_until(lambda: len(finished(keep)) >= 1)
        workers = children_of(running.pid)
        running.kill()
        running.wait()
    before = {path: path.read_bytes() for path in finished(keep)}
    wait_until(lambda: not any(is_alive(worker) for worker in workers))
    count = str(max(number_of(path) for path in before) + 2)
    cms("long.toml", *OF_FILE, "-n", count, "--keep", str(keep), "--output", "one")
    cms("long.toml", *OF_FILE, "-n", count, "--keep", str(folder / "fresh"), "--output", "two")

    assert workers
    assert 1 <= len(before) < int(count) <= 60
    assert all(path.read_bytes() == content for path, content in before.items())  # what was done was not done again
    assert same_bits(folder / "one", folder / "two")


def test_who_interrupts_a_study_is_told_that_it_goes_on(folder: Path) -> None:
    (folder / "long.toml").write_text(LONG, encoding="utf-8")

    with long_study(folder, keep=folder / "interrupted") as running:
        wait_until(lambda: len(finished(folder / "interrupted")) >= 1)
        workers = children_of(running.pid)
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=PATIENCE_SECONDS)[1].decode()
    wait_until(lambda: not any(is_alive(worker) for worker in workers))

    assert running.returncode == 130
    assert "the same command goes on from there" in said
    assert "Traceback" not in said


@contextmanager
def long_study(folder: Path, *, keep: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """`cms simulate` in two processes, busy for a while; ended at the end, however that comes."""
    files = ["--history", "orders.csv", "--plant", "plant.toml", "--keep", str(keep), "--output", "one"]
    command = [str(COMMAND), "simulate", "long.toml", *files, "--processes", "2"]
    running = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield running
    finally:
        running.kill()
        running.wait()
        if running.stderr is not None:
            running.stderr.close()


def same_bits(first: Path, second: Path) -> bool:
    names = ("estimates.parquet", "replications.parquet")
    return all(pq.read_table(first / name).equals(pq.read_table(second / name)) for name in names)


def finished(keep: Path) -> list[Path]:
    return sorted(keep.glob("*/replication-*.parquet"))


def number_of(path: Path) -> int:
    return int(path.stem.removeprefix("replication-"))


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(is_so: Any, *, seconds: float = PATIENCE_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)
