"""Orders from a source into the order book."""

from cms.application.gated_load import GatedLoader, LoadReport
from cms.application.ports import Dataset, OrderSource, Progress, SourceBatch, no_progress


def sync_orders(
    source: OrderSource, loader: GatedLoader, *, full: bool = False, progress: Progress = no_progress
) -> LoadReport:
    """Load what is new of a source's orders.

    Parameters
    ----------
    full : bool
        Read everything, not only what changed since the watermark.

    Raises
    ------
    SourceError, LoadRefusedError
    """
    watermark = None if full else loader.loads.watermark(Dataset.ORDERS, source.name)
    return load_orders(source.read(watermark=watermark, progress=progress), loader, progress=progress)


def load_orders(batch: SourceBatch, loader: GatedLoader, *, progress: Progress = no_progress) -> LoadReport:
    """Load a batch of orders.

    Raises
    ------
    SourceError, LoadRefusedError
    """
    load = loader.stage(Dataset.ORDERS, batch.rows, source=batch.source, progress=progress)
    return loader.finish(
        load,
        complete=batch.complete(),
        removed_ids=batch.removed_ids(),
        watermark=batch.watermark(),
        progress=progress,
    )
