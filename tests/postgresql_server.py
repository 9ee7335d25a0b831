"""A PostgreSQL server that the tests start for themselves: on loopback, in a temporary folder, gone at the end."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

USER = "cms_tests"
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_ALWAYS = ("listen_addresses=127.0.0.1", "max_connections=60", "shared_buffers=64MB", "log_min_messages=fatal")


@dataclass(frozen=True, kw_only=True)
class PostgresqlServer:
    """A running server and its folder."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    @property
    def process_id(self) -> int:
        """The server's own process; `process` may be one that changes the account and waits for it."""
        return int((self.folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])

    def create_database(self, name: str, *, template: str = "template0") -> str:
        """Make an empty database, or a copy of another one; its URL."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        self._run(statement)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def require_password(self, password: str) -> None:
        """From now on nobody connects without the password."""
        rules = self.folder / "data" / "pg_hba.conf"
        with psycopg.connect(self._dsn(), autocommit=True) as connection:
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(USER), sql.Literal(password)))
            rules.write_text("host all all 127.0.0.1/32 scram-sha-256\n", encoding="utf-8")
            connection.execute("SELECT pg_reload_conf()")

    def stop(self) -> None:
        """Stop at once and remove the folder."""
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._dsn(), autocommit=True) as connection:
            connection.execute(statement)

    def _dsn(self) -> str:
        return f"host=127.0.0.1 port={self.port} user={USER} dbname=postgres connect_timeout=10"


def find_binaries() -> Path | None:
    """The newest installed PostgreSQL's programs; None: there is none."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    found = [path.parent for path in packaged[-1:]] or ([Path(on_path).parent] if on_path else [])
    return next((folder for folder in found if (folder / "postgres").exists()), None)


def start_server(folder: Path, *, is_durable: bool = False) -> PostgresqlServer:
    """Make a cluster in `folder` and start it; without durability it is several times faster."""
    binaries = find_binaries()
    assert binaries is not None, "no PostgreSQL is installed"
    folder.mkdir(parents=True, exist_ok=True)
    account = _account()
    if account:
        _give_to(folder, account)
    data = folder / "data"
    making = [binaries / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale"]
    _run_as(account, [*making, *([] if is_durable else ["--no-sync"])], folder)
    port = _free_port()
    settings = [*_ALWAYS, f"port={port}", f"unix_socket_directories={folder}", *(() if is_durable else _FAST)]
    command = [binaries / "postgres", "-D", data, *(part for setting in settings for part in ("-c", setting))]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(_as_account(account, command), cwd=folder, stdout=log, stderr=log)
    server = PostgresqlServer(folder=folder, port=port, process=process)
    _wait_until_ready(server)
    return server


def _account() -> str | None:
    """The account that runs the server: initdb refuses root."""
    if os.geteuid() != 0:
        return None
    accounts = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in accounts else "nobody"


def _give_to(folder: Path, account: str) -> None:
    entry = pwd.getpwnam(account)
    os.chown(folder, entry.pw_uid, entry.pw_gid)


def _as_account(account: str | None, command: Sequence[object]) -> list[str]:
    plain = [str(part) for part in command]
    if account is None:
        return plain
    entry = pwd.getpwnam(account)
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", *plain]


def _run_as(account: str | None, command: Sequence[object], folder: Path) -> None:
    done = subprocess.run(
        _as_account(account, command), cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_until_ready(server: PostgresqlServer, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        assert server.process.poll() is None, (server.folder / "log").read_text(errors="replace")
        try:
            psycopg.connect(server._dsn()).close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, (server.folder / "log").read_text(errors="replace")
            time.sleep(0.05)
        else:
            return
