"""REST resources as sources: a real server on loopback, its good days and its bad ones."""

import threading
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from cms.domain.errors import ConfigurationError, SourceError
from cms.order_sources import open_order_source
from tests.integration.order_sources.order_server import Answer, Asked, OrderServer
from tests.integration.order_sources.reading import FIELDS, a_service, keys, read_service

MAPPED = FIELDS | {"source_updated_at": "updated"}


def an_item(number: str = "1", **changes: Any) -> dict[str, Any]:
    item = {"No": number, "Customer": "C1", "Qty": 5, "Due": "2026-01-13", "updated": "2026-01-05T08:00:00Z"}
    return item | changes


def a_page(*items: dict[str, Any], following: Any = None, **more: Any) -> Answer:
    return Answer(body={"items": list(items), "next": following} | more)


def refused(server: OrderServer, pauses: list[float] | None = None, **settings: Any) -> str:
    with pytest.raises(SourceError) as caught:
        read_service(a_service(server.url, **settings), pauses=pauses)
    return str(caught.value)


def test_pages_are_followed_by_their_links_with_the_token(order_server: OrderServer) -> None:
    order_server.queue(a_page(an_item("1"), following="/orders?page=2"), a_page(an_item("2"), following=""))

    rows, _ = read_service(
        a_service(order_server.url, token_variable="ERP_TOKEN", page_size=1), environment={"ERP_TOKEN": "t0ken"}
    )

    assert keys(rows) == ["1", "2"]
    assert [asked.parameters for asked in order_server.asked] == [{"limit": "1"}, {"page": "2"}]
    assert {asked.headers["Authorization"] for asked in order_server.asked} == {"Bearer t0ken"}


def test_pages_may_be_followed_by_cursor_or_link_header(order_server: OrderServer) -> None:
    order_server.queue(
        Answer(body={"data": {"orders": [an_item("1")]}, "paging": {"cursor": 17}}),
        Answer(
            body={"data": {"orders": [an_item("2")]}, "paging": {}}, headers={"Link": '</orders?page=3>; rel="next"'}
        ),
        Answer(body={"data": {"orders": [an_item("3")]}}),
    )

    rows, _ = read_service(
        a_service(
            order_server.url,
            items_key="data.orders",
            next_key="paging.cursor",
            next_parameter="cursor",
            page_size_parameter=None,
        )
    )

    assert keys(rows) == ["1", "2", "3"]
    assert [asked.parameters for asked in order_server.asked] == [{}, {"cursor": "17"}, {"page": "3"}]


def test_a_page_may_be_the_list_itself_and_keys_may_be_nested(order_server: OrderServer) -> None:
    order_server.queue(Answer(body=[{"No": "1", "customer": {"id": "C7"}, "Qty": "5", "Due": None, "tags": ["a"]}]))

    (row,), _ = read_service(a_service(order_server.url, items_key="", fields=FIELDS | {"customer_id": "customer.id"}))

    assert row.values["customer_id"] == "C7"
    assert row.raw["tags"] == ["a"]


def test_quantities_are_the_decimals_that_were_sent(order_server: OrderServer) -> None:
    order_server.queue(Answer(raw=b'{"items": [{"No": "1", "Customer": "C1", "Qty": 0.1, "Due": "2026-01-13"}]}'))

    (row,), _ = read_service(a_service(order_server.url))

    assert row.values["quantity"] == Decimal("0.1")


def test_what_is_new_is_asked_for_from_a_little_before_the_last_update(order_server: OrderServer) -> None:
    order_server.queue(a_page(an_item("1"), an_item("2", updated="2026-01-05T09:30:00Z"), an_item("3")))
    settings = a_service(order_server.url, fields=MAPPED, complete=True)

    _, first = read_service(settings)
    _, second = read_service(settings, watermark=first.watermark())

    assert first.watermark() == second.watermark() == "text:2026-01-05T09:30:00Z"
    assert "updated_since" not in order_server.asked[0].parameters
    assert order_server.asked[1].parameters["updated_since"] == "2026-01-05T09:29:00Z"
    assert first.complete()
    assert not second.complete()


def test_a_source_without_an_update_time_is_read_whole_each_time(order_server: OrderServer) -> None:
    order_server.queue(a_page(an_item()))

    _, without_key = read_service(a_service(order_server.url))
    _, without_filter = read_service(a_service(order_server.url, fields=MAPPED, updated_since_parameter=None))

    assert without_key.watermark() is None
    assert without_filter.watermark() is None


def test_an_update_in_the_far_future_by_the_servers_clock_is_no_watermark(order_server: OrderServer) -> None:
    order_server.queue(a_page(an_item("1"), an_item("2", updated="9999-01-01T00:00:00Z"), an_item("3", updated=None)))

    rows, batch = read_service(a_service(order_server.url, fields=MAPPED))

    assert len(rows) == 3
    assert batch.watermark() == "text:2026-01-05T08:00:00Z"


def test_nothing_new_is_an_empty_batch_and_keeps_the_watermark(order_server: OrderServer) -> None:
    order_server.queue(a_page())

    rows, batch = read_service(a_service(order_server.url, fields=MAPPED), watermark="text:2026-01-05T08:00:00Z")

    assert rows == []
    assert batch.watermark() == "text:2026-01-05T08:00:00Z"


@pytest.mark.parametrize(
    ("bad", "pause"),
    [
        (Answer(status=503), 0.5),
        (Answer(status=429, headers={"Retry-After": "7"}), 7.0),
        (
            Answer(
                status=503,
                headers={"Retry-After": "Mon, 05 Jan 2026 08:00:30 GMT", "X": "y"},
            ),
            None,
        ),
        (Answer(raw=b'{"items": [', cut=None), 0.5),
        (Answer(raw=b'{"items": []}', cut=5), 0.5),
        (Answer(reset=True), 0.5),
        (Answer(raw=b"<html>please log in</html>"), 0.5),
    ],
)
def test_a_bad_moment_is_waited_out(order_server: OrderServer, bad: Answer, pause: float | None) -> None:
    order_server.queue(bad, a_page(an_item()))
    pauses: list[float] = []

    rows, _ = read_service(a_service(order_server.url), pauses=pauses)

    assert keys(rows) == ["1"]
    assert len(order_server.asked) == 2
    assert pauses == [0.0 if pause is None else pause]


def test_pauses_grow_until_the_tries_are_used_up(order_server: OrderServer) -> None:
    order_server.queue(Answer(status=500, raw=b"oops"))
    pauses: list[float] = []

    message = refused(order_server, pauses, max_attempts=4)

    assert pauses == [0.5, 1.0, 2.0]
    assert message == f"source 'erp': {order_server.url} answered 500 Internal Server Error; gave up after 4 tries"


def test_a_server_that_answers_too_slowly_is_given_up(order_server: OrderServer) -> None:
    release = threading.Event()
    order_server.queue(Answer(raw=b'{"items": []}', cut=4, hold=release))

    message = refused(order_server, [], timeout_seconds=0.2, max_attempts=2)
    release.set()

    assert "no answer within 0.2 s; gave up after 2 tries" in message or "the connection failed" in message


def test_bytes_that_only_drip_are_given_up(order_server: OrderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    order_server.queue(a_page(an_item()))
    times = iter(range(0, 10_000, 100))
    monkeypatch.setattr("cms.order_sources.rest_pages.time", SimpleNamespace(monotonic=lambda: next(times)))

    assert "the page was not complete within 30 s" in refused(order_server, [], max_attempts=1)


def test_a_page_that_is_too_large_is_refused(order_server: OrderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    order_server.queue(a_page(an_item()))
    monkeypatch.setattr("cms.order_sources.rest_pages._MOST_BYTES", 10)

    assert "more than 10 bytes; lower page_size" in refused(order_server)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(status=401), "refused the login (401 Unauthorized); check the token in ERP_TOKEN"),
        (Answer(status=403), "refused the login (403 Forbidden)"),
        (Answer(status=404, raw=b"no such\nthing"), "answered 404 Not Found: no such thing"),
        (Answer(status=429, headers={"Retry-After": "86400"}), "asks to wait 86,400 s; try again then"),
        (Answer(body={"orders": []}), "has no list of items at 'items' but the keys 'orders'; check items_key"),
        (Answer(body=[1]), "has no list of items at 'items' but a list"),
        (Answer(body={"items": ["x"]}), "has items that are no objects, such as 'x'"),
        (a_page(an_item(), following=17), "its 'next' is no link but 17; set next_parameter"),
        (
            a_page(an_item(), following="http://other.example/orders"),
            "its next page is on other.example, another server",
        ),
        (a_page(an_item(), following="/orders?limit=500"), "its pages lead back to one already read"),
        (a_page({"No": "1"}), "has no column 'Customer' (for customer_id)"),
    ],
)
def test_what_another_try_would_not_mend_is_told_at_once(
    order_server: OrderServer, answer: Answer, expected: str
) -> None:
    order_server.queue(answer)
    pauses: list[float] = []
    with pytest.raises(SourceError) as caught:
        read_service(
            a_service(order_server.url + "?key=s3cret", token_variable="ERP_TOKEN", page_size_parameter="limit"),
            environment={"ERP_TOKEN": "t0ken"},
            pauses=pauses,
        )

    assert expected in str(caught.value)
    assert pauses == []
    assert "t0ken" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_service_that_is_not_there_is_told(order_server: OrderServer) -> None:
    settings = a_service("http://127.0.0.1:1/orders", max_attempts=2)

    with pytest.raises(SourceError, match=r"the connection failed \(\w+\); gave up after 2 tries"):
        read_service(settings)


def test_a_redirect_that_leads_nowhere_is_told(order_server: OrderServer) -> None:
    order_server.queue(Answer(status=302, headers={"Location": order_server.url}))

    assert "cannot be asked" in refused(order_server, [])


def test_a_date_to_wait_for_is_read_by_the_servers_own_clock(order_server: OrderServer) -> None:
    def too_busy(_: Asked) -> Answer:
        return Answer(status=503, headers={"Retry-After": "nonsense"})

    order_server.queue(too_busy, a_page(an_item()))
    pauses: list[float] = []

    read_service(a_service(order_server.url), pauses=pauses)

    assert pauses == [0.5]


def test_a_token_that_is_not_set_is_a_wrong_setting(order_server: OrderServer) -> None:
    with pytest.raises(ConfigurationError, match=r"sources\.erp\.token_variable: set ERP_TOKEN in the environment"):
        open_order_source("erp", a_service(order_server.url, token_variable="ERP_TOKEN"), {"ERP_TOKEN": " "})
