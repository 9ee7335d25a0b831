"""The steps that every merge shares: which staged rows may go in, which of them are newest, what was written."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from cms.application.ports import StagedLoad
from cms.warehouse.bulk import pieces

QUARANTINED, DUPLICATE, STALE = "quarantined", "duplicate", "stale"


MANY_ROWS = 1_000
"""Loads of that many rows change what the planner should know of a table."""


_SAMPLED = 20
"""Three hundred times as many rows are looked at: enough to choose a plan; the server's own look, later, is finer."""


def note_statistics(connection: sa.Connection, load: StagedLoad, *tables: sa.Table) -> None:
    """Tell PostgreSQL's planner what has just been written, before it joins it: unasked it looks only minutes later."""
    if connection.dialect.name != "postgresql" or load.row_count < MANY_ROWS:
        return
    connection.execute(sa.select(sa.func.set_config("default_statistics_target", str(_SAMPLED), True)))  # noqa: FBT003  # for this transaction
    for table in tables:
        connection.execute(_Analyze(table))


class _Analyze(sa.schema.ExecutableDDLElement):
    def __init__(self, table: sa.Table) -> None:
        self.table = table


@compiles(_Analyze, "postgresql")
def _render_analyze(element: _Analyze, compiler: Any, **_options: Any) -> str:
    # no question compares rows by their long texts, and reading a sample of those takes most of the time
    columns = (column for column in element.table.columns if not isinstance(column.type, sa.Text))
    names = ", ".join(compiler.preparer.format_column(column) for column in columns)
    return f"ANALYZE {compiler.preparer.format_table(element.table)} ({names})"


def mergeable(staging: sa.Table, load: StagedLoad) -> sa.ColumnElement[bool]:
    """The staged rows of a load that nothing has held back."""
    return sa.and_(staging.c.load_id == load.load_id, staging.c.outcome.is_(None))


def hold_back(
    connection: sa.Connection, staging: sa.Table, load: StagedLoad, row_numbers: Iterable[int], outcome: str
) -> None:
    """Keep rows, named by their number, out of the merge."""
    for numbers in pieces(sorted(row_numbers)):
        connection.execute(
            sa.update(staging)
            .where(mergeable(staging, load), staging.c.row_number.in_(numbers))
            .values(outcome=outcome)
        )


def hold_back_duplicates(
    connection: sa.Connection, staging: sa.Table, load: StagedLoad, key: sa.ColumnElement[Any]
) -> None:
    """Of several rows with one key only the latest goes in: by the source's own time of update, then by place."""
    total, distinct = connection.execute(
        sa.select(sa.func.count(), sa.func.count(sa.distinct(key))).where(mergeable(staging, load))
    ).one()
    if total == distinct:
        return
    newest_first = (
        sa.case((staging.c.source_updated_at.is_(None), 1), else_=0),
        staging.c.source_updated_at.desc(),
        staging.c.row_number.desc(),
    )
    place = sa.func.row_number().over(partition_by=key, order_by=newest_first)
    ranked = sa.select(staging.c.row_number, place.label("place")).where(mergeable(staging, load)).subquery()
    later = sa.select(ranked.c.row_number).where(ranked.c.place > 1)
    connection.execute(
        sa.update(staging).where(mergeable(staging, load), staging.c.row_number.in_(later)).values(outcome=DUPLICATE)
    )


def hold_back_stale(
    connection: sa.Connection,
    staging: sa.Table,
    load: StagedLoad,
    target: sa.Table,
    same_key: sa.ColumnElement[bool],
) -> None:
    """Rows older than what the target has already are not written: an old update never overwrites a newer one."""
    newer = sa.exists().where(same_key, target.c.source_updated_at > staging.c.source_updated_at)
    connection.execute(sa.update(staging).where(mergeable(staging, load), newer).values(outcome=STALE))


def count_mergeable(connection: sa.Connection, staging: sa.Table, load: StagedLoad) -> int:
    """Rows that may go in."""
    return connection.execute(sa.select(sa.func.count()).where(mergeable(staging, load))).scalar_one()


def count_held_back(connection: sa.Connection, staging: sa.Table, load: StagedLoad) -> dict[str, int]:
    """Rows that may not, by outcome."""
    query = (
        sa.select(staging.c.outcome, sa.func.count())
        .where(staging.c.load_id == load.load_id, staging.c.outcome.is_not(None))
        .group_by(staging.c.outcome)
    )
    return dict(connection.execute(query).all())


def note_newer_updates(
    connection: sa.Connection,
    target: sa.Table,
    staging: sa.Table,
    load: StagedLoad,
    same_key: sa.ColumnElement[bool],
) -> None:
    """Remember when the source last confirmed an unchanged row, so that an older update that comes late is known."""
    connection.execute(
        sa.update(target)
        .where(same_key, mergeable(staging, load), target.c.source_updated_at < staging.c.source_updated_at)
        .values(source_updated_at=staging.c.source_updated_at)
    )


def insert_missing(
    connection: sa.Connection,
    target: sa.Table,
    values: dict[str, Any],
    where: Sequence[sa.ColumnElement[bool]],
    same_key: sa.ColumnElement[bool],
    *,
    arrival: sa.ColumnElement[int],
) -> int:
    """Insert what `values` makes of the rows whose key the target does not have, in order of arrival; how many."""
    chosen = sa.select(*(_labelled(name, value, target) for name, value in values.items())).where(
        *where, ~sa.exists(sa.select(sa.literal(1)).select_from(target).where(same_key).correlate_except(target))
    )
    if connection.dialect.name == "postgresql":
        # taken for empty, the target is searched row by row while it grows: a sort first ends the search, then inserts,
        # in the order of arrival, which suits its indexes; no index can give a sum, so that the sort is not left out
        chosen = chosen.order_by(arrival + 0)
    statement = sa.insert(target).from_select(list(values), chosen)
    # drivers know how many rows an INSERT … SELECT wrote; SQLAlchemy keeps it only when it is asked to
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def _labelled(name: str, value: Any, target: sa.Table) -> sa.ColumnElement[Any]:
    if isinstance(value, sa.ColumnElement):
        return value.label(name)
    return sa.literal(value, target.c[name].type).label(name)


def in_pieces(values: Iterable[str], work: Callable[[Sequence[str]], int]) -> int:
    """Do `work` for the values in pieces that fit into one query; the sum of what it answers."""
    return sum(work(piece) for piece in pieces(sorted(values)))


def loaded_columns(load: StagedLoad, now: datetime) -> dict[str, Any]:
    """What every written row carries of its load."""
    return {"loaded_at": now, "load_id": load.load_id}
