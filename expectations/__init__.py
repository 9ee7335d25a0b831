"""Great Expectations: one suite a module, and the gate that runs them on staged rows.

Importing this package is light; Great Expectations itself is imported by the first judgement.
"""

from expectations.gate import DirectGate, Gate
from expectations.suites import all_suites, suite_of

__all__ = ["DirectGate", "Gate", "all_suites", "suite_of"]
