"""The file form: nonsense is refused with field, rule and value; what has an obvious default may be left out."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cms.domain.errors import InvalidValueError
from cms.scheduling import build_schedule
from cms.scheduling.problem_file import parse_problem, problem_from_document, schedule_to_document


def a_document() -> dict[str, Any]:
    return {
        "as_of": "2026-01-05",
        "horizon_days": 10,
        "default_windows": [{"weekday": weekday, "start": "08:00", "end": "17:00"} for weekday in range(5)],
        "resources": [{"id": "OVEN", "buckets": [{"date": "2026-01-05", "regular_hours": 8, "overtime_hours": 2}]}],
        "customers": [{"id": "C1", "windows": [{"weekday": 0, "start": "08:00", "end": "12:00"}]}],
        "orders": [
            {
                "id": "O1",
                "customer": "C1",
                "priority": 1,
                "quantity": 10,
                "due_date": "2026-01-06",
                "routings": [{"id": "A", "loads": [{"resource": "OVEN", "hours": 4}]}],
                "current": [
                    {
                        "routing": "A",
                        "completion_date": "2026-01-05",
                        "delivery_date": "2026-01-05",
                        "quantity": 10,
                    }
                ],
            }
        ],
    }


def put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Sets the value at a path such as ``orders.0.quantity``."""

    def change(document: dict[str, Any]) -> None:
        *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        place: Any = document
        for part in parents:
            place = place[part]
        place[last] = value

    return change


LOAD = "orders.0.routings.0.loads.0"
BUCKET = "resources.0.buckets.0"
WINDOW = "customers.0.windows.0"
NONSENSE = [
    (put(f"{LOAD}.hours", -1), "orders[0].routings[0].loads[0].hours", "0 or more"),
    (put(f"{LOAD}.hours", float("nan")), "orders[0].routings[0].loads[0].hours", "finite"),
    (put(f"{LOAD}.hours", float("inf")), "orders[0].routings[0].loads[0].hours", "finite"),
    (put(f"{LOAD}.hours", 10_000_000), "orders[0].routings[0].loads[0].hours", "100,000"),
    (put(f"{LOAD}.hours", True), "orders[0].routings[0].loads[0].hours", "number"),
    (put(f"{LOAD}.hours", "4"), "orders[0].routings[0].loads[0].hours", "number"),
    (put(f"{LOAD}.resource", "PRESS"), "orders[0].routings[0].loads[0].resource", "resource"),
    (put(f"{LOAD}.anchor", "start"), "orders[0].routings[0].loads[0].anchor", "completion"),
    (put(f"{LOAD}.offset_days", -1), "orders[0].routings[0].loads[0].offset_days", "0 or more"),
    (put(f"{LOAD}.offset_days", 1.5), "orders[0].routings[0].loads[0].offset_days", "whole"),
    (put(f"{BUCKET}.regular_hours", -8), "resources[0].buckets[0].regular_hours", "0 to"),
    (put(f"{BUCKET}.overtime_hours", 10_000_000), "resources[0].buckets[0].overtime_hours", "100,000"),
    (put(f"{BUCKET}.date", "2027-01-05"), "resources[0].buckets[0].date", "horizon"),
    (put(f"{BUCKET}.date", "2026-02-30"), "resources[0].buckets[0].date", "calendar"),
    (put(f"{BUCKET}.colour", "red"), "resources[0].buckets[0].colour", "known key"),
    (put(f"{WINDOW}.end", "07:00"), "customers[0].windows[0].end", "after start"),
    (put(f"{WINDOW}.weekday", 7), "customers[0].windows[0].weekday", "0 (Monday)"),
    (put(f"{WINDOW}.start", "8 o'clock"), "customers[0].windows[0].start", "HH:MM"),
    (put("customers.0.transit_days", -1), "customers[0].transit_days", "0 to"),
    (put("customers.0.id", ""), "customers[0].id", "not empty"),
    (put("orders.0.customer", "C9"), "orders[0].customer", "customer"),
    (put("orders.0.priority", 0), "orders[0].priority", "1 (highest)"),
    (put("orders.0.priority", 10**30), "orders[0].priority", "1e+15"),
    (put("orders.0.id", "O\ud800"), "orders[0].id", "surrogate"),
    (put("orders.0.weight", -1), "orders[0].weight", "0 to"),
    (put("orders.0.quantity", 0), "orders[0].quantity", "more than 0"),
    (put("orders.0.quantity", 10**400), "orders[0].quantity", "1e+15"),
    (put("orders.0.due_date", 20260106), "orders[0].due_date", "YYYY-MM-DD"),
    (put("orders.0.routings", []), "orders[0].routings", "at least one"),
    (put("orders.0.colour", "red"), "orders[0].colour", "known key"),
    (put("orders.0.splittable", "yes"), "orders[0].splittable", "true or false"),
    (put("orders.0.current.0.routing", "B"), "orders[0].current[0].routing", "routings"),
    (put("orders.0.current.0.delivery_date", "2026-01-04"), "orders[0].current[0].delivery_date", "completion_date"),
    (put("horizon_days", 0), "horizon_days", "1 to"),
    (put("planning_time_fence_days", 11), "planning_time_fence_days", "horizon_days"),
    (put("change_cost", -1), "change_cost", "0 to"),
    (put("colour", "red"), "colour", "known key"),
    (put("resources", {}), "resources", "list"),
]


@pytest.mark.parametrize(("change", "field", "rule"), NONSENSE, ids=[f"{row[1]}: {row[2]}" for row in NONSENSE])
def test_nonsense_is_refused_naming_field_and_rule(
    change: Callable[[dict[str, Any]], None], field: str, rule: str
) -> None:
    document = a_document()
    change(document)

    with pytest.raises(InvalidValueError) as refusal:
        problem_from_document(document)

    assert refusal.value.field == field
    assert rule in refusal.value.rule


def test_a_window_that_never_opens_is_refused() -> None:
    document = a_document()
    document["customers"][0]["windows"][0] |= {"effective_from": "2026-02-01", "effective_to": "2026-01-01"}

    with pytest.raises(InvalidValueError, match="never opens"):
        problem_from_document(document)


def test_a_window_that_has_expired_is_valid() -> None:
    document = a_document()
    document["customers"][0]["windows"][0] |= {"effective_to": "2025-12-31"}

    problem = problem_from_document(document)

    assert build_schedule(problem).unscheduled[0].reason.startswith("customer C1 takes no delivery")


@pytest.mark.parametrize("key", ["resources", "customers", "orders"])
def test_a_doubled_id_is_refused(key: str) -> None:
    document = a_document()
    document[key].append(document[key][0])

    with pytest.raises(InvalidValueError, match=rf"{key}\[1\]\.id: must be unique"):
        problem_from_document(document)


def test_a_day_that_is_listed_twice_is_refused() -> None:
    document = a_document()
    document["resources"][0]["buckets"] *= 2

    with pytest.raises(InvalidValueError, match=r"buckets\[1\]\.date: must be unique"):
        problem_from_document(document)


def test_a_splittable_order_of_broken_units_is_refused() -> None:
    document = a_document()
    document["orders"][0] |= {"splittable": True, "quantity": 10.5, "current": None}

    with pytest.raises(InvalidValueError, match="whole units"):
        problem_from_document(document)


def test_more_frozen_than_ordered_is_refused() -> None:
    document = a_document() | {"planning_time_fence_days": 2}
    document["orders"][0]["current"][0]["quantity"] = 11

    with pytest.raises(InvalidValueError, match=r"orders\[0\]\.current"):
        problem_from_document(document)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1 column 2"),
        ("[]", "must be an object"),
        ('{"as_of": 1, "as_of": 2}', "only once"),
        ("[" * 100_000, "JSON"),
        ("", "line 1 column 1"),
    ],
)
def test_text_that_is_no_problem_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        parse_problem(text)

    assert words in str(refusal.value)


def test_what_has_an_obvious_default_may_be_left_out() -> None:
    document = a_document()
    del document["orders"][0]["current"]

    order = parse_problem(json.dumps(document)).orders[0]

    assert (order.weight, order.splittable, order.release_date, order.current) == (1.0, False, None, ())


def test_the_schedule_document_has_the_form_of_the_manual() -> None:
    result = build_schedule(problem_from_document(a_document()))

    document = schedule_to_document(result)

    assert document["status"] == "optimal"
    assert document["deliveries"] == [
        {
            "order": "O1",
            "routing": "A",
            "quantity": 10,
            "completion_date": "2026-01-05",
            "delivery_date": "2026-01-12",
            "window": ["08:00", "12:00"],
            "tardiness_days": 6,
            "frozen": False,
        }
    ]
    assert document["resources"] == [
        {"resource": "OVEN", "date": "2026-01-05", "load_hours": 4.0, "overtime_hours": 0.0, "price_per_hour": 0.0}
    ]
