"""How SQL Server is reached: Microsoft's driver where it is, FreeTDS where the URL asks for it."""

import importlib.util
import platform
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Dialect

from cms.domain.errors import WarehouseError

DRIVER_PACKAGE = "mssql_python_odbc"
_FAMILIES = ("debian_ubuntu", "rhel", "suse", "alpine")


def connect_arguments(url: URL, connect_timeout_seconds: int) -> tuple[URL, dict[str, Any]]:
    """The URL with its driver named, and what ``create_engine`` needs for that driver.

    A URL without ``driver=`` uses the driver that comes as a Python package. Fast bulk inserts work with Microsoft's
    driver only: FreeTDS ends the process with them, and cannot be told parameter sizes.
    """
    driver = _named_driver(url)
    if driver is None:
        driver = str(packaged_driver())
        url = url.update_query_dict({"driver": driver})
    arguments: dict[str, Any] = {"connect_args": {"timeout": connect_timeout_seconds}}
    if is_freetds(url):
        if url.port is not None:  # it does not understand "host,port"
            url = url.update_query_dict({"port": str(url.port)})
        return url, arguments | {"use_setinputsizes": False, "fast_executemany": False}
    return url, arguments | {"fast_executemany": True}


def is_freetds(url: URL) -> bool:
    """Whether the URL names FreeTDS as its driver."""
    driver = (_named_driver(url) or "").lower()
    return "tdsodbc" in driver or "freetds" in driver


SNAPSHOT = "cms_snapshot"
"""Execution option: the transaction reads one state of the database."""
_LEVEL = "cms_isolation"
_SET_ISOLATION = {
    "SNAPSHOT": "SET TRANSACTION ISOLATION LEVEL SNAPSHOT",
    "READ COMMITTED": "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
}
_SNAPSHOTS_ALLOWED = sa.text("SELECT snapshot_isolation_state FROM sys.databases WHERE database_id = DB_ID()")
_ALLOW_SNAPSHOTS = "ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON"


def allow_snapshots(engine: sa.Engine) -> None:
    """Let readers see one state of the database while others write; once, by who may alter the database."""
    with engine.connect() as connection:
        if connection.execute(_SNAPSHOTS_ALLOWED).scalar_one() == 1:
            return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(_ALLOW_SNAPSHOTS)


def set_isolation(connection: sa.Connection) -> None:
    """Give a transaction its isolation before it begins; the session keeps it for the next one."""
    level = "SNAPSHOT" if connection.get_execution_options().get(SNAPSHOT, False) else "READ COMMITTED"
    if connection.info.get(_LEVEL) == level:
        return
    session = connection.connection.dbapi_connection
    assert session is not None, "an open connection has its driver's"
    # a transaction that the pool's ping began is not turned into a snapshot, nor one that only says so
    session.commit()
    connection.exec_driver_sql(_SET_ISOLATION[level])
    session.commit()
    connection.info[_LEVEL] = level


def send_dates_as_text(engine: sa.Engine) -> None:
    """For FreeTDS, which sends a date as an old ``datetime``: one before 1753 arrived as another day."""
    engine.dialect.colspecs = {**engine.dialect.colspecs, sa.Date: _DateAsText}


class _DateAsText(sa.Date):
    """A date that goes out as ``YYYY-MM-DD``, which SQL Server reads the same in every language."""

    def bind_processor(self, dialect: Dialect) -> Callable[[date | None], str | None]:  # noqa: ARG002
        return lambda day: None if day is None else day.isoformat()


def know_usual_isolation(engine: sa.Engine) -> None:
    """What a session goes back to after a turn without transactions, also where the server does not tell."""
    if engine.dialect.default_isolation_level is None:
        engine.dialect.default_isolation_level = "READ COMMITTED"


def packaged_driver() -> Path:
    """Microsoft's ODBC driver inside its Python package.

    Raises
    ------
    WarehouseError
        The package, or a driver for this kind of machine, is not installed.
    """
    spec = importlib.util.find_spec(DRIVER_PACKAGE)
    folders = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    found = [
        driver
        for folder in folders
        for driver in sorted(folder.glob(f"libs/linux/*/{platform.machine()}/lib/libmsodbcsql*.so*"))
    ]
    if not found:
        remedy = "install mssql-python-odbc, or name an installed driver: mssql+pyodbc://…?driver=FreeTDS"
        raise WarehouseError(f"SQL Server: no ODBC driver for {platform.machine()} was found; {remedy}")
    return min(found, key=_family_rank)


def _family_rank(driver: Path) -> tuple[int, str]:
    here = _family_here()
    names = [family for family in _FAMILIES if family in driver.parts]
    return (0 if names == [here] else 1, str(driver))


def _family_here() -> str:
    if Path("/etc/alpine-release").exists():
        return "alpine"
    if Path("/etc/redhat-release").exists():
        return "rhel"
    return "suse" if Path("/etc/SUSE-brand").exists() else "debian_ubuntu"


def _named_driver(url: URL) -> str | None:
    for key in ("driver", "odbc_connect"):
        value = url.query.get(key)
        if value is not None:
            return value if isinstance(value, str) else value[0]
    return None
