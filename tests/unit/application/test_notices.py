from datetime import date

import pytest

from cms.application.notices import delivery_notices
from cms.application.ports import DeliveryNotice
from cms.application.rollout import is_in_rollout
from cms.domain.customers import Channel, Customer, RolloutCohort
from cms.domain.orders import Order
from cms.domain.schedule import MasterSchedule, ScheduledDelivery, schedule_changes
from tests.builders import a_customer, a_delivery, a_schedule, an_order

THE_13TH, THE_14TH = date(2026, 1, 13), date(2026, 1, 14)


def notices(
    old: list[ScheduledDelivery],
    schedule: MasterSchedule,
    *,
    customer: Customer | None = None,
    order: Order | None = None,
    phase: str = "all",
    replaces: int = 1,
) -> list[DeliveryNotice]:
    customer, order = customer or a_customer(), order or an_order()
    return delivery_notices(
        schedule_changes(old, schedule.deliveries, reason_code="test"),
        schedule,
        orders={order.order_id: order},
        customers={customer.customer_id: customer},
        replaces=replaces,
        phase=phase,
        planner_recipient="planner@example.org",
    )


def test_a_new_date_is_told_on_the_preferred_channel() -> None:
    (notice,) = notices([], a_schedule(a_delivery(on=THE_13TH)))

    assert (notice.kind, notice.channel, notice.recipient) == ("scheduled", "email", "c1@example.org")
    assert notice.facts["deliveries"][0]["delivery_date"] == "2026-01-13"


def test_a_moved_date_is_a_change_and_a_late_one_is_late() -> None:
    moved = notices([a_delivery(on=THE_14TH)], a_schedule(a_delivery(on=THE_13TH)))
    late = notices([a_delivery(on=THE_13TH)], a_schedule(a_delivery(on=THE_14TH, tardiness_days=1)))

    assert [notice.kind for notice in moved + late] == ["changed", "late"]


def test_another_routing_is_told_to_nobody() -> None:
    changed = a_delivery(completion_date=date(2026, 1, 12))

    assert notices([a_delivery()], a_schedule(changed)) == []


def test_an_order_that_lost_its_delivery_is_told_to_the_planner() -> None:
    (notice,) = notices([a_delivery()], a_schedule())

    assert (notice.kind, notice.recipient) == ("unscheduled", "planner@example.org")


def test_an_order_that_left_the_book_is_told_to_nobody() -> None:
    gone = an_order("O2")

    assert notices([a_delivery("O1")], a_schedule(), order=gone) == []


@pytest.mark.parametrize(
    "customer",
    [a_customer(preferred_channel=Channel.NONE), a_customer(contact_email=None)],
    ids=["wants to hear nothing", "has no address"],
)
def test_a_customer_who_cannot_be_reached_is_told_nothing(customer: Customer) -> None:
    assert notices([], a_schedule(a_delivery()), customer=customer) == []


def test_chat_and_webhooks_name_the_customer() -> None:
    (notice,) = notices([], a_schedule(a_delivery()), customer=a_customer(preferred_channel=Channel.WEBHOOK))

    assert (notice.channel, notice.recipient) == ("webhook", "C1")


def test_the_key_is_the_same_for_the_same_change_and_another_after_the_next_publication() -> None:
    (first,) = notices([], a_schedule(a_delivery()))
    (again,) = notices([], a_schedule(a_delivery()))
    (later,) = notices([], a_schedule(a_delivery()), replaces=2)

    assert first.deduplication_key == again.deduplication_key
    assert first.deduplication_key != later.deduplication_key


@pytest.mark.parametrize(
    ("cohort", "phase", "reached"),
    [
        (RolloutCohort.PILOT, "pilot", True),
        (RolloutCohort.TRACKING, "pilot", False),
        (RolloutCohort.PILOT, "scheduling", True),
        (RolloutCohort.NONE, "scheduling", False),
        (RolloutCohort.NONE, "all", True),
    ],
)
def test_the_rollout_reaches_cohort_after_cohort(cohort: RolloutCohort, phase: str, reached: bool) -> None:
    customer = a_customer(rollout_cohort=cohort)

    assert is_in_rollout(customer, phase) is reached
    assert bool(notices([], a_schedule(a_delivery()), customer=customer, phase=phase)) is reached
