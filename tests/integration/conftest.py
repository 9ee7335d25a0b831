"""Fixtures that every integration test may ask for."""

from tests.warehouse_fixtures import (
    empty_url,
    postgresql_server,
    postgresql_warehouse_url,
    sqlite_template,
    sqlite_warehouse,
    warehouse,
    warehouse_url,
)

__all__ = [
    "empty_url",
    "postgresql_server",
    "postgresql_warehouse_url",
    "sqlite_template",
    "sqlite_warehouse",
    "warehouse",
    "warehouse_url",
]
