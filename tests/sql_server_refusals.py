"""What SQL Server refuses in a statement, read off its words: for statements that only other engines have run.

It is no parser. It knows the words and forms that SQLite, PostgreSQL or servers that speak for SQL Server take and it
does not; the numbers are those of its errors.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.mssql import pyodbc

MOST_PARAMETERS = 2_100
_DIALECT = pyodbc.dialect(paramstyle="qmark")  # type: ignore[no-untyped-call]
_AGGREGATES = r"sum|count|min|max|avg"
_FUNCTIONS = frozenset(
    {"abs", "avg", "cast", "coalesce", "count", "datalength", "dateadd", "datediff", "datepart", "len", "max"}
    | {"min", "nullif", "replace", "round", "row_number", "rtrim", "sum", "switchoffset", "trim"}
)
"""What the program calls, and SQL Server 2017 knows; a new one is looked up there before it is added."""
_WORDS_BEFORE_BRACKETS = frozenset(
    {"all", "and", "as", "by", "distinct", "else", "end", "exists", "from", "having", "in", "into", "join", "not", "on"}
    | {"or", "output", "over", "partition", "select", "set", "then", "top", "union", "values", "when", "where"}
    | {"nvarchar", "numeric", "decimal", "datetimeoffset", "varchar"}
)
_FOREIGN = (
    r"\bLIMIT\b|\bRETURNING\b|\bON CONFLICT\b|\bILIKE\b|\bNULLS (FIRST|LAST)\b|\bIS (NOT )?DISTINCT FROM\b|\bLATERAL\b"
    r"|\bDISTINCT ON\b|\bRECURSIVE\b|\bMATERIALIZED\b|\bFOR UPDATE\b|\bGLOB\b|\bINTERVAL\b|\bEXTRACT\b|\bARRAY\b"
    r"|\bUSING\b|\bFILTER ?\(|\bTRUE\b|\bFALSE\b|\bIS (NOT )?[01]\b|\|\||::| ~ |\bREGEXP\b|\bBOOLEAN\b|\bTEXT\b"
)
_CONDITION_STARTS = r"(?:WHERE|AND|OR|NOT|WHEN|ON|HAVING)"
_CONDITION_ENDS = r"(?:\)|$|(?:AND|OR|THEN|GROUP|ORDER|HAVING)\b)"


def refusals(statement: sa.ClauseElement, column_keys: list[str] | None = None) -> list[str]:
    """What SQL Server would say to `statement`, as SQLAlchemy says it there; empty: nothing that is known here."""
    compiled = statement.compile(
        dialect=_DIALECT,
        column_keys=column_keys,
        schema_translate_map={None: "cms"},
        render_schema_translate=True,
        compile_kwargs={"render_postcompile": True},
    )
    return [f"{refusal}: {compiled}" for refusal in refusals_of_text(str(compiled))]


def refusals_of_text(text: str) -> list[str]:
    """The same for a text with ``?`` for its parameters."""
    words = _plain(text)
    return [*_foreign_words(words), *_unknown_functions(words), *_misplaced(words), *_repeated_order(words)]


def _plain(text: str) -> str:
    """The statement on one line, without what stands in quotes and brackets."""
    text = re.sub(r"N?'(?:[^']|'')*'", "'…'", text)
    text = re.sub(r"\[(\w+)\]", r"\1_", text)
    text = re.sub(r"\bBETWEEN (\S+) AND ([^\s)]+)", r"= \1", text)
    text = re.sub(r"\bIS (NOT )?NULL\b", "= ?", text)
    return re.sub(r"\s+", " ", text).strip()


def _foreign_words(words: str) -> Iterator[str]:
    for found in re.finditer(_FOREIGN, words, re.IGNORECASE):
        yield f"{found.group()!r} is no word there"


def _unknown_functions(words: str) -> Iterator[str]:
    words = re.sub(r"\bINSERT INTO [\w.]+", "", words)
    called = {name.lower() for name in re.findall(r"(?<![.\w@])([A-Za-z_]\w*) ?\(", words)}
    for name in sorted(called - _FUNCTIONS - _WORDS_BEFORE_BRACKETS):
        yield f"the function {name} is not known there"


def _misplaced(words: str) -> Iterator[str]:
    if words.count("?") > MOST_PARAMETERS:
        yield f"{words.count('?')} parameters are too many (8003)"
    if re.search(r"(?<!\w)(?<!\bIN )\([^()]*,[^()]*\) ((NOT )?IN\b|[=<>])", words):
        yield "values in brackets are not compared (4145)"
    if re.search(r"(?:SELECT|,) (NOT )?\(?EXISTS", words) or re.search(
        r"(?<!THEN) (?:[=<>]|!=) [?\w.]+ AS \w+(?:,| FROM)", words
    ):
        yield "a condition is no value (156)"
    if re.search(rf"\b{_CONDITION_STARTS} \(?(?!NOT\b|EXISTS\b)[\w.]+ ?{_CONDITION_ENDS}", words):
        yield "a value is no condition (4145)"
    if re.search(r"\bOFFSET\b", words) and not re.search(r"\bORDER BY\b[^()]*\bOFFSET\b", words):
        yield "OFFSET needs an order (102)"
    if re.search(r"\( ?WITH\b", words):
        yield "WITH stands at the beginning only (156)"
    if any(re.search(r"\b(SELECT|EXISTS)\b", inner) for inner in _arguments(words, _AGGREGATES)):
        yield "nothing with a query in it is counted or summed (130)"
    if any("?" in group for group in re.findall(r"\bGROUP BY ((?:(?! HAVING | ORDER BY |\) ).)*)", words)):
        yield "two parameters are never one expression, so that what is selected is not what is grouped (8120)"


def _repeated_order(words: str) -> Iterator[str]:
    for start in re.finditer(r"\bORDER BY ", words):
        items = [re.sub(r" (ASC|DESC)$", "", item.strip()) for item in _list_from(words, start.end())]
        if len(items) != len(set(items)):
            yield f"the order by {', '.join(items)} says a column twice (169)"
        if "?" in items:
            yield "a parameter is no order (1008)"


def _arguments(words: str, functions: str) -> Iterator[str]:
    """What stands between the brackets of each call."""
    for call in re.finditer(rf"(?<![.\w])(?:{functions})\(", words, re.IGNORECASE):
        yield words[call.end() : _end_of_brackets(words, call.end())]


def _list_from(words: str, start: int) -> list[str]:
    """The parts of a list without a bracket around it."""
    text = re.split(r" OFFSET | FOR ", words[start : _end_of_brackets(words, start)])[0]
    while (shorter := re.sub(r"\(([^()]*)\)", lambda found: f"⟨{found.group(1).replace(',', ';')}⟩", text)) != text:
        text = shorter
    return text.split(",")


def _end_of_brackets(words: str, start: int) -> int:
    depth = 1
    for place in range(start, len(words)):
        depth += {"(": 1, ")": -1}.get(words[place], 0)
        if depth == 0:
            return place
    return len(words)


_LOOKED_AT: set[Any] = set()


@pytest.fixture(autouse=True)
def only_what_sql_server_takes() -> Iterator[None]:
    """Whatever a test has SQLite run can be said to SQL Server as well."""
    with refused_meanwhile() as refused:
        yield
    assert refused == []


@contextmanager
def refused_meanwhile() -> Iterator[list[str]]:
    """What SQL Server would refuse of the statements that SQLite is given in the block."""
    refused: list[str] = []

    def look(connection: sa.Connection, statement: Any, many: Any, one: Any, _options: Any) -> None:
        if connection.dialect.name == "sqlite" and _is_said_to_each_engine(statement):
            refused.extend(_new_refusals(statement, _column_keys(many or one)))

    sa.event.listen(sa.Engine, "before_execute", look)
    try:
        yield refused
    finally:
        sa.event.remove(sa.Engine, "before_execute", look)


def _is_said_to_each_engine(statement: Any) -> bool:
    kinds = (sa.Select, sa.CompoundSelect, sa.Insert, sa.Update, sa.Delete)
    return isinstance(statement, kinds) and not isinstance(statement, sqlite.Insert)


def _new_refusals(statement: Any, column_keys: list[str] | None) -> list[str]:
    """Of a statement that no test has run before."""
    cache_key = statement._generate_cache_key()
    known = cache_key and (cache_key.key, tuple(column_keys or ()))
    if known in _LOOKED_AT:
        return []
    if known:
        _LOOKED_AT.add(known)
    return refusals(statement, column_keys)


def _column_keys(parameters: Any) -> list[str] | None:
    """The columns that an INSERT or UPDATE is given values for beside the statement."""
    first = parameters[0] if isinstance(parameters, (list, tuple)) and parameters else parameters
    return list(first) if isinstance(first, dict) and first else None
