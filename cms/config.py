"""Settings: read once from `cms.toml` and the environment, checked as a whole, secrets only from the environment."""

import codecs
import os
import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from cms.aggregation.dataset_fields import FIELDS_OF
from cms.aggregation.field_rules import FieldRule
from cms.aggregation.row_mapping import mapping_problems
from cms.aggregation.row_taking import row_filter
from cms.domain.errors import ConfigurationError, InvalidValueError

DEFAULT_FILE = Path("cms.toml")
SECRETS = {
    "monday_token": "CMS_MONDAY_TOKEN",
    "monday_signing_secret": "CMS_MONDAY_SIGNING_SECRET",
    "smtp_password": "CMS_SMTP_PASSWORD",
    "chat_url": "CMS_CHAT_URL",
}
"""Secrets by name, with the environment variable each comes from; they never stand in a file."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class WarehouseSettings(_Section):
    """Where the warehouse is."""

    url: str = Field("sqlite:///var/warehouse.db", description="SQLAlchemy URL; CMS_WAREHOUSE_URL overrides it.")


class PlanningSettings(_Section):
    """How schedules are built."""

    horizon_days: int = Field(30, ge=1, le=366)
    planning_time_fence_days: int = Field(3, ge=0, le=60)
    method: Literal["optimal", "dispatch"] = "optimal"
    time_limit_seconds: float = Field(60.0, gt=0, le=3600)
    holding_cost_per_hour_day: float = Field(0.1, ge=0)
    change_cost: float = Field(5.0, ge=0)
    rush_priority: int = Field(1, ge=1, description="The class that a rush order is planned in, if it is not higher.")
    min_split_share: float = Field(0.25, gt=0, le=1, description="Least share of a bulk order in one delivery.")
    max_splits: int = Field(4, ge=1, le=20)
    default_routing: dict[str, str] = Field(
        default_factory=dict,
        description="Routing for a product family that has none of its own; '*' is any family.",
    )
    country: str | None = Field(None, description="ISO country whose public holidays are added to the plant's own.")


class GateSettings(_Section):
    """When a batch as a whole is refused."""

    max_bad_share: float = Field(0.2, ge=0, le=1, description="More bad rows than this share refuse the batch.")
    min_rows_for_share: int = Field(20, ge=1, description="Batches smaller than this are never refused by share.")
    min_volume_share: float = Field(
        0.5, ge=0, le=1, description="A complete load with fewer rows than this is refused."
    )
    data_docs: Path = Path("var/data_docs")


_Constant: TypeAlias = str | int | float | bool


class FieldSettings(_Section):
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


class _SourceSection(_Section):
    dataset: Literal["customers", "orders"] = "orders"
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
            raise PydanticCustomError("mapping", "the mapping cannot be used", {"problems": problems})
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


class MondaySourceSettings(_SourceSection):
    """A monday.com board."""

    kind: Literal["monday"]
    board_id: str


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


class MondaySettings(_Section):
    """The monday.com account."""

    url: str = "https://api.monday.com/v2"
    api_version: str = Field("2026-10", pattern=r"^\d{4}-\d{2}$")
    page_size: int = Field(500, ge=1, le=500)
    timeout_seconds: float = Field(60.0, gt=0)


class EmailSettings(_Section):
    """The SMTP server; the password comes from CMS_SMTP_PASSWORD."""

    host: str = "127.0.0.1"
    port: int = Field(25, ge=1, le=65535)
    sender: str = "schedule@localhost"
    user: str | None = None
    starttls: bool = False
    timeout_seconds: float = Field(20.0, gt=0)


class NotificationSettings(_Section):
    """Who is told, and how."""

    enabled: bool = True
    email: EmailSettings = EmailSettings()
    planner_recipient: str = Field("planner@localhost", description="Alerts go here.")
    max_attempts: int = Field(8, ge=1, le=50)
    first_retry_seconds: float = Field(30.0, gt=0)
    webhook_url: str | None = None


class RolloutSettings(_Section):
    """How far customers have moved over; the phases switch without a deployment.

    In phase ``all`` every active customer is scheduled, notified and written back; in ``pilot``, ``tracking`` and
    ``scheduling`` only customers of that cohort or an earlier one are.
    """

    phase: Literal["pilot", "tracking", "scheduling", "all"] = "all"


class WebSettings(_Section):
    """The web service."""

    host: str = "127.0.0.1"
    port: int = Field(8090, ge=0, le=65535)
    max_body_bytes: int = Field(262_144, ge=1024)
    audience: str | None = Field(None, description="The `aud` that monday's tokens must carry: our public URL.")


class Settings(_Section):
    """Everything that can be set."""

    warehouse: WarehouseSettings = WarehouseSettings()
    planning: PlanningSettings = PlanningSettings()
    gate: GateSettings = GateSettings()
    monday: MondaySettings = MondaySettings()
    sources: dict[str, SourceSettings] = Field(default_factory=dict)
    notifications: NotificationSettings = NotificationSettings()
    rollout: RolloutSettings = RolloutSettings()
    web: WebSettings = WebSettings()
    output: Path = Field(Path("var"), description="Folder for pages and reports.")
    secrets: dict[str, SecretStr] = Field(default_factory=dict, exclude=True, repr=False)

    def secret(self, name: str) -> str | None:
        """A secret by its name in `SECRETS`, or None where it is not set."""
        found = self.secrets.get(name)
        return found.get_secret_value() if found else None


def read_settings(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from a TOML file with environment overrides.

    Parameters
    ----------
    path : Path, optional
        None: ``CMS_CONFIG``, else ``cms.toml`` in the working folder where it exists, else the defaults.
    environment : mapping of str to str
        ``CMS_<SECTION>_<KEY>`` overrides a scalar key: ``CMS_PLANNING_HORIZON_DAYS=45``.

    Raises
    ------
    ConfigurationError
        Every wrong key and value, at once.
    """
    document = _read_document(path, environment)
    problems = [
        f"secrets.{name}: secrets come from the environment only; set {SECRETS[name]}"
        for name in SECRETS
        if name in document.get("secrets", {})
    ]
    document.pop("secrets", None)
    _override(document, environment)
    try:
        settings = Settings.model_validate(document | {"secrets": _secrets(environment)})
    except ValidationError as error:
        problems += [sentence for detail in error.errors() for sentence in _sentences(detail)]
    if problems:
        raise ConfigurationError(tuple(problems))
    return settings


def _read_document(path: Path | None, environment: Mapping[str, str]) -> dict[str, Any]:
    named = path or (Path(environment["CMS_CONFIG"]) if "CMS_CONFIG" in environment else None)
    file = named or DEFAULT_FILE
    if named is None and not file.exists():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError((f"{file}: cannot be read: {error.strerror}",)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError((f"{file}: is not valid TOML: {error}",)) from None


def _override(document: dict[str, Any], environment: Mapping[str, str]) -> None:
    for section, field in Settings.model_fields.items():
        kind = field.annotation
        if not (isinstance(kind, type) and issubclass(kind, _Section)):
            continue
        for key in kind.model_fields:
            value = environment.get(f"CMS_{section}_{key}".upper())
            if value is not None:
                document.setdefault(section, {})[key] = value
    if "CMS_OUTPUT" in environment:
        document["output"] = environment["CMS_OUTPUT"]


def _secrets(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[variable] for name, variable in SECRETS.items() if environment.get(variable)}


def _sentences(detail: Any) -> list[str]:
    place = ".".join(str(part) for part in _place(detail["loc"]))
    if detail["type"] == "mapping":
        return [f"{place}.{problem}" for problem in detail["ctx"]["problems"]]
    if detail["type"] == "extra_forbidden":
        return [f"{place}: no such key"]
    shown = f", found {detail['input']!r}" if isinstance(detail["input"], str | int | float | list) else ""
    return [f"{place}: {detail['msg'][0].lower()}{detail['msg'][1:]}{shown}"]


def _place(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Where a key stands in the file; pydantic also names the kind by which it chose a source's settings."""
    return location[:2] + location[3:] if location[0] == "sources" else location


def masked(settings: Settings) -> Settings:
    """The settings with the passwords in their addresses hidden."""
    sources = {
        name: source.model_copy(update={"url": mask_password(source.url)}) if hasattr(source, "url") else source
        for name, source in settings.sources.items()
    }
    notifications = settings.notifications
    if notifications.webhook_url:
        notifications = notifications.model_copy(update={"webhook_url": mask_password(notifications.webhook_url)})
    warehouse = settings.warehouse.model_copy(update={"url": mask_password(settings.warehouse.url)})
    return settings.model_copy(update={"sources": sources, "warehouse": warehouse, "notifications": notifications})


def mask_password(url: str) -> str:
    """An address that can be shown.

    Examples
    --------
    >>> mask_password("postgresql+psycopg://cms:s3cret@db/cms")
    'postgresql+psycopg://cms:***@db/cms'
    """
    return re.sub(r"(?i)(pwd|password)=[^;&]*", r"\1=***", re.sub(r"(://[^:/@]*:)[^@/]*@", r"\1***@", url))
