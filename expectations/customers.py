"""What is expected of customers before they enter the customer master."""

from zoneinfo import available_timezones

import sqlalchemy as sa

from cms.application.ports import Dataset, Severity
from cms.domain.customers import Channel, CustomerStatus, RolloutCohort
from expectations.common_rules import (
    every_field_can_be_read,
    is_a_clean_key,
    is_a_plausible_instant,
    is_given,
    is_one_of,
    is_readable_text,
    lies_between,
    says_one_thing,
)
from expectations.conditions import is_blank, is_missing, is_not_one_of
from expectations.load_rules import load_rules
from expectations.rules import RowRule, Staged, Suite

REQUIRED = ("customer_id", "name")


def customer_suite() -> Suite:
    """The suite of staged customers."""
    return Suite(
        dataset=Dataset.CUSTOMERS,
        title="Customers",
        row_rules=(*_key_rules(), *_preference_rules(), *_contact_rules()),
        load_rules=load_rules(REQUIRED),
        required=REQUIRED,
        keys=("customer_id",),
    )


def _key_rules() -> tuple[RowRule, ...]:
    return (
        every_field_can_be_read("A customer with a guessed preference is delivered to at the wrong time."),
        is_given("customer_id", "Orders refer to the customer by this key."),
        is_given("name", "Planners and drivers know customers by name."),
        is_a_clean_key("customer_id", "The customer's orders would not find their customer."),
        NAME_IS_NOT_BLANK,
        is_readable_text("name", "The name reads badly on schedules and in messages to the customer."),
        says_one_thing("customer_id", "a customer", "Which preferences hold would be left to chance."),
        ITEM_IS_KEPT,
        is_a_plausible_instant(
            "source_updated_at", Severity.CRITICAL, "Every later change of the customer would be taken for an old one."
        ),
    )


def _takes_anothers_key(staged: Staged) -> sa.ColumnElement[bool]:
    customers = staged.tables["customer_master"]
    other_source = sa.select(customers.c.customer_id).where(customers.c.source_system != staged.load.source)
    return staged["customer_id"].in_(other_source)


NAME_IS_NOT_BLANK = RowRule(
    name="a customer has a name to read",
    description="name is more than blanks.",
    column="name",
    severity=Severity.CRITICAL,
    consequence="Planners and drivers know customers by name.",
    remedy="Enter the customer's name at the source.",
    reason="name is blank",
    broken=lambda staged: is_blank(staged["name"]),
)
ITEM_IS_KEPT = RowRule(
    name="a customer comes from one source",
    description="customer_id does not belong to a customer of another source.",
    column="customer_id",
    severity=Severity.WARNING,
    consequence="Two sources overwrite each other's preferences, whichever came last.",
    remedy="Keep the customer in one source, or give the two different keys.",
    reason="customer {customer_id!r} already comes from another source",
    broken=_takes_anothers_key,
)


def _preference_rules() -> tuple[RowRule, ...]:
    return (
        is_one_of("status", tuple(CustomerStatus), "Nobody could tell whether we deliver to the customer."),
        lies_between("priority", 1, 9, "The customer's orders would be planned before or after all others."),
        lies_between("transit_days", 0, 60, "Goods would leave far too early, or arrive late."),
        lies_between("max_early_days", 0, 365, "Goods would arrive when the customer cannot take them."),
        KNOWN_TIME_ZONE,
        is_one_of("preferred_channel", tuple(Channel), "Messages would not reach the customer."),
        is_one_of("rollout_cohort", tuple(RolloutCohort), "The customer would move to this system at a wrong time."),
    )


def _has_unknown_time_zone(staged: Staged) -> sa.ColumnElement[bool]:
    return is_not_one_of(staged["time_zone"], sorted(available_timezones()))


KNOWN_TIME_ZONE = RowRule(
    name="time_zone is a known one",
    description="time_zone is a name of the IANA time zone database.",
    column="time_zone",
    severity=Severity.CRITICAL,
    consequence="The customer's windows would be read at the wrong hours.",
    remedy="Enter a zone such as Europe/Berlin at the source, or map the source's names.",
    reason="time_zone {time_zone!r} is not in the IANA time zone database",
    broken=_has_unknown_time_zone,
)


def _contact_rules() -> tuple[RowRule, ...]:
    return (
        EMAIL_FORM,
        CHANNEL_HAS_ADDRESS,
        is_readable_text("contact_phone", "Nobody can call the customer."),
        is_readable_text("contact_email", "Messages to the customer bounce."),
    )


def _has_odd_email(staged: Staged) -> sa.ColumnElement[bool]:
    email = staged["contact_email"]
    return sa.or_(email.not_like("%_@_%._%"), email.like("%@%@%"), email.like("% %"), email.like("%.."))


def _has_no_address(staged: Staged) -> sa.ColumnElement[bool]:
    return sa.and_(
        staged["preferred_channel"] == Channel.EMAIL.value,
        staged["status"] == CustomerStatus.ACTIVE.value,
        is_missing(staged, "contact_email"),
    )


EMAIL_FORM = RowRule(
    name="contact_email looks like an address",
    description="contact_email has one @ with a name before it and a domain with a dot behind it, and no blanks.",
    column="contact_email",
    severity=Severity.WARNING,
    consequence="Messages about the customer's deliveries bounce.",
    remedy="Correct the address at the source.",
    reason="contact_email {contact_email!r} is no address",
    broken=_has_odd_email,
)
CHANNEL_HAS_ADDRESS = RowRule(
    name="a customer can be told",
    description="An active customer that wants e-mail has contact_email.",
    column="contact_email",
    severity=Severity.WARNING,
    consequence="The customer does not hear when a delivery changes.",
    remedy="Enter an address at the source, or another preferred channel.",
    reason="the preferred channel is email, but contact_email is empty",
    broken=_has_no_address,
)
