"""Hours as explanations say them."""

import pytest

from cms.scheduling.wording import hours_text


@pytest.mark.parametrize(
    ("hours", "text"),
    [(3.0, "3"), (0.306826, "0.31"), (7.999999999, "8"), (0.0042, "0.004"), (0.0, "0"), (16.5, "16.5")],
)
def test_hours_are_said_to_a_hundredth_and_never_as_nothing(hours: float, text: str) -> None:
    assert hours_text(hours) == text
