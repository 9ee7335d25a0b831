"""The whole service over a sandbox: a small company, loaded and planned, webhooks subscribed, answering on loopback."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import jwt
import requests

from cms.application.gated_load import GatedLoader
from cms.application.plan_schedule import plan_schedule
from cms.application.sync_customers import sync_customers
from cms.application.sync_orders import sync_orders
from cms.bootstrap import System, open_system
from cms.domain.orders import OrderId, OrderStatus
from cms.monday.webhooks import create_webhooks
from cms.order_sources.plant_file import read_plant
from cms.sandbox import (
    MONDAY_TOKEN,
    ORDERS_TOKEN,
    SIGNING_SECRET,
    Company,
    CompanyOptions,
    Sandbox,
    SandboxOptions,
    generate_company,
    running_sandbox,
)
from cms.sandbox.company_boards import CUSTOMER_BOARD, ORDER_BOARD
from cms.sandbox.settings_file import sandbox_settings
from cms.warehouse.engine import open_engine
from cms.warehouse.schema import upgrade
from cms.web.server import listen, own_address, server_of
from cms.web.service import Service, create_app
from tests.builders import MONDAY

HOST = "127.0.0.1"
PATIENCE_SECONDS = 120.0
"""What comes in a moment may take long on a busy machine; only a failure waits so long."""


def a_company(*, customers: int = 20, orders_per_month: int = 120, history_months: int = 2) -> Company:
    options = CompanyOptions(
        as_of=MONDAY, customers=customers, orders_per_month=orders_per_month, history_months=history_months, seed=5
    )
    return generate_company(options)


def settings_of(
    sandbox: Sandbox, folder: Path, url: str, *, more_settings: str = "", **variables: str
) -> dict[str, str]:
    """The environment of a system over the sandbox; the schema is made, the plant file lies in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = sandbox_settings(monday_url=sandbox.monday_url, orders_url=sandbox.orders_url, folder=folder)
    (folder / "cms.toml").write_text(text + more_settings, encoding="utf-8")
    (folder / "plant.toml").write_text(sandbox.company.plant_file(), encoding="utf-8")
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    return {
        "CMS_CONFIG": str(folder / "cms.toml"),
        "CMS_WAREHOUSE_URL": url,
        "CMS_MONDAY_TOKEN": MONDAY_TOKEN,
        "CMS_ORDERS_TOKEN": ORDERS_TOKEN,
        "CMS_MONDAY_SIGNING_SECRET": SIGNING_SECRET,
        "CMS_ORDERS_SIGNING_SECRET": SIGNING_SECRET,
        "CMS_PLANNING_METHOD": "dispatch",
        "CMS_NOTIFICATIONS_ENABLED": "false",
    } | variables


def load_and_plan(system: System, folder: Path) -> None:
    """Bring the sandbox's company into the warehouse, through the quick gate, and publish a first schedule."""
    system.warehouse.plant.save_plant(read_plant(folder / "plant.toml"), now=system.clock.now(), actor="test")
    loader: GatedLoader = system.event_work.loader
    for name in system.source_names("customers"):
        sync_customers(system.customer_source(name), loader)
    for name in system.source_names("orders"):
        sync_orders(system.order_source(name), loader)
    plan_schedule(system.planner, as_of=MONDAY, actor="test")


@dataclass(kw_only=True)
class LiveService:
    """A running service with what it runs on."""

    sandbox: Sandbox
    system: System
    service: Service
    address: str
    taken: set[str] = field(default_factory=set)

    def take_orders(self, count: int = 1, *, on_board: bool) -> list[str]:
        """Scheduled orders that are not frozen, of the order board or of order management alone; each taken once."""
        free = [order_id for order_id in self._movable_orders(on_board=on_board) if order_id not in self.taken]
        self.taken.update(free[:count])
        assert len(free) >= count, "the company is too small for so many tests"
        return free[:count]

    @contextmanager
    def events(self, count: int) -> Iterator[None]:
        """Wait at the end until what the block did has become so many events, and all of them are done."""
        done = self._backlog()[0]
        yield
        assert wait_until(lambda: self._backlog() == (done + count, 0)), f"done {done} before, now {self._backlog()}"

    def _movable_orders(self, *, on_board: bool) -> list[str]:
        published = self.system.warehouse.schedules.published()
        assert published is not None
        orders = self.system.warehouse.orders.plannable_orders()
        untouched = {order.order_id for order in orders if order.status is OrderStatus.SCHEDULED}
        free = {d.order_id for d in published.deliveries if not d.frozen} & untouched
        managed = {row["orderNumber"] for row in self.sandbox.orders.rows}
        return sorted(i for i in free if (i in self.board_items()) is on_board and (i in managed) is not on_board)

    def board_items(self) -> dict[str, str]:
        """Item ids of the order board, by order."""
        return {item.name: item.id for item in self.sandbox.account.boards[ORDER_BOARD].items.values()}

    def change_item(self, order_id: str, values: dict[str, Any]) -> None:
        """Edit an order on its board, as a person does."""
        self.sandbox.account.change_values(ORDER_BOARD, self.board_items()[order_id], values)

    def order(self, order_id: str) -> dict[str, Any]:
        """What the service says of an order."""
        answer = requests.get(f"{self.address}/api/orders/{order_id}", timeout=PATIENCE_SECONDS)
        assert answer.ok, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def quantity(self, order_id: str) -> Decimal:
        """What is ordered, as the service says."""
        return Decimal(self.order(order_id)["order"]["quantity"]).normalize()

    def status(self) -> dict[str, Any]:
        """What the service says of the system."""
        document: dict[str, Any] = requests.get(f"{self.address}/api/status", timeout=PATIENCE_SECONDS).json()
        return document

    def notices_about(self, order_id: str) -> list[str]:
        """Kinds of the notices queued about an order, oldest first."""
        entries = self.system.warehouse.outbox.claim_due(
            now=self.system.clock.now(), limit=10_000, worker="test", lease_seconds=0
        )
        return [entry.notice.kind for entry in entries if entry.notice.order_id == OrderId(order_id)]

    def post(self, body: object, *, path: str = "/webhooks/monday", **more: str) -> requests.Response:
        """Send a webhook."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in more.items()}
        headers = {"Content-Type": "application/json"} | named
        return requests.post(self.address + path, data=data, headers=headers, timeout=PATIENCE_SECONDS)

    def token(self, *, secret: str = SIGNING_SECRET, algorithm: str = "HS256", **changes: Any) -> str:
        """A token as monday.com makes it, with changes."""
        claims = {"aud": self.service.audience, "exp": int(time.time()) + 300, "nonce": str(time.monotonic_ns())}
        return jwt.encode({k: v for k, v in (claims | changes).items() if v is not None}, secret, algorithm=algorithm)

    def _backlog(self) -> tuple[int, int]:
        backlog = self.system.warehouse.inbox.backlog()
        return backlog.done, backlog.waiting


def wait_until(is_so: Any, timeout_seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether it became so in time."""
    deadline = time.monotonic() + timeout_seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def running_service(sandbox: Sandbox, system: System, *, with_workers: bool = True) -> Iterator[LiveService]:
    """The service on a free port while the block runs."""
    listening = listen(HOST, 0)
    address = own_address(listening, HOST)
    service = Service(system=system, audience=f"{address}/webhooks/monday")
    server = server_of(create_app(service, with_workers=with_workers))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        assert wait_until(lambda: server.started)
        yield LiveService(sandbox=sandbox, system=system, service=service, address=address)
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


@contextmanager
def live_service(
    company: Company,
    folder: Path,
    url: str,
    *,
    options: SandboxOptions | None = None,
    more_settings: str = "",
    **variables: str,
) -> Iterator[LiveService]:
    """Sandbox, loaded system and running service, with webhooks subscribed for both boards and order management."""
    with running_sandbox(company, options=options) as sandbox:
        environment = settings_of(sandbox, folder, url, more_settings=more_settings, **variables)
        with open_system(environment=environment) as system:
            load_and_plan(system, folder)
            with running_service(sandbox, system) as live:
                subscribe(live)
                yield live


def subscribe(live: LiveService) -> None:
    """Have the sandbox tell of changes."""
    for board in (CUSTOMER_BOARD, ORDER_BOARD):
        create_webhooks(live.system.monday, board, f"{live.address}/webhooks/monday")
    answer = requests.post(
        f"{live.sandbox.url}/orders/v1/webhooks",
        json={"url": f"{live.address}/webhooks/orders"},
        headers={"Authorization": f"Bearer {ORDERS_TOKEN}"},
        timeout=PATIENCE_SECONDS,
    )
    assert answer.ok


def copy_of(template: Path, path: Path) -> str:
    """The URL of a copy of a SQLite warehouse."""
    shutil.copy(template, path)
    return f"sqlite:///{path}"
