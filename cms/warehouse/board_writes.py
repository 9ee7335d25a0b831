"""Items of boards that take the schedule, and what was last written to each."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.application.board_writes import BoardItem
from cms.domain.orders import OrderId
from cms.warehouse.bulk import pieces
from cms.warehouse.engine import in_transaction, reading
from cms.warehouse.tables import board_writes
from cms.warehouse.tables import order_source_records as records


@dataclass(frozen=True, kw_only=True)
class WarehouseBoardWrites:
    """The `BoardItems` and `BoardMemory` of the use cases.

    Parameters
    ----------
    boards : mapping of str to str
        Board ids by the sources whose boards take the schedule.
    """

    engine: Engine
    boards: Mapping[str, str] = field(default_factory=dict)

    def items_of(self, order_ids: Collection[OrderId]) -> list[BoardItem]:
        """The orders' items, in order of order and source."""
        if not self.boards:
            return []
        found: list[BoardItem] = []
        with reading(self.engine) as connection:
            for piece in pieces(sorted(order_ids)):
                query = (
                    sa.select(records.c.source_system, records.c.source_order_id, records.c.order_id)
                    .where(records.c.order_id.in_(piece), records.c.source_system.in_(sorted(self.boards)))
                    .where(records.c.removed_at.is_(None))
                    .order_by(records.c.order_id, records.c.source_system)
                )
                found += [
                    BoardItem(source=source, board_id=self.boards[source], item_id=item, order_id=OrderId(order))
                    for source, item, order in connection.execute(query)
                ]
        return found

    def last_written(self, board_id: str, item_id: str) -> dict[str, str]:
        """Raw values by column; empty: nothing was written yet."""
        query = sa.select(board_writes.c.written_values).where(*_is(board_id, item_id))
        with reading(self.engine) as connection:
            text = connection.execute(query).scalar_one_or_none()
        return {} if text is None else dict(json.loads(text))

    def keep_written(self, board_id: str, item_id: str, values: Mapping[str, str], *, now: datetime) -> None:
        """The item says this now."""
        row = {"written_values": json.dumps(dict(values), ensure_ascii=False, sort_keys=True), "written_at": now}

        def work(connection: sa.Connection) -> None:
            if connection.execute(sa.update(board_writes).where(*_is(board_id, item_id)).values(row)).rowcount == 0:
                connection.execute(sa.insert(board_writes).values(board_id=board_id, item_id=item_id, **row))

        in_transaction(self.engine, work)


def _is(board_id: str, item_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return board_writes.c.board_id == board_id, board_writes.c.item_id == item_id
