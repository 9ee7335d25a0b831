"""Delays of real or written files: read by mode, counted once a delivery, split for validation."""

import gzip
from datetime import date
from pathlib import Path

import pytest

from cms.domain.errors import InvalidValueError, SourceError
from simulations.replication import build_model, run_replication
from simulations.scenario_file import scenario_from
from simulations.transit_delays import DelayDistribution, load_delays
from tests.simulations.histories import a_history, shared_file, steady_orders

ROWS = """ASN,Mode,Scheduled,Delivered
A1,Air,1-Jun-10,1-Jun-10
A2,Air,1-Jun-10,5-Jun-10
S1,Ocean,1-Jun-12,11-Jun-12
S1,Ocean,1-Jun-12,21-Jun-12
X1,Air,unknown,1-Jun-12
T1,Truck,5-Jun-12,3-Jun-12
"""


@pytest.fixture
def delays_csv(tmp_path: Path) -> Path:
    path = tmp_path / "delays.csv.gz"
    path.write_bytes(gzip.compress(ROWS.replace("\n", "\r").encode("utf-8-sig")))
    return path


def columns(**changes: object) -> dict[str, object]:
    return {"scheduled_column": "Scheduled", "delivered_column": "Delivered"} | changes


def test_every_row_with_two_dates_is_a_delay(delays_csv: Path) -> None:
    delays = load_delays(delays_csv, **columns())  # type: ignore[arg-type]

    assert delays.together.days == (-2, 0, 4, 10, 20)
    assert delays.by_mode == {}


def test_each_mode_has_its_own_delays_and_an_unknown_one_those_of_all(delays_csv: Path) -> None:
    delays = load_delays(delays_csv, **columns(mode_column="Mode"))  # type: ignore[arg-type]

    assert {mode: found.days for mode, found in delays.by_mode.items()} == {
        "Air": (0, 4),
        "Ocean": (10, 20),
        "Truck": (-2,),
    }
    assert delays.of("Camel") == delays.together


def test_a_delivery_of_several_rows_counts_once_when_its_last_row_came(delays_csv: Path) -> None:
    delays = load_delays(delays_csv, **columns(mode_column="Mode", delivery_column="ASN"))  # type: ignore[arg-type]

    assert delays.of("Ocean").days == (20,)


def test_what_was_scheduled_later_is_left_for_validation(delays_csv: Path) -> None:
    delays = load_delays(delays_csv, **columns(before=date(2012, 1, 1)))  # type: ignore[arg-type]

    assert delays.together.days == (0, 4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mode_column": "Vessel"}, "has no column Vessel"),
        ({"date_format": "%Y-%m-%d"}, "no row has two dates of form %Y-%m-%d"),
        ({"before": date(2000, 1, 1)}, "no row has two dates .* before 2000-01-01"),
    ],
)
def test_a_file_that_tells_no_delay_is_refused(delays_csv: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        load_delays(delays_csv, **columns(**changes))  # type: ignore[arg-type]


def test_an_absent_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.csv: cannot be read"):
        load_delays(tmp_path / "nowhere.csv")


def test_luck_spreads_evenly_over_the_delays() -> None:
    seen = DelayDistribution(days=(0, 0, 0, 3))

    assert [seen.at(share) for share in (0.0, 0.74, 0.75, 0.999)] == [0, 0, 3, 3]
    assert (seen.late_share, seen.mean_tardiness_days) == (0.25, 0.75)


@pytest.mark.parametrize("days", [(), (3, 1)])
def test_a_distribution_without_order_or_delays_is_refused(days: tuple[int, ...]) -> None:
    with pytest.raises(InvalidValueError, match="days"):
        DelayDistribution(days=days)


def scenario_by(path: Path, mode: str) -> dict[str, object]:
    transit = columns(delays_file=str(path), mode_column="Mode", modes={"standard": mode})
    return {"name": mode, "transit": transit, "run": {"days": 35, "warm_up_days": 7}}


def test_an_order_is_delayed_as_its_mode_was(delays_csv: Path) -> None:
    history = a_history(steady_orders(35))

    by_mode = {
        mode: run_replication(build_model(scenario_from(scenario_by(delays_csv, mode)), history), 0)
        for mode in ("Truck", "Ocean")
    }

    assert by_mode["Truck"].measures["otif"] == 1.0
    assert by_mode["Ocean"].measures["otif"] < 0.2


def test_a_mode_that_was_never_used_is_refused(delays_csv: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"transit\.modes\.standard: must be one of Air, Ocean, Truck"):
        build_model(scenario_from(scenario_by(delays_csv, "Camel")), a_history(steady_orders(35)))


def test_the_real_delays_differ_by_mode() -> None:
    delays = load_delays(
        shared_file("scms", "scms_delivery_history.csv.gz"), mode_column="Shipment Mode", delivery_column="ASN/DN #"
    )

    assert len(delays.together.days) == 7_030
    assert list(delays.by_mode) == ["Air", "Air Charter", "N/A", "Ocean", "Truck"]
    # 11 of 677 deliveries of 2008 and 181 of 823 of 2011
    assert delays.late_share_by_year[2008] == 11 / 677
    assert delays.late_share_by_year[2011] == 181 / 823
    assert delays.of("Ocean").mean_tardiness_days > 2 * delays.of("Truck").mean_tardiness_days
