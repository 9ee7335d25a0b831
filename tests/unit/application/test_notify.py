from collections.abc import Iterable
from datetime import timedelta

from cms.application.notify import LONGEST_PAUSE, NotificationReport, RetryPolicy, send_notices
from cms.application.ports import DeliveryNotice
from cms.application.rollout import FixedRollout, RolloutReach
from cms.domain.customers import Customer, CustomerId, RolloutCohort
from cms.domain.errors import NotificationError
from tests.builders import NOON, a_customer
from tests.fakes import FakeClock, FakeNotifier, FakeOutbox


class FakeCustomers:
    def __init__(self, *known: Customer) -> None:
        self.known = {customer.customer_id: customer for customer in known}

    def customers(self, customer_ids: Iterable[CustomerId] | None = None) -> dict[CustomerId, Customer]:
        return {i: self.known[i] for i in (self.known if customer_ids is None else customer_ids)}


REACHES_ALL = RolloutReach(rollout=FixedRollout(), book=FakeCustomers())


def a_notice(key: str, customer: str | None = None) -> DeliveryNotice:
    return DeliveryNotice(
        deduplication_key=key,
        kind="scheduled",
        channel="email",
        recipient="r",
        order_id=None,
        customer_id=None if customer is None else CustomerId(customer),
        facts={},
    )


def send(
    outbox: FakeOutbox, notifier: FakeNotifier, clock: FakeClock, *, reach: RolloutReach = REACHES_ALL
) -> NotificationReport:
    policy = RetryPolicy(max_attempts=3, first_pause=timedelta(seconds=30))
    return send_notices(outbox, notifier, clock, policy=policy, reach=reach, worker="w", batch_size=2)


def test_everything_that_is_due_is_sent_once() -> None:
    outbox, notifier, clock = FakeOutbox(), FakeNotifier(), FakeClock()
    outbox.queue([a_notice(f"k{n}") for n in range(5)], now=clock.now())

    assert send(outbox, notifier, clock).sent == 5
    assert send(outbox, notifier, clock).sent == 0
    assert notifier.sent == [f"k{n}" for n in range(5)]


def test_a_failed_notice_waits_for_its_pause_and_is_given_up_after_the_last_try() -> None:
    outbox, clock = FakeOutbox(), FakeClock()
    outbox.queue([a_notice("k")], now=clock.now())
    notifier = FakeNotifier(failures=[NotificationError("mail server is away")] * 3)

    first = send(outbox, notifier, clock)
    too_early = send(outbox, notifier, clock)
    clock.advance(seconds=30)
    second = send(outbox, notifier, clock)
    clock.advance(seconds=60)
    third = send(outbox, notifier, clock)

    assert (first.retried, too_early.retried, second.retried) == (1, 0, 1)
    assert "mail server is away; tried again at 2026-01-05 12:00:30" in first.errors[0]
    assert third.dead == 1
    assert "given up" in third.errors[0]


def test_a_permanent_failure_is_not_tried_again() -> None:
    outbox, clock = FakeOutbox(), FakeClock()
    outbox.queue([a_notice("k")], now=clock.now())

    report = send(outbox, FakeNotifier(failures=[NotificationError("no address", is_permanent=True)]), clock)

    assert (report.dead, outbox.dead) == (1, [1])


def test_what_was_queued_before_the_rollout_was_narrowed_is_withheld_with_the_reason() -> None:
    pilot = a_customer("C1", rollout_cohort=RolloutCohort.PILOT)
    outbox, notifier, clock = FakeOutbox(), FakeNotifier(), FakeClock()
    outbox.queue([a_notice("a", "C1"), a_notice("b", "C2"), a_notice("alert")], now=clock.now())
    reach = RolloutReach(rollout=FixedRollout("pilot"), book=FakeCustomers(pilot, a_customer("C2")))

    report = send(outbox, notifier, clock, reach=reach)

    assert (report.sent, report.withheld) == (2, 1)
    assert notifier.sent == ["a", "alert"]
    assert outbox.withheld == {2: "phase pilot of the rollout does not reach customer C2"}


def test_pauses_double_and_end_at_six_hours() -> None:
    policy = RetryPolicy(max_attempts=100)

    assert policy.retry_at(1, NOON) == NOON + timedelta(seconds=30)
    assert policy.retry_at(2, NOON) == NOON + timedelta(seconds=60)
    assert policy.retry_at(90, NOON) == NOON + LONGEST_PAUSE
