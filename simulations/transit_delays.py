"""How many days after their scheduled day deliveries reached their customers, by the way they were sent."""

import csv
import gzip
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from cms.domain.errors import InvalidValueError, SourceError


@dataclass(frozen=True, kw_only=True, slots=True)
class DelayDistribution:
    """Delays as they were seen, each as likely as any other.

    Parameters
    ----------
    days : tuple of int
        Signed days from the scheduled to the actual delivery, in order of size; at least one.

    Examples
    --------
    >>> seen = DelayDistribution(days=(-2, 0, 0, 4))
    >>> seen.late_share, seen.mean_tardiness_days, seen.at(0.8)
    (0.25, 1.0, 4)
    """

    days: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.days:
            raise InvalidValueError("days", "must hold at least one delay", self.days)
        if list(self.days) != sorted(self.days):
            raise InvalidValueError("days", "must be in order of size", self.days[:5])

    def at(self, share: float) -> int:
        """The delay below which `share` of all lie; `share` from 0 to less than 1."""
        return self.days[int(share * len(self.days))]

    @property
    def late_share(self) -> float:
        """Share of the deliveries that came after their day."""
        return sum(days > 0 for days in self.days) / len(self.days)

    @property
    def mean_tardiness_days(self) -> float:
        """Mean days after the scheduled day, over all deliveries; those before it count as 0."""
        return sum(max(0, days) for days in self.days) / len(self.days)


@dataclass(frozen=True, kw_only=True)
class TransitDelays:
    """The delays of all deliveries, and those of each shipment mode.

    Parameters
    ----------
    by_mode : mapping of str to DelayDistribution
        In alphabetical order; empty where the file says nothing of modes.
    late_share_by_year : mapping of int to float
        Share of late deliveries by the year for which they were scheduled: by how much one year differs from another
        is by how much delays of the past can miss a year to come.
    """

    together: DelayDistribution
    by_mode: Mapping[str, DelayDistribution] = field(default_factory=dict)
    late_share_by_year: Mapping[int, float] = field(default_factory=dict)

    def of(self, mode: str) -> DelayDistribution:
        """The delays of a mode; of all deliveries for a mode that was never used."""
        return self.by_mode.get(mode, self.together)


class _Seen(NamedTuple):
    mode: str
    days: int
    year: int


def load_delays(
    path: Path,
    *,
    scheduled_column: str = "Scheduled Delivery Date",
    delivered_column: str = "Delivered to Client Date",
    date_format: str = "%d-%b-%y",
    mode_column: str | None = None,
    delivery_column: str | None = None,
    before: date | None = None,
) -> TransitDelays:
    """The delays of a CSV file, plain or gzipped; rows without two dates are passed over.

    Parameters
    ----------
    mode_column : str, optional
        What it was sent by; None: the delays of all modes are one.
    delivery_column : str, optional
        What rows of one delivery have in common: it counts once, with its last row's arrival; None: each row counts.
    before : date, optional
        Only deliveries that were scheduled before this day: the later ones are kept for validation.

    Raises
    ------
    SourceError
        The file cannot be read, lacks a column, or has no row with two dates.
    """
    named = [name for name in (mode_column, delivery_column) if name is not None]
    seen: dict[str, _Seen] = {}
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = {scheduled_column, delivered_column, *named} - set(rows.fieldnames or ())
            if missing:
                raise SourceError(f"file {path}: has no column {', '.join(sorted(missing))}")
            for number, (row, days, year) in enumerate(
                _delays(rows, scheduled_column, delivered_column, date_format, before)
            ):
                key = row[delivery_column] if delivery_column else str(number)
                mode = row[mode_column] if mode_column else ""
                if key not in seen or days > seen[key].days:
                    seen[key] = _Seen(mode, days, year)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"file {path}: cannot be read: {error}") from None
    if not seen:
        until = f" before {before}" if before else ""
        raise SourceError(f"file {path}: no row has two dates of form {date_format}{until}")
    return _distributions(seen.values(), has_modes=mode_column is not None)


def _delays(
    rows: Iterable[dict[str, str]], scheduled: str, delivered: str, form: str, before: date | None
) -> Iterator[tuple[dict[str, str], int, int]]:
    for row in rows:
        try:
            planned, actual = (datetime.strptime(row[column], form) for column in (scheduled, delivered))  # noqa: DTZ007
        except ValueError:
            continue
        if before is None or planned.date() < before:
            yield row, (actual - planned).days, planned.year


def _distributions(seen: Iterable[_Seen], *, has_modes: bool) -> TransitDelays:
    modes: dict[str, list[int]] = {}
    years: dict[int, list[bool]] = {}
    for one in sorted(seen):
        modes.setdefault(one.mode, []).append(one.days)
        years.setdefault(one.year, []).append(one.days > 0)
    everything = sorted(days for found in modes.values() for days in found)
    return TransitDelays(
        together=DelayDistribution(days=tuple(everything)),
        by_mode={mode: DelayDistribution(days=tuple(found)) for mode, found in modes.items()} if has_modes else {},
        late_share_by_year={year: sum(late) / len(late) for year, late in sorted(years.items())},
    )
