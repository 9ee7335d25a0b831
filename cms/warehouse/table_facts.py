"""What is known of a table in files: its columns in words, its rows and its checksums; as JSON, and back as a table."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from cms.warehouse.arrow_rows import kind_of, type_of


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnFacts:
    """A column: what it holds, and whether it is part of the key or numbered by the warehouse."""

    name: str
    kind: str
    is_key: bool
    is_identity: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TableFacts:
    """A table in a file.

    Parameters
    ----------
    checksum : str
        Of the rows, whatever their order, as `RowChecksum` sums them up.
    sha256 : str
        Of the file.
    """

    name: str
    columns: tuple[ColumnFacts, ...]
    rows: int
    checksum: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The name of its file in the folder."""
        return f"{self.name}.parquet"

    def table(self) -> sa.Table:
        """The table, of whatever revision, as the warehouse knows it."""
        columns = [
            sa.Column(
                column.name,
                type_of(column.kind),
                *([sa.Identity()] if column.is_identity else []),
                primary_key=column.is_key,
                autoincrement="auto" if column.is_identity else False,
            )
            for column in self.columns
        ]
        return sa.Table(self.name, sa.MetaData(), *columns)

    def as_document(self) -> dict[str, Any]:
        """A JSON-able description."""
        return asdict(self)

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> "TableFacts":
        """From its description.

        Raises
        ------
        KeyError, TypeError
            It is no such description.
        """
        columns = tuple(ColumnFacts(**column) for column in document["columns"])
        return cls(**{**document, "columns": columns})


def columns_of(table: sa.Table) -> tuple[ColumnFacts, ...]:
    """The columns of a table of the warehouse."""
    return tuple(
        ColumnFacts(
            name=column.name, kind=kind_of(column), is_key=column.primary_key, is_identity=column.identity is not None
        )
        for column in table.columns
    )
