"""Writes many rows at once, by the fastest way each engine has."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.warehouse.engine import schema_of

IDS_IN_A_QUERY = 500
"""Ids bound in one query: far below every engine's limit (SQL Server takes 2,100 parameters)."""


def insert_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, which all have the same columns."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    elif connection.dialect.name == "sqlite":
        _insert_tuples(connection, table, rows)
    else:
        connection.execute(sa.insert(table), rows)


def takes_rows_as_they_come(engine: Engine) -> bool:
    """Whether the engine stores rows while others are still being made, and keeps no other writer waiting meanwhile."""
    return engine.dialect.name == "postgresql"


def insert_as_they_come(connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows that are made one after another, on an engine that `takes_rows_as_they_come`.

    They all have the same columns, and their values exactly the types of these.
    """
    _copy(connection, table, rows, is_exact=True)


def read_rows(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    """The rows of a query, each by column name."""
    result = connection.execute(query)
    names = list(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]


def pieces(keys: Sequence[Any], size: int = IDS_IN_A_QUERY) -> list[Sequence[Any]]:
    """The keys in pieces that fit into one query."""
    return [keys[start : start + size] for start in range(0, len(keys), size)]


def _insert_tuples(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    # the same values by the same converters as SQLAlchemy's own way, without its work for each row's parameters
    statement = sa.insert(table).compile(connection, column_keys=list(rows[0]))
    names = statement.positiontup or []
    converters = [_converter(table.c[name].type, connection) for name in names]
    values = [
        tuple([row[name] if c is None else c(row[name]) for name, c in zip(names, converters, strict=True)])
        for row in rows
    ]
    connection.exec_driver_sql(str(statement), values)


def _converter(type_: sa.types.TypeEngine[Any], connection: sa.Connection) -> Callable[[Any], Any] | None:
    return type_.dialect_impl(connection.dialect).bind_processor(connection.dialect)


def _copy(
    connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]], *, is_exact: bool = False
) -> None:
    remaining = iter(rows)
    first = next(remaining, None)
    if first is None:
        return
    driver = connection.connection.driver_connection
    assert driver is not None, "an open connection has its driver's"
    names, form = list(first), "binary" if is_exact else "text"
    try:
        with driver.cursor() as cursor, cursor.copy(_copy_statement(connection, table, names, form)) as copy:
            if is_exact:
                copy.set_types([_type_name(table.c[name], connection) for name in names])
            values = itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
            for row in chain([first], remaining):
                copy.write_row(values(row))
    except connection.dialect.loaded_dbapi.Error as error:
        # said like that of any other statement, so that a deadlock is repeated and a full disk is told as one
        raise sa.exc.DBAPIError.instance(
            f"COPY {table.name}", None, error, connection.dialect.loaded_dbapi.Error, dialect=connection.dialect
        ) from error


def _copy_statement(connection: sa.Connection, table: sa.Table, names: Sequence[str], form: str) -> Any:
    from psycopg import sql  # noqa: PLC0415 - only PostgreSQL has it, and it is slow to import

    return sql.SQL("COPY {}.{} ({}) FROM STDIN (FORMAT {})").format(
        sql.Identifier(schema_of(connection) or "public"),
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.Identifier(form),
    )


def _type_name(column: sa.Column[Any], connection: sa.Connection) -> str:
    """The type by the name that the driver knows it by, without a length."""
    return column.type.compile(connection.dialect).partition("(")[0].lower()
