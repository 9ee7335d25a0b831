"""The history of orders, wherever it is: in the warehouse, or in the archive for those closed long ago."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from cms.domain.errors import InvalidValueError

IN_THE_WAREHOUSE = "warehouse"


@dataclass(frozen=True, kw_only=True)
class OrderQuery:
    """Which orders are asked for; every criterion that is given must hold, and one must be given.

    Parameters
    ----------
    ordered_from, ordered_to : date, optional
        First and last day of ordering, both included.
    limit : int
        At most so many orders, 1 or more; the oldest come first.
    """

    order_id: str | None = None
    customer_id: str | None = None
    ordered_from: date | None = None
    ordered_to: date | None = None
    limit: int = 100

    def __post_init__(self) -> None:
        criteria = (self.order_id, self.customer_id, self.ordered_from, self.ordered_to)
        if all(criterion is None for criterion in criteria):
            raise InvalidValueError("query", "must name an order, a customer, or a first or last day of ordering", "")
        if self.ordered_from and self.ordered_to and self.ordered_to < self.ordered_from:
            rule = f"must not be before {self.ordered_from}, the first day"
            raise InvalidValueError("ordered_to", rule, self.ordered_to.isoformat())
        if self.limit < 1:
            raise InvalidValueError("limit", "must be 1 or more", self.limit)


@dataclass(frozen=True, kw_only=True)
class OrderHistory:
    """An order with everything that happened to it.

    Parameters
    ----------
    place : str
        ``warehouse``, or the archive that holds it.
    order : mapping of str to object
        Its row of the order master.
    history : tuple of mapping
        Every change of its deliveries, the oldest first.
    source_records : tuple of mapping
        What each source said of it last.
    """

    place: str
    order: Mapping[str, Any]
    history: tuple[Mapping[str, Any], ...]
    source_records: tuple[Mapping[str, Any], ...]
