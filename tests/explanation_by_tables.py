"""Checks what `cms schedule explain ORDER --json` says against the tables of the warehouse, by plain counting.

It knows the model's text and the tables, and none of the engine: working days are rows of ``capacity_planning``, hours
come from ``routing_steps`` and ``schedule_loads``. Usable by hand:
``python -m tests.explanation_by_tables sqlite:///var/demo/warehouse.db explanation.json …``.
"""

import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.table_checks import Row, Tables, open_tables

HOURS_TOLERANCE = 2e-5
"""The tables keep hours to six digits; a bucket sums many of them."""
Bucket = tuple[str, str]


def find_lies(url: str, explanation: Mapping[str, Any]) -> list[str]:
    """One sentence for each statement that the tables do not bear out."""
    with open_tables(url) as tables:
        return list(_Witness(tables, explanation).lies())


class _Witness:
    def __init__(self, tables: Tables, told: Mapping[str, Any]) -> None:
        self.tables, self.told = tables, told
        self.order = _one(tables["order_master"], "order_id", told["order_id"])
        self.customer = _one(tables["customer_master"], "customer_id", self.order["customer_id"])
        version = tables.published()
        self.loads = tables.of_version("schedule_loads", version)
        self.capacity = {(r["resource_id"], str(r["bucket_date"])): r for r in tables["capacity_planning"]}
        self.classes = {
            r["order_id"]: 1 if r["order_type"] == "rush" else int(r["priority"]) for r in tables["order_master"]
        }
        self.first = date.fromisoformat(str(_one(tables["schedule_versions"], "version", version)["as_of"]))
        self.kept = {d["sequence"] for d in told["deliveries"] if d["frozen"]}
        self.units = float(self.order["quantity"]) - float(self.order["delivered_quantity"])
        self.others: dict[Bucket, float] = defaultdict(float)
        for row in self.loads:
            if row["order_id"] != self.order["order_id"] or row["sequence"] in self.kept:
                self.others[row["resource_id"], str(row["bucket_date"])] += float(row["hours"])

    def lies(self) -> Iterator[str]:
        yield from self._dates()
        for place in self.told["closed"]:
            yield from (
                f"{place['routing_id']} {place['completion_date']} {place['delivery_date']}: {lie}"
                for lie in self._closed(place)
            )
        for holders in self.told["holders"]:
            yield from self._holders(holders)

    def _dates(self) -> Iterator[str]:
        due = str(self.order["promised_date"] or self.order["requested_date"])[:10]
        if self.told["due_date"] != due:
            yield f"due {due}, told {self.told['due_date']}"
        last = max((d["delivery_date"] for d in self.told["deliveries"]), default=None)
        if last and self.told["tardiness_days"] != max(0, (_day(last) - _day(due)).days):
            yield f"{last} is not {self.told['tardiness_days']} days after {due}"

    def _closed(self, place: Mapping[str, Any]) -> Iterator[str]:
        day = _day(place["delivery_date"])
        ship = day - timedelta(days=int(self.customer["transit_days"]))
        rules = set(place["rules"])
        no_window = not any(self._is_open(window, day) for window in self._windows())
        if ("delivery_falls_in_a_window" in rules) != no_window:
            yield f"a window is {'not ' if no_window else ''}open"
        due = _day(self.told["due_date"])
        too_early = (due - day).days > int(self.customer["max_early_days"])
        if ("delivery_is_not_too_early" in rules) != too_early:
            yield f"{(due - day).days} days early, {self.customer['max_early_days']} are taken"
        if place["routing_id"] is None:
            return
        needed, incomplete = self._hours(place["routing_id"], _day(place["completion_date"]), ship)
        if ("loads_lie_in_the_horizon" in rules) != incomplete:
            yield "the lead time is told wrong"
        missing = {b: h - self._free(b) for b, h in needed.items() if h - self._free(b) > HOURS_TOLERANCE}
        told = {(m["resource_id"], m["bucket_date"]): m["missing_hours"] for m in place["missing"]}
        for bucket in missing.keys() | {b for b, hours in told.items() if hours > HOURS_TOLERANCE}:
            if abs(missing.get(bucket, 0.0) - told.get(bucket, 0.0)) > HOURS_TOLERANCE:
                yield f"{bucket} lacks {missing.get(bucket, 0)} h, told {told.get(bucket, 0)} h"

    def _windows(self) -> list[Row]:
        own = [r for r in self.tables["delivery_schedules"] if r["customer_id"] == self.customer["customer_id"]]
        return own or [r for r in self.tables["delivery_schedules"] if r["customer_id"] is None]

    def _is_open(self, window: Row, day: date) -> bool:
        begins = window["effective_from"] is None or str(window["effective_from"])[:10] <= str(day)
        ends = window["effective_to"] is None or str(window["effective_to"])[:10] >= str(day)
        return int(window["weekday"]) == day.weekday() and begins and ends

    def _hours(self, routing: str, completion: date, ship: date) -> tuple[dict[Bucket, float], bool]:
        """Hours by bucket of the late part at a place, and whether some would fall before the plan."""
        late = self.units - sum(d["quantity"] for d in self.told["deliveries"] if d["sequence"] in self.kept)
        needed: dict[Bucket, float] = defaultdict(float)
        incomplete = False
        for step in self.tables["routing_steps"]:
            if step["routing_id"] != routing:
                continue
            anchor = ship if step["anchor"] == "ship" else completion
            for offset, hours in _spread(step, self.units):
                day = self._working_day(step["resource_id"], anchor, offset)
                incomplete = incomplete or day is None
                if day is not None:
                    needed[step["resource_id"], str(day)] += hours * late / self.units
        return needed, incomplete

    def _working_day(self, resource: str, day: date, offset: int) -> date | None:
        while day >= self.first:
            row = self.capacity.get((resource, str(day)))
            if row is not None and float(row["regular_hours"]) + float(row["overtime_hours"]) > 0:
                if offset == 0:
                    return day
                offset -= 1
            day -= timedelta(days=1)
        return None

    def _free(self, bucket: Bucket) -> float:
        row = self.capacity[bucket]
        available = float(row["regular_hours"]) + float(row["overtime_hours"]) - float(row["reserved_hours"])
        return max(0.0, available - self.others.get(bucket, 0.0))

    def _holders(self, holders: Mapping[str, Any]) -> Iterator[str]:
        bucket = (holders["resource_id"], holders["bucket_date"])
        held: dict[int, Counter[str]] = defaultdict(Counter)
        for row in self.loads:
            mine = row["order_id"] == self.order["order_id"] and row["sequence"] not in self.kept
            if (row["resource_id"], str(row["bucket_date"])) == bucket and not mine and float(row["hours"]) > 0:
                held[self.classes[row["order_id"]]][row["order_id"]] += float(row["hours"])  # type: ignore[assignment]
        told = {c["priority"]: (c["hours"], c["orders"], set(c["largest"])) for c in holders["classes"]}
        if told.keys() != held.keys():
            yield f"{bucket}: classes {sorted(held)}, told {sorted(told)}"
            return
        for priority, (hours, orders, largest) in told.items():
            own = held[priority]
            if abs(hours - sum(own.values())) > HOURS_TOLERANCE or orders != len(own) or not largest <= own.keys():
                yield f"{bucket}: class {priority} holds {sum(own.values())} h ({len(own)}), told {hours} h ({orders})"
        total = sum(hours for hours, _, _ in told.values()) + holders["free_hours"] + holders["reserved_hours"]
        if abs(total - holders["available_hours"]) > HOURS_TOLERANCE:
            yield f"{bucket}: {total} h held, reserved or free, {holders['available_hours']} h available"


def _spread(step: Row, units: float) -> Iterator[tuple[int, float]]:
    hours = float(step["setup_hours"]) + float(step["hours_per_unit"]) * units
    most = float(step["max_hours_per_day"] or math.inf)
    offset = int(step["offset_days"])
    while hours > most * (1 + 1e-9):
        yield offset, most
        hours, offset = hours - most, offset + 1
    yield offset, hours


def _one(rows: Iterable[Row], column: str, value: object) -> Row:
    return next(row for row in rows if row[column] == value)


def _day(text: str) -> date:
    return date.fromisoformat(text)


if __name__ == "__main__":
    for name in sys.argv[2:]:
        document = json.loads(Path(name).read_text(encoding="utf-8"))
        sys.stdout.write(f"{document['order_id']}: {find_lies(sys.argv[1], document) or 'true'}\n")
