"""What SQL Server allows and the other engines do not ask: short keys, and statements in its own words."""

from collections.abc import Iterable

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql

from cms.warehouse.column_types import Exact, Instant
from cms.warehouse.tables import metadata

LONGEST_PRIMARY_KEY_BYTES = 900
LONGEST_INDEX_BYTES = 1_700
_DIALECT = mssql.dialect()  # type: ignore[no-untyped-call]
_BYTES = {sa.Boolean: 1, sa.BigInteger: 8, sa.Integer: 4, sa.Date: 3, sa.Time: 5}

TABLES = sorted(metadata.tables.values(), key=lambda table: table.name)


def bytes_of(column: sa.Column[object]) -> int:
    """The most that a value takes in a key; what may not be in one is endless."""
    kind = column.type
    if kind is Instant:
        return 10
    if isinstance(kind, Exact):
        return 9
    if isinstance(kind, sa.Unicode) and kind.length:
        return 2 * kind.length
    return next((size for type_, size in _BYTES.items() if isinstance(kind, type_)), 10**9)


def bytes_of_key(columns: Iterable[sa.Column[object]]) -> int:
    return sum(map(bytes_of, columns))


def indexes_of(table: sa.Table) -> list[tuple[str, int]]:
    unique = {str(c.name): c.columns for c in table.constraints if isinstance(c, sa.UniqueConstraint)}
    keys = {str(index.name): index.columns for index in table.indexes} | unique
    return [(name, bytes_of_key(columns)) for name, columns in keys.items()]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_key_is_short_enough(table: sa.Table) -> None:
    assert bytes_of_key(table.primary_key.columns) <= LONGEST_PRIMARY_KEY_BYTES
    assert [name for name, size in indexes_of(table) if size > LONGEST_INDEX_BYTES] == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_texts_that_are_compared_know_upper_and_lower_case(table: sa.Table) -> None:
    statement = str(sa.schema.CreateTable(table).compile(dialect=_DIALECT))

    short_texts = [line for line in statement.splitlines() if "NVARCHAR(200)" in line]

    assert all("COLLATE Latin1_General_BIN2" in line for line in short_texts)
    assert statement.count("IDENTITY") == sum(column.identity is not None for column in table.columns)
