"""Reads CSV files: any encoding, separator and quoting, packed or not, one row after the other."""

import csv
import gzip
import io
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

from cms.aggregation.row_grouping import ReadRow
from cms.config import FileSourceSettings
from cms.domain.errors import SourceError
from cms.order_sources.file_problems import checked_header, file_errors
from cms.order_sources.mapped_source import Table

_GZIP_MARK = b"\x1f\x8b"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_OTHER_SEPARATORS = ";\t|,"


def read_csv(settings: FileSourceSettings) -> Table:
    """A CSV file as a table; every value is text, so that leading zeros and long keys stay what they are.

    Raises
    ------
    SourceError
        The file is empty, or its header cannot be used. Also while the rows are read.
    """
    path = settings.path
    records = _records(settings)
    header = next(records, None)
    if header is None:
        raise SourceError(f"file {path} is empty: it has no header")
    columns = checked_header([name.strip().strip("\ufeff") for name in header[1]], f"file {path}")
    return Table(
        place=f"file {path}{_separator_hint(columns, settings)}",
        columns=columns,
        rows=_rows(columns, records),
        complete=settings.complete,
    )


def _separator_hint(columns: tuple[str, ...], settings: FileSourceSettings) -> str:
    if len(columns) > 1:
        return ""
    likely = [sign for sign in _OTHER_SEPARATORS if sign != settings.separator and sign in columns[0]]
    return f", which has one column; is its separator {likely[0]!r}?" if likely else ""


def _rows(columns: tuple[str, ...], records: Iterator[tuple[int, list[str]]]) -> Generator[ReadRow]:
    width = len(columns)
    for line, record in records:
        row: dict[str, Any] = dict(zip(columns, record, strict=False))
        if len(record) == width:
            yield row, ()
            continue
        if len(record) > width:
            row["(more)"] = record[width:]
        yield row, (f"row: line {line} has {len(record)} values where the header has {width}",)


def _records(settings: FileSourceSettings) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and values, blank lines left out."""
    path, skipped = settings.path, settings.skip_lines
    with file_errors(path), _opened(path) as stream:
        text = io.TextIOWrapper(stream, encoding=settings.encoding, newline="")
        lines = csv.reader(
            islice(text, skipped, None),
            delimiter=settings.separator,
            quotechar=settings.quote or None,
            quoting=csv.QUOTE_MINIMAL if settings.quote else csv.QUOTE_NONE,
        )
        with _content_errors(settings, lambda: skipped + lines.line_num):
            for record in lines:
                if record:
                    yield skipped + lines.line_num, record


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        packed = stream.read(2) == _GZIP_MARK
    return cast("IO[bytes]", gzip.open(path, "rb")) if packed else path.open("rb")


@contextmanager
def _content_errors(settings: FileSourceSettings, line: Any) -> Iterator[None]:
    path = settings.path
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        rule = f"is packed with gzip and damaged or cut off after line {line()} ({error})"
        raise SourceError(f"file {path} {rule}; copy it again") from None
    except UnicodeError as error:
        raise SourceError(f"file {path} {_encoding_problem(settings, error, line())}") from None
    except csv.Error as error:
        rule = f"is no CSV with separator {settings.separator!r} and quote {settings.quote!r} near line {line()}"
        raise SourceError(f"file {path} {rule}: {error}") from None


def _encoding_problem(settings: FileSourceSettings, error: UnicodeError, line: int) -> str:
    with _opened(settings.path) as stream:
        begin = stream.read(2)
    likely = "utf-16" if begin in _UTF16_MARKS else "cp1252"
    found = f"byte 0x{error.object[error.start]:02x}" if isinstance(error, UnicodeDecodeError) else str(error)
    return f"is not in encoding {settings.encoding}: {found} after line {line}; set encoding (often {likely!r})"
