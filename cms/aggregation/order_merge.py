"""Makes one order of what several sources say about it, and reports where they disagree."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cms.domain.orders import OrderStatus, OrderType, may_become

MERGED_FIELDS = (
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
"""What is decided field by field; keys and times of update come from the leading record."""

USUAL_PRECEDENCE = 100
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_GONE = frozenset({OrderStatus.SHIPPED, OrderStatus.DELIVERED})


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderRecord:
    """What one source says about an order.

    Parameters
    ----------
    values : mapping of str to object
        Fields of `MERGED_FIELDS`; one that is None or absent says nothing, so it never contradicts another source.
    source_updated_at : datetime, optional
        None counts as older than any.
    removed : bool
        The source had the order and has it no more.
    """

    source_system: str
    source_order_id: str
    values: Mapping[str, Any]
    source_updated_at: datetime | None = None
    removed: bool = False


@dataclass(frozen=True, kw_only=True)
class Precedence:
    """Whose word counts more; the lowest number first, and among equals the latest update.

    Parameters
    ----------
    sources : mapping of str to int
        By source; 100 where a source is not named.
    fields : mapping of str to mapping of str to int
        By field, then source, where a field has another order of sources than the rest.
    """

    sources: Mapping[str, int] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def rank(self, source: str, name: str) -> int:
        """The precedence of a source for a field."""
        return self.fields.get(name, {}).get(source, self.sources.get(source, USUAL_PRECEDENCE))


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldConflict:
    """Two sources that disagree about a field, and which one was believed."""

    field: str
    chosen_source: str
    chosen_value: str
    other_source: str
    other_value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MergedOrder:
    """One order.

    Parameters
    ----------
    values : mapping of str to object
        `MERGED_FIELDS` with ``source_system``, ``source_order_id`` and ``source_updated_at`` of the leading record, and
        ``status_before_removal``: what the order was when its last source dropped it and so cancelled it, else None.
    notes : tuple of str
        Sentences about what the order's life does not allow.
    removed : bool
        No source has the order any more.
    """

    values: Mapping[str, Any]
    conflicts: tuple[FieldConflict, ...] = ()
    notes: tuple[str, ...] = ()
    removed: bool = False


@dataclass(frozen=True, kw_only=True)
class OrderMerger:
    """Merges the records of an order as the warehouse keeps them: rows with the columns of ``order_source_records``."""

    precedence: Precedence = field(default_factory=Precedence)

    def __call__(self, records: Sequence[Mapping[str, Any]], status: OrderStatus | None) -> MergedOrder:
        """One order of its rows, given the status that it has."""
        return merge_order([_record(row) for row in records], precedence=self.precedence, status=status)


def merge_order(
    records: Iterable[OrderRecord], *, precedence: Precedence, status: OrderStatus | None = None
) -> MergedOrder:
    """One order of what its sources say; the order in which they are given does not matter.

    Each field is taken from the source that comes first in precedence and says anything, the latest one among equals;
    every other source that says something else is reported. A source that dropped the order has no say while another
    still has it. The status moves only where the life of an order allows it.

    Parameters
    ----------
    status : OrderStatus, optional
        What the order is in the order book; None: it is new.

    Examples
    --------
    >>> erp = OrderRecord(source_system="erp", source_order_id="7", values={"quantity": Decimal(5), "status": "open"})
    >>> board = OrderRecord(source_system="board", source_order_id="81", values={"quantity": Decimal(6), "priority": 1})
    >>> merged = merge_order([board, erp], precedence=Precedence(sources={"erp": 10, "board": 20}))
    >>> merged.values["quantity"], merged.values["priority"], merged.values["source_system"]
    (Decimal('5'), 1, 'erp')
    >>> [(conflict.field, conflict.other_source, conflict.other_value) for conflict in merged.conflicts]
    [('quantity', 'board', '6')]
    """
    known = list(records)
    if not known:
        raise ValueError("an order has at least one record")
    living = [record for record in known if not record.removed]
    speaking = living or known
    values: dict[str, Any] = {}
    conflicts: list[FieldConflict] = []
    for name in MERGED_FIELDS:
        ranked = _ranked([r for r in speaking if r.values.get(name) is not None], precedence, name)
        values[name] = _said(ranked[0], name) if ranked else None
        conflicts += _conflicts(name, ranked)
    leading = _ranked(speaking, precedence, "")[0]
    if living:
        conflicts += _removals(leading, [record for record in known if record.removed])
    notes = _settle_status(values, status, removed=not living)
    values["order_type"] = values["order_type"] or OrderType.STANDARD.value
    values["delivered_quantity"] = values["delivered_quantity"] or Decimal(0)
    return MergedOrder(
        values=values | _identity(leading, speaking), conflicts=tuple(conflicts), notes=notes, removed=not living
    )


def _record(row: Mapping[str, Any]) -> OrderRecord:
    return OrderRecord(
        source_system=row["source_system"],
        source_order_id=row["source_order_id"],
        values={name: row.get(name) for name in MERGED_FIELDS},
        source_updated_at=row.get("source_updated_at"),
        removed=row.get("removed_at") is not None,
    )


def _ranked(records: Iterable[OrderRecord], precedence: Precedence, name: str) -> list[OrderRecord]:
    """Records by precedence, then latest update, then name, so that chance never decides."""
    by_name = sorted(records, key=lambda r: (r.source_system, r.source_order_id))
    by_update = sorted(by_name, key=lambda r: r.source_updated_at or _LONG_AGO, reverse=True)
    return sorted(by_update, key=lambda r: precedence.rank(r.source_system, name))


def _said(record: OrderRecord, name: str) -> Any:
    value = record.values[name]
    # "scheduled" is ours to say: a source that says it means an order that is still to be made
    return OrderStatus.OPEN.value if name == "status" and value == OrderStatus.SCHEDULED.value else value


def _conflicts(name: str, ranked: Sequence[OrderRecord]) -> list[FieldConflict]:
    chosen = _said(ranked[0], name) if ranked else None
    return [
        FieldConflict(
            field=name,
            chosen_source=ranked[0].source_system,
            chosen_value=_text(chosen),
            other_source=record.source_system,
            other_value=_text(_said(record, name)),
        )
        for record in ranked[1:]
        if _said(record, name) != chosen
    ]


def _removals(leading: OrderRecord, removed: Iterable[OrderRecord]) -> list[FieldConflict]:
    return [
        FieldConflict(
            field="removed",
            chosen_source=leading.source_system,
            chosen_value="kept",
            other_source=record.source_system,
            other_value="removed",
        )
        for record in sorted(removed, key=lambda r: (r.source_system, r.source_order_id))
    ]


def _settle_status(values: dict[str, Any], status: OrderStatus | None, *, removed: bool) -> tuple[str, ...]:
    """Put the status that the order's life allows into `values`, and only the instants that go with it."""
    said = OrderStatus(values["status"] or OrderStatus.OPEN)
    before = status or said
    wanted = OrderStatus.CANCELLED if removed else said
    settled = before if _keeps(before, wanted) else wanted
    values["status"] = settled.value
    values["status_before_removal"] = before.value if removed and settled is not before else None
    values["delivered_at"] = values["delivered_at"] if settled is OrderStatus.DELIVERED else None
    values["shipped_at"] = values["shipped_at"] if settled in _GONE else None
    if may_become(before, wanted):
        return ()
    what = "no source has it any more" if removed else f"its sources say {wanted}"
    return (f"{what}, but it is {before} and cannot go back; the status was kept",)


def _keeps(before: OrderStatus, wanted: OrderStatus) -> bool:
    """Whether an order keeps its status against what is said: a step its life has not, or our own `scheduled`."""
    return not may_become(before, wanted) or (before is OrderStatus.SCHEDULED and wanted is OrderStatus.OPEN)


def _identity(leading: OrderRecord, speaking: Iterable[OrderRecord]) -> dict[str, Any]:
    updates = [record.source_updated_at for record in speaking if record.source_updated_at is not None]
    return {
        "source_system": leading.source_system,
        "source_order_id": leading.source_order_id,
        "source_updated_at": max(updates, default=None),
    }


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
