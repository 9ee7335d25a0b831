"""Which history a question is put to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cms.domain.errors import InvalidValueError, WarehouseError
from simulations import describe_history, open_history
from tests.small_system import small_system

SMALL: Mapping[str, Any] = {"customers": 5, "orders_per_month": 20, "months": 2}


def test_without_a_warehouse_a_generated_company_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CMS_CONFIG", raising=False)

    history = open_history("auto", **SMALL)

    assert history.name == "generated company, 5 customers"
    assert history.orders == open_history("sandbox", **SMALL).orders


def test_a_warehouse_that_was_asked_for_and_is_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CMS_CONFIG", raising=False)

    with pytest.raises(WarehouseError, match="cms db upgrade"):
        open_history("warehouse")


def test_the_warehouse_is_read_where_it_holds_orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_system(tmp_path, customers=5, orders_per_month=10) as system:
        for variable, value in system.environment.items():
            monkeypatch.setenv(variable, value)

        history = open_history("auto")

    assert history.name == "warehouse"
    assert len(history.orders) > 0


def test_an_unknown_source_and_a_mapping_without_plant_are_refused(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text("", encoding="utf-8")

    with pytest.raises(InvalidValueError, match="source: must be auto, sandbox, warehouse or the path of a mapping"):
        open_history("somewhere")
    with pytest.raises(InvalidValueError, match="plant_file"):
        open_history(str(mapping))


def test_a_history_is_described_by_size_span_and_peak() -> None:
    history = open_history("sandbox", **SMALL)

    described = describe_history(history).markdown()

    monday, orders = history.peak_week()
    assert f"{monday}: {orders} orders" in described
    assert f"| orders | {len(history.orders)}, {history.first_day} to {history.last_day} |" in described
    assert repr(describe_history(history)) == "HistorySummary()"
