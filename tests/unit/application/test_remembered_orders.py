"""An order book that remembers gives the same answers, and reads only what changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from cms.application.remembered_orders import RememberedOrders
from cms.domain.orders import Order, OrderId, OrderStatus
from tests.builders import an_order
from tests.fakes import FakeOrderBook


@dataclass
class MarkedFake(FakeOrderBook):
    """Marks each order by what it is; notes what was read."""

    read: list[OrderId] = field(default_factory=list)
    meanwhile: dict[OrderId, Order] = field(default_factory=dict)

    def plannable_marks(self) -> Mapping[OrderId, object]:
        return {order.order_id: repr(order) for order in self.plannable_orders()}

    def orders(self, order_ids: Sequence[OrderId]) -> list[Order]:
        self.known |= self.meanwhile
        self.read += order_ids
        return [self.known[order_id] for order_id in order_ids]


def a_book(*orders: Order) -> MarkedFake:
    return MarkedFake(known={order.order_id: order for order in orders}, people={})


def test_only_orders_that_changed_are_read_again() -> None:
    book = a_book(an_order("O1"), an_order("O2"))
    remembered = RememberedOrders(book=book)
    first = remembered.plannable_orders()
    book.known[OrderId("O2")] = replace(book.known[OrderId("O2")], quantity=Decimal(7))
    book.known[OrderId("O3")] = an_order("O3")
    book.read.clear()

    second = remembered.plannable_orders()

    assert [order.order_id for order in first] == ["O1", "O2"]
    assert second == book.plannable_orders()
    assert book.read == ["O2", "O3"]


def test_an_order_that_is_no_longer_plannable_is_forgotten() -> None:
    book = a_book(an_order("O1"), an_order("O2"))
    remembered = RememberedOrders(book=book)
    remembered.plannable_orders()
    book.known[OrderId("O1")] = replace(book.known[OrderId("O1")], status=OrderStatus.CANCELLED)

    assert [order.order_id for order in remembered.plannable_orders()] == ["O2"]


def test_an_order_that_is_cancelled_while_it_is_read_is_not_planned() -> None:
    book = a_book(an_order("O1"))
    book.meanwhile[OrderId("O1")] = an_order("O1", status=OrderStatus.CANCELLED)

    assert RememberedOrders(book=book).plannable_orders() == []
