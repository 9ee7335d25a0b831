"""monday.com's own JavaScript client works against the sandbox: query, paging, mutation, error."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cms.sandbox import MONDAY_TOKEN, Sandbox
from tests.integration.sandbox.sandbox_client import CUSTOMERS

MODULES = Path(os.environ.get("CMS_TEST_NODE_MODULES", Path(__file__).parents[3] / "var" / "npm" / "node_modules"))
SCRIPT = Path(__file__).parent / "official_client.cjs"


@pytest.fixture
def node() -> str:
    found = shutil.which("node")
    if found is None or not (MODULES / "@mondaydotcomorg" / "api").exists():
        pytest.skip(
            f"needs node and `npm install --prefix {MODULES.parent} @mondaydotcomorg/api`; "
            "CMS_TEST_NODE_MODULES may name another node_modules"
        )
    return found


def test_the_official_client_reads_changes_and_understands_refusals(sandbox: Sandbox, node: str) -> None:
    command = [node, str(SCRIPT), str(MODULES), sandbox.monday_url, MONDAY_TOKEN, CUSTOMERS]

    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["me"] == "Schedule Service"
    assert sorted(told["names"]) == sorted(item.name for item in sandbox.account.board(CUSTOMERS).active_items)
    assert sandbox.account.item(told["changed"]).values["transit_days"] == "9"
    assert told["refused"]["extensions"]["code"] == "undefinedField"
