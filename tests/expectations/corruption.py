"""Good order feeds, and the ways in which real ones arrive broken; every choice comes from the generator given."""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from random import Random

from cms.config import FieldSettings

Row = dict[str, str]
Corruption = Callable[[Row, Random], Row]
START = datetime(2025, 12, 1, 8, tzinfo=UTC)
FAMILIES = ("pumps", "valves", "Kühlgeräte", "Ölfilter")
CUSTOMERS = tuple(f"C{number}" for number in range(1, 9))
FIELDS: Mapping[str, str | FieldSettings] = {
    "order_id": "No",
    "customer_id": "Customer",
    "product_family": "Family",
    "quantity": "Qty",
    "ordered_at": "Ordered",
    "requested_date": "Wanted",
    "promised_date": "Promised",
    "status": "Status",
    "order_type": "Type",
    "priority": "Prio",
    "source_updated_at": "Changed",
}
TEXT_FIELDS = ("No", "Customer", "Family", "Status", "Type")
HOSTILE = (
    "'; DROP TABLE order_master; --",
    '" OR 1=1 --',
    "1); DELETE FROM customer_master; --",
    "{load_id} %s :name ${HOME}",
    "<script>alert(1)</script>",
)


@dataclass(frozen=True, kw_only=True)
class Feed:
    """A file of orders, with which of its rows were touched.

    Parameters
    ----------
    rows : list of dict
        As they stand in the file.
    truth : list of dict
        What was meant by them; a hostile text is what was meant, nothing but text.
    touched : frozenset of int
        Places of the rows that were corrupted.
    """

    rows: list[Row]
    truth: list[Row]
    touched: frozenset[int]

    def as_csv(self) -> str:
        """The file's text."""
        return as_csv(self.rows)


def as_csv(rows: list[Row]) -> str:
    """Rows as a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=[str(column) for column in FIELDS.values()], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def good_rows(count: int, random: Random, first: int = 0) -> list[Row]:
    """Orders as a well-kept system exports them: made by day, from 8:00 to 18:00, for 0.5 to 400 units."""
    return [_good_row(number, random) for number in range(first, first + count)]


def _good_row(number: int, random: Random) -> Row:
    ordered = START + timedelta(days=random.randrange(28), minutes=random.randrange(10 * 60))
    wanted = ordered.date() + timedelta(days=random.randrange(5, 40))
    promised = wanted + timedelta(days=random.randrange(0, 4))
    return {
        "No": f"SO-{number:05}",
        "Customer": random.choice(CUSTOMERS),
        "Family": random.choice(FAMILIES),
        "Qty": f"{random.randrange(5, 4_000) / 10:.1f}",
        "Ordered": ordered.isoformat(),
        "Wanted": wanted.isoformat(),
        "Promised": promised.isoformat(),
        "Status": random.choice(("open", "open", "open", "on_hold")),
        "Type": random.choice(("standard", "standard", "rush", "bulk")),
        "Prio": str(random.randrange(1, 6)),
        "Changed": (ordered + timedelta(minutes=random.randrange(1, 2_000))).isoformat(),
    }


def swap_columns(row: Row, random: Random) -> Row:
    """Two columns change places."""
    one, other = random.sample(list(row), 2)
    return row | {one: row[other], other: row[one]}


def shift_the_decimal_point(row: Row, random: Random) -> Row:
    """The quantity gains or loses a factor of ten, a hundred or a thousand."""
    factor = random.choice((0.001, 0.01, 0.1, 10, 100, 1_000))
    return row | {"Qty": f"{float(row['Qty']) * factor:.4f}"}


def encode_twice(row: Row, random: Random) -> Row:
    """UTF-8 is read as Windows-1252; a row that has nothing but ASCII gets a family with an umlaut first."""
    family = row["Family"] if not row["Family"].isascii() else random.choice(FAMILIES[2:])
    return row | {"Family": family.encode().decode("cp1252", "replace")}


def lose_characters(row: Row, random: Random) -> Row:
    """What the encoding has not becomes a replacement character."""
    family = row["Family"] if not row["Family"].isascii() else random.choice(FAMILIES[2:])
    return row | {"Family": family.encode("ascii", "replace").decode().replace("?", "\ufffd")}


def take_a_wrong_zone(row: Row, random: Random) -> Row:
    """An instant is written with the offset of another place, the clock of this one."""
    column = random.choice(("Ordered", "Changed"))
    zone = timezone(timedelta(hours=random.choice((-11, -8, -5, 2, 5, 9, 12))))
    return row | {column: datetime.fromisoformat(row[column]).replace(tzinfo=zone).isoformat()}


def move_the_clock(row: Row, random: Random) -> Row:
    """An instant is that of another place's clock, with our own offset."""
    column, hours = random.choice(("Ordered", "Changed")), random.choice((-11, -8, -5, -2, 2, 5, 9, 12))
    return row | {column: (datetime.fromisoformat(row[column]) + timedelta(hours=hours)).isoformat()}


def inject_sql(row: Row, random: Random) -> Row:
    """SQL, a format string or markup stands in a text field."""
    column = random.choice(TEXT_FIELDS)
    return row | {column: row[column] + random.choice(HOSTILE)}


def lose_a_field(row: Row, random: Random) -> Row:
    """A field is empty."""
    return row | {random.choice(list(row)): ""}


def swap_day_and_month(row: Row, random: Random) -> Row:
    """A date is written with day and month exchanged, or in another form."""
    column = random.choice(("Wanted", "Promised"))
    year, month, day = row[column].split("-")
    return row | {column: random.choice((f"{year}-{day}-{month}", f"{day}/{month}/{year}"))}


CORRUPTIONS: Mapping[str, Corruption] = {
    "swapped columns": swap_columns,
    "shifted decimal point": shift_the_decimal_point,
    "encoded twice": encode_twice,
    "lost characters": lose_characters,
    "wrong time zone": take_a_wrong_zone,
    "clock of another zone": move_the_clock,
    "SQL and markup in texts": inject_sql,
    "empty field": lose_a_field,
    "day and month exchanged": swap_day_and_month,
}


def corrupted(truth: list[Row], corruption: Corruption, share: float, random: Random) -> Feed:
    """A feed in which a share of the rows is corrupted; a corruption that changed nothing does not count."""
    rows = [corruption(row, random) if random.random() < share else row for row in truth]
    touched = frozenset(place for place, row in enumerate(rows) if row != truth[place])
    return Feed(rows=rows, truth=rows if corruption is inject_sql else truth, touched=touched)
