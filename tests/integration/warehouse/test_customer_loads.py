import json

from cms.application.ports import Dataset
from cms.warehouse.tables import customer_master, delivery_schedules, record_history, staging_customers
from cms.warehouse.warehouse import Warehouse
from tests.integration.warehouse.loading import EARLIER, LATER, count_of, customer_row, load, rows_of, window_row


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
