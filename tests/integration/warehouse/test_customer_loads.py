import json
from datetime import date

from cms.application.ports import Dataset
from cms.domain.customers import CustomerId
from cms.domain.work_calendar import CalendarException, ExceptionKind
from cms.warehouse.tables import customer_master, delivery_schedules, record_history, staging_customers
from cms.warehouse.warehouse import Warehouse
from tests.builders import a_plant
from tests.integration.warehouse.loading import (
    EARLIER,
    LATER,
    NOW,
    count_of,
    customer_row,
    know_customers,
    load,
    rows_of,
    window_row,
)


def test_new_customers_are_inserted_with_what_the_source_does_not_say(warehouse: Warehouse) -> None:
    counts = load(warehouse, Dataset.CUSTOMERS, [customer_row("C1", status=None, priority=None)])

    customer = warehouse.orders.customers()["C1"]  # type: ignore[index]
    assert counts.inserted == 1
    assert (customer.status, customer.priority, customer.time_zone, customer.max_early_days) == ("active", 3, "UTC", 5)


def test_the_same_customers_again_are_not_written(warehouse: Warehouse) -> None:
    load(warehouse, Dataset.CUSTOMERS, [customer_row("C1"), customer_row("C2")])
    before = rows_of(warehouse, customer_master, "customer_id", "load_id", "loaded_at", "source_updated_at")

    counts = load(warehouse, Dataset.CUSTOMERS, [customer_row("C1"), customer_row("C2")], complete=True)

    assert (counts.unchanged, counts.written) == (2, 0)
    assert rows_of(warehouse, customer_master, "customer_id", "load_id", "loaded_at", "source_updated_at") == before
    assert count_of(warehouse, record_history) == 2


def test_a_changed_customer_is_updated_and_its_history_says_what_changed(warehouse: Warehouse) -> None:
    load(warehouse, Dataset.CUSTOMERS, [customer_row("C1", transit_days=1)])

    counts = load(warehouse, Dataset.CUSTOMERS, [customer_row("C1", transit_days=3, name="New name")])

    lines = rows_of(warehouse, record_history, "change_type", "old_values", "new_values", "actor")
    assert counts.updated == 1
    changed = next(line for line in lines if line[0] == "updated")
    assert json.loads(changed[1]) == {"name": "Customer C1", "transit_days": 1}
    assert json.loads(changed[2]) == {"name": "New name", "transit_days": 3}
    assert changed[3] == "erp"


def test_an_older_update_that_comes_late_changes_nothing(warehouse: Warehouse) -> None:
    load(warehouse, Dataset.CUSTOMERS, [customer_row("C1", name="Newer", source_updated_at=LATER)])

    counts = load(warehouse, Dataset.CUSTOMERS, [customer_row("C1", name="Older", source_updated_at=EARLIER)])

    assert (counts.stale, counts.written) == (1, 0)
    assert rows_of(warehouse, customer_master, "name") == [("Newer",)]


def test_an_unchanged_row_still_moves_the_time_that_older_updates_are_measured_against(warehouse: Warehouse) -> None:
    load(warehouse, Dataset.CUSTOMERS, [customer_row("C1", name="Same", source_updated_at=EARLIER)])
    load(warehouse, Dataset.CUSTOMERS, [customer_row("C1", name="Same", source_updated_at=LATER)])

    counts = load(warehouse, Dataset.CUSTOMERS, [customer_row("C1", name="Between")])

    assert counts.stale == 1
    assert rows_of(warehouse, customer_master, "name") == [("Same",)]


def test_of_several_rows_of_a_customer_the_latest_update_wins_then_the_last_row(warehouse: Warehouse) -> None:
    counts = load(
        warehouse,
        Dataset.CUSTOMERS,
        [
            customer_row("C1", name="latest", source_updated_at=LATER),
            customer_row("C1", name="older", source_updated_at=EARLIER),
            customer_row("C2", name="first"),
            customer_row("C2", name="last"),
            customer_row("C2", name="of unknown age", source_updated_at=None),
        ],
    )

    assert (counts.inserted, counts.stale) == (2, 3)
    assert rows_of(warehouse, customer_master, "customer_id", "name") == [("C1", "latest"), ("C2", "last")]


def test_a_customer_missing_from_a_complete_load_is_deactivated_and_comes_back_active(warehouse: Warehouse) -> None:
    load(warehouse, Dataset.CUSTOMERS, [customer_row("C1"), customer_row("C2")])

    gone = load(warehouse, Dataset.CUSTOMERS, [customer_row("C1")], complete=True, now=LATER)
    when_gone = rows_of(warehouse, customer_master, "customer_id", "status", "deactivated_at")
    back = load(warehouse, Dataset.CUSTOMERS, [customer_row("C1"), customer_row("C2")], complete=True)

    assert (gone.removed, back.updated) == (1, 1)
    assert when_gone == [("C1", "active", None), ("C2", "inactive", LATER)]
    assert rows_of(warehouse, customer_master, "customer_id", "status", "deactivated_at") == [
        ("C1", "active", None),
        ("C2", "active", None),
    ]


def test_a_customer_of_another_source_is_not_missing(warehouse: Warehouse) -> None:
    load(warehouse, Dataset.CUSTOMERS, [customer_row("C1")], source="board")

    load(warehouse, Dataset.CUSTOMERS, [customer_row("C2")], source="erp", complete=True)

    assert rows_of(warehouse, customer_master, "customer_id", "status") == [("C1", "active"), ("C2", "active")]


def test_a_removed_item_deactivates_its_customer(warehouse: Warehouse) -> None:
    load(warehouse, Dataset.CUSTOMERS, [customer_row("C1"), customer_row("C2")])

    counts = load(warehouse, Dataset.CUSTOMERS, [], removed_ids=frozenset({"item-C2", "never-known"}))

    assert counts.removed == 1
    assert warehouse.loads.known_ids(Dataset.CUSTOMERS, "erp") == {"item-C1"}


def test_nothing_stays_staged_after_a_merge(warehouse: Warehouse) -> None:
    load(warehouse, Dataset.CUSTOMERS, [customer_row("C1")])

    assert count_of(warehouse, staging_customers) == 0


def test_windows_are_replaced_as_a_set_and_only_where_they_differ(warehouse: Warehouse) -> None:
    load(warehouse, Dataset.CUSTOMERS, [customer_row("C1"), customer_row("C2")])
    load(warehouse, Dataset.WINDOWS, [window_row("C1", weekday=1), window_row("C1", weekday=3), window_row("C2")])

    counts = load(
        warehouse, Dataset.WINDOWS, [window_row("C1", weekday=1), window_row("C1", weekday=4), window_row("C2")]
    )

    assert (counts.inserted, counts.removed, counts.unchanged) == (1, 1, 2)
    assert rows_of(warehouse, delivery_schedules, "customer_id", "weekday") == [("C1", 1), ("C1", 4), ("C2", 1)]
    changed = [line for line in rows_of(warehouse, record_history, "change_type", "row_key") if "windows" in line[0]]
    assert changed == [("windows_changed", "C1"), ("windows_changed", "C1"), ("windows_changed", "C2")]


def test_a_customer_that_was_read_without_windows_has_none_any_more(warehouse: Warehouse) -> None:
    load(warehouse, Dataset.CUSTOMERS, [customer_row("C1"), customer_row("C2")])
    load(warehouse, Dataset.WINDOWS, [window_row("C1"), window_row("C2")])

    counts = load(warehouse, Dataset.WINDOWS, [window_row("C1")], removed_ids=frozenset({"C2"}))

    assert counts.removed == 1
    assert rows_of(warehouse, delivery_schedules, "customer_id") == [("C1",)]


def test_windows_older_than_their_customer_are_stale(warehouse: Warehouse) -> None:
    load(warehouse, Dataset.CUSTOMERS, [customer_row("C1", source_updated_at=LATER)])
    load(warehouse, Dataset.WINDOWS, [window_row("C1", weekday=2, source_updated_at=LATER)])

    counts = load(warehouse, Dataset.WINDOWS, [window_row("C1", weekday=4, source_updated_at=EARLIER)])

    assert counts.stale == 1
    assert rows_of(warehouse, delivery_schedules, "weekday") == [(2,)]


def test_windows_of_an_unknown_customer_go_to_quarantine(warehouse: Warehouse) -> None:
    counts = load(warehouse, Dataset.WINDOWS, [window_row("NOBODY")])

    assert (counts.inserted, counts.quarantined) == (0, 1)
    assert [row.row_key for row in warehouse.quality.rows()] == ["NOBODY"]


def blackouts(warehouse: Warehouse, customer_id: str = "C1") -> frozenset[date]:
    return warehouse.orders.customers()[CustomerId(customer_id)].blackout_dates


def test_blackout_days_follow_the_source_with_their_history(warehouse: Warehouse) -> None:
    christmas, silvester = date(2026, 12, 24), date(2026, 12, 31)
    load(warehouse, Dataset.CUSTOMERS, [customer_row(blackout_dates="2026-12-24"), customer_row("C2")])
    at_first = blackouts(warehouse)
    counts = load(warehouse, Dataset.CUSTOMERS, [customer_row(blackout_dates="2026-12-31", source_updated_at=LATER)])
    moved = blackouts(warehouse)
    load(warehouse, Dataset.CUSTOMERS, [customer_row(source_updated_at=LATER)])

    assert [*map(set, (at_first, moved, blackouts(warehouse)))] == [{christmas}, {silvester}, set()]
    assert blackouts(warehouse, "C2") == frozenset()
    assert counts.updated == 0
    history = rows_of(warehouse, record_history, "table_name", "change_type", "actor")
    ours = [line[1:] for line in history if line[0] == "calendar_exceptions"]
    assert sorted(ours) == [("entered", "erp")] * 2 + [("withdrawn", "erp")] * 2


def test_blackouts_of_the_plant_and_of_persons_stand_beside_those_of_the_source(warehouse: Warehouse) -> None:
    know_customers(warehouse, "C1")
    days = [date(2026, 12, n) for n in (24, 25, 26)]
    plant, person = (CalendarException(day=day, kind=ExceptionKind.BLACKOUT, customer_id="C1") for day in days[:2])
    warehouse.plant.save_plant(a_plant(exceptions=(plant,)), now=NOW, actor="plant")
    warehouse.plant.add_exceptions([person], now=NOW, actor="desk")

    load(warehouse, Dataset.CUSTOMERS, [customer_row(blackout_dates="2026-12-24,2026-12-26")])
    warehouse.plant.save_plant(a_plant(), now=NOW, actor="plant")
    without_the_plants = blackouts(warehouse)
    load(warehouse, Dataset.CUSTOMERS, [customer_row()])

    assert without_the_plants == set(days)
    assert blackouts(warehouse) == {days[1]}
