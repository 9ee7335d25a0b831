"""Looks at the tables of a warehouse with plain SQL of its own, and says what is wrong with them; uses no store.

It runs on SQLite, PostgreSQL and SQL Server (schema ``cms`` on both). Usable by hand:
``python -m tests.table_checks sqlite:///var/demo/warehouse.db``.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, time
from typing import Any

import sqlalchemy as sa

from cms.warehouse.engine import open_engine

TOLERANCE_HOURS = 1e-5
TOLERANCE_UNITS = 1e-3
_GONE = {"shipped", "delivered"}
_PLANNABLE = {"open", "scheduled", "in_production"}

Row = Mapping[str, Any]


class Tables:
    """Rows of the tables, read once each."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._prefix = "" if connection.dialect.name == "sqlite" else "cms."
        self._known: dict[str, list[Row]] = {}

    def __getitem__(self, name: str) -> list[Row]:
        if name not in self._known:
            result = self._connection.exec_driver_sql("SELECT * FROM " + self._prefix + name)
            names = list(result.keys())
            self._known[name] = [dict(zip(names, row, strict=True)) for row in result]
        return self._known[name]

    def published(self) -> int | None:
        """The version in force."""
        versions = [row["version"] for row in self["schedule_versions"] if row["status"] == "published"]
        return versions[0] if len(versions) == 1 else None

    def of_version(self, name: str, version: int | None) -> list[Row]:
        """Rows of one version."""
        return [row for row in self[name] if row["version"] == version]


def find_problems(url: str) -> list[str]:
    """One sentence for each thing that is wrong with the tables of the warehouse at `url`."""
    with open_tables(url) as tables:
        return [problem for check in CHECKS for problem in check(tables)]


@contextmanager
def open_tables(url: str) -> Iterator[Tables]:
    """The tables of the warehouse at `url`."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            yield Tables(connection)
    finally:
        engine.dispose()


def one_version_is_published(tables: Tables) -> Iterable[str]:
    versions = tables["schedule_versions"]
    published = [row["version"] for row in versions if row["status"] == "published"]
    if versions and len(published) != 1:
        yield f"{len(published)} versions are published: {published}"
    numbers = sorted(row["version"] for row in versions)
    if numbers and numbers != list(range(numbers[0], numbers[-1] + 1)):  # the first ones may be in the archive
        yield f"the versions are not numbered without gaps: {numbers[:20]}"
    if published and published[0] != numbers[-1]:
        yield f"version {published[0]} is published, but {numbers[-1]} is the latest"


def no_resource_is_overloaded(tables: Tables) -> Iterable[str]:
    for row in tables["capacity_planning"]:
        promised = float(row["committed_hours"]) + float(row["reserved_hours"])
        available = float(row["regular_hours"]) + float(row["overtime_hours"])
        if promised > available + TOLERANCE_HOURS:
            yield f"{row['resource_id']} on {row['bucket_date']}: {promised} hours committed or reserved of {available}"


def capacity_is_the_sum_of_the_loads(tables: Tables) -> Iterable[str]:
    version = tables.published()
    hours: dict[tuple[str, str], float] = defaultdict(float)
    for row in tables.of_version("schedule_loads", version):
        hours[row["resource_id"], str(row["bucket_date"])] += float(row["hours"])
    planned = {
        (row["resource_id"], str(row["bucket_date"])): float(row["committed_hours"])
        for row in tables["capacity_planning"]
        if row["schedule_version"] == version
    }
    for place in sorted(hours.keys() | planned.keys()):
        if abs(hours.get(place, 0.0) - planned.get(place, 0.0)) > TOLERANCE_HOURS:
            yield f"{place[0]} on {place[1]}: loads of {hours.get(place, 0)} h, {planned.get(place, 0)} h committed"


def every_delivery_is_in_a_window_and_on_no_holiday(tables: Tables) -> Iterable[str]:
    own: dict[str | None, list[Row]] = defaultdict(list)
    for window in tables["delivery_schedules"]:
        own[window["customer_id"]].append(window)
    holidays, blackouts = _closed_days(tables)
    for row in tables.of_version("master_schedule", tables.published()):
        day = _date(row["delivery_date"])
        place = f"order {row['order_id']} on {day}"
        windows = own.get(row["customer_id"]) or own[None]
        if not any(_is_open(window, day, row) for window in windows):
            yield f"{place}: customer {row['customer_id']} takes no delivery {row['window_start']}-{row['window_end']}"
        if day in holidays:
            yield f"{place}: that is a holiday"
        if (row["customer_id"], day) in blackouts:
            yield f"{place}: customer {row['customer_id']} is closed that day"


def every_open_order_is_scheduled_or_has_a_reason(tables: Tables) -> Iterable[str]:
    version = tables.published()
    if version is None:
        return
    delivered = _quantities(tables.of_version("master_schedule", version))
    left_out = _quantities(tables.of_version("unscheduled_orders", version))
    reasons = {row["order_id"]: row["reason"] for row in tables.of_version("unscheduled_orders", version)}
    for row in tables["order_master"]:
        order_id, wanted = row["order_id"], float(row["quantity"]) - float(row["delivered_quantity"])
        if row["status"] not in _PLANNABLE or wanted <= 0:
            continue
        planned = delivered.get(order_id, 0.0) + left_out.get(order_id, 0.0)
        if planned == 0:
            yield f"order {order_id} is {row['status']} and neither scheduled nor unscheduled with a reason"
        elif abs(planned - wanted) > TOLERANCE_UNITS:
            yield f"order {order_id}: {planned} units scheduled or unscheduled, {wanted} open"
        if order_id in reasons and not (reasons[order_id] or "").strip():
            yield f"order {order_id} is unscheduled without a reason"


def order_dates_are_those_of_the_published_schedule(tables: Tables) -> Iterable[str]:
    version = tables.published()
    last: dict[str, str] = {}
    for row in tables.of_version("master_schedule", version):
        last[row["order_id"]] = max(str(row["delivery_date"]), last.get(row["order_id"], ""))
    for row in tables["order_master"]:
        if row["status"] in _GONE:
            continue
        shown, planned = row["scheduled_delivery_date"], last.get(row["order_id"])
        if row["status"] in _PLANNABLE and (shown and str(shown)) != planned:
            yield f"order {row['order_id']} shows {shown}, the schedule has {planned}"
        if row["status"] == "scheduled" and planned is None:
            yield f"order {row['order_id']} is called scheduled and is not in the schedule"


def history_tells_every_difference(tables: Tables) -> Iterable[str]:
    """Each version's history names exactly the orders whose deliveries differ from the version that it replaced."""
    told: dict[int, list[str]] = defaultdict(list)
    for row in tables["schedule_history"]:
        told[row["schedule_version"]].append(row["order_id"])
    seen = {
        row["version"]: _seen(tables.of_version("master_schedule", row["version"]))
        for row in tables["schedule_versions"]
    }
    for row in sorted(tables["schedule_versions"], key=lambda row: row["version"]):
        version, replaced = row["version"], row["replaced_version"]
        if not seen[version] or (replaced is not None and not seen.get(replaced)):
            continue  # nothing was scheduled, or the details of a version were let go or archived
        before = seen.get(replaced, {})
        differing = {o for o in before.keys() | seen[version].keys() if before.get(o) != seen[version].get(o)}
        if sorted(told[version]) != sorted(differing):
            extra, missing = sorted(set(told[version]) - differing)[:5], sorted(differing - set(told[version]))[:5]
            said = f"version {version}: history has {len(told[version])} lines for {len(differing)} changed orders"
            yield f"{said}; without a line {missing}, without a change {extra}"


def nothing_stands_twice(tables: Tables) -> Iterable[str]:
    keys: dict[str, Sequence[str]] = {
        "customer_master": ("customer_id",),
        "order_master": ("source_system", "source_order_id"),
        "delivery_schedules": (
            "customer_id",
            "weekday",
            "window_start",
            "window_end",
            "effective_from",
            "effective_to",
        ),
        "notification_outbox": ("deduplication_key",),
        "inbox_events": ("deduplication_key",),
    }
    for table, key in keys.items():
        yield from _twice(table, key, tables[table])
    waiting = [row for row in tables["quarantine"] if row["status"] == "waiting"]
    yield from _twice("quarantine", ("dataset", "source", "row_key", "row_hash"), waiting)


def nothing_refers_to_what_is_not_there(tables: Tables) -> Iterable[str]:
    customers = {row["customer_id"] for row in tables["customer_master"]}
    orders = {row["order_id"] for row in tables["order_master"]}
    for row in tables["order_master"]:
        if row["customer_id"] not in customers:
            yield f"order {row['order_id']} has no customer {row['customer_id']}"
    for row in tables["order_source_records"]:
        if row["order_id"] not in orders and row["removed_at"] is None:
            yield f"record {row['source_system']}/{row['source_order_id']} has no order {row['order_id']}"
    for row in tables.of_version("master_schedule", tables.published()):
        if row["order_id"] not in orders:
            yield f"the schedule delivers order {row['order_id']}, which is not in the order book"


def every_load_adds_up(tables: Tables) -> Iterable[str]:
    for row in tables["loads"]:
        if row["status"] != "merged":
            continue
        told = sum(row[name] for name in ("inserted", "updated", "unchanged", "stale", "quarantined"))
        if row["dataset"] != "delivery_schedules" and told < row["row_count"]:
            yield f"load {row['load_id']}: {row['row_count']} rows staged, {told} accounted for"
    unfinished = {row["load_id"] for row in tables["loads"] if row["status"] in {"staging", "staged", "refused"}}
    for table in ("staging_customers", "staging_windows", "staging_orders"):
        for load_id in sorted({row["load_id"] for row in tables[table]} - unfinished):
            yield f"{table} still holds rows of load {load_id}, which is finished"


CHECKS: tuple[Callable[[Tables], Iterable[str]], ...] = (
    one_version_is_published,
    no_resource_is_overloaded,
    capacity_is_the_sum_of_the_loads,
    every_delivery_is_in_a_window_and_on_no_holiday,
    every_open_order_is_scheduled_or_has_a_reason,
    order_dates_are_those_of_the_published_schedule,
    history_tells_every_difference,
    nothing_stands_twice,
    nothing_refers_to_what_is_not_there,
    every_load_adds_up,
)


def _closed_days(tables: Tables) -> tuple[set[date], set[tuple[str, date]]]:
    holding = [row for row in tables["calendar_exceptions"] if row["withdrawn_at"] is None]
    holidays = {_date(row["day"]) for row in holding if row["kind"] == "holiday" and row["resource_id"] is None}
    blackouts = {(row["customer_id"], _date(row["day"])) for row in holding if row["kind"] == "blackout"}
    return holidays, blackouts


def _is_open(window: Row, day: date, delivery: Row) -> bool:
    if window["weekday"] != day.weekday():
        return False
    if window["effective_from"] is not None and day < _date(window["effective_from"]):
        return False
    if window["effective_to"] is not None and day > _date(window["effective_to"]):
        return False
    return (_time(window["window_start"]), _time(window["window_end"])) == (
        _time(delivery["window_start"]),
        _time(delivery["window_end"]),
    )


def _quantities(rows: Iterable[Row]) -> dict[str, float]:
    quantities: dict[str, float] = defaultdict(float)
    for row in rows:
        quantities[row["order_id"]] += float(row["quantity"])
    return quantities


def _seen(rows: Iterable[Row]) -> dict[str, list[tuple[Any, ...]]]:
    shown = ("sequence", "routing", "completion_date", "delivery_date", "window_start", "window_end", "quantity")
    by_order: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        by_order[row["order_id"]].append(tuple(str(row[name]) for name in shown))
    return {order_id: sorted(deliveries) for order_id, deliveries in by_order.items()}


def _twice(table: str, key: Sequence[str], rows: Iterable[Row]) -> Iterable[str]:
    seen: set[tuple[Any, ...]] = set()
    for row in rows:
        value = tuple(row[name] for name in key)
        if value in seen:
            yield f"{table}: {dict(zip(key, value, strict=True))} stands twice"
        seen.add(value)


def _date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def _time(value: Any) -> time:
    return value if isinstance(value, time) else time.fromisoformat(str(value))


if __name__ == "__main__":
    found = find_problems(sys.argv[1])
    sys.stdout.write("\n".join(found) + "\n" if found else "nothing wrong\n")
    sys.exit(1 if found else 0)
