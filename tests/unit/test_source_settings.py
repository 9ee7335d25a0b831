"""Source settings: every mistake of a mapping is named where it stands."""

from pathlib import Path

import pytest

from cms.config import FileSourceSettings, SqlSourceSettings, read_settings
from cms.domain.errors import ConfigurationError
from cms.source_settings import order_precedence


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "cms.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_settings(path, {})
    return list(caught.value.problems)


def test_a_mapping_may_be_short_or_long(tmp_path: Path) -> None:
    path = tmp_path / "cms.toml"
    path.write_text(
        """
        [sources.erp]
        kind = "file"
        path = "orders.csv"
        separator = "\\t"
        [sources.erp.fields]
        order_id = "No"
        requested_date = { column = "Due", format = "%d.%m.%Y" }
        promised_date = { column = "Promised", format = ["%d.%m.%Y", "iso"] }
        """,
        encoding="utf-8",
    )

    source = read_settings(path, {}).sources["erp"]

    assert isinstance(source, FileSourceSettings)
    assert source.separator == "\t"
    assert [(rule.field, rule.column, rule.formats) for rule in source.field_rules()] == [
        ("order_id", "No", ()),
        ("requested_date", "Due", ("%d.%m.%Y",)),
        ("promised_date", "Promised", ("%d.%m.%Y", "iso")),
    ]


def test_every_mistake_in_every_source_is_named_with_its_place(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        [sources.erp]
        kind = "file"
        path = "orders.csv"
        encoding = "latin-99"
        [sources.erp.fields]
        order_id = "No"

        [sources.crm]
        kind = "file"
        path = "orders.csv"
        windows_column = "Hours"
        keep_if = { State = "(" }
        field_precedence = { colour = 1 }
        [sources.crm.fields]
        quantity = { column = "Qty", aggregate = "sum" }
        status = { column = "State", map = { A = "opn" } }

        [sources.web]
        kind = "rest"
        url = "ftp://erp.example/orders"
        [sources.web.fields]
        order_id = { colum = "No" }

        [sources.odd]
        kind = "fax"
        """,
    )

    assert [problem.partition(":")[0] for problem in found] == [
        "sources.erp.encoding",
        "sources.crm.fields.status.map.A",
        "sources.crm.fields.order_id",
        "sources.crm.keep_if.State",
        "sources.crm.field_precedence.colour",
        "sources.crm.fields.quantity.aggregate",
        "sources.crm.windows_column",
        "sources.web.fields.order_id.colum",
        "sources.web.url",
        "sources.odd",
    ]


@pytest.mark.parametrize(
    ("query", "settings", "rule"),
    [
        ("SELECT 1 WHERE x >= :watermark", {}, "a query with :watermark needs watermark_column"),
        ("SELECT ':watermarks', x::watermark", {"watermark_column": "x"}, "only such a query takes one"),
        ("SELECT 1 WHERE x >= :watermark", {"watermark_column": "x", "complete": True}, "gives only what changed"),
    ],
)
def test_a_query_and_its_watermark_belong_together(query: str, settings: dict[str, object], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        SqlSourceSettings(kind="sql", url="sqlite://", query=query, fields={"order_id": "No"}, **settings)


def test_the_precedence_of_sources_comes_from_their_settings(tmp_path: Path) -> None:
    fields = {"order_id": "No"}
    sources = {
        "erp": FileSourceSettings(kind="file", path=tmp_path, fields=fields, precedence=10),
        "board": FileSourceSettings(kind="file", path=tmp_path, fields=fields, field_precedence={"status": 5}),
        "crm": FileSourceSettings(kind="file", path=tmp_path, fields={"customer_id": "Id"}, dataset="customers"),
    }

    precedence = order_precedence(sources)

    assert precedence.sources == {"erp": 10, "board": 100}
    assert (precedence.rank("board", "status"), precedence.rank("erp", "status")) == (5, 10)
