"""Every flow, run under Prefect against a sandbox; what a flow decides is tested with its use case."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cms.application.gated_load import LoadReport
from cms.bootstrap import open_system
from cms.domain.errors import ScheduleRolledBackError, WarehouseError
from cms.domain.orders import OrderId
from cms.sandbox import Sandbox
from cms.sandbox.company_boards import ORDER_BOARD
from cms.warehouse.engine import open_engine
from cms.warehouse.schema import upgrade
from tests.builders import MONDAY

JUDGE_IN_A_FLOW = """
import logging
from flows.data_quality_report import data_quality_report

data_quality_report()
logging.getLogger("great_expectations.data_context.types.base").warning("what it warns of is still shown")
"""


@pytest.fixture
def loaded(system_folder: Path) -> list[LoadReport]:
    from flows.customer_sync import customer_sync  # noqa: PLC0415 - Prefect takes seconds to import
    from flows.order_sync import order_sync  # noqa: PLC0415

    return [*customer_sync(), *order_sync()]


def artifacts(key: str) -> list[Any]:
    from prefect.artifacts import Artifact  # noqa: PLC0415

    found = Artifact.get(key)
    return [] if found is None else [found]


def test_the_syncs_load_every_source_and_leave_their_tables(loaded: list[LoadReport]) -> None:
    assert {report.source for report in loaded} == {"customer_board", "order_board", "order_management"}
    assert artifacts("customer-sync")
    assert artifacts("order-sync")


def test_the_daily_schedule_publishes_and_summarises_and_the_notices_go_out(
    system_folder: Path, loaded: list[LoadReport]
) -> None:
    from flows.daily_schedule import daily_schedule  # noqa: PLC0415
    from flows.notifications import notifications  # noqa: PLC0415

    report = daily_schedule(as_of=MONDAY)
    notifications()

    assert report.schedule.version >= 1
    assert artifacts("schedule-summary")
    with open_system() as system:
        assert system.warehouse.outbox.counts().get("queued", 0) == 0
    assert list((system_folder / "mail").glob("*.eml"))


def test_a_schedule_beyond_a_limit_fails_its_run_and_leaves_an_artifact(
    loaded: list[LoadReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.daily_schedule import daily_schedule  # noqa: PLC0415

    monkeypatch.setenv("CMS_ROLLBACK_MAX_UTILIZATION", "0.000001")

    with pytest.raises(ScheduleRolledBackError, match="utilization"):
        daily_schedule(as_of=MONDAY + timedelta(days=1))

    (artifact,) = artifacts("schedule-rollback")
    assert "at most 1e-06 are allowed (rollback.max_utilization)" in artifact.data


def test_the_weekly_plan_looks_26_weeks_ahead(loaded: list[LoadReport]) -> None:
    from flows.weekly_capacity_plan import weekly_capacity_plan  # noqa: PLC0415

    weekly_capacity_plan(as_of=MONDAY)

    with open_system() as system:
        weeks = {week.week_start for week in system.warehouse.capacity.weekly_plan()}
    assert len(weeks) == 26


def test_the_data_quality_report_opens_and_is_linked(loaded: list[LoadReport]) -> None:
    from flows.data_quality_report import data_quality_report  # noqa: PLC0415

    index = data_quality_report()

    assert "<html" in index.read_text(encoding="utf-8").lower()
    assert artifacts("data-quality-report")


def test_a_flow_says_nothing_of_the_folder_that_great_expectations_makes_for_itself(loaded: list[LoadReport]) -> None:
    """In a process of its own, whose error output is what a person at the terminal sees."""
    from prefect.settings import PREFECT_API_URL  # noqa: PLC0415 - Prefect takes seconds to import

    environment = os.environ | {"PREFECT_API_URL": str(PREFECT_API_URL.value()), "PREFECT_LOGGING_LEVEL": "INFO"}

    ended = subprocess.run(
        [sys.executable, "-c", JUDGE_IN_A_FLOW],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert "Finished in state Completed" in ended.stderr
    assert "what it warns of is still shown" in ended.stderr
    assert "temporary directory" not in ended.stderr


def test_the_pinned_version_is_judged_every_day(system_folder: Path) -> None:
    from flows.api_versions import api_versions  # noqa: PLC0415

    report = api_versions()

    assert report.pinned in report.served
    assert artifacts("monday-api-version")


def test_old_orders_are_archived_and_the_archive_is_verified(loaded: list[LoadReport]) -> None:
    """The generated company delivered orders more than a year before the day of the run."""
    from flows.retention import retention  # noqa: PLC0415

    with open_system() as system:
        at_first = system.warehouse.orders.orders_between(date(2000, 1, 1), date(2100, 1, 1))
    report = retention(as_of=MONDAY)

    with open_system() as system:
        left = system.warehouse.orders.orders_between(date(2000, 1, 1), date(2100, 1, 1))
        check = system.archive_reader.check()
    assert 0 < report.rows_of("order_master") == len(at_first) - len(left)
    assert (check.archives, check.rows) == (len(report.archived), report.rows)
    assert artifacts("retention")


def test_the_sweep_works_on_what_waits_in_the_inbox_and_on_nothing_twice(loaded: list[LoadReport]) -> None:
    from flows.daily_schedule import daily_schedule  # noqa: PLC0415
    from flows.event_sweep import event_sweep  # noqa: PLC0415

    daily_schedule(as_of=MONDAY)
    with open_system() as system:
        orders = system.warehouse.orders.plannable_orders()
        order = next(order for order in orders if order.source_system == "order_board")
        system.warehouse.inbox.add(
            deduplication_key="sweep-1",
            source="order_board",
            kind="update_column_value",
            subject_id=order.source_order_id,
            payload={},
            now=system.clock.now(),
        )

    reports = [event_sweep(), event_sweep()]

    assert [[(report.claimed, report.done, report.errors) for report in once] for once in reports] == [[(1, 1, ())], []]
    with open_system() as system:
        backlog = system.warehouse.inbox.backlog()
    assert (backlog.waiting, backlog.dead) == (0, 0)


def test_the_sweep_places_what_only_a_sync_told_of(served_company: Sandbox, loaded: list[LoadReport]) -> None:
    from flows.daily_schedule import daily_schedule  # noqa: PLC0415
    from flows.event_sweep import event_sweep  # noqa: PLC0415
    from flows.order_sync import order_sync  # noqa: PLC0415

    daily_schedule(as_of=MONDAY)
    with open_system() as system:
        published = system.warehouse.schedules.published()
    assert published is not None
    free = {delivery.order_id for delivery in published.deliveries if not delivery.frozen}
    managed = {row["orderNumber"] for row in served_company.orders.rows}
    shared = {item.name for item in served_company.account.boards[ORDER_BOARD].items.values()}
    order_id = min((managed & free) - shared)
    row = served_company.orders.order(order_id)
    assert row is not None
    more = int(float(row["quantity"])) + 1
    served_company.orders.change_order(order_id, {"quantity": str(more)})

    order_sync()
    assert event_sweep() == []

    with open_system() as system:
        placed = system.warehouse.schedules.order_delivery(OrderId(order_id))
    assert sum(delivery.quantity for delivery in placed) == more


def test_a_flow_refuses_a_schema_that_is_newer_than_the_program(
    system_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.data_quality_report import data_quality_report  # noqa: PLC0415

    path = tmp_path / "warehouse.db"
    upgrade(open_engine(f"sqlite:///{path}"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    monkeypatch.setenv("CMS_WAREHOUSE_URL", f"sqlite:///{path}")

    with pytest.raises(WarehouseError, match="revision 9999, which is newer than this program"):
        data_quality_report()
