"""Data Docs: a site on disk that opens without a network and tells what the gate found."""

import re
import subprocess
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from shutil import which

import pytest
import sqlalchemy as sa

from cms.application.ports import Dataset
from cms.config import GateSettings
from cms.domain.errors import WarehouseError
from cms.warehouse.tables import metadata
from expectations import results
from expectations.data_docs import build_data_docs
from expectations.gate import Gate
from tests.staged_rows import NOW, a_staged_order, stage

INJECTION = "<script>document.title='taken'</script> $name {customer_id}"


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> Path:
    """A site over a good load, one with a row held back, and a refused one."""
    folder = tmp_path / "docs"
    gate = Gate(engine, GateSettings(data_docs=folder), metadata.tables)
    good = [a_staged_order(number) for number in range(30)]
    bad = [*good, a_staged_order(31, customer_id=INJECTION)]
    for hour, rows in enumerate((good, bad, [row | {"order_id": None} for row in good])):
        load = stage(engine, Dataset.ORDERS, rows, load_id=f"load-{hour}")
        gate.judge(load, now=NOW + timedelta(hours=hour))
    build_data_docs(folder)
    return folder


def test_every_load_and_every_suite_has_its_page(site: Path) -> None:
    index = (site / "index.html").read_text(encoding="utf-8")

    assert len(list((site / "runs").glob("order_master/*.html"))) == 3
    assert sorted(file.stem for file in (site / "suites").iterdir()) == [
        "customer_master",
        "delivery_schedules",
        "master_schedule",
        "order_book",
        "order_master",
        "weekly_capacity_plan",
    ]
    assert all(state in index for state in ("good", "quarantined", "refused"))


def test_a_page_tells_the_rule_by_its_business_name_with_the_row_and_the_reason(site: Path) -> None:
    text = load_page(site, 1)

    assert "every order belongs to a known customer" in text
    assert "Without its customer an order has no delivery windows" in text
    assert "is not in the customer master" in text


def test_a_page_of_a_refused_load_says_why(site: Path) -> None:
    assert "order_id is empty or unreadable in all 30 rows" in load_page(site, 2)


def test_nothing_on_any_page_comes_from_elsewhere(site: Path) -> None:
    pages = [*site.rglob("*.html"), site / "style.css"]

    assert len(pages) == 11
    assert [page for page in pages if re.search(r"https?:|src=[\"']//|@import|url\(", page.read_text("utf-8"))] == []


def test_every_link_leads_to_a_file(site: Path) -> None:
    for page in site.rglob("*.html"):
        links = _Links.of(page.read_text("utf-8"))
        assert all((page.parent / link).exists() for link in links if not link.startswith(("#", "data:"))), page


def test_what_a_source_sends_is_text_and_never_markup(site: Path) -> None:
    text = load_page(site, 1)

    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_a_second_build_leaves_the_pages_of_loads_alone(site: Path) -> None:
    pages = {page: page.stat().st_mtime_ns for page in (site / "runs").rglob("*.html")}

    build_data_docs(site)

    assert {page: page.stat().st_mtime_ns for page in (site / "runs").rglob("*.html")} == pages


def test_old_results_and_their_pages_give_way(engine: sa.Engine, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "KEPT_RESULTS", 2)
    gate = Gate(engine, GateSettings(data_docs=site), metadata.tables)
    gate.judge(stage(engine, Dataset.ORDERS, [a_staged_order(1)], load_id="new"), now=NOW + timedelta(days=1))

    build_data_docs(site)

    assert sorted(page.stem.split("-", 1)[1] for page in (site / "runs").rglob("*.html")) == ["load-2", "new"]


def test_a_site_without_any_load_can_be_built(tmp_path: Path) -> None:
    index = build_data_docs(tmp_path / "docs")

    assert index.read_text("utf-8").count("Nothing has been checked yet.") == 6


def test_a_damaged_result_is_named(site: Path) -> None:
    (site / "results" / "order_master" / "20260101.json").write_text("{", encoding="utf-8")

    with pytest.raises(WarehouseError, match=r"20260101\.json cannot be read"):
        build_data_docs(site)


@pytest.mark.skipif(which("chromium") is None, reason="Chromium is not installed")
def test_a_browser_shows_the_page_without_a_network(site: Path, tmp_path: Path) -> None:
    page = next(iter((site / "runs").rglob("*load-1.html")))
    offline = ["--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
    profile = f"--user-data-dir={tmp_path / 'profile'}"

    shown = subprocess.run(
        ["chromium", *offline, profile, "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout

    assert "<title>order_master from erp</title>" in shown
    assert "every order belongs to a known customer" in shown


def load_page(site: Path, hour: int) -> str:
    return next(iter((site / "runs").rglob(f"*load-{hour}.html"))).read_text(encoding="utf-8")


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @classmethod
    def of(cls, html: str) -> list[str]:
        parser = cls()
        parser.feed(html)
        return parser.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"href", "src"} and value]
