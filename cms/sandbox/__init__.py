"""A local stand-in for monday.com and for order management, over a generated company."""

from cms.sandbox.clock import SandboxClock
from cms.sandbox.company import Company, CompanyOptions, generate_company
from cms.sandbox.faults import FaultKind, FaultRule, Faults, parse_faults, random_faults
from cms.sandbox.server import (
    MONDAY_TOKEN,
    ORDERS_TOKEN,
    SIGNING_SECRET,
    Sandbox,
    SandboxError,
    SandboxOptions,
    running_sandbox,
    serve_forever,
)

__all__ = [
    "MONDAY_TOKEN",
    "ORDERS_TOKEN",
    "SIGNING_SECRET",
    "Company",
    "CompanyOptions",
    "FaultKind",
    "FaultRule",
    "Faults",
    "Sandbox",
    "SandboxClock",
    "SandboxError",
    "SandboxOptions",
    "generate_company",
    "parse_faults",
    "random_faults",
    "running_sandbox",
    "serve_forever",
]
