"""Reads Excel workbooks (.xlsx) row by row: the values that formulas had when they were saved, cell errors named."""

import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from cms.aggregation.row_grouping import ReadRow
from cms.aggregation.source_text import is_empty, text_of
from cms.config import FileSourceSettings
from cms.domain.errors import SourceError
from cms.order_sources.file_problems import checked_header, file_errors
from cms.order_sources.mapped_source import Table

_ERROR_CELL = "e"


def read_excel(settings: FileSourceSettings) -> Table:
    """A sheet of a workbook as a table; blank rows are left out.

    Raises
    ------
    SourceError
        It is no workbook, or has no such sheet or no header. Also while the rows are read.
    """
    place = f"file {settings.path}, sheet {settings.sheet!r}"
    rows = _cells(settings)
    header = next(rows, None)
    if header is None:
        raise SourceError(f"{place} is empty: it has no header")
    names = ["" if is_empty(cell.value) else text_of(cell.value) for cell in header[1]]
    columns = checked_header(names, place)
    return Table(place=place, columns=columns, rows=_rows(columns, rows), complete=settings.complete)


def _rows(columns: tuple[str, ...], rows: Iterator[tuple[int, Sequence[Any]]]) -> Generator[ReadRow]:
    for number, cells in rows:
        row: dict[str, Any] = {name: None for name in columns if name}
        problems = []
        for name, cell in zip(columns, cells, strict=False):
            if cell.value is None:
                continue
            if cell.data_type == _ERROR_CELL:
                problems.append(f"row: the cell of column {name} in row {number} holds the error {cell.value}")
            elif name:
                row[name] = cell.value
        yield row, tuple(problems)


def _cells(settings: FileSourceSettings) -> Iterator[tuple[int, Sequence[Any]]]:
    """Row numbers and cells, blank rows left out."""
    path = settings.path
    with file_errors(path), _workbook_errors(path):
        workbook = _opened(path)
        try:
            sheet = _sheet(workbook, settings)
            # some programs write a wrong size of the sheet, which would hide rows
            sheet.reset_dimensions()
            for number, cells in enumerate(
                islice(sheet.iter_rows(), settings.skip_lines, None), settings.skip_lines + 1
            ):
                if any(cell.value is not None for cell in cells):
                    yield number, cells
        finally:
            workbook.close()


def _opened(path: Path) -> Any:
    with warnings.catch_warnings():
        # it warns of styles and input rules that it leaves out; values are all that is read
        warnings.simplefilter("ignore", UserWarning)
        return openpyxl.load_workbook(path, read_only=True, data_only=True)


def _sheet(workbook: Any, settings: FileSourceSettings) -> Any:
    names, wanted = workbook.sheetnames, settings.sheet
    if isinstance(wanted, int) and 0 <= wanted < len(names):
        return workbook[names[wanted]]
    if wanted in names:
        return workbook[wanted]
    raise SourceError(f"file {settings.path} has no sheet {wanted!r}; it has {', '.join(map(repr, names))}")


@contextmanager
def _workbook_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (BadZipFile, InvalidFileException, KeyError, ValueError, EOFError) as error:
        rule = f"is no Excel workbook (.xlsx), is damaged, or is protected by a password ({error})"
        raise SourceError(f"file {path} {rule}; open it and save it again") from None
