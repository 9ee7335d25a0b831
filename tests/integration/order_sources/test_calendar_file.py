from datetime import date
from pathlib import Path

import pytest

from cms.domain.errors import ConfigurationError
from cms.order_sources.plant_file import read_calendar


def test_a_calendar_file_lists_days_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "calendar.toml"
    path.write_text('[[calendar]]\nday = 2026-01-13\nkind = "maintenance"\nresource_id = "PRESS"\nhours = 6\n')

    (exception,) = read_calendar(path)

    assert (exception.day, exception.resource_id, exception.hours) == (date(2026, 1, 13), "PRESS", 6)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must list at least one day"),
        ("[[resources]]\n", "only [[calendar]] tables belong here"),
        ('[[calendar]]\nday = 2026-01-13\nkind = "maintenance"\nhours = 30\n', "must be 0 to 24"),
    ],
)
def test_a_calendar_file_with_mistakes_is_refused_naming_them(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "calendar.toml"
    path.write_text(text)

    with pytest.raises(ConfigurationError) as refusal:
        read_calendar(path)

    assert problem in str(refusal.value)
