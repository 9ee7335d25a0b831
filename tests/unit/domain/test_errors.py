"""What refusals say."""

from datetime import date
from decimal import Decimal

import pytest

from cms.domain.errors import (
    ConfigurationError,
    InvalidValueError,
    LoadRefusedError,
    NotFoundError,
    NotificationError,
    ScheduleViolationError,
    StaleScheduleError,
)


def test_an_invalid_value_names_field_rule_and_value() -> None:
    error = InvalidValueError("quantity", "must be more than 0", -3)

    assert str(error) == "quantity: must be more than 0, found -3"
    assert str(error.within("orders[2]")) == "orders[2].quantity: must be more than 0, found -3"


def test_violations_are_listed_up_to_twenty() -> None:
    few, many = ScheduleViolationError(("one",)), ScheduleViolationError(tuple(f"rule {n}" for n in range(25)))

    assert str(few) == "1 violation(s); nothing was published:\n  one"
    assert str(many).endswith("rule 19\n  … and 5 more")


def test_every_refusal_says_what_and_why() -> None:
    assert "load L1 of order_master refused" in str(LoadRefusedError("order_master", "L1", ("no rows",)))
    assert str(ConfigurationError(("a.b: no such key",))).endswith("a.b: no such key")
    assert str(NotFoundError("order", "O9")) == "no order 'O9'"
    assert str(NotFoundError("order", "O9", "see cms schedule show")) == "no order 'O9'; see cms schedule show"
    assert "version 4 was published while planning on 3" in str(StaleScheduleError(3, 4))
    assert NotificationError("no such address", is_permanent=True).is_permanent


@pytest.mark.parametrize(
    ("value", "found"), [(Decimal("-1.50"), "-1.50"), (date(2026, 1, 5), "2026-01-05"), ("", "''"), (None, "None")]
)
def test_a_refusal_says_the_value_as_people_write_it(value: object, found: str) -> None:
    assert str(InvalidValueError("quantity", "must be more than 0", value)).endswith(f", found {found}")
