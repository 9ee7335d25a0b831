"""Makes one order of what several sources say about it; the rules are those of ``cms.aggregation``."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cms.domain.orders import OrderStatus, may_become
from cms.warehouse.known_orders import MergedRecord, Record

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_FIELDS = (
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


def latest_wins(records: Sequence[Record], status: OrderStatus | None) -> MergedRecord:
    """Of each field the value of the source that was updated last and says anything."""
    newest_first = sorted(
        records, key=lambda r: (r["source_updated_at"] or _LONG_AGO, r["source_system"]), reverse=True
    )
    values: dict[str, Any] = {
        name: next((record[name] for record in newest_first if record[name] is not None), None) for name in _FIELDS
    }
    said = OrderStatus(values["status"] or OrderStatus.OPEN)
    if said is OrderStatus.SCHEDULED:
        said = OrderStatus.OPEN
    values["status"] = (status if status is not None and keeps_status(status, said) else said).value
    values["order_type"] = values["order_type"] or "standard"
    values["delivered_quantity"] = values["delivered_quantity"] or 0
    values |= {name: newest_first[0][name] for name in ("source_system", "source_order_id", "source_updated_at")}
    return MergedRecord(values=values)


def keeps_status(old: OrderStatus, new: OrderStatus) -> bool:
    """Whether an order keeps its status against what a source says: a step its life has not, or our own `scheduled`."""
    return not may_become(old, new) or (old is OrderStatus.SCHEDULED and new is OrderStatus.OPEN)
