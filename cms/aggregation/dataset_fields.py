"""The fields that a source can be mapped to, with the type of each: declared once for every kind of source."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cms.domain.customers import Channel, CustomerStatus, RolloutCohort
from cms.domain.orders import OrderStatus, OrderType


class FieldType(StrEnum):
    """How a field's value is read, and what it is once it has been read."""

    KEY = "key"
    """Text that identifies: a number that a spreadsheet turned into ``12345.0`` becomes ``12345`` again."""
    TEXT = "text"
    CHOICE = "choice"
    """One of a few words, whatever their case; blanks and hyphens stand for underscores."""
    WHOLE = "whole number"
    DECIMAL = "number"
    BOOL = "yes or no"
    DATE = "date"
    TIME = "time of day"
    INSTANT = "instant"
    DAYS = "list of days"
    """Days and spans of days, kept as ISO dates in order, divided by commas."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldSpec:
    """What a field holds.

    Parameters
    ----------
    choices : frozenset of str
        The words of a choice.
    """

    type: FieldType
    choices: frozenset[str] = frozenset()


_KEY = FieldSpec(type=FieldType.KEY)
_TEXT = FieldSpec(type=FieldType.TEXT)
_WHOLE = FieldSpec(type=FieldType.WHOLE)
_DECIMAL = FieldSpec(type=FieldType.DECIMAL)
_BOOL = FieldSpec(type=FieldType.BOOL)
_DATE = FieldSpec(type=FieldType.DATE)
_TIME = FieldSpec(type=FieldType.TIME)
_INSTANT = FieldSpec(type=FieldType.INSTANT)
_DAYS = FieldSpec(type=FieldType.DAYS)


def _choice(words: type[StrEnum]) -> FieldSpec:
    return FieldSpec(type=FieldType.CHOICE, choices=frozenset(word.value for word in words))


_ORDER_FIELDS = {
    "order_id": _KEY,
    "source_order_id": _KEY,
    "customer_id": _KEY,
    "order_type": _choice(OrderType),
    "priority": _WHOLE,
    "product_family": _TEXT,
    "quantity": _DECIMAL,
    "delivered_quantity": _DECIMAL,
    "ordered_at": _INSTANT,
    "requested_date": _DATE,
    "promised_date": _DATE,
    "release_date": _DATE,
    "status": _choice(OrderStatus),
    "shipped_at": _INSTANT,
    "delivered_at": _INSTANT,
    "source_updated_at": _INSTANT,
}
_CUSTOMER_FIELDS = {
    "customer_id": _KEY,
    "source_item_id": _KEY,
    "name": _TEXT,
    "status": _choice(CustomerStatus),
    "priority": _WHOLE,
    "time_zone": _TEXT,
    "transit_days": _WHOLE,
    "max_early_days": _WHOLE,
    "allows_split": _BOOL,
    "contact_email": _TEXT,
    "contact_phone": _KEY,
    "preferred_channel": _choice(Channel),
    "rollout_cohort": _choice(RolloutCohort),
    "blackout_dates": _DAYS,
    "source_updated_at": _INSTANT,
}
_WINDOW_FIELDS = {
    "customer_id": _KEY,
    "weekday": _WHOLE,
    "window_start": _TIME,
    "window_end": _TIME,
    "effective_from": _DATE,
    "effective_to": _DATE,
    "source_updated_at": _INSTANT,
}

_DELIVERY_FIELDS = {
    "order_id": _KEY,
    "customer_id": _KEY,
    "delivery_date": _DATE,
    "quantity": _DECIMAL,
}

FIELDS_OF: Mapping[str, Mapping[str, FieldSpec]] = {
    "orders": _ORDER_FIELDS,
    "customers": _CUSTOMER_FIELDS,
    "windows": _WINDOW_FIELDS,
    "deliveries": _DELIVERY_FIELDS,
}
"""Fields by data set: ``orders``, ``customers`` (each with its ``windows``), ``deliveries`` of another system."""

KEY_OF: Mapping[str, str] = {
    "orders": "order_id",
    "customers": "customer_id",
    "windows": "customer_id",
    "deliveries": "order_id",
}
"""The field that must be mapped, since nothing can be told apart without it."""
