"""Reads CSV, Parquet and Excel files row by row; whatever is wrong with a file is said with its name and a remedy."""

from dataclasses import dataclass
from pathlib import Path

from cms.config import FileSourceSettings
from cms.domain.errors import SourceError
from cms.order_sources.file_problems import file_errors
from cms.order_sources.mapped_source import Table

_FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "excel",
    ".xlsm": "excel",
}


@dataclass(frozen=True, kw_only=True)
class FileReader:
    """A file as a table; a file has no watermark, it is read as a whole each time."""

    name: str
    settings: FileSourceSettings

    def read(self, watermark: str | None) -> Table:  # noqa: ARG002 - a file does not know what is new in it
        """All rows of the file.

        Raises
        ------
        SourceError
            The file is missing, empty, damaged, or not of its format. Also while the rows are read.
        """
        settings = self.settings
        file_format = settings.format or format_of(settings.path)
        with file_errors(settings.path):
            settings.path.open("rb").close()
        if file_format == "csv":
            from cms.order_sources.csv_files import read_csv as read_file
        elif file_format == "parquet":
            from cms.order_sources.parquet_files import read_parquet as read_file
        else:
            from cms.order_sources.excel_files import read_excel as read_file
        return read_file(settings)


def format_of(path: Path) -> str:
    """The format of a file by its name; ``.gz`` at the end does not count.

    Raises
    ------
    SourceError
        The name tells none.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    ending = suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else "".join(suffixes[-1:])
    if ending in _FORMATS:
        return _FORMATS[ending]
    remedy = "save it as .xlsx" if ending == ".xls" else "set format to csv, parquet or excel"
    raise SourceError(f"file {path}: its name does not tell a format that can be read; {remedy}")
