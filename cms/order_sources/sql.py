"""Reads a SQL query of any database that SQLAlchemy reaches: bound watermark, rows streamed, passwords never shown."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, SQLAlchemyError, StatementError

from cms.config import SqlSourceSettings
from cms.domain.errors import ConfigurationError, SourceError
from cms.order_sources.environment import expanded, masked_text, secrets_in
from cms.order_sources.file_problems import checked_header
from cms.order_sources.mapped_source import Table
from cms.order_sources.watermarks import Mark, WatermarkSeen, earlier, from_text

_ROWS_AT_ONCE = 2_000
_TIMEOUT_ARGUMENT = {
    "postgresql": "connect_timeout",
    "mysql": "connect_timeout",
    "mssql": "timeout",
    "sqlite": "timeout",
}


@dataclass(frozen=True, kw_only=True)
class SqlReader:
    """A query as a table.

    Parameters
    ----------
    secrets : tuple of str
        What must not appear in a message.
    """

    name: str
    settings: SqlSourceSettings
    url: sa.URL = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def open(cls, name: str, settings: SqlSourceSettings, environment: Mapping[str, str]) -> "SqlReader":
        """The query's reader; nothing is connected yet.

        Raises
        ------
        ConfigurationError
            The address cannot be used, or needs a variable that the environment lacks.
        """
        place = f"sources.{name}.url"
        url = _url(settings.url, environment, place)
        password = (str(url.password),) if url.password else ()
        return cls(name=name, settings=settings, url=url, secrets=(*secrets_in(settings.url, environment), *password))

    def read(self, watermark: str | None) -> Table:
        """What the query gives, from the watermark on (inclusive, and a little before it).

        Raises
        ------
        SourceError
            The database is not reachable, refuses the login, or cannot run the query. Also while the rows are read.
        """
        start = None if watermark is None else from_text(watermark)
        seen = WatermarkSeen(start=start)
        rows = self._rows(seen)
        columns = next(rows)
        return Table(
            place=self._place,
            columns=columns,
            rows=rows,
            watermark=seen.text if self.settings.watermark_column else lambda: None,
            complete=self.settings.complete,
        )

    @property
    def _place(self) -> str:
        return f"database {self.url.render_as_string(hide_password=True)}"

    def _rows(self, seen: WatermarkSeen) -> Generator[Any]:
        """The columns first, then each row; the connection lives as long as this is read."""
        column = self.settings.watermark_column
        with self._errors(), self._connection() as connection:
            if column is not None:
                seen.now = _present(connection)
            result = connection.execute(sa.text(self.settings.query), self._parameters(seen.start))
            columns = checked_header(tuple(result.keys()), self._place)
            if column is not None and column not in columns:
                raise SourceError(f"source {self.name!r}: the query has no column {column!r} for the watermark")
            yield columns
            for row in result.mappings():
                if column is not None:
                    seen.see(row[column])
                yield dict(row), ()

    def _parameters(self, start: Mark | None) -> dict[str, Any]:
        if self.settings.watermark_column is None:
            return {}
        settings = self.settings
        return {"watermark": settings.initial_watermark if start is None else earlier(start, settings.overlap_seconds)}

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        self._require_file()
        argument = _TIMEOUT_ARGUMENT.get(self.url.get_backend_name())
        arguments = {argument: int(self.settings.timeout_seconds) or 1} if argument else {}
        engine = sa.create_engine(self.url, poolclass=sa.NullPool, connect_args=arguments, hide_parameters=True)
        # a source is only read, and a server that can promise so is asked to
        options = {"postgresql_readonly": True} if engine.dialect.name == "postgresql" else {}
        with engine.connect().execution_options(stream_results=True, yield_per=_ROWS_AT_ONCE, **options) as connection:
            yield connection

    def _require_file(self) -> None:
        database = self.url.database
        is_file = self.url.get_backend_name() == "sqlite" and database and not database.startswith(("file:", ":"))
        if is_file and not Path(str(database)).exists():
            # SQLite would make an empty database, and the missing table would be the error
            raise SourceError(f"source {self.name!r}: database file {database} does not exist")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, ImportError, ValueError) as error:
            cause = error.orig if isinstance(error, StatementError) and error.orig is not None else error
            told = masked_text(" ".join(str(cause).partition("(Background on")[0].split()), self.secrets)
            raise SourceError(f"source {self.name!r}: {self._place}: {told}; {_remedy(error)}") from None


def _remedy(error: Exception) -> str:
    if isinstance(error, ImportError):
        return "install the database's driver"
    if isinstance(error, OperationalError | InterfaceError):
        return "check the server, the login and the names in the query"
    return "check the query"


def _url(text: str, environment: Mapping[str, str], place: str) -> sa.URL:
    """The address; variables are put in after it is taken apart, so that a password may contain any sign."""
    try:
        url = sa.make_url(text)
    except ArgumentError:
        # the address as a whole is a variable
        return _made_url(expanded(text, environment, place), place)

    def part(value: str | None) -> str | None:
        return expanded(value, environment, place) if value else value

    return url.set(
        username=part(url.username),
        password=part(url.password),
        host=part(url.host),
        database=part(url.database),
    )


def _made_url(text: str, place: str) -> sa.URL:
    try:
        return sa.make_url(text)
    except (ArgumentError, ValueError):
        rule = "must be an SQLAlchemy address such as postgresql+psycopg://user:${PASSWORD}@host/database"
        raise ConfigurationError((f"{place}: {rule}",)) from None


def _present(connection: sa.Connection) -> datetime | None:
    """The present as the database tells it: no clock of ours is compared with theirs."""
    present: Any = connection.execute(sa.select(sa.func.current_timestamp())).scalar_one()
    return present if isinstance(present, datetime) else None
