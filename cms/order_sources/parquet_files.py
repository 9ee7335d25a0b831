"""Reads Parquet files batch by batch, with the types that they carry."""

from collections.abc import Generator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cms.aggregation.row_grouping import ReadRow
from cms.config import FileSourceSettings
from cms.domain.errors import SourceError
from cms.order_sources.file_problems import checked_header, file_errors
from cms.order_sources.mapped_source import Table

_BATCH_ROWS = 5_000


def read_parquet(settings: FileSourceSettings) -> Table:
    """A Parquet file as a table.

    Raises
    ------
    SourceError
        It is no Parquet file, or damaged. Also while the rows are read.
    """
    path = settings.path
    with file_errors(path):
        try:
            file = pq.ParquetFile(path)
        except pa.ArrowException as error:
            raise SourceError(f"file {path} is no Parquet file, or is cut off: {error}") from None
    columns = checked_header(file.schema_arrow.names, f"file {path}")
    return Table(place=f"file {path}", columns=columns, rows=_rows(settings, file), complete=settings.complete)


def _rows(settings: FileSourceSettings, file: Any) -> Generator[ReadRow]:
    with file_errors(settings.path), file:
        try:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                for row in _without_nanoseconds(batch).to_pylist():
                    yield row, ()
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"file {settings.path} is damaged: {error}; copy it again") from None


def _without_nanoseconds(batch: Any) -> Any:
    """Python's instants have microseconds; the rest is dropped, not rounded."""
    fields = [
        field.with_type(pa.timestamp("us", field.type.tz))
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns"
        else field
        for field in batch.schema
    ]
    return pa.Table.from_batches([batch]).cast(pa.schema(fields), safe=False)
