"""`cms monday` against a sandbox, as somebody runs it."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cms.cli import app
from cms.cli.monday import ACTION_NEEDED_STATUS
from cms.domain.errors import InvalidValueError, NotFoundError
from cms.monday.errors import BoardDriftError, RefusedError
from cms.monday.versions import VersionState, check_versions
from cms.monday.webhooks import EVENTS, create_webhooks, delete_webhooks, list_webhooks
from cms.sandbox import MONDAY_TOKEN, FaultKind, FaultRule, Sandbox
from cms.sandbox.company_boards import CUSTOMER_BOARD, ORDER_BOARD
from cms.sandbox.settings_file import sandbox_settings
from tests.integration.monday.boards import a_client


class _Echo(BaseHTTPRequestHandler):
    """Answers a challenge as our service does: with the same."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
        """Say nothing."""


@pytest.fixture
def hook_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/webhooks/monday"
        server.shutdown()
        thread.join(5)


@pytest.fixture(autouse=True)
def _settings(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = sandbox_settings(monday_url=sandbox.monday_url, orders_url=sandbox.orders_url, folder=tmp_path)
    (tmp_path / "cms.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("CMS_CONFIG", str(tmp_path / "cms.toml"))
    monkeypatch.setenv("CMS_MONDAY_TOKEN", MONDAY_TOKEN)


def _cms(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["monday", *arguments])


def test_boards_shows_what_a_mapping_is_made_of() -> None:
    result = _cms("boards", "--board", CUSTOMER_BOARD, "--json")

    [board] = json.loads(result.stdout)
    columns = {column["column_id"]: column["type"] for column in board["columns"]}
    assert board["board_id"] == CUSTOMER_BOARD
    assert columns["transit_days"] == "numbers"


def test_boards_shows_every_board_to_people() -> None:
    result = _cms("boards")

    assert result.exit_code == 0
    assert f"Customer orders (board {ORDER_BOARD}" in result.stdout
    assert "requested_date" in result.stdout


def test_a_board_that_is_not_there_is_named() -> None:
    result = _cms("boards", "--board", "4711")

    assert isinstance(result.exception, BoardDriftError)
    assert "board 4711 is not there" in str(result.exception)


def test_webhooks_are_created_listed_and_deleted(hook_url: str) -> None:
    created = json.loads(_cms("webhooks", "create", "--url", hook_url, "--board", ORDER_BOARD, "--json").stdout)
    listed = json.loads(_cms("webhooks", "list", "--json").stdout)
    deleted = json.loads(_cms("webhooks", "delete", "--json", *(w["webhook_id"] for w in listed)).stdout)

    assert {webhook["event"] for webhook in created["created"]} == set(EVENTS)
    assert listed == sorted(created["created"], key=lambda webhook: webhook["event"])
    assert deleted == listed
    assert json.loads(_cms("webhooks", "list", "--json").stdout) == []


def test_an_event_that_is_already_told_of_is_left_alone(hook_url: str) -> None:
    _cms("webhooks", "create", "--url", hook_url, "--board", ORDER_BOARD, "--event", "create_item")

    result = _cms("webhooks", "create", "--url", hook_url, "--board", ORDER_BOARD, "--event", "create_item")

    assert result.exit_code == 0
    assert "left alone" in result.stdout


def test_with_a_key_of_its_own_a_creation_whose_answer_was_lost_is_made_once(sandbox: Sandbox, hook_url: str) -> None:
    rules = [FaultRule(kind=kind, probability=0.3) for kind in (FaultKind.RESET_AFTER, FaultKind.HTTP_503)]
    sandbox.faults.set(rules, seed=1)
    create_webhooks(a_client(sandbox, broken_attempts=20), ORDER_BOARD, hook_url, key="this call")
    fired = {fault.rule.kind for fault in sandbox.faults.fired}
    sandbox.faults.clear()

    assert fired == {FaultKind.RESET_AFTER, FaultKind.HTTP_503}
    assert [w.event for w in list_webhooks(a_client(sandbox), ORDER_BOARD)] == sorted(EVENTS)


def test_an_address_that_does_not_echo_the_challenge_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(RefusedError):
        create_webhooks(a_client(sandbox), ORDER_BOARD, f"{sandbox.url}/health", ["create_item"])

    assert list_webhooks(a_client(sandbox), ORDER_BOARD) == ()


def test_an_address_that_is_none_is_refused_before_anything_is_asked(sandbox: Sandbox) -> None:
    client = a_client(sandbox)

    with pytest.raises(InvalidValueError, match="url"):
        create_webhooks(client, ORDER_BOARD, "nowhere")

    assert client.requests_sent == 0


def test_a_webhook_that_does_not_exist_is_named(sandbox: Sandbox) -> None:
    with pytest.raises((NotFoundError, RefusedError), match="4711"):
        delete_webhooks(a_client(sandbox), ["4711"])


def test_versions_tells_how_long_the_pin_lasts(sandbox: Sandbox) -> None:
    report = check_versions(a_client(sandbox), date(2026, 11, 24))

    assert (report.pinned, report.kind, report.state) == ("2026-10", "current", VersionState.FINE)
    assert report.served["2026-07"] == "maintenance"


def test_versions_fails_where_something_has_to_be_done(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms.bootstrap.SystemClock.now", lambda _: datetime(2027, 3, 1, tzinfo=UTC))

    result = _cms("versions", "--json")

    assert result.exit_code == ACTION_NEEDED_STATUS
    assert json.loads(result.stdout)["state"] == "soon"


def test_versions_shows_people_a_table_and_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms.bootstrap.SystemClock.now", lambda _: datetime(2026, 11, 24, tzinfo=UTC))

    result = _cms("versions")

    assert result.exit_code == 0
    assert "API version 2026-10 (current) is kept until 2027-04-01" in result.stdout.replace("\n", " ")


def test_a_missing_token_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CMS_MONDAY_TOKEN")

    result = _cms("versions")

    assert "CMS_MONDAY_TOKEN" in str(result.exception)


@pytest.mark.parametrize(
    "command", [["versions"], ["boards"], ["webhooks", "list"], ["webhooks", "create"], ["webhooks", "delete"]]
)
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    result = _cms(*command, "--help")

    assert f"Example: cms monday {' '.join(command)}" in " ".join(result.stdout.split())
    assert "--json" in result.stdout
