"""Settings: read once from `cms.toml` and the environment, checked as a whole, secrets only from the environment."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError

from cms.domain.errors import ConfigurationError
from cms.source_settings import (
    MAPPING_ERROR,
    FieldSettings,
    FileSourceSettings,
    MondaySourceSettings,
    RestSourceSettings,
    Section,
    SourceSettings,
    SqlSourceSettings,
)

__all__ = [
    "SECRETS",
    "EmailSettings",
    "FieldSettings",
    "FileSourceSettings",
    "GateSettings",
    "MondaySettings",
    "MondaySourceSettings",
    "NotificationSettings",
    "PlanningSettings",
    "RestSourceSettings",
    "RetentionSettings",
    "RollbackSettings",
    "RolloutSettings",
    "Settings",
    "SourceSettings",
    "SqlSourceSettings",
    "WarehouseSettings",
    "WebSettings",
    "mask_password",
    "masked",
    "read_settings",
]

DEFAULT_FILE = Path("cms.toml")
SECRETS = {
    "monday_token": "CMS_MONDAY_TOKEN",
    "monday_signing_secret": "CMS_MONDAY_SIGNING_SECRET",
    "orders_signing_secret": "CMS_ORDERS_SIGNING_SECRET",
    "smtp_password": "CMS_SMTP_PASSWORD",
    "chat_url": "CMS_CHAT_URL",
}
"""Secrets by name, with the environment variable each comes from; they never stand in a file."""


class WarehouseSettings(Section):
    """Where the warehouse is."""

    url: str = Field("sqlite:///var/warehouse.db", description="SQLAlchemy URL; CMS_WAREHOUSE_URL overrides it.")


class PlanningSettings(Section):
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


class GateSettings(Section):
    """When a batch as a whole is refused."""

    max_bad_share: float = Field(0.2, ge=0, le=1, description="More bad rows than this share refuse the batch.")
    min_rows_for_share: int = Field(20, ge=1, description="Batches smaller than this are never refused by share.")
    min_volume_share: float = Field(
        0.5, ge=0, le=1, description="A complete load with fewer rows than this is refused."
    )
    data_docs: Path = Path("var/data_docs")


class RollbackSettings(Section):
    """What takes a published schedule back: broken expectations always, figures beyond a limit that is set."""

    enabled: bool = Field(default=True, description="False: what is wrong is told, and stays in force.")
    max_on_time_drop: float | None = Field(
        0.5, gt=0, le=1, description="The share of orders on time may fall by so much against the version before."
    )
    min_on_time_share: float | None = Field(None, ge=0, le=1)
    max_late_orders: int | None = Field(None, ge=0)
    max_unscheduled_orders: int | None = Field(None, ge=0)
    max_utilization: float | None = Field(
        None, gt=0, description="Of the whole horizon: 0.95 is 95 % of regular hours."
    )
    max_overtime_hours: float | None = Field(None, ge=0)
    min_orders: int = Field(20, ge=1, description="Shares of fewer scheduled orders are not looked at.")


class MondaySettings(Section):
    """The monday.com account."""

    url: str = "https://api.monday.com/v2"
    api_version: str = Field("2026-10", pattern=r"^\d{4}-\d{2}$")
    page_size: int = Field(500, ge=1, le=500)
    timeout_seconds: float = Field(60.0, gt=0)


class EmailSettings(Section):
    """The SMTP server; the password comes from CMS_SMTP_PASSWORD."""

    host: str = "127.0.0.1"
    port: int = Field(25, ge=1, le=65535)
    sender: str = "schedule@localhost"
    user: str | None = None
    starttls: bool = False
    timeout_seconds: float = Field(20.0, gt=0)


class NotificationSettings(Section):
    """Who is told, and how."""

    enabled: bool = True
    email: EmailSettings = EmailSettings()
    planner_recipient: str = Field("planner@localhost", description="Alerts go here.")
    max_attempts: int = Field(8, ge=1, le=50)
    first_retry_seconds: float = Field(30.0, gt=0)
    webhook_url: str | None = None


class RolloutSettings(Section):
    """How far customers have moved over, until ``cms rollout set`` has first said so: from then on that counts.

    In phase ``all`` every active customer is scheduled, notified and written back; in ``pilot``, ``tracking`` and
    ``scheduling`` only customers of that cohort or an earlier one are.
    """

    phase: Literal["pilot", "tracking", "scheduling", "all"] = "all"


class RetentionSettings(Section):
    """How long orders and their history stay in the warehouse, and where they go then."""

    years: int = Field(5, ge=1, le=100)
    archive: Path = Field(Path("var/archive"), description="Folder of the archive; back it up like the warehouse.")


class WebSettings(Section):
    """The web service."""

    host: str = "127.0.0.1"
    port: int = Field(8090, ge=0, le=65535)
    max_body_bytes: int = Field(262_144, ge=1024)
    audience: str | None = Field(
        None,
        description="The `aud` that monday's tokens must carry: the public URL of /webhooks/monday; default: our own.",
    )
    order_source: str | None = Field(
        None, description="Source whose orders /webhooks/orders tells of; default: the only REST source of orders."
    )
    sweep_seconds: float = Field(
        5.0, gt=0, le=3600, description="How often the inbox is looked through when nothing comes."
    )
    send_notices: bool = Field(default=True, description="Send notices from the service, as soon as they are queued.")


class Settings(Section):
    """Everything that can be set."""

    warehouse: WarehouseSettings = WarehouseSettings()
    planning: PlanningSettings = PlanningSettings()
    gate: GateSettings = GateSettings()
    rollback: RollbackSettings = RollbackSettings()
    monday: MondaySettings = MondaySettings()
    sources: dict[str, SourceSettings] = Field(default_factory=dict)
    notifications: NotificationSettings = NotificationSettings()
    rollout: RolloutSettings = RolloutSettings()
    web: WebSettings = WebSettings()
    retention: RetentionSettings = RetentionSettings()
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
        if not (isinstance(kind, type) and issubclass(kind, Section)):
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
    if detail["type"] == MAPPING_ERROR:
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
