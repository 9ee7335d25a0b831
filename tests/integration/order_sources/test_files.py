"""CSV, Parquet and Excel files as sources: real files, good and broken."""

import gzip
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cms.domain.errors import SourceError
from cms.order_sources import open_order_source
from cms.order_sources.file_problems import file_errors
from tests.integration.order_sources.reading import FIELDS, a_file, keys, read_customers, read_orders

CSV = "No,Customer,Qty,Due\n007,C1,5,2026-01-13\n008,C2,2.5,2026-01-14\n"


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(path: Path, **settings: Any) -> str:
    with pytest.raises(SourceError) as caught:
        read_orders(a_file(path, **settings))
    return str(caught.value)


def test_a_csv_file_gives_typed_rows_and_loses_no_leading_nought(tmp_path: Path) -> None:
    rows = read_orders(a_file(write(tmp_path / "orders.csv", CSV)))

    assert [row.values for row in rows] == [
        {"order_id": "007", "customer_id": "C1", "quantity": Decimal(5), "requested_date": date(2026, 1, 13),
         "source_order_id": "007"},
        {"order_id": "008", "customer_id": "C2", "quantity": Decimal("2.5"), "requested_date": date(2026, 1, 14),
         "source_order_id": "008"},
    ]  # fmt: skip
    assert rows[0].raw == {"No": "007", "Customer": "C1", "Qty": "5", "Due": "2026-01-13"}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_line_ends_and_a_byte_order_mark_make_no_difference(tmp_path: Path, line_end: str, encoding: str) -> None:
    path = write(tmp_path / "orders.csv", CSV.replace("\n", line_end).encode(encoding))

    assert keys(read_orders(a_file(path))) == ["007", "008"]


def test_encoding_separator_quote_and_decimal_sign_are_settings(tmp_path: Path) -> None:
    text = "created by ERP\n\nNo;Customer;Qty;Due\n1;'Müller; Söhne';2,5;13.01.2026\n\n"
    path = write(tmp_path / "orders.txt", text.encode("cp1252"))
    fields = FIELDS | {
        "quantity": {"column": "Qty", "decimal": ","},
        "requested_date": {"column": "Due", "format": "%d.%m.%Y"},
    }

    (row,) = read_orders(a_file(path, fields=fields, encoding="cp1252", separator=";", quote="'", skip_lines=2))

    assert row.values["customer_id"] == "Müller; Söhne"
    assert row.values["quantity"] == Decimal("2.5")
    assert row.values["requested_date"] == date(2026, 1, 13)


def test_tabs_without_quotes_are_read_as_they_stand(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.tsv", 'No\tCustomer\tQty\tDue\n1\t"Inch 3"" \t5\t2026-01-13\n')

    (row,) = read_orders(a_file(path, separator="\t", quote=""))

    assert row.values["customer_id"] == '"Inch 3""'


def test_a_packed_file_is_known_by_its_content(tmp_path: Path) -> None:
    for name in ("orders.csv.gz", "orders.csv"):
        assert keys(read_orders(a_file(write(tmp_path / name, gzip.compress(CSV.encode()))))) == ["007", "008"]


def test_a_row_of_another_length_than_the_header_is_told_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", CSV + "009,C1\n010,C1,1,2026-01-15,extra\n")

    short, long = read_orders(a_file(path))[2:]

    assert short.problems == ("row: line 4 has 2 values where the header has 4",)
    assert short.values["quantity"] is None
    assert long.problems == ("row: line 5 has 5 values where the header has 4",)
    assert long.raw["(more)"] == ["extra"]


def test_a_file_is_complete_only_where_its_settings_say_so_and_it_was_read_to_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", CSV)
    whole = open_order_source("erp", a_file(path, complete=True), {}).read(watermark=None)
    part = open_order_source("erp", a_file(path), {}).read(watermark="ignored")

    rows = iter(whole.rows)
    next(rows)
    assert not whole.complete()
    list(rows)
    list(part.rows)

    assert whole.complete()
    assert not part.complete()
    assert whole.watermark() is None


def test_rows_are_kept_or_removed_by_rules(tmp_path: Path) -> None:
    path = write(tmp_path / "o.csv", "No,Customer,Qty,Due,State\n1,C1,5,,A\n2,C1,5,,gone\n3,C1,5,,B\n4,C1,5,,test\n")
    settings = a_file(path, keep_if={"State": "(?!test).*"}, removed_if={"State": "gone"})

    batch = open_order_source("erp", settings, {}).read(watermark=None)

    assert keys(list(batch.rows)) == ["1", "3"]
    assert batch.removed_ids() == frozenset({"2"})


def test_a_row_that_was_removed_and_has_no_key_removes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "o.csv", "No,Customer,Qty,Due\n,gone,5,\n")
    batch = open_order_source("erp", a_file(path, removed_if={"Customer": "gone"}), {}).read(watermark=None)

    assert list(batch.rows) == []
    assert batch.removed_ids() == frozenset()


def test_order_lines_become_orders(tmp_path: Path) -> None:
    path = write(tmp_path / "o.csv", "No,Customer,Qty,Due\n1,C1,5,2026-01-13\n2,C1,1,2026-01-13\n1,C1,2,2026-01-13\n")
    fields = FIELDS | {"quantity": {"column": "Qty", "aggregate": "sum"}}

    rows = read_orders(a_file(path, fields=fields, group_by="No"))

    assert [(row.values["order_id"], row.values["quantity"]) for row in rows] == [("1", 7), ("2", 1)]


def test_customers_bring_their_windows_and_count_once(tmp_path: Path) -> None:
    path = write(
        tmp_path / "customers.csv",
        "Id,Name,Hours\nC1,One,Tue 8-12; Thu 8-12\nC1,One,Tue 8-12; Thu 8-12\nC2,Two,nonsense\nC3,Three,\nC1,Uno,\n",
    )
    settings = a_file(path, dataset="customers", fields={"customer_id": "Id", "name": "Name"}, windows_column="Hours")

    customers, windows = read_customers(settings)

    assert [row.values["name"] for row in customers] == ["One", "Two", "Three", "Uno"]
    assert [(row.values["customer_id"], row.values.get("weekday")) for row in windows] == [
        ("C1", 1), ("C1", 3), ("C2", None)
    ]  # fmt: skip
    assert windows[2].problems[0].startswith("windows: 'nonsense' is no window") or "nonsense" in windows[2].problems[0]
    assert windows[2].raw == {"customer_id": "C2", "Hours": "nonsense"}


def test_customers_may_be_grouped_from_order_lines_windows_included(tmp_path: Path) -> None:
    path = write(tmp_path / "lines.csv", "No,Id,Hours\n1,C1,Tue 8-12\n2,C1,Thu 8-12\n3,C2,\n")
    settings = a_file(path, dataset="customers", fields={"customer_id": "Id"}, windows_column="Hours", group_by="Id")

    customers, windows = read_customers(settings)

    assert [row.values["customer_id"] for row in customers] == ["C1", "C2"]
    assert [row.values["weekday"] for row in windows] == [1, 3]


def test_progress_is_told_while_a_long_file_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "o.csv", "No,Customer,Qty,Due\n" + "1,C1,5,2026-01-13\n" * 10_001)
    told: list[tuple[str, int, int | None]] = []

    batch = open_order_source("erp", a_file(path), {}).read(
        watermark=None, progress=lambda stage, done, total: told.append((stage, done, total))
    )

    assert sum(1 for _ in batch.rows) == 10_001
    assert told == [("reading erp", 5_000, None), ("reading erp", 10_000, None)]


def test_a_missing_column_names_the_source_the_file_and_what_there_is(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", "No;Customer;Qty;Due\n1;C1;5;2026-01-13\n")

    message = refused(path)

    assert f"source 'erp' (file {path}, which has one column; is its separator ';'?)" in message
    assert "no column 'No' (for order_id)" in message
    assert "it has 'No;Customer;Qty;Due'" in message


@pytest.mark.parametrize(
    ("name", "content", "settings", "expected"),
    [
        ("o.csv", b"", {}, "is empty: it has no header"),
        ("o.csv", "No,No,Qty\n", {}, "has more than one column 'No'"),
        ("o.csv", CSV.replace("C1", "é").encode("cp1252"), {}, "is not in encoding utf-8-sig: byte 0xe9"),
        ("o.csv", CSV.encode("utf-16"), {}, "set encoding (often 'utf-16')"),
        ("o.csv", CSV.encode("utf-8"), {"encoding": "utf-16"}, "is not in encoding utf-16"),
        ("o.csv", CSV + '"' + "x" * 200_000, {}, "is no CSV with separator ',' and quote '\"' near line 4"),
        ("o.csv.gz", gzip.compress((CSV * 5000).encode())[:-20], {}, "is packed with gzip and damaged or cut off"),
        ("o.csv.gz", b"\x1f\x8bnonsense", {}, "is packed with gzip and damaged"),
        ("o.parquet", CSV, {}, "is no Parquet file"),
        ("o.xlsx", CSV, {}, "is no Excel workbook"),
        ("o.xls", CSV, {}, "save it as .xlsx"),
        ("o.dat", CSV, {}, "set format to csv, parquet or excel"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_a_remedy(
    tmp_path: Path, name: str, content: str | bytes, settings: dict[str, Any], expected: str
) -> None:
    path = write(tmp_path / name, content)

    message = refused(path, **settings)

    assert str(path) in message
    assert expected in message


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", CSV)

    with pytest.raises(SourceError, match="may not be read by this user"), file_errors(path):
        raise PermissionError(13, "Permission denied")
    with pytest.raises(SourceError, match="cannot be read: Input/output error"), file_errors(path):
        raise OSError(5, "Input/output error")


def test_a_file_that_is_not_there_or_is_a_folder_is_named(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "nowhere.csv")
    assert "is a folder" in refused(tmp_path, format="csv")


def test_a_parquet_file_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    table = pa.table(
        {
            "No": ["007", "008"],
            "Customer": pa.array(["C1", "C1"]).dictionary_encode(),
            "Qty": pa.array([Decimal("5.00"), None], pa.decimal128(10, 2)),
            "Due": pa.array([date(2026, 1, 13), date(2026, 1, 14)]),
            "At": pa.array([1_767_600_000_000_000_001, None], pa.timestamp("ns", "UTC")),
        }
    )
    pq.write_table(table, path)

    rows = read_orders(a_file(path, fields=FIELDS | {"ordered_at": "At"}))

    assert rows[0].values["quantity"] == Decimal("5.00")
    assert rows[0].values["requested_date"] == date(2026, 1, 13)
    assert rows[0].values["ordered_at"] == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert (rows[1].values["order_id"], rows[1].values["quantity"]) == ("008", None)


def test_a_cut_off_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    pq.write_table(pa.table({"No": [str(n) for n in range(10_000)]}), path)
    path.write_bytes(path.read_bytes()[:-100])

    assert "is no Parquet file, or is cut off" in refused(path)


def test_a_damaged_page_of_a_parquet_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    pq.write_table(pa.table({name: [str(n) for n in range(10_000)] for name in FIELDS.values()}), path)
    content = bytearray(path.read_bytes())
    content[4:2_000] = b"\xff" * 1_996
    path.write_bytes(content)

    assert "is damaged" in refused(path)


def a_workbook(path: Path, *rows: list[Any], title: str = "Orders") -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    workbook.create_sheet("Notes")
    workbook.save(path)
    return path


def test_an_excel_sheet_gives_native_values_and_whole_keys(tmp_path: Path) -> None:
    due = datetime.fromisoformat("2026-01-13T00:00")
    path = a_workbook(
        tmp_path / "orders.xlsx",
        ["Exported on Monday"],
        ["No", "Customer", None, "Qty", "Due"],
        [4711.0, "C1", "nameless", 5, due],
        [None, None, None, None, None],
        ["007", "C2", None, "2.5", "2026-01-14"],
        ["008", "C2", None, "#REF!", due],
    )

    for sheet in (0, "Orders"):
        rows = read_orders(a_file(path, skip_lines=1, sheet=sheet))

        assert [row.values["order_id"] for row in rows] == ["4711", "007", "008"]
        assert [row.values["requested_date"] for row in rows] == [
            date(2026, 1, 13),
            date(2026, 1, 14),
            date(2026, 1, 13),
        ]
        assert [row.values["quantity"] for row in rows] == [5, Decimal("2.5"), None]
        assert rows[2].problems == ("row: the cell of column Qty in row 6 holds the error #REF!",)


def test_a_sheet_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    path = a_workbook(tmp_path / "orders.xlsx", ["No"])

    assert "has no sheet 'Order'; it has 'Orders', 'Notes'" in refused(path, sheet="Order")
    assert "has no sheet 7" in refused(path, sheet=7)
    assert "sheet 'Notes' is empty" in refused(path, sheet="Notes")
