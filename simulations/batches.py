"""A study in pieces for other machines: each piece goes out as bytes, and its results come back to the kept ones."""

import pickle
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from simulations.kept_replications import KeptReplications
from simulations.order_history import History
from simulations.replication import Model, build_model, run_replication
from simulations.results import ReplicationResult
from simulations.scenario import Scenario


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some replications of one model that nobody has run yet."""

    model: Model
    numbers: tuple[int, ...]
    kept: KeptReplications

    def packed(self) -> bytes:
        """All that another machine with this program needs to run it."""
        return zlib.compress(pickle.dumps((self.model, self.numbers)), level=1)


def missing_batches(
    scenarios: Iterable[Scenario], history: History, *, replications: int | None, folder: Path, size: int
) -> Iterator[Batch]:
    """What is missing of the studies of these scenarios, in batches of `size` replications.

    Parameters
    ----------
    replications : int, optional
        None: as each scenario says.
    folder : Path
        Where studies are kept; a study on these scenarios finds everything there when the batches are done.
    """
    for scenario in scenarios:
        model = build_model(scenario, history)
        kept = KeptReplications.of(model, folder)
        missing = kept.missing(range(scenario.run.replications if replications is None else replications))
        for start in range(0, len(missing), size):
            yield Batch(model=model, numbers=tuple(missing[start : start + size]), kept=kept)


def run_packed(packed: bytes) -> list[ReplicationResult]:
    """The results of a packed batch: the same bits on every machine.

    The bytes must come from `Batch.packed` of this program: unpacking runs what they say.
    """
    model, numbers = pickle.loads(zlib.decompress(packed))  # noqa: S301 - from our own flow, as Dask's own messages
    return [run_replication(model, number) for number in numbers]
