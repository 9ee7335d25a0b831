"""Turns what a database driver says into one clear sentence: what failed, where, why, and what helps."""

import re

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine

from cms.domain.errors import WarehouseError
from cms.warehouse.sql_server import DRIVER_PACKAGE

_TRANSIENT_STATES = frozenset({"40001", "40P01", "55P03"})
_TRANSIENT_TEXTS = ("database is locked", "database table is locked", "deadlock victim", "(1205)", "(1222)", "(3960)")

_NOTHING_TO_ROLL_BACK = "(3903)"
_UNREACHABLE = (
    r"connection (refused|failed)|could not (connect|translate)|login timeout|timeout expired|08001|08S01"
    r"|server closed the connection|name or service not known|network is unreachable"
)
_CAUSES: tuple[tuple[str, str], ...] = (
    (
        r"database or disk is full|no space left|disk full|53100|\(1105\)|\(9002\)",
        "its disk is full; free space and run again, nothing was changed",
    ),
    (
        r"readonly database|read-only transaction|25006|\(3906\)",
        "it is read-only; check the file's permissions or connect to the primary server",
    ),
    (
        r"database (table )?is locked",
        "another program has locked it for too long; end that program or run again",
    ),
    (
        r"password authentication failed|28P01|28000|login failed|\(18456\)",
        "it refused the user or the password; check CMS_WAREHOUSE_URL",
    ),
    (
        r"database \"[^\"]*\" does not exist|3D000|cannot open database|\(4060\)",
        "there is no such database; create it or check CMS_WAREHOUSE_URL",
    ),
    (
        r"unable to open database file",
        "the file cannot be opened; check that its folder exists and may be written",
    ),
    (
        r"file is not a database|malformed",
        "the file is not a SQLite database, or it is damaged; restore it from a backup",
    ),
    (
        r"\(3952\)|\(5011\)",
        "its readers need snapshots; as its owner run: ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON",
    ),
    (
        _UNREACHABLE,
        "it cannot be reached; check that the server runs, and the host and port in CMS_WAREHOUSE_URL",
    ),
    (
        r"no such table|does not exist|invalid object name",
        "its schema is not this program's; run: cms db upgrade",
    ),
)


class DeadlockError(WarehouseError):
    """Two transactions wait for each other's application locks: this one is to be repeated."""


def first_failure(error: sa.exc.DBAPIError) -> sa.exc.DBAPIError:
    """The failure behind that of a rollback: a server that rolls back by itself, as after a deadlock, has none left."""
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, sa.exc.DBAPIError) and _NOTHING_TO_ROLL_BACK not in str(behind.orig):
            return behind
        behind = behind.__context__
    return error


def translated(error: sa.exc.DBAPIError, engine: Engine) -> WarehouseError:
    """What the driver said, as a refusal that the person in charge can act on; secrets are masked."""
    said = masked(_first_line(error), engine.url)
    where = masked_url(engine.url)
    for pattern, advice in _CAUSES:
        if re.search(pattern, said, flags=re.IGNORECASE):
            return WarehouseError(f"warehouse {where}: {advice} ({said})")
    return WarehouseError(f"warehouse {where}: {said}")


def is_transient(error: sa.exc.DBAPIError) -> bool:
    """Whether the same transaction may succeed when it is repeated: a deadlock, a lost race, a busy database."""
    state = getattr(error.orig, "sqlstate", None) or _first_argument(error)
    if state in _TRANSIENT_STATES:
        return True
    said = str(error.orig).lower()
    return any(text in said for text in _TRANSIENT_TEXTS)


def masked_url(url: URL) -> str:
    """The URL without its password, wherever it stands, and without a driver that we chose ourselves."""
    if DRIVER_PACKAGE in str(url.query.get("driver")):
        url = url.difference_update_query(["driver"])
    return masked(url.render_as_string(hide_password=True), url)


def masked(text: str, url: URL) -> str:
    """`text` without the password of `url` and without any ``PWD=…``."""
    if url.password:
        text = text.replace(str(url.password), "***")
    return re.sub(r"(?i)(pwd|password)(=|%3D)[^;&\s]*", r"\1\2***", text)


def _first_line(error: sa.exc.DBAPIError) -> str:
    # pyodbc gives the state, and a message that repeats it
    arguments: tuple[object, ...] = getattr(error.orig, "args", ())
    said = arguments[-1] if len(arguments) == 2 else error.orig
    lines = str(said).strip().splitlines()
    return lines[0].strip() if lines else type(error.orig).__name__


def _first_argument(error: sa.exc.DBAPIError) -> str | None:
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], str) else None
