"""Order management answers over REST."""

from typing import Any

import pytest
import requests

from cms.sandbox import Company, Sandbox
from cms.sandbox.company import Source
from tests.integration.sandbox.sandbox_client import orders


def every_order(sandbox: Sandbox, query: str) -> list[dict[str, Any]]:
    answer = orders(sandbox, query).json()
    rows = answer["items"]
    while answer["next"]:
        answer = orders(sandbox, answer["next"].removeprefix("/orders/v1/orders")).json()
        rows += answer["items"]
    return list(rows)


def a_number(company: Company) -> str:
    return company.systems.managed_orders[-1].number


def test_every_managed_order_is_there_and_the_dirty_rows_with_them(sandbox: Sandbox, company: Company) -> None:
    numbers = sorted(row["orderNumber"] for row in every_order(sandbox, "?page_size=50"))

    dirty = [row.key for row in company.dirty(Source.ORDER_MANAGEMENT)]
    assert numbers == sorted([record.number for record in company.systems.managed_orders] + dirty)


def test_pages_by_number_hold_the_same_orders_as_pages_by_link(sandbox: Sandbox) -> None:
    by_link = [row["orderNumber"] for row in every_order(sandbox, "?page_size=100")]
    total = orders(sandbox).json()["total"]
    by_number = [
        row["orderNumber"]
        for page in range(1, -(-total // 100) + 1)
        for row in orders(sandbox, f"?page_size=100&page={page}").json()["items"]
    ]

    assert by_number == by_link


def test_only_orders_changed_since_an_instant_come_the_instant_included(sandbox: Sandbox, company: Company) -> None:
    changed = sandbox.orders.change_order(a_number(company), {"quantity": "77"})

    assert every_order(sandbox, f"?updated_since={changed['updatedAt']}") == [changed]


def test_links_lose_nothing_when_orders_change_meanwhile(sandbox: Sandbox, company: Company) -> None:
    first = orders(sandbox, "?page_size=20").json()
    for row in first["items"][:5]:
        sandbox.orders.change_order(row["orderNumber"], {"quantity": "1"})

    rest = every_order(sandbox, first["next"].removeprefix("/orders/v1/orders"))

    seen = {row["orderNumber"] for row in (*first["items"], *rest)}
    assert seen >= {record.number for record in company.systems.managed_orders}


def test_one_order_is_shown_by_its_number(sandbox: Sandbox, company: Company) -> None:
    record = company.systems.managed_orders[0]

    row = orders(sandbox, f"/{record.number}").json()

    assert row["customerNumber"] == record.order.customer_id
    assert row["requestedDate"] == str(record.order.requested_date)


def test_an_order_is_changed_and_a_new_one_taken_in(sandbox: Sandbox, company: Company) -> None:
    changed = orders(sandbox, f"/{a_number(company)}", "PATCH", json={"requestedDate": "2026-04-01"})
    created = orders(sandbox, "", "POST", json={"orderNumber": "SO-1", "customerNumber": "C00001", "quantity": "5"})

    assert changed.json()["updatedAt"] == "2026-03-02T12:00:00.000Z"
    assert created.status_code == 201
    assert orders(sandbox, "/SO-1").json()["state"] == "OPEN"
    assert orders(sandbox, "", "POST", json={"orderNumber": "SO-1"}).status_code == 409


@pytest.mark.parametrize(
    ("path", "method", "body", "status"),
    [
        ("/SO-none", "GET", None, 404),
        ("/SO-none", "PATCH", {"quantity": "1"}, 404),
        ("/SO-none", "PATCH", {"colour": "red"}, 422),
        ("", "POST", {"quantity": "1"}, 422),
        ("", "POST", [], 422),
        ("?updated_since=yesterday", "GET", None, 422),
        ("?updated_since=2026-01-01T00:00:00", "GET", None, 422),
        ("?page_size=0", "GET", None, 422),
        ("?page=one", "GET", None, 422),
    ],
)
def test_what_cannot_be_done_has_the_right_status(
    sandbox: Sandbox, path: str, method: str, body: Any, status: int
) -> None:
    assert orders(sandbox, path, method, json=body).status_code == status


def test_without_the_token_nobody_comes_in(sandbox: Sandbox) -> None:
    assert requests.get(sandbox.orders_url, timeout=5).status_code == 401
