"""What the rules say in SQL, in words that mean the same on SQLite, PostgreSQL and SQL Server."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from expectations.rules import Staged


class DayAfter(FunctionElement[date]):
    """The UTC day of an instant, moved by a number of days: ``DayAfter(ordered_at, -1)`` is the day before."""

    type = sa.Date()
    inherit_cache = True

    def __init__(self, instant: sa.ColumnElement[datetime], days: int) -> None:
        super().__init__(instant, sa.literal(days))


@compiles(DayAfter, "sqlite")
def _day_after_on_sqlite(element: DayAfter, compiler: SQLCompiler, **kw: Any) -> str:
    instant, days = (compiler.process(part, **kw) for part in element.clauses)
    return f"date({instant}, {days} || ' days')"


@compiles(DayAfter, "postgresql")
def _day_after_on_postgresql(element: DayAfter, compiler: SQLCompiler, **kw: Any) -> str:
    instant, days = (compiler.process(part, **kw) for part in element.clauses)
    return f"(CAST({instant} AT TIME ZONE 'UTC' AS DATE) + CAST({days} AS INTEGER))"


@compiles(DayAfter, "mssql")
def _day_after_on_mssql(element: DayAfter, compiler: SQLCompiler, **kw: Any) -> str:
    instant, days = (compiler.process(part, **kw) for part in element.clauses)
    day = f"CAST(SWITCHOFFSET({instant}, '+00:00') AS date)"
    return _within_the_calendar(instant, f"DATEADD(day, {days}, {day})", day)


def _within_the_calendar(instant: str, moved: str, unmoved: str) -> str:
    # SQL Server stops the whole statement where a sum leaves the years 1 to 9999; another rule tells such an instant
    return f"(CASE WHEN {instant} >= '0010-01-01' AND {instant} < '9990-01-01' THEN {moved} ELSE {unmoved} END)"


class InstantAfter(FunctionElement[datetime]):
    """An instant moved by a number of seconds."""

    type = sa.DateTime(timezone=True)
    inherit_cache = True

    def __init__(self, instant: sa.ColumnElement[datetime], seconds: int) -> None:
        super().__init__(instant, sa.literal(seconds))


@compiles(InstantAfter, "sqlite")
def _instant_after_on_sqlite(element: InstantAfter, compiler: SQLCompiler, **kw: Any) -> str:
    instant, seconds = (compiler.process(part, **kw) for part in element.clauses)
    # instants are kept with six digits of a second; compared as text they must have them
    return f"(strftime('%Y-%m-%d %H:%M:%f', {instant}, {seconds} || ' seconds') || '000')"


@compiles(InstantAfter, "postgresql")
def _instant_after_on_postgresql(element: InstantAfter, compiler: SQLCompiler, **kw: Any) -> str:
    instant, seconds = (compiler.process(part, **kw) for part in element.clauses)
    return f"({instant} + make_interval(secs => {seconds}))"


@compiles(InstantAfter, "mssql")
def _instant_after_on_mssql(element: InstantAfter, compiler: SQLCompiler, **kw: Any) -> str:
    instant, seconds = (compiler.process(part, **kw) for part in element.clauses)
    return _within_the_calendar(instant, f"DATEADD(second, {seconds}, {instant})", instant)


class DaysBetween(FunctionElement[int]):
    """Days from one date to another."""

    type = sa.Integer()
    inherit_cache = True

    def __init__(self, first: sa.ColumnElement[date], last: sa.ColumnElement[date]) -> None:
        super().__init__(first, last)


@compiles(DaysBetween, "sqlite")
def _days_between_on_sqlite(element: DaysBetween, compiler: SQLCompiler, **kw: Any) -> str:
    first, last = (compiler.process(part, **kw) for part in element.clauses)
    return f"CAST(julianday({last}) - julianday({first}) AS INTEGER)"


@compiles(DaysBetween, "postgresql")
def _days_between_on_postgresql(element: DaysBetween, compiler: SQLCompiler, **kw: Any) -> str:
    first, last = (compiler.process(part, **kw) for part in element.clauses)
    return f"({last} - {first})"


@compiles(DaysBetween, "mssql")
def _days_between_on_mssql(element: DaysBetween, compiler: SQLCompiler, **kw: Any) -> str:
    first, last = (compiler.process(part, **kw) for part in element.clauses)
    return f"DATEDIFF(day, {first}, {last})"


class HourOf(FunctionElement[int]):
    """The hour of an instant, in UTC."""

    type = sa.Integer()
    inherit_cache = True

    def __init__(self, instant: sa.ColumnElement[datetime]) -> None:
        super().__init__(instant)


@compiles(HourOf, "sqlite")
def _hour_on_sqlite(element: HourOf, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(strftime('%H', {compiler.process(element.clauses, **kw)}) AS INTEGER)"


@compiles(HourOf, "postgresql")
def _hour_on_postgresql(element: HourOf, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(EXTRACT(HOUR FROM {compiler.process(element.clauses, **kw)} AT TIME ZONE 'UTC') AS INTEGER)"


@compiles(HourOf, "mssql")
def _hour_on_mssql(element: HourOf, compiler: SQLCompiler, **kw: Any) -> str:
    return f"DATEPART(hour, SWITCHOFFSET({compiler.process(element.clauses, **kw)}, '+00:00'))"


class WeekdayOf(FunctionElement[int]):
    """The weekday of a date, 0 for Monday, whatever the session's first day of the week is."""

    type = sa.Integer()
    inherit_cache = True

    def __init__(self, day: sa.ColumnElement[date]) -> None:
        super().__init__(day)


@compiles(WeekdayOf, "sqlite")
def _weekday_on_sqlite(element: WeekdayOf, compiler: SQLCompiler, **kw: Any) -> str:
    return f"((CAST(strftime('%w', {compiler.process(element.clauses, **kw)}) AS INTEGER) + 6) % 7)"


@compiles(WeekdayOf, "postgresql")
def _weekday_on_postgresql(element: WeekdayOf, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(CAST(EXTRACT(ISODOW FROM {compiler.process(element.clauses, **kw)}) AS INTEGER) - 1)"


@compiles(WeekdayOf, "mssql")
def _weekday_on_mssql(element: WeekdayOf, compiler: SQLCompiler, **kw: Any) -> str:
    # day 0 of SQL Server, 1 January 1900, was a Monday
    return f"(DATEDIFF(day, 0, {compiler.process(element.clauses, **kw)}) % 7)"


class DistinctValues(FunctionElement[int]):
    """How many different texts a column holds, as the engine's own comparison sees them."""

    type = sa.Integer()
    inherit_cache = True

    def __init__(self, text: sa.ColumnElement[str]) -> None:
        super().__init__(text)


@compiles(DistinctValues)
def _distinct_values(element: DistinctValues, compiler: SQLCompiler, **kw: Any) -> str:
    return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"


@compiles(DistinctValues, "postgresql")
def _distinct_values_on_postgresql(element: DistinctValues, compiler: SQLCompiler, **kw: Any) -> str:
    # equal is what has equal bytes, whatever the order of the language is; bytes are sorted several times faster
    return f'count(DISTINCT {compiler.process(element.clauses, **kw)} COLLATE "C")'


class Condition(FunctionElement[bool]):
    """What holds or not, in each engine's own words; SQL Server refuses such words beside a ``= 1``."""

    type = sa.Boolean()
    inherit_cache = True
    _is_implicitly_boolean = True  # said as it is, as SQLAlchemy says its own comparisons


class HidesBlanks(Condition):
    """Whether a text ends in blanks that the engine's comparisons do not see: on SQL Server ``'C1 ' = 'C1'``."""

    inherit_cache = True

    def __init__(self, text: sa.ColumnElement[str]) -> None:
        super().__init__(text)


@compiles(HidesBlanks)
def _hides_no_blanks(_element: HidesBlanks, _compiler: SQLCompiler, **_kw: Any) -> str:
    return "(1 = 0)"


@compiles(HidesBlanks, "mssql")
def _hides_blanks_on_mssql(element: HidesBlanks, compiler: SQLCompiler, **kw: Any) -> str:
    text = compiler.process(element.clauses, **kw)
    return f"(DATALENGTH(RTRIM({text})) <> DATALENGTH({text}))"


_CONTROL = "\x01-\x1f\x7f-\x9f"
_WINDOWS_1252 = (
    "\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d"
    "\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178"
)
_TWICE_ENCODED = f"[\xc2\xc3\xc4\xc5\xd0\xd1\xe2][\x80-\xbf{_WINDOWS_1252}]"


class HoldsMoreThanPlainCharacters(Condition):
    """Whether a text has anything but the visible characters of ASCII: one cheap look that most keys pass."""

    inherit_cache = True

    def __init__(self, text: sa.ColumnElement[str]) -> None:
        super().__init__(text)


@compiles(HoldsMoreThanPlainCharacters, "sqlite")
def _holds_more_on_sqlite(element: HoldsMoreThanPlainCharacters, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({compiler.process(element.clauses, **kw)} GLOB '*[^!-~]*')"


@compiles(HoldsMoreThanPlainCharacters, "postgresql")
def _holds_more_on_postgresql(element: HoldsMoreThanPlainCharacters, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({compiler.process(element.clauses, **kw)} COLLATE \"C\" ~ '[^!-~]')"


@compiles(HoldsMoreThanPlainCharacters, "mssql")
def _holds_more_on_mssql(element: HoldsMoreThanPlainCharacters, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({compiler.process(element.clauses, **kw)} COLLATE Latin1_General_100_BIN2 LIKE N'%[^!-~]%')"


class IsGarbled(Condition):
    """Whether a text went through a wrong encoding: replacement and control characters, UTF-8 read as Latin-1."""

    inherit_cache = True

    def __init__(self, text: sa.ColumnElement[str]) -> None:
        super().__init__(text)


@compiles(IsGarbled, "sqlite")
def _is_garbled_on_sqlite(element: IsGarbled, compiler: SQLCompiler, **kw: Any) -> str:
    text = compiler.process(element.clauses, **kw)
    return f"({text} GLOB '*[\ufffd{_CONTROL}]*' OR {text} GLOB '*{_TWICE_ENCODED}*')"


@compiles(IsGarbled, "postgresql")
def _is_garbled_on_postgresql(element: IsGarbled, compiler: SQLCompiler, **kw: Any) -> str:
    text = compiler.process(element.clauses, **kw)
    return f"({text} ~ '[\ufffd{_CONTROL}]|{_TWICE_ENCODED}')"


@compiles(IsGarbled, "mssql")
def _is_garbled_on_mssql(element: IsGarbled, compiler: SQLCompiler, **kw: Any) -> str:
    # a binary collation compares code points: without it SQL Server folds accents and ignores U+FFFD
    text = f"{compiler.process(element.clauses, **kw)} COLLATE Latin1_General_100_BIN2"
    return f"({text} LIKE N'%[\ufffd{_CONTROL}]%' OR {text} LIKE N'%{_TWICE_ENCODED}%')"


_FRACTIONS = ("", ".[0-9][0-9][0-9]", ".[0-9][0-9][0-9][0-9][0-9][0-9]")
_OFFSET_MARKS = tuple(f':[0-9][0-9]:[0-9][0-9]{part}[+-][0-9][0-9]:[0-9][0-9]"' for part in _FRACTIONS)


class BearsAnOffset(Condition):
    """Whether a row, as its source sent it, has an instant that ends in an offset: ``08:00:00+05:00``.

    A cheap look at its last part settles nearly every row.
    """

    inherit_cache = True

    def __init__(self, raw: sa.ColumnElement[str]) -> None:
        super().__init__(raw)


@compiles(BearsAnOffset, "sqlite")
def _bears_an_offset_on_sqlite(element: BearsAnOffset, compiler: SQLCompiler, **kw: Any) -> str:
    raw = compiler.process(element.clauses, **kw)
    exact = " OR ".join(f"{raw} GLOB '*{mark}*'" for mark in _OFFSET_MARKS)
    return f"({raw} GLOB '*:[0-9][0-9]\"*' AND ({exact}))"


@compiles(BearsAnOffset, "postgresql")
def _bears_an_offset_on_postgresql(element: BearsAnOffset, compiler: SQLCompiler, **kw: Any) -> str:
    (text,) = element.clauses
    raw = compiler.process(text, **kw)
    at_first_sight = compiler.process(text.like('%:__"%'), **kw)
    exact = "|".join(mark.replace(".", "[.]") for mark in _OFFSET_MARKS)
    return f"({at_first_sight} AND {raw} COLLATE \"C\" ~ '{exact}')"


@compiles(BearsAnOffset, "mssql")
def _bears_an_offset_on_mssql(element: BearsAnOffset, compiler: SQLCompiler, **kw: Any) -> str:
    raw = f"{compiler.process(element.clauses, **kw)} COLLATE Latin1_General_100_BIN2"
    return "(" + " OR ".join(f"{raw} LIKE N'%{mark}%'" for mark in _OFFSET_MARKS) + ")"


def never() -> sa.ColumnElement[bool]:
    """What holds for no row; SQL Server has no word for false where a condition stands."""
    return sa.literal_column("1") == sa.literal_column("0")


def is_blank(text: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a text has nothing to read."""
    return sa.func.trim(text) == ""


def is_missing(staged: Staged, column: str) -> sa.ColumnElement[bool]:
    """Whether a field is empty though it could be read: an unreadable one is told by its own rule."""
    return sa.and_(staged[column].is_(None), staged["problems"].is_(None))


def is_outside(column: sa.ColumnElement[Any], low: object, high: object) -> sa.ColumnElement[bool]:
    """Whether a value lies below `low` or above `high`."""
    return sa.or_(column < low, column > high)


def is_unclean_key(text: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a key cannot be trusted to be equal to itself: blank, padded or garbled."""
    suspicious = sa.or_(sa.func.trim(text) != text, HidesBlanks(text), IsGarbled(text))
    return sa.or_(text == "", sa.and_(HoldsMoreThanPlainCharacters(text), suspicious))


def is_unclean_text(text: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a text that people read is garbled."""
    return IsGarbled(text)


def has_conflicting_rows(staged: Staged, key: str) -> sa.ColumnElement[bool]:
    """Whether the load says different things about one key, and nothing tells which is the newest.

    Identical rows are one row delivered twice. Different rows with different update instants are a history, of which
    the newest counts. What is left contradicts itself: different rows of the same instant, or of none.
    """
    if key in staged.unrepeated:
        return never()
    rows = staged.rows.alias("same_key")
    different = (
        sa.select(staged[key])
        .where(staged.belongs, staged[key].is_not(None))
        .group_by(staged[key])
        .having(sa.func.min(staged["row_hash"]) != sa.func.max(staged["row_hash"]))
    )
    # the finer grouping looks only at the few keys whose rows differ
    by_instant = (
        sa.select(
            rows.c[key].label("key"),
            rows.c.source_updated_at.label("instant"),
            sa.case((sa.func.min(rows.c.row_hash) != sa.func.max(rows.c.row_hash), 1), else_=0).label("differs"),
        )
        .where(rows.c.load_id == staged.load.load_id, rows.c[key].in_(different))
        .group_by(rows.c[key], rows.c.source_updated_at)
        .subquery()
    )
    same_instant_differs = sa.func.max(by_instant.c.differs) == 1
    instant_is_unknown = sa.func.count(by_instant.c.instant) < sa.func.count()
    contradicted = (
        sa.select(by_instant.c.key).group_by(by_instant.c.key).having(sa.or_(same_instant_differs, instant_is_unknown))
    )
    return staged[key].in_(contradicted)


def stands_under_several(staged: Staged, key: str, other: str) -> sa.ColumnElement[bool]:
    """Whether one value of `key` comes with several values of `other` in the load."""
    if key in staged.unrepeated:
        return never()
    doubled = (
        sa.select(staged[key])
        .where(staged.belongs, staged[key].is_not(None))
        .group_by(staged[key])
        .having(sa.func.min(staged[other]) != sa.func.max(staged[other]))
    )
    return staged[key].in_(doubled)


def is_a_known_source(staged: Staged) -> sa.ColumnElement[bool]:
    """Whether anything is known of the load's source: asked once, so that a first load is not looked up row by row."""
    told = staged.tables["order_source_records"].alias("told_before")
    return sa.exists(sa.select(sa.literal(1)).select_from(told).where(told.c.source_system == staged.load.source))


def is_unknown(column: sa.ColumnElement[Any], known: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a value is not among those of another table's key; nothing is told by its own rule."""
    # nothing would be "not in" an empty table
    return sa.and_(column.is_not(None), column.not_in(sa.select(known)))


def is_not_one_of(column: sa.ColumnElement[str], allowed: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether a value is none of the words that are allowed."""
    return sa.or_(column.not_in(list(allowed)), HidesBlanks(column))
