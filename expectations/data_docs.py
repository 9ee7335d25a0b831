"""Builds Data Docs: a local site with every suite, every run and its failures, that opens without a network.

Great Expectations renders the pages; its own frame takes styles and scripts from the network, so ours stands around
them instead, with one style sheet beside the pages and no script at all.
"""

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from cms.application.ports import Severity
from cms.domain.errors import WarehouseError
from expectations.great_expectations_run import import_great_expectations
from expectations.results import RESULTS, KeptResult, kept_results, read_result
from expectations.rules import Suite, TableSuite
from expectations.suites import all_suites

_PAGES = Path(__file__).parent / "pages"
_TREND = 60


def build_data_docs(folder: Path) -> Path:
    """Build, or bring up to date, the site in `folder`; pages of runs that are there already are left alone.

    Returns
    -------
    Path
        ``index.html``.

    Raises
    ------
    WarehouseError
        The folder cannot be written, or a result in it cannot be read.
    """
    results = {suite.key: list(kept_results(folder / RESULTS, suite.key)) for suite in all_suites()}
    try:
        _write(folder / "style.css", (_PAGES / "style.css").read_text(encoding="utf-8"))
        _write_run_pages(folder, [pair for kept in results.values() for pair in kept])
        _write_suite_pages(folder)
        _write(folder / "index.html", _index(results))
    except OSError as error:
        raise WarehouseError(f"Data Docs cannot be written to {folder}: {error.strerror}") from None
    return folder / "index.html"


def _write(file: Path, text: str) -> None:
    """Put a file in its place whole: who reads it meanwhile sees the old one or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_name(f".{file.name}.{os.getpid()}")
    written.write_text(text, encoding="utf-8")
    written.replace(file)


def _write_run_pages(folder: Path, results: Sequence[tuple[Path, KeptResult]]) -> None:
    wanted = {folder / kept.page for _, kept in results}
    for page in (folder / "runs").glob("*/*.html"):
        if page not in wanted:
            page.unlink(missing_ok=True)
    missing = [(file, kept) for file, kept in results if not (folder / kept.page).exists()]
    if not missing:
        return
    view = _PageView()
    for file, kept in missing:
        _write(folder / kept.page, view.run_page(file, kept))


def _write_suite_pages(folder: Path) -> None:
    environment = _environment()
    for suite in all_suites():
        text = environment.get_template("suite.j2").render(suite=suite, root="../")
        _write(folder / _suite_page(suite.key), text)


def _suite_page(key: str) -> str:
    return f"suites/{key}.html"


class _PageView:
    """Great Expectations' renderers, in our frame."""

    def __init__(self) -> None:
        import_great_expectations()  # its classes render their own results
        from great_expectations.core.expectation_validation_result import expectationSuiteValidationResultSchema
        from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
        from great_expectations.render.view import DefaultJinjaPageView

        self._schema = expectationSuiteValidationResultSchema
        self._renderer = ValidationResultsPageRenderer(run_info_at_end=True)
        self._view = DefaultJinjaPageView(custom_views_directory=str(_PAGES))

    def run_page(self, file: Path, kept: KeptResult) -> str:
        """The page of one run."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            loaded = self._schema.load(_failures_first(read_result(file)))
            document = self._renderer.render(loaded)
            html: str = self._view.render(document, template="run.j2", kept=kept, root="../../")
        # the renderer links to where its own site would have the suite
        there = f"../../../../expectations/{loaded.suite_name}.html"
        return html.replace(there, f"../../{_suite_page(kept.suite)}")


def _failures_first(document: dict[str, Any]) -> dict[str, Any]:
    def rank(result: Mapping[str, Any]) -> tuple[bool, bool]:
        return bool(result["success"]), result["expectation_config"]["severity"] != Severity.CRITICAL.value

    return document | {"results": sorted(document["results"], key=rank)}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Section:
    suite: Suite | TableSuite
    results: Sequence[KeptResult]

    @property
    def page(self) -> str:
        return _suite_page(self.suite.key)

    @property
    def trend(self) -> list[tuple[int, float, str]]:
        """Place, share of bad rows and description of the latest loads, oldest first."""
        latest = list(reversed(self.results[:_TREND]))
        return [
            (place, 1.0 if r.refusals else r.bad_rows / max(1, r.rows), f"{r.checked_at:%Y-%m-%d %H:%M} {r.state}")
            for place, r in enumerate(latest)
        ]

    @property
    def often_broken(self) -> list[tuple[str, Severity, int, int]]:
        """Name, severity, loads and rows of the expectations that the kept loads did not meet."""
        return _often_broken(self.results)


def _often_broken(results: Iterable[KeptResult]) -> list[tuple[str, Severity, int, int]]:
    totals: dict[tuple[str, Severity], list[int]] = {}
    for result in results:
        for name, severity, count in result.broken:
            total = totals.setdefault((name, severity), [0, 0])
            total[0] += 1
            total[1] += count
    broken = [(name, severity, loads, rows) for (name, severity), (loads, rows) in totals.items()]
    return sorted(broken, key=lambda row: (row[1] is not Severity.CRITICAL, -row[3], row[0]))


def _index(results: Mapping[str, Sequence[tuple[Path, KeptResult]]]) -> str:
    sections = [_Section(suite=suite, results=[kept for _, kept in results[suite.key]]) for suite in all_suites()]
    return _environment().get_template("index.j2").render(sections=sections, root="")


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_PAGES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
