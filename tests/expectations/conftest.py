import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cms.warehouse.engine import open_engine
from tests.expectations.cases import TAKEN
from tests.sql_server_refusals import only_what_sql_server_takes
from tests.staged_rows import know_business, open_warehouse
from tests.warehouse_fixtures import (
    postgresql_server,
    postgresql_warehouse_url,
    sqlite_template,
    sqlite_warehouse,
    warehouse,
    warehouse_url,
)

__all__ = [
    "only_what_sql_server_takes",
    "postgresql_server",
    "postgresql_warehouse_url",
    "sqlite_template",
    "sqlite_warehouse",
    "warehouse",
    "warehouse_url",
]


@pytest.fixture(scope="session")
def prepared_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("expectations") / "prepared.db"
    engine = open_warehouse(path)
    know_business(engine, TAKEN)
    engine.dispose()
    return path


@pytest.fixture
def engine(tmp_path: Path, prepared_warehouse: Path) -> Iterator[sa.Engine]:
    """A warehouse with customer C1 of the board, ELSEWHERE of another source, and one earlier order."""
    path = tmp_path / "warehouse.db"
    shutil.copy(prepared_warehouse, path)
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()
