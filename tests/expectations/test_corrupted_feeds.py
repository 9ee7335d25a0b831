"""Feeds that arrive broken: what the gate catches of each kind, and that nothing impossible gets past it."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cms.application.kpis import schedule_kpis
from cms.application.plan_capacity import _hours_asked
from cms.application.planning_facts import prepare_plan
from cms.application.publish_schedule import refereed
from cms.domain.errors import SourceError
from cms.domain.orders import Order, OrderStatus, OrderType, Priority
from cms.scheduling import build_schedule
from cms.scheduling.result import Method
from cms.warehouse.tables import metadata
from cms.warehouse.warehouse import Warehouse
from tests.builders import an_order, planning_facts
from tests.expectations.corrupted_load import (
    SENT,
    Fate,
    Outcome,
    fates,
    orders_held,
    prepare,
    quarantined_raw,
    send,
)
from tests.expectations.corruption import CORRUPTIONS, CUSTOMERS, Feed, Row, as_csv, corrupted, good_rows

UNSEEN_AT_MOST = {
    "swapped columns": 0.02,
    "shifted decimal point": 0.03,  # of a new order, to another whole quantity that was ordered before
    "encoded twice": 0.0,
    "lost characters": 0.0,
    "wrong time zone": 0.0,
    "clock of another zone": 0.03,  # of a new order, to an hour at which others order, on another day
    "SQL and markup in texts": 0.0,
    "empty field": 0.0,
    "day and month exchanged": 0.01,
}
"""The share of each kind that no rule can tell from good rows: a possible order, only not the one that was meant."""
KNOWN = 400
"""Orders of an earlier feed, of which half are sent again with as many new ones."""
ROWS = good_rows(KNOWN * 3 // 2, Random(1))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A warehouse that has the customers, and the first half of the orders from an earlier, good feed."""
    folder = tmp_path_factory.mktemp("corrupted")
    path = folder / "prepared.db"
    shutil.copy(sqlite_template, path)
    warehouse = Warehouse.open(f"sqlite:///{path}")
    prepare(warehouse)
    send(warehouse, folder, as_csv(ROWS[:KNOWN]))
    warehouse.close()
    return path


@contextmanager
def opened(prepared: Path) -> Iterator[tuple[Warehouse, Path]]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(prepared, folder / "warehouse.db")
        warehouse = Warehouse.open(f"sqlite:///{folder / 'warehouse.db'}")
        yield warehouse, folder
        warehouse.close()


@dataclass(frozen=True)
class Result:
    fates: Counter[Fate]

    def share(self, fate: Fate) -> float:
        return self.fates[fate] / sum(self.fates.values())


def sent_corrupted(prepared: Path, kind: str, seed: int) -> Result:
    feed = corrupted(ROWS[KNOWN // 2 :], CORRUPTIONS[kind], 0.15, Random(seed))
    with opened(prepared) as (warehouse, folder):
        outcome = send(warehouse, folder, feed.as_csv())
        return Result(fates(warehouse, folder, feed, outcome))


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_what_no_rule_can_tell_from_good_rows_is_a_small_share(prepared: Path, kind: str) -> None:
    results = [sent_corrupted(prepared, kind, seed) for seed in range(2)]

    total = Result(sum((result.fates for result in results), Counter()))
    shares = ", ".join(f"{fate.value} {total.share(fate):.0%}" for fate in Fate)
    print(f"{kind}: {sum(total.fates.values())} rows: {shares}")  # noqa: T201 - the report: pytest -rP shows it
    assert total.share(Fate.UNSEEN) <= UNSEEN_AT_MOST[kind]


def test_good_rows_are_not_held_back(prepared: Path) -> None:
    with opened(prepared) as (warehouse, folder):
        outcome = send(warehouse, folder, as_csv(good_rows(1_000, Random(2), first=5000)))

        assert outcome.counts is not None
        assert len(outcome.held_back) < 0.005 * 1_000


def test_what_counts_as_harmless_changes_no_schedule_and_no_figure() -> None:
    meant = [_order(row) for row in ROWS[:60]]
    moved = [replace(order, ordered_at=order.ordered_at.replace(hour=23)) for order in meant]

    schedule, figures = _planned(meant)

    assert schedule
    assert _planned(moved) == (schedule, figures)


def _order(row: Row) -> Order:
    return an_order(
        row["No"],
        quantity=float(row["Qty"]),
        due=date.fromisoformat(row["Wanted"]),
        promised_date=date.fromisoformat(row["Promised"]),
        order_type=OrderType(row["Type"]),
        priority=Priority(int(row["Prio"])),
        ordered_at=datetime.fromisoformat(row["Ordered"]),
    )


def _planned(orders: list[Order]) -> tuple[object, object]:
    """The schedule of some orders and its figures, and the hours that they have asked for in the weekly plan."""
    facts = planning_facts(*orders, as_of=SENT.date())
    prepared = prepare_plan(facts)
    result = build_schedule(prepared.problem, method=Method.DISPATCH)
    schedule = refereed(prepared.problem, result, left_out=prepared.left_out, fingerprint="f", now=SENT)
    return (schedule, facts.fingerprint()), (schedule_kpis(schedule, orders), _hours_asked(orders, facts))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(sorted(CORRUPTIONS)), seed=st.integers(0, 2**32), share=st.sampled_from((0.02, 0.1, 0.5)))
def test_whatever_arrives_every_row_is_accounted_for_and_the_order_book_stays_possible(
    prepared: Path, kind: str, seed: int, share: float
) -> None:
    feed = corrupted(good_rows(60, Random(seed)), CORRUPTIONS[kind], share, Random(seed))
    with opened(prepared) as (warehouse, folder):
        before = orders_held(warehouse)
        outcome = send(warehouse, folder, feed.as_csv())

        if outcome.counts is None:
            assert orders_held(warehouse) == before
        else:
            assert_accounted_for(outcome, warehouse)
            assert_untouched_rows_arrived(feed, outcome, warehouse)
        assert_possible(warehouse)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), cut=st.floats(0.02, 0.999))
def test_a_truncated_file_gives_whole_rows_or_none(prepared: Path, seed: int, cut: float) -> None:
    rows = good_rows(60, Random(seed), first=5000)
    text = as_csv(rows)
    with opened(prepared) as (warehouse, folder):
        # a cut in the header, or one that breaks the file's form, is told, and nothing is loaded
        with suppress(SourceError):
            send(warehouse, folder, text[: int(len(text) * cut)])
        held = orders_held(warehouse)

        new = {number: order for number, order in held.items() if int(number[3:8] or 0) >= 5000}
        truth = {row["No"]: row for row in rows}
        assert all(order["quantity"] == Decimal(truth[number]["Qty"]) for number, order in new.items())
        assert_possible(warehouse)


def test_a_truncated_snapshot_is_refused_as_a_whole(prepared: Path) -> None:
    rows = ROWS[:KNOWN]
    with opened(prepared) as (warehouse, folder):
        before = orders_held(warehouse)

        outcome = send(warehouse, folder, as_csv(rows[:190]), complete=True)

        assert outcome.counts is None
        assert orders_held(warehouse) == before


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), page=st.integers(1, 60))
def test_a_page_that_is_delivered_twice_changes_nothing(prepared: Path, seed: int, page: int) -> None:
    rows = good_rows(60, Random(seed), first=5000)
    start = Random(seed).randrange(0, 60)
    doubled = [*rows, *rows[start : start + page]]
    with opened(prepared) as (warehouse, folder), opened(prepared) as (other, other_folder):
        send(warehouse, folder, as_csv(doubled))
        send(other, other_folder, as_csv(rows))

        assert _said(warehouse) == _said(other)


def test_hostile_texts_are_kept_as_they_are_and_no_table_is_lost(prepared: Path) -> None:
    hostile = "'; DROP TABLE order_master; --"
    rows = good_rows(3, Random(7), first=5000)
    rows[0]["No"] = hostile
    with opened(prepared) as (warehouse, folder):
        send(warehouse, folder, as_csv(rows))

        assert hostile in orders_held(warehouse)
        assert set(sa.inspect(warehouse.engine).get_table_names()) >= set(metadata.tables)


def _said(warehouse: Warehouse) -> dict[str, dict[str, object]]:
    kept = orders_held(warehouse)
    return {number: {k: v for k, v in order.items() if k != "load_id"} for number, order in kept.items()}


def assert_accounted_for(outcome: Outcome, warehouse: Warehouse) -> None:
    counts = outcome.counts
    assert counts is not None
    told = counts.inserted + counts.updated + counts.unchanged + counts.stale + counts.quarantined
    assert told == outcome.load.row_count
    assert counts.quarantined == len(outcome.held_back) == quarantined_raw(warehouse)


def assert_untouched_rows_arrived(feed: Feed, outcome: Outcome, warehouse: Warehouse) -> None:
    held = orders_held(warehouse)
    for place, row in enumerate(feed.truth):
        if place not in feed.touched and place not in outcome.held_back:
            order = held[row["No"]]
            assert (order["customer_id"], order["quantity"]) == (row["Customer"], Decimal(row["Qty"]))


def assert_possible(warehouse: Warehouse) -> None:
    """What must hold of every order in the book, told without the rules of the gate."""
    for order in orders_held(warehouse).values():
        ordered = order["ordered_at"].date()
        assert order["customer_id"] in CUSTOMERS
        assert 0 < order["quantity"] < 1_000_000_000
        assert 1 <= order["priority"] <= 9
        assert order["status"] in set(OrderStatus)
        assert order["order_type"] in set(OrderType)
        assert -1 <= (order["requested_date"] - ordered).days <= 3 * 366
        assert not {"\ufffd", "Ã"} & set(order["product_family"])
        assert order["order_id"] == order["order_id"].strip() != ""
