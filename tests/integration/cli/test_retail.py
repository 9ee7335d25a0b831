"""A year of a real wholesaler through the commands: file, gate, schedule, history. Figures stand in the README."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.integration.cli.command import Workplace

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("CMS_SHARED_DATA", ROOT.parent / "shared" / "data")) / "online_retail"
INVOICES = 25_900

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (DATA / "online_retail.csv.gz").exists(),
        reason=f"the online_retail data is not at {DATA} (CMS_SHARED_DATA)",
    ),
]


def count(database: Path, query: str) -> int:
    connection = sqlite3.connect(database)
    try:
        return int(connection.execute(query).fetchone()[0])
    finally:
        connection.close()


def test_every_invoice_is_accounted_for_and_a_month_is_scheduled_without_a_violation(tmp_path: Path) -> None:
    shutil.copy(DATA / "online_retail.csv.gz", tmp_path)
    shutil.copy(ROOT / "docs" / "examples" / "online_retail.toml", tmp_path / "cms.toml")
    place = Workplace(folder=tmp_path, variables={"CMS_PLANNING_METHOD": "dispatch"})
    assert place.cms("db", "upgrade").status == 0
    assert place.cms("import", "plant", ROOT / "docs" / "examples" / "online_retail_plant.toml").status == 0
    assert place.cms("import", "customers", "--source", "retail_customers").status in (0, 12)

    orders = place.cms("import", "orders", "--source", "retail_orders", "--json")
    plan = place.cms("plan", "daily", "--as-of", "2011-11-01", "--json")

    database = tmp_path / "var" / "online_retail" / "warehouse.db"
    assert orders.status == 12, orders.err  # rows were quarantined, and nobody shall overlook them
    loaded = count(database, "SELECT count(*) FROM order_master WHERE status <> 'cancelled'")
    cancelled = count(database, "SELECT count(*) FROM order_master WHERE status = 'cancelled'")
    quarantined = count(database, "SELECT count(DISTINCT row_number) FROM quarantine WHERE dataset = 'order_master'")
    assert loaded + cancelled + quarantined == INVOICES
    assert plan.status == 0, plan.err
    assert plan.json["deliveries"] > 0
    history = count(database, "SELECT count(*) FROM schedule_history")
    scheduled = count(database, "SELECT count(DISTINCT order_id) FROM master_schedule")
    assert history == scheduled
