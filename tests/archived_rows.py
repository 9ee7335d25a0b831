"""Every row of a warehouse and of its archive, read with pandas and plain SQL: nothing of the archive's own code."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.warehouse.engine import reading
from cms.warehouse.tables import archives, metadata

BOOKKEEPING = {"archives", "archived_orders", "archived_records"}
Rows = dict[str, Counter[tuple[str, ...]]]


def rows_of_warehouse(engine: Engine) -> Rows:
    """How often each row stands in each table, but for the archive's own."""
    with reading(engine) as connection:
        return {
            name: Counter(_plain(row) for row in connection.execute(sa.select(table)))
            for name, table in metadata.tables.items()
            if name not in BOOKKEEPING
        }


def rows_of_archive(engine: Engine, folder: Path) -> Rows:
    """The same for the archives that the warehouse's catalog names."""
    found: Rows = {}
    for path in _catalogued(engine, folder):
        for described in json.loads((path / "manifest.json").read_text())["tables"]:
            frame = _frame(path, described["name"])
            rows = (_plain(row) for row in frame.itertuples(index=False, name=None))
            found.setdefault(described["name"], Counter()).update(rows)
    return found


def archived_values(engine: Engine, folder: Path, table: sa.Table, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of every archived row of a table."""
    frames = [
        _frame(path, table.name) for path in _catalogued(engine, folder) if (path / f"{table.name}.parquet").exists()
    ]
    return [row for frame in frames for row in frame[list(columns)].itertuples(index=False, name=None)]


def _catalogued(engine: Engine, folder: Path) -> list[Path]:
    with reading(engine) as connection:
        return [folder / name for name in connection.execute(sa.select(archives.c.archive_id)).scalars()]


def _frame(path: Path, table: str) -> pd.DataFrame:
    return pd.read_parquet(path / f"{table}.parquet", dtype_backend="pyarrow")


def together(*parts: Rows) -> Rows:
    """All of them; a row that stands in two of them counts twice."""
    names = {name for part in parts for name in part}
    return {name: sum((part.get(name, Counter()) for part in parts), Counter()) for name in names}


def _plain(row: Iterable[Any]) -> tuple[str, ...]:
    return tuple("" if value is None or value is pd.NA or value is pd.NaT else _text(value) for value in row)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, pd.Timestamp) else str(value).replace(" ", "T")
