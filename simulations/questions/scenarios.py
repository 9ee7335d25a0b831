"""The scenario that a question is put to: of the library or a file, run as long and as often as the planner says."""

from dataclasses import replace
from datetime import date

from cms.domain.errors import InvalidValueError
from simulations.scenario import Scenario
from simulations.scenario_file import read_scenario


def question_scenario(
    name: str = "base",
    *,
    start: str = "",
    days: int = 98,
    warm_up_days: int = 28,
    replications: int = 5,
    seed: int = 1,
    delays_file: str = "",
) -> Scenario:
    """The scenario `name` with a run of one's own.

    Parameters
    ----------
    name : str
        Of the library, or the path of a file.
    start : str
        First day (``2011-10-01``); empty: so that the run ends with the history, or, with `days` 0, as the scenario
        says.
    days : int
        Length of the run; 0: as the scenario says.
    delays_file : str
        Deliveries with scheduled and actual dates, whose delays the goods then have on their way; empty: as the
        scenario has it.

    Raises
    ------
    ConfigurationError
    InvalidValueError
    NotFoundError
    """
    scenario = read_scenario(name)
    run = replace(
        scenario.run,
        start=_start(scenario, start, days),
        days=days or scenario.run.days,
        warm_up_days=warm_up_days,
        replications=replications,
        seed=seed,
    )
    transit = replace(scenario.transit, delays_file=delays_file) if delays_file else scenario.transit
    return replace(scenario, run=run, transit=transit)


def _start(scenario: Scenario, start: str, days: int) -> date | None:
    if not start:
        return None if days else scenario.run.start
    try:
        return date.fromisoformat(start)
    except ValueError:
        raise InvalidValueError("start", "must be a date such as 2011-10-01", start) from None
