"""How large the generated company is, and what its data looks like."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from cms.domain.errors import InvalidValueError

MOST_ORDERS = 2_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class CompanyOptions:
    """Size, seed and character of the company; the same options give the same company.

    Parameters
    ----------
    as_of : date
        The company's today: orders before it are history, orders due after it are open.
    customers : int
        Number of customers.
    orders_per_month : int
        Mean number of orders in a month of history.
    history_months : int
        Months of orders that end at `as_of`.
    dirty_share : float
        Rows that no honest gate lets pass, added on top, as a share of all rows.
    board_share : float
        Share of the recent orders that are kept on the monday order board instead of in order management.
    shared_share : float
        Share of the recent orders that are known to both, some of them with small conflicts.
    target_load : float
        Mean load of the open order book over the hours of the next two weeks.
    """

    as_of: date
    customers: int = 200
    orders_per_month: int = 1000
    seed: int = 1
    history_months: int = 24
    dirty_share: float = 0.005
    board_share: float = 0.35
    shared_share: float = 0.05
    target_load: float = 0.88

    def __post_init__(self) -> None:
        for name in ("customers", "orders_per_month", "history_months"):
            if getattr(self, name) < 1:
                raise InvalidValueError(name, "must be 1 or more", getattr(self, name))
        for name in ("dirty_share", "board_share", "shared_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidValueError(name, "must be 0 to 1", getattr(self, name))
        if not 0 < self.target_load <= 3:
            raise InvalidValueError("target_load", "must be more than 0, at most 3", self.target_load)
        if self.order_count > MOST_ORDERS:
            raise InvalidValueError("orders_per_month", f"gives more than {MOST_ORDERS} orders", self.order_count)
        if not date(1990, 1, 1) <= self.as_of <= date(2100, 1, 1):
            raise InvalidValueError("as_of", "must be between 1990 and 2100", str(self.as_of))

    @property
    def order_count(self) -> int:
        """Orders in the whole history."""
        return self.orders_per_month * self.history_months

    @property
    def history_start(self) -> date:
        """The first day of history."""
        return self.as_of - timedelta(days=round(self.history_months * 365.25 / 12))

    @property
    def morning(self) -> datetime:
        """The instant the company's day starts at: nothing in it is newer."""
        return datetime.combine(self.as_of, time(5), tzinfo=UTC)
