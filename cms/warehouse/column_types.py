"""Column types that mean the same on SQLite, PostgreSQL and SQL Server."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class _Instant(TypeDecorator[datetime]):
    """An instant: stored in UTC with an offset, read back in UTC; one without an offset is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"an instant must carry an offset, found {value.isoformat()}"
            raise ValueError(message)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Exact(TypeDecorator[Decimal]):
    """A decimal with a fixed scale; SQLite has none, keeps it as a number and gives it back rounded to the scale."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__(precision, scale)
        self.precision = precision
        self.scale = scale
        self._unit = Decimal(1).scaleb(-scale)

    def load_dialect_impl(self, dialect: Dialect) -> Any:  # noqa: D102
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Float())
        return dialect.type_descriptor(sa.Numeric(self.precision, self.scale))

    def process_bind_param(self, value: Decimal | float | None, dialect: Dialect) -> Any:  # noqa: D102
        if value is None:
            return None
        if dialect.name == "sqlite":
            return round(float(value), self.scale)
        return Decimal(str(value)).quantize(self._unit)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002, D102
        return None if value is None else Decimal(str(value)).quantize(self._unit)


Instant = _Instant()
Quantity = Exact(18, 4)
Hours = Exact(18, 8)
"""Fine enough that the rounded hours of a day's loads add up to what the plan committed."""
Rate = Exact(18, 8)
Money = Exact(18, 4)
Figure = Exact(18, 6)
ShortText = sa.Unicode(200).with_variant(sa.Unicode(200, collation="Latin1_General_BIN2"), "mssql")
"""Keys, names and codes: short enough for an index; upper and lower case differ, on SQL Server as elsewhere."""
Text = sa.UnicodeText()
