"""Finished replications on disk: each study has a folder of its own, named by its scenario and its fingerprint."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cms import __version__
from simulations.replication import Model
from simulations.results import ReplicationResult, read_result, result_path, write_result
from simulations.scenario_file import scenario_document

LONGEST_NAME = 60
"""Letters of a scenario's name in the name of its folder."""


@dataclass(frozen=True, kw_only=True)
class KeptReplications:
    """The replications of one study that are kept.

    Parameters
    ----------
    folder : Path, optional
        Of this study alone; None: nothing is kept.
    fingerprint : str
        Of the study: a file with another one is never taken for its own.
    """

    folder: Path | None
    fingerprint: str

    @classmethod
    def of(cls, model: Model, folder: Path | None) -> "KeptReplications":
        """Those of a model, below the folder of all studies."""
        fingerprint = study_fingerprint(model)
        return cls(folder=study_folder(folder, model, fingerprint) if folder else None, fingerprint=fingerprint)

    def found(self, numbers: Iterable[int]) -> dict[int, ReplicationResult]:
        """What is there of the named replications.

        Raises
        ------
        StudyError
            A file is damaged, or was put there from another study.
        """
        return {number: read_result(path, self.fingerprint) for number, path in self._paths(numbers) if path.exists()}

    def missing(self, numbers: Iterable[int]) -> list[int]:
        """What is not there of the named replications."""
        if self.folder is None:
            return list(numbers)
        return [number for number, path in self._paths(numbers) if not path.exists()]

    def add(self, result: ReplicationResult) -> None:
        """Keep a replication; its file appears whole or not at all."""
        if self.folder is not None:
            write_result(self.folder, result, self.fingerprint)

    def _paths(self, numbers: Iterable[int]) -> Iterator[tuple[int, Path]]:
        if self.folder is not None:
            yield from ((number, result_path(self.folder, number)) for number in numbers)


def study_folder(folder: Path, model: Model, fingerprint: str) -> Path:
    """Where a study is kept below the folder of all studies: the same study always in the same place."""
    return folder / f"{folder_name(model.scenario.name)}-{fingerprint[:12]}"


def folder_name(name: str) -> str:
    """The name of a scenario as a folder may have it.

    Examples
    --------
    >>> folder_name("base (demand.factor=1.2)"), folder_name("../..")
    ('base-demand.factor=1.2', 'study')
    """
    return re.sub(r"[^\w.=-]+", "-", name)[:LONGEST_NAME].strip("-.") or "study"


def study_fingerprint(model: Model) -> str:
    """A digest of all that decides the figures: results with another one are of another study."""
    document = scenario_document(model.scenario)
    del document["question"]
    document["run"] = {"seed": model.scenario.run.seed, "warm_up_days": model.scenario.run.warm_up_days}
    digest = hashlib.sha256(json.dumps(document, default=str, sort_keys=True).encode())
    for part in _history_parts(model):
        digest.update(repr(part).encode())
    return digest.hexdigest()


def _history_parts(model: Model) -> Iterator[object]:
    """What of the history decides, in an order that does not depend on the process."""
    history = model.history
    yield __version__, model.period, model.delays, model.forecast
    for order in history.orders:
        yield (
            order.order_id,
            order.customer_id,
            order.order_type.value,
            order.priority,
            order.product_family,
            order.quantity,
            order.ordered_at.timestamp(),
            order.due_date,
            order.release_date,
        )
    for customer_id in sorted(history.customers):
        one = history.customers[customer_id]
        terms = (one.transit_days, one.max_early_days, one.allows_split, one.windows)
        yield customer_id, *terms, sorted(one.blackout_dates)
    for resource in history.resources:
        hours = (resource.regular_hours, resource.overtime_hours, sorted(resource.working_weekdays))
        yield resource.resource_id, *hours, resource.overtime_cost_per_hour
    yield history.routings, history.exceptions, history.default_windows, sorted(history.default_routing.items())
