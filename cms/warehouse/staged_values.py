"""The typed values of a staged row as JSON and back, so that a row in quarantine can be judged again as it was read."""

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from cms.application.ports import SourceRow
from cms.warehouse.column_types import Exact, Instant
from cms.warehouse.row_fitting import RowFitter

_PROBLEMS = "problems"


def values_as_json(row: Mapping[str, Any]) -> str:
    """The source's values in a staged row, and what could not be read of it."""
    kept = {
        name: value
        for name, value in row.items()
        if value is not None and (name == _PROBLEMS or name not in RowFitter.BOOKKEEPING) and name != "row_key"
    }
    return json.dumps(kept, default=_plain, ensure_ascii=False)


def source_row(staging: sa.Table, staged_values: str, raw: str) -> SourceRow:
    """The row as it was read from its source, to be staged again."""
    kept = json.loads(staged_values)
    problems = kept.pop(_PROBLEMS, None)
    values = {name: _typed(value, staging.c[name].type) for name, value in kept.items() if name in staging.c}
    return SourceRow(values=values, raw=json.loads(raw), problems=tuple(problems.split("\n")) if problems else ())


def _plain(value: object) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)


def _typed(value: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    if kind is Instant:
        return datetime.fromisoformat(value)
    if isinstance(kind, Exact):
        return Decimal(value)
    if isinstance(kind, sa.Date):
        return date.fromisoformat(value)
    if isinstance(kind, sa.Time):
        return time.fromisoformat(value)
    return value
