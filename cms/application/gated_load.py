"""One way into the warehouse: stage, judge, merge."""

from collections.abc import Iterable
from dataclasses import dataclass

from cms.application.ports import (
    Clock,
    Dataset,
    GateVerdict,
    LoadStore,
    MergeCounts,
    Progress,
    QualityGate,
    RowFailure,
    SourceRow,
    StagedLoad,
    no_progress,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadReport:
    """What became of a load.

    Parameters
    ----------
    row_failures : tuple of RowFailure
        Why rows went to quarantine.
    warnings : tuple of str
        What is reported and stopped nothing.
    """

    load_id: str
    dataset: Dataset
    source: str
    staged: int
    counts: MergeCounts
    row_failures: tuple[RowFailure, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def has_quarantined(self) -> bool:
        """Whether rows were held back."""
        return self.counts.quarantined > 0


@dataclass(frozen=True, kw_only=True)
class GatedLoader:
    """The warehouse's loads behind their gate, with the clock that stamps them."""

    loads: LoadStore
    gate: QualityGate
    clock: Clock

    def stage(
        self, dataset: Dataset, rows: Iterable[SourceRow], *, source: str, progress: Progress = no_progress
    ) -> StagedLoad:
        """Put the rows beside their target, where the gate can look at them."""
        return self.loads.stage(dataset, rows, source=source, now=self.clock.now(), progress=progress)

    def finish(
        self,
        load: StagedLoad,
        *,
        complete: bool = False,
        removed_ids: frozenset[str] = frozenset(),
        watermark: str | None = None,
        progress: Progress = no_progress,
    ) -> LoadReport:
        """Judge a staged load and merge what passed.

        Raises
        ------
        LoadRefusedError
            The gate refuses the batch; nothing was changed.
        """
        progress(f"checking {load.dataset}", 0, load.row_count)
        verdict = self.gate.judge(load, now=self.clock.now(), complete=complete)
        progress(f"merging {load.dataset}", 0, load.row_count)
        counts = self.loads.merge(
            load, verdict, now=self.clock.now(), complete=complete, removed_ids=removed_ids, watermark=watermark
        )
        progress(f"merging {load.dataset}", load.row_count, load.row_count)
        return _report(load, verdict, counts)


def _report(load: StagedLoad, verdict: GateVerdict, counts: MergeCounts) -> LoadReport:
    return LoadReport(
        load_id=load.load_id,
        dataset=load.dataset,
        source=load.source,
        staged=load.row_count,
        counts=counts,
        row_failures=verdict.row_failures,
        warnings=tuple(f"{o.expectation}: {o.unexpected_count} row(s). {o.consequence}" for o in verdict.warnings),
    )
