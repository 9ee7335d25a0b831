"""Where the next incremental read of a board starts, and the form the board had: one short line in the warehouse."""

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from cms.domain.errors import SourceError
from cms.monday.board import Column

LONGEST = 200
"""What the warehouse keeps of a watermark."""

_TYPES = (
    "auto_number", "board_relation", "checkbox", "color_picker", "country", "creation_log", "date", "dependency",
    "dropdown", "email", "group", "hour", "integration", "item_assignees", "item_id", "last_updated", "link",
    "location", "long_text", "mirror", "name", "numbers", "people", "person", "phone", "rating", "status", "tags",
    "team", "text", "timeline", "week", "world_clock",
)  # fmt: skip
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OTHER = "?"


@dataclass(frozen=True, kw_only=True, slots=True)
class Watermark:
    """What a finished read leaves for the next one.

    Parameters
    ----------
    since : datetime
        Everything that changed before is known.
    reconciled_at : datetime, optional
        When the ids on the board were last compared with ours.
    form : str
        The board's form, from `form_of`.
    """

    since: datetime
    reconciled_at: datetime | None = None
    form: str = ""

    def to_text(self) -> str:
        """The line that is kept; the form is left out where it does not fit."""
        kept = {"since": _stamp(self.since)}
        if self.reconciled_at is not None:
            kept["reconciled"] = _stamp(self.reconciled_at)
        with_form = json.dumps(kept | {"form": self.form}, separators=(",", ":"))
        return with_form if self.form and len(with_form) <= LONGEST else json.dumps(kept, separators=(",", ":"))


def watermark_of(text: str | None, source: str) -> Watermark | None:
    """The watermark of a kept line; None: there is none yet.

    Raises
    ------
    SourceError
        The line is none of ours.
    """
    if text is None:
        return None
    try:
        kept = json.loads(text)
        reconciled = kept.get("reconciled")
        return Watermark(
            since=_instant(kept["since"]),
            reconciled_at=_instant(reconciled) if reconciled else None,
            form=str(kept.get("form", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        what = f"{source}: {text[:60]!r} is no watermark of a monday board; sync in full to set it anew"
        raise SourceError(what) from None


def form_of(columns: Iterable[Column]) -> str:
    """The types and titles of columns, in order of id, shortened: a letter for a type, two digits for a title.

    Examples
    --------
    >>> form_of([Column(column_id="due", title="Due", type="date")])
    'a28a:g6a'
    """
    ordered = sorted(columns, key=lambda column: column.column_id)
    ids = _digest("\n".join(column.column_id for column in ordered), 4)
    return f"{ids}:" + "".join(_letter(column.type) + _digest(column.title, 2) for column in ordered)


def changed_columns(form: str, columns: Iterable[Column]) -> list[str]:
    """A sentence for each column that was retyped or renamed since `form` was taken.

    Where the mapping asks for other columns now there is nothing to compare.
    """
    ordered = sorted(columns, key=lambda column: column.column_id)
    now = form_of(ordered)
    if form.partition(":")[0] != now.partition(":")[0]:
        return []
    places = range(len(form) - 3 * len(ordered), len(form) + 1, 3)
    return [
        sentence
        for column, (start, end) in zip(ordered, pairwise(places), strict=True)
        for sentence in _changes(column, form[start:end])
    ]


def _changes(column: Column, then: str) -> list[str]:
    if then[:1] != _letter(column.type):
        before = _TYPES[_LETTERS.index(then[0])] if then[:1] in _LETTERS[: len(_TYPES)] else "another type"
        return [f"column {column.column_id!r} ({column.title}) was of type {before} and is now {column.type}"]
    if then[1:] != _digest(column.title, 2):
        return [f"column {column.column_id!r} was renamed and is now called {column.title!r}"]
    return []


def _letter(column_type: str) -> str:
    return _LETTERS[_TYPES.index(column_type)] if column_type in _TYPES else _OTHER


def _digest(text: str, digits: int) -> str:
    return f"{zlib.crc32(text.encode()):08x}"[-digits:]


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
