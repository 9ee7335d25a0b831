"""Studies as the warehouse keeps them: who is who by digest, the scenario as JSON, each measure with its interval."""

import hashlib
import json
import math
from collections.abc import Mapping

from cms.domain.studies import StudyFigure, StudyRecord
from simulations.kept_replications import study_fingerprint
from simulations.scenario_file import scenario_document
from simulations.statistics import Estimate
from simulations.study import Comparison, Study


def study_record(study: Study) -> StudyRecord:
    """What a study found."""
    return _record(study, study_fingerprint(study.model), study.estimates())


def comparison_records(comparison: Comparison) -> tuple[StudyRecord, StudyRecord, StudyRecord]:
    """Both studies, and by how much the second exceeds the first."""
    first, second = study_record(comparison.first), study_record(comparison.second)
    both = hashlib.sha256(f"{first.study_id} {second.study_id}".encode()).hexdigest()
    difference = _record(comparison.second, both, comparison.differences, baseline_id=first.study_id)
    return first, second, difference


def _record(
    study: Study, study_id: str, estimates: Mapping[str, Estimate], *, baseline_id: str | None = None
) -> StudyRecord:
    scenario, period = study.scenario, study.model.period
    return StudyRecord(
        study_id=study_id,
        baseline_id=baseline_id,
        scenario=scenario.name,
        question=scenario.question,
        history=study.model.history.name,
        first_day=period.start,
        days=period.days,
        warm_up_days=scenario.run.warm_up_days,
        seed=scenario.run.seed,
        replications=len(study.results),
        parameters=json.dumps(scenario_document(scenario), default=str, ensure_ascii=False),
        figures=tuple(study_figure(name, one) for name, one in sorted(estimates.items())),
    )


def study_figure(measure: str, found: Estimate) -> StudyFigure:
    """A measure with its interval; after one replication there is none."""
    return StudyFigure(
        measure=measure,
        mean=found.mean,
        half_width=found.half_width if math.isfinite(found.half_width) else None,
        level=found.level,
        replications=found.replications,
    )
