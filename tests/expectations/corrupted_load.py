"""Sends a feed the whole way, from its file through the gate into the warehouse, and says what became of each row."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cms.application.ports import Dataset, GateVerdict, MergeCounts, SourceRow, StagedLoad
from cms.config import FileSourceSettings, GateSettings
from cms.domain.errors import LoadRefusedError
from cms.order_sources import open_order_source
from cms.warehouse.tables import metadata, order_master, quarantine, routings
from cms.warehouse.warehouse import Warehouse
from expectations import findings
from expectations.direct import DirectGate
from expectations.rules import Staged
from expectations.suites import suite_of
from tests.expectations.corruption import CUSTOMERS, FAMILIES, FIELDS, Feed, Row, as_csv
from tests.staged_rows import know_customers

SENT = datetime(2026, 1, 5, 12, tzinfo=UTC)
SOURCE = "erp"
WITHOUT_EFFECT = ("source_updated_at", "ordered_at")
"""Instants that no schedule, promise or figure reads, but for the day of `ordered_at`; a test plans with others."""


class Fate(StrEnum):
    """What became of a corrupted row."""

    CAUGHT = "caught"
    REPORTED = "reported"
    HARMLESS = "harmless"
    UNSEEN = "unseen"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a feed."""

    load: StagedLoad
    verdict: GateVerdict
    counts: MergeCounts | None
    warned: frozenset[int]

    @property
    def held_back(self) -> frozenset[int]:
        """Places of the rows that went to quarantine, from 0."""
        return frozenset(failure.row_number - 1 for failure in self.verdict.row_failures)


def prepare(warehouse: Warehouse) -> None:
    """The customers that orders refer to, and a routing for each family."""
    know_customers(warehouse.engine, *CUSTOMERS)
    rows = [
        {"routing_id": family, "product_family": family, "cost": 1, "loaded_at": SENT, "load_id": "earlier"}
        for family in FAMILIES
    ]
    with warehouse.engine.begin() as connection:
        connection.execute(sa.insert(routings), rows)


def read(folder: Path, text: str, *, complete: bool = False) -> list[SourceRow]:
    """The rows of a file, mapped."""
    file = folder / "orders.csv"
    file.write_text(text, encoding="utf-8", newline="")
    settings = FileSourceSettings(kind="file", path=file, fields=dict(FIELDS), complete=complete)
    return list(open_order_source(SOURCE, settings, {}).read(watermark=None).rows)


def send(warehouse: Warehouse, folder: Path, text: str, *, complete: bool = False) -> Outcome:
    """Stage, judge and merge a file."""
    rows = read(folder, text, complete=complete)
    load = warehouse.loads.stage(Dataset.ORDERS, rows, source=SOURCE, now=SENT)
    gate = DirectGate(engine=warehouse.engine, tables=metadata.tables, settings=GateSettings())
    verdict = gate.judge(load, now=SENT, complete=complete)
    warned = _rows_with_warnings(warehouse, load)
    try:
        counts = warehouse.loads.merge(load, verdict, now=SENT, complete=complete)
    except LoadRefusedError:
        counts = None
    return Outcome(load=load, verdict=verdict, counts=counts, warned=warned)


def _rows_with_warnings(warehouse: Warehouse, load: StagedLoad) -> frozenset[int]:
    rules = [rule for rule in suite_of(Dataset.ORDERS).row_rules if not rule.is_critical]
    staged = Staged(load=load, tables=metadata.tables, now=SENT)
    with warehouse.engine.connect() as connection:
        found = findings._failures(connection, rules, staged, 0)
    return frozenset(failure.row_number - 1 for failure in found)


def fates(warehouse: Warehouse, folder: Path, feed: Feed, outcome: Outcome) -> Counter[Fate]:
    """What became of each corrupted row of a feed."""
    wanted = _by_number(read(folder, as_csv(feed.truth)))
    held = orders_held(warehouse)
    return Counter(_fate(place, feed, outcome, wanted, held) for place in sorted(feed.touched))


def _by_number(rows: Iterable[SourceRow]) -> dict[str, Mapping[str, Any]]:
    return {str(row.values["order_id"]): row.values for row in rows}


def _fate(
    place: int, feed: Feed, outcome: Outcome, wanted: Mapping[str, Any], held: Mapping[str, Mapping[str, Any]]
) -> Fate:
    if outcome.counts is None or place in outcome.held_back:
        return Fate.CAUGHT
    number = feed.truth[place]["No"]
    if number in held and _effect(held[number]) == _effect(wanted[number]):
        return Fate.HARMLESS
    return Fate.REPORTED if place in outcome.warned else Fate.UNSEEN


def _effect(order: Mapping[str, Any]) -> tuple[object, ...]:
    """What of an order decides its schedule, its promise or a figure."""
    return (order["ordered_at"].date(), *(order[name] for name in FIELDS if name not in WITHOUT_EFFECT))


def orders_held(warehouse: Warehouse) -> dict[str, Mapping[str, Any]]:
    """What the order book holds, by number."""
    with warehouse.engine.connect() as connection:
        rows = connection.execute(sa.select(order_master)).mappings()
        return {row["order_id"]: dict(row) for row in rows}


def quarantined_raw(warehouse: Warehouse) -> int:
    """Rows in quarantine."""
    with warehouse.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(quarantine)) or 0


def text_as_sent(rows: list[Row]) -> str:
    """The file of some rows."""
    return as_csv(rows)
