"""Orders staged, gated and merged against a bare bulk insert of the same rows into the same table, in the same run.

Run: ``python -m tests.benchmarks.gated_load [ROWS]`` (100,000 without an argument), on SQLite, on a PostgreSQL server
of its own, and on the SQL Server that ``CMS_TEST_MSSQL_URL`` names, whose database it empties. Both begin with an empty
order book; they take turns, and the best of each are compared: by the time on the clock, and by the time of processors,
ours and the server's together, which other work on the machine changes less; both must keep the promise. What SQL
Server's processors do is not seen from here, so that the clock alone decides there. Great Expectations takes seconds to
import, once for a process: that time is told and does not count. Peak memory is that of a process of its own, for all
of the rows and for twice as many, read from a generator as from a source: the cache of SQLite, 64 MB, is full by then.
"""

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cms.application.gated_load import GatedLoader
from cms.application.ports import Dataset, SourceRow
from cms.config import GateSettings
from cms.warehouse.bulk import insert_rows
from cms.warehouse.engine import in_transaction, open_engine
from cms.warehouse.schema import upgrade
from cms.warehouse.tables import customer_master, metadata, order_master
from cms.warehouse.warehouse import Warehouse
from tests.fakes import FakeClock
from tests.postgresql_server import USER, find_binaries, start_server

SQL_SERVER = "CMS_TEST_MSSQL_URL"
MOST_TIMES_A_BARE_INSERT = 4.0
MOST_MEGABYTES_MORE = 40
ROUNDS = 3
CUSTOMERS = 500
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
LOADED = {"loaded_at": NOW, "load_id": "benchmark"}


def main(rows: int = 100_000) -> None:
    """Prints times, ratios and memory; what is above its promise is an error."""
    started = time.perf_counter()
    import great_expectations  # noqa: F401, PLC0415 - its time is told apart

    print(f"importing Great Expectations: {time.perf_counter() - started:.1f} s, once for a process")
    broken = []
    with warehouses() as (urls, postmaster):
        for name, url in urls.items():
            ratio = compare(name, url, rows, postmaster)
            more = memory(name, url, rows)
            broken += [f"{name}: {ratio:.2f} times a bare insert"] if ratio > MOST_TIMES_A_BARE_INSERT else []
            broken += [f"{name}: {more} MB more for twice the rows"] if more > MOST_MEGABYTES_MORE else []
    if broken:
        raise SystemExit("; ".join(broken))


@contextmanager
def warehouses() -> Iterator[tuple[dict[str, str], int | None]]:
    """A warehouse on each engine that this machine reaches, to be emptied, and the process of PostgreSQL's server."""
    with tempfile.TemporaryDirectory() as folder:
        urls = {"SQLite": f"sqlite:///{folder}/warehouse.db"}
        server = None
        if find_binaries() is not None:
            server = start_server(Path(tempfile.mkdtemp(prefix="cms-postgresql-")), is_durable=True)
            urls["PostgreSQL"] = server.create_database("warehouse")
        if SQL_SERVER in os.environ:
            urls["SQL Server"] = os.environ[SQL_SERVER]
        try:
            for url in urls.values():
                engine = open_engine(url)
                upgrade(engine)
                engine.dispose()
            yield urls, None if server is None else server.process_id
        finally:
            if server is not None:
                server.stop()


def compare(name: str, url: str, count: int, postmaster: int | None) -> float:
    """How many times a bare insert a gated load takes, the larger of both ways to measure where both tell all."""
    source, ready = list(source_rows(count)), list(target_rows(count))
    bare, gated = [], []
    with emptied(url) as warehouse, tempfile.TemporaryDirectory() as folder:
        load(a_loader(warehouse, Path(folder)), source[:100])  # what happens once for a process
    for _ in range(ROUNDS):
        with measured(postmaster) as insert, emptied(url) as warehouse, insert.begin():
            in_transaction(warehouse.engine, lambda connection: insert_rows(connection, order_master, ready))
        bare.append(insert)
        with measured(postmaster) as whole, emptied(url) as warehouse, tempfile.TemporaryDirectory() as folder:
            loader = a_loader(warehouse, Path(folder))
            with whole.begin():
                load(loader, source)
        gated.append(whole)
        print(f"  {name}: bare {insert}, gated {whole}")
    by_clock = min(m.seconds for m in gated) / min(m.seconds for m in bare)
    by_processor = min(m.cpu for m in gated) / min(m.cpu for m in bare)
    print(
        f"{name}: {count:,} rows, a gated load is {by_processor:.2f} bare inserts by processor, {by_clock:.2f} by clock"
    )
    return by_clock if url.startswith("mssql") else max(by_clock, by_processor)


@dataclass
class Measured:
    """Seconds by the clock and of processors; the processors of a server count once its sessions have ended."""

    postmaster: int | None
    seconds: float = 0.0
    cpu: float = 0.0
    _before: float = 0.0
    _own: float = 0.0

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s ({self.cpu:.2f} s of processors)"

    @contextmanager
    def begin(self) -> Iterator[None]:
        """From here to the end of the work; what the server does for it is read when `measured` ends."""
        started, self._before = time.perf_counter(), self.spent()
        yield
        self.seconds = time.perf_counter() - started
        self.cpu = time.process_time() - self._own

    def spent(self) -> float:
        """Seconds of processors until now; notes our own."""
        self._own = time.process_time()
        return 0.0 if self.postmaster is None else server_seconds(self.postmaster)


@contextmanager
def measured(postmaster: int | None) -> Iterator[Measured]:
    """Adds what the server's sessions have used, once the work has closed them."""
    measure = Measured(postmaster)
    yield measure
    if postmaster is not None:
        _wait_for_sessions(postmaster)
        measure.cpu += server_seconds(postmaster) - measure._before


def server_seconds(postmaster: int) -> float:
    """Seconds of processors of PostgreSQL's server: of the sessions that run, and of those that have ended."""
    ticks = sum(_stat(postmaster)[11:15])
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            stat = _stat(int(process.name))
            ticks += sum(stat[11:13]) if stat[1] == postmaster else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def _wait_for_sessions(postmaster: int) -> None:
    """Wait until the sessions that were closed have ended: only then their time stands with the server's."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and any(_is_session(path, postmaster) for path in Path("/proc").glob("[0-9]*")):
        time.sleep(0.02)


def _is_session(process: Path, postmaster: int) -> bool:
    with suppress(OSError):
        said = (process / "cmdline").read_bytes()  # nothing, once it has ended and its server does not know it yet
        return (not said or f"postgres: {USER} ".encode() in said) and _stat(int(process.name))[1] == postmaster
    return False


def _stat(process: int) -> list[int]:
    """The numbers of ``/proc/PID/stat`` from the state on, which counts as 0."""
    text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    return [0, *map(int, text.split()[1:])]


def load(loader: GatedLoader, rows: Iterable[SourceRow]) -> None:
    """Stage, judge and merge; every row must go in."""
    staged = loader.stage(Dataset.ORDERS, rows, source="erp")
    report = loader.finish(staged, complete=True)
    if report.counts.inserted != staged.row_count:
        raise SystemExit(f"{report.counts} of {staged.row_count} rows")


def a_loader(warehouse: Warehouse, folder: Path) -> GatedLoader:
    """The loads of a warehouse behind the real gate."""
    from expectations.gate import Gate  # noqa: PLC0415

    gate = Gate(warehouse.engine, GateSettings(data_docs=folder), metadata.tables)
    return GatedLoader(loads=warehouse.loads, gate=gate, clock=FakeClock(NOW))


@contextmanager
def emptied(url: str) -> Iterator[Warehouse]:
    """The warehouse with its customers and nothing else."""
    warehouse = Warehouse.open(url)
    in_transaction(warehouse.engine, _empty)
    yield warehouse
    warehouse.close()


def _empty(connection: sa.Connection) -> None:
    for table in reversed(metadata.sorted_tables):
        connection.execute(sa.delete(table))
    customers = [
        {
            "customer_id": f"C{number:05}",
            "source_system": "erp",
            "source_item_id": f"C{number:05}",
            "name": f"Customer {number}",
            "status": "active",
            "priority": 3,
            "time_zone": "UTC",
            "transit_days": 1,
            "max_early_days": 5,
            "allows_split": False,
            "preferred_channel": "none",
            "rollout_cohort": "scheduling",
            "row_hash": "h",
            **LOADED,
        }
        for number in range(CUSTOMERS)
    ]
    insert_rows(connection, customer_master, customers)


def source_rows(count: int) -> Iterator[SourceRow]:
    """Orders as a source says them."""
    for number in range(count):
        values = _values(number)
        raw = {name: str(value) for name, value in values.items()}
        yield SourceRow(values=values, raw=raw)


def target_rows(count: int) -> Iterator[dict[str, Any]]:
    """The same orders as they stand in ``order_master``."""
    for number in range(count):
        defaults = {"delivered_quantity": Decimal(0), "source_system": "erp", "row_hash": f"{number:032x}"}
        yield {**_values(number), **defaults, **LOADED}


def _values(number: int) -> dict[str, Any]:
    ordered = datetime(2025, 7, 1, 8, tzinfo=UTC) + timedelta(minutes=number % 250_000)
    return {
        "order_id": f"SO-{number:07}",
        "source_order_id": f"{number:07}",
        "customer_id": f"C{number % CUSTOMERS:05}",
        "order_type": ("standard", "standard", "rush", "bulk")[number % 4],
        "priority": 1 + number % 4,
        "product_family": ("panels", "frames", "doors")[number % 3],
        "quantity": Decimal(5 + number % 140),
        "ordered_at": ordered,
        "requested_date": date(2026, 1, 12) + timedelta(days=number % 60),
        "status": "open",
        "source_updated_at": ordered,
    }


def memory(name: str, url: str, count: int) -> int:
    """Megabytes that the peak grows by from these rows to twice as many, in processes of their own."""
    few, many = (_peak_megabytes(url, rows) for rows in (count, 2 * count))
    print(f"{name}: peak memory {few} MB for {count:,} rows, {many} MB for {2 * count:,}")
    return many - few


def _peak_megabytes(url: str, count: int) -> int:
    context = multiprocessing.get_context("spawn")
    answers: Any = context.Queue()
    process = context.Process(target=_load_alone, args=(url, count, answers))
    process.start()
    peak: int = answers.get(timeout=600)
    process.join()
    return peak


def _load_alone(url: str, count: int, answers: Any) -> None:
    with emptied(url) as warehouse, tempfile.TemporaryDirectory() as folder:
        load(a_loader(warehouse, Path(folder)), source_rows(count))
    answers.put(peak_megabytes())


def peak_megabytes() -> int:
    """The most memory that this process has had; the figure of getrusage begins with that of its parent."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
