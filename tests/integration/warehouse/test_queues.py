from datetime import timedelta

import pytest

from cms.application.ports import DeliveryNotice
from cms.domain.errors import NotFoundError
from cms.warehouse.warehouse import Warehouse
from tests.integration.warehouse.loading import NOW

SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(hours=1)


def a_notice(key: str = "k1") -> DeliveryNotice:
    return DeliveryNotice(
        deduplication_key=key,
        kind="scheduled",
        channel="email",
        recipient="c1@example.org",
        order_id=None,
        customer_id=None,
        facts={"delivery_date": "2026-01-13", "größe": [1, 2]},
    )


def test_a_notice_is_queued_once_whoever_asks(warehouse: Warehouse) -> None:
    first = warehouse.outbox.queue([a_notice("a"), a_notice("b"), a_notice("a")], now=NOW)
    again = warehouse.outbox.queue([a_notice("b"), a_notice("c")], now=NOW)

    assert (first, again) == (2, 1)
    assert warehouse.outbox.counts() == {"queued": 3, "sent": 0, "dead": 0, "withheld": 0}


def test_a_claimed_notice_is_as_it_was_queued_and_nobody_elses(warehouse: Warehouse) -> None:
    warehouse.outbox.queue([a_notice("a"), a_notice("b"), a_notice("c")], now=NOW)

    mine = warehouse.outbox.claim_due(now=NOW, limit=2, worker="one")
    others = warehouse.outbox.claim_due(now=NOW, limit=5, worker="two")

    assert [entry.notice for entry in mine] == [a_notice("a"), a_notice("b")]
    assert [entry.notice.deduplication_key for entry in others] == ["c"]
    assert (mine[0].attempts, mine[0].queued_at) == (0, NOW)


def test_a_claim_ends_with_its_lease_and_counts_as_a_try(warehouse: Warehouse) -> None:
    warehouse.outbox.queue([a_notice()], now=NOW)
    warehouse.outbox.claim_due(now=NOW, limit=1, worker="vanished", lease_seconds=60)

    before = warehouse.outbox.claim_due(now=NOW + timedelta(seconds=59), limit=1, worker="next")
    after = warehouse.outbox.claim_due(now=NOW + timedelta(seconds=60), limit=1, worker="next")

    assert before == []
    assert [entry.attempts for entry in after] == [1]


def test_a_failed_notice_is_due_again_when_it_is_told(warehouse: Warehouse) -> None:
    warehouse.outbox.queue([a_notice()], now=NOW)
    (entry,) = warehouse.outbox.claim_due(now=NOW, limit=1, worker="one")

    warehouse.outbox.mark_failed(entry.outbox_id, error="451 try later", retry_at=SOON, now=NOW)

    assert warehouse.outbox.claim_due(now=NOW, limit=1, worker="one") == []
    (again,) = warehouse.outbox.claim_due(now=SOON, limit=1, worker="one")
    assert again.attempts == 1


def test_a_dead_letter_stays_dead_until_somebody_revives_it(warehouse: Warehouse) -> None:
    warehouse.outbox.queue([a_notice()], now=NOW)
    (entry,) = warehouse.outbox.claim_due(now=NOW, limit=1, worker="one")
    warehouse.outbox.mark_failed(entry.outbox_id, error="no such address", retry_at=None, now=NOW)

    assert warehouse.outbox.claim_due(now=LATER, limit=1, worker="one") == []
    assert warehouse.outbox.counts() == {"queued": 0, "sent": 0, "dead": 1, "withheld": 0}
    assert warehouse.outbox.retry_dead(now=LATER) == 1
    (again,) = warehouse.outbox.claim_due(now=LATER, limit=1, worker="one")
    assert again.attempts == 0


def test_a_sent_notice_is_not_queued_again(warehouse: Warehouse) -> None:
    warehouse.outbox.queue([a_notice()], now=NOW)
    (entry,) = warehouse.outbox.claim_due(now=NOW, limit=1, worker="one")
    warehouse.outbox.mark_sent(entry.outbox_id, now=NOW)

    assert warehouse.outbox.queue([a_notice()], now=LATER) == 0
    assert warehouse.outbox.counts() == {"queued": 0, "sent": 1, "dead": 0, "withheld": 0}


def test_a_notice_that_does_not_exist_cannot_be_marked(warehouse: Warehouse) -> None:
    with pytest.raises(NotFoundError, match="no notice '999'"):
        warehouse.outbox.mark_sent(999, now=NOW)


def test_the_oldest_due_notice_goes_first(warehouse: Warehouse) -> None:
    warehouse.outbox.queue([a_notice("later")], now=SOON)
    warehouse.outbox.queue([a_notice("earlier")], now=NOW)

    claimed = warehouse.outbox.claim_due(now=LATER, limit=5, worker="one")

    assert [entry.notice.deduplication_key for entry in claimed] == ["earlier", "later"]
