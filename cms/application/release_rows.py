"""What a steward lets through: rows from quarantine and refused loads, judged again as if they had just come."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from cms.application.gated_load import GatedLoader, LoadReport
from cms.application.ports import Dataset, GateVerdict, RowFailure, SourceRow, StagedLoad
from cms.domain.errors import InvalidValueError


class AcceptingGate(Protocol):
    """A gate that leaves out suspicions which a steward has looked into."""

    def judge(
        self, load: StagedLoad, *, now: datetime, complete: bool = False, accepted: frozenset[str] = frozenset()
    ) -> GateVerdict:
        """Run the suite of the load's table, without the accepted suspicions."""
        ...


class Quarantine(Protocol):
    """Rows and loads that were held back."""

    def waiting_rows(self, quarantine_ids: Sequence[int]) -> Mapping[tuple[Dataset, str], list[SourceRow]]:
        """Rows as they were read, by data set and source."""
        ...

    def mark_released(self, quarantine_ids: Sequence[int], *, load_id: str, by: str, now: datetime) -> int:
        """Note who released the rows that a load has now merged; how many there are."""
        ...

    def reopen(self, load_id: str) -> StagedLoad:
        """A refused load, to be judged again."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """What became of the rows that a steward released.

    Parameters
    ----------
    asked : int
        Rows that were to be released.
    released : int
        Rows that have passed and are in the warehouse.
    still_held : tuple of RowFailure
        Why the others still wait.
    """

    asked: int
    released: int
    load_ids: tuple[str, ...]
    still_held: tuple[RowFailure, ...]


@dataclass(frozen=True, kw_only=True)
class Steward:
    """Who decides, with what.

    Parameters
    ----------
    accepted : frozenset of str
        Suspicions that were looked into and are right.
    by : str
        The steward's name, for the record.
    """

    quarantine: Quarantine
    loader: GatedLoader
    gate: AcceptingGate
    by: str
    accepted: frozenset[str] = frozenset()

    def accepting_loader(self) -> GatedLoader:
        """The loader, with a gate that leaves out what was accepted."""
        return replace(self.loader, gate=_Accepting(gate=self.gate, accepted=self.accepted))


@dataclass(frozen=True, kw_only=True)
class _Accepting:
    gate: AcceptingGate
    accepted: frozenset[str]

    def judge(self, load: StagedLoad, *, now: datetime, complete: bool = False) -> GateVerdict:
        return self.gate.judge(load, now=now, complete=complete, accepted=self.accepted)


def release_rows(quarantine_ids: Iterable[int], steward: Steward) -> Release:
    """Stage rows from quarantine again, judge them, and merge those that pass; the others keep waiting.

    Raises
    ------
    NotFoundError
        A row does not exist.
    InvalidValueError
        A row was decided already, or what is to be accepted is no suspicion.
    LoadRefusedError
        The rows together make a load that is refused.
    """
    ids = sorted(set(quarantine_ids))
    if not ids:
        raise InvalidValueError("rows", "must name at least one row in quarantine", "nothing")
    groups = steward.quarantine.waiting_rows(ids)
    reports = [_release(dataset, source, rows, steward) for (dataset, source), rows in groups.items()]
    now = steward.loader.clock.now()
    released = sum(
        steward.quarantine.mark_released(ids, load_id=report.load_id, by=steward.by, now=now) for report in reports
    )
    return Release(
        asked=len(ids),
        released=released,
        load_ids=tuple(report.load_id for report in reports),
        still_held=tuple(failure for report in reports for failure in report.row_failures),
    )


def _release(dataset: Dataset, source: str, rows: Sequence[SourceRow], steward: Steward) -> LoadReport:
    loader = steward.accepting_loader()
    return loader.finish(loader.stage(dataset, rows, source=source))


def release_load(load_id: str, steward: Steward) -> LoadReport:
    """Judge a refused load again, under the settings of now, and merge what passes.

    It is merged as a load of changes: what a snapshot does not have is removed by the next snapshot, not by this one.

    Raises
    ------
    NotFoundError
        No refused load has that id.
    LoadRefusedError
        It is refused again.
    """
    return steward.accepting_loader().finish(steward.quarantine.reopen(load_id))
