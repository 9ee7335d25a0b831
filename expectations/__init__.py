"""Great Expectations: one suite a module, and the gate that runs them on staged rows.

Importing this package is light; Great Expectations itself is imported by the first judgement.
"""

from expectations.direct import DirectGate
from expectations.gate import Gate
from expectations.suites import all_suites, suite_of
from expectations.verdicts import TableVerdict

__all__ = ["DirectGate", "Gate", "TableVerdict", "all_suites", "suite_of"]
