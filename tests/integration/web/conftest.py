"""One company for all tests of this folder, and one service on each engine for the tests of a module."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cms.sandbox import Company
from tests.integration.web.live_service import LiveService, a_company, live_service
from tests.warehouse_fixtures import EACH_ENGINE, SQL_SERVER_URL


@pytest.fixture(scope="session")
def company() -> Company:
    return a_company()


@pytest.fixture(scope="module", params=EACH_ENGINE)
def live(
    request: pytest.FixtureRequest, company: Company, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveService]:
    """The service on each engine; its tests take orders of their own and leave no event waiting."""
    folder = tmp_path_factory.mktemp("live")
    with live_service(company, folder, fresh_url(request, folder)) as running:
        yield running


def fresh_url(request: pytest.FixtureRequest, folder: Path) -> str:
    """The URL of an empty database on the engine of the fixture's parameter."""
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'warehouse.db'}"
    if request.param == "postgresql":
        name = f"web_{uuid.uuid4().hex[:12]}"
        url: str = request.getfixturevalue("postgresql_server").create_database(name)
        return url
    assert SQL_SERVER_URL is not None
    return SQL_SERVER_URL
