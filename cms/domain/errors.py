"""The ways the business says no: a refusal names the field, the rule, the value and, where there is one, the remedy."""

from datetime import date
from decimal import Decimal


class CmsError(Exception):
    """Anything this system refuses on purpose. Its message is written for the person who has to act on it.

    Attributes
    ----------
    exit_status : int
        What a command that ends with this error returns to the shell.
    """

    exit_status = 1


class InvalidValueError(CmsError, ValueError):
    """A value breaks a rule of the business.

    Parameters
    ----------
    field : str
        Where the value stands, as its user would write it (``orders[3].quantity``).
    rule : str
        The rule, as a sentence part (``must be more than 0``).
    value : object
        What was found.
    """

    exit_status = 2

    def __init__(self, field: str, rule: str, value: object) -> None:
        super().__init__(field, rule, value)
        self.field = field
        self.rule = rule
        self.value = value

    def __str__(self) -> str:
        found = str(self.value) if isinstance(self.value, Decimal | date) else repr(self.value)
        return f"{self.field}: {self.rule}, found {found}"

    def within(self, prefix: str) -> "InvalidValueError":
        """The same refusal, placed inside a larger structure: ``prefix.field``."""
        return InvalidValueError(f"{prefix}.{self.field}", self.rule, self.value)


class InfeasiblePlanError(CmsError):
    """What is already frozen cannot be kept: the plan is infeasible before any new decision is taken."""

    exit_status = 3


class ScheduleViolationError(CmsError):
    """A schedule breaks a hard rule; it may not be published.

    Parameters
    ----------
    violations : tuple of str
        One sentence for each broken rule.
    """

    exit_status = 4

    def __init__(self, violations: tuple[str, ...]) -> None:
        super().__init__(violations)
        self.violations = violations

    def __str__(self) -> str:
        shown = "\n  ".join(self.violations[:20])
        more = f"\n  … and {len(self.violations) - 20} more" if len(self.violations) > 20 else ""
        return f"{len(self.violations)} violation(s); nothing was published:\n  {shown}{more}"


class LoadRefusedError(CmsError):
    """A batch as a whole failed its gate: nothing of it was written.

    Parameters
    ----------
    table : str
        The target table.
    load_id : str
        The refused load, for ``cms quality show``.
    reasons : tuple of str
        One sentence for each critical failure.
    """

    exit_status = 5

    def __init__(self, table: str, load_id: str, reasons: tuple[str, ...]) -> None:
        super().__init__(table, load_id, reasons)
        self.table = table
        self.load_id = load_id
        self.reasons = reasons

    def __str__(self) -> str:
        listed = "; ".join(self.reasons)
        return f"load {self.load_id} of {self.table} refused, nothing was changed: {listed}"


class SourceError(CmsError):
    """A source could not be read: unreachable, unauthorised, or not in the form its mapping describes."""

    exit_status = 6


class WarehouseError(CmsError):
    """The warehouse could not be reached, is full, or has a schema that this program does not know."""

    exit_status = 7


class ConfigurationError(CmsError):
    """Settings are wrong; every wrong key is listed at once.

    Parameters
    ----------
    problems : tuple of str
        One sentence for each wrong key or value.
    what : str
        What is wrong, as the beginning of a sentence.
    """

    exit_status = 2

    def __init__(self, problems: tuple[str, ...], *, what: str = "settings are") -> None:
        super().__init__(problems)
        self.problems = problems
        self.what = what

    def __str__(self) -> str:
        return f"{self.what} not usable:\n  " + "\n  ".join(self.problems)


class NotFoundError(CmsError):
    """Something was named that does not exist: an order, a version, a quote.

    Parameters
    ----------
    what : str
        The kind of thing (``order``).
    key : str
        The name that was given.
    remedy : str
        How to find the right name.
    """

    exit_status = 8

    def __init__(self, what: str, key: str, remedy: str = "") -> None:
        super().__init__(what, key, remedy)
        self.what = what
        self.key = key
        self.remedy = remedy

    def __str__(self) -> str:
        return f"no {self.what} {self.key!r}" + (f"; {self.remedy}" if self.remedy else "")


class StaleScheduleError(CmsError):
    """Somebody else published a schedule meanwhile; plan again on the new one.

    Parameters
    ----------
    expected, found : int
        The version that was to be replaced, and the one that is published now.
    """

    exit_status = 9

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(expected, found)
        self.expected = expected
        self.found = found

    def __str__(self) -> str:
        return f"schedule version {self.found} was published while planning on {self.expected}; plan again"


class ScheduleRolledBackError(CmsError):
    """A schedule was found wrong after its publication.

    Parameters
    ----------
    outcome : str
        What was done about it, in a sentence.
    failures : tuple of str
        One sentence for each thing that is wrong.
    """

    exit_status = 15

    def __init__(self, outcome: str, failures: tuple[str, ...]) -> None:
        super().__init__(outcome, failures)
        self.outcome = outcome
        self.failures = failures

    def __str__(self) -> str:
        listed = "\n  ".join(self.failures)
        return f"{self.outcome}:\n  {listed}\nwhat to do: docs/admin/runbook.md"


class NotificationError(CmsError):
    """A notice could not be sent.

    Parameters
    ----------
    message : str
        What the channel answered, without its secrets.
    is_permanent : bool
        Whether another try is useless (a malformed address, an unknown channel).
    """

    exit_status = 10

    def __init__(self, message: str, *, is_permanent: bool = False) -> None:
        super().__init__(message)
        self.is_permanent = is_permanent


class StoredCopyError(CmsError):
    """A backup or an archive cannot be written or read, is damaged or incomplete, or does not fit the warehouse."""

    exit_status = 14
