"""What the gate held back, by source and expectation, with the interval of each source's share, and in words."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from cms.warehouse.quality_store import LoadLine, QuarantinedRow
from simulations.conclusion import Conclusion

REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """Rows that were held back, of all rows of a source.

    Parameters
    ----------
    low, high : float
        Ends of the Wilson score interval of the share at 95 % (Wilson 1927): of the rate of which these rows are a
        sample.

    Examples
    --------
    >>> share = share_of("orders", held_back=5, rows=100)
    >>> share.share, round(share.low, 3), round(share.high, 3)
    (0.05, 0.022, 0.112)
    """

    source: str
    held_back: int
    rows: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Held back over all; 0 of no rows."""
        return self.held_back / self.rows if self.rows else 0.0

    def __str__(self) -> str:
        interval = f"{100 * self.low:.2f} to {100 * self.high:.2f} %"
        return f"{100 * self.share:.2f} % ({interval}) of {self.rows:,} rows"


@dataclass(frozen=True, kw_only=True)
class QualityReview:
    """Loads, and the rows that wait in quarantine.

    Parameters
    ----------
    name : str
        Whose data it is.
    """

    name: str
    loads: Sequence[LoadLine]
    waiting: Sequence[QuarantinedRow]

    def shares(self) -> list[Share]:
        """The share of each source that was held back, the largest first."""
        rows: Counter[str] = Counter()
        held: Counter[str] = Counter()
        for load in self.loads:
            rows[load.source] += load.row_count
            held[load.source] += load.quarantined
        found = [share_of(source, held_back=held[source], rows=count) for source, count in rows.items()]
        return sorted(found, key=lambda one: (-one.share, one.source))

    def reasons(self) -> list[tuple[str, str, int]]:
        """Source, expectation and how many rows wait because of it, the most first."""
        counts = Counter((row.source, row.expectation) for row in self.waiting)
        return sorted(((*key, count) for key, count in counts.items()), key=lambda one: (-one[2], one[0], one[1]))

    def refused_loads(self) -> int:
        """Loads of which nothing was let in."""
        return sum(load.status == REFUSED for load in self.loads)

    def markdown(self) -> str:
        """What was looked at, as a small table."""
        rows = [
            ("source", self.name),
            ("loads", f"{len(self.loads):,}, {self.refused_loads():,} of them refused"),
            ("rows", f"{sum(load.row_count for load in self.loads):,}"),
            ("waiting in quarantine", f"{len(self.waiting):,}"),
        ]
        return "\n".join(["| review | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])

    def __repr__(self) -> str:
        return f"QualityReview({self.name}, {len(self.loads)} loads, {len(self.waiting)} rows waiting)"

    def _repr_markdown_(self) -> str:
        return self.markdown()


def share_of(source: str, *, held_back: int, rows: int, level: float = 0.95) -> Share:
    """The share with its Wilson score interval; of no rows nothing is known, from 0 to 1."""
    if rows == 0:
        return Share(source=source, held_back=0, rows=0, low=0.0, high=1.0)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share, weight = held_back / rows, 1 + z * z / rows
    middle = (share + z * z / (2 * rows)) / weight
    half = z / weight * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    return Share(
        source=source, held_back=held_back, rows=rows, low=max(0.0, middle - half), high=min(1.0, middle + half)
    )


def conclude_quality(review: QualityReview, *, acceptable: float = 0.01) -> Conclusion:
    """Which source needs care, and what to mend there first.

    Parameters
    ----------
    acceptable : float
        Share of held-back rows (0 to 1) that nobody has to act on.
    """
    shares, reasons = review.shares(), review.reasons()
    facts = tuple((f"held back of {one.source}", str(one)) for one in shares)
    facts += tuple((f"{source}: {expectation}", f"{count:,} rows wait") for source, expectation, count in reasons[:10])
    bad = [one for one in shares if one.low > acceptable]
    refused = review.refused_loads()
    answer = (
        f"{len(review.waiting):,} rows wait in quarantine; {sum(one.held_back for one in shares):,} of "
        f"{sum(one.rows for one in shares):,} rows were held back when they came. {_refused(refused)}"
    )
    if not bad and not refused:
        return Conclusion(
            verdict="good",
            answer=answer + f" No source is surely above {100 * acceptable:g} %.",
            recommendation=_routine(reasons),
            facts=facts,
        )
    return Conclusion(
        verdict="act",
        answer=answer + _above(bad, acceptable),
        recommendation=_remedy(bad, reasons),
        facts=facts,
        caution="A share counts what came in: a row that is sent again unmended is counted again.",
    )


def _refused(count: int) -> str:
    return "No load was refused." if not count else f"{count} loads were refused as a whole."


def _above(bad: Sequence[Share], acceptable: float) -> str:
    if not bad:
        return ""
    return f" Surely above {100 * acceptable:g} %: {', '.join(one.source for one in bad)}."


def _routine(reasons: Sequence[tuple[str, str, int]]) -> str:
    if not reasons:
        return "Nothing has to be done."
    source, expectation, count = reasons[0]
    return f"Work through the waiting rows as usual, first the {count:,} of {source} that break “{expectation}”."


def _remedy(bad: Sequence[Share], reasons: Sequence[tuple[str, str, int]]) -> str:
    by_source: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for source, expectation, count in reasons:
        by_source[source].append((expectation, count))
    for one in bad:
        if by_source[one.source]:
            expectation, count = by_source[one.source][0]
            waiting = sum(number for _, number in by_source[one.source])
            return f"Mend {one.source} first: {count:,} of its {waiting:,} waiting rows break “{expectation}”."
    return "See why loads were refused (cms quality show), mend their source, and load again."
