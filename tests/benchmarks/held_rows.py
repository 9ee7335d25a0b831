"""How many good orders the gate holds back, and how many broken ones it lets in, on real order histories.

Run: ``python -m tests.benchmarks.held_rows``. Each history is loaded month by month, as it came, through the gate and
into an empty SQLite warehouse, so that every month is judged by the year before it. Held are the rows that a suspicion
alone holds back: all others are wrong by any rule. A steward then accepts them, so that they are known from then on.
In the second half of the months a copy of the load is judged first in which every tenth order is broken, in one way
after the other; none of those orders is known yet, which is the hardest case.
"""

import os
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from cms.application.ports import Dataset, GateVerdict, SourceRow
from cms.config import GateSettings, read_settings
from cms.order_sources import open_order_source
from cms.warehouse.engine import open_engine
from cms.warehouse.schema import upgrade
from cms.warehouse.tables import metadata
from cms.warehouse.warehouse import Warehouse
from expectations.direct import DirectGate
from expectations.suites import suite_of
from tests.staged_rows import know_customers

ROOT = Path(__file__).parents[2]
SHARED_DATA = Path(os.environ.get("CMS_SHARED_DATA", ROOT.parent / "shared" / "data"))
HISTORIES = {"online_retail": "retail_orders", "scms": "scms_orders"}
SUSPICIONS = frozenset(rule.name for rule in suite_of(Dataset.ORDERS).row_rules if rule.is_suspicion)
SETTINGS = GateSettings(max_bad_share=1.0)
Values = Mapping[str, Any]
Break = Callable[[Values, Random], Values]


def main(*names: str) -> None:
    """Prints the shares of each history."""
    for name in names or HISTORIES:
        months = by_month(read(name, HISTORIES[name]))
        with tempfile.TemporaryDirectory() as folder:
            measure(name, HISTORIES[name], months, f"sqlite:///{folder}/warehouse.db")


def read(name: str, source: str) -> list[SourceRow]:
    """The orders of a history, mapped by the settings that come with the documentation."""
    settings = read_settings(ROOT / "docs" / "examples" / f"{name}.toml", {})
    chosen = settings.sources[source]
    file = next((SHARED_DATA / name).glob("*.csv.gz"))
    return list(open_order_source(source, chosen.model_copy(update={"path": file}), {}).read(watermark=None).rows)


def by_month(rows: Iterable[SourceRow]) -> list[tuple[datetime, list[SourceRow]]]:
    """The orders of each month with the instant at which the month is over."""
    months: dict[tuple[int, int], list[SourceRow]] = defaultdict(list)
    for row in rows:
        if isinstance(ordered := row.values.get("ordered_at"), datetime):
            months[ordered.year, ordered.month].append(row)
    ends = {month: datetime(month[0], month[1], 1, tzinfo=UTC) + timedelta(days=32) for month in months}
    return [(ends[month].replace(day=1), months[month]) for month in sorted(months)]


def measure(name: str, source: str, months: Sequence[tuple[datetime, list[SourceRow]]], url: str) -> None:
    """Load month after month, and judge broken copies of the later ones."""
    engine = open_engine(url)
    upgrade(engine)
    customers = {str(row.values["customer_id"]) for _, rows in months for row in rows if row.values.get("customer_id")}
    know_customers(engine, *sorted(customers))
    engine.dispose()
    warehouse, loaded, held = Warehouse.open(url), 0, Counter[str]()
    broken: dict[str, Counter[str]] = {kind: Counter() for kind in BREAKS}
    for number, (now, rows) in enumerate(months):
        if number >= len(months) // 2:
            for kind in BREAKS:
                broken[kind] += judge_broken(warehouse, source, rows, kind, now)
        load, verdict = judge(warehouse, source, rows, now)
        warehouse.loads.merge(load, _gate(warehouse).judge(load, now=now, accepted=SUSPICIONS), now=now)
        loaded += len(rows)
        held.update(suspected(verdict))
    warehouse.close()
    print(f"{name}: {loaded:,} orders, {held.total()} held ({held.total() / loaded:.2%}): {dict(held.most_common())}")
    for kind, fates in broken.items():
        print(f"  {kind}: {fates.total():,} broken, caught {fates['caught'] / max(1, fates.total()):.0%}")


def judge(warehouse: Warehouse, source: str, rows: Sequence[SourceRow], now: datetime) -> tuple[Any, GateVerdict]:
    """Stage and judge."""
    load = warehouse.loads.stage(Dataset.ORDERS, rows, source=source, now=now)
    return load, _gate(warehouse).judge(load, now=now)


def _gate(warehouse: Warehouse) -> DirectGate:
    return DirectGate(engine=warehouse.engine, tables=metadata.tables, settings=SETTINGS)


def suspected(verdict: GateVerdict) -> list[str]:
    """The first suspicion of each row that breaks nothing else."""
    reasons: dict[int, list[str]] = defaultdict(list)
    for failure in verdict.row_failures:
        reasons[failure.row_number].append(failure.expectation)
    return [names[0] for names in reasons.values() if SUSPICIONS.issuperset(names)]


def judge_broken(
    warehouse: Warehouse, source: str, rows: Sequence[SourceRow], kind: str, now: datetime
) -> Counter[str]:
    """What becomes of every tenth good order of a load, once it is broken in one way."""
    random, good = Random(now.toordinal()), [row for row in rows if row.values.get("customer_id")]
    sent = [
        replace(row, values=BREAKS[kind](row.values, random)) if place % 10 == 0 else row
        for place, row in enumerate(good)
    ]
    _, verdict = judge(warehouse, source, sent, now)
    caught = {failure.row_number - 1 for failure in verdict.row_failures}
    touched = [place for place, row in enumerate(sent) if row.values != good[place].values]
    return Counter("caught" if place in caught else "unseen" for place in touched)


def _shift_the_point(values: Values, random: Random) -> Values:
    factor = Decimal(random.choice(("0.001", "0.01", "0.1", "10", "100", "1000")))
    return {**values, "quantity": Decimal(values["quantity"]) * factor}


def _move_the_clock(values: Values, random: Random) -> Values:
    return {**values, "ordered_at": values["ordered_at"] + timedelta(hours=random.choice((-12, -9, -5, 5, 8, 11)))}


def _exchange_day_and_month(values: Values, _random: Random) -> Values:
    wanted: date = values["requested_date"]
    return (
        {**values, "requested_date": wanted.replace(day=wanted.month, month=wanted.day)} if wanted.day <= 12 else values
    )


BREAKS: Mapping[str, Break] = {
    "decimal point shifted": _shift_the_point,
    "clock of another zone": _move_the_clock,
    "day and month exchanged": _exchange_day_and_month,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
