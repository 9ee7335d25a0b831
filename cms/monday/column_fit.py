"""Decides whether a board still fits its mapping: a missing, retyped or unreadable column is named, never guessed."""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cms.aggregation.dataset_fields import FIELDS_OF, FieldType
from cms.aggregation.row_mapping import RowMapper
from cms.config import MondaySourceSettings
from cms.monday.board import ITEM_FIELDS, Board, Column
from cms.monday.column_values import PARTS, UNREADABLE_TYPES
from cms.monday.errors import BoardDriftError

_WORDS = frozenset(
    {"text", "long_text", "name", "status", "dropdown", "mirror", "board_relation", "numbers", "auto_number"}
    | {"item_id", "rating", "email", "phone", "link", "country", "location", "people", "person", "team", "tags"}
    | {"world_clock"}
)
_FITTING: Mapping[FieldType, frozenset[str]] = {
    FieldType.KEY: _WORDS,
    FieldType.TEXT: _WORDS,
    FieldType.CHOICE: frozenset(["text", "long_text", "name", "status", "dropdown", "mirror", "tags"]),
    FieldType.WHOLE: frozenset(["numbers", "auto_number", "rating", "mirror", "item_id"]),
    FieldType.DECIMAL: frozenset(["numbers", "auto_number", "rating", "mirror"]),
    FieldType.BOOL: frozenset(["checkbox", "status", "dropdown", "mirror"]),
    FieldType.DATE: frozenset(["date", "mirror", "last_updated", "creation_log"]),
    FieldType.TIME: frozenset(["hour", "date", "mirror"]),
    FieldType.INSTANT: frozenset(["date", "mirror", "last_updated", "creation_log"]),
    FieldType.DAYS: frozenset(["text", "long_text", "date", "timeline", "mirror"]),
}
"""Types of columns that a field of ours can be read from as they are; a value map or a date form widens the choice."""

_FREE_TEXT = frozenset(["text", "long_text", "name", "dropdown", "status"])


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnUse:
    """What a mapping takes from a column.

    Parameters
    ----------
    name : str
        The column's id, with the part after a point.
    field : str
        Our field.
    fitting : frozenset of str, optional
        Types that it may have; None: any that can be read.
    optional : bool
        Whether the column may be missing.
    """

    name: str
    field: str
    fitting: frozenset[str] | None = None
    optional: bool = False

    @property
    def column_id(self) -> str:
        """The column."""
        return self.name.partition(".")[0]

    @property
    def part(self) -> str:
        """The part of its value; empty: the whole."""
        return self.name.partition(".")[2]


def column_uses(settings: MondaySourceSettings, mapper: RowMapper) -> tuple[ColumnUse, ...]:
    """Everything that a source's mapping takes from the board's columns, in order of name and field."""
    fitting = {rule.field: _fitting(rule.field, settings) for rule in settings.field_rules() if rule.column}
    uses = {
        ColumnUse(
            name=name,
            field=reading.field,
            fitting=fitting.get(reading.field) if "." not in name else None,
            optional=reading.optional,
        )
        for reading in mapper.readings
        for name in reading.columns
    }
    uses |= {ColumnUse(name=name, field="keep_if") for name in settings.keep_if}
    uses |= {ColumnUse(name=name, field="removed_if") for name in settings.removed_if}
    if settings.windows_column is not None:
        uses.add(ColumnUse(name=settings.windows_column, field="windows", fitting=_FREE_TEXT | {"mirror"}))
    return tuple(sorted((u for u in uses if u.name not in ITEM_FIELDS), key=lambda u: (u.name, u.field)))


def _fitting(field: str, settings: MondaySourceSettings) -> frozenset[str] | None:
    rule = settings.fields[field]
    if any(choice is not None for choice in (rule.map, rule.prefix_map, rule.pattern_map, rule.bands)):
        return None
    spec = FIELDS_OF[settings.dataset][field]
    return _FITTING[spec.type] | (_FREE_TEXT if rule.format else frozenset())


def check_columns(board: Board, uses: Iterable[ColumnUse]) -> None:
    """Refuse a board that lacks what its mapping needs.

    Raises
    ------
    BoardDriftError
        Every column that is missing, archived, retyped or unreadable, at once.
    """
    by_column: dict[str, list[ColumnUse]] = defaultdict(list)
    for use in uses:
        by_column[use.column_id].append(use)
    columns = {column.column_id: column for column in board.columns}
    problems = []
    for column_id in sorted(by_column):
        column = columns.get(column_id)
        for use in by_column[column_id]:
            problem = _absence(use, board) if column is None else _misfit(use, column)
            if problem:
                problems.append(f"column {column_id!r} (for {use.field}) {problem}")
    refuse_drift(board, problems)


def refuse_drift(board: Board, problems: list[str]) -> None:
    """Raise the one error for all that is wrong with a board; nothing wrong: nothing raised."""
    if problems:
        what = f"board {board.board_id} ({board.name}) does not fit its mapping: {'; '.join(problems)}"
        remedy = f"nothing was read; see `cms monday boards --board {board.board_id}`, then mend the board or cms.toml"
        raise BoardDriftError(f"{what}. {remedy}")


def _absence(use: ColumnUse, board: Board) -> str:
    if use.optional:
        return ""
    shown = {column.column_id: f"{column.column_id} ({column.title})" for column in board.columns}
    near = difflib.get_close_matches(use.column_id, shown, n=3) or sorted(shown)[:12]
    return "does not exist" + ("; the board has " + ", ".join(shown[name] for name in near) if near else "")


def _misfit(use: ColumnUse, column: Column) -> str:
    if column.archived:
        return "is archived"
    if column.type in UNREADABLE_TYPES:
        return f"is of type {column.type}, whose values cannot be read"
    if use.part and use.part not in PARTS.get(column.type, ()):
        return f"is of type {column.type}, which has no part {use.part!r}"
    if use.fitting is not None and column.type not in use.fitting:
        return f"is of type {column.type}; it may be {', '.join(sorted(use.fitting))}"
    return ""
