"""How commands print: one JSON document for programs, or tables and sentences for people."""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer

PIPE_WIDTH = 140
"""Characters in a line where nobody's terminal says otherwise."""
AS_JSON = typer.Option(False, "--json", help="Print one JSON document instead of readable text.")


def print_json(value: Any) -> None:
    """Print `value` (dataclasses, dates and decimals included) as one JSON document."""
    typer.echo(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under a title; numbers are aligned to the right."""
    listed = [list(row) for row in rows]
    right = [_is_of_numbers([row[index] for row in listed]) for index in range(len(columns))]
    _print_rows(title, columns, [[_text(cell) for cell in row] for row in listed], right)


def _is_of_numbers(cells: Sequence[object]) -> bool:
    """Whether a column shows numbers; some of them may be unknown."""
    known = [cell for cell in cells if cell is not None]
    return bool(known) and all(isinstance(cell, int | float | Decimal) for cell in known)


def print_text_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of text under a title: the first column is words, the others are figures, aligned to the right."""
    _print_rows(title, columns, rows, [index > 0 for index in range(len(columns))])


def _print_rows(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[bool]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", header_style="bold")
    for column, is_right in zip(columns, right, strict=True):
        table.add_column(column, justify="right" if is_right else "left")
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.width = console.width if console.is_terminal else PIPE_WIDTH
    console.print(table)


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    return f"{cell:,.1f}" if isinstance(cell, float) else str(cell)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if not f.name.startswith("_")}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Path):
        return str(value)
    message = f"{type(value).__name__} has no JSON form"
    raise TypeError(message)
