"""What the generated company consists of: customers and orders with where and when they were last touched."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from cms.domain.customers import Customer
from cms.domain.orders import Order
from cms.sandbox.company.names import Place


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerRecord:
    """A customer as the customer board knows it.

    Parameters
    ----------
    contract_until : date, optional
        The last day of a framework contract.
    """

    customer: Customer
    place: Place
    account_manager: str
    created_at: datetime
    updated_at: datetime
    contract_until: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderRecord:
    """An order as one system knows it, with the instant of its last change there."""

    order: Order
    updated_at: datetime

    @property
    def number(self) -> str:
        """The order number, the same in every system."""
        return self.order.source_order_id


class Source(StrEnum):
    """The systems that know orders and customers."""

    CUSTOMER_BOARD = "customer_board"
    ORDER_BOARD = "order_board"
    ORDER_MANAGEMENT = "order_management"


class Defect(StrEnum):
    """What is wrong with a dirty row."""

    MISSING_CUSTOMER = "missing_customer"
    UNKNOWN_CUSTOMER = "unknown_customer"
    NEGATIVE_QUANTITY = "negative_quantity"
    MISSING_QUANTITY = "missing_quantity"
    BAD_DATE = "bad_date"
    MISSING_DATE = "missing_date"
    UNKNOWN_STATUS = "unknown_status"
    DUPLICATE = "duplicate"
    BAD_TIME_ZONE = "bad_time_zone"
    UNREADABLE_WINDOWS = "unreadable_windows"


@dataclass(frozen=True, kw_only=True, slots=True)
class DirtyRow:
    """A row that must not reach the warehouse as it is.

    Parameters
    ----------
    key : str
        Order number or customer id of the row. A duplicate carries the key of the row it repeats.
    """

    source: Source
    key: str
    defect: Defect
    order: OrderRecord | None = None
    customer: CustomerRecord | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceConflict:
    """An order on which the order board and order management disagree.

    Parameters
    ----------
    fields : mapping of str to (str, str)
        Field to what the board says and what order management says.
    """

    order_number: str
    fields: Mapping[str, tuple[str, str]]
