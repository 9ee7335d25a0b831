"""A plain client for the sandbox's tests: no retries, no pacing, what comes is what is returned."""

from typing import Any

import requests

from cms.sandbox import MONDAY_TOKEN, ORDERS_TOKEN, Sandbox

CUSTOMERS, ORDERS = "5000000001", "5000000002"
FIRST_PAGE = """
query ($board: ID!, $limit: Int!, $query: ItemsQuery) {
  boards(ids: [$board]) { items_count items_page(limit: $limit, query_params: $query) { cursor items { id name } } }
}
"""
NEXT_PAGE = """
query ($cursor: String!, $limit: Int!) {
  next_items_page(cursor: $cursor, limit: $limit) { cursor items { id name } }
}
"""


def post(sandbox: Sandbox, query: str, token: str = MONDAY_TOKEN, **headers: str) -> requests.Response:
    """Send a query without variables."""
    return send(sandbox, {"query": query}, token, **headers)


def send(sandbox: Sandbox, body: Any, token: str = MONDAY_TOKEN, **headers: str) -> requests.Response:
    """Send any body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(sandbox.monday_url, json=body, headers={"Authorization": token, **named}, timeout=10)


def data(sandbox: Sandbox, query: str, /, **variables: Any) -> Any:
    """The data of a query that has to succeed."""
    body = send(sandbox, {"query": query, "variables": variables}).json()
    assert "errors" not in body, body["errors"]
    return body["data"]


def all_items(sandbox: Sandbox, board: str, limit: int = 7, query: Any = None) -> list[Any]:
    """Every item of a board, page by page."""
    page = data(sandbox, FIRST_PAGE, board=board, limit=limit, query=query)["boards"][0]["items_page"]
    items = page["items"]
    while page["cursor"]:
        page = data(sandbox, NEXT_PAGE, cursor=page["cursor"], limit=limit)["next_items_page"]
        items += page["items"]
    return list(items)


def orders(sandbox: Sandbox, path: str = "", method: str = "GET", **arguments: Any) -> requests.Response:
    """Ask order management."""
    headers = {"Authorization": f"Bearer {ORDERS_TOKEN}"}
    return requests.request(method, sandbox.orders_url + path, headers=headers, timeout=10, **arguments)
