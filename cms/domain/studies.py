"""What a simulation study found, as it is kept: its scenario, its run, and each measure with its interval."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyFigure:
    """A measure of a study, with its confidence interval.

    Parameters
    ----------
    half_width : float, optional
        None after a single replication, which says nothing about chance.
    level : float
        Confidence, between 0 and 1.
    """

    measure: str
    mean: float
    half_width: float | None
    level: float
    replications: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyRecord:
    """What a simulation study found, and on what.

    Parameters
    ----------
    study_id : str
        A digest of all that decides its figures: the same study has the same id.
    baseline_id : str, optional
        Of the study that this one is compared with: the figures are then differences to it, replication by replication.
    history : str
        Where its orders come from.
    parameters : str
        The whole scenario, as JSON.
    """

    study_id: str
    scenario: str
    question: str
    history: str
    first_day: date
    days: int
    warm_up_days: int
    seed: int
    replications: int
    parameters: str
    figures: tuple[StudyFigure, ...]
    baseline_id: str | None = None
