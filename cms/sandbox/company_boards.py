"""Puts the company on its monday boards: a customer board that planners keep, and an order board for recent orders."""

from collections.abc import Iterable, Mapping
from typing import Any

from cms.domain.customers import Channel, Customer, CustomerStatus, DeliveryWindow
from cms.domain.orders import OrderStatus, OrderType
from cms.sandbox.clock import SandboxClock
from cms.sandbox.company import Company, CustomerRecord, Defect, DirtyRow, OrderRecord, Source
from cms.sandbox.company.names import PLACES
from cms.sandbox.company.plant import PRODUCT_FAMILIES
from cms.sandbox.monday_api.account import MondayAccount
from cms.sandbox.monday_api.column_types import status_index
from cms.sandbox.monday_api.model import Board, Column, Group, Item

CUSTOMER_BOARD = "5000000001"
ORDER_BOARD = "5000000002"

STATUS_LABELS = {CustomerStatus.ACTIVE: "Active", CustomerStatus.INACTIVE: "Inactive"}
CHANNEL_LABELS = {Channel.EMAIL: "E-mail", Channel.CHAT: "Chat", Channel.WEBHOOK: "Webhook", Channel.NONE: "None"}
ORDER_TYPE_LABELS = {OrderType.STANDARD: "Standard", OrderType.RUSH: "Rush", OrderType.BULK: "Bulk"}
ORDER_STATUS_LABELS = {
    OrderStatus.OPEN: "New",
    OrderStatus.SCHEDULED: "Planned",
    OrderStatus.IN_PRODUCTION: "In production",
    OrderStatus.SHIPPED: "Shipped",
    OrderStatus.DELIVERED: "Delivered",
    OrderStatus.CANCELLED: "Cancelled",
    OrderStatus.ON_HOLD: "On hold",
}
PRIORITY_LABELS = {1: "Key account", 2: "Preferred", 3: "Standard", 4: "Occasional"}
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def company_account(company: Company, clock: SandboxClock) -> MondayAccount:
    """A monday account with the company's two boards."""
    customers = Board(CUSTOMER_BOARD, "Customers", _customer_columns(), _groups("Customers", "Former customers"))
    orders = Board(ORDER_BOARD, "Customer orders", _order_columns(), _groups("Open", "Done"))
    account = MondayAccount(clock=clock, boards={board.id: board for board in (customers, orders)})
    _fill_customers(customers, company)
    _fill_orders(orders, company, {item.values["customer_id"]: item.id for item in _with_id(customers)})
    return MondayAccount(clock=clock, boards=account.boards)


def window_text(customer: Customer) -> str:
    """Delivery windows as planners write them.

    Examples
    --------
    >>> from datetime import time
    >>> from cms.domain.customers import CustomerId, DeliveryWindow
    >>> tuesday = DeliveryWindow(weekday=1, start=time(8), end=time(12))
    >>> window_text(Customer(customer_id=CustomerId("C1"), name="C1", windows=(tuesday,)))
    'Tue 08:00-12:00'
    """
    return "; ".join(_one_window_text(window) for window in customer.windows)


def _one_window_text(window: DeliveryWindow) -> str:
    text = f"{_WEEKDAYS[window.weekday]} {window.start:%H:%M}-{window.end:%H:%M}"
    text += f" from {window.effective_from}" if window.effective_from else ""
    return text + (f" to {window.effective_to}" if window.effective_to else "")


def _customer_columns() -> dict[str, Column]:
    return _by_id(
        Column("customer_id", "Customer no.", "text"),
        Column("status", "Status", "status", _labels(STATUS_LABELS.values())),
        Column("priority", "Class", "status", _labels(PRIORITY_LABELS.values())),
        Column("time_zone", "Time zone", "dropdown", _labels(sorted({place.time_zone for place in PLACES}))),
        Column("transit_days", "Transit days", "numbers"),
        Column("max_early_days", "Takes early by (days)", "numbers"),
        Column("allows_split", "Split deliveries", "checkbox"),
        Column("contact_email", "Goods-in e-mail", "email"),
        Column("contact_phone", "Goods-in phone", "phone"),
        Column("channel", "Tell them by", "dropdown", _labels(CHANNEL_LABELS.values())),
        Column("delivery_windows", "Delivery windows", "long_text"),
        Column("contract", "Contract", "timeline"),
        Column("blackout_dates", "Closed on", "long_text"),
        Column("cohort", "Rollout", "status", _labels(("Pilot", "Tracking", "Scheduling"))),
        Column("address", "Address", "location"),
        Column("call_before", "Call before", "hour"),
        Column("account_manager", "Account manager", "people", {"people": {"2": "Edda Planner"}}),
        Column("orders", "Orders", "board_relation", {"boardIds": [int(ORDER_BOARD)]}),
        Column("last_change", "Last change", "last_updated"),
    )


def _order_columns() -> dict[str, Column]:
    return _by_id(
        Column("customer_id", "Customer no.", "text"),
        Column("customer", "Customer", "board_relation", {"boardIds": [int(CUSTOMER_BOARD)]}),
        Column(
            "customer_zone",
            "Customer's time zone",
            "mirror",
            {"relation_column": "customer", "displayed_column": "time_zone"},
        ),
        Column("order_type", "Type", "status", _labels(ORDER_TYPE_LABELS.values())),
        Column("priority", "Class", "numbers"),
        Column("product_family", "Product family", "dropdown", _labels(PRODUCT_FAMILIES)),
        Column("quantity", "Quantity", "numbers"),
        Column("ordered_at", "Ordered", "date"),
        Column("requested_date", "Requested", "date"),
        Column("promised_date", "Promised", "date"),
        Column("order_status", "Status", "status", _labels(ORDER_STATUS_LABELS.values())),
        Column("scheduled_date", "Scheduled delivery", "date"),
        Column("schedule_status", "Schedule", "status", _labels(("On time", "Late", "Unscheduled"))),
        Column("schedule_note", "Schedule note", "text"),
        Column("shipped_at", "Shipped", "date"),
        Column("delivered_at", "Delivered", "date"),
        Column("last_change", "Last change", "last_updated"),
    )


def _fill_customers(board: Board, company: Company) -> None:
    records = [(record, None) for record in company.customers]
    dirty = [(row.customer, row) for row in company.dirty(Source.CUSTOMER_BOARD) if row.customer]
    for number, (record, row) in enumerate([*records, *dirty], start=6_000_000_001):
        values = _customer_values(board, record)
        if row is not None:
            _spoil_customer(values, row)
        group = "group_2" if record.customer.status is CustomerStatus.INACTIVE else "group_1"
        board.items[str(number)] = Item(
            str(number), board.id, record.customer.name, group, record.created_at, record.updated_at, _filled(values)
        )


def _customer_values(board: Board, record: CustomerRecord) -> dict[str, Any]:
    customer, place = record.customer, record.place
    columns = board.columns
    zone = status_index(columns["time_zone"], customer.time_zone)
    return {
        "customer_id": customer.customer_id,
        "status": {"index": status_index(columns["status"], STATUS_LABELS[customer.status])},
        "priority": {"index": status_index(columns["priority"], PRIORITY_LABELS[customer.priority])},
        "time_zone": {"ids": [zone]},
        "transit_days": str(customer.transit_days),
        "max_early_days": str(customer.max_early_days),
        "allows_split": {"checked": "true"} if customer.allows_split else None,
        "contact_email": {"email": customer.contact_email, "text": customer.contact_email},
        "contact_phone": {"phone": customer.contact_phone, "countryShortName": place.country_code},
        "channel": {"ids": [status_index(columns["channel"], CHANNEL_LABELS[customer.preferred_channel])]},
        "delivery_windows": {"text": window_text(customer)} if customer.windows else None,
        "contract": _contract(record),
        "blackout_dates": _dates_text(customer.blackout_dates),
        "cohort": {"index": status_index(columns["cohort"], "Scheduling")},
        "address": {
            "lat": place.latitude,
            "lng": place.longitude,
            "address": f"{place.city}, {place.country}",
            "city": place.city,
            "country": place.country,
        },
        "account_manager": {"personsAndTeams": [{"id": 2, "kind": "person"}]},
    }


def _contract(record: CustomerRecord) -> dict[str, str] | None:
    if record.contract_until is None:
        return None
    return {"from": str(record.created_at.date()), "to": str(record.contract_until)}


def _spoil_customer(values: dict[str, Any], row: DirtyRow) -> None:
    if row.defect is Defect.BAD_TIME_ZONE:
        values["time_zone"] = None
        values["transit_days"] = "-2"
    elif row.defect is Defect.UNREADABLE_WINDOWS:
        values["delivery_windows"] = {"text": "Tuesdays before lunch, please call"}


def _fill_orders(board: Board, company: Company, customer_items: Mapping[str, str]) -> None:
    records: list[tuple[OrderRecord, DirtyRow | None]] = [(r, None) for r in company.systems.board_orders]
    records += [(row.order, row) for row in company.dirty(Source.ORDER_BOARD) if row.order]
    for number, (record, row) in enumerate(records, start=7_000_000_001):
        values = _order_values(board, record, customer_items)
        if row is not None:
            _spoil_order(values, row)
        done = record.order.status in (OrderStatus.DELIVERED, OrderStatus.CANCELLED)
        board.items[str(number)] = Item(
            str(number),
            board.id,
            record.number,
            "group_2" if done else "group_1",
            record.order.ordered_at,
            record.updated_at,
            _filled(values),
        )


def _order_values(board: Board, record: OrderRecord, customer_items: Mapping[str, str]) -> dict[str, Any]:
    order, columns = record.order, board.columns
    return {
        "customer_id": order.customer_id,
        "customer": {"item_ids": [customer_items[order.customer_id]]},
        "order_type": {"index": status_index(columns["order_type"], ORDER_TYPE_LABELS[order.order_type])},
        "priority": str(order.priority),
        "product_family": {"ids": [status_index(columns["product_family"], order.product_family)]},
        "quantity": str(order.quantity),
        "ordered_at": _moment(order.ordered_at),
        "requested_date": {"date": str(order.requested_date)},
        "promised_date": {"date": str(order.promised_date)} if order.promised_date else None,
        "order_status": {"index": status_index(columns["order_status"], ORDER_STATUS_LABELS[order.status])},
        "shipped_at": _moment(order.shipped_at) if order.shipped_at else None,
        "delivered_at": _moment(order.delivered_at) if order.delivered_at else None,
    }


def _spoil_order(values: dict[str, Any], row: DirtyRow) -> None:
    spoiled: dict[Defect, dict[str, Any]] = {
        Defect.MISSING_CUSTOMER: {"customer_id": None, "customer": None},
        Defect.UNKNOWN_CUSTOMER: {"customer_id": "C99999", "customer": None},
        Defect.NEGATIVE_QUANTITY: {"quantity": f"-{values['quantity']}"},
        Defect.MISSING_QUANTITY: {"quantity": None},
        # A date column holds only dates; the wrong one is a slip of the century.
        Defect.BAD_DATE: {"requested_date": {"date": "0206-01-15"}},
        Defect.MISSING_DATE: {"requested_date": None},
        Defect.UNKNOWN_STATUS: {"order_status": None},
    }
    values.update(spoiled.get(row.defect, {}))


def _by_id(*columns: Column) -> dict[str, Column]:
    return {column.id: column for column in (Column("name", "Name", "name"), *columns) if column.type != "name"}


def _groups(*titles: str) -> dict[str, Group]:
    return {f"group_{number}": Group(f"group_{number}", title) for number, title in enumerate(titles, start=1)}


def _labels(names: Iterable[str]) -> dict[str, Any]:
    return {"labels": {str(index): name for index, name in enumerate(names, start=1)}}


def _moment(moment: Any) -> dict[str, str]:
    return {"date": f"{moment:%Y-%m-%d}", "time": f"{moment:%H:%M:%S}"}


def _dates_text(days: Iterable[Any]) -> dict[str, str] | None:
    text = ", ".join(str(day) for day in sorted(days))
    return {"text": text} if text else None


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _with_id(board: Board) -> list[Item]:
    return [item for item in board.items.values() if "customer_id" in item.values]
