"""The sandbox answers GraphQL over HTTP as monday.com does."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from cms.sandbox import Company, Sandbox
from cms.sandbox.company import Source
from cms.sandbox.company_boards import window_text
from cms.sandbox.monday_api.limits import Limits
from tests.integration.sandbox.sandbox_client import CUSTOMERS, ORDERS, all_items, data, post, send

COLUMNS = """
query ($ids: [ID!]) {
  items(ids: $ids) {
    id name state updated_at group { id title } board { id name }
    column_values {
      id type text value column { title }
      ... on StatusValue { label index }
      ... on DateValue { date time }
      ... on NumbersValue { number }
      ... on DropdownValue { values { id label } }
      ... on EmailValue { email }
      ... on PhoneValue { phone country_short_name }
      ... on PeopleValue { persons_and_teams { id kind } }
      ... on TimelineValue { from to }
      ... on LocationValue { lat lng city }
      ... on CheckboxValue { checked }
      ... on BoardRelationValue { linked_item_ids display_value }
      ... on MirrorValue { display_value }
      ... on LastUpdatedValue { updated_at updater_id }
    }
  }
}
"""
CHANGE = """
mutation ($board: ID!, $item: ID!, $values: JSON!) {
  change_multiple_column_values(board_id: $board, item_id: $item, column_values: $values) { id name }
}
"""


def an_item(sandbox: Sandbox, board: str = ORDERS) -> str:
    return min(item.id for item in sandbox.account.board(board).active_items)


def values_of(sandbox: Sandbox, item_id: str) -> dict[str, Any]:
    [item] = data(sandbox, COLUMNS, ids=[item_id])["items"]
    return {value["id"]: value for value in item["column_values"]}


def test_every_customer_is_on_the_customer_board(sandbox: Sandbox, company: Company) -> None:
    names = sorted(item["name"] for item in all_items(sandbox, CUSTOMERS))

    dirty = [row.customer for row in company.dirty(Source.CUSTOMER_BOARD) if row.customer]
    assert names == sorted(record.customer.name for record in (*company.customers, *dirty))


def test_the_order_board_has_the_recent_orders_each_once_and_the_dirty_ones(sandbox: Sandbox, company: Company) -> None:
    numbers = sorted(item["name"] for item in all_items(sandbox, ORDERS))

    dirty = [row.key for row in company.dirty(Source.ORDER_BOARD)]
    assert numbers == sorted([record.number for record in company.systems.board_orders] + dirty)


def test_a_customers_columns_say_what_the_company_says(sandbox: Sandbox, company: Company) -> None:
    record = next(r for r in company.customers if r.customer.windows)
    item = next(i for i in sandbox.account.board(CUSTOMERS).items.values() if i.name == record.customer.name)

    values = values_of(sandbox, item.id)

    assert values["customer_id"]["text"] == record.customer.customer_id
    assert values["transit_days"]["number"] == record.customer.transit_days
    assert values["time_zone"]["values"][0]["label"] == record.customer.time_zone
    assert values["contact_email"]["email"] == record.customer.contact_email
    assert values["allows_split"]["checked"] is record.customer.allows_split
    assert values["delivery_windows"]["text"] == window_text(record.customer)
    assert values["address"]["city"] == record.place.city


def test_connected_boards_tell_their_links_and_mirrors_only_what_they_display(sandbox: Sandbox) -> None:
    values = values_of(sandbox, an_item(sandbox))
    customer = values["customer"]

    assert (customer["text"], customer["value"]) == (None, None)
    [linked] = sandbox.account.find_items(customer["linked_item_ids"])
    assert customer["display_value"] == linked.name
    assert (values["customer_zone"]["text"], values["customer_zone"]["value"]) == (None, None)
    assert "/" in values["customer_zone"]["display_value"]


def test_without_a_limit_a_page_has_25_items(sandbox: Sandbox) -> None:
    page = data(sandbox, f"{{ boards(ids: {CUSTOMERS}) {{ items_page {{ cursor items {{ id }} }} }} }}")

    assert len(page["boards"][0]["items_page"]["items"]) == 25


def test_a_page_of_more_than_500_items_is_refused_and_the_board_is_null(sandbox: Sandbox) -> None:
    body = post(sandbox, f"{{ boards(ids: {ORDERS}) {{ items_page(limit: 501) {{ cursor }} }} }}").json()

    assert body["data"] == {"boards": [None]}
    assert body["errors"][0]["path"] == ["boards", 0, "items_page"]
    assert body["extensions"]["request_id"]


def test_query_params_only_go_with_the_first_page(sandbox: Sandbox) -> None:
    query = f'{{ boards(ids: {ORDERS}) {{ items_page(cursor: "x", query_params: {{ids: [1]}}) {{ cursor }} }} }}'

    assert "query_params" in post(sandbox, query).json()["errors"][0]["message"]


def test_items_by_id_come_in_any_state_unless_only_active_ones_are_asked_for(sandbox: Sandbox) -> None:
    gone = an_item(sandbox)
    sandbox.account.delete_item(gone)

    [item] = data(sandbox, f"{{ items(ids: [{gone}]) {{ id state }} }}")["items"]

    assert item == {"id": gone, "state": "deleted"}
    assert data(sandbox, f"{{ items(ids: [{gone}], exclude_nonactive: true) {{ id }} }}")["items"] == []


def test_more_than_100_ids_are_refused(sandbox: Sandbox) -> None:
    body = send(sandbox, {"query": COLUMNS, "variables": {"ids": [str(n) for n in range(101)]}}).json()

    assert body["errors"][0]["extensions"]["code"] == "InvalidArgumentException"


def test_an_unknown_board_is_not_in_the_list(sandbox: Sandbox) -> None:
    assert data(sandbox, "{ boards(ids: [99]) { id } }") == {"boards": []}


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_missing_or_wrong_token_is_401_with_an_error_in_the_body(sandbox: Sandbox, token: str) -> None:
    answer = post(sandbox, "{ me { id } }", token)

    assert answer.status_code == 401
    assert answer.json()["errors"][0]["message"] == "Not Authenticated"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ boards { shoe_size } }", "undefinedField"),
        ("{ boards(colour: red) { id } }", "argumentNotAccepted"),
        ("{ boards { ", "parseError"),
        ("query A { me { id } } query B { me { id } }", "operationNotFound"),
    ],
)
def test_a_query_that_cannot_run_is_an_error_with_status_200(sandbox: Sandbox, query: str, code: str) -> None:
    answer = post(sandbox, query)

    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"]["code"] == code


@pytest.mark.parametrize("body", [[], {}, {"query": 7}, {"query": "{ me { id } }", "variables": "no"}])
def test_a_body_that_is_no_request_is_400(sandbox: Sandbox, body: Any) -> None:
    assert send(sandbox, body).status_code == 400


@pytest.mark.parametrize(
    ("asked", "echoed"),
    [("2026-10", "2026-10"), ("2027-01", "2027-01"), ("2025-01", "2026-07"), ("1999-99", "2026-10")],
)
def test_the_version_that_answers_is_echoed(sandbox: Sandbox, asked: str, echoed: str) -> None:
    answer = post(sandbox, "{ version { value } }", API_Version=asked)

    assert answer.headers["API-Version"] == echoed
    assert answer.json()["data"]["version"]["value"] == echoed


@pytest.mark.parametrize("variables", [{}, {"ids": [[1, 2]]}, {"ids": {"no": "list"}}])
def test_variables_that_do_not_fit_are_an_error_and_no_data(sandbox: Sandbox, variables: Any) -> None:
    query = "query ($ids: [ID!]!) { boards(ids: $ids) { id } }"

    body = send(sandbox, {"query": query, "variables": variables}).json()

    assert body["data"] is None
    assert "$ids" in body["errors"][0]["message"]


def test_versions_are_listed_with_their_kinds(sandbox: Sandbox) -> None:
    versions = data(sandbox, "{ versions { kind value display_name } }")["versions"]

    assert {v["kind"]: v["value"] for v in versions}["current"] == "2026-10"


def test_every_answer_tells_the_limits_the_request_and_the_sandboxs_time(sandbox: Sandbox) -> None:
    answer = post(sandbox, "{ complexity { before after query reset_in_x_seconds } me { id } }")

    spent = answer.json()["data"]["complexity"]
    assert spent["before"] - spent["after"] == spent["query"] > 0
    assert f'"complexityMinute";r={spent["after"]}' in answer.headers["RateLimit"]
    assert answer.headers["X-Request-Id"] == answer.json()["extensions"]["request_id"]
    assert parsedate_to_datetime(answer.headers["Date"]) == datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_an_exhausted_budget_says_when_to_come_back_and_then_lets_in(sandbox: Sandbox) -> None:
    sandbox.monday.ledger.limits = Limits(complexity_per_minute=200)
    query = f"{{ boards(ids: {ORDERS}) {{ items_page(limit: 30) {{ items {{ id }} }} }} }}"
    assert "errors" not in post(sandbox, query).json()

    refused = post(sandbox, query)
    assert refused.json()["errors"][0]["extensions"]["code"] == "COMPLEXITY_BUDGET_EXHAUSTED"
    wait = int(refused.headers["Retry-After"])

    sandbox.clock.advance(wait)
    assert "errors" not in post(sandbox, query).json()


def test_a_mutation_changes_the_board_and_the_update_time(sandbox: Sandbox) -> None:
    item = an_item(sandbox)
    values = {"scheduled_date": {"date": "2026-03-20"}, "schedule_status": {"label": "On time"}, "schedule_note": "ok"}

    data(sandbox, CHANGE, board=ORDERS, item=item, values=json.dumps(values))

    shown = values_of(sandbox, item)
    assert shown["scheduled_date"]["date"] == "2026-03-20"
    assert shown["schedule_status"]["label"] == "On time"
    assert shown["last_change"]["updated_at"] == "2026-03-02T12:00:00Z"


def test_a_bad_value_is_refused_and_says_which_labels_there_are(sandbox: Sandbox) -> None:
    sent = {"board": ORDERS, "item": an_item(sandbox), "values": '{"schedule_status": {"label": "Sleepy"}}'}

    body = send(sandbox, {"query": CHANGE, "variables": sent}).json()

    assert body["data"] == {"change_multiple_column_values": None}
    assert body["errors"][0]["extensions"]["code"] == "ColumnValueException"
    assert "On time" in body["errors"][0]["message"]


def test_the_same_key_does_a_mutation_once(sandbox: Sandbox) -> None:
    create = f'mutation {{ create_item(board_id: {ORDERS}, item_name: "SO-1") {{ id }} }}'

    first = post(sandbox, create, Idempotency_Key="k1")
    again = post(sandbox, create, Idempotency_Key="k1")
    other = post(sandbox, create, Idempotency_Key="k2")

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json() != other.json()
    assert "Idempotency-Replayed" not in first.headers


def test_a_twin_at_the_same_time_is_a_409(sandbox: Sandbox) -> None:
    """Both wait in front of the account, whose lock is held here; the second to begin is refused."""
    create = f'mutation {{ create_item(board_id: {ORDERS}, item_name: "SO-1") {{ id }} }}'
    with ThreadPoolExecutor(2) as pool:
        with sandbox.account.lock:
            sent = [pool.submit(post, sandbox, create, Idempotency_Key="k1") for _ in range(2)]
            refused = _first_done(sent)
        statuses = sorted(answer.result().status_code for answer in sent)

    assert refused.json()["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_CONFLICT"
    assert refused.headers["Retry-After"] == "1"
    assert statuses == [200, 409]


def _first_done(futures: Any) -> Any:
    done = threading.Event()
    for future in futures:
        future.add_done_callback(lambda _future: done.set())
    assert done.wait(10)
    return next(future.result() for future in futures if future.done())


def test_the_activity_log_tells_what_happened_newest_first(sandbox: Sandbox) -> None:
    item = an_item(sandbox)
    sandbox.account.change_values(ORDERS, item, {"quantity": "7"})
    sandbox.account.archive_item(item)

    query = f'{{ boards(ids: {ORDERS}) {{ activity_logs(from: "2026-03-02T12:00:00Z") {{ event data }} }} }}'
    log = data(sandbox, query)["boards"][0]["activity_logs"]

    assert [line["event"] for line in log] == ["item_archived", "update_column_value"]
    assert json.loads(log[1]["data"])["column_id"] == "quantity"


def test_aliases_fragments_and_directives_work_inside_items(sandbox: Sandbox) -> None:
    item = an_item(sandbox)
    query = """
    query ($id: ID!, $more: Boolean!) {
      items(ids: [$id]) { ...basics title: name group @include(if: $more) { id } state @skip(if: true) }
    }
    fragment basics on Item {
      __typename key: id column_values(ids: ["quantity"]) { __typename ...on ColumnValue { id } }
    }
    """

    [shown] = data(sandbox, query, id=item, more=False)["items"]

    assert shown == {
        "__typename": "Item",
        "key": item,
        "column_values": [{"__typename": "NumbersValue", "id": "quantity"}],
        "title": sandbox.account.item(item).name,
    }


def test_the_schema_can_be_introspected(sandbox: Sandbox) -> None:
    fields = data(sandbox, '{ __type(name: "ItemsResponse") { fields { name } } }')["__type"]["fields"]

    assert [field["name"] for field in fields] == ["cursor", "items"]
