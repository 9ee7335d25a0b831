"""A small generated company behind a sandbox, a warehouse, and Prefect's own test server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cms.order_sources.plant_file import read_plant
from cms.sandbox import MONDAY_TOKEN, ORDERS_TOKEN, CompanyOptions, Sandbox, generate_company, running_sandbox
from cms.sandbox.receivers import running_mail_server, running_webhook_receiver
from cms.sandbox.settings_file import sandbox_settings
from cms.warehouse import Warehouse
from cms.warehouse.engine import open_engine
from cms.warehouse.schema import upgrade
from tests.builders import MONDAY, NOON


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One Prefect server for all flow runs of this process."""
    os.environ["PREFECT_HOME"] = str(tmp_path_factory.mktemp("prefect"))
    from prefect.testing.utilities import prefect_test_harness  # noqa: PLC0415

    import flows  # noqa: F401, PLC0415 - sets Prefect's environment before Prefect is imported

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture(scope="session")
def served_company() -> Iterator[Sandbox]:
    """The company's boards and order management, served on loopback."""
    company = generate_company(CompanyOptions(as_of=MONDAY, customers=20, orders_per_month=40, seed=3))
    with running_sandbox(company) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def served_folder(
    tmp_path_factory: pytest.TempPathFactory, prefect: None, served_company: Sandbox
) -> Iterator[tuple[Path, dict[str, str]]]:
    """Settings, warehouse and running servers, and the environment that points at them."""
    folder, sandbox = tmp_path_factory.mktemp("system"), served_company
    with (
        running_mail_server(folder / "mail") as mail_port,
        running_webhook_receiver(folder / "chat") as chat_port,
    ):
        settings = sandbox_settings(
            monday_url=sandbox.monday_url,
            orders_url=sandbox.orders_url,
            folder=folder,
            mail_port=mail_port,
            webhook_url=f"json://127.0.0.1:{chat_port}/hook",
        )
        (folder / "cms.toml").write_text(settings, encoding="utf-8")
        (folder / "plant.toml").write_text(sandbox.company.plant_file(), encoding="utf-8")
        url = f"sqlite:///{folder}/warehouse.db"
        upgrade(open_engine(url))
        warehouse = Warehouse.open(url)
        warehouse.plant.save_plant(read_plant(folder / "plant.toml"), now=NOON, actor="test")
        warehouse.close()
        yield (
            folder,
            {
                "CMS_CONFIG": str(folder / "cms.toml"),
                "CMS_MONDAY_TOKEN": MONDAY_TOKEN,
                "CMS_ORDERS_TOKEN": ORDERS_TOKEN,
                "CMS_RETENTION_YEARS": "1",
                "CMS_RETENTION_ARCHIVE": str(folder / "archive"),
                "CMS_CHAT_URL": f"json://127.0.0.1:{chat_port}/chat",
            },
        )


@pytest.fixture
def system_folder(served_folder: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a system that the environment points at while the test runs."""
    folder, variables = served_folder
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return folder
