from typing import Any

import pytest

from cms.application.ports import DeliveryNotice
from cms.domain.errors import NotificationError
from cms.notifications.messages import render


def a_notice(kind: str = "scheduled", **facts: Any) -> DeliveryNotice:
    usual = {
        "order_id": "O1",
        "customer_name": "Harbour Foods",
        "quantity": "120",
        "due_date": "2026-01-13",
        "old_delivery_date": "2026-01-13",
        "new_delivery_date": "2026-01-15",
        "deliveries": [
            {
                "delivery_date": "2026-01-15",
                "window_start": "08:00",
                "window_end": "12:00",
                "quantity": "120",
                "tardiness_days": 2,
            }
        ],
    }
    return DeliveryNotice(
        deduplication_key="key",
        kind=kind,
        channel="email",
        recipient="c1@example.org",
        order_id=None,
        customer_id=None,
        facts=usual | facts,
    )


def test_a_scheduled_order_is_told_with_day_window_and_quantity() -> None:
    message = render(a_notice("scheduled"))

    assert message.subject == "Order O1: delivery on Thursday 15 January 2026"
    assert "Thursday 15 January 2026, between 08:00 and 12:00: 120 units" in message.text
    assert message.text.startswith("Dear Harbour Foods,")


def test_a_change_names_the_day_before() -> None:
    assert "It was planned for Tuesday 13 January 2026 before." in render(a_notice("changed")).text


def test_a_first_date_that_changes_names_no_day_before() -> None:
    assert "before." not in render(a_notice("changed", old_delivery_date=None)).text


@pytest.mark.parametrize(("days", "words"), [(1, "1 day after"), (2, "2 days after")])
def test_a_late_order_is_told_how_late(days: int, words: str) -> None:
    delivery = a_notice().facts["deliveries"][0] | {"tardiness_days": days}

    assert words in render(a_notice("late", deliveries=[delivery])).text


def test_a_planner_learns_how_to_find_out_why_an_order_lost_its_delivery() -> None:
    assert "cms schedule explain O1" in render(a_notice("unscheduled")).text


def test_an_alert_carries_its_own_words() -> None:
    assert render(a_notice("alert", subject="Load refused", text="Look.")).subject == "Load refused"


def test_an_unknown_kind_or_a_missing_fact_is_never_tried_again() -> None:
    with pytest.raises(NotificationError, match="no message") as unknown:
        render(a_notice("weather"))
    with pytest.raises(NotificationError, match="needs the fact 'subject'") as missing:
        render(a_notice("alert"))

    assert unknown.value.is_permanent
    assert missing.value.is_permanent
