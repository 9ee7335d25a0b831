"""The engine: a scheduling problem in, a schedule with its proof out."""

from cms.scheduling.engine import build_schedule
from cms.scheduling.problem import SchedulingProblem
from cms.scheduling.result import Method, SchedulingResult, SolveStatus

__all__ = ["Method", "SchedulingProblem", "SchedulingResult", "SolveStatus", "build_schedule"]
