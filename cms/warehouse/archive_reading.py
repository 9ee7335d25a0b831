"""Looks into the archive: whether it is whole, and what happened to orders that are in it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.application.order_history import IN_THE_WAREHOUSE, OrderHistory, OrderQuery
from cms.application.ports import Progress, no_progress
from cms.domain.errors import NotFoundError, StoredCopyError
from cms.warehouse.archive import ARCHIVE, uncatalogued
from cms.warehouse.arrow_rows import rows_of
from cms.warehouse.bulk import pieces, read_rows
from cms.warehouse.engine import reading
from cms.warehouse.table_folder import TableFolder
from cms.warehouse.tables import archived_orders, archives, order_master, order_source_records, schedule_history

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ArchiveCheck:
    """What is wrong with an archive.

    Parameters
    ----------
    problems : tuple of str
        A sentence for each; empty: every row that was archived is there, and nowhere else.
    unfinished : tuple of str
        Folders that are not part of the archive: an ended run left them, or they belong to another warehouse.
    """

    archives: int
    rows: int
    problems: tuple[str, ...]
    unfinished: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ArchiveReader:
    """The archive of a warehouse, for reading."""

    engine: Engine
    folder: Path

    def check(self, progress: Progress = no_progress) -> ArchiveCheck:
        """Read every archive that the catalog names and compare it with its manifest, the catalog and the warehouse."""
        with reading(self.engine) as connection:
            catalog = read_rows(connection, sa.select(archives).order_by(archives.c.archive_id))
            orders = _orders_by_archive(connection)
            problems = _doubled_orders(connection)
        for entry in catalog:
            problems += self._problems(entry, orders.get(entry["archive_id"], 0), progress)
        return ArchiveCheck(
            archives=len(catalog),
            rows=sum(entry["row_count"] for entry in catalog),
            problems=tuple(problems),
            unfinished=tuple(path.name for path in uncatalogued(self.engine, self.folder)),
        )

    def find(self, query: OrderQuery) -> list[OrderHistory]:
        """The orders asked for with their history, the oldest first, from wherever they are.

        Raises
        ------
        NotFoundError
            The order asked for is in neither.
        StoredCopyError
            An archive that is needed is missing or cannot be read.
        """
        with reading(self.engine) as connection:
            found = _from_warehouse(connection, query)
            places = _places(connection, query)
        for archive_id, order_ids in places.items():
            found += self._from_archive(archive_id, order_ids)
        if query.order_id is not None and not found:
            raise NotFoundError("order", query.order_id, "it is neither in the warehouse nor in the archive")
        return sorted(found, key=lambda one: (one.order["ordered_at"], one.order["order_id"]))[: query.limit]

    def _problems(self, entry: Row, orders: int, progress: Progress) -> list[str]:
        name = entry["archive_id"]
        try:
            folder = TableFolder.open(self.folder / name, what=ARCHIVE)
            folder.verify(progress)
        except StoredCopyError as error:
            return [str(error)]
        problems = []
        if folder.checksum != entry["checksum"]:
            problems.append(f"{folder.path}: is not the archive that the catalog names {name}")
        held = sum(facts.rows for facts in folder.tables if facts.name == order_master.name)
        if held != orders:
            problems.append(f"{folder.path}: holds {held:,} orders, the catalog names {orders:,} in it")
        return problems

    def _from_archive(self, archive_id: str, order_ids: Sequence[str]) -> list[OrderHistory]:
        folder = TableFolder.open(self.folder / archive_id, what=ARCHIVE)
        orders = _rows_of_orders(folder, order_master.name, order_ids)
        history = _by_order(_rows_of_orders(folder, schedule_history.name, order_ids))
        records = _by_order(_rows_of_orders(folder, order_source_records.name, order_ids))
        return [_history_of(archive_id, order, history, records) for order in orders]


def _orders_by_archive(connection: sa.Connection) -> dict[str, int]:
    column = archived_orders.c.archive_id
    return dict(connection.execute(sa.select(column, sa.func.count()).group_by(column)).all())


def _doubled_orders(connection: sa.Connection) -> list[str]:
    query = (
        sa.select(archived_orders.c.order_id, archived_orders.c.archive_id)
        .join(order_master, order_master.c.order_id == archived_orders.c.order_id)
        .order_by(archived_orders.c.order_id)
    )
    return [f"order {order_id} is in archive {of} and in the warehouse" for order_id, of in connection.execute(query)]


def _criteria(table: sa.Table, query: OrderQuery) -> Iterable[sa.ColumnElement[bool]]:
    if query.order_id is not None:
        yield table.c.order_id == query.order_id
    if query.customer_id is not None:
        yield table.c.customer_id == query.customer_id
    if query.ordered_from is not None:
        yield table.c.ordered_at >= datetime.combine(query.ordered_from, time(), tzinfo=UTC)
    if query.ordered_to is not None:
        yield table.c.ordered_at < datetime.combine(query.ordered_to, time(), tzinfo=UTC) + timedelta(days=1)


def _chosen(table: sa.Table, query: OrderQuery, *columns: sa.Column[Any]) -> sa.Select[Any]:
    chosen = sa.select(*(columns or table.columns)).where(*_criteria(table, query))
    return chosen.order_by(table.c.ordered_at, table.c.order_id).limit(query.limit)


def _places(connection: sa.Connection, query: OrderQuery) -> dict[str, list[str]]:
    table = archived_orders
    places: dict[str, list[str]] = defaultdict(list)
    for archive_id, order_id in connection.execute(_chosen(table, query, table.c.archive_id, table.c.order_id)):
        places[archive_id].append(order_id)
    return places


def _from_warehouse(connection: sa.Connection, query: OrderQuery) -> list[OrderHistory]:
    orders = read_rows(connection, _chosen(order_master, query))
    order_ids = [order["order_id"] for order in orders]
    history = _by_order(_own_rows(connection, schedule_history, order_ids))
    records = _by_order(_own_rows(connection, order_source_records, order_ids))
    return [_history_of(IN_THE_WAREHOUSE, order, history, records) for order in orders]


def _own_rows(connection: sa.Connection, table: sa.Table, order_ids: Sequence[str]) -> list[Row]:
    found: list[Row] = []
    for piece in pieces(order_ids):
        found += read_rows(connection, sa.select(table).where(table.c.order_id.in_(piece)))
    return found


def _rows_of_orders(folder: TableFolder, table: str, order_ids: Sequence[str]) -> list[Row]:
    file = folder.path / folder.facts(table).file_name
    try:
        chosen = ds.dataset(file, format="parquet").to_table(filter=ds.field("order_id").isin(order_ids))
    except (OSError, ValueError) as error:
        raise StoredCopyError(f"{file}: cannot be read: {error}; see: cms archive verify") from None
    return [row for batch in chosen.to_batches() for row in rows_of(batch)]


def _by_order(rows: Iterable[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["order_id"]].append(row)
    return grouped


def _history_of(
    place: str, order: Row, history: Mapping[str, Sequence[Row]], records: Mapping[str, Sequence[Row]]
) -> OrderHistory:
    order_id = order["order_id"]
    lines = sorted(history.get(order_id, ()), key=lambda line: (line["changed_at"], line["history_id"]))
    said = sorted(records.get(order_id, ()), key=lambda one: (one["source_system"], one["source_order_id"]))
    return OrderHistory(place=place, order=order, history=tuple(lines), source_records=tuple(said))
