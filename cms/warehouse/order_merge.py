"""Merges staged orders: what each source said is kept as it was said, and becomes one order in the order master."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cms.application.ports import MergeCounts, StagedLoad
from cms.domain.orders import OrderStatus, OrderType, may_become
from cms.warehouse.known_orders import RecordMerger, merge_known_orders
from cms.warehouse.merge_steps import (
    STALE,
    count_mergeable,
    hold_back_duplicates,
    hold_back_stale,
    in_pieces,
    insert_missing,
    loaded_columns,
    mergeable,
    note_newer_updates,
    note_statistics,
)
from cms.warehouse.tables import archived_orders, archived_records, customer_master, order_master
from cms.warehouse.tables import order_source_records as records
from cms.warehouse.tables import staging_orders as staged

SHOWN_CONFLICTS = 1_000
LARGE_LOAD = 10_000
"""From so many rows on, reading all records once is quicker than looking up each that the load wrote."""
_SAID = (
    "order_id",
    "customer_id",
    "order_type",
    "priority",
    "product_family",
    "quantity",
    "delivered_quantity",
    "ordered_at",
    "requested_date",
    "promised_date",
    "release_date",
    "status",
    "shipped_at",
    "delivered_at",
)
_STATUSES_OF_INSTANT = {
    "shipped_at": (OrderStatus.SHIPPED.value, OrderStatus.DELIVERED.value),
    "delivered_at": (OrderStatus.DELIVERED.value,),
}
"""An order has an instant only in these states; a claim that its life does not allow brings none either."""
_SAME_ORDER = order_master.c.order_id == records.c.order_id
_ITS_CUSTOMER = customer_master.c.customer_id == records.c.customer_id


def merge_orders(
    connection: sa.Connection,
    load: StagedLoad,
    *,
    now: datetime,
    complete: bool,
    removed_ids: frozenset[str],
    merger: RecordMerger,
) -> MergeCounts:
    """Bring the order book up to what the source says.

    Orders that one source knows go straight from its records; orders that several know are merged by `merger`.
    An order whose last source drops it is cancelled where its life allows that, never deleted.
    """
    same_record = _same_record(load)
    hold_back_duplicates(connection, staged, load, staged.c.source_order_id)
    hold_back_stale(connection, staged, load, records, same_record)
    _hold_back_archived(connection, load)
    candidates = count_mergeable(connection, staged, load)
    vacated = _vacated_orders(connection, load, same_record)
    _write_records(connection, load, same_record, now)
    note_statistics(connection, load, records)
    _let_go_of_records(connection, vacated)
    shared_ids = _shared_orders(connection, load)
    single = _single(load, shared_ids)
    conflicts = _refused_statuses(connection, load, single)
    updated = _update_single(connection, load, single, now)
    inserted = _insert_single(connection, load, single, now)
    shared = merge_known_orders(connection, {*shared_ids, *vacated}, load=load, now=now, merger=merger)
    # a load may bring an order's last word together with its removal: delivered, and gone from the board
    gone = _remove_records(connection, load, now, complete=complete, removed_ids=removed_ids)
    left = merge_known_orders(connection, gone, load=load, now=now, merger=merger)
    inserted, updated = inserted + shared.inserted + left.inserted, updated + shared.updated + left.updated
    return MergeCounts(
        inserted=inserted,
        updated=updated,
        unchanged=max(0, candidates - inserted - updated),
        removed=shared.removed + left.removed,
        conflicts=tuple(dict.fromkeys((*conflicts, *shared.conflicts, *left.conflicts)))[:SHOWN_CONFLICTS],
    )


def _same_record(load: StagedLoad) -> sa.ColumnElement[bool]:
    return sa.and_(records.c.source_system == load.source, records.c.source_order_id == staged.c.source_order_id)


def _hold_back_archived(connection: sa.Connection, load: StagedLoad) -> None:
    """What a source still says of an archived order is old: the order is closed, its history whole where it is."""
    if connection.execute(sa.select(archived_orders.c.order_id).limit(1)).first() is None:
        return
    its_record = sa.and_(
        archived_records.c.source_system == load.source,
        archived_records.c.source_order_id == staged.c.source_order_id,
    )
    for is_archived in (its_record, archived_orders.c.order_id == staged.c.order_id):
        connection.execute(
            sa.update(staged).where(mergeable(staged, load), sa.exists().where(is_archived)).values(outcome=STALE)
        )


def _vacated_orders(connection: sa.Connection, load: StagedLoad, same_record: sa.ColumnElement[bool]) -> list[str]:
    """Orders whose record now says that it is another order."""
    query = sa.select(records.c.order_id).where(
        same_record, mergeable(staged, load), records.c.order_id != staged.c.order_id
    )
    return list(connection.execute(query).scalars())


def _let_go_of_records(connection: sa.Connection, vacated: Sequence[str]) -> None:
    """Take the record's name from orders that it has left: the order it now describes carries it, and no other."""
    if vacated:
        connection.execute(
            sa.update(order_master)
            .where(order_master.c.order_id == sa.bindparam("vacated_id"))
            .values(source_order_id=sa.bindparam("vacated_name")),
            [{"vacated_id": order_id, "vacated_name": f"vacated:{order_id}"[:200]} for order_id in vacated],
        )


def _write_records(
    connection: sa.Connection, load: StagedLoad, same_record: sa.ColumnElement[bool], now: datetime
) -> None:
    said = {name: staged.c[name] for name in _SAID} | {"row_hash": staged.c.row_hash} | loaded_columns(load, now)
    is_changed = sa.or_(records.c.row_hash != staged.c.row_hash, records.c.removed_at.is_not(None))
    newest = sa.func.coalesce(staged.c.source_updated_at, records.c.source_updated_at)
    connection.execute(
        sa.update(records)
        .where(same_record, mergeable(staged, load), is_changed)
        .values(**said, source_updated_at=newest, removed_at=sa.null())
    )
    note_newer_updates(connection, records, staged, load, same_record)
    keys = {"source_system": load.source, "source_order_id": staged.c.source_order_id}
    new = keys | said | {"source_updated_at": staged.c.source_updated_at}
    insert_missing(connection, records, new, [mergeable(staged, load)], same_record, arrival=staged.c.row_number)


def _remove_records(
    connection: sa.Connection, load: StagedLoad, now: datetime, *, complete: bool, removed_ids: frozenset[str]
) -> list[str]:
    """Note which records are gone from the source; the orders they belong to."""
    gone: list[str] = []

    def remove(which: sa.ColumnElement[bool]) -> int:
        leaving = sa.and_(records.c.source_system == load.source, records.c.removed_at.is_(None), which)
        left = connection.execute(sa.select(records.c.order_id).where(leaving)).scalars().all()
        if not left:
            return 0
        gone.extend(left)
        return connection.execute(sa.update(records).where(leaving).values(removed_at=now)).rowcount

    in_pieces(removed_ids, lambda ids: remove(records.c.source_order_id.in_(ids)))
    if complete:
        # a quarantined row is still in the source: its order is not gone
        listed = sa.exists(
            sa.select(sa.literal(1))
            .select_from(staged)
            .where(staged.c.load_id == load.load_id, staged.c.source_order_id == records.c.source_order_id)
        )
        remove(~listed)
    return gone


def _written(load: StagedLoad) -> sa.ColumnElement[bool]:
    """Records that this load wrote: those of a small one are reached from its staged rows, by their key."""
    wrote = sa.and_(records.c.source_system == load.source, records.c.load_id == load.load_id)
    return wrote if load.row_count >= LARGE_LOAD else sa.and_(wrote, _staged_as(load))


def _staged_as(load: StagedLoad) -> sa.ColumnElement[bool]:
    return sa.and_(_same_record(load), mergeable(staged, load))


def _is_shared() -> sa.ColumnElement[bool]:
    other = records.alias("other")
    same_order = other.c.order_id == records.c.order_id
    another = sa.or_(
        other.c.source_system != records.c.source_system, other.c.source_order_id != records.c.source_order_id
    )
    return sa.exists(sa.select(sa.literal(1)).select_from(other).where(same_order, another))


def _shared_orders(connection: sa.Connection, load: StagedLoad) -> Sequence[str]:
    query = sa.select(records.c.order_id).distinct().where(_written(load), _is_shared())
    return connection.execute(query).scalars().all()


def _single(load: StagedLoad, shared_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    """Records that alone describe their order; where the load shares none, nothing is asked of each row."""
    alone = [~_is_shared()] if shared_ids else []
    return sa.and_(_written(load), *alone, records.c.removed_at.is_(None))


def _said_status() -> sa.ColumnElement[str]:
    # "scheduled" is ours to say: a source that says it means an order that is still to be made
    open_ = sa.literal(OrderStatus.OPEN.value)
    said = sa.func.coalesce(records.c.status, open_)
    return sa.case((said == OrderStatus.SCHEDULED.value, open_), else_=said)


def _standing_status() -> sa.ColumnElement[str]:
    """What the order is, or was before its sources dropped it: coming back is no step of its life."""
    return sa.func.coalesce(order_master.c.status_before_removal, order_master.c.status)


def _pairs(allows: Any) -> sa.ColumnElement[bool]:
    """Whether the order's status and the said one are a pair of `allows(old, new)`."""
    standing, said = _standing_status(), _said_status()
    options = [
        sa.and_(standing == old.value, said.in_([new.value for new in OrderStatus if allows(old, new)]))
        for old in OrderStatus
        if any(allows(old, new) for new in OrderStatus)
    ]
    return sa.or_(*options)


def _is_refused() -> sa.ColumnElement[bool]:
    return _pairs(lambda old, new: not may_become(old, new) and new is not OrderStatus.SCHEDULED)


def _keeps_status(old: OrderStatus, new: OrderStatus) -> bool:
    """Whether an order keeps its status against what a source says: a step its life has not, or our `scheduled`."""
    return not may_become(old, new) or (old is OrderStatus.SCHEDULED and new is OrderStatus.OPEN)


def _refused_statuses(connection: sa.Connection, load: StagedLoad, single: sa.ColumnElement[bool]) -> list[str]:
    query = (
        sa.select(order_master.c.order_id, _standing_status(), records.c.status)
        .where(single, _SAME_ORDER, _is_refused())
        .order_by(order_master.c.order_id)
        .limit(SHOWN_CONFLICTS)
    )
    return [
        f"order {order_id}: {load.source} says {said}, but it is {status} and cannot go back; the status was kept"
        for order_id, status, said in connection.execute(query)
    ]


def _order_values() -> dict[str, Any]:
    plain = ("customer_id", "product_family", "quantity", "ordered_at", "requested_date", "promised_date")
    return {
        **{name: records.c[name] for name in plain},
        "order_type": sa.func.coalesce(records.c.order_type, sa.literal(OrderType.STANDARD.value)),
        "priority": sa.func.coalesce(records.c.priority, customer_master.c.priority),
        "delivered_quantity": sa.func.coalesce(
            records.c.delivered_quantity, sa.literal(0, records.c.delivered_quantity.type)
        ),
        **{name: records.c[name] for name in ("release_date", "source_updated_at")},
        **{name: records.c[name] for name in ("source_system", "source_order_id", "row_hash")},
    }


def _update_single(connection: sa.Connection, load: StagedLoad, single: sa.ColumnElement[bool], now: datetime) -> int:
    status = sa.case((_pairs(_keeps_status), _standing_status()), else_=_said_status())
    instants = {
        name: sa.case((status.in_(statuses), sa.func.coalesce(records.c[name], order_master.c[name])), else_=sa.null())
        for name, statuses in _STATUSES_OF_INSTANT.items()
    }
    return connection.execute(
        sa.update(order_master)
        .where(_SAME_ORDER, single, _ITS_CUSTOMER)
        .values(
            **_order_values(),
            **instants,
            status=status,
            status_before_removal=sa.null(),
            **loaded_columns(load, now),
        )
    ).rowcount


def _insert_single(connection: sa.Connection, load: StagedLoad, single: sa.ColumnElement[bool], now: datetime) -> int:
    instants = {
        name: sa.case((_said_status().in_(statuses), records.c[name]), else_=sa.null())
        for name, statuses in _STATUSES_OF_INSTANT.items()
    }
    values = {"order_id": records.c.order_id, **_order_values(), **instants, "status": _said_status()}
    values |= loaded_columns(load, now)
    where, arrival = _newly_written(load, single)
    return insert_missing(connection, order_master, values, [*where, _ITS_CUSTOMER], _SAME_ORDER, arrival=arrival)


def _newly_written(
    load: StagedLoad, single: sa.ColumnElement[bool]
) -> tuple[list[sa.ColumnElement[bool]], sa.ColumnElement[int]]:
    """Records to make orders of, and what brings them into the order of their arrival."""
    if load.row_count < LARGE_LOAD:
        return [single, _staged_as(load)], staged.c.row_number
    # all that a load wrote was staged: there is nothing to look up, and a key that is equal for all of them leaves them
    # as they stand, which is as they arrived
    return [single], sa.func.char_length(records.c.load_id)
