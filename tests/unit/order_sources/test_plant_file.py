"""The plant file: a whole plant, and every mistake at once."""

import math
from datetime import date, time
from pathlib import Path

import pytest

from cms.application.ports import Plant
from cms.domain.errors import ConfigurationError, SourceError
from cms.domain.resources import LoadAnchor
from cms.domain.work_calendar import ExceptionKind
from cms.order_sources.plant_file import read_plant

PLANT = """
[[resources]]
resource_id = "PRESS"
name = "Press"
regular_hours = 16
overtime_hours = 4.0
overtime_cost_per_hour = 45.0
working_weekdays = [0, 1, 2, 3, 4, 5]

[[resources]]
resource_id = "DOCK"
regular_hours = 8

[[routings]]
routing_id = "PANELS"
product_family = "panels"
cost = 2.5

[[routings.steps]]
resource_id = "PRESS"
setup_hours = 0.5
hours_per_unit = 0.02
offset_days = 1
max_hours_per_day = 8

[[routings.steps]]
resource_id = "DOCK"
hours_per_unit = 0.001
anchor = "ship"

[[calendar]]
day = 2026-12-25
kind = "holiday"
reason = "Christmas"

[[calendar]]
day = 2026-01-07
kind = "maintenance"
resource_id = "PRESS"
hours = 6

[[calendar]]
day = 2026-01-08
kind = "blackout"
customer_id = "C1"

[[default_windows]]
weekday = 0
start = "08:00"
end = "17:00"
"""


def read(tmp_path: Path, text: str) -> Plant:
    path = tmp_path / "plant.toml"
    path.write_text(text, encoding="utf-8")
    return read_plant(path)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text)
    place = f"{tmp_path / 'plant.toml'}: "
    assert all(problem.startswith(place) for problem in caught.value.problems)
    return [problem.removeprefix(place) for problem in caught.value.problems]


def test_a_plant_file_gives_resources_routings_calendar_and_windows(tmp_path: Path) -> None:
    plant = read(tmp_path, PLANT)

    press, dock = plant.resources
    assert (press.name, press.regular_hours, press.working_weekdays) == ("Press", 16.0, frozenset(range(6)))
    assert (dock.name, dock.overtime_hours, dock.working_weekdays) == ("DOCK", 0.0, frozenset(range(5)))
    (routing,) = plant.routings
    assert (routing.cost, [step.resource_id for step in routing.steps]) == (2.5, ["PRESS", "DOCK"])
    assert (routing.steps[0].offset_days, routing.steps[0].max_hours_per_day) == (1, 8.0)
    assert (routing.steps[1].anchor, routing.steps[1].max_hours_per_day) == (LoadAnchor.SHIP, math.inf)
    assert [exception.kind for exception in plant.exceptions] == [
        ExceptionKind.HOLIDAY, ExceptionKind.MAINTENANCE, ExceptionKind.BLACKOUT
    ]  # fmt: skip
    assert plant.exceptions[0].day == date(2026, 12, 25)
    assert (plant.default_windows[0].start, plant.default_windows[0].end) == (time(8), time(17))


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        resorces = 1
        [[resources]]
        resource_id = "PRESS"
        regular_hours = "16"
        colour = "red"
        [[resources]]
        resource_id = "OVEN"
        regular_hours = 25
        [[resources]]
        resource_id = "SAW"
        regular_hours = true
        [[routings]]
        routing_id = "A"
        product_family = "panels"
        [[routings.steps]]
        resource_id = "PRES"
        anchor = "shipping"
        [[calendar]]
        day = "2026-12-25"
        kind = "holiday"
        [[calendar]]
        day = 2026-12-26
        kind = "party"
        [[default_windows]]
        weekday = 0
        start = "8 o'clock"
        end = "17:00"
        [[default_windows]]
        weekday = 0
        start = "08:00"
        end = "17:00+01:00"
        """,
    )

    assert found[:7] == [
        "resorces: no such table",
        "resources[0].regular_hours: must be a number, found '16'",
        (
            "resources[0].colour: no such key; there are resource_id, name, regular_hours, overtime_hours, "
            "overtime_cost_per_hour, working_weekdays"
        ),
        "resources[1].regular_hours: and overtime_hours must not exceed 24 a day together, found 25.0",
        "resources[2].regular_hours: must be a number, found True",
        "routings[0].steps[0].anchor: must be one of completion, ship, found 'shipping'",
        "routings[0].steps: must name at least one resource, found []",
    ]
    assert found[7:] == [
        "calendar[0].day: must be a date without quotes, found '2026-12-25'",
        "calendar[1].kind: must be one of holiday, maintenance, overtime, blackout, found 'party'",
        "default_windows[0].start: must be a time of day such as '08:00', found \"8 o'clock\"",
        "default_windows[1].end: must be a time of day without an offset, found '17:00+01:00'",
    ]


def test_names_must_be_known_and_stand_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        PLANT.replace('resource_id = "DOCK"\nregular', 'resource_id = "PRESS"\nregular').replace(
            'kind = "maintenance"\nresource_id = "PRESS"', 'kind = "maintenance"\nresource_id = "PRES"'
        ),
    )

    assert found == [
        "resources: resource_id 'PRESS' stands more than once",
        "routing 'PANELS': resource_id must name a resource, found 'DOCK'",
        "calendar day 2026-01-07: resource_id must name a resource, found 'PRES'",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "resources: must name at least one resource"),
        ("resources = 5", "resources: must be written as [[resources]]"),
        ('[[resources]]\nresource_id = "A"', "resources[0].regular_hours: is missing"),
        (
            '[[resources]]\nresource_id = "A"\nregular_hours = 8\nworking_weekdays = ["Mon"]',
            "resources[0].working_weekdays: must be whole numbers, 0 for Monday, found ['Mon']",
        ),
        ("[[resources]", "is not valid TOML"),
    ],
)
def test_a_file_without_a_plant_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in problems(tmp_path, text)[0]


def test_a_plant_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        read_plant(tmp_path / "nowhere.toml")
