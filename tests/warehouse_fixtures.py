"""Fixtures: an empty warehouse on each engine, fresh for every test."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.warehouse.engine import in_transaction, open_engine, schema_of
from cms.warehouse.schema import current_revision, downgrade, head_revision, upgrade
from cms.warehouse.tables import metadata
from cms.warehouse.warehouse import Warehouse
from tests.postgresql_server import PostgresqlServer, find_binaries, start_server

SQL_SERVER_URL = os.environ.get("CMS_TEST_MSSQL_URL")
ENGINES = ("sqlite", "postgresql", "mssql")

_needs_postgresql = pytest.mark.skipif(find_binaries() is None, reason="no PostgreSQL programs are installed")
_needs_sql_server = pytest.mark.skipif(SQL_SERVER_URL is None, reason="CMS_TEST_MSSQL_URL names no SQL Server")
EACH_ENGINE = (
    pytest.param("sqlite"),
    pytest.param("postgresql", marks=_needs_postgresql),
    pytest.param("mssql", marks=_needs_sql_server),
)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """One server for a session (a worker's), without durability."""
    # below /tmp itself: the account that runs the server must be able to reach it
    folder = Path(tempfile.mkdtemp(prefix="cms-postgresql-"))
    server = start_server(folder)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty warehouse to copy."""
    path = tmp_path_factory.mktemp("warehouse") / "template.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_warehouse_url(postgresql_server: PostgresqlServer) -> str:
    """A warehouse that the tests of a session share, emptied before each."""
    url = postgresql_server.create_database("warehouse")
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture(params=EACH_ENGINE)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without a schema, on each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    elif request.param == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        name = f"empty_{uuid.uuid4().hex[:12]}"
        yield server.create_database(name)
        server.drop_database(name)
    else:
        assert SQL_SERVER_URL is not None
        remove_schema(SQL_SERVER_URL)
        yield SQL_SERVER_URL
        remove_schema(SQL_SERVER_URL)


@pytest.fixture(params=EACH_ENGINE)
def warehouse_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty warehouse, its schema current, on each engine."""
    make: Callable[[pytest.FixtureRequest, Path], Iterator[str]] = {
        "sqlite": _sqlite_url,
        "postgresql": _postgresql_url,
        "mssql": _sql_server_url,
    }[request.param]
    yield from make(request, tmp_path)


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    """An empty warehouse on each engine."""
    opened = Warehouse.open(warehouse_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_warehouse(tmp_path: Path, sqlite_template: Path) -> Iterator[Warehouse]:
    """An empty warehouse on SQLite, for what is the same on every engine."""
    path = tmp_path / "warehouse.db"
    shutil.copy(sqlite_template, path)
    opened = Warehouse.open(f"sqlite:///{path}")
    yield opened
    opened.close()


def _sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    path = tmp_path / "warehouse.db"
    shutil.copy(request.getfixturevalue("sqlite_template"), path)
    yield f"sqlite:///{path}"


def _postgresql_url(request: pytest.FixtureRequest, _tmp_path: Path) -> Iterator[str]:
    url: str = request.getfixturevalue("postgresql_warehouse_url")
    _empty(url)
    yield url


def _sql_server_url(_request: pytest.FixtureRequest, _tmp_path: Path) -> Iterator[str]:
    assert SQL_SERVER_URL is not None
    engine = _sql_server_engine(SQL_SERVER_URL)
    if current_revision(engine) != head_revision():
        upgrade(engine)
    in_transaction(engine, _empty_every_table)
    yield SQL_SERVER_URL


@cache
def _sql_server_engine(url: str) -> Engine:
    """One for a session: connecting takes longer than emptying."""
    return open_engine(url)


def _empty(url: str) -> None:
    engine = open_engine(url)
    in_transaction(engine, _empty_every_table)
    engine.dispose()


def _empty_every_table(connection: sa.Connection) -> None:
    for table in reversed(metadata.sorted_tables):
        connection.execute(sa.delete(table))


def remove_schema(url: str) -> None:
    engine: Engine = open_engine(url)
    downgrade(engine, "base")
    in_transaction(engine, _drop_version_table)
    engine.dispose()


def _drop_version_table(connection: sa.Connection) -> None:
    versions = sa.Table("alembic_version", sa.MetaData(), schema=schema_of(connection))
    versions.drop(connection, checkfirst=True)
