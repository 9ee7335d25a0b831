"""Walks through a board page by page: past expired cursors, in smaller pages where one costs too much."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol, TypeVar

from cms.monday.board import Board, Item
from cms.monday.errors import CursorExpiredError, TooComplexError

CURSOR_LIFE = timedelta(minutes=60)
CURSOR_MARGIN = timedelta(seconds=30)
"""A cursor is given up so long before it dies: a request on its way must not meet a dead one."""

MOST_ITEMS_BY_ID = 100
LEAST_PAGE = 10
_MOST_VAIN_EXPIRIES = 5

_log = logging.getLogger(__name__)
Got = TypeVar("Got")


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some items, and where the next ones are.

    Parameters
    ----------
    given : sequence
        The items as they came; they are read when they are first asked for, while the next page is on its way.
    read : callable
        Makes an item of one.
    cursor : str, optional
        None: these were the last.
    asked_at : datetime
        The server's clock when it answered.
    board : Board, optional
        On first pages only.
    """

    given: Sequence[Any]
    read: Callable[[Any], Item]
    cursor: str | None
    asked_at: datetime
    board: Board | None = None

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """The items."""
        return tuple(map(self.read, self.given))


class BoardPages(Protocol):
    """One board's items, page by page."""

    def first(self, since: datetime | None, *, limit: int, ids_only: bool) -> Page:
        """Active items in order of last update, from `since` on, or all."""
        ...

    def next(self, cursor: str, *, limit: int, ids_only: bool, useless_after: datetime) -> Page:
        """The items behind a cursor.

        Raises
        ------
        CursorExpiredError
        """
        ...

    def by_id(self, ids: Sequence[str]) -> tuple[Item, ...]:
        """Items by id, at most 100, in any state; one that is not found is left out."""
        ...

    def now(self) -> datetime:
        """Our clock."""
        ...


@dataclass(kw_only=True)
class Walk:
    """A walk through a board in order of last update, which can be taken up again where it was broken off.

    Parameters
    ----------
    position : datetime, optional
        Every item whose last update lies before it has been passed; None: nothing has.
    seen : dict of str to datetime
        Ids passed, with the newest update seen of each.
    is_disturbed : bool
        Whether the board was seen to change between two pages, so that an item may have slipped past.
    """

    pages: BoardPages
    page_size: int
    ids_only: bool = False
    position: datetime | None = None
    started_at: datetime | None = None
    seen: dict[str, datetime] = field(default_factory=dict)
    is_disturbed: bool = False
    _is_one_page: bool = False

    def pages_from(self, since: datetime | None) -> Iterator[Page]:
        """Every page from `since` on; after an expired cursor the walk goes on from its position.

        Raises
        ------
        CursorExpiredError
            Cursors expired again and again, and nothing new was seen between.
        """
        vain = 0
        while True:
            known = len(self.seen)
            try:
                for page in self._run(since):
                    self._note(page)
                    yield page
            except CursorExpiredError as error:
                vain = vain + 1 if len(self.seen) == known else 0
                if vain >= _MOST_VAIN_EXPIRIES:
                    raise
                since, self.is_disturbed = self.position or since, True
                _log.info("%s; reading on from %s", error, since)
            else:
                return

    def _run(self, since: datetime | None) -> Iterator[Page]:
        """One cursor, from its first page to its last; while one page is worked on the next is on its way."""
        page = self.sized(lambda limit: self.pages.first(since, limit=limit, ids_only=self.ids_only))
        ends = self.pages.now() + CURSOR_LIFE - CURSOR_MARGIN
        self.started_at = page.asked_at
        self._is_one_page = page.cursor is None
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="monday-page") as ahead:
            while page.cursor is not None:
                coming = ahead.submit(self._next, page.cursor, ends)
                yield page
                page = coming.result()
            yield page

    def _next(self, cursor: str, ends: datetime) -> Page:
        return self.sized(
            lambda limit: self.pages.next(cursor, limit=limit, ids_only=self.ids_only, useless_after=ends)
        )

    def sized(self, ask: Callable[[int], Got]) -> Got:
        """What is asked for, in smaller numbers where so many cost more than one request may."""
        while True:
            try:
                return ask(self.page_size)
            except TooComplexError:
                if self.page_size <= LEAST_PAGE:
                    raise
                self.page_size = max(LEAST_PAGE, self.page_size // 2)
                _log.info("asking for %d items at a time from now on", self.page_size)

    def _note(self, page: Page) -> None:
        for item in page.items:
            self.seen[item.item_id] = max(item.updated_at, self.seen.get(item.item_id, item.updated_at))
            self._move(item.updated_at)

    def _move(self, updated_at: datetime) -> None:
        """Move the position up to an item, unless the item changed after the walk began.

        One that did may stand among older ones: its time says nothing of what has been passed.
        """
        if self.started_at is None or updated_at >= self.started_at:
            self.is_disturbed |= not self._is_one_page
            return
        if self.position is not None and updated_at < self.position:
            self.is_disturbed |= not self._is_one_page
        self.position = max(updated_at, self.position or updated_at)

    def by_id(self, ids: Iterable[str]) -> dict[str, Item]:
        """Items by id, however many, in any state; one that is gone for good is left out."""
        wanted = list(ids)
        found: dict[str, Item] = {}
        while wanted:
            items = self._some_by_id(wanted)
            wanted = wanted[min(self.page_size, MOST_ITEMS_BY_ID) :]
            found.update((item.item_id, item) for item in items)
        return found

    def _some_by_id(self, wanted: Sequence[str]) -> tuple[Item, ...]:
        return self.sized(lambda limit: self.pages.by_id(wanted[: min(limit, MOST_ITEMS_BY_ID)]))


def list_ids(pages: BoardPages, *, page_size: int, since: datetime | None = None) -> dict[str, datetime]:
    """Ids of a board's active items, with the time of each one's last update."""
    walk = Walk(pages=pages, page_size=page_size, ids_only=True)
    for _ in walk.pages_from(since):
        pass
    return walk.seen
