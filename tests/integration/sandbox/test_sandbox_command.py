"""`cms sandbox` says where it answers, and answers there."""

import json
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import requests

from cms.config import read_settings
from cms.sandbox import MONDAY_TOKEN

CMS = [sys.executable, "-c", "from cms.cli import main; main()"]


def test_the_command_announces_itself_in_one_line_and_serves(tmp_path: Path) -> None:
    plant, settings = tmp_path / "plant.toml", tmp_path / "cms.toml"
    sizes = ["--customers", "8", "--orders-per-month", "20", "--as-of", "2026-03-02"]
    command = [*CMS, "sandbox", "--port", "0", *sizes, "--json", "--plant-file", str(plant)]
    command += ["--settings-file", str(settings)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            body = {"query": "{ boards { name items_count } }"}
            answer = requests.post(ready["monday_url"], json=body, headers={"Authorization": MONDAY_TOKEN}, timeout=10)
        finally:
            process.terminate()

    assert answer.json()["data"]["boards"][0] == {"name": "Customers", "items_count": 9}
    assert (ready["as_of"], ready["customers"], ready["orders"]) == ("2026-03-02", 8, 480)
    assert len(tomllib.loads(plant.read_text(encoding="utf-8"))["resources"]) == 5
    connected = read_settings(settings, environment={})
    assert connected.monday.url == ready["monday_url"]
    assert sorted(connected.sources) == ["customer_board", "order_board", "order_management"]


def test_a_port_that_is_taken_is_said_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        sizes = ["--customers", "1", "--orders-per-month", "1"]
        command = [*CMS, "sandbox", "--port", port, *sizes]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 1
    assert ended.stderr.startswith(f"error: port {port} cannot be used")
    assert "--port" in ended.stderr
