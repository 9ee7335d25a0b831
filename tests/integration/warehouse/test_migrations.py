from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.schema import CreateSchema

from cms.domain.errors import WarehouseError
from cms.warehouse.engine import in_transaction, open_engine, reading, schema_of
from cms.warehouse.schema import check, current_revision, downgrade, head_revision, require_current_schema, upgrade
from cms.warehouse.tables import metadata
from cms.warehouse.warehouse import Warehouse
from tests.benchmarks.five_years import YearsOptions, fill
from tests.integration.warehouse.loading import NOW, bad_row, count_of, know_customers, load_orders, order_row
from tests.integration.warehouse.test_figures import QUOTE
from tests.integration.warehouse.test_queues import a_notice
from tests.warehouse_fixtures import remove_schema


def test_the_revisions_build_exactly_the_tables_that_the_program_uses(empty_url: str) -> None:
    engine = open_engine(empty_url)
    upgrade(engine)
    migrated = description_of(engine)
    remove_schema(empty_url)

    in_transaction(engine, create_from_metadata)
    created = description_of(engine)
    in_transaction(engine, metadata.drop_all)
    engine.dispose()

    assert migrated == created


def test_an_upgraded_warehouse_has_nothing_to_complain_about(empty_url: str) -> None:
    engine = open_engine(empty_url)

    assert check(engine) == ["it has no schema yet; run: cms db upgrade"]
    assert upgrade(engine) == (None, head_revision())
    assert upgrade(engine) == (head_revision(), head_revision())
    assert check(engine) == []
    require_current_schema(engine)
    engine.dispose()


def test_the_schema_goes_down_with_data_in_it_and_up_again(empty_url: str) -> None:
    engine = open_engine(empty_url)
    upgrade(engine)
    know_customers(Warehouse(engine=engine), "C1", "C2")

    assert downgrade(engine, "base") == (head_revision(), None)
    with reading(engine) as connection:
        left = sa.inspect(connection).get_table_names(schema=schema_of(engine))
    upgrade(engine)
    know_customers(Warehouse(engine=engine), "C1")

    assert [name for name in left if name != "alembic_version"] == []
    assert count_of(Warehouse(engine=engine), metadata.tables["customer_master"]) == 1
    engine.dispose()


def test_every_row_survives_the_way_down_to_the_first_revision_and_up_again(empty_url: str) -> None:
    engine = open_engine(empty_url)
    upgrade(engine)
    write_rows_of_every_kind(Warehouse(engine=engine))
    way = revisions()

    before = rows_of_first_revision(engine)
    for revision in reversed(way[:-1]):
        downgrade(engine, revision)
        assert rows_of_first_revision(engine) == before, f"down to {revision}"
    for revision in way[1:]:
        upgrade(engine, revision)
        assert rows_of_first_revision(engine) == before, f"up to {revision}"

    filled = {name for name, rows in before.items() if rows}
    assert filled >= {
        *("master_schedule", "schedule_history", "schedule_loads", "capacity_planning", "customer_master"),
        *("order_master", "order_source_records", "quarantine", "quality_results", "inbox_events", "quotes"),
        *("notification_outbox", "kpi_snapshots", "delivery_schedules", "sync_state", "loads"),
    }
    assert check(engine) == []
    assert Warehouse(engine=engine).schedules.published() is not None
    engine.dispose()


def write_rows_of_every_kind(warehouse: Warehouse) -> None:
    """Schedules and their history, a row in quarantine, events, a reservation, a notice that waits."""
    fill(warehouse.engine, YearsOptions(months=1, orders_a_month=30, customers=4))
    rows = [order_row("M1", customer_id="C00001"), order_row("M2", customer_id="C00001", quantity=Decimal(-1))]
    load_orders(warehouse, *rows, failures=[bad_row(2)], watermark="2026-01-05")
    event = {"deduplication_key": "e1", "source": "monday", "kind": "item", "subject_id": "O1"}
    warehouse.inbox.add(**event, payload={"größe": 1}, now=NOW)
    warehouse.quotes.keep(QUOTE)
    warehouse.outbox.queue([a_notice()], now=NOW)


def revisions() -> list[str]:
    """All of them, the first one first."""
    return [f"{number:04}" for number in range(1, int(head_revision()) + 1)]


def rows_of_first_revision(engine: Engine) -> dict[str, list[tuple[str, ...]]]:
    """Every row of the tables of the first revision, in the columns that it had."""
    found = {}
    with reading(engine) as connection:
        for name in sorted(metadata.tables.keys() - LATER_TABLES):
            table = metadata.tables[name]
            columns = [column for column in table.columns if f"{name}.{column.name}" not in LATER_COLUMNS]
            found[name] = sorted(tuple(map(str, row)) for row in connection.execute(sa.select(*columns)))
    return found


LATER_TABLES = {
    *("board_writes", "simulation_studies", "simulation_results", "rollout_phases"),
    *("archives", "archived_orders", "archived_records", "customer_blackouts"),
}
LATER_COLUMNS = {
    *("order_master.status_before_removal", "schedule_versions.checked_at", "schedule_versions.findings"),
    *("notification_outbox.schedule_version", "staging_customers.blackout_dates", "capacity_planning.reserved_hours"),
}


def test_a_schema_newer_than_the_program_is_refused(warehouse: Warehouse) -> None:
    say_that_the_schema_is_at(warehouse.engine, "9999")

    for refused in (require_current_schema, upgrade):
        with pytest.raises(WarehouseError, match="at revision 9999, which is newer than this program"):
            refused(warehouse.engine)
    assert "newer than this program" in check(warehouse.engine)[0]
    say_that_the_schema_is_at(warehouse.engine, head_revision())


def test_a_warehouse_without_a_schema_is_not_opened(empty_url: str) -> None:
    with pytest.raises(WarehouseError, match="it has no schema yet; run: cms db upgrade"):
        Warehouse.open(empty_url)


def test_what_differs_is_named(sqlite_warehouse: Warehouse) -> None:
    engine = sqlite_warehouse.engine
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE kpi_snapshots")
        connection.exec_driver_sql("ALTER TABLE quotes DROP COLUMN actor")
        connection.exec_driver_sql("ALTER TABLE quotes ADD COLUMN colour TEXT")
        connection.exec_driver_sql("DROP INDEX ix_order_master_ordered_at")

    assert check(engine) == [
        "table kpi_snapshots is missing",
        "index ix_order_master_ordered_at of order_master is missing",
        "column quotes.actor is missing",
        "column quotes.colour is not known to this program",
    ]


def test_a_migration_that_fails_leaves_the_schema_as_it_was(empty_url: str) -> None:
    engine = open_engine(empty_url)
    upgrade(engine)
    downgrade(engine, "base")
    stray = sa.Table("quotes", sa.MetaData(), sa.Column("stray", sa.Integer))
    in_transaction(engine, stray.create)

    with pytest.raises(WarehouseError):
        upgrade(engine)

    with reading(engine) as connection:
        present = set(sa.inspect(connection).get_table_names(schema=schema_of(engine)))
    in_transaction(engine, stray.drop)
    assert current_revision(engine) is None
    assert present - {"alembic_version"} == {"quotes"}
    engine.dispose()


def create_from_metadata(connection: sa.Connection) -> None:
    schema = schema_of(connection)
    if schema is not None and not sa.inspect(connection).has_schema(schema):
        connection.execute(CreateSchema(schema))
    metadata.create_all(connection)


def description_of(engine: Engine) -> dict[str, Any]:
    """Everything that can be reflected, by table."""
    schema = schema_of(engine)
    with reading(engine) as connection:
        inspector = sa.inspect(connection)
        # asked for all tables at once: a server far away, or a slow one, answers a few questions instead of hundreds
        columns = inspector.get_multi_columns(schema=schema)
        primary_keys = inspector.get_multi_pk_constraint(schema=schema)
        foreign_keys = inspector.get_multi_foreign_keys(schema=schema)
        indexes = inspector.get_multi_indexes(schema=schema)
        checks = _checks(inspector, schema)
    return {
        name: {
            "columns": [(c["name"], str(c["type"]), c["nullable"], str(c.get("default"))) for c in found],
            "primary key": primary_keys[key],
            "foreign keys": sorted(foreign_keys.get(key, []), key=repr),
            "indexes": sorted(map(_index, indexes.get(key, []))),
            "checks": sorted(map(repr, checks.get(key, []))),
        }
        for key, found in columns.items()
        if (name := key[1]) != "alembic_version"
    }


def _index(index: Any) -> str:
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return repr((index["name"], index["column_names"], bool(index["unique"]), options))


def _checks(inspector: sa.Inspector, schema: str | None) -> Mapping[Any, Sequence[Any]]:
    try:
        return inspector.get_multi_check_constraints(schema=schema)
    except NotImplementedError:  # SQLAlchemy cannot read them on SQL Server
        return {}


def say_that_the_schema_is_at(engine: Engine, revision: str) -> None:
    versions = sa.table("alembic_version", sa.column("version_num"), schema=schema_of(engine))
    in_transaction(engine, lambda connection: connection.execute(sa.update(versions).values(version_num=revision)))
