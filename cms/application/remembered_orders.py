"""The order book, of which only the orders that changed are read again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from cms.application.ports import OrderBook
from cms.domain.customers import Customer, CustomerId
from cms.domain.orders import Order, OrderId


class MarkedOrderBook(OrderBook, Protocol):
    """An order book that can tell whether an order changed without reading it."""

    def plannable_marks(self) -> Mapping[OrderId, object]:
        """A mark for each plannable order, in order of id: another one whenever anything of the order changed."""
        ...

    def orders(self, order_ids: Sequence[OrderId]) -> list[Order]:
        """The orders of these ids that there are, in order of id."""
        ...


@dataclass(kw_only=True)
class RememberedOrders:
    """An `OrderBook` that reads an order again only where its mark says that it changed.

    For one worker; it is not meant to be shared by threads.
    """

    book: MarkedOrderBook
    _known: dict[OrderId, tuple[object, Order]] = field(default_factory=dict, init=False, repr=False)

    def plannable_orders(self) -> list[Order]:
        """Orders that need, or hold, a place in the schedule, in order of id."""
        marks = self.book.plannable_marks()
        changed = {i for i, mark in marks.items() if i not in self._known or self._known[i][0] != mark}
        # an order that changes between the two reads keeps the mark of before, and is read again next time
        read = {o.order_id: (marks[o.order_id], o) for o in self.book.orders(sorted(changed)) if o.is_plannable}
        self._known = {i: read[i] if i in read else self._known[i] for i in marks if i in read or i not in changed}
        return [order for _, order in self._known.values()]

    def customers(self, customer_ids: Iterable[CustomerId] | None = None) -> dict[CustomerId, Customer]:
        """Customers by id, with their windows and blackouts; all of them, or those named."""
        return self.book.customers(customer_ids)

    def order(self, order_id: OrderId) -> Order:
        """One order.

        Raises
        ------
        NotFoundError
        """
        return self.book.order(order_id)

    def orders_between(self, start: date, end: date) -> list[Order]:
        """Orders ordered from `start` to before `end`, whatever their status."""
        return self.book.orders_between(start, end)
