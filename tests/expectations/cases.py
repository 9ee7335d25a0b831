"""For every expectation about rows: changes to good rows that break it, and only it where that can be."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from cms.application.ports import Dataset
from tests.staged_rows import NOW, a_staged_order

Changes = Sequence[Mapping[str, Any]]

_LATER = datetime(2026, 1, 5, 9, tzinfo=UTC)
KNOWN = {"order_id": "TAKEN", "source_order_id": "S-OLD"}
"""The order that the warehouse has already: 40 pumps of customer C1."""
LEAD = "an order is wanted as long after ordering as usual"
PROMISE = "a promise lies as far from the request as usual"
_GARBLED = "M\u00c3\u00bcller"

ORDERS: Mapping[str, Changes] = {
    "every field can be read": [{"requested_date": None, "problems": "requested_date: '31/02/2026' is no date"}],
    "order_id is given": [{"order_id": None}],
    "source_order_id is given": [{"source_order_id": None}],
    "order_id is a clean key": [{"order_id": " O1"}],
    "source_order_id is a clean key": [{"source_order_id": "S\ufffd1"}],
    "customer_id is a clean key": [{"customer_id": "C1 "}],
    "product_family is a clean key": [{"product_family": _GARBLED}],
    "an order appears once in a load": [{}, {"order_id": "O1", "source_order_id": "S1", "quantity": Decimal(41)}],
    "an order number means one order": [{}, {"order_id": "O1"}],
    "an order keeps its number": [{"order_id": "TAKEN"}],
    "every order belongs to a known customer": [{"customer_id": "C404"}],
    "customer_id is known of every order": [{"customer_id": None}],
    "product_family is known of every order": [{"product_family": None}],
    "quantity is known of every order": [{"quantity": None}],
    "ordered_at is known of every order": [{"ordered_at": None}],
    "requested_date is known of every order": [{"requested_date": None}],
    "priority lies between 1 and 9": [{"priority": 0}],
    "order_type is one we know": [{"order_type": "urgent"}],
    "status is one we know": [{"status": "lost"}],
    "quantity is plausible": [{"quantity": Decimal(0)}],
    "no more is delivered than was ordered": [{"delivered_quantity": Decimal(41)}],
    "ordered_at is a plausible instant": [
        {
            "ordered_at": NOW + timedelta(days=40),
            "source_updated_at": None,
            "requested_date": date(2026, 3, 3),
            "promised_date": date(2026, 3, 3),
        }
    ],
    "requested_date is plausible": [{"requested_date": date(2206, 1, 20)}],
    "promised_date is plausible": [{"promised_date": date(2025, 12, 31)}],
    "an order is released before it is due": [{"release_date": date(2026, 1, 21)}],
    "source_updated_at is a plausible instant": [{"source_updated_at": NOW + timedelta(days=2)}],
    "shipped_at is a plausible instant": [{"shipped_at": NOW + timedelta(days=2)}],
    "delivered_at is a plausible instant": [{"status": "delivered", "delivered_at": NOW + timedelta(days=2)}],
    "nothing is shipped before it is ordered": [{"shipped_at": datetime(2025, 12, 31, 9, tzinfo=UTC)}],
    "nothing is delivered before it is shipped": [
        {"status": "delivered", "shipped_at": _LATER, "delivered_at": _LATER - timedelta(hours=1)}
    ],
    "what is delivered says so": [{"status": "shipped", "shipped_at": _LATER, "delivered_at": _LATER}],
    "a delivery has its instant": [{"status": "delivered"}],
    "a quantity keeps its decimal point": [KNOWN | {"quantity": Decimal(400)}],
    "a known order stays with its customer": [KNOWN | {"customer_id": "ELSEWHERE"}],
    "a known order was ordered when it was": [KNOWN | {"ordered_at": datetime(2026, 1, 2, 8, tzinfo=UTC)}],
    "day and month of a known order are not exchanged": [
        KNOWN | {"requested_date": date(2026, 12, 1), "promised_date": date(2026, 12, 2)}
    ],
    "a quantity is of a size that was ordered before": [{"quantity": Decimal(501)}],
    "a quantity has as many decimals as usual": [{"quantity": Decimal("40.5")}],
    "an order is wanted as long after ordering as usual": [
        {"requested_date": date(2026, 2, 3), "promised_date": date(2026, 2, 4)}
    ],
    "a promise lies as far from the request as usual": [{"promised_date": date(2026, 1, 30)}],
    "an order is wanted on a usual weekday": [
        {"requested_date": date(2026, 1, 24), "promised_date": date(2026, 1, 24)}
    ],
    "an order is made at a usual hour": [{"ordered_at": datetime(2026, 1, 2, 2, tzinfo=UTC)}],
    "instants bear the offset of the other rows": [
        *({"raw": '{"Ordered": "2026-01-02T10:00:00+01:00"}'} for _ in range(19)),
        {"raw": '{"Ordered": "2026-01-02T10:00:00+09:00"}'},
    ],
    "a known order still has a status": [KNOWN | {"status": None}],
    "order_type is given as in the other rows": [*({} for _ in range(19)), {"order_type": None}],
    "priority is given as in the other rows": [*({} for _ in range(19)), {"priority": None}],
    "promised_date is given as in the other rows": [*({} for _ in range(19)), {"promised_date": None}],
    "status is given as in the other rows": [*({} for _ in range(19)), {"status": None}],
    "an order is not updated before it is ordered": [{"source_updated_at": datetime(2026, 1, 2, 8, tzinfo=UTC)}],
    "a product family has its routing": [{}, {"product_family": "pomps"}],
}

CUSTOMERS: Mapping[str, Changes] = {
    "every field can be read": [{"priority": None, "problems": "priority: 'high' is no whole number"}],
    "customer_id is given": [{"customer_id": None}],
    "name is given": [{"name": None}],
    "customer_id is a clean key": [{"customer_id": "C\t1"}],
    "a customer has a name to read": [{"name": "   "}],
    "name is readable text": [{"name": _GARBLED}],
    "a customer appears once in a load": [{}, {"customer_id": "C1", "name": "Another"}],
    "a customer comes from one source": [{"customer_id": "ELSEWHERE"}],
    "source_updated_at is a plausible instant": [{"source_updated_at": datetime(1970, 1, 1, tzinfo=UTC)}],
    "status is one we know": [{"status": "asleep"}],
    "priority lies between 1 and 9": [{"priority": 10}],
    "transit_days lies between 0 and 60": [{"transit_days": -1}],
    "max_early_days lies between 0 and 365": [{"max_early_days": 366}],
    "time_zone is a known one": [{"time_zone": "Middle/Earth"}],
    "preferred_channel is one we know": [{"preferred_channel": "pigeon"}],
    "rollout_cohort is one we know": [{"rollout_cohort": "first"}],
    "contact_email looks like an address": [{"contact_email": "receiving at customer.example"}],
    "a customer can be told": [{"contact_email": None}],
    "contact_phone is readable text": [{"contact_phone": "030\u00a012\u0007"}],
    "contact_email is readable text": [{"contact_email": f"{_GARBLED}@customer.example"}],
}

WINDOWS: Mapping[str, Changes] = {
    "every field can be read": [{"window_end": None, "problems": "window_end: '25:00' is no time of day"}],
    "customer_id is given": [{"customer_id": None}],
    "weekday is given": [{"weekday": None}],
    "window_start is given": [{"window_start": None}],
    "window_end is given": [{"window_end": None}],
    "customer_id is a clean key": [{"customer_id": ""}],
    "every window belongs to a known customer": [{"customer_id": "C404"}],
    "weekday lies between 0 and 6": [{"weekday": 7}],
    "a window opens before it closes": [{"window_start": time(12), "window_end": time(12)}],
    "a window opens at least once": [{"effective_from": date(2026, 3, 1), "effective_to": date(2026, 2, 1)}],
    "a window lies in working hours": [{"window_start": time(1), "window_end": time(3)}],
    "windows of a customer do not all end": [{"effective_to": date(2025, 12, 31)}],
    "windows of a customer do not overlap": [{}, {"weekday": 1, "window_start": time(11), "window_end": time(13)}],
}

BREAKING: Mapping[Dataset, Mapping[str, Changes]] = {
    Dataset.ORDERS: ORDERS,
    Dataset.CUSTOMERS: CUSTOMERS,
    Dataset.WINDOWS: WINDOWS,
}

ALSO_BROKEN: Mapping[tuple[Dataset, str], frozenset[str]] = {
    # a padded key is no customer's key either
    (Dataset.ORDERS, "customer_id is a clean key"): frozenset({"every order belongs to a known customer"}),
    # what lies three years away lies farther than usual, too
    (Dataset.ORDERS, "requested_date is plausible"): frozenset({LEAD, PROMISE}),
    (Dataset.ORDERS, "promised_date is plausible"): frozenset({PROMISE}),
    (Dataset.ORDERS, "quantity is plausible"): frozenset({"a quantity is of a size that was ordered before"}),
    (Dataset.ORDERS, "day and month of a known order are not exchanged"): frozenset({LEAD}),
    (Dataset.WINDOWS, "customer_id is a clean key"): frozenset({"every window belongs to a known customer"}),
}
"""Expectations that cannot be broken alone."""

TAKEN = a_staged_order(99, order_id="TAKEN", source_order_id="S-OLD", requested_date=date(2026, 1, 12))
"""What the warehouse holds of an earlier order."""
