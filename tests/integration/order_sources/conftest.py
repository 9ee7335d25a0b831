"""The order server, and shared data where there is some."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.order_sources.order_server import OrderServer, served

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def order_server() -> Iterator[OrderServer]:
    with served() as server:
        yield server


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(os.environ.get("CMS_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}; set CMS_SHARED_DATA to the folder that holds it")
    return folder
