"""The schedule on the order boards: which items are to be written, and what they say; never over a person's edit."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from cms.application.ports import Clock, DeliveryNotice, Notifier, OrderBook, OutboxEntry, ScheduleStore
from cms.application.rollout import is_in_rollout
from cms.domain.customers import Customer, CustomerId
from cms.domain.orders import Order, OrderId
from cms.domain.schedule import ScheduledDelivery

BOARD_CHANNEL = "monday"
BOARD_WRITE = "board_write"
LONGEST_NOTE = 250


@dataclass(frozen=True, kw_only=True, slots=True)
class BoardColumns:
    """Where on a board the schedule stands; a column that is None is not written."""

    scheduled_date: str | None
    schedule_status: str | None
    schedule_note: str | None
    on_time: str
    late: str
    unscheduled: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BoardItem:
    """An order's item on a board that takes the schedule."""

    source: str
    board_id: str
    item_id: str
    order_id: OrderId


class BoardItems(Protocol):
    """Knows which orders are items of boards that take the schedule."""

    def items_of(self, order_ids: Collection[OrderId]) -> list[BoardItem]:
        """Their items, in order of order and source."""
        ...


class BoardMemory(Protocol):
    """Remembers what was last written to an item."""

    def last_written(self, board_id: str, item_id: str) -> dict[str, str]:
        """Raw values by column; empty: nothing was written yet."""
        ...

    def keep_written(self, board_id: str, item_id: str, values: Mapping[str, str], *, now: datetime) -> None:
        """The item says this now."""
        ...


@dataclass(frozen=True, slots=True)
class NoBoards:
    """No board takes the schedule."""

    def items_of(self, order_ids: Collection[OrderId]) -> list[BoardItem]:
        """None."""
        del order_ids
        return []


def board_notices(
    order_ids: Collection[OrderId],
    items: BoardItems,
    *,
    orders: Mapping[OrderId, Order],
    customers: Mapping[CustomerId, Customer],
    replaces: int,
    phase: str,
) -> list[DeliveryNotice]:
    """One entry for the outbox for each item of the orders, as far as the rollout has reached their customers.

    What is written is decided when it is written: the newest schedule counts, however many entries wait.
    """
    reached = {i for i in order_ids if i in orders and is_in_rollout(customers[orders[i].customer_id], phase)}
    return [
        DeliveryNotice(
            deduplication_key=f"{BOARD_WRITE}:{item.board_id}:{item.item_id}:{replaces}",
            kind=BOARD_WRITE,
            channel=BOARD_CHANNEL,
            recipient=f"{item.board_id}/{item.item_id}",
            order_id=item.order_id,
            customer_id=orders[item.order_id].customer_id,
            facts={"source": item.source, "board_id": item.board_id, "item_id": item.item_id},
        )
        for item in (items.items_of(reached) if reached else ())
    ]


@dataclass(frozen=True, kw_only=True)
class BoardWriter:
    """Writes the published schedule of one order to its item; the outbox's notifier for boards.

    Parameters
    ----------
    columns : mapping of str to BoardColumns
        By source.
    board : Notifier
        Carries a write out; its facts are ``board_id``, ``item_id``, ``values`` and ``expected``. What stands there and
        is neither expected nor the new value was edited by a person: it refuses that, for good.
    """

    orders: "ExplainedOrders"
    schedules: ScheduleStore
    memory: BoardMemory
    columns: Mapping[str, BoardColumns]
    board: Notifier
    clock: Clock

    def send(self, entry: OutboxEntry) -> None:
        """Bring the item up to what is published now.

        Raises
        ------
        NotificationError
            Permanent where a person edited the item, or it left the board.
        """
        facts, order_id = entry.notice.facts, entry.notice.order_id
        columns = self.columns.get(str(facts.get("source")))
        if columns is None or order_id is None:
            return
        board_id, item_id = str(facts["board_id"]), str(facts["item_id"])
        values = board_values(
            columns, self.schedules.order_delivery(order_id), self.orders.unscheduled_reason(order_id)
        )
        expected = self.memory.last_written(board_id, item_id)
        self.board.send(_carrying(entry, {**facts, "values": values, "expected": expected}))
        self.memory.keep_written(board_id, item_id, values, now=self.clock.now())


class ExplainedOrders(OrderBook, Protocol):
    """An order book that also knows why an order has no delivery."""

    def unscheduled_reason(self, order_id: OrderId) -> str | None:
        """Why the order has no delivery in the published schedule; None: it has one, or was not planned."""
        ...


@dataclass(frozen=True, kw_only=True)
class ByChannel:
    """Hands each notice to the notifier of its channel."""

    channels: Mapping[str, Notifier]
    otherwise: Notifier

    def send(self, entry: OutboxEntry) -> None:
        """Send by its channel.

        Raises
        ------
        NotificationError
        """
        self.channels.get(entry.notice.channel, self.otherwise).send(entry)


def board_values(columns: BoardColumns, deliveries: Sequence[ScheduledDelivery], reason: str | None) -> dict[str, str]:
    """Raw values by column: the last delivery's date, the status, and the deliveries or the reason in words."""
    is_late = any(delivery.tardiness_days > 0 for delivery in deliveries)
    status = columns.unscheduled if not deliveries else columns.late if is_late else columns.on_time
    last = max((delivery.delivery_date.isoformat() for delivery in deliveries), default="")
    said = {
        columns.scheduled_date: last,
        columns.schedule_status: status,
        columns.schedule_note: _note(deliveries, reason),
    }
    return {column: value for column, value in said.items() if column is not None}


def _note(deliveries: Iterable[ScheduledDelivery], reason: str | None) -> str:
    parts = [
        f"{d.delivery_date:%Y-%m-%d} {d.window_start:%H:%M}-{d.window_end:%H:%M}, {d.quantity.normalize():f} units"
        for d in deliveries
    ]
    text = "; ".join(parts) or reason or ""
    return text if len(text) <= LONGEST_NOTE else text[: LONGEST_NOTE - 1] + "…"


def _carrying(entry: OutboxEntry, facts: Mapping[str, object]) -> OutboxEntry:
    """The entry with what is to be written; its key is that of this write, so that it is carried out once."""
    digest = hashlib.sha256(repr((entry.outbox_id, sorted(facts.items(), key=str))).encode()).hexdigest()[:32]
    return replace(entry, notice=replace(entry.notice, facts=facts, deduplication_key=f"{BOARD_WRITE}:{digest}"))
