"""After any schedule of faults the fetched items are the board's: none missing, stale or twice, and no removal unseen.

``CMS_FAULT_SCHEDULES`` sets how many seeded schedules are tried (default 200), a block of them in one test.
"""

import os
from random import Random

import pytest

from cms.monday.board_source import BoardSource
from cms.monday.errors import DailyLimitError
from cms.sandbox import FaultKind, FaultRule, Sandbox, random_faults
from cms.sandbox.faults import RECOVERABLE
from cms.sandbox.monday_api.limits import Limits
from tests.integration.monday.boards import BOARDS, PAGE, Shelf, a_client, a_source, held, truth

SCHEDULES = int(os.environ.get("CMS_FAULT_SCHEDULES", "200"))
_BLOCK = 10
_DAY_SECONDS = 86_400.0


@pytest.mark.parametrize("block", range(-(-SCHEDULES // _BLOCK)))
def test_syncs_under_faults_end_with_the_board(block: int, sandbox: Sandbox) -> None:
    for seed in range(block * _BLOCK, (block + 1) * _BLOCK):
        shelf, expected = _full_sync_under_faults(seed, sandbox)

        assert held(shelf) == expected, f"seed {seed}"


@pytest.mark.parametrize("block", range(-(-SCHEDULES // _BLOCK // 4)))
def test_incremental_syncs_of_a_board_that_never_rests_end_with_the_board(block: int, sandbox: Sandbox) -> None:
    for seed in range(block * _BLOCK, (block + 1) * _BLOCK):
        shelf, expected = _incremental_syncs_under_faults(seed, sandbox)

        assert held(shelf) == expected, f"seed {seed}"


def _full_sync_under_faults(seed: int, sandbox: Sandbox) -> tuple[Shelf, dict[str, tuple[str, str]]]:
    """A full sync, and where people changed the board meanwhile the next incremental one."""
    random = Random(seed)
    shelf = Shelf(board_id=random.choice(BOARDS))
    sandbox.monday.cursors.live_order = random.random() < 0.5
    client = a_client(sandbox, page_size=random.choice((4, PAGE, 25)), broken_attempts=12)
    source = a_source(client, shelf.board_id, lambda: shelf.rows)
    kinds = (*RECOVERABLE, FaultKind.DAILY_LIMIT)
    sandbox.faults.set(random_faults(seed, kinds=kinds, probability=0.3), seed=seed)
    _read_at_last(source, shelf, sandbox)
    if any(fault.rule.kind is FaultKind.BOARD_CHANGES for fault in sandbox.faults.fired):
        _read_in_peace(source, shelf, sandbox)
    return shelf, truth(sandbox, shelf.board_id)


def _incremental_syncs_under_faults(seed: int, sandbox: Sandbox) -> tuple[Shelf, dict[str, tuple[str, str]]]:
    random = Random(f"incremental {seed}")
    shelf = Shelf(board_id=random.choice(BOARDS))
    source = a_source(a_client(sandbox, broken_attempts=12), shelf.board_id, lambda: shelf.rows)
    _read_in_peace(source, shelf, sandbox)
    changes = FaultRule(kind=FaultKind.BOARD_CHANGES, probability=0.5)
    sandbox.faults.set((changes, *random_faults(seed, probability=0.15)), seed=seed)
    for _ in range(3):
        sandbox.clock.advance(random.choice((30.0, 3600.0, _DAY_SECONDS)))
        _read_at_last(source, shelf, sandbox)
    _read_in_peace(source, shelf, sandbox)
    return shelf, truth(sandbox, shelf.board_id)


def test_a_tenth_of_the_complexity_budget_only_makes_it_slower(sandbox: Sandbox) -> None:
    sandbox.monday.ledger.limits = Limits(complexity_per_query=500_000, complexity_per_minute=500_000)
    shelf = Shelf(board_id=BOARDS[1])

    shelf.put(a_source(a_client(sandbox, page_size=500), BOARDS[1]).read(watermark=None))

    assert held(shelf) == truth(sandbox, BOARDS[1])


def test_a_budget_smaller_than_one_page_is_met_with_smaller_pages(sandbox: Sandbox) -> None:
    sandbox.monday.ledger.limits = Limits(complexity_per_query=5_000, complexity_per_minute=20_000)
    shelf = Shelf(board_id=BOARDS[0])

    shelf.put(a_source(a_client(sandbox, page_size=500), BOARDS[0]).read(watermark=None))

    assert held(shelf) == truth(sandbox, BOARDS[0])


@pytest.mark.parametrize("page", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("kind", ["cursor_expiry", "cursor_exception", "cursor_expired_error"])
@pytest.mark.parametrize("legacy", [False, True])
def test_a_cursor_may_expire_before_any_page(page: int, kind: str, legacy: bool, lasting_sandbox: Sandbox) -> None:
    lasting_sandbox.monday.cursors.live_order = False
    lasting_sandbox.faults.set([FaultRule(kind=FaultKind(kind), pages=frozenset({page}), legacy=legacy)])
    client, shelf = a_client(lasting_sandbox), Shelf(board_id=BOARDS[0])

    shelf.put(a_source(client).read(watermark=None))

    lasting_sandbox.faults.clear()
    assert held(shelf) == truth(lasting_sandbox, BOARDS[0])


def _read_in_peace(source: BoardSource, shelf: Shelf, sandbox: Sandbox) -> None:
    """Read on the next day, when nothing goes wrong."""
    sandbox.faults.clear()
    sandbox.clock.advance(_DAY_SECONDS)
    shelf.put(source.read(watermark=shelf.watermark))


def _read_at_last(source: BoardSource, shelf: Shelf, sandbox: Sandbox) -> None:
    """Read, and after the daily limit go on the next day."""
    for _ in range(6):
        try:
            shelf.put(source.read(watermark=shelf.watermark))
        except DailyLimitError as error:
            sandbox.clock.advance((error.resumes_at - sandbox.clock.now()).total_seconds())
        else:
            return
    raise AssertionError("the daily limit was reached again and again")
