"""What a rule about staged rows is: declared once, run by Great Expectations on batches and by plain SQL on events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cms.application.ports import Dataset, Severity, StagedLoad
from cms.config import GateSettings
from cms.domain.errors import InvalidValueError
from expectations.usual_orders import UsualOrders

STAGING_TABLES = {
    Dataset.CUSTOMERS: "staging_customers",
    Dataset.WINDOWS: "staging_windows",
    Dataset.ORDERS: "staging_orders",
}
"""Where the rows of a dataset wait for their gate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Staged:
    """The rows of one load in their staging table, and what their rules may compare them with.

    Parameters
    ----------
    tables : mapping of str to sa.Table
        Every table of the warehouse by name.
    now : datetime
        The instant that "in the future" is measured from.
    usual : UsualOrders
        What a load of orders is compared with, read before its rules are checked.
    unrepeated : frozenset of str
        Columns known to hold no value twice in the load: no rule need look for one.
    """

    load: StagedLoad
    tables: Mapping[str, sa.Table]
    now: datetime
    usual: UsualOrders = field(default_factory=UsualOrders)
    unrepeated: frozenset[str] = frozenset()

    @property
    def rows(self) -> sa.Table:
        """The staging table of the load's dataset."""
        return self.tables[STAGING_TABLES[self.load.dataset]]

    def __getitem__(self, column: str) -> sa.Column[Any]:
        return self.rows.c[column]

    @property
    def belongs(self) -> sa.ColumnElement[bool]:
        """Whether a row is one of this load."""
        return self["load_id"] == self.load.load_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What the business expects of data, whatever form the check takes.

    Parameters
    ----------
    name : str
        The business name, a sentence that holds when all is well.
    description : str
        What exactly is checked.
    column : str
        The column that is shown with a failure.
    consequence : str
        What happens to the business when it is broken.
    remedy : str
        What a steward does about it.
    """

    name: str
    description: str
    column: str
    severity: Severity
    consequence: str
    remedy: str

    @property
    def is_critical(self) -> bool:
        """Whether breaking it keeps data out."""
        return self.severity is Severity.CRITICAL


@dataclass(frozen=True, kw_only=True, slots=True)
class RowRule(Rule):
    """A rule that each row keeps or breaks by itself.

    Parameters
    ----------
    reason : str
        A sentence for a broken row; ``{column}`` names are filled from it.
    broken : callable
        Says in SQL which rows break it; unknown (NULL) counts as kept.
    is_suspicion : bool
        What breaks it may still be right: a steward who has asked may accept it.
    """

    reason: str
    broken: Callable[[Staged], sa.ColumnElement[bool]]
    is_suspicion: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadFacts:
    """What is known of a load as a whole.

    Parameters
    ----------
    rows, bad_rows : int
        All rows, and those that break a critical rule.
    filled : mapping of str to int
        Rows with a value, by required column.
    complete : bool
        Whether the load claims to be all that its source has.
    held_rows : int
        Rows of this source that the warehouse holds now.
    recent_rows : tuple of int
        Row counts of the source's latest merged loads, newest first.
    usual_hours, hours : mapping of int to int
        Earlier orders of the source, and those of the load, by the hour of the day; empty where too few are known.
    settings : GateSettings
        The limits of a batch.
    """

    rows: int
    bad_rows: int
    filled: Mapping[str, int] = field(default_factory=dict)
    complete: bool = False
    held_rows: int = 0
    recent_rows: tuple[int, ...] = ()
    usual_hours: Mapping[int, int] = field(default_factory=dict)
    hours: Mapping[int, int] = field(default_factory=dict)
    settings: GateSettings = field(default_factory=GateSettings)


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadRule(Rule):
    """A rule about a load as a whole; breaking a critical one refuses the load.

    Parameters
    ----------
    find : callable
        The sentence that says how it is broken, or "" where it is kept.
    """

    find: Callable[[LoadFacts], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """All that is expected of a dataset before it may be merged.

    Parameters
    ----------
    required : tuple of str
        Columns without which a row is of no use.
    keys : tuple of str
        Columns of which some rule asks whether a value stands in several rows.
    """

    dataset: Dataset
    title: str
    row_rules: tuple[RowRule, ...]
    load_rules: tuple[LoadRule, ...]
    required: tuple[str, ...]
    keys: tuple[str, ...] = ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule, those about rows first."""
        return (*self.row_rules, *self.load_rules)

    def accepting(self, accepted: frozenset[str]) -> "Suite":
        """The suite without the suspicions that a steward has accepted.

        Raises
        ------
        InvalidValueError
            One of them is no suspicion of this suite: nobody can accept that.
        """
        suspicions = {rule.name for rule in self.row_rules if rule.is_suspicion}
        for name in sorted(accepted - suspicions):
            known = ", ".join(repr(suspicion) for suspicion in sorted(suspicions)) or "none"
            raise InvalidValueError("accept", f"must be one of the suspicions of {self.key}: {known}", name)
        return replace(self, row_rules=tuple(rule for rule in self.row_rules if rule.name not in accepted))

    @property
    def key(self) -> str:
        """What the suite is known by in results: the table that it guards."""
        return self.dataset.value

    @property
    def about(self) -> str:
        """When the suite runs, and what its severities do."""
        return (
            f"Judged before rows enter {self.key}. A critical failure of a row holds that row back, one of the load "
            "refuses the load; a warning is reported."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """The warehouse as it stands, with the schedule that is published.

    Parameters
    ----------
    version : int
        The published version; 0: none is.
    """

    tables: Mapping[str, sa.Table]
    version: int
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class TableRule(Rule):
    """A rule about tables as they stand.

    Parameters
    ----------
    reason : str
        A sentence for a broken row; ``{column}`` names are filled from what `broken` selects.
    broken : callable
        Selects, in a fixed order, what breaks the rule.
    follows_facts : bool
        Facts that came after the schedule was made can break it, though the schedule is as good as it was.
    """

    reason: str
    broken: Callable[[Standing], sa.Select[Any]]
    follows_facts: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class DemandFacts:
    """What customers have ordered lately, and what they usually order.

    Parameters
    ----------
    recent_orders : int
        Orders of the last seven whole days.
    usual_orders : tuple of int
        Orders of each of the weeks before, newest first, from the first week that has any.
    recent_mix, usual_mix : mapping of str to int
        Orders by product family and size, of the last four weeks and of the weeks before.
    """

    recent_orders: int
    usual_orders: tuple[int, ...]
    recent_mix: Mapping[str, Mapping[str, int]]
    usual_mix: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class DemandRule(Rule):
    """A rule about demand as a whole.

    Parameters
    ----------
    find : callable
        The sentence that says how it is broken, or "" where it is kept.
    """

    find: Callable[[DemandFacts], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class TableSuite:
    """All that is expected of tables as they stand, once they have been published or loaded.

    Parameters
    ----------
    table : str
        The table that stands for the suite; its rows of the published version are the batch where it has versions.
    """

    key: str
    title: str
    about: str
    table: str
    rules: tuple[TableRule | DemandRule, ...]
