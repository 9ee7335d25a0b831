"""What `cms sync` shows of a run in which a later source fails."""

import json
from collections.abc import Iterator

import pytest

from cms.application.gated_load import LoadReport
from cms.application.ports import Dataset, MergeCounts
from cms.cli.loads import show_all
from cms.domain.errors import NotFoundError


def loading(*sources: str, then_fails: bool) -> Iterator[LoadReport]:
    for source in sources:
        yield LoadReport(load_id="L1", dataset=Dataset.ORDERS, source=source, staged=3, counts=MergeCounts(inserted=3))
    if then_fails:
        raise NotFoundError("file", "orders.csv", "name it in cms.toml")


def test_what_was_loaded_before_a_source_failed_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotFoundError, match=r"orders\.csv"):
        show_all(loading("erp", "board", then_fails=True), as_json=True)

    assert [report["source"] for report in json.loads(capsys.readouterr().out)] == ["erp", "board"]


def test_a_first_source_that_fails_leaves_nothing_to_show(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotFoundError):
        show_all(loading(then_fails=True), as_json=False)

    assert not capsys.readouterr().out


def test_every_report_is_shown_where_none_fails(capsys: pytest.CaptureFixture[str]) -> None:
    reports = show_all(loading("erp", then_fails=False), as_json=False)

    assert [report.source for report in reports] == ["erp"]
    assert "erp" in capsys.readouterr().out
