"""Builders for the sources of these tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cms.application.ports import SourceBatch, SourceRow
from cms.config import FileSourceSettings, RestSourceSettings, SqlSourceSettings
from cms.order_sources import open_customer_source, open_order_source
from cms.order_sources.mapped_source import MappedSource
from cms.order_sources.rest import RestReader

FIELDS = {"order_id": "No", "customer_id": "Customer", "quantity": "Qty", "requested_date": "Due"}


def a_file(path: Path, *, fields: Mapping[str, Any] = FIELDS, **settings: Any) -> FileSourceSettings:
    return FileSourceSettings(kind="file", path=path, fields=dict(fields), **settings)


def a_query(url: str, query: str, *, fields: Mapping[str, Any] = FIELDS, **settings: Any) -> SqlSourceSettings:
    return SqlSourceSettings(kind="sql", url=url, query=query, fields=dict(fields), **settings)


def a_service(url: str, *, fields: Mapping[str, Any] = FIELDS, **settings: Any) -> RestSourceSettings:
    return RestSourceSettings(kind="rest", url=url, fields=dict(fields), **settings)


def read_orders(settings: Any, environment: Mapping[str, str] | None = None) -> list[SourceRow]:
    return list(open_order_source("erp", settings, environment or {}).read(watermark=None).rows)


def read_customers(settings: Any) -> tuple[list[SourceRow], list[SourceRow]]:
    batch = open_customer_source("crm", settings, {}).read(watermark=None)
    rows = list(batch.rows)
    return rows, list(batch.windows())


def read_service(
    settings: RestSourceSettings,
    *,
    watermark: str | None = None,
    environment: Mapping[str, str] | None = None,
    pauses: list[float] | None = None,
) -> tuple[list[SourceRow], SourceBatch]:
    """The rows of a service, and the batch; pauses are noted instead of waited."""
    noted: list[float] = [] if pauses is None else pauses
    reader = RestReader.open("erp", settings, environment or {}, pause=noted.append)
    batch = MappedSource(name="erp", settings=settings, reader=reader).read(watermark=watermark)
    return list(batch.rows), batch


def keys(rows: list[SourceRow]) -> list[Any]:
    return [row.values["order_id"] for row in rows]
