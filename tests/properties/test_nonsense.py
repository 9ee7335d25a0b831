"""Nonsense in a problem file: refused with exit status 2, naming field and rule, or planned in full; never a traceback.

CMS_EXAMPLES sets how many documents are tried; without it the same few are tried in every run.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from cms.cli import app
from cms.domain.errors import InvalidValueError
from tests.strategies import examples

Place: TypeAlias = tuple[str | int, ...]
_DAY = "2026-01-05"


def a_document() -> dict[str, Any]:
    """A small problem that fills every field of the form."""
    window = {"weekday": 0, "start": "08:00", "end": "12:00", "effective_from": _DAY, "effective_to": None}
    load = {"resource": "OVEN", "hours": 4.5, "offset_days": 0, "anchor": "completion"}
    published = {"routing": "A", "completion_date": _DAY, "delivery_date": _DAY, "quantity": 4}
    order = {
        "id": "O1",
        "customer": "C1",
        "priority": 1,
        "weight": 1.0,
        "quantity": 10,
        "due_date": "2026-01-06",
        "release_date": _DAY,
        "splittable": True,
        "min_split_quantity": 2,
        "max_splits": 3,
        "routings": [
            {"id": "A", "cost": 1.0, "loads": [load]},
            {"id": "B", "cost": 0.0, "loads": [load | {"anchor": "ship"}]},
        ],
        "current": [published],
    }
    return {
        "as_of": _DAY,
        "horizon_days": 8,
        "planning_time_fence_days": 1,
        "holding_cost_per_hour_day": 0.1,
        "change_cost": 5.0,
        "holidays": ["2026-01-06"],
        "default_windows": [window],
        "resources": [
            {
                "id": "OVEN",
                "overtime_cost_per_hour": 45.0,
                "buckets": [
                    {"date": f"2026-01-{day:02d}", "regular_hours": 6, "overtime_hours": 2} for day in range(5, 13)
                ],
            }
        ],
        "customers": [
            {"id": "C1", "transit_days": 0, "max_early_days": 3, "blackout_dates": ["2026-01-07"], "windows": [window]},
            {"id": "C2"},
        ],
        "orders": [order, order | {"id": "O2", "splittable": False, "current": None, "customer": "C2"}],
    }


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Where every value of a document stands."""
    if at:
        yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*at, index))


PLACES = list(places(a_document()))
NUMBERS = [0, -1, 1, 0.5, -0.5, 7, 10**7, 10**15, 10**19, 10**400, 1e308, 1e-320, float("nan"), float("inf")]
TEXTS = ["", " ", "OVEN", "C9", "2026-02-30", "9999-12-31", "0001-01-01", "2026-W02-1", "20260105", "24:00", "NaN"]
ODD_TEXTS = ["\x00", "\ud800", "ｏｖｅｎ", "O'1; drop table orders", "x" * 10_000]
nonsense: st.SearchStrategy[Any] = (
    st.sampled_from([*NUMBERS, *TEXTS, *ODD_TEXTS, None, True, False, [], {}, [[]], [None], {"id": "A"}])
    | st.floats()
    | st.integers()
    | st.text(max_size=5)
    | st.dates().map(str)
)


@st.composite
def broken_documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document with some of its values replaced, removed, doubled, or joined by a key that nobody knows."""
    document = a_document()
    for place in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3)):
        _break(draw, document, place)
    return document


def _break(draw: st.DrawFn, document: dict[str, Any], place: Place) -> None:
    holder: Any = document
    for step in place[:-1]:
        try:
            holder = holder[step]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(holder, dict):
        _break_object(draw, holder, str(place[-1]))
    elif isinstance(holder, list) and place[-1] in range(len(holder)):
        _break_list(draw, holder, int(place[-1]))


def _break_object(draw: st.DrawFn, holder: dict[str, Any], key: str) -> None:
    change = draw(st.sampled_from(["replace", "replace", "replace", "remove", "join"]))
    if change == "replace":
        holder[key] = draw(nonsense)
    elif change == "remove":
        holder.pop(key, None)
    else:
        holder[f"{key}_"] = 1


def _break_list(draw: st.DrawFn, holder: list[Any], index: int) -> None:
    change = draw(st.sampled_from(["replace", "remove", "double"]))
    if change == "replace":
        holder[index] = draw(nonsense)
    elif change == "remove":
        holder.pop(index)
    else:
        holder.append(copy.deepcopy(holder[index]))


def solved(folder: Path, text: str, method: str = "optimal") -> Result:
    problem, output = folder / "problem.json", folder / "schedule.json"
    output.unlink(missing_ok=True)
    problem.write_bytes(text.encode("utf-8", "surrogatepass"))
    return CliRunner().invoke(app, ["solve", str(problem), "--output", str(output), "--method", method])


@examples(share=0.4)
@given(document=broken_documents(), method=st.sampled_from(["optimal", "dispatch"]))
def test_a_broken_document_is_refused_by_field_and_rule_or_planned_in_full(
    document: dict[str, Any], method: str, tmp_path_factory: Any
) -> None:
    folder = tmp_path_factory.mktemp("nonsense")

    outcome = solved(folder, json.dumps(document), method)

    if outcome.exception is None:
        _check_nothing_is_lost(document, json.loads((folder / "schedule.json").read_text(encoding="utf-8")))
    else:
        error = outcome.exception
        assert isinstance(error, InvalidValueError) or getattr(error, "exit_status", None) == 3, repr(error)
        if isinstance(error, InvalidValueError):
            assert error.exit_status == 2
            assert error.field
            assert error.rule
            assert not (folder / "schedule.json").exists()


def _check_nothing_is_lost(document: dict[str, Any], schedule: dict[str, Any]) -> None:
    """What is delivered and what is unscheduled make up what each order asked for."""
    for order in document["orders"]:
        rows = [row for kind in ("deliveries", "unscheduled") for row in schedule[kind] if row["order"] == order["id"]]
        assert abs(sum(row["quantity"] for row in rows) - order["quantity"]) <= 1e-6 * order["quantity"]


@examples(share=0.4)
@given(cut=st.integers(0, 2_000), noise=st.text(max_size=3), place=st.integers(0, 2_000))
def test_a_text_that_was_cut_or_scribbled_in_is_refused_or_planned(
    cut: int, noise: str, place: int, tmp_path_factory: Any
) -> None:
    whole = json.dumps(a_document())
    text = whole[: place % len(whole)] + noise + whole[place % len(whole) :]
    text = text[: len(text) - cut % 200]

    outcome = solved(tmp_path_factory.mktemp("scribbled"), text)

    if outcome.exception is not None:
        assert isinstance(outcome.exception, InvalidValueError), repr(outcome.exception)
        assert outcome.exception.field
