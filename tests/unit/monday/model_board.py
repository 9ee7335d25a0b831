"""A board in memory that answers page by page, changes between requests, and forgets cursors, by a schedule."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cms.monday.board import ACTIVE, Board, Item
from cms.monday.errors import CursorExpiredError, DailyLimitError, TooComplexError
from cms.monday.paging import Page

BOARD_ID = "7"
START = datetime(2026, 11, 24, 12, tzinfo=UTC)
Deed = Callable[["ModelBoard"], None]
"""What happens on the board just before a request."""


def an_item(number: int, *, minutes_ago: int = 60) -> Item:
    return Item(
        item_id=str(number),
        board_id=BOARD_ID,
        updated_at=START - timedelta(minutes=minutes_ago),
        raw={"name": f"item {number}"},
    )


@dataclass
class _Cursor:
    ids: list[str]
    position: int
    since: datetime | None


@dataclass
class ModelBoard:
    """Serves `BoardPages`.

    Parameters
    ----------
    deeds : mapping of int to sequence of deeds
        By the number of the request (from 1) before which they are done.
    is_live : bool
        Cursors count positions in the present order, so that items slip past, instead of walking over a snapshot.
    dearest : int
        Pages of more items are too complex.
    elsewhere : set of str
        Items on another board, which are found by id all the same.
    """

    items: dict[str, Item]
    deeds: Mapping[int, Sequence[Deed]] = field(default_factory=dict)
    is_live: bool = False
    dearest: int = 500
    seconds_per_request: int = 1
    tells_count: bool = True
    clock: datetime = START
    requests: int = 0
    elsewhere: set[str] = field(default_factory=set)
    _cursors: dict[str, _Cursor] = field(default_factory=dict)

    @property
    def active(self) -> dict[str, Item]:
        return {
            item_id: item
            for item_id, item in self.items.items()
            if item.state == ACTIVE and item_id not in self.elsewhere
        }

    def first(self, since: datetime | None, *, limit: int, ids_only: bool) -> Page:
        self._request(limit)
        ids = self._ordered(since)
        board = Board(board_id=BOARD_ID, name="Model", items_count=len(self.active) if self.tells_count else None)
        page = self._page(_Cursor(ids=ids, position=0, since=since), limit, ids_only=ids_only)
        return replace(page, board=None if ids_only else board)

    def next(self, cursor: str, *, limit: int, ids_only: bool, useless_after: datetime) -> Page:
        self._request(limit)
        if cursor not in self._cursors or self.clock >= useless_after:
            raise CursorExpiredError("the cursor has expired")
        return self._page(self._cursors[cursor], limit, ids_only=ids_only)

    def by_id(self, ids: Sequence[str]) -> tuple[Item, ...]:
        self._request(len(ids))
        assert len(ids) <= 100
        return tuple(self.items[item_id] for item_id in ids if item_id in self.items)

    def now(self) -> datetime:
        return self.clock

    def forget_cursors(self) -> None:
        self._cursors.clear()

    def touch(self, item_id: str) -> None:
        """Change an item, as a person does."""
        item = self.items[item_id]
        raw = {"name": f"{item.raw['name']}*"}
        self.items[item_id] = replace(item, raw=raw, updated_at=self._second)

    def set_state(self, item_id: str, state: str) -> None:
        self.items[item_id] = replace(self.items[item_id], state=state, updated_at=self._second)

    def create(self) -> None:
        number = 1000 + len(self.items)
        self.items[str(number)] = replace(an_item(number), updated_at=self._second)

    def purge(self, item_id: str) -> None:
        """Remove an item for good: asking for it by id finds nothing."""
        self.items.pop(item_id, None)

    @property
    def _second(self) -> datetime:
        return self.clock.replace(microsecond=0)

    def _request(self, size: int) -> None:
        self.requests += 1
        self.clock += timedelta(seconds=self.seconds_per_request)
        for deed in self.deeds.get(self.requests, ()):
            deed(self)
        if size > self.dearest:
            raise TooComplexError("too much at once")

    def _ordered(self, since: datetime | None) -> list[str]:
        fitting = [item for item in self.active.values() if since is None or item.updated_at >= since]
        return [item.item_id for item in sorted(fitting, key=lambda item: (item.updated_at, item.item_id))]

    def _page(self, place: _Cursor, limit: int, *, ids_only: bool) -> Page:
        ids = self._ordered(place.since) if self.is_live else place.ids
        end = place.position + limit
        shown = [self.active[item_id] for item_id in ids[place.position : end] if item_id in self.active]
        cursor = None
        if end < len(ids):
            cursor = f"cursor {self.requests}"
            self._cursors[cursor] = _Cursor(ids=ids, position=end, since=place.since)
        items = tuple(Item(item_id=i.item_id, updated_at=i.updated_at) if ids_only else i for i in shown)
        return Page(given=items, read=lambda item: item, cursor=cursor, asked_at=self._second)


def use_up_the_day(_board: ModelBoard) -> None:
    raise DailyLimitError("the daily limit is used up", resumes_at=START + timedelta(hours=12))
