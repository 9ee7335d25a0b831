"""Planners' questions: the studies that answer them, and the answers in words."""

from simulations.questions.capacity import conclude_capacity
from simulations.questions.demand import conclude_demand
from simulations.questions.fence import conclude_fence, study_fences
from simulations.questions.overtime import OvertimeOrHire, conclude_overtime, study_overtime_or_hire
from simulations.questions.peak import PeakStudy, conclude_peak, study_peak
from simulations.questions.scenarios import question_scenario
from simulations.questions.validation import conclude_validation

__all__ = [
    "OvertimeOrHire",
    "PeakStudy",
    "conclude_capacity",
    "conclude_demand",
    "conclude_fence",
    "conclude_overtime",
    "conclude_peak",
    "conclude_validation",
    "question_scenario",
    "study_fences",
    "study_overtime_or_hire",
    "study_peak",
]
