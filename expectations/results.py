"""Keeps what Great Expectations found in each run of a suite, for Data Docs."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cms.application.ports import ExpectationOutcome, GateVerdict, Severity, StagedLoad
from cms.domain.errors import WarehouseError
from expectations.verdicts import TableVerdict

RESULTS = "results"
"""Where the gate keeps its results, inside the folder of Data Docs."""
KEPT_RESULTS = 200
"""Results that are kept of each suite; `quality_results` in the warehouse keeps them all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptResult:
    """What Data Docs tells of one run of a suite.

    Parameters
    ----------
    suite : str
        The suite's key.
    run : str
        What was judged: a load, or a version of the schedule.
    source : str
        Where the load came from; empty for tables as they stand.
    bad_rows : int
        Rows that were held back; of a refused load those that were named.
    refusals : tuple of str
        Why a load was refused, or what is wrong with tables as they stand.
    broken : tuple of (str, Severity, int)
        Name, severity and count of the expectations that were not met.
    """

    suite: str
    run: str
    source: str
    rows: int
    bad_rows: int
    checked_at: datetime
    refusals: tuple[str, ...] = ()
    broken: tuple[tuple[str, Severity, int], ...] = ()

    @property
    def state(self) -> str:
        """``refused``, ``failed``, ``quarantined``, ``warned`` or ``good``."""
        if self.refusals:
            return "refused" if self.source else "failed"
        if self.bad_rows:
            return "quarantined"
        return "warned" if self.broken else "good"

    @property
    def stem(self) -> str:
        """The name of the result's file and page, in order of time."""
        safe = "".join(character if character.isalnum() or character in "-_" else "_" for character in self.run)
        return f"{self.checked_at:%Y%m%dT%H%M%S%f}-{safe[:80]}"

    @property
    def page(self) -> str:
        """Where the run's page is, seen from the index."""
        return f"runs/{self.suite}/{self.stem}.html"


def result_of_load(load: StagedLoad, verdict: GateVerdict, now: datetime) -> KeptResult:
    """What the gate made of a load."""
    return KeptResult(
        suite=load.dataset.value,
        run=load.load_id,
        source=load.source,
        rows=load.row_count,
        bad_rows=len({failure.row_number for failure in verdict.row_failures}),
        checked_at=now,
        refusals=verdict.refusals,
        broken=broken_of(verdict.outcomes),
    )


def result_of_tables(verdict: TableVerdict) -> KeptResult:
    """What was found in tables as they stand."""
    return KeptResult(
        suite=verdict.suite,
        run=f"version {verdict.version}" if verdict.version else "no schedule",
        source="",
        rows=0,
        bad_rows=0,
        checked_at=verdict.checked_at,
        refusals=verdict.failures,
        broken=broken_of(verdict.outcomes),
    )


def broken_of(outcomes: Iterable[ExpectationOutcome]) -> tuple[tuple[str, Severity, int], ...]:
    """Name, severity and count of what was not met."""
    return tuple((o.expectation, o.severity, o.unexpected_count) for o in outcomes if not o.success)


def keep_result(folder: Path, kept: KeptResult, result: dict[str, Any]) -> None:
    """Keep a validation result with what was made of it; the oldest ones give way.

    Raises
    ------
    WarehouseError
        The folder cannot be written.
    """
    result["meta"]["run_id"] = {"run_name": kept.run, "run_time": kept.checked_at.isoformat()}
    result["meta"]["kept"] = asdict(kept) | {"checked_at": kept.checked_at.isoformat()}
    place = folder / kept.suite
    try:
        place.mkdir(parents=True, exist_ok=True)
        written = place / f"{kept.stem}.{os.getpid()}.part"
        written.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
        written.replace(place / f"{kept.stem}.json")  # whole or not at all, whenever the process ends
        for old in sorted(place.glob("*.json"))[:-KEPT_RESULTS]:
            old.unlink(missing_ok=True)  # another process may have taken it already
    except OSError as error:
        raise WarehouseError(f"validation results cannot be kept in {place}: {error.strerror}") from None


def kept_results(folder: Path, suite: str) -> Iterator[tuple[Path, KeptResult]]:
    """The results of a suite with their files, newest first."""
    for file in sorted((folder / suite).glob("*.json"), reverse=True):
        kept = read_result(file)["meta"]["kept"]
        yield (
            file,
            KeptResult(
                **kept
                | {
                    "checked_at": datetime.fromisoformat(kept["checked_at"]),
                    "refusals": tuple(kept["refusals"]),
                    "broken": tuple((name, Severity(severity), count) for name, severity, count in kept["broken"]),
                }
            ),
        )


def read_result(file: Path) -> dict[str, Any]:
    """A validation result as it was kept.

    Raises
    ------
    WarehouseError
        The file cannot be read, or is none of ours.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WarehouseError(f"validation result {file} cannot be read: {error}; delete it") from None
    if not isinstance(document, dict) or "kept" not in document.get("meta", {}):
        raise WarehouseError(f"validation result {file} was not written by the gate; delete it")
    return document
