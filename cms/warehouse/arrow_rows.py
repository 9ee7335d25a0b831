"""Rows of any table as typed Arrow batches, and back: the form in which rows leave the warehouse for files."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from cms.warehouse.column_types import Exact, Instant, ShortText, Text

ROWS_AT_ONCE = 20_000
"""Rows held in memory at a time, however many a table has."""


def arrow_schema(table: sa.Table) -> Any:
    """The Arrow schema of a table: exact decimals, instants in UTC, nothing that depends on an engine."""
    return pa.schema([pa.field(column.name, _ARROW[_family(column.type)](column.type)) for column in table.columns])


def read_batches(connection: sa.Connection, query: sa.Select[Any], table: sa.Table) -> Iterator[Any]:
    """What `query` selects of `table`, all columns in their order, as Arrow record batches; memory stays flat."""
    schema = arrow_schema(table)
    result = connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
    for rows in result.partitions():
        columns = zip(*rows, strict=True)
        arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
        yield pa.record_batch(arrays, schema=schema)


def rows_of(batch: Any) -> list[dict[str, Any]]:
    """The rows of a record batch, each by column name."""
    names = batch.schema.names
    columns = [column.to_pylist() for column in batch.columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def kind_of(column: sa.Column[Any]) -> str:
    """What a column holds, in a word that does not depend on an engine."""
    family = _family(column.type)
    return f"decimal({column.type.precision},{column.type.scale})" if isinstance(column.type, Exact) else family


def type_of(kind: str) -> Any:
    """The column type of such a word.

    Raises
    ------
    KeyError
        This program does not know the word.

    Examples
    --------
    >>> type_of("decimal(18,4)").scale
    4
    """
    if kind.startswith("decimal("):
        precision, scale = kind.removeprefix("decimal(").removesuffix(")").split(",")
        return Exact(int(precision), int(scale))
    return _TYPES[kind]


def _family(type_: Any) -> str:
    if isinstance(type_, type(Instant)):
        return "instant"
    if isinstance(type_, Exact):
        return "decimal"
    return next(kind for known, kind in _KINDS if isinstance(type_, known))


_KINDS: tuple[tuple[type, str], ...] = (
    (sa.Boolean, "boolean"),
    (sa.Integer, "integer"),
    (sa.Date, "date"),
    (sa.Time, "time"),
    (sa.UnicodeText, "text"),
    (sa.Unicode, "short_text"),
)
"""From the special to the general: a text is a Unicode string, too."""
_TYPES: dict[str, Any] = {
    "instant": Instant,
    "boolean": sa.Boolean(),
    "integer": sa.BigInteger(),
    "date": sa.Date(),
    "time": sa.Time(),
    "text": Text,
    "short_text": ShortText,
}
_ARROW: dict[str, Any] = {
    "instant": lambda _: pa.timestamp("us", tz="UTC"),
    "decimal": lambda type_: pa.decimal128(type_.precision, type_.scale),
    "boolean": lambda _: pa.bool_(),
    "integer": lambda _: pa.int64(),
    "date": lambda _: pa.date32(),
    "time": lambda _: pa.time64("us"),
    "text": lambda _: pa.string(),
    "short_text": lambda _: pa.string(),
}
