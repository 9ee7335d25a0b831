"""Customers and their delivery windows, from a source into the warehouse."""

from collections.abc import Iterable, Iterator

from cms.application.gated_load import GatedLoader, LoadReport
from cms.application.ports import CustomerSource, Dataset, Progress, SourceBatch, SourceRow, no_progress


def sync_customers(
    source: CustomerSource, loader: GatedLoader, *, full: bool = False, progress: Progress = no_progress
) -> tuple[LoadReport, ...]:
    """Load what is new of a source's customers, then of their windows.

    Parameters
    ----------
    full : bool
        Read everything, not only what changed since the watermark.

    Returns
    -------
    tuple of LoadReport
        One for the customers, one for the windows.

    Raises
    ------
    SourceError, LoadRefusedError

    Notes
    -----
    The watermark moves with the windows, which are merged last: after a crash between the two loads the next run
    reads the same customers again, and finds most of them unchanged.
    """
    watermark = None if full else loader.loads.watermark(Dataset.WINDOWS, source.name)
    return load_customers(source.read(watermark=watermark, progress=progress), loader, progress=progress)


def load_customers(
    batch: SourceBatch, loader: GatedLoader, *, progress: Progress = no_progress
) -> tuple[LoadReport, ...]:
    """Load a batch of customers, then their windows.

    Raises
    ------
    SourceError, LoadRefusedError
    """
    seen: set[str] = set()
    customers = loader.stage(Dataset.CUSTOMERS, _noting(batch.rows, seen), source=batch.source, progress=progress)
    customer_report = loader.finish(
        customers, complete=batch.complete(), removed_ids=batch.removed_ids(), progress=progress
    )
    with_windows: set[str] = set()
    windows = loader.stage(
        Dataset.WINDOWS, _noting(batch.windows(), with_windows), source=batch.source, progress=progress
    )
    window_report = loader.finish(
        windows, removed_ids=frozenset(seen - with_windows), watermark=batch.watermark(), progress=progress
    )
    return customer_report, window_report


def _noting(rows: Iterable[SourceRow], seen: set[str]) -> Iterator[SourceRow]:
    """The same rows, their customer ids noted on the way."""
    for row in rows:
        customer_id = row.values.get("customer_id")
        if customer_id is not None:
            seen.add(str(customer_id))
        yield row
