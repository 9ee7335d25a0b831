"""Reads a board whole, or what changed of it: nothing missing, stale or twice, whatever happens meanwhile."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cms.application.ports import Progress, no_progress
from cms.monday.board import ACTIVE, Board, Item
from cms.monday.paging import BoardPages, Page, Walk, list_ids

OVERLAP = timedelta(seconds=60)
"""How far a watermark stays behind: a change may show up a little after its time."""

_MOST_ROUNDS = 4


@dataclass(kw_only=True)
class BoardReading:
    """What has been read of a board so far; after a failure the same reading goes on where it stopped.

    Parameters
    ----------
    since : datetime, optional
        Read what changed from then on; None: everything.
    check : callable
        Told the board with its columns on every first page, before its items are used; refuses what does not fit.
    prepare : callable
        Told every item that is kept, while the next page is on its way: the time for what has to be done with each.
    items : dict of str to Item
        The newest version of each item seen, by id.
    removed : frozenset of str
        Known items that left the board, once `reconcile` has looked.
    is_whole : bool
        Whether the items are all that the board has.
    """

    pages: BoardPages
    board_id: str
    since: datetime | None = None
    page_size: int = 500
    check: Callable[[Board], None] = lambda _: None
    prepare: Callable[[Item], None] = lambda _: None
    progress: Progress = no_progress
    items: dict[str, Item] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    is_whole: bool = False
    board: Board | None = None
    _walk: Walk | None = None
    _newest: datetime | None = None

    def read(self) -> None:
        """Read to the end.

        Of an incremental read its end is enough: what changes while it runs is newer than its watermark. A full one,
        and one that saw the board change, looks again, and compares ids until nothing is missing.
        """
        walk = self._the_walk
        # taken up after a failure: what was read then may have left the board since
        walk.is_disturbed |= walk.position is not None
        self._take_from(walk.position or self.since)
        if self.since is None or walk.is_disturbed:
            self.is_whole = self._settle() and self.since is None

    def reconcile(self, known_ids: Collection[str]) -> None:
        """Compare the ids we know with those on the board: fetch what we have not, and find what left.

        An item that is not listed has left only if asking for it by id says so.
        """
        listed = list_ids(self.pages, page_size=self._the_walk.page_size)
        unknown = {i for i in listed if i not in known_ids and i not in self.items}
        unlisted = {i for i in known_ids if i not in listed}
        found = self._the_walk.by_id(sorted(unknown | unlisted))
        there = {i for i, item in found.items() if self._is_here(item)}
        for item_id in there:
            self._keep(found[item_id])
        self.removed = frozenset(unlisted - there)
        for item_id in self.removed:
            self.items.pop(item_id, None)

    @property
    def watermark(self) -> datetime | None:
        """Everything that changed before has been seen; None: the board is empty."""
        started_at = self._the_walk.started_at
        if self._newest is None or started_at is None:
            return self.since
        reached = min(self._newest, started_at) - OVERLAP
        return reached if self.since is None else max(reached, self.since)

    @property
    def _the_walk(self) -> Walk:
        if self._walk is None:
            self._walk = Walk(pages=self.pages, page_size=self.page_size)
        return self._walk

    def _take_from(self, since: datetime | None) -> bool:
        """Take every page from `since` on; whether anything of it was new."""
        is_new = False
        for page in self._the_walk.pages_from(since):
            is_new |= self._take(page)
        return is_new

    def _take(self, page: Page) -> bool:
        if page.board is not None:
            self.check(page.board)
            self.board = page.board
        new = [self._keep(item) for item in page.items]
        total = self.board.items_count if self.board and self.since is None else None
        self.progress(f"reading board {self.board_id}", len(self.items), total)
        return any(new)

    def _keep(self, item: Item) -> bool:
        """Keep an item unless a newer version is known, or the same; whether it was kept.

        Of two versions of one second the one read later is the newer: monday.com tells no fractions.
        """
        self._newest = max(item.updated_at, self._newest or item.updated_at)
        known = self.items.get(item.item_id)
        if known is not None and (known.updated_at > item.updated_at or known == item):
            return False
        self.items[item.item_id] = item
        self.prepare(item)
        return True

    def _settle(self) -> bool:
        """Whether the items are the board's at last.

        What changed since the reading began is read too, and unless the board was at rest ids are compared.
        """
        walk = self._the_walk
        for _ in range(_MOST_ROUNDS):
            was_disturbed, walk.is_disturbed = walk.is_disturbed, False
            counted_before = self._count
            has_changed = self._take_from(walk.position or self.since)
            is_at_rest = not has_changed and not was_disturbed and self._counts_agree(counted_before)
            if is_at_rest or not self._compare_ids():
                return True
        return False

    @property
    def _count(self) -> int | None:
        return self.board.items_count if self.board else None

    def _counts_agree(self, counted_before: int | None) -> bool:
        """Whether monday.com counts as many items as before, and as we have; an unknown count agrees with any."""
        return self._count is None or self.since is not None or self._count == counted_before == len(self.items)

    def _compare_ids(self) -> bool:
        """Fetch what the board lists and we have not, or only in an older version; drop what left it; whether any."""
        listed = list_ids(self.pages, page_size=self._the_walk.page_size, since=self.since)
        newer = {i for i, at in listed.items() if i not in self.items or self.items[i].updated_at < at}
        unlisted = self.items.keys() - listed.keys()
        wanted = sorted(newer | unlisted)
        return self._replace(wanted, self._the_walk.by_id(wanted))

    def _replace(self, wanted: list[str], found: Mapping[str, Item]) -> bool:
        changed = False
        for item_id in wanted:
            item = found.get(item_id)
            if item is not None and self._is_here(item):
                changed |= self._keep(item)
            else:
                changed |= self.items.pop(item_id, None) is not None
        return changed

    def _is_here(self, item: Item) -> bool:
        return item.state == ACTIVE and item.board_id == self.board_id
