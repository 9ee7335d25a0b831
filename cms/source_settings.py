"""Settings of sources: where rows come from and by which rules they are mapped, every mistake named at once."""

import codecs
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from cms.aggregation.dataset_fields import FIELDS_OF
from cms.aggregation.field_rules import FieldRule
from cms.aggregation.order_merge import Precedence
from cms.aggregation.row_mapping import mapping_problems
from cms.aggregation.row_taking import row_filter
from cms.domain.errors import InvalidValueError

MAPPING_ERROR = "mapping"
"""The type of the validation error that carries a mapping's problems."""


class Section(BaseModel):
    """A table of the settings file: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


_Constant: TypeAlias = str | int | float | bool


class FieldSettings(Section):
    """How one field of our tables is made from a source's row; a plain string names the source's column.

    Exactly one of `column`, `constant` or `template` is given.
    """

    column: str | None = None
    fallback: list[str] = Field(default_factory=list, description="Columns asked in turn where the column is empty.")
    constant: _Constant | None = None
    template: str | None = Field(None, description="Text with {column} names, for composed keys.")
    format: str | list[str] = Field(
        default_factory=list, description="strptime form(s) of dates, times and instants; 'iso' is ISO 8601."
    )
    time_zone: str = Field("UTC", description="Zone of an instant that carries no offset.")
    map: dict[str, _Constant] | None = Field(None, description="Source value to our value; '*' is any other.")
    prefix_map: dict[str, _Constant] | None = Field(None, description="Our value by the first prefix that fits.")
    pattern_map: dict[str, _Constant] | None = Field(
        None, description="Our value by the first regular expression that fits in full."
    )
    bands: dict[str, _Constant] | None = Field(
        None, description="Our value by the highest threshold that the number reaches."
    )
    empty: list[str] = Field(default_factory=list, description="Words by which the source says 'nothing'.")
    default: _Constant | None = Field(None, description="For an empty source value.")
    decimal: Literal[".", ","] = "."
    thousands: Literal[".", ",", " ", "'"] | None = None
    aggregate: Literal["first", "last", "sum", "min", "max", "count"] = "first"
    absolute: bool = Field(default=False, description="Take a number without its sign.")
    add_days: int = Field(0, ge=-3660, le=3660, description="Calendar days added to a date or instant.")
    add_working_days: int = Field(0, ge=-3660, le=3660, description="Mondays to Fridays added to a date or instant.")
    only_if: dict[str, str] | None = Field(
        None, description="Columns that must match regular expressions in full; otherwise the field is empty."
    )
    negate_if: dict[str, str] | None = Field(
        None, description="Columns that say, as in only_if, that a line's number has the other sign (a credit note)."
    )
    optional: bool = Field(default=False, description="The column may be absent from the source.")

    def rule(self, field: str) -> FieldRule:
        """The rule by which `field` is read."""
        values = {name: getattr(self, name) for name in type(self).model_fields if name != "format"}
        forms = [self.format] if isinstance(self.format, str) else self.format
        lists = {"formats": tuple(forms), "empty": tuple(self.empty), "fallback": tuple(self.fallback)}
        return FieldRule(**values | lists | {"field": field})


def _long_form(setting: object) -> object:
    return {"column": setting} if isinstance(setting, str) else setting


class _SourceSection(Section):
    dataset: Literal["customers", "orders", "deliveries"] = "orders"
    precedence: int = Field(100, ge=0, description="Among sources of the same order the lowest number wins.")
    field_precedence: dict[str, int] = Field(default_factory=dict, description="Precedence for single fields.")
    fields: dict[str, Annotated[FieldSettings, BeforeValidator(_long_form)]] = Field(min_length=1)
    windows_column: str | None = Field(None, description="Column with the delivery windows of a customer.")
    group_by: str | None = Field(None, description="Column whose equal values make one row (order lines to orders).")
    keep_if: dict[str, str] = Field(
        default_factory=dict,
        description="Columns that must match regular expressions in full; other rows are skipped.",
    )
    removed_if: dict[str, str] = Field(
        default_factory=dict, description="Columns whose matching regular expressions say that the row was removed."
    )

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        problems = [f"fields.{problem}" for problem in mapping_problems(self.dataset, self.field_rules())]
        problems += [*_filter_problems("keep_if", self.keep_if), *_filter_problems("removed_if", self.removed_if)]
        problems += [
            f"field_precedence.{name}: is no field of {self.dataset}"
            for name in self.field_precedence
            if name not in FIELDS_OF[self.dataset]
        ]
        if self.group_by is None:
            combined = [rule.field for rule in self.field_rules() if rule.aggregate != "first"]
            problems += [f"fields.{name}.aggregate: needs group_by" for name in combined]
        if self.windows_column is not None and self.dataset != "customers":
            problems.append("windows_column: only customers have delivery windows")
        if problems:
            raise PydanticCustomError(MAPPING_ERROR, "the mapping cannot be used", {"problems": problems})
        return self

    def field_rules(self) -> tuple[FieldRule, ...]:
        """The rules by which the fields are read."""
        return tuple(setting.rule(name) for name, setting in self.fields.items())


def _filter_problems(place: str, patterns: Mapping[str, str]) -> list[str]:
    try:
        row_filter(patterns, place)
    except InvalidValueError as error:
        return [str(error)]
    return []


class WriteBackSettings(Section):
    """Where the schedule is written on an order board: columns by id (none: not written), and the labels it has."""

    scheduled_date: str | None = Field(None, description="Date column: the last scheduled delivery.")
    schedule_status: str | None = Field(None, description="Status column: one of the labels below.")
    schedule_note: str | None = Field(None, description="Text column: deliveries with their windows, or the reason.")
    on_time: str = "On time"
    late: str = "Late"
    unscheduled: str = "Unscheduled"

    @property
    def columns(self) -> frozenset[str]:
        """Ids of the columns that are ours."""
        named = (self.scheduled_date, self.schedule_status, self.schedule_note)
        return frozenset(column for column in named if column is not None)


class MondaySourceSettings(_SourceSection):
    """A monday.com board."""

    kind: Literal["monday"]
    board_id: str
    write_back: WriteBackSettings | None = Field(None, description="Columns of an order board for the schedule.")

    @model_validator(mode="after")
    def _writes_orders_only(self) -> Self:
        if self.write_back is not None and self.dataset != "orders":
            raise PydanticCustomError("write_back", "write_back: only order boards get the schedule")
        return self


class RestSourceSettings(_SourceSection):
    """Order management by REST: paged JSON with an updated-since filter.

    A column is a key of an item; ``customer.id`` is the key ``id`` inside the object ``customer``.
    """

    kind: Literal["rest"]
    url: str = Field(pattern=r"^https?://", description="${NAME} is taken from the environment.")
    token_variable: str | None = Field(None, description="Environment variable that holds the bearer token.")
    items_key: str = Field("items", description="Where the items of a page are; '' if the page is the list.")
    next_key: str = Field("next", description="Where the link to the next page is, or its cursor.")
    next_parameter: str | None = Field(None, description="Query parameter that takes the cursor; without it: a link.")
    updated_since_parameter: str | None = Field("updated_since", description="'' or none: always read everything.")
    updated_key: str | None = Field(None, description="Key of the last change; default: that of source_updated_at.")
    overlap_seconds: int = Field(60, ge=0, le=86_400, description="How far before the watermark reading starts.")
    item_url: str | None = Field(
        None,
        pattern=r"^(https?://|\$\{)",
        description="Address of one item, with {id} in it, that is read when an event names it; default: url/{id}.",
    )
    page_size: int = Field(500, ge=1, le=10_000)
    page_size_parameter: str | None = "limit"
    timeout_seconds: float = Field(30.0, gt=0, description="For one page, its last byte included.")
    max_attempts: int = Field(6, ge=1, le=20)
    complete: bool = Field(
        default=False, description="Without a watermark the answer is everything: what is missing was removed."
    )


class SqlSourceSettings(_SourceSection):
    """Order management by a SQL query; `:watermark` in it is bound to the last update seen."""

    kind: Literal["sql"]
    url: str = Field(description="SQLAlchemy URL; ${NAME} is taken from the environment.")
    query: str
    watermark_column: str | None = Field(None, description="Column of the result that tells the last change.")
    initial_watermark: datetime | int | str = Field(
        datetime(1900, 1, 1),  # noqa: DTZ001 - in the source's own zone, whatever that is
        description="What `:watermark` is at first; of the type of its column.",
    )
    overlap_seconds: int = Field(60, ge=0, le=86_400, description="How far before the watermark reading starts.")
    timeout_seconds: float = Field(30.0, gt=0, description="To reach the server.")
    complete: bool = Field(
        default=False, description="The query gives everything: what is missing from it was removed."
    )

    @model_validator(mode="after")
    def _has_its_watermark(self) -> Self:
        bound = re.search(r"(?<![:\w]):watermark\b", self.query) is not None
        if bound != (self.watermark_column is not None):
            raise PydanticCustomError(
                "watermark", "a query with :watermark needs watermark_column, and only such a query takes one"
            )
        if bound and self.complete:
            raise PydanticCustomError("watermark", "complete: a query with :watermark gives only what changed")
        return self


class FileSourceSettings(_SourceSection):
    """A CSV, Parquet or Excel file; a CSV file may be packed with gzip."""

    kind: Literal["file"]
    path: Path
    format: Literal["csv", "parquet", "excel"] | None = Field(None, description="Taken from the name where not given.")
    encoding: str = Field("utf-8-sig", description="Of a CSV file.")
    separator: Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=1)] = ","
    quote: str = Field('"', max_length=1, description="Sign around fields that contain the separator; '' is none.")
    skip_lines: int = Field(0, ge=0, le=1000, description="Lines, or spreadsheet rows, before the header.")
    sheet: str | int = Field(0, description="Name or position of an Excel sheet.")
    complete: bool = Field(default=False, description="The file is a whole snapshot: what is not in it was removed.")

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str) -> str:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise PydanticCustomError("encoding", "is no encoding that Python knows") from None
        return encoding


SourceSettings = Annotated[
    MondaySourceSettings | RestSourceSettings | SqlSourceSettings | FileSourceSettings, Field(discriminator="kind")
]


def order_precedence(sources: Mapping[str, SourceSettings]) -> Precedence:
    """Whose word counts for orders that several sources know."""
    of_orders = {name: source for name, source in sources.items() if source.dataset == "orders"}
    fields: dict[str, dict[str, int]] = {}
    for name, source in of_orders.items():
        for field, rank in source.field_precedence.items():
            fields.setdefault(field, {})[name] = rank
    return Precedence(sources={name: source.precedence for name, source in of_orders.items()}, fields=fields)
