"""Decides which system knows which order, where the systems disagree, and which dirty rows lie in between."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from random import Random

from cms.domain.orders import OrderStatus
from cms.sandbox.company.options import CompanyOptions
from cms.sandbox.company.records import (
    CustomerRecord,
    Defect,
    DirtyRow,
    OrderRecord,
    Source,
    SourceConflict,
)

_RECENT_DAYS = 60
_ORDER_DEFECTS = (
    Defect.MISSING_CUSTOMER,
    Defect.NEGATIVE_QUANTITY,
    Defect.UNKNOWN_CUSTOMER,
    Defect.BAD_DATE,
    Defect.DUPLICATE,
    Defect.MISSING_QUANTITY,
    Defect.UNKNOWN_STATUS,
    Defect.MISSING_DATE,
)
_CUSTOMER_DEFECTS = (Defect.BAD_TIME_ZONE, Defect.UNREADABLE_WINDOWS)


@dataclass(frozen=True, kw_only=True)
class OrderSystems:
    """Orders as the two systems know them; an order in both is in each under the same number."""

    board_orders: tuple[OrderRecord, ...]
    managed_orders: tuple[OrderRecord, ...]
    conflicts: tuple[SourceConflict, ...]


def share_orders(options: CompanyOptions, orders: Sequence[OrderRecord]) -> OrderSystems:
    """Put each order into its system: older ones into order management, recent ones partly on the order board."""
    random = Random(f"{options.seed}:systems")
    recent_from = options.as_of - timedelta(days=_RECENT_DAYS)
    board, managed, conflicts = [], [], []
    for record in orders:
        draw = random.random()
        recent = record.order.ordered_at.date() >= recent_from
        if recent and draw < options.shared_share:
            twin, conflict = _twin_on_board(record, random)
            board.append(twin)
            managed.append(record)
            conflicts += [conflict] if conflict else []
        elif recent and draw < options.shared_share + options.board_share:
            board.append(record)
        else:
            managed.append(record)
    return OrderSystems(board_orders=tuple(board), managed_orders=tuple(managed), conflicts=tuple(conflicts))


def _twin_on_board(record: OrderRecord, random: Random) -> tuple[OrderRecord, SourceConflict | None]:
    """The same order as the board has it: often the same, sometimes an older state or a hand-typed figure."""
    order = record.order
    draw = random.random()
    if draw < 0.25 and order.promised_date:
        changed = replace(order, promised_date=order.promised_date + timedelta(days=1))
        fields = {"promised_date": (str(changed.promised_date), str(order.promised_date))}
    elif draw < 0.45:
        changed = replace(order, quantity=order.quantity + Decimal(random.choice((1, 5, 10))))
        fields = {"quantity": (str(changed.quantity), str(order.quantity))}
    elif draw < 0.60 and order.status is not OrderStatus.OPEN:
        changed = replace(order, status=OrderStatus.OPEN, shipped_at=None, delivered_at=None)
        fields = {"status": (changed.status.value, order.status.value)}
    else:
        return record, None
    older = max(order.ordered_at, record.updated_at - timedelta(hours=random.randint(1, 48)))
    return OrderRecord(order=changed, updated_at=older), SourceConflict(order_number=record.number, fields=fields)


def dirty_rows(
    options: CompanyOptions, customers: Sequence[CustomerRecord], systems: OrderSystems
) -> tuple[DirtyRow, ...]:
    """Rows to be refused, `options.dirty_share` of what each system has; with any share at least one each."""
    random = Random(f"{options.seed}:dirt")
    rows = [
        _dirty_order(index, source, records, random)
        for source, records in (
            (Source.ORDER_MANAGEMENT, systems.managed_orders),
            (Source.ORDER_BOARD, systems.board_orders),
        )
        if records
        for index in range(_dirty_count(options, len(records)))
    ]
    rows += [_dirty_customer(index, customers, random) for index in range(_dirty_count(options, len(customers)))]
    return tuple(rows)


def _dirty_count(options: CompanyOptions, clean: int) -> int:
    return max(1, round(options.dirty_share * clean)) if options.dirty_share else 0


def _dirty_order(index: int, source: Source, records: Sequence[OrderRecord], random: Random) -> DirtyRow:
    defect = _ORDER_DEFECTS[index % len(_ORDER_DEFECTS)]
    original = random.choice(records)
    if defect is Defect.DUPLICATE:
        return DirtyRow(source=source, key=original.number, defect=defect, order=original)
    prefix = "SO-9" if source is Source.ORDER_MANAGEMENT else "SO-8"
    number = f"{prefix}{index:05d}"
    order = replace(original.order, source_order_id=number)
    record = OrderRecord(order=order, updated_at=original.updated_at)
    return DirtyRow(source=source, key=number, defect=defect, order=record)


def _dirty_customer(index: int, customers: Sequence[CustomerRecord], random: Random) -> DirtyRow:
    original = random.choice(customers)
    customer_id = f"C9{index:04d}"
    customer = replace(original.customer, customer_id=customer_id, name=f"{original.customer.name} (copy)")  # type: ignore[arg-type]
    return DirtyRow(
        source=Source.CUSTOMER_BOARD,
        key=customer_id,
        defect=_CUSTOMER_DEFECTS[index % len(_CUSTOMER_DEFECTS)],
        customer=replace(original, customer=customer),
    )
