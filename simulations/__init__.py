"""A SimPy model of the plant that replays demand through the real engine: scenarios in, estimates with intervals out.

A question is asked in three steps: a history, a scenario, a study::

    history = load_history()
    study = run_study(read_scenario("peak_season"), history)
    print(study.estimate("otif"))
"""

from simulations.conclusion import Conclusion
from simulations.forecast import CapacityWeek, DemandForecast, forecast_capacity, forecast_demand
from simulations.generated_history import generate_history
from simulations.history import load_history, load_history_file
from simulations.history_choice import describe_history, open_history
from simulations.order_history import History, make_history
from simulations.results import ReplicationResult, StudyError
from simulations.scenario import Scenario
from simulations.scenario_file import library_names, read_scenario, scenario_document, scenario_from
from simulations.sensitivity import GridPoint, run_grid
from simulations.sizing import Lever, ServiceTarget, Sizing, size_capacity
from simulations.statistics import Estimate, estimate, mser5_warm_up, paired_difference, replications_needed
from simulations.study import Comparison, Precision, Study, compare_scenarios, compare_studies, run_study
from simulations.transit_delays import DelayDistribution, TransitDelays, load_delays
from simulations.validation import LatenessValidation, compare_lateness, validate_lateness

__all__ = [
    "CapacityWeek",
    "Comparison",
    "Conclusion",
    "DelayDistribution",
    "DemandForecast",
    "Estimate",
    "GridPoint",
    "History",
    "LatenessValidation",
    "Lever",
    "Precision",
    "ReplicationResult",
    "Scenario",
    "ServiceTarget",
    "Sizing",
    "Study",
    "StudyError",
    "TransitDelays",
    "compare_lateness",
    "compare_scenarios",
    "compare_studies",
    "describe_history",
    "estimate",
    "forecast_capacity",
    "forecast_demand",
    "generate_history",
    "library_names",
    "load_delays",
    "load_history",
    "load_history_file",
    "make_history",
    "mser5_warm_up",
    "open_history",
    "paired_difference",
    "read_scenario",
    "replications_needed",
    "run_grid",
    "run_study",
    "scenario_document",
    "scenario_from",
    "size_capacity",
    "validate_lateness",
]
