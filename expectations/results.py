"""Keeps what Great Expectations found in each load, for Data Docs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cms.application.ports import Dataset, GateVerdict, Severity, StagedLoad
from cms.domain.errors import WarehouseError

RESULTS = "results"
"""Where the gate keeps its results, inside the folder of Data Docs."""
KEPT_RESULTS = 200
"""Results that are kept of each dataset; `quality_results` in the warehouse keeps them all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptResult:
    """What Data Docs tells of one load.

    Parameters
    ----------
    bad_rows : int
        Rows that were held back; of a refused load those that were named.
    refusals : tuple of str
        Why the load as a whole was refused.
    broken : tuple of (str, Severity, int)
        Name, severity and count of the expectations that were not met.
    """

    file: Path
    dataset: Dataset
    load_id: str
    source: str
    rows: int
    bad_rows: int
    checked_at: datetime
    refusals: tuple[str, ...]
    broken: tuple[tuple[str, Severity, int], ...]

    @property
    def state(self) -> str:
        """``refused``, ``quarantined``, ``warned`` or ``good``."""
        if self.refusals:
            return "refused"
        if self.bad_rows:
            return "quarantined"
        return "warned" if self.broken else "good"

    @property
    def page(self) -> str:
        """Where the load's page is, seen from the index."""
        return f"loads/{self.dataset.value}/{self.file.stem}.html"


def keep_result(folder: Path, result: dict[str, Any], load: StagedLoad, verdict: GateVerdict, now: datetime) -> None:
    """Keep a validation result with what the gate made of it; the oldest ones give way.

    Raises
    ------
    WarehouseError
        The folder cannot be written.
    """
    result["meta"]["run_id"] = {"run_name": load.load_id, "run_time": now.isoformat()}
    result["meta"]["load"] = {
        "load_id": load.load_id,
        "source": load.source,
        "rows": load.row_count,
        "bad_rows": len({failure.row_number for failure in verdict.row_failures}),
        "checked_at": now.isoformat(),
        "refusals": list(verdict.refusals),
        "broken": [[o.expectation, o.severity.value, o.unexpected_count] for o in verdict.outcomes if not o.success],
    }
    place = folder / load.dataset.value
    try:
        place.mkdir(parents=True, exist_ok=True)
        file = place / f"{now:%Y%m%dT%H%M%S%f}-{_file_part(load.load_id)}.json"
        file.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
        for old in sorted(place.glob("*.json"))[:-KEPT_RESULTS]:
            old.unlink(missing_ok=True)  # another process may have taken it already
    except OSError as error:
        raise WarehouseError(f"validation results cannot be kept in {place}: {error.strerror}") from None


def _file_part(load_id: str) -> str:
    return "".join(character if character.isalnum() or character in "-_" else "_" for character in load_id)[:80]


def kept_results(folder: Path, dataset: Dataset) -> Iterator[KeptResult]:
    """The results of a dataset, newest first."""
    for file in sorted((folder / dataset.value).glob("*.json"), reverse=True):
        load = read_result(file)["meta"]["load"]
        yield KeptResult(
            file=file,
            dataset=dataset,
            load_id=load["load_id"],
            source=load["source"],
            rows=load["rows"],
            bad_rows=load["bad_rows"],
            checked_at=datetime.fromisoformat(load["checked_at"]),
            refusals=tuple(load["refusals"]),
            broken=tuple((name, Severity(severity), count) for name, severity, count in load["broken"]),
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
    if not isinstance(document, dict) or "load" not in document.get("meta", {}):
        raise WarehouseError(f"validation result {file} was not written by the gate; delete it")
    return document
